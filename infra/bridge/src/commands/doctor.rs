//! `doctor`: what is wrong with this installation, and where to mend it.

use std::{fs::OpenOptions, io::IsTerminal, path::Path};

use anyhow::{Result, bail};
use clap::Args;
use shared::{
    aws::MissingAws,
    config::{BridgeConfig, Variables},
    diagnosis::{Diagnosis, Doctor, Failure, Finding, Outcome, Storage, Words},
    visible::visible,
    world::World,
};

use super::say::{print_coloured, print_json};
use crate::host;

#[derive(Args)]
pub(super) struct Examine {
    /// Only what Dataphin's Test Connection checks
    #[arg(long)]
    quick: bool,
    /// For machines
    #[arg(long)]
    json: bool,
}

impl Examine {
    /// An error when something failed.
    pub(super) async fn run(self) -> Result<()> {
        let world = World::real();
        let storage = storage(&world).await;
        let doctor = Doctor::beside(Variables::from_env(), storage, world)?;
        let diagnosis = if self.quick { doctor.quick().await } else { doctor.full().await };
        if self.json {
            print_json(&diagnosis)?;
        } else {
            let colours = std::io::stdout().is_terminal();
            diagnosis.findings.iter().for_each(|finding| print(finding, colours));
        }
        conclude(&diagnosis)
    }
}

fn conclude(diagnosis: &Diagnosis) -> Result<()> {
    match diagnosis.failed().count() {
        0 => Ok(()),
        1 => bail!("1 check failed"),
        failed => bail!("{failed} checks failed: mend the first one first"),
    }
}

/// The store beside a running bridge, or why there is none. Nothing is made.
async fn storage(world: &World) -> Storage {
    let Ok(bridge) = BridgeConfig::from_env() else {
        return Storage::Unknown("the configuration of the bridge itself is not right".to_owned());
    };
    if bridge.dynamodb_endpoint.is_none() && !Path::new(&bridge.file).exists() {
        return not_yet(&bridge.file);
    }
    match host::open_store(&bridge, host::Storage::Beside, world.clone()) {
        Ok((store, _)) => match store.table_exists().await {
            // A start that was cut short leaves a file without a table; the next one makes it.
            Ok(false) if bridge.dynamodb_endpoint.is_none() => {
                Storage::NotYet(format!("{} holds no table yet: made at the first start", bridge.file))
            }
            _ => Storage::Open(store),
        },
        Err(error) => Storage::Unusable(match error.downcast_ref::<MissingAws>() {
            Some(missing) => Failure::new(missing.to_string(), Words::variable(missing.variable())),
            None => Failure::new(format!("{error:#}"), place(&bridge.file)),
        }),
    }
}

/// The data file is made at the first start, if its folder lets us.
fn not_yet(file: &str) -> Storage {
    let folder = Path::new(file).parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // Only trying tells: rights, mounts and full disks come in too many kinds.
    let probe = folder.join(format!(".bridge-doctor-{}", std::process::id()));
    match OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => {
            let _ = std::fs::remove_file(&probe);
            Storage::NotYet(format!("{file} is made at the first start"))
        }
        Err(error) => {
            let cause = format!("{file} cannot be made: {} cannot be written to ({error})", folder.display());
            Storage::Unusable(Failure::new(cause, place(file)))
        }
    }
}

fn place(file: &str) -> Words {
    Words::new(
        format!("BRIDGE_FILE in the bridge's environment, or owner and rights of {file} and its folder"),
        format!("网桥环境变量 BRIDGE_FILE，或 {file} 及其所在目录的属主与权限"),
    )
}

fn print(finding: &Finding, colours: bool) {
    let (mark, colour) = match &finding.outcome {
        Outcome::Passed { .. } => ('✓', 32),
        Outcome::Warned(_) => ('!', 33),
        Outcome::Failed(_) => ('✗', 31),
        Outcome::Skipped { .. } => ('–', 90),
    };
    let rest = readable(finding);
    if colours { print_coloured(mark, colour, &rest) } else { say!("{mark}{rest}") }
}

/// A finding as a block of lines, without its mark. It may quote what somebody wrote.
fn readable(finding: &Finding) -> String {
    let facts = finding.check.facts();
    let name = format!("{} · {}", facts.en, facts.zh);
    match &finding.outcome {
        Outcome::Passed { proved: text } | Outcome::Skipped { why: text } => {
            format!(" {name}: {}", visible(&text.en))
        }
        Outcome::Failed(failure) | Outcome::Warned(failure) => {
            let code = failure.code.as_ref().map_or_else(String::new, |code| format!(" [{code}]"));
            let (cause, mend) = (visible(&format!("{}{code}", failure.cause.en)), &failure.mend);
            format!(" {name}\n    {cause}\n    mend: {}\n    修复: {}", visible(&mend.en), visible(&mend.zh))
        }
    }
}
