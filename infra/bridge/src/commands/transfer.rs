//! `export` and `import`: everything to another place, approvals in flight included.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use clap::Args;
use shared::{
    config::BridgeConfig,
    store::{Put, RawItem, Store, StoreError},
    world::World,
};
use tokio::task::JoinSet;

use crate::{
    archive::{self, Seal},
    host::{self, Storage},
};

/// Items that are put at the same time.
const AT_ONCE: usize = 32;
/// A store that turns a write away for its rate is asked again, so often.
const MOST_TRIES: u32 = 12;
const WAIT: Duration = Duration::from_millis(50);
const TELL_EVERY: Duration = Duration::from_secs(1);

#[derive(Args)]
pub(super) struct Export {
    /// The file to write; it is readable for its owner only
    file: PathBuf,
}

#[derive(Args)]
pub(super) struct Import {
    /// A file that `bridge export` wrote
    file: PathBuf,
}

impl Export {
    pub(super) async fn run(self) -> Result<()> {
        let world = World::real();
        // Locked: nothing may change under it.
        let (store, _lock) =
            host::open_store(&BridgeConfig::from_env()?, Storage::Configured, world.clone())?;
        ensure!(store.table_exists().await?, "there is no table to export");
        let seal = export(&store, &self.file, &world).await?;
        say!("{} items in {}", seal.items, self.file.display());
        say!("sha256 {}", seal.sha256);
        Ok(())
    }
}

impl Import {
    pub(super) async fn run(self) -> Result<()> {
        let world = World::real();
        let (store, _lock) =
            host::open_store(&BridgeConfig::from_env()?, Storage::Configured, world.clone())?;
        store.create_table_if_missing().await?;
        // The whole file is proved before anything is put.
        let seal = archive::read(&self.file, |_| Ok(()))?;
        let (new, same) = import(&store, &self.file, seal.items).await?;
        say!("{new} items put, {same} were there already");
        let proof = std::env::temp_dir().join(format!("approval-bridge-{}.jsonl", std::process::id()));
        let found = export(&store, &proof, &world).await;
        let _ = std::fs::remove_file(&proof);
        let found = found?;
        if found != seal {
            bail!(
                "the store holds {} items with another checksum than the file's {}: it was in use, or held something before",
                found.items,
                seal.items
            );
        }
        say!("verified: the store holds the same {} items, sha256 {}", seal.items, seal.sha256);
        Ok(())
    }
}

async fn export(store: &Store, file: &Path, world: &World) -> Result<Seal> {
    let (mut writer, mut from, mut told) = (archive::Writer::begin(file)?, None, Told::new());
    loop {
        let (items, next) = store.raw_page(from, world.now()).await?;
        for item in items {
            writer.take(item)?;
        }
        told.progress("read", writer.taken() as u64, None);
        from = next;
        if from.is_none() {
            return writer.finish();
        }
    }
}

/// Puts what is missing. Whatever was put by an import that was cut short is found the same, and left.
async fn import(store: &Store, file: &Path, all: u64) -> Result<(u64, u64)> {
    let (items, mut waiting) = tokio::sync::mpsc::channel::<RawItem>(AT_ONCE * 4);
    let path = file.to_owned();
    let reader =
        tokio::task::spawn_blocking(move || archive::read(&path, |item| Ok(items.blocking_send(item)?)));
    let (mut puts, mut new, mut same, mut told) = (JoinSet::new(), 0, 0, Told::new());
    let mut count = |put: Put, key: &str| -> Result<()> {
        match put {
            Put::Done => new += 1,
            Put::Same => same += 1,
            Put::Differs => bail!("{key} is there already, and differs: import into an empty table"),
        }
        told.progress("put", new + same, Some(all));
        Ok(())
    };
    while let Some(item) = waiting.recv().await {
        if puts.len() >= AT_ONCE
            && let Some(put) = puts.join_next().await
        {
            let (put, key): (Result<Put, StoreError>, String) = put?;
            count(put?, &key)?;
        }
        let store = store.clone();
        puts.spawn(async move { (put(&store, &item).await, item.key) });
    }
    while let Some(put) = puts.join_next().await {
        let (put, key) = put?;
        count(put?, &key)?;
    }
    reader.await??;
    Ok((new, same))
}

async fn put(store: &Store, item: &RawItem) -> Result<Put, StoreError> {
    let mut wait = WAIT;
    for _ in 1..MOST_TRIES {
        match store.put_raw(item).await {
            Err(StoreError::Unavailable(_) | StoreError::Unreached(_)) => tokio::time::sleep(wait).await,
            answered => return answered,
        }
        wait = (wait * 2).min(Duration::from_secs(5));
    }
    store.put_raw(item).await
}

/// Tells how far it is, once a second.
struct Told(Instant);

impl Told {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn progress(&mut self, what: &str, done: u64, all: Option<u64>) {
        if self.0.elapsed() >= TELL_EVERY {
            self.0 = Instant::now();
            let of = all.map_or(String::new(), |all| format!(" of {all}"));
            eprintln!("{what} {done}{of}");
        }
    }
}
