//! Resident memory of a `serve` process of its own.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use shared::world::World;

use super::{round_trips, site};

/// In megabytes.
pub(super) struct Memory {
    pub idle: f64,
    pub after: f64,
}

pub(super) async fn measure(round_trips: usize) -> Result<Memory> {
    let world = World::real();
    let folder = site::folder(&world)?;
    let mut sandbox = site::simulators(&world).await?;
    // Free just now; nobody else on this machine hurries to take it.
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    sandbox.set("BRIDGE_FILE", folder.join("bridge.db").to_string_lossy());
    sandbox.set("BRIDGE_LISTEN", address.to_string());
    let mut serve = Command::new(std::env::current_exe()?)
        .arg("serve")
        .envs(sandbox.variables())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let measured = measure_process(&serve, &sandbox, &format!("http://{address}"), round_trips).await;
    serve.kill()?;
    serve.wait()?;
    let _ = std::fs::remove_dir_all(folder);
    measured
}

async fn measure_process(
    serve: &Child,
    sandbox: &crate::sandbox::Sandbox,
    bridge: &str,
    round_trips: usize,
) -> Result<Memory> {
    for _ in 0..100 {
        if sandbox.connect(bridge).await.is_ok() {
            let idle = resident(serve)?;
            round_trips::run(sandbox, round_trips, 32).await?;
            return Ok(Memory { idle, after: resident(serve)? });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("`serve` did not come up")
}

fn resident(process: &Child) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}
