//! How Dataphin reaches us, and how we reach Dataphin.

use jiff::SignedDuration;

use super::environment::{
    Environment,
    Fallback::{Is, None as Off, Required},
    Problems, Variable,
};
use crate::{
    dataphin::{Access, DataphinSettings, Profile, profile::BadProfile, reply::ReplyStyle},
    dingtalk::AccountKind,
    words::Words,
};

const ACCESS_TOKEN: Variable = Variable {
    name: "DATAPHIN_ACCESS_TOKEN",
    about: "Access Token, the same as in Dataphin: Management Center > System Settings > Approval Settings",
    fallback: Required,
};
const ACCESS_TOKEN_PREVIOUS: Variable = Variable {
    name: "DATAPHIN_ACCESS_TOKEN_PREVIOUS",
    about: "the Access Token before it was changed: accepted as well, and outcomes that Dataphin refuses under the new one \
            are sent under it, until Dataphin has the new one",
    fallback: Off,
};
const CALLBACK_URL: Variable = Variable {
    name: "DATAPHIN_CALLBACK_URL",
    about: "Callback URL that Dataphin's approval settings show \
            (https://<dataphin>/api/oa/bpms/integration/thirdparty/callback)",
    fallback: Required,
};
const CALLBACK_AES_KEY: Variable = Variable {
    name: "DATAPHIN_CALLBACK_AES_KEY",
    about: "Encoding AES Key from Dataphin's approval settings, 43 characters; the profile `plain` needs none",
    fallback: Off,
};
const CALLBACK_PROFILE: Variable = Variable {
    name: "DATAPHIN_CALLBACK_PROFILE",
    about: "how Dataphin is told an outcome: encrypted, plain, aes-cbc, aes-ecb, or a JSON object with what differs from \
            one of them (`bridge probe dataphin` finds out)",
    fallback: Is("encrypted"),
};
const CA_FILE: Variable = Variable {
    name: "DATAPHIN_CA_FILE",
    about: "PEM file with the certificate authority of a Dataphin with a private certificate",
    fallback: Off,
};
const ACCOUNT_KIND: Variable = Variable {
    name: "DATAPHIN_ACCOUNT_KIND",
    about: "what Dataphin's userSourceId is in DingTalk: userid, mobile or unionid",
    fallback: Is("userid"),
};
const TIMESTAMP_WINDOW_SECONDS: Variable = Variable {
    name: "DATAPHIN_TIMESTAMP_WINDOW_SECONDS",
    about: "how far Dataphin's clock may be from ours; 0: its timestamp is not looked at",
    fallback: Is("3600"),
};
const REFUSALS_AS_200: Variable = Variable {
    name: "DATAPHIN_REFUSALS_AS_200",
    about: "true: refusals are answered with HTTP 200 and success:false",
    fallback: Is("false"),
};

pub(super) const VARIABLES: &[Variable] = &[
    ACCESS_TOKEN,
    ACCESS_TOKEN_PREVIOUS,
    CALLBACK_URL,
    CALLBACK_AES_KEY,
    CALLBACK_PROFILE,
    CA_FILE,
    ACCOUNT_KIND,
    TIMESTAMP_WINDOW_SECONDS,
    REFUSALS_AS_200,
];

/// Dataphin, both ways.
#[derive(Clone)]
pub struct DataphinConfig {
    /// For our callback.
    pub settings: DataphinSettings,
    /// The certificate authority to trust besides the system's (`DATAPHIN_CA_FILE`), in PEM.
    pub authority: Option<Vec<u8>>,
    /// For its calls (`DATAPHIN_ACCESS_TOKEN`, `DATAPHIN_TIMESTAMP_WINDOW_SECONDS`).
    pub access: Access,
    /// How refusals are answered (`DATAPHIN_REFUSALS_AS_200`).
    pub reply_style: ReplyStyle,
    /// What its account ids are in DingTalk (`DATAPHIN_ACCOUNT_KIND`).
    pub account_kind: AccountKind,
}

impl DataphinConfig {
    /// Reads Dataphin's part of the process's environment, to try the callback with: whichever profile is set, the
    /// AES key may be missing.
    pub fn from_env() -> Result<Self, Problems> {
        let lookup = |name: &str| std::env::var(name).ok();
        let mut environment = Environment::new(&lookup);
        let read = Self::read_keyless(&mut environment);
        let problems = environment.problems();
        read.filter(|_| problems.is_empty()).ok_or(problems)
    }

    pub(super) fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let read = Self::read_keyless(environment);
        // The profile is asked for again: it may be right where something else is wrong.
        let needs_key = profile(environment).is_some_and(|profile| profile.cipher.needs_key());
        if needs_key && environment.text(&CALLBACK_AES_KEY).is_none() {
            environment.missing(&CALLBACK_AES_KEY);
        }
        read
    }

    fn read_keyless(environment: &mut Environment<'_>) -> Option<Self> {
        let access_token = environment.secret(&ACCESS_TOKEN);
        let previous = environment.secret(&ACCESS_TOKEN_PREVIOUS);
        let callback_url = environment.address(&CALLBACK_URL);
        let profile = profile(environment);
        let aes_key = environment.aes_key(&CALLBACK_AES_KEY);
        let authority = authority(environment);
        let kinds = [
            ("userid", AccountKind::UserId),
            ("mobile", AccountKind::Mobile),
            ("unionid", AccountKind::UnionId),
        ];
        let account_kind = environment.choice(&ACCOUNT_KIND, &kinds);
        let window = environment.whole::<u32>(&TIMESTAMP_WINDOW_SECONDS, 0..=u32::MAX.into());
        let refusals_as_200 = environment.choice(&REFUSALS_AS_200, &[("true", true), ("false", false)]);
        let access_token = access_token?;
        Some(Self {
            settings: DataphinSettings {
                callback_url: callback_url?,
                access_token: access_token.clone(),
                aes_key,
                profile: profile?,
            },
            authority,
            access: Access {
                token: access_token,
                previous,
                window: SignedDuration::from_secs(i64::from(window?)),
            },
            reply_style: ReplyStyle { refusals_as_200: refusals_as_200? },
            account_kind: account_kind?,
        })
    }
}

fn profile(environment: &mut Environment<'_>) -> Option<Profile> {
    let text = environment.text(&CALLBACK_PROFILE)?;
    Profile::parse(&text)
        .map_err(|BadProfile(why)| {
            let what = Words::new(format!("is wrong: {}", why.en), format!("的值无效：{}", why.zh));
            environment.wrong(&CALLBACK_PROFILE, what);
        })
        .ok()
}

fn authority(environment: &mut Environment<'_>) -> Option<Vec<u8>> {
    let file = environment.text(&CA_FILE)?;
    let unreadable = |error| {
        Words::new(
            format!("is not usable: the file cannot be read ({error})"),
            format!("不可用：无法读取该文件（{error}）"),
        )
    };
    std::fs::read(&file).map_err(|error| environment.wrong(&CA_FILE, unreadable(error))).ok()
}
