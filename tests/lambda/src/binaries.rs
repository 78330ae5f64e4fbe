//! Where the function binaries are: built by cargo beside this test, in the same profile.

use std::{path::PathBuf, process::Command, sync::OnceLock};

/// The functions, by the names of their binaries.
pub const FUNCTIONS: [&str; 6] = ["submit", "callback", "test-connection", "template", "relay", "sweep"];

/// The one-machine host.
const HOST: &str = "bridge";

/// A binary of ours. The first who asks has all of them built.
pub fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build).join(name)
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
