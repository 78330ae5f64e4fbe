//! A file that was read from its beginning to its seal: what it holds is known, and that it is whole.

use std::path::PathBuf;

use anyhow::{Result, anyhow, ensure};
use shared::store::{RawItem, RawKind};

use super::{progress::Progress, tally::Tally};
use crate::archive::{Digest, Digests, Reader, Seal};

/// A whole file.
pub(super) struct Proved {
    path: PathBuf,
    /// What its last line says.
    pub(super) seal: Seal,
    /// Which items it holds.
    pub(super) digests: Digests,
    templates: Option<RawItem>,
    has_tenants: bool,
}

impl Proved {
    /// Reads the whole file, and counts what is in it.
    pub(super) fn prove(path: PathBuf) -> Result<(Self, Tally)> {
        let (mut reader, mut progress) = (Reader::open(&path)?, Progress::begin("proved", None));
        let (mut digests, mut tally) = (Vec::new(), Tally::default());
        let (mut templates, mut has_tenants) = (None, false);
        while let Some(item) = reader.next_item()? {
            digests.push(Digest::of(&item));
            tally.count(&item);
            progress.add(1);
            has_tenants |= item.kind() == RawKind::Tenants;
            if item.kind() == RawKind::Templates {
                templates = Some(item);
            }
        }
        let seal = reader.seal().cloned().ok_or_else(|| anyhow!("{} has no seal", path.display()))?;
        Ok((Self { path, seal, digests: Digests::new(digests), templates, has_tenants }, tally))
    }

    /// The item of its templates, if that was not met in the store.
    pub(super) fn unmet_templates(&self) -> Option<&RawItem> {
        self.templates.as_ref().filter(|item| !self.digests.is_met(Digest::of(item)))
    }

    /// Whether it says which tenants' approvals may have no alias.
    pub(super) fn has_tenants(&self) -> bool {
        self.has_tenants
    }

    /// Those items that were not met in the store.
    pub(super) fn unmet(&self) -> Result<Unmet<'_>> {
        Ok(Unmet { file: self, reader: Reader::open(&self.path)? })
    }
}

/// Items of the file that were not met, in order.
pub(super) struct Unmet<'a> {
    file: &'a Proved,
    reader: Reader,
}

impl Unmet<'_> {
    /// The next one.
    pub(super) fn next(&mut self) -> Result<Option<RawItem>> {
        while let Some(item) = self.reader.next_item()? {
            if !self.file.digests.is_met(Digest::of(&item)) {
                return Ok(Some(item));
            }
        }
        let is_same = self.reader.seal() == Some(&self.file.seal);
        ensure!(is_same, "{} was changed meanwhile: run the command again", self.file.path.display());
        Ok(None)
    }
}
