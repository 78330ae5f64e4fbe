//! The templates: each exists, is published, can be filled, and its flow can be foreseen.

use tokio::task::JoinSet;

use super::{
    Check, Failure, Outcome, Words,
    app::named_elsewhere,
    asked::{Asked, within},
    limits::Limits,
    reach::Timed,
    report::Report as Findings,
};
use crate::{
    dingtalk::{Class, Contact, DingTalkError},
    template::{self, Problem, Report, Template},
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
        return Failure::new(
            Words::new("the bridge has no DingTalk template yet", "审批桥还没有钉钉审批模板"),
            mend,
        )
        .code("no-template")
        .into();
    }
    let problems: Vec<_> =
        seen.iter().flatten().flat_map(|report| report.problems.iter().map(move |it| (report, it))).collect();
    if let Some((_, first)) = problems.first() {
        let told = |report: &Report, problem: &Problem| {
            let purpose = &report.template.purpose;
            Words::new(
                format!("{} (template for {purpose})", problem.what),
                format!("{}（用于 {purpose} 的模板）", problem.what_zh),
            )
        };
        let causes: Vec<Words> = problems.iter().map(|(report, problem)| told(report, problem)).collect();
        let mend = Words::new(first.mend_en.as_str(), first.mend_zh.as_str());
        return Failure::new(joined(&causes), mend).code(first.code).into();
    }
    if let Some(error) = seen.iter().find_map(|report| report.as_ref().err()) {
        return unread(error);
    }
    let shown = |report: &Report| {
        let Report { template, nodes, .. } = report;
        let kinds: Vec<&str> = nodes.iter().map(|node| node.kind.as_str()).collect();
        let flow = |label: &str| {
            if kinds.is_empty() { String::new() } else { format!("{label}{}", kinds.join(" > ")) }
        };
        Words::new(
            format!(
                "“{}” for {} is published and can be filled{}",
                template.name,
                template.purpose,
                flow(", flow: ")
            ),
            format!("用于 {} 的“{}”已发布，可以填写{}", template.purpose, template.name, flow("，流程：")),
        )
    };
    Outcome::passed(joined(&seen.iter().flatten().map(shown).collect::<Vec<_>>()))
}

/// A template that DingTalk does not show. What keeps all calls back is named by another check.
fn unread(error: &DingTalkError) -> Outcome {
    let cause = Words::new(
        format!("DingTalk does not show the template: {} ({})", error.message, error.code),
        format!("钉钉没有返回模板：{}（{}）", error.message, error.code),
    );
    let is_elsewhere = error.class != Class::Permanent || error.is_missing_permission();
    if let Some(outcome) =
        named_elsewhere(error).or_else(|| is_elsewhere.then(|| Outcome::skipped(cause.clone())))
    {
        return outcome;
    }
    let fix = Words::new(
        "`bridge template check`; and whether the app's organisation owns the template",
        "运行 `bridge template check`；并确认模板属于该应用所在的组织",
    );
    Failure::new(cause, fix).code(&error.code).into()
}

fn joined(all: &[Words]) -> Words {
    let join = |of: fn(&Words) -> &str, with: &str| all.iter().map(of).collect::<Vec<_>>().join(with);
    Words::new(join(|words| &words.en, "; "), join(|words| &words.zh, "；"))
}
