//! Writing an archive.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Error, Result, ensure};
use sha2::{Digest as _, Sha256};
use shared::{hex::hex, store::RawItem};

use super::{Digest, Digests, Head, NAME, Seal, sort::Sorter};
use crate::private;

/// Takes items in any order, and writes them in the order of their keys.
pub struct Writer {
    target: PathBuf,
    part: File,
    sorter: Sorter,
    digests: Vec<Digest>,
}

impl Writer {
    /// Begins a file; nothing stands under its name before it is whole.
    pub fn begin(target: &Path) -> Result<Self> {
        refuse_what_is_no_archive(target)?;
        let part = new_file(&beside(target, "part"))?;
        // Without a name it goes away with this process, however that ends.
        let unsorted = beside(target, "unsorted");
        let disk = new_file(&unsorted)?;
        std::fs::remove_file(&unsorted).with_context(|| unwritten(target))?;
        Ok(Self { target: target.to_owned(), part, sorter: Sorter::new(disk), digests: Vec::new() })
    }

    /// Takes an item.
    pub fn take(&mut self, item: &RawItem) -> Result<()> {
        self.digests.push(Digest::of(item));
        self.sorter.take(item).with_context(|| unwritten(&self.target))
    }

    /// How many were taken.
    pub fn taken(&self) -> u64 {
        self.digests.len() as u64
    }

    /// What was taken, once that is all.
    pub fn digests(&mut self) -> Digests {
        Digests::new(std::mem::take(&mut self.digests))
    }

    /// Puts them in order and seals the file.
    pub fn finish(self) -> Result<Seal> {
        let Self { target, part, sorter, .. } = self;
        let (mut sealed, mut before) = (Sealing::new(part, &target)?, None);
        let each = |key: &str, json: &str| {
            ensure!(before.as_deref() != Some(key), "{key} came twice: it was written while it was read");
            before = Some(key.to_owned());
            sealed.items += 1;
            sealed.line(json)
        };
        sorter.finish::<Error>(each).with_context(|| unwritten(&target))?;
        let seal = Seal { items: sealed.items, sha256: hex(&sealed.hash.finalize()) };
        let (json, mut file) = (serde_json::to_string(&seal)?, sealed.file);
        let mut end = || {
            writeln!(file, "{json}")?;
            file.flush()?;
            file.get_ref().sync_all()?;
            std::fs::rename(beside(&target, "part"), &target)?;
            let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        end().with_context(|| unwritten(&target))?;
        Ok(seal)
    }
}

/// The file as far as it is written.
struct Sealing {
    file: BufWriter<File>,
    hash: Sha256,
    items: u64,
}

impl Sealing {
    fn new(file: File, target: &Path) -> Result<Self> {
        let mut begun = Self { file: BufWriter::with_capacity(1 << 18, file), hash: Sha256::new(), items: 0 };
        begun.line(&serde_json::to_string(&Head::ours())?).with_context(|| unwritten(target))?;
        Ok(begun)
    }

    fn line(&mut self, line: &str) -> Result<()> {
        for bytes in [line.as_bytes(), b"\n"] {
            self.hash.update(bytes);
            self.file.write_all(bytes)?;
        }
        Ok(())
    }
}

/// An older archive may be replaced. Anything else under this name was not meant, a data file least of all.
fn refuse_what_is_no_archive(target: &Path) -> Result<()> {
    if private::look(target)?.is_none() {
        return Ok(());
    }
    let mut file = File::open(target).with_context(|| unwritten(target))?;
    let head = serde_json::to_string(&Head::ours())?;
    let mut begins = vec![0; head.find(NAME).unwrap_or_default() + NAME.len()];
    let read = file.read(&mut begins).with_context(|| unwritten(target))?;
    let is_archive = read == 0 || head.as_bytes().starts_with(&begins);
    ensure!(is_archive, "{} is there already and is no archive: give another name", target.display());
    Ok(())
}

fn unwritten(target: &Path) -> String {
    format!(
        "{} cannot be written (while it is made it needs its size twice; then run the command again)",
        target.display()
    )
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    name.into()
}

/// A new file for us alone: not for other users, and not for a second export to the same name. One that was left by an
/// export that was cut short makes room.
fn new_file(path: &Path) -> Result<File> {
    let name = path.display();
    let busy = || format!("another `bridge export` writes {name}: wait for it, or give another name");
    if let Some(left) = private::open(path)? {
        ensure!(left.try_lock().is_ok(), busy());
        std::fs::remove_file(path).with_context(|| format!("{name} cannot be removed"))?;
    }
    let file = private::create(path)?.with_context(busy)?;
    // Whoever took it for left over before it was locked has removed it.
    ensure!(file.try_lock().is_ok() && private::is_at(&file, path), busy());
    Ok(file)
}
