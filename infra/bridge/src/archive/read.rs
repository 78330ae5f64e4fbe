//! Reading an archive.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest as _, Sha256};
use shared::{hex::hex, store::RawItem};

use super::{Head, NAME, Seal, VERSION};

/// No item of 400 KB is longer, however many escapes it needs.
const LONGEST_LINE: u64 = 8 << 20;
const CURE: &str = "copy it again from where it was written, or export again";

/// Reads a file from its beginning to its seal. What it gave is proved only when the seal was read.
pub struct Reader {
    name: String,
    lines: BufReader<File>,
    line: Vec<u8>,
    hash: Sha256,
    items: u64,
    last_key: Option<String>,
    seal: Option<Seal>,
}

impl Reader {
    /// Opens a file, and reads its first line.
    pub fn open(source: &Path) -> Result<Self> {
        let name = source.display().to_string();
        let file = File::open(source).with_context(|| format!("{name} cannot be read"))?;
        let lines = BufReader::with_capacity(1 << 18, file);
        let (line, hash) = (Vec::new(), Sha256::new());
        let mut opened = Self { name, lines, line, hash, items: 0, last_key: None, seal: None };
        opened.next_line()?;
        let name = &opened.name;
        let head: Option<Head> = serde_json::from_slice(&opened.line).ok();
        let Some(head) = head.filter(|head| head.archive == NAME) else {
            bail!("{name} is no archive of `bridge export`")
        };
        ensure!(
            head.version == VERSION,
            "{name} is an archive of version {}, and this bridge reads version {VERSION}: import it with the bridge that \
             exported it",
            head.version
        );
        Ok(opened)
    }

    /// The next item; none when the seal was read, and fits.
    pub fn next_item(&mut self) -> Result<Option<RawItem>> {
        if self.seal.is_some() {
            return Ok(None);
        }
        self.hash.update(&self.line);
        self.next_line()?;
        let name = &self.name;
        ensure!(!self.line.is_empty(), "{name} ends without its seal: it is not whole; {CURE}");
        if let Ok(seal) = serde_json::from_slice::<Seal>(&self.line) {
            return self.end(seal).map(|()| None);
        }
        self.items += 1;
        let number = self.items + 1;
        let line = self.line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
        let Some(item) = line.and_then(RawItem::read) else {
            bail!("line {number} of {name} is no item: the file was changed, or is not whole; {CURE}")
        };
        let key = Some(item.key().to_owned());
        ensure!(self.last_key < key, "line {number} of {name} is out of order: the file was changed; {CURE}");
        self.last_key = key;
        Ok(Some(item))
    }

    /// What the last line says, once it was read.
    pub fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    fn end(&mut self, seal: Seal) -> Result<()> {
        let found = Seal { items: self.items, sha256: hex(&self.hash.clone().finalize()) };
        ensure!(seal == found, "{} was changed: its checksum does not fit; {CURE}", self.name);
        self.next_line()?;
        ensure!(self.line.is_empty(), "{} goes on after its seal: it was changed; {CURE}", self.name);
        self.seal = Some(seal);
        Ok(())
    }

    fn next_line(&mut self) -> Result<()> {
        self.line.clear();
        let mut limited = self.lines.by_ref().take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut self.line);
        read.with_context(|| format!("{} cannot be read", self.name))?;
        Ok(())
    }
}
