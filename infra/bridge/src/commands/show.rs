//! `show`: where a request stands, and what happened to it.

use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use shared::{
    approval::{ApplyId, Approval, ApprovalId, ApprovalKey, Source, State, Status, Tenant},
    config::BridgeConfig,
    store::Store,
    world::World,
};

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
        let config = BridgeConfig::from_env()?;
        if config.dynamodb_endpoint.is_none() && !Path::new(&config.file).exists() {
            bail!("there is no data file {}: set BRIDGE_FILE to the one `bridge serve` uses", config.file);
        }
        let (store, _) = host::open_store(&config, Storage::Beside, World::real()).await?;
        let found = find(&store, self.id.trim(), self.tenant.as_deref()).await?;
        if found.is_empty() {
            bail!("no request {}", self.id);
        }
        if self.json {
            say!("{:#}", Value::Array(found.iter().map(machine).collect()));
        } else {
            for approval in &found {
                say!("{}", readable(approval));
            }
        }
        Ok(())
    }
}

/// Approvals by our own id, by the source's id within a tenant, or by the source's id alone.
async fn find(store: &Store, id: &str, tenant: Option<&str>) -> Result<Vec<Approval>> {
    let key = |tenant| ApprovalKey { source: Source::Dataphin, tenant, apply_id: ApplyId::new(id) };
    let exact = if id.starts_with("ap-") {
        Some(ApprovalId::new(id))
    } else {
        tenant.map(|tenant| key(Tenant::new(tenant)).id())
    };
    let ids = match exact {
        Some(id) => vec![id],
        None => store.find(&ApplyId::new(id), &Status::ALL).await?,
    };
    let mut found = Vec::new();
    for id in ids {
        found.extend(store.load(&id).await?);
    }
    Ok(found)
}

/// The approval for a person, as a block of lines.
pub(crate) fn readable(approval: &Approval) -> String {
    let Approval { record, state } = approval;
    let mut lines = vec![
        format!("request   {} (tenant {})", record.key.apply_id, or_dash(record.key.tenant.as_str())),
        format!("approval  {}", record.id),
        format!("title     {}", record.request.title),
        format!("status    {}", status_line(state)),
    ];
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
    lines.push("timeline".to_owned());
    let zone = TimeZone::system();
    for (index, entry) in record.timeline.entries().iter().enumerate() {
        let at = entry.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f");
        lines.push(format!("  {at}  {}", entry.what));
        if index == 15 && record.timeline.left_out() > 0 {
            lines.push(format!("  … {} entries left out …", record.timeline.left_out()));
        }
    }
    lines.join("\n")
}

fn status_line(state: &State) -> String {
    let name = state.status().name();
    match state {
        State::Refused(refused) => format!("{name}: {}", refused.message),
        State::Parked(parked) => format!("{name}: {}", parked.reason),
        State::Decided(decided) => {
            let delivery = &decided.delivery;
            let error = delivery.last_error.as_ref().map_or(String::new(), |error| format!(" ({error})"));
            format!("{name}; delivery attempt {} until {}{error}", delivery.attempts, delivery.next_at)
        }
        _ => name.to_owned(),
    }
}

/// The approval for a machine.
fn machine(approval: &Approval) -> Value {
    let Approval { record, state } = approval;
    let entry = |entry: &shared::approval::Entry| json!({"at": entry.at, "what": entry.what, "sentence": entry.what.to_string()});
    json!({
        "id": record.id,
        "source": record.key.source,
        "tenant": record.key.tenant,
        "applyId": record.key.apply_id,
        "title": record.request.title,
        "status": state.status(),
        "receivedAt": record.received_at,
        "updatedAt": record.updated_at,
        "dueAt": state.due_at(),
        "instance": state.instance(),
        "decision": state.decision(),
        "timeline": record.timeline.entries().iter().map(entry).collect::<Vec<_>>(),
    })
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
