//! The configuration: what cannot be read, and what can be read and is wrong all the same.
//!
//! | file | idea |
//! |---|---|
//! | `values` | placeholders, quotes, characters that nobody sees |
//! | `relations` | values that do not go together, or stand in the wrong place |
//! | `names` | names that are misspelt |
//!
//! Nothing here repeats a value.

mod names;
mod relations;
mod values;

use std::{collections::BTreeMap, time::Duration};

use super::{Check, Diagnosis, Failure, Finding, Words, places};
use crate::{
    config::{Survey, Variables},
    dingtalk::{AccountKind, fingerprint::Fingerprint},
};

/// What is wrong, by variable: one cause each.
pub(super) type Wrong = BTreeMap<String, Failure>;

/// A configuration as far as it goes: what is wrong, and the parts made of the rest.
pub(super) struct Setup {
    /// What is wrong.
    pub wrong: Wrong,
    /// The parts. Where a variable is wrong something stands in for it: nothing that uses it is of any worth.
    pub survey: Survey,
}

impl Setup {
    /// What accounts are looked up as.
    pub fn account_kind(&self) -> Option<AccountKind> {
        self.survey.dataphin.as_ref().map(|dataphin| dataphin.account_kind)
    }

    /// The data file of one machine.
    pub fn data_file(&self) -> &str {
        self.survey.bridge.as_ref().map_or("bridge.db", |bridge| bridge.file.as_str())
    }

    /// Of the Tokens and aes_keys under which events are believed.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        self.survey.dingtalk.as_ref().map(|dingtalk| dingtalk.verifier.fingerprints()).unwrap_or_default()
    }

    /// Looks at variables.
    pub fn of(variables: &Variables) -> Self {
        let given = |name: &str| variables.get(name).map(ToOwned::to_owned);
        let read = Survey::of(given);
        let mut wrong = Wrong::new();
        for (name, problem) in read.problems.iter() {
            let cause = match names::misspelt(name, variables) {
                Some(other) => Words::new(
                    format!(
                        "{name} is missing; {} is set, which nobody reads: a misspelt name?",
                        names::shown(other)
                    ),
                    format!("缺少 {name}；已设置的 {} 不会被读取：是否拼写错误？", names::shown(other)),
                ),
                None => Words::new(format!("{name} {}", problem.en), format!("{name} {}", problem.zh)),
            };
            wrong.insert(name.to_owned(), Failure::new(cause, places::variable(name)));
        }
        // A character that does not belong there says more than that the value cannot be read.
        wrong.extend(values::wrong(variables));
        for also in [relations::wrong(variables), names::unknown(variables)] {
            for (name, failure) in also {
                wrong.entry(name).or_insert(failure);
            }
        }
        let survey = Survey::of(|name| {
            if wrong.contains_key(name) { stand_in(name).map(ToOwned::to_owned) } else { given(name) }
        });
        Self { wrong, survey }
    }

    /// The same where the secret cannot be read, for the reason given: what is missing may be in it.
    pub fn without_secret(variables: &Variables, why: Failure) -> Self {
        let mut wrong = Self::of(variables).wrong;
        wrong.retain(|name, _| variables.given(name).is_some());
        wrong.insert("BRIDGE_SECRET_ID".to_owned(), why);
        let given = |name: &str| variables.get(name).map(ToOwned::to_owned);
        Self { survey: Survey::of(|name| given(name).filter(|_| !wrong.contains_key(name))), wrong }
    }
}

/// The whole diagnosis where nothing is configured: one cause, not one for every variable.
pub fn nothing_configured(variables: &Variables) -> Option<Diagnosis> {
    let ours = |name: &str| name.starts_with("DINGTALK_") || name.starts_with("DATAPHIN_");
    if variables
        .names()
        .any(|name| (ours(name) || name == "BRIDGE_SECRET_ID") && variables.given(name).is_some())
    {
        return None;
    }
    let cause = Words::new(
        "nothing is configured: no variable DINGTALK_… or DATAPHIN_… is set in this environment",
        "尚未配置：当前环境中没有任何 DINGTALK_… 或 DATAPHIN_… 变量",
    );
    let fix = Words::new(
        "start with DINGTALK_APP_KEY and DINGTALK_APP_SECRET, then the others that the README calls required; if `bridge \
         serve` is configured already, load the same environment for this command",
        "请先设置 DINGTALK_APP_KEY 与 DINGTALK_APP_SECRET，再设置 README 中标为必填的其他变量；如 `bridge serve` \
         已配置，请为本命令加载相同的环境变量",
    );
    let outcome = Failure::new(cause, fix).code("nothing-configured").into();
    let finding = Finding { check: Check::Configuration, variable: None, outcome, took: Duration::ZERO };
    Some(Diagnosis { findings: vec![finding] })
}

/// Something that can be read, in the place of a required value that cannot.
fn stand_in(name: &str) -> Option<&'static str> {
    match name {
        "DINGTALK_APP_KEY" | "DINGTALK_APP_SECRET" | "DINGTALK_CALLBACK_TOKEN" | "DATAPHIN_ACCESS_TOKEN" => {
            Some("standin")
        }
        "DINGTALK_CALLBACK_AES_KEY" | "DATAPHIN_CALLBACK_AES_KEY" => {
            Some("standinstandinstandinstandinstandinstandins")
        }
        "DATAPHIN_CALLBACK_URL" => Some("http://localhost"),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A complete configuration, with some variables set otherwise; empty: not set.
    pub(in crate::diagnosis) fn variables(changes: &[(&str, &str)]) -> Variables {
        let mut all: BTreeMap<String, String> = [
            ("DINGTALK_APP_KEY", "dingk3v9q2m7x1c8b5n0"),
            ("DINGTALK_APP_SECRET", "Qm3xV7-kLp9sT2wZ_8rNcYbUfGhJd4E6aXoKiReWvTqMlPzS"),
            ("DINGTALK_CALLBACK_TOKEN", "k3Vb81Qx"),
            ("DINGTALK_CALLBACK_AES_KEY", "q8Rz3LmT5vKx1WcYb7NdHg2Js9PfUe4AoIi6XwCtVzE"),
            ("DINGTALK_PROCESS_CODE", "PROC-1B8FC788-D2B4-4DA2-BEAE-E56F5EC17C5B"),
            ("DATAPHIN_ACCESS_TOKEN", "9f2c71be04"),
            ("DATAPHIN_CALLBACK_URL", "https://dataphin.corp/api/oa/bpms/integration/thirdparty/callback"),
            ("DATAPHIN_CALLBACK_AES_KEY", "Zt4Qm8Wk2Xc6Vb1Nn5Lp9Rs3Ty7Uh0Gj2Fd4Sa6Qe8i"),
            ("BRIDGE_PUBLIC_URL", "https://approvals.corp.cn"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, value) in changes {
            if value.is_empty() {
                all.remove(*name);
            } else {
                all.insert((*name).to_owned(), (*value).to_owned());
            }
        }
        all.into_iter().collect()
    }

    /// The one variable that is wrong, and why.
    #[track_caller]
    pub(in crate::diagnosis) fn one_wrong(changes: &[(&str, &str)]) -> (String, String) {
        let wrong = Setup::of(&variables(changes)).wrong;
        let all: Vec<_> = wrong.into_iter().map(|(name, failure)| (name, failure.cause.en)).collect();
        let [one] = <[_; 1]>::try_from(all).unwrap_or_else(|all| panic!("not one cause: {all:?}"));
        one
    }

    #[test]
    fn no_environment_at_all_is_one_cause() {
        let nothing: Variables = [("BRIDGE_FILE".to_owned(), "/d/b.db".to_owned())].into_iter().collect();
        assert_eq!(nothing_configured(&nothing).unwrap().findings.len(), 1);
        assert_eq!(nothing_configured(&variables(&[])), None);
    }

    #[test]
    fn a_complete_configuration_has_nothing_wrong() {
        assert!(Setup::of(&variables(&[])).wrong.is_empty());
    }

    #[test]
    fn what_is_missing_is_named_and_the_rest_can_still_be_used() {
        let setup = Setup::of(&variables(&[
            ("DINGTALK_CALLBACK_AES_KEY", "q8Rz3LmT5vKx1WcYb7NdHg2Js9PfUe4AoIi6XwCtVz"),
            ("DATAPHIN_CALLBACK_URL", ""),
        ]));
        assert!(setup.wrong["DINGTALK_CALLBACK_AES_KEY"].cause.en.contains("it has 42"));
        assert!(setup.wrong["DATAPHIN_CALLBACK_URL"].cause.en.contains("missing"));
        assert_eq!(setup.wrong.len(), 2);
        assert_eq!(setup.survey.dingtalk.unwrap().settings.app_key, "dingk3v9q2m7x1c8b5n0");
    }

    #[test]
    fn a_secret_that_cannot_be_read_is_one_cause_with_what_is_missing_for_it() {
        let without =
            [("DINGTALK_APP_SECRET", ""), ("DATAPHIN_ACCESS_TOKEN", ""), ("DINGTALK_AGENT_ID", "x")];
        let why = Failure::new(Words::new("no secret", "没有密钥"), places::secret());
        let setup = Setup::without_secret(&variables(&without), why);
        let names: Vec<&str> = setup.wrong.keys().map(String::as_str).collect();
        assert_eq!(names, ["BRIDGE_SECRET_ID", "DINGTALK_AGENT_ID"]);
        assert!(setup.survey.dingtalk.is_none(), "nothing is asked with a stand-in");
        assert!(setup.survey.dataphin.is_none());
    }

    #[test]
    fn a_misspelt_name_is_one_cause_with_what_is_missing_for_it() {
        let (name, cause) =
            one_wrong(&[("DINGTALK_APP_KEY", ""), ("DINGTALK_APPKEY", "dingk3v9q2m7x1c8b5n0")]);
        assert_eq!(name, "DINGTALK_APP_KEY");
        assert!(cause.contains("DINGTALK_APPKEY is set"), "{cause}");
    }
}
