//! Puts findings together: what depends on something that failed has nothing to say, so one cause is named once.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Check, Diagnosis, Failure, Finding, Outcome, Words,
    connect::{NO_DNS, SLOW_DNS},
    reach::{OUT_OF_DATE, PROXY},
};
use crate::config::Variables;

/// The codes of what every address needs.
const SHARED: [&str; 3] = [PROXY, NO_DNS, SLOW_DNS];

/// Findings so far. They must come in the order of [`Check::ALL`].
pub(super) struct Report {
    findings: Vec<Finding>,
    /// What failed, and what was skipped for that: with the check that is the root of it.
    down: BTreeMap<Check, Check>,
    quick: bool,
}

impl Report {
    pub fn new(quick: bool) -> Self {
        Self { findings: Vec::new(), down: BTreeMap::new(), quick }
    }

    /// What is wrong with the variables: a finding for each, or one that says that nothing is.
    pub fn configuration(&mut self, wrong: Vec<(String, Failure)>, took: Duration) {
        let check = Check::Configuration;
        if wrong.is_empty() {
            let outcome = Outcome::passed(Words::new(
                "every required variable is set and can be read; none is a placeholder",
                "必填变量均已设置且可读取，没有占位符",
            ));
            self.findings.push(Finding { check, variable: None, outcome, took });
            return;
        }
        self.findings.extend(wrong.into_iter().map(|(variable, failure)| Finding {
            check,
            variable: Some(variable),
            outcome: failure.into(),
            took,
        }));
    }

    /// What could be safer: a finding for each, or one that says that nothing is left.
    pub fn exposure(&mut self, warnings: Vec<(&'static str, Failure)>) {
        let check = Check::Exposure;
        if self.quick {
            return;
        }
        let finding =
            |variable: Option<String>, outcome| Finding { check, variable, outcome, took: Duration::ZERO };
        if warnings.is_empty() {
            let outcome = Outcome::passed(Words::new(
                "tokens are long, and no proxy of the environment reads them",
                "令牌足够长，且不会被环境变量中的代理读取",
            ));
            self.findings.push(finding(None, outcome));
        }
        let warned = warnings.into_iter();
        self.findings.extend(warned.map(|(name, it)| finding(Some(name.to_owned()), Outcome::Warned(it))));
    }

    /// The judgement of a check, unless something it depends on has failed.
    pub fn judge(&mut self, check: Check, took: Duration, judgement: impl FnOnce() -> Outcome) {
        if self.quick && !check.facts().quick {
            return;
        }
        if let Some(why) = self.held_up(check) {
            let outcome = Outcome::skipped(why);
            self.findings.push(Finding { check, variable: None, outcome, took: Duration::ZERO });
            return;
        }
        let outcome = match judgement() {
            Outcome::Failed(failure) => self.unless_told(failure),
            outcome => outcome,
        };
        if matches!(outcome, Outcome::Failed(_)) {
            self.down.insert(check, check);
        }
        self.findings.push(Finding { check, variable: None, outcome, took });
    }

    /// A proxy, a DNS server or a clock that fails does so for every address.
    fn unless_told(&self, failure: Failure) -> Outcome {
        let code = failure.code.as_deref().unwrap_or_default();
        let told = self.findings.iter().find(|finding| {
            let Some(told) = finding.failure().filter(|told| told.code == failure.code) else { return false };
            let by_clock = code == OUT_OF_DATE && finding.check == Check::DingTalkApi;
            by_clock || (SHARED.contains(&code) && told.mend == failure.mend)
        });
        match told {
            Some(told) => {
                let facts = told.check.facts();
                Outcome::skipped(Words::new(
                    format!("because {} failed: the cause is the same", facts.en),
                    format!("因“{}”未通过：原因相同", facts.zh),
                ))
            }
            None => failure.into(),
        }
    }

    /// Says of a check that passed what is wrong after all, where nothing else is.
    pub fn unless_otherwise(&mut self, check: Check, failure: Failure) {
        let failed = |finding: &Finding| matches!(finding.outcome, Outcome::Failed(_));
        if self.findings.iter().any(failed) {
            return;
        }
        let passed = |finding: &&mut Finding| {
            finding.check == check && !matches!(finding.outcome, Outcome::Skipped { .. })
        };
        if let Some(finding) = self.findings.iter_mut().find(passed) {
            finding.outcome = Outcome::Failed(failure);
        }
    }

    /// Whether a check has failed.
    pub fn has_failed(&self, check: Check) -> bool {
        self.down.get(&check) == Some(&check)
    }

    /// The code with which a check has failed.
    pub fn code_of(&self, check: Check) -> Option<&str> {
        let failure = self.findings.iter().find(|finding| finding.check == check)?.failure()?;
        failure.code.as_deref()
    }

    /// Why nothing can be said of a check.
    fn held_up(&mut self, check: Check) -> Option<Words> {
        let facts = check.facts();
        let variable = self.findings.iter().find_map(|finding| {
            let variable = finding.variable.as_deref()?;
            facts.variables.contains(&variable).then(|| variable.to_owned())
        });
        if let Some(variable) = variable {
            self.down.insert(check, Check::Configuration);
            return Some(Words::new(
                format!("because {variable} is not right"),
                format!("因 {variable} 配置有误"),
            ));
        }
        let root = facts.needs.iter().find_map(|needed| self.down.get(needed)).copied()?;
        self.down.insert(check, root);
        let facts = root.facts();
        let en = if root == Check::Configuration { "the configuration" } else { facts.en };
        Some(Words::new(format!("because {en} failed"), format!("因“{}”未通过", facts.zh)))
    }

    /// The whole, free of secrets.
    pub fn done(self, variables: &Variables) -> Diagnosis {
        Diagnosis { findings: self.findings }.without_secrets(variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(report: Report) -> Vec<(Check, &'static str)> {
        let diagnosis = report.done(&Variables::default());
        diagnosis.findings.iter().map(|finding| (finding.check, finding.outcome.word())).collect()
    }

    fn yes() -> Outcome {
        Outcome::passed(Words::new("yes", "是"))
    }

    fn no() -> Outcome {
        Outcome::failed(Words::new("no", "否"), Words::new("there", "那里"))
    }

    #[test]
    fn what_depends_on_a_failed_check_is_skipped_however_far_behind_it() {
        let mut report = Report::new(false);
        report.configuration(Vec::new(), Duration::ZERO);
        report.judge(Check::DingTalkApi, Duration::ZERO, no);
        report.judge(Check::Credentials, Duration::ZERO, no);
        report.judge(Check::InstanceWrite, Duration::ZERO, no);
        report.judge(Check::Callback, Duration::ZERO, yes);
        assert_eq!(
            outcomes(report),
            [
                (Check::Configuration, "passed"),
                (Check::DingTalkApi, "failed"),
                (Check::Credentials, "skipped"),
                (Check::InstanceWrite, "skipped"),
                (Check::Callback, "passed"),
            ]
        );
    }

    #[test]
    fn a_proxy_that_fails_is_told_once() {
        let proxy = |variable| {
            Outcome::from(Failure::new(Words::new("dead", "不通"), Words::variable(variable)).code(PROXY))
        };
        let mut report = Report::new(false);
        report.judge(Check::DingTalkApi, Duration::ZERO, || proxy("HTTPS_PROXY"));
        report.judge(Check::Callback, Duration::ZERO, || proxy("HTTPS_PROXY"));
        report.judge(Check::DataphinCallback, Duration::ZERO, || proxy("HTTP_PROXY"));
        let words: Vec<_> = outcomes(report).into_iter().map(|(_, word)| word).collect();
        assert_eq!(words, ["failed", "skipped", "failed"]);
    }

    #[test]
    fn a_wrong_variable_silences_the_checks_that_use_it() {
        let mut report = Report::new(false);
        let failure =
            Failure::new(Words::new("a placeholder", "占位符"), Words::variable("DINGTALK_APP_SECRET"));
        report.configuration(vec![("DINGTALK_APP_SECRET".to_owned(), failure)], Duration::ZERO);
        report.judge(Check::DingTalkApi, Duration::ZERO, yes);
        report.judge(Check::Credentials, Duration::ZERO, no);
        report.judge(Check::AddressList, Duration::ZERO, no);
        let words: Vec<_> = outcomes(report).into_iter().map(|(_, word)| word).collect();
        assert_eq!(words, ["failed", "passed", "skipped", "skipped"]);
    }
}
