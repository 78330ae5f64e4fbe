//! What is deployed and started, and how large it is.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::binaries::built;

/// A function in some language.
#[derive(Clone)]
pub(super) struct Program {
    /// Its row in the table.
    pub title: &'static str,
    /// The function that it is.
    pub function: &'static str,
    /// Bytes of the archive that would be uploaded.
    pub zipped: u64,
    words: Vec<OsString>,
}

impl Program {
    /// One of ours.
    pub fn function(folder: &Path, name: &'static str) -> Self {
        let bootstrap = built(folder, name);
        Self { title: name, function: name, zipped: zipped(name, &bootstrap), words: vec![bootstrap.into()] }
    }

    /// A peer: the command that starts it.
    pub fn peer(title: &'static str, function: &'static str, zipped: u64, words: Vec<OsString>) -> Self {
        Self { title, function, zipped, words }
    }

    /// Starts it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]);
        command
    }
}

/// Where measuring leaves what it makes.
pub(super) fn workshop() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/measure");
    std::fs::create_dir_all(&folder).expect("a folder under target/");
    folder.canonicalize().expect("it is there")
}

/// The size of what the SAM command line would upload: it, too, writes archives with Python's `zipfile`, deflated.
pub(super) fn zipped(name: &str, content: &Path) -> u64 {
    let archive = workshop().join(format!("{name}.zip"));
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-c"]).arg(&archive).arg(content);
    run(zip);
    archive.metadata().expect("the archive").len()
}

/// Runs a tool that must succeed.
pub(super) fn run(mut tool: Command) {
    let done = tool.output().unwrap_or_else(|error| panic!("{tool:?} does not run: {error}"));
    assert!(done.status.success(), "{tool:?} failed: {}", String::from_utf8_lossy(&done.stderr));
}
