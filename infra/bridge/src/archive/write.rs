//! Writing an archive.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{BufWriter, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Error, Result, bail, ensure};
use sha2::{Digest as _, Sha256};
use shared::{hex::hex, store::RawItem};

use super::{Digest, Digests, Head, NAME, Seal, sort::Sorter};

/// Titles and comments are in it.
const OWNER_ONLY: u32 = 0o600;

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
        let part = private(&beside(target, "part"))?;
        // Without a name it goes away with this process, however that ends.
        let unsorted = beside(target, "unsorted");
        let disk = private(&unsorted)?;
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
    let Ok(mut file) = File::open(target) else { return Ok(()) };
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

/// An empty file for us alone: not for other users, and not for a second export to the same name.
fn private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(OWNER_ONLY);
    let opened = || {
        let file = options.open(path)?;
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
        Ok::<_, std::io::Error>(file)
    };
    let file = opened().with_context(|| format!("{} cannot be written", path.display()))?;
    if file.try_lock().is_err() {
        bail!("another `bridge export` writes {}: wait for it, or give another name", path.display());
    }
    file.set_len(0)?;
    Ok(file)
}
