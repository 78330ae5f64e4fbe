//! Requests that wait for their DingTalk instance: what stands in their way, as soon as something does.

use jiff::{SignedDuration, Timestamp};

use super::{
    Failure, Outcome, Words, places,
    requests::Requests,
    said::Said,
    sightings::{ago, ago_zh},
};
use crate::{
    approval::{Approval, Happening, NeedsOperator, State},
    dingtalk::DingTalkError,
};

/// Until then a request without an instance of which nothing is known is nothing unusual.
const WAITS_LONG: SignedDuration = SignedDuration::from_hours(1);
/// What is due for so long is advanced by nobody.
const OVERDUE: SignedDuration = SignedDuration::from_mins(2);
/// One failure of DingTalk's own may be an accident.
const FAILED_LONG: SignedDuration = SignedDuration::from_secs(15);
/// By then the bridge has looked for the instance of an unclear call.
const LOOKED_FOR: SignedDuration = SignedDuration::from_secs(90);
const FAILED_OFTEN: usize = 2;
/// Codes of calls that did not reach DingTalk.
const UNREACHED: [&str; 3] = ["no-connection", "timed-out", "no-answer"];

/// What the diagnosis's own create call showed, one that makes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Creates {
    /// DingTalk answers it as it should.
    Work,
    /// DingTalk itself fails, or does not answer.
    Fail,
    /// None was made, or its answer says nothing about others.
    Unknown,
}

/// Create calls of a request that failed.
struct Failing<'a> {
    times: usize,
    since: Timestamp,
    code: &'a str,
    /// The last one may have made an instance: the bridge looks for it before it calls again.
    unclear: bool,
    /// Why it cannot look.
    no_look: Option<&'a str>,
}

impl<'a> Failing<'a> {
    fn of(approval: &'a Approval) -> Option<Self> {
        let mut failing: Option<Self> = None;
        for entry in approval.record.timeline.entries() {
            let (code, unclear) = match &entry.what {
                Happening::CreateFailed { code, .. } => (code, false),
                Happening::OutcomeUnknown { code } => (code, true),
                Happening::ReadFailed { code } => {
                    failing =
                        failing.map(|it| Self { no_look: Some(code.as_str()).filter(|_| it.unclear), ..it });
                    continue;
                }
                Happening::LookedInVain { .. } => {
                    failing = failing.map(|it| Self { no_look: None, ..it });
                    continue;
                }
                _ => continue,
            };
            let (times, since) = failing.map_or((0, entry.at), |failing| (failing.times, failing.since));
            failing = Some(Self { times: times + 1, since, code, unclear, no_look: None });
        }
        failing
    }

    /// `creates`: what the diagnosis's own create call showed.
    fn is_no_accident(&self, creates: Creates, now: Timestamp) -> bool {
        let long = match creates {
            Creates::Work => LOOKED_FOR,
            Creates::Unknown => FAILED_LONG,
            Creates::Fail => SignedDuration::ZERO,
        };
        let is_passing = DingTalkError::is_passing(self.code);
        self.times >= FAILED_OFTEN
            || self.no_look.is_some_and(|code| !DingTalkError::is_passing(code))
            || !is_passing
            || now.duration_since(self.since) >= long
    }
}

impl Requests {
    /// Requests that wait for their instance.
    pub fn waiting(&self, creates: Creates, now: Timestamp) -> Outcome {
        if let Some(why) = self.needs_operator.first().and_then(why_operator) {
            let count = self.needs_operator.len();
            let cause = Words::new(
                format!("{count} request(s) need an operator, the last because: {why}"),
                format!("{count} 个申请需要管理员处理，最近一个的原因：{}", operator_zh(why)),
            );
            let fix = Words::new(
                "`bridge list needs-operator`, look in DingTalk, then `bridge adopt` or `bridge create-again`",
                "`bridge list needs-operator`，在钉钉中核实，然后 `bridge adopt` 或 `bridge create-again`",
            );
            return Failure::new(cause, fix).code("needs-operator").into();
        }
        let is_overdue = |approval: &Approval| {
            approval.state.due_at().is_some_and(|due| now.duration_since(due) > OVERDUE)
        };
        let overdue: Vec<&Approval> = self.received.iter().filter(|it| is_overdue(it)).collect();
        if let Some(oldest) = overdue.last() {
            let advances = places::advances();
            let (en, zh) = without_instance(overdue.len(), oldest, now);
            let cause =
                Words::new(format!("{en}, and no process advances it"), format!("{zh}，且没有进程处理它"));
            return Failure::new(cause, advances.or(&show())).code("overdue").into();
        }
        let failing: Vec<(&Approval, Failing<'_>)> = self
            .received
            .iter()
            .filter_map(|approval| Some((approval, Failing::of(approval)?)))
            .filter(|(_, failing)| failing.is_no_accident(creates, now))
            .collect();
        if let (Some((newest, last)), Some((oldest, _))) = (failing.first(), failing.last()) {
            let Said { cause, fix, .. } = Said::of(last.code, &newest.record.request.kind);
            let (en, zh) = without_instance(failing.len(), oldest, now);
            let times = last.times;
            if let Some(code) = last.no_look {
                return cannot_look((en, zh), code, &newest.record.request.kind).into();
            }
            if last.unclear {
                let cause = Words::new(
                    format!(
                        "{en}; the last of {times} create call(s) ended without a clear answer ({}), and the bridge checks whether \
                         DingTalk created the instance before it calls again by itself",
                        cause.en
                    ),
                    format!(
                        "{zh}；最近一次创建调用（共 {times} 次）没有明确结果（{}），审批桥会先查找钉钉是否已创建审批单，再自动重试",
                        cause.zh
                    ),
                );
                return Failure::new(cause, fix.or(&show())).code(last.code).into();
            }
            let (also, zh_also) = if creates == Creates::Work && UNREACHED.contains(&last.code) {
                (
                    "; from here DingTalk answers: the environment of `bridge serve` may be another (HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE)",
                    "；而在本命令的环境中钉钉有应答：`bridge serve` 的环境变量可能不同（HTTPS_PROXY、NO_PROXY、SSL_CERT_FILE）",
                )
            } else {
                ("", "")
            };
            let cause = Words::new(
                format!("{en}; the create call failed {times} time(s), the last answer: {}{also}", cause.en),
                format!("{zh}；创建调用已失败 {times} 次，最近的结果：{}{zh_also}", cause.zh),
            );
            return Failure::new(cause, fix.or(&show())).code(last.code).into();
        }
        let long = |approval: &&Approval| now.duration_since(approval.record.received_at) > WAITS_LONG;
        let long: Vec<&Approval> = self.received.iter().filter(long).collect();
        if let Some(oldest) = long.last() {
            let (en, zh) = without_instance(long.len(), oldest, now);
            let cause = Words::new(
                format!("{en}; no answer of DingTalk's is noted"),
                format!("{zh}；没有记录到钉钉的应答"),
            );
            return Failure::new(cause, show()).into();
        }
        let under_way = self.received.len();
        Outcome::passed(Words::new(
            format!("no create call of a waiting request has failed; {under_way} on the way"),
            format!("等待中的申请没有创建失败；{under_way} 个正在处理"),
        ))
    }
}

/// It is not known whether there is an instance, and the bridge is not let look.
fn cannot_look((en, zh): (String, String), code: &str, kind: &str) -> Failure {
    let Said { cause, fix, .. } = Said::of(code, kind);
    let cause = Words::new(
        format!(
            "{en}: a create call ended without a clear answer, and the bridge cannot look whether there is an \
             instance, because the list of instances fails: {} ({code})",
            cause.en
        ),
        format!(
            "{zh}：创建调用没有明确结果，而审批桥无法查找是否已有审批单，因为读取审批单列表失败：{}（{code}）",
            cause.zh
        ),
    );
    Failure::new(cause, fix.or(&show())).code("cannot-look")
}

fn show() -> Words {
    Words::new("`bridge list received`, then `bridge show`", "`bridge list received`，然后 `bridge show`")
}

fn without_instance(count: usize, oldest: &Approval, now: Timestamp) -> (String, String) {
    let since = now.duration_since(oldest.record.received_at);
    (
        format!("{count} request(s) have no DingTalk instance yet, one for {}", ago(since)),
        format!("{count} 个申请尚无钉钉审批单，其中一个已等待{}", ago_zh(since)),
    )
}

/// Why an approval needs an operator.
fn why_operator(approval: &Approval) -> Option<&NeedsOperator> {
    match &approval.state {
        State::Received(state) => state.creation.needs_operator(),
        _ => None,
    }
}

fn operator_zh(why: &NeedsOperator) -> String {
    match why {
        NeedsOperator::CannotLook { code } => {
            format!("无法完整读取钉钉的审批单列表（{code}）；审批桥会继续查找，但间隔越来越长")
        }
        NeedsOperator::NotFound => "两次创建调用都没有明确结果，也没有找到审批单".to_owned(),
        NeedsOperator::Mismatch { instance, .. } => {
            format!("审批单 {instance} 带有该申请的编号，但内容与申请不符")
        }
        NeedsOperator::SeveralInstances { instances } => {
            format!("有 {} 个审批单带有该申请的编号", instances.len())
        }
        NeedsOperator::Unproven { instance } => {
            format!("审批单 {instance} 带有旧版本申请的编号，无法证明由审批桥创建")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_that_passes_by_itself_is_no_alarm_while_create_calls_work() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let alarm = |code, seconds, creates| {
            let since = now - SignedDuration::from_secs(seconds);
            Failing { times: 1, since, code, unclear: true, no_look: None }.is_no_accident(creates, now)
        };
        assert!(!alarm("systemError", 20, Creates::Work));
        assert!(alarm("systemError", 90, Creates::Work));
        assert!(alarm("systemError", 20, Creates::Unknown));
        assert!(alarm("systemError", 0, Creates::Fail));
        assert!(alarm("approverEmpty", 0, Creates::Work), "it does not pass by itself");
        let looks = |no_look| {
            let failing = Failing { times: 1, since: now, code: "systemError", unclear: true, no_look };
            failing.is_no_accident(Creates::Work, now)
        };
        let lacking = "Forbidden.AccessDenied.AccessTokenPermissionDenied";
        assert!(looks(Some(lacking)), "the list of instances stays refused");
        assert!(!looks(Some("systemError")) && !looks(None));
    }
}
