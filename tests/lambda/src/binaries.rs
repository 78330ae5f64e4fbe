//! Where the function binaries are: built by cargo beside this test, in the same profile, or as they are deployed.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Names the folder that `sam build` has filled; without it cargo builds.
const BUILT: &str = "FUNCTIONS_BUILT";

/// The functions, by the names of their binaries.
pub const FUNCTIONS: [&str; 6] = ["submit", "callback", "test-connection", "template", "relay", "sweep"];

/// The one-machine host.
const HOST: &str = "bridge";

/// A binary of ours. Without a folder of built functions the first who asks has all of them built.
pub fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    match std::env::var_os(BUILT) {
        Some(folder) if name != HOST => built(Path::new(&folder), name),
        _ => FOLDER.get_or_init(build).join(name),
    }
}

/// The binary of a function in a folder that `sam build` has filled.
pub fn built(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(logical_id(name)).join("bootstrap");
    assert!(file.is_file(), "{} is not there: `sam build` makes it", file.display());
    file
}

/// A function's name in the SAM template: `test-connection` is `TestConnection`.
fn logical_id(name: &str) -> String {
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('-').map(word).collect()
}

fn build() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own file");
    // target/<profile>/deps/<test>
    let folder = test.ancestors().nth(2).expect("the profile's folder").to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--locked",
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"),
    ]);
    cargo.arg("--target-dir").arg(folder.parent().expect("the target folder"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    for name in FUNCTIONS.into_iter().chain([HOST]) {
        cargo.args(["--package", name, "--bin", name]);
    }
    assert!(cargo.status().expect("cargo runs").success(), "the binaries do not build");
    folder
}
