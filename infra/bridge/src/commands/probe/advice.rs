//! Which profile to set, by what came of trying several.

use serde_json::{Value, json};
use shared::dataphin::{Acceptance, AcceptedAnswer, DryRun, Profile, Refusal, Unclear};

use super::{
    Candidate, Tried,
    contrast::{Shown, is_broken},
};

/// What an operator is advised to do.
pub(super) struct Advice {
    /// The value for `DATAPHIN_CALLBACK_PROFILE`, where one profile stands out.
    pub set: Option<String>,
    /// The same value, which also accepts the unclear answer that the test request got.
    pub accept: Option<String>,
    /// The advice in words.
    pub words: String,
}

/// Judges what was tried: with a request that was `made` for it, or one that cannot exist.
pub(super) fn from(tried: &[Tried], shown: Shown, configured: &Profile, made: bool) -> Advice {
    match shown {
        Shown::One(one) => of_one(&tried[one], configured, made),
        Shown::Several => {
            let taken = tried.iter().filter(|one| one.accepted());
            let names: Vec<&str> = taken.map(|one| one.candidate.setting.as_str()).collect();
            let names = names.join(", ");
            let words = if made {
                format!(
                    "Dataphin says yes to several alike, so its yes proves nothing: {names}. {ONE_BY_ONE}"
                )
            } else {
                format!(
                    "Dataphin took several alike: {names}. Make a request for this test in Dataphin, and try each with \
                     --profile and --apply-id: the one that ends the request is the right one."
                )
            };
            Advice { set: None, accept: None, words }
        }
        Shown::Nothing if made => {
            let is_unclear = |one: &&Tried| matches!(one.exchange.verdict, DryRun::Unclear(_));
            let unclear: Vec<&Tried> = tried.iter().filter(is_unclear).collect();
            let words = match unclear[..] {
                [] => nothing(tried),
                [one] => return Advice { set: None, ..of_one(one, configured, made) },
                _ => format!("Several answers are unclear, and none proves anything. {ONE_BY_ONE}"),
            };
            Advice { set: None, accept: None, words }
        }
        Shown::Nothing => Advice { set: None, accept: None, words: nothing(tried) },
    }
}

/// A request can be decided once only.
const ONE_BY_ONE: &str = "Look at the request in Dataphin: if it is decided, one of the above decided it; if not, none did. \
    Then make a new request for each of them, try it alone with --profile and --apply-id, and look at the request again: the \
    one that ends it is the right one.";

/// One profile stands out.
fn of_one(one: &Tried, configured: &Profile, made: bool) -> Advice {
    let setting = &one.candidate.setting;
    let mut words = if one.candidate.profile == *configured {
        format!("DATAPHIN_CALLBACK_PROFILE is right as it is: {setting}")
    } else {
        format!("Set DATAPHIN_CALLBACK_PROFILE={}", quoted(setting))
    };
    let mut accept = None;
    match &one.exchange.verdict {
        DryRun::Accepted(Acceptance::Confirmed) if !made => words.push_str(
            "\nIt confirmed a request that cannot exist, so it may say yes to anything: make sure with --apply-id.",
        ),
        DryRun::Accepted(_) => {}
        DryRun::Refused(refusal) => {
            words.extend([format!(
                "\nIts answer differs from all others, so Dataphin read it, and says no: {refusal}. The words for the outcomes \
                 may be others (results in the profile): make sure with {}.",
                if made { "other words and a new request" } else { "--apply-id" }
            )]);
        }
        DryRun::Unclear(answer) => {
            words = format!("{words}\nDataphin {answer}.");
            match answer {
                Unclear::Unknown { accepts: Some(answer), .. } if made => {
                    let setting = accepting(&one.candidate, answer);
                    words.extend([format!(
                        "\nLook at the request in Dataphin. Only if it is decided now, this answer is a yes, and the bridge may \
                         accept exactly it:\nDATAPHIN_CALLBACK_PROFILE={}",
                        quoted(&setting)
                    )]);
                    accept = Some(setting);
                }
                _ => words.push_str(
                    " That confirms no outcome. Make a request for this test in Dataphin, and see with --apply-id whether it is \
                     decided.",
                ),
            }
        }
    }
    Advice { set: Some(setting.clone()), accept, words }
}

/// The setting with one more accepted answer.
fn accepting(candidate: &Candidate, answer: &AcceptedAnswer) -> String {
    let mut setting: Value =
        serde_json::from_str(&candidate.setting).unwrap_or_else(|_| json!({"base": candidate.setting}));
    let mut accepts = candidate.profile.accepts.clone();
    accepts.push(answer.clone());
    setting["accepts"] = json!(accepts);
    setting.to_string()
}

/// Nothing stands out: what to mend first.
fn nothing(tried: &[Tried]) -> String {
    let is_unmade = |one: &&Tried| matches!(one.exchange.verdict, DryRun::Refused(Refusal::NotMade(_)));
    let (unmade, sent): (Vec<_>, Vec<_>) = tried.iter().partition(is_unmade);
    let all = |is: fn(&DryRun) -> bool| sent.iter().all(|one| is(&one.exchange.verdict));
    let mend = if sent.is_empty() {
        "Nothing was sent."
    } else if all(|verdict| matches!(verdict, DryRun::Refused(Refusal::NotReached(_)))) {
        "Dataphin cannot be reached: mend DATAPHIN_CALLBACK_URL, the network between, or DATAPHIN_CA_FILE."
    } else if all(|verdict| {
        matches!(
            verdict,
            DryRun::Refused(Refusal::Redirect { .. } | Refusal::Html { .. } | Refusal::NotFound(_))
        )
    }) {
        "Something else answers at this address: compare DATAPHIN_CALLBACK_URL with the Callback URL that Dataphin \
         shows."
    } else if sent.iter().all(|one| is_broken(one)) {
        "Dataphin cannot answer now, whatever it is sent: it is broken, or what stands before it. Try again later."
    } else if all(|verdict| matches!(verdict, DryRun::Unclear(_))) {
        "Every answer is unclear, and none differs: make a request for this test in Dataphin, try each with --profile and \
         --apply-id, and see which one decides it."
    } else {
        "The answers above say why. Compare DATAPHIN_ACCESS_TOKEN and DATAPHIN_CALLBACK_AES_KEY with Dataphin's \
         approval settings first; then try other names and words, with --profile and a JSON object."
    };
    let keyless =
        if unmade.is_empty() { "" } else { " What needs DATAPHIN_CALLBACK_AES_KEY was not tried: set it." };
    format!("No profile was accepted. {mend}{keyless}{}", unknown(&sent))
}

/// Those that got no answer that shows anything, where others did.
fn unknown(sent: &[&Tried]) -> String {
    let broken: Vec<&str> =
        sent.iter().filter(|one| is_broken(one)).map(|one| one.candidate.setting.as_str()).collect();
    if broken.is_empty() || broken.len() == sent.len() {
        return String::new();
    }
    format!(
        " Of {} nothing is known: the server could not answer. Try again with --profile.",
        broken.join(", ")
    )
}

/// For a shell.
fn quoted(setting: &str) -> String {
    if setting.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return setting.to_owned();
    }
    format!("'{}'", setting.replace('\'', r"'\''"))
}
