//! What the requests themselves tell: outcomes that are not delivered, and withdrawals that are refused. Those that wait and those
//! that were refused are in files of their own.

use jiff::{SignedDuration, Timestamp};

use super::{Failure, Outcome, Words};
use crate::{
    approval::{Approval, Happening, State, Status},
    store::{Store, StoreError},
};

/// Requests of a status that are looked at, the newest first.
const MOST: u16 = 50;
/// DingTalk's code for a withdrawal that comes too early, or too late: the instance's state tells more.
const NOT_NOW: &str = "aflowProcessInstStatusException";
/// Attempts after which an outcome that Dataphin does not take is no accident.
const TRIED_OFTEN: u32 = 3;

/// Parts of Dataphin's answers to a callback whose address or keys differ from those in its settings.
const IN_SETTINGS: [&str; 8] =
    ["HTTP 401", "HTTP 403", "HTTP 404", "signature", "decrypt", "签名", "解密", "AuthFailed"];
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// What was found.
pub(super) struct Requests {
    parked: Vec<Approval>,
    decided: Vec<Approval>,
    pub(super) received: Vec<Approval>,
    pub(super) needs_operator: Vec<Approval>,
    refused: Vec<Approval>,
    pending: Vec<Approval>,
    delivered: Vec<Approval>,
}

impl Requests {
    /// Looks them up.
    pub async fn of(store: &Store) -> Result<Self, StoreError> {
        let (parked, decided, received, needs_operator, refused, pending, delivered) = tokio::try_join!(
            Box::pin(newest(store, Status::Parked)),
            Box::pin(newest(store, Status::Decided)),
            Box::pin(newest(store, Status::Received)),
            Box::pin(newest(store, Status::NeedsOperator)),
            Box::pin(newest(store, Status::Refused)),
            Box::pin(newest(store, Status::Pending)),
            Box::pin(newest(store, Status::Delivered)),
        )?;
        Ok(Self { parked, decided, received, needs_operator, refused, pending, delivered })
    }

    /// Outcomes that Dataphin does not learn.
    pub fn deliveries(&self) -> Outcome {
        let list = Words::new(
            "`bridge list parked`, then `bridge resend --all`",
            "`bridge list parked`，然后 `bridge resend --all`",
        );
        if let Some(State::Parked(newest)) = self.parked.first().map(|approval| &approval.state) {
            let (count, why) = (self.parked.len(), &newest.reason);
            let cause = Words::new(
                format!("{count} outcome(s) are parked, the last because: {why}"),
                format!("{count} 个审批结果已搁置，最近一个的原因：{why}"),
            );
            return Failure::new(cause, list).code("parked").into();
        }
        let failing: Vec<&str> = self.decided.iter().filter_map(failing).collect();
        match failing.first() {
            Some(why) => Failure::new(
                Words::new(
                    format!(
                        "Dataphin does not take {} outcome(s) after {TRIED_OFTEN} or more attempts: {why}",
                        failing.len()
                    ),
                    format!(
                        "Dataphin 不接受 {} 个审批结果，已尝试 {TRIED_OFTEN} 次以上：{why}",
                        failing.len()
                    ),
                ),
                Words::new(
                    "see with `bridge show` which request it is, and have Dataphin's administrator resolve what Dataphin says; it is \
                     delivered again by itself",
                    "用 `bridge show` 查看是哪个申请，请 Dataphin 管理员处理其返回的问题；之后会自动重新投递",
                ),
            )
            .code("not-taken")
            .into(),
            None => Outcome::passed(Words::new(
                format!("nothing is parked; {} on the way", self.decided.len()),
                format!("没有搁置的审批结果；{} 个正在送达", self.decided.len()),
            )),
        }
    }

    /// The same for whoever tests the connection in Dataphin's settings: only what failed within a day. Whether the fix is typed
    /// into those settings comes with it.
    pub fn last_deliveries(&self, now: Timestamp) -> (Outcome, bool) {
        let in_settings = match self.parked.first().map(|approval| &approval.state) {
            Some(State::Parked(newest)) if now.duration_since(newest.at) > LATELY => {
                let why = Words::new("nothing was parked within a day", "一天内没有审批结果被搁置");
                return (Outcome::passed(why), false);
            }
            Some(State::Parked(newest)) => IN_SETTINGS.iter().any(|part| newest.reason.contains(part)),
            _ => true,
        };
        (self.deliveries(), in_settings)
    }

    /// Withdrawals that DingTalk refuses.
    pub fn withdrawals(&self) -> Outcome {
        let refused: Vec<&str> = self.pending.iter().filter_map(refused_withdrawal).collect();
        let Some(code) = refused.first() else {
            return Outcome::passed(Words::new(
                "no withdrawal was refused by DingTalk",
                "没有撤回被钉钉拒绝",
            ));
        };
        Failure::new(
            Words::new(
                format!(
                    "DingTalk refuses to withdraw {} approval(s): the template does not let its initiator revoke what is \
                     under way",
                    refused.len()
                ),
                format!("钉钉拒绝撤回 {} 个审批单：模板不允许提交人撤销审批中的审批单", refused.len()),
            ),
            Words::new(
                "DingTalk OA approval console > the template > Advanced Settings > Allow the initiator to revoke",
                "钉钉 OA 审批管理后台 > 审批模板 > 高级设置 > 允许提交人撤销审批中的审批单",
            ),
        )
        .code(*code)
        .into()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Approval> {
        let all = [
            &self.refused,
            &self.received,
            &self.needs_operator,
            &self.pending,
            &self.decided,
            &self.parked,
            &self.delivered,
        ];
        all.into_iter().flatten()
    }
}

async fn newest(store: &Store, status: Status) -> Result<Vec<Approval>, StoreError> {
    let mut approvals = Vec::new();
    for id in store.list(status, None, MOST, None).await?.ids {
        // Between the list and this it may have moved on.
        approvals.extend(store.load(&id).await?.filter(|approval| approval.state.status() == status));
    }
    Ok(approvals)
}

/// DingTalk's answer to a withdrawal that it did not carry out.
fn refused_withdrawal(approval: &Approval) -> Option<&str> {
    approval.record.timeline.entries().iter().rev().find_map(|entry| match &entry.what {
        Happening::WithdrawalFailed { code, .. } if code != NOT_NOW => Some(code.as_str()),
        _ => None,
    })
}

/// What Dataphin says to an outcome again and again. Whatever the dry run proves to be mended is tried again by itself:
/// an outage, a wrong address, a wrong key.
fn failing(approval: &Approval) -> Option<&str> {
    let State::Decided(decided) = &approval.state else { return None };
    let said = decided.delivery.last_error.as_deref().filter(|_| decided.delivery.attempts >= TRIED_OFTEN)?;
    let about_the_outcome = said.starts_with("HTTP 2") || said.starts_with("HTTP 4");
    let passing = ["HTTP 408", "HTTP 429"].iter().any(|status| said.starts_with(status));
    (about_the_outcome && !passing && !said.contains("an HTML page")).then_some(said)
}
