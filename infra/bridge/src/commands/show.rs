//! `show`: where a request stands, and what happened to it.

use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use shared::{
    approval::{
        ApplyId, Approval, ApprovalId, ApprovalKey, Happening, Meaning, Node, Pending, Person, ReadProblem,
        Reading, Received, Rule, Source, State, Status, Tenant, reading::FINISHED_WITHOUT_RESULT,
        timeline::KEEP_FIRST,
    },
    config::BridgeConfig,
    dataphin::Unclear,
    store::Store,
    visible::visible,
    world::World,
};

use super::say::print_json;
use crate::host::{self, Storage};

#[derive(Args)]
pub(super) struct Show {
    /// The request's id in Dataphin (applyId), or the approval's own (ap-…)
    id: String,
    /// The tenant in Dataphin; without it every tenant is looked through
    #[arg(long)]
    tenant: Option<String>,
    /// For machines
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self) -> Result<()> {
        let store = open(&BridgeConfig::from_env()?)?;
        let found = load(&store, &self.id, self.tenant.as_deref()).await?;
        if self.json {
            print_json(&Value::Array(found.iter().map(machine).collect()))?;
        } else {
            found.iter().map(readable).for_each(|text| say!("{text}"));
        }
        Ok(())
    }
}

/// The approvals that an operator means; an error when there is none.
pub(super) async fn load(store: &Store, id: &str, tenant: Option<&str>) -> Result<Vec<Approval>> {
    let mut found = Vec::new();
    for id in find(store, id.trim(), tenant).await? {
        found.extend(store.load(&id).await?);
    }
    match (found.is_empty(), tenant) {
        (false, _) => Ok(found),
        (true, None) => bail!("no request {}", id.trim()),
        (true, Some(tenant)) => bail!("no request {} of tenant {tenant}", id.trim()),
    }
}

/// The store beside a running bridge.
pub(super) fn open(config: &BridgeConfig) -> Result<Store> {
    if config.dynamodb_endpoint.is_none() && !Path::new(&config.file).exists() {
        bail!("there is no data file {}: set BRIDGE_FILE to the one `bridge serve` uses", config.file);
    }
    Ok(host::open_store(config, Storage::Beside, World::real())?.0)
}

/// Approvals by our own id, by the source's id within a tenant, or by the source's id alone.
async fn find(store: &Store, id: &str, tenant: Option<&str>) -> Result<Vec<ApprovalId>> {
    if id.starts_with("ap-") {
        return Ok(vec![ApprovalId::new(id)]);
    }
    let apply_id = ApplyId::new(id);
    let known = store.known_as(Source::Dataphin, &apply_id).await?;
    let all = || known.alias.approvals().cloned().collect::<Vec<_>>();
    if let Some(tenant) = tenant {
        let key = ApprovalKey { source: Source::Dataphin, tenant: Tenant::new(tenant.trim()), apply_id };
        return Ok(match known.alias.meaning(&key) {
            Meaning::Known(id) | Meaning::Unclaimed(id) => vec![id],
            Meaning::Ambiguous => all(),
            Meaning::New => Vec::new(),
        });
    }
    // What is from before ids were kept is gone through until the bridge has given each of them its own.
    if known.alias.approvals().len() == 0 && !store.has_all_aliases().await? {
        return Ok(store.find(Some(&apply_id), &Status::ALL).await?);
    }
    Ok(all())
}

/// The approval in one line.
pub(super) fn line(approval: &Approval) -> String {
    let Approval { record, state } = approval;
    let (at, key) = (moment(record.updated_at), &record.key);
    visible(&format!("{at}  {:<24} {:<40} {}", key.apply_id, status_line(state), record.request.title))
}

/// A moment in this machine's time zone, which is said.
fn moment(at: Timestamp) -> impl std::fmt::Display {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%.3f %:z")
}

/// The approval for a person, as a block of lines.
pub(crate) fn readable(approval: &Approval) -> String {
    let Approval { record, state } = approval;
    let mut lines = vec![
        format!("request   {} (tenant {})", record.key.apply_id, or_dash(record.tenant().as_str())),
        format!("approval  {}", record.id),
        format!("title     {}", record.request.title),
        format!("status    {}", status_line(state)),
    ];
    if !record.request.nodes.is_empty() {
        lines.push(format!("approvers {}", nodes(approval)));
    }
    if let Some(instance) = state.instance() {
        lines.push(format!("instance  {}", instance.id));
    }
    if let Some(decision) = state.decision() {
        let by = decision.by.as_ref().map_or(String::new(), |by| {
            format!(
                " by {}",
                by.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(by.user_id.as_str())
            )
        });
        let comment = decision.comment.as_ref().map_or(String::new(), |comment| format!(": “{comment}”"));
        lines.push(format!("decision  {}{by}{comment}", decision.outcome));
    }
    if let Some(remedy) = remedy(state) {
        lines.push(format!("to do     {remedy}"));
    }
    lines.push("timeline".to_owned());
    for (index, entry) in record.timeline.entries().iter().enumerate() {
        lines.push(format!("  {}  {}", moment(entry.at), entry.what));
        if index + 1 == KEEP_FIRST && record.timeline.left_out() > 0 {
            lines.push(format!("  … {} entries left out …", record.timeline.left_out()));
        }
    }
    // Line by line: a line break in a title begins no line of ours.
    lines.iter().map(|line| visible(line)).collect::<Vec<_>>().join("\n")
}

fn status_line(state: &State) -> String {
    let name = state.status().name();
    match state {
        State::Refused(refused) => format!("{name}: {}", refused.message),
        State::Parked(parked) => format!("{name}: {}", parked.reason),
        State::Decided(decided) => {
            let delivery = &decided.delivery;
            let error = delivery.last_error.as_ref().map_or(String::new(), |error| format!(" ({error})"));
            format!(
                "{name}; delivery attempt {} made, the next at {}{error}",
                delivery.attempts,
                moment(delivery.next_at)
            )
        }
        State::Received(Received { creation, .. }) if creation.needs_operator().is_some() => {
            format!("{name}: {}", creation.needs_operator().map(ToString::to_string).unwrap_or_default())
        }
        State::Received(_) => match state.due_at() {
            Some(due_at) => format!("{name}; next step at {}", moment(due_at)),
            None => name.to_owned(),
        },
        State::Pending(pending) => format!("{name}{}", reading_problem(&pending.reading)),
        State::Delivered(delivered) if delivered.closed_already => {
            format!("{name}: Dataphin had closed it already")
        }
        State::Delivered(_) => format!("{name}: confirmed"),
    }
}

/// What an operator does about a delivery that does not succeed.
fn remedy(state: &State) -> Option<&'static str> {
    let is_unclear = |reason: &str| reason.starts_with(Unclear::PREFIX);
    match state {
        State::Parked(parked) if is_unclear(&parked.reason) => Some(
            "look at the request in Dataphin. If it is decided, let the profile accept this answer (`accepts`; `bridge probe \
             dataphin --apply-id` proposes it); if not, fix the profile. Then `bridge resend`",
        ),
        State::Parked(_) => Some("`bridge probe dataphin` says what is wrong; fix it, then `bridge resend`"),
        State::Decided(decided) => decided.delivery.last_error.as_deref().map(|reason| {
            if is_unclear(reason) {
                "look at the request in Dataphin. If it is decided, let the profile accept this answer (`accepts`; `bridge \
                 probe dataphin --apply-id` proposes it); if not, fix the profile. It is sent again by itself"
            } else {
                "`bridge probe dataphin` says what is wrong; it is sent again by itself"
            }
        }),
        _ => None,
    }
}

/// Why the instance of a pending approval does not tell its outcome, and when it is read next.
fn reading_problem(reading: &Reading) -> String {
    let Some(problem) = &reading.problem else { return String::new() };
    let what = match problem.code.as_str() {
        FINISHED_WITHOUT_RESULT => "finished in DingTalk without a result".to_owned(),
        code => format!("the instance cannot be read ({code})"),
    };
    format!("; {what} since {}; read again at {}", moment(problem.since), moment(reading.at))
}

/// Who decides, node by node; whoever is not in DingTalk was not asked.
fn nodes(approval: &Approval) -> String {
    let node = |node: &Node| {
        let (left_out, asked): (Vec<&Person>, Vec<&Person>) =
            node.approvers.iter().partition(|person| is_left_out(approval, person));
        let names = |people: &[&Person], between| {
            people.iter().map(|person| person.shown()).collect::<Vec<_>>().join(between)
        };
        let asked = names(&asked, if node.rule == Rule::All { " and " } else { " or " });
        if left_out.is_empty() {
            return asked;
        }
        format!("{asked} (left out, not in DingTalk: {})", names(&left_out, ", "))
    };
    approval.record.request.nodes.iter().map(node).collect::<Vec<_>>().join(", then ")
}

/// Whether an approver was left out when the instance was made.
fn is_left_out(approval: &Approval, person: &Person) -> bool {
    if let State::Pending(Pending { approvers, .. }) = &approval.state
        && !approvers.is_empty()
    {
        return !approvers.iter().any(|asked| asked.person == *person);
    }
    let entries = approval.record.timeline.entries();
    let last_call = entries.iter().rposition(|entry| matches!(entry.what, Happening::CreateSent { .. }));
    let of_last_call = entries.get(last_call.unwrap_or(0)..).unwrap_or_default();
    of_last_call.iter().any(|entry| {
        matches!(&entry.what, Happening::ApproverLeftOut { account, .. } if *account == person.to_string())
    })
}

/// The approval for a machine.
fn machine(approval: &Approval) -> Value {
    let Approval { record, state } = approval;
    let entry = |entry: &shared::approval::Entry| json!({"at": entry.at, "what": entry.what, "sentence": entry.what.to_string()});
    json!({
        "id": record.id,
        "source": record.key.source,
        "tenant": record.tenant(),
        "applyId": record.key.apply_id,
        "title": record.request.title,
        "status": state.status(),
        "receivedAt": record.received_at,
        "updatedAt": record.updated_at,
        "dueAt": state.due_at(),
        "instance": state.instance(),
        "readProblem": read_problem(state),
        "decision": state.decision(),
        "timeline": record.timeline.entries().iter().map(entry).collect::<Vec<_>>(),
    })
}

fn read_problem(state: &State) -> Option<&ReadProblem> {
    match state {
        State::Pending(pending) => pending.reading.problem.as_ref(),
        _ => None,
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

#[cfg(test)]
mod tests {
    use shared::approval::{
        Account, Basis, Decision, Delivered, Identity, Instance, InstanceId, Origin, Outcome, Parked,
        ProcessCode, Record, Request, UserId,
    };

    use super::*;

    #[test]
    fn what_does_not_get_through_is_shown_with_what_to_do_and_closed_is_told_from_confirmed() {
        let (at, instance) = (Timestamp::UNIX_EPOCH, None);
        let decision = Decision {
            outcome: Outcome::Withdrawn,
            at,
            by: None,
            comment: None,
            basis: Basis::SourceWithdrew,
        };
        let parked = |reason: &str| {
            let (decision, reason) = (decision.clone(), reason.to_owned());
            remedy(&State::Parked(Parked { decision, instance: None, at, reason })).unwrap_or_default()
        };
        let unclear = parked("answered, but not with a yes: HTTP 200, an empty body");
        assert!(unclear.contains("accepts") && unclear.contains("bridge resend"), "{unclear}");
        let no = parked("HTTP 200, success false");
        assert!(no.contains("bridge probe dataphin") && no.contains("bridge resend"), "{no}");
        let delivered = |closed_already| {
            let (decision, instance) = (decision.clone(), instance.clone());
            status_line(&State::Delivered(Delivered { decision, instance, at, closed_already }))
        };
        assert_eq!(delivered(true), "delivered: Dataphin had closed it already");
        assert_eq!(delivered(false), "delivered: confirmed");
    }

    #[test]
    fn an_instance_that_does_not_tell_its_outcome_is_shown_with_since_when_and_why() {
        let at = Timestamp::UNIX_EPOCH;
        let mut reading = Reading::first(at, None, true);
        assert_eq!(reading_problem(&reading), "");
        reading.problem = Some(ReadProblem { since: at, code: "finished-without-result".to_owned() });
        let shown = reading_problem(&reading);
        assert!(shown.starts_with("; finished in DingTalk without a result since 19"), "{shown}");
        reading.problem = Some(ReadProblem { since: at, code: "http-403".to_owned() });
        let shown = reading_problem(&reading);
        assert!(shown.starts_with("; the instance cannot be read (http-403) since 19"), "{shown}");
    }

    #[test]
    fn who_was_left_out_is_not_shown_as_asked() {
        let person = |id: &str| Person { account: Account::new(id), ..Person::default() };
        let (gone, asked) = (person("gone"), person("b"));
        let request = Request {
            title: String::new(),
            kind: String::new(),
            template: None,
            requester: None,
            nodes: vec![Node { rule: Rule::Any, approvers: vec![gone.clone(), asked.clone()] }],
        };
        let key =
            ApprovalKey { source: Source::Dataphin, tenant: Tenant::new(""), apply_id: ApplyId::new("1") };
        let at = Timestamp::UNIX_EPOCH;
        let record = Record::of(key, request, String::new(), at);
        let received = Approval::receive(record, ProcessCode::new("PROC-1"), at);
        assert_eq!(nodes(&received.clone().into()), "gone or b", "nobody has looked yet");
        let left_out = Happening::ApproverLeftOut { account: gone.to_string(), reason: "60121".to_owned() };
        let created = received.noted(left_out, at);
        assert_eq!(nodes(&created.clone().withdrawn(at).into()), "b (left out, not in DingTalk: gone)");
        let identity = Identity { person: asked, user_id: UserId::new("u") };
        let instance = Instance {
            id: InstanceId::new("i"),
            process_code: ProcessCode::new("PROC-1"),
            originator: UserId::new("u"),
            created_at: at,
        };
        let pending = created.created(instance, vec![identity], Origin::Created, None, at);
        assert_eq!(nodes(&pending.into()), "b (left out, not in DingTalk: gone)");
    }
}
