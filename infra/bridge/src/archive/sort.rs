//! Puts any number of items in order in little memory: what does not fit goes to disk in sorted runs, which are merged.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    ops::Range,
    os::unix::fs::FileExt,
};

use shared::store::RawItem;

/// Items are sorted in memory up to this size.
const RUN: usize = 16 << 20;
/// What an item takes in memory beside its texts.
const AROUND: usize = 64;
/// Each run is read in pieces of this size when they are merged.
const PIECE: usize = 64 << 10;

type Line = (String, String);

/// Takes items in any order.
pub(super) struct Sorter {
    disk: BufWriter<File>,
    written: u64,
    runs: Vec<Range<u64>>,
    waiting: Vec<Line>,
    size: usize,
    run: usize,
}

impl Sorter {
    /// Sorts with the help of an empty file.
    pub(super) fn new(disk: File) -> Self {
        let disk = BufWriter::with_capacity(PIECE, disk);
        Self { disk, written: 0, runs: Vec::new(), waiting: Vec::new(), size: 0, run: RUN }
    }

    /// Takes an item.
    pub(super) fn take(&mut self, item: &RawItem) -> io::Result<()> {
        self.size += item.key().len() + item.json().len() + AROUND;
        self.waiting.push((item.key().to_owned(), item.json().to_owned()));
        if self.size >= self.run { self.end_run() } else { Ok(()) }
    }

    fn end_run(&mut self) -> io::Result<()> {
        self.waiting.sort();
        let from = self.written;
        for (key, json) in self.waiting.drain(..) {
            for text in [key, json] {
                self.disk.write_all(&(text.len() as u64).to_le_bytes())?;
                self.disk.write_all(text.as_bytes())?;
                self.written += 8 + text.len() as u64;
            }
        }
        self.size = 0;
        self.runs.push(from..self.written);
        Ok(())
    }

    /// Hands key and JSON of each item on, in the order of their keys.
    pub(super) fn finish<E: From<io::Error>>(
        mut self,
        mut each: impl FnMut(&str, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.runs.is_empty() {
            self.waiting.sort();
            return self.waiting.iter().try_for_each(|(key, json)| each(key, json));
        }
        self.end_run()?;
        let disk = self.disk.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut runs: Vec<Run<'_>> = self.runs.into_iter().map(|range| Run::new(&disk, range)).collect();
        let mut first = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            first.extend(run.next()?.map(|line| Reverse((line, number))));
        }
        while let Some(Reverse(((key, json), number))) = first.pop() {
            each(&key, &json)?;
            if let Some(run) = runs.get_mut(number) {
                first.extend(run.next()?.map(|line| Reverse((line, number))));
            }
        }
        Ok(())
    }
}

/// A sorted part of the file.
struct Run<'a>(BufReader<Part<'a>>);

impl<'a> Run<'a> {
    fn new(disk: &'a File, range: Range<u64>) -> Self {
        Self(BufReader::with_capacity(PIECE, Part { disk, range }))
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        let Some(key) = self.text()? else { return Ok(None) };
        let json = self.text()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Some((key, json)))
    }

    fn text(&mut self) -> io::Result<Option<String>> {
        if self.0.get_ref().range.is_empty() && self.0.buffer().is_empty() {
            return Ok(None);
        }
        let mut length = [0; 8];
        self.0.read_exact(&mut length)?;
        let length = usize::try_from(u64::from_le_bytes(length)).map_err(io::Error::other)?;
        let mut text = vec![0; length];
        self.0.read_exact(&mut text)?;
        String::from_utf8(text).map(Some).map_err(io::Error::other)
    }
}

struct Part<'a> {
    disk: &'a File,
    range: Range<u64>,
}

impl Read for Part<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        let most = into.len().min(left);
        let read = self.disk.read_at(into.get_mut(..most).unwrap_or_default(), self.range.start)?;
        self.range.start += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_into_memory_is_sorted_all_the_same() {
        let (mut keys, path) =
            (Vec::new(), std::env::temp_dir().join(format!("sort-{}", std::process::id())));
        let disk = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut sorter = Sorter { run: 1000, ..Sorter::new(disk) };
        for n in 0..5000_u32 {
            let key = format!("A#{}\t标题", n.wrapping_mul(2_654_435_761));
            let json = format!(r#"{{"pk":{{"S":{}}}}}"#, serde_json::to_string(&key).unwrap());
            sorter.take(&RawItem::read(&json).unwrap()).unwrap();
            keys.push(key);
        }
        keys.sort();
        let mut in_order = Vec::new();
        let each = |key: &str, json: &str| {
            assert_eq!(RawItem::read(json).unwrap().key(), key);
            in_order.push(key.to_owned());
            Ok::<_, io::Error>(())
        };
        sorter.finish(each).unwrap();
        assert_eq!(in_order, keys);
    }
}
