//! `bridge import`

use std::{fmt, path::PathBuf};

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use clap::Args;
use shared::{
    approval::{Approval, ApprovalId, State},
    config::BridgeConfig,
    store::{CommitError, Put, RawItem, RawKind, Store},
    world::World,
};
use tokio::task::JoinSet;

use super::{
    held::Others,
    judge::{There, Verdict, judge},
    progress::Progress,
    proved::Proved,
};
use crate::{
    archive::Seal,
    host::{self, Storage},
};

/// Items that are put at the same time.
const AT_ONCE: usize = 32;
/// An item that someone else changes at the same moment is looked at again, so often.
const MOST_TRIES: u32 = 5;

#[derive(Args)]
pub(in crate::commands) struct Import {
    /// A file that `bridge export` wrote
    file: PathBuf,
    /// Put the file's approvals beside others that the store holds already
    #[arg(long)]
    join: bool,
}

impl Import {
    pub(in crate::commands) async fn run(self) -> Result<()> {
        let (world, config) = (World::real(), BridgeConfig::from_env()?);
        // The whole file is proved before anything is put.
        let (archive, tally) = Proved::prove(self.file)?;
        let (store, _lock) = host::open_store(&config, Storage::Configured, world.clone())?;
        make_table(&store, &config).await?;
        say!("{} items to move: {tally}", archive.seal.items);
        let mut moving = Moving { store, world, archive, is_fresh: true };
        moving.look(self.join).await?;
        let put = moving.put_missing().await;
        say!("{}", put.context("the import is cut short; run the same command again, it goes on from here")?);
        moving.verify().await.context("not verified")
    }
}

/// On AWS the stack makes the table, with all that belongs to it; another one is a slip of the pen.
async fn make_table(store: &Store, config: &BridgeConfig) -> Result<()> {
    if store.table_exists().await? {
        return Ok(());
    }
    let is_aws =
        config.dynamodb_endpoint.as_ref().is_some_and(|endpoint| endpoint.contains(".amazonaws.com"));
    ensure!(
        !is_aws,
        "there is no table {}: set BRIDGE_TABLE to the stack's output TableName, and AWS_REGION to its region",
        store.table()
    );
    store.create_table_if_missing().await?;
    Ok(())
}

struct Moving {
    store: Store,
    world: World,
    archive: Proved,
    is_fresh: bool,
}

/// What became of the items.
#[derive(Default)]
struct Counts {
    new: u64,
    same: u64,
    kept: u64,
    expired: u64,
}

impl Moving {
    /// Looks at what is there, before anything is put.
    async fn look(&mut self, join: bool) -> Result<()> {
        let mut others = self.others("looked at").await?;
        self.is_fresh = others.approvals().next().is_none();
        let mut unmet = self.archive.unmet()?;
        while let Some(item) = unmet.next()? {
            let there = others.take(item.key());
            if there.is_some_and(|there| judge(&item, &there, self.is_fresh) == Verdict::Clash) {
                return Err(clash(&item));
            }
        }
        let foreign = others.approvals().count();
        ensure!(
            foreign == 0 || join,
            "the table {} holds {foreign} approvals that are not in the file ({}): is it another bridge's? If they belong \
             together, add --join. Nothing was put",
            self.store.table(),
            others.approvals().next().unwrap_or_default()
        );
        Ok(())
    }

    /// Puts what is not there: what an import that was cut short has put is left.
    async fn put_missing(&mut self) -> Result<Counts> {
        let (now, same) = (self.world.now(), self.archive.digests.count_met());
        let mut counts = Counts { same, ..Counts::default() };
        let mut progress = Progress::begin("put", Some(self.archive.seal.items - same));
        // A store that is at work needs them before the first approval.
        if let Some(templates) = self.archive.unmet_templates() {
            counts.add(put(&self.store, &self.world, templates, self.is_fresh).await?);
            progress.add(1);
        }
        let (mut unmet, mut putting, mut kind) = (self.archive.unmet()?, JoinSet::new(), RawKind::Approval);
        while let Some(item) = unmet.next()? {
            if item.kind() == RawKind::Templates {
                continue;
            }
            if item.has_expired(now) {
                counts.expired += 1;
                continue;
            }
            // An instance comes after its approval.
            let most = if item.kind() == kind { AT_ONCE - 1 } else { 0 };
            kind = item.kind();
            while putting.len() > most
                && let Some(put) = putting.join_next().await
            {
                counts.add(put??);
                progress.add(1);
            }
            let (store, world, is_fresh) = (self.store.clone(), self.world.clone(), self.is_fresh);
            putting.spawn(async move { put(&store, &world, &item, is_fresh).await });
        }
        while let Some(put) = putting.join_next().await {
            counts.add(put??);
            progress.add(1);
        }
        // Approvals from before there were aliases: a store that has looked its tenants up does not know of theirs.
        if !self.archive.has_tenants() {
            self.store.renew_tenants().await?;
        }
        // They get them from the bridge that works on this store.
        self.store.restart_aliases().await?;
        Ok(counts)
    }

    /// Reads everything back.
    async fn verify(&mut self) -> Result<()> {
        let mut others = self.others("verified").await?;
        let Seal { items, sha256 } = self.archive.seal.clone();
        let same = self.archive.digests.count_met();
        if same == items {
            say!("verified: the store holds the same {items} items, sha256 {sha256}");
            return Ok(());
        }
        let (mut kept, mut expired, now) = (0, 0, self.world.now());
        let mut unmet = self.archive.unmet()?;
        while let Some(item) = unmet.next()? {
            match others.take(item.key()) {
                Some(there) if judge(&item, &there, false) == Verdict::Keep => kept += 1,
                None if item.has_expired(now) => expired += 1,
                Some(_) => return Err(clash(&item)),
                None => bail!(
                    "{} was put and is not there: something removes what is imported. Find out what, then import again",
                    item.key()
                ),
            }
        }
        say!(
            "verified: of {items} items the store holds {same} as they were; of {kept} it has a state of its own, which is \
             newer; the time of {expired} was over"
        );
        Ok(())
    }

    async fn others(&mut self, what: &'static str) -> Result<Others> {
        let mut progress = Progress::begin(what, None);
        Others::find(&self.store, &mut self.archive.digests, &mut progress, self.world.now()).await
    }
}

impl Counts {
    fn add(&mut self, put: Outcome) {
        match put {
            Outcome::New => self.new += 1,
            Outcome::Same => self.same += 1,
            Outcome::Kept => self.kept += 1,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items put, {} were there already", self.new, self.same)?;
        if self.kept > 0 {
            write!(f, ", {} are the store's own or newer there, and were left", self.kept)?;
        }
        if self.expired > 0 {
            write!(f, ", {} were left out because their time is over", self.expired)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    New,
    Same,
    Kept,
}

async fn put(store: &Store, world: &World, item: &RawItem, is_fresh: bool) -> Result<Outcome> {
    let mut put = store.put_raw(item).await?;
    for _ in 0..MOST_TRIES {
        let there = match put {
            Put::Done => return Ok(Outcome::New),
            Put::Same => return Ok(Outcome::Same),
            Put::Other(there) => there,
        };
        // What has expired is as good as absent: the table's time to live has not come to it yet.
        let verdict = if there.has_expired(world.now()) {
            Verdict::Replace
        } else {
            judge(item, &There::of(&there), is_fresh)
        };
        match verdict {
            Verdict::Keep => return Ok(Outcome::Kept),
            Verdict::Clash => return Err(clash(item)),
            Verdict::Join => {
                store.join_raw(item).await?;
                return Ok(Outcome::New);
            }
            Verdict::Replace => {
                if let Some(approval) = item.owner() {
                    read_at_once(store, world, &ApprovalId::new(approval)).await?;
                }
                put = store.replace_raw(item, &there).await?;
            }
        }
    }
    bail!("{} is being changed all the time: stop whatever writes to this table", item.key())
}

/// DingTalk reported the end of an instance before it was known here: the approval looks for itself, and now.
async fn read_at_once(store: &Store, world: &World, approval: &ApprovalId) -> Result<()> {
    for _ in 0..MOST_TRIES {
        let Some(Approval { record, state: State::Pending(state) }) = store.load(approval).await? else {
            return Ok(());
        };
        match store.commit(Approval { record, state }.read_soon(world.now())).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict) => {}
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
    Ok(())
}

fn clash(item: &RawItem) -> Error {
    let key = item.key();
    anyhow!("{key} is there already, and differs without being newer: import into a table of its own")
}
