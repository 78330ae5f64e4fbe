//! `bridge export`

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use shared::{config::BridgeConfig, store::Store, world::World};

use super::{held, progress::Progress, tally::Tally};
use crate::{
    archive::{Digest, Seal, Writer},
    host::{self, Storage},
};

#[derive(Args)]
pub(in crate::commands) struct Export {
    /// The file to write; it is readable for its owner only
    file: PathBuf,
}

impl Export {
    pub(in crate::commands) async fn run(self) -> Result<()> {
        let (world, config) = (World::real(), BridgeConfig::from_env()?);
        let is_file = config.dynamodb_endpoint.is_none();
        ensure!(
            !is_file || Path::new(&config.file).exists(),
            "there is no data file {}: name it in BRIDGE_FILE",
            config.file
        );
        // Locked: nothing may change under it.
        let (store, _lock) = host::open_store(&config, Storage::Configured, world.clone())?;
        ensure!(store.table_exists().await?, "there is no table {}: name it in BRIDGE_TABLE", store.table());
        let (seal, tally) = export(&store, &self.file, &world).await?;
        say!("{} items in {}", seal.items, self.file.display());
        say!("{tally}");
        say!("sha256 {}", seal.sha256);
        Ok(())
    }
}

/// Reads everything twice: nothing but the second time shows that nothing was changed behind the first.
async fn export(store: &Store, file: &Path, world: &World) -> Result<(Seal, Tally)> {
    let (mut writer, mut tally, now) = (Writer::begin(file)?, Tally::default(), world.now());
    let mut progress = Progress::begin("read", None);
    let take = |item| {
        tally.count(&item);
        writer.take(&item)
    };
    held::each(store, now, &mut progress, take).await.context("the export is not done")?;
    drop(progress);
    let mut digests = writer.digests();
    let (mut changed, mut notes) = (0_u64, 0_u64);
    let mut progress = Progress::begin("read again", Some(digests.count()));
    let compare = |item| {
        let is_same = digests.meet(Digest::of(&item));
        *(if held::is_note(&item) { &mut notes } else { &mut changed }) += u64::from(!is_same);
        Ok(())
    };
    held::each(store, now, &mut progress, compare).await.context("the export is not done")?;
    let gone = digests.count() - digests.count_met();
    ensure!(
        changed == 0 && gone <= notes,
        "{} items changed while everything was read: stop whatever serves this store (README, \"Outgrown?\"), then export again",
        changed.max(gone)
    );
    drop(progress);
    Ok((writer.finish()?, tally))
}
