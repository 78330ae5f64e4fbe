//! Everything that is stored, as one file: an item a line in the order of their keys, and a last line with their number and
//! checksum. The same items are always the same bytes.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::{hex::hex, store::RawItem};

/// Titles and comments are in it.
const OWNER_ONLY: u32 = 0o600;

/// What the last line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// How many items there are.
    pub items: u64,
    /// SHA-256 over their lines.
    pub sha256: String,
}

/// Takes items in any order, and writes them in the order of their keys.
pub struct Writer {
    target: PathBuf,
    unsorted: BufWriter<File>,
    path: PathBuf,
    at: u64,
    lines: Vec<(String, u64, u32)>,
}

impl Writer {
    /// Begins a file; nothing stands under its name before it is whole.
    pub fn begin(target: &Path) -> Result<Self> {
        let path = beside(target, "unsorted");
        let unsorted = BufWriter::new(private(&path)?);
        Ok(Self { target: target.to_owned(), unsorted, path, at: 0, lines: Vec::new() })
    }

    /// Takes an item.
    pub fn take(&mut self, item: RawItem) -> Result<()> {
        let length = u32::try_from(item.json.len()).context("an item is too long")?;
        self.unsorted.write_all(item.json.as_bytes())?;
        self.lines.push((item.key, self.at, length));
        self.at += u64::from(length);
        Ok(())
    }

    /// How many were taken.
    pub fn taken(&self) -> usize {
        self.lines.len()
    }

    /// Puts them in order and seals the file.
    pub fn finish(mut self) -> Result<Seal> {
        let mut unsorted = self.unsorted.into_inner().context("the file cannot be written")?;
        self.lines.sort();
        let whole = beside(&self.target, "part");
        let mut sorted = BufWriter::new(private(&whole)?);
        let (mut hash, mut line) = (Sha256::new(), Vec::new());
        for (_, at, length) in &self.lines {
            line.resize(*length as usize, 0);
            unsorted.seek(SeekFrom::Start(*at))?;
            unsorted.read_exact(&mut line)?;
            line.push(b'\n');
            hash.update(&line);
            sorted.write_all(&line)?;
        }
        let seal = Seal { items: self.lines.len() as u64, sha256: hex(&hash.finalize()) };
        writeln!(sorted, "{}", serde_json::to_string(&seal)?)?;
        sorted.into_inner().context("the file cannot be written")?.sync_all()?;
        std::fs::rename(&whole, &self.target)?;
        std::fs::remove_file(&self.path)?;
        Ok(seal)
    }
}

/// Reads a file from its beginning to its seal, handing each item on.
pub fn read(source: &Path, mut each: impl FnMut(RawItem) -> Result<()>) -> Result<Seal> {
    let file = File::open(source).with_context(|| format!("{} cannot be read", source.display()))?;
    let (mut hash, mut items, mut line) = (Sha256::new(), 0, String::new());
    let mut lines = BufReader::new(file);
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            bail!("{} ends without its seal: it is not whole", source.display());
        }
        if let Ok(seal) = serde_json::from_str::<Seal>(&line) {
            let found = Seal { items, sha256: hex(&hash.finalize()) };
            ensure!(seal == found, "{} was changed: its checksum does not fit", source.display());
            return Ok(seal);
        }
        hash.update(&line);
        items += 1;
        each(RawItem::read(line.trim_end()).with_context(|| format!("line {items} is no item"))?)?;
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    name.into()
}

fn private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).mode(OWNER_ONLY).open(path);
    file.with_context(|| format!("{} cannot be written", path.display()))
}
