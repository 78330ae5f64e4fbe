//! What the requests themselves tell: outcomes that are not delivered, requests that wait, requests that were refused.

use jiff::{SignedDuration, Timestamp};

use super::{Failure, Outcome, Words, places, sightings::ago};
use crate::{
    approval::{Account, Approval, Happening, Person, Request, State, Status},
    dingtalk::AccountKind,
    store::{Store, StoreError},
};

/// Requests of a status that are looked at, the newest first.
const MOST: u16 = 50;
const LATELY: SignedDuration = SignedDuration::from_hours(24);
/// Until then a request without an instance is nothing unusual: it is tried again.
const WAITS_LONG: SignedDuration = SignedDuration::from_hours(1);
/// What is due for so long is looked after by nobody.
const OVERDUE: SignedDuration = SignedDuration::from_mins(2);
/// DingTalk's code for a withdrawal that comes too early, or too late: the instance's state tells more.
const NOT_NOW: &str = "aflowProcessInstStatusException";
/// Attempts after which an outcome that Dataphin does not take is no accident.
const TRIED_OFTEN: u32 = 3;
/// So many requests are not refused because of one odd account.
const MORE_THAN_CHANCE: usize = 2;
/// The code of a refusal because of a person.
const PERSON: &str = "person-not-in-dingtalk";

/// What was found.
#[derive(Default)]
pub(super) struct Requests {
    parked: Vec<Approval>,
    decided: Vec<Approval>,
    received: Vec<Approval>,
    needs_operator: Vec<Approval>,
    refused: Vec<Approval>,
    pending: Vec<Approval>,
    delivered: Vec<Approval>,
}

impl Requests {
    /// Looks them up.
    pub async fn of(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            parked: newest(store, Status::Parked).await?,
            decided: newest(store, Status::Decided).await?,
            received: newest(store, Status::Received).await?,
            needs_operator: newest(store, Status::NeedsOperator).await?,
            refused: newest(store, Status::Refused).await?,
            pending: newest(store, Status::Pending).await?,
            delivered: newest(store, Status::Delivered).await?,
        })
    }

    /// Outcomes that Dataphin does not learn.
    pub fn deliveries(&self) -> Outcome {
        let list = Words::new(
            "`bridge list parked`, then `bridge resend --all`",
            "`bridge list parked`，然后 `bridge resend --all`",
        );
        if let Some(State::Parked(newest)) = self.parked.first().map(|approval| &approval.state) {
            let cause =
                format!("{} outcome(s) are parked, the last because: {}", self.parked.len(), newest.reason);
            return Failure::new(cause, list).code("parked").into();
        }
        let failing: Vec<&str> = self.decided.iter().filter_map(failing).collect();
        match failing.first() {
            Some(why) => Failure::new(
                format!(
                    "Dataphin does not take {} outcome(s), tried {TRIED_OFTEN} times and more: {why}",
                    failing.len()
                ),
                places::dataphin("Callback URL and Encoding AES Key", "回调 URL 与 Encoding AES Key"),
            )
            .code("not-taken")
            .into(),
            None => Outcome::passed(format!("nothing is parked; {} on the way", self.decided.len())),
        }
    }

    /// Requests that wait for their instance.
    pub fn waiting(&self, now: Timestamp) -> Outcome {
        if let Some(why) = self.needs_operator.first().and_then(why_operator) {
            return Failure::new(
                format!("{} request(s) need an operator, the last because: {why}", self.needs_operator.len()),
                Words::new(
                    "`bridge list needs-operator`, look in DingTalk, then `bridge adopt` or `bridge create-again`",
                    "`bridge list needs-operator`，在钉钉中核实，然后 `bridge adopt` 或 `bridge create-again`",
                ),
            )
            .code("needs-operator")
            .into();
        }
        let overdue = |approval: &Approval| {
            approval.state.due_at().is_some_and(|due| now.duration_since(due) > OVERDUE)
        };
        let long = |approval: &&Approval| {
            now.duration_since(approval.record.received_at) > WAITS_LONG || overdue(approval)
        };
        let waiting: Vec<&Approval> = self.received.iter().filter(long).collect();
        let Some(oldest) = waiting.last() else {
            return Outcome::passed(format!(
                "no request waits for its instance for long; {} on the way",
                self.received.len()
            ));
        };
        let since = ago(now.duration_since(oldest.record.received_at));
        let why = match last_error(oldest) {
            _ if overdue(oldest) => format!("nobody advances it: {}", places::advances()),
            Some(code) => format!("DingTalk's last answer: {code}"),
            None => "no answer of DingTalk's is noted".to_owned(),
        };
        Outcome::failed(
            format!("{} request(s) have no DingTalk instance yet, one for {since}; {why}", waiting.len()),
            Words::new(
                "`bridge list received`, then `bridge show`",
                "`bridge list received`，然后 `bridge show`",
            ),
        )
    }

    /// Withdrawals that DingTalk refuses.
    pub fn withdrawals(&self) -> Outcome {
        let refused: Vec<&str> = self.pending.iter().filter_map(refused_withdrawal).collect();
        let Some(code) = refused.first() else {
            return Outcome::passed("no withdrawal was refused by DingTalk");
        };
        Failure::new(
            format!(
                "DingTalk refuses to withdraw {} approval(s): the template does not let its initiator revoke what is \
                 under way",
                refused.len()
            ),
            Words::new(
                "DingTalk OA approval console > the template > Advanced Settings > Allow the initiator to revoke",
                "钉钉 OA 审批管理后台 > 审批模板 > 高级设置 > 允许提交人撤销审批中的审批单",
            ),
        )
        .code(*code)
        .into()
    }

    /// Requests that were refused because of people.
    pub fn refused(&self, kind: Option<AccountKind>, now: Timestamp) -> Outcome {
        let lately = |approval: &&Approval| now.duration_since(approval.record.updated_at) <= LATELY;
        let because_of_people = |approval: &&Approval| match &approval.state {
            State::Refused(refused) => refused.code == PERSON,
            _ => false,
        };
        let lately: Vec<&Approval> = self.refused.iter().filter(lately).collect();
        let people: Vec<&Approval> = lately.iter().copied().filter(because_of_people).collect();
        // One odd account among others is a person's matter, not the setting's.
        let other = people.iter().find_map(|approval| hint(common_shape(&approval.record.request)?, kind?));
        let refused = |why: &str, mend: Words| {
            let count = people.len();
            let cause = format!("{count} request(s) were refused within a day because of people, and {why}");
            Outcome::from(Failure::new(cause, mend).code(PERSON))
        };
        if let Some((what, advice)) = other {
            let why = format!("their accounts in Dataphin look like {what}: {advice}");
            return refused(&why, Words::variable("DATAPHIN_ACCOUNT_KIND"));
        }
        if people.len() >= MORE_THAN_CHANCE && !self.accepted_lately(now) {
            let why = "none was accepted: DingTalk knows nobody by their accounts in Dataphin";
            return refused(why, Words::variable("DATAPHIN_ACCOUNT_KIND").or(&places::visible_range()));
        }
        match (lately.len(), people.len()) {
            (0, _) => Outcome::passed("no request was refused within a day"),
            (all, of_people) => Outcome::passed(format!(
                "{all} request(s) were refused within a day, {of_people} of them because a person is not in DingTalk: \
                 `bridge list refused`"
            )),
        }
    }
}

impl Requests {
    /// Whether a request of the last day got an instance, or may still get one.
    fn accepted_lately(&self, now: Timestamp) -> bool {
        let accepted = [&self.received, &self.pending, &self.decided, &self.parked, &self.delivered];
        accepted.into_iter().flatten().any(|it| now.duration_since(it.record.received_at) <= LATELY)
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

/// What DingTalk last said to its creation.
fn last_error(approval: &Approval) -> Option<&str> {
    approval.record.timeline.entries().iter().rev().find_map(|entry| match &entry.what {
        Happening::CreateFailed { code, .. } | Happening::OutcomeUnknown { code } => Some(code.as_str()),
        _ => None,
    })
}

fn accounts(request: &Request) -> impl Iterator<Item = &str> {
    let approvers = request.nodes.iter().flat_map(|node| &node.approvers);
    approvers.chain(&request.requester).filter_map(Person::account).map(Account::as_str)
}

/// The shape that all accounts of a request have.
fn common_shape(request: &Request) -> Option<Shape> {
    let mut shapes = accounts(request).map(shape);
    let first = shapes.next()?;
    shapes.all(|shape| shape == first).then_some(first)
}

/// What an account looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Mobile,
    Email,
    UnionId,
    Other,
    /// Too long to tell.
    Long,
}

fn shape(account: &str) -> Shape {
    let digits = account.trim_start_matches("+86").trim_start_matches('-');
    if digits.len() == 11 && digits.starts_with('1') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Shape::Mobile
    } else if account.contains('@') {
        Shape::Email
    } else if account.len() >= 20 && account.ends_with("iE") {
        Shape::UnionId
    } else if account.len() >= 20 {
        Shape::Long
    } else {
        Shape::Other
    }
}

/// What an account of this shape says about the setting.
fn hint(shape: Shape, kind: AccountKind) -> Option<(&'static str, &'static str)> {
    match (shape, kind) {
        (Shape::Mobile, AccountKind::UserId | AccountKind::UnionId) => {
            Some(("mobile numbers", "set DATAPHIN_ACCOUNT_KIND=mobile"))
        }
        (Shape::UnionId, AccountKind::UserId | AccountKind::Mobile) => {
            Some(("unionids", "set DATAPHIN_ACCOUNT_KIND=unionid"))
        }
        (Shape::Email, _) => Some((
            "e-mail addresses",
            "DingTalk finds nobody by those; Dataphin's accounts must be userids, mobile numbers or unionids",
        )),
        (Shape::Other, AccountKind::UnionId) => Some((
            "anything but unionids",
            "set DATAPHIN_ACCOUNT_KIND=userid, if they are DingTalk's userids",
        )),
        (Shape::Other | Shape::Long, AccountKind::Mobile) => Some((
            "anything but mobile numbers",
            "set DATAPHIN_ACCOUNT_KIND=userid, if they are DingTalk's userids",
        )),
        _ => None,
    }
}

/// Why an approval needs an operator.
fn why_operator(approval: &Approval) -> Option<String> {
    match &approval.state {
        State::Received(state) => state.creation.needs_operator().map(ToString::to_string),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_told_by_its_shape() {
        let table = [
            ("13800138000", Shape::Mobile),
            ("+86-13800138000", Shape::Mobile),
            ("li.na@acme.cn", Shape::Email),
            ("nMt1aAiPZ6xLiSiPDiiJ6iSsxgiEiE", Shape::UnionId),
            ("manager7078", Shape::Other),
            ("emp1001", Shape::Other),
            ("a-userid-that-is-rather-long", Shape::Long),
        ];
        for (account, expected) in table {
            assert_eq!(shape(account), expected, "{account}");
        }
        assert_eq!(hint(Shape::Other, AccountKind::UserId), None);
        assert!(hint(Shape::Mobile, AccountKind::UserId).is_some());
        assert!(hint(Shape::Other, AccountKind::UnionId).is_some());
        assert_eq!(hint(Shape::Long, AccountKind::UnionId), None);
    }
}
