//! The templates: each exists, is published, can be filled, and its flow can be foreseen.

use tokio::task::JoinSet;

use super::{
    Check, Failure, Outcome, Words,
    asked::{Asked, within},
    limits::Limits,
    reach::Timed,
    report::Report as Findings,
};
use crate::{
    dingtalk::{Contact, DingTalkError},
    template::{self, Report, Template},
    world::World,
};

/// What was seen of each template.
pub(super) type Looked = Vec<Result<Report, DingTalkError>>;

/// Looks at every template that requests may get; the quick list has time for the first.
pub(super) async fn look(
    mut templates: Vec<Template>,
    quick: bool,
    asked: &Asked,
    limits: Limits,
    world: &World,
) -> Looked {
    if quick {
        templates.truncate(1);
    }
    let mut looks = JoinSet::new();
    let person: Option<Contact> = asked.person().cloned();
    for (place, template) in templates.into_iter().enumerate() {
        let (dingtalk, person, world) = (asked.dingtalk.clone(), person.clone(), world.clone());
        looks.spawn(async move {
            (place, within(limits, template::look_at(template, &dingtalk, person.as_ref(), &world)).await)
        });
    }
    let mut seen = looks.join_all().await;
    seen.sort_by_key(|(place, _)| *place);
    seen.into_iter().map(|(_, report)| report).collect()
}

/// Judges them.
pub(super) fn judge(findings: &mut Findings, seen: &Timed<Looked>) {
    findings.judge(Check::Template, seen.took, || outcome(&seen.value));
}

fn outcome(seen: &[Result<Report, DingTalkError>]) -> Outcome {
    if seen.is_empty() {
        let mend = Words::new(
            "run `bridge template generate`, or take up your own with `bridge template adopt`",
            "运行 `bridge template generate`，或用 `bridge template adopt` 采用自有模板",
        );
        return Failure::new("the bridge has no DingTalk template yet", mend).code("no-template").into();
    }
    let problems: Vec<_> =
        seen.iter().flatten().flat_map(|report| report.problems.iter().map(move |it| (report, it))).collect();
    if let Some((_, first)) = problems.first() {
        let causes: Vec<String> = problems
            .iter()
            .map(|(report, problem)| format!("{} (template for {})", problem.what, report.template.purpose))
            .collect();
        let mend = Words::new(first.mend_en.as_str(), first.mend_zh.as_str());
        return Failure::new(causes.join("; "), mend).code(first.code).into();
    }
    if let Some(error) = seen.iter().find_map(|report| report.as_ref().err()) {
        return Outcome::skipped(format!("DingTalk did not show the template ({})", error.code));
    }
    let shown = |report: &Report| {
        let Report { template, nodes, .. } = report;
        let kinds: Vec<&str> = nodes.iter().map(|node| node.kind.as_str()).collect();
        let flow = if kinds.is_empty() { String::new() } else { format!(", flow: {}", kinds.join(" > ")) };
        format!("“{}” for {} is published and can be filled{flow}", template.name, template.purpose)
    };
    Outcome::passed(seen.iter().flatten().map(shown).collect::<Vec<_>>().join("; "))
}
