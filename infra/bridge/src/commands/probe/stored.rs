//! The request of a probe, where this machine's bridge keeps it: Dataphin is told its own outcome, and no other.

use std::path::Path;

use anyhow::{Context, Result, bail};
use shared::{
    approval::{
        ApplyId, Approval, ApprovalId, ApprovalKey, Happening, Outcome, Source, Tenant, alias::Meaning,
    },
    config::BridgeConfig,
    dataphin::{DryRun, TestRequest},
    store::{CommitError, Store},
    world::World,
};

use super::{super::show, Tried};

/// A running bridge may commit at the same moment.
const COMMIT_ATTEMPTS: usize = 5;

/// An approval of this machine's store that is probed with.
pub(super) struct Stored {
    store: Store,
    id: ApprovalId,
    /// What Dataphin is told.
    pub test: TestRequest,
}

impl Stored {
    /// The approval of a request, if this machine's bridge keeps it. An error where it has no outcome, or another than
    /// is `asked`.
    pub async fn find(apply_id: &str, tenant: &str, asked: Option<Outcome>) -> Result<Option<Self>> {
        let Ok(config) = BridgeConfig::from_env() else { return Ok(None) };
        if config.dynamodb_endpoint.is_none() && !Path::new(&config.file).exists() {
            return Ok(None);
        }
        let store = show::open(&config)?;
        let Some(approval) = load(&store, apply_id, tenant).await? else { return Ok(None) };
        let Approval { record, state } = &approval;
        let (apply_id, status) = (&record.key.apply_id, state.status().name());
        let Some(decision) = state.decision() else {
            bail!(
                "request {apply_id} is {status}: it has no outcome that Dataphin could be told. Decide it in DingTalk first, or \
                 probe with another request"
            );
        };
        if let Some(asked) = asked
            && asked != decision.outcome
        {
            bail!(
                "request {apply_id} is {}: Dataphin is told nothing else of it. Leave --result out, or probe with another \
                 request",
                decision.outcome
            );
        }
        let test = TestRequest::decided(record, decision);
        Ok(Some(Self { store, id: record.id.clone(), test }))
    }

    /// Notes that Dataphin is about to be told. Do this first.
    pub async fn announce(&self, world: &World) -> Result<()> {
        let note = Happening::ProbeSent { outcome: self.test.outcome };
        self.note(note, world).await.context("the approval's timeline cannot be written; nothing was sent")
    }

    /// Notes what came of it.
    pub async fn conclude(&self, tried: &[Tried], world: &World) -> Result<()> {
        let Some(last) = tried.iter().max_by_key(|one| rank(&one.exchange.verdict)) else { return Ok(()) };
        let (callbacks, answer) = (tried.len(), last.exchange.verdict.to_string());
        let note = Happening::ProbeAnswered { callbacks, answer };
        self.note(note, world).await.context("the approval's timeline does not hold the answer")
    }

    async fn note(&self, note: Happening, world: &World) -> Result<()> {
        for _ in 0..COMMIT_ATTEMPTS {
            let Some(approval) = self.store.load(&self.id).await? else { bail!("the approval is gone") };
            match self.store.commit(approval.noted(note.clone(), world.now())).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(CommitError::Conflict.into())
    }
}

/// The answer that says most of what Dataphin knows now.
fn rank(verdict: &DryRun) -> u8 {
    match verdict {
        DryRun::Accepted(_) => 2,
        DryRun::Unclear(_) => 1,
        DryRun::Refused(_) => 0,
    }
}

/// By the source's id, or by our own.
async fn load(store: &Store, id: &str, tenant: &str) -> Result<Option<Approval>> {
    let (source, apply_id) = (Source::Dataphin, ApplyId::new(id));
    let known = store.known_as(source, &apply_id).await?;
    let key = ApprovalKey { source, tenant: Tenant::new(tenant), apply_id };
    let id = match known.alias.meaning(&key) {
        Meaning::Known(id) | Meaning::Unclaimed(id) => id,
        Meaning::New => ApprovalId::new(id),
        Meaning::Ambiguous => bail!("several tenants have a request {id}: say which with --tenant"),
    };
    Ok(store.load(&id).await?)
}
