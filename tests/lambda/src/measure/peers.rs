//! The callback in Node and in Python, under `peers/`: installed as their authors pinned them, and bundled as is usual.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use super::program::{Program, run, workshop, zipped};

const NODE: &str = "callback, Node";
const PYTHON: &str = "callback, Python";

/// Installs both.
pub(super) fn install() -> Vec<Program> {
    vec![node(), python()]
}

/// Bundled into one file by esbuild.
fn node() -> Program {
    let folder = copied("node");
    for arguments in [&["ci", "--ignore-scripts", "--no-audit", "--no-fund"][..], &["run", "build"]] {
        let mut npm = Command::new("npm");
        npm.args(arguments).current_dir(&folder);
        run(npm);
    }
    let main = folder.join("dist/main.cjs");
    let size = zipped("node", &main);
    Program::peer(NODE, "callback", size, vec![found("node"), "--no-warnings".into(), main.into()])
}

/// Beside its packages; the archive without compiled files, which are made afterwards so that its start is the faster one.
fn python() -> Program {
    let folder = copied("python");
    let requirements = folder.join("requirements.txt");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "--upgrade", "--target"]);
    pip.arg(&folder).arg("--requirement").arg(&requirements);
    run(pip);
    let size = zipped("python", &folder);
    let mut compile = Command::new("python3");
    compile.args(["-m", "compileall", "-q"]).arg(&folder);
    run(compile);
    Program::peer(PYTHON, "callback", size, vec![found("python3"), folder.join("main.py").into()])
}

/// A fresh copy of a peer's files, to install into.
fn copied(name: &str) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name);
    let to = workshop().join(name);
    let _ = std::fs::remove_dir_all(&to);
    std::fs::create_dir_all(&to).expect("a folder under target/");
    for entry in from.read_dir().expect("the peer's files") {
        let file = entry.expect("a file");
        if file.file_type().is_ok_and(|kind| kind.is_file()) {
            std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
        }
    }
    to
}

/// Where a program is: a function's environment has no PATH.
fn found(program: &str) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let file = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    file.unwrap_or_else(|| panic!("{program} is not installed")).into()
}
