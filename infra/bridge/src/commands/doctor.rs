//! `doctor`: what is wrong with this installation, and where to mend it.

use std::{fs::OpenOptions, io::IsTerminal, path::Path};

use anyhow::{Result, bail};
use clap::Args;
use shared::{
    aws::MissingAws,
    config::{BridgeConfig, Variables},
    diagnosis::{Diagnosis, Doctor, Failure, Finding, Outcome, Storage, Words, nothing_configured},
    visible::visible,
    world::World,
};

use super::{
    data_file,
    language::Language,
    say::{print_coloured, print_json},
};
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
        let variables = Variables::from_env();
        let diagnosis = if let Some(nothing) = nothing_configured(&variables) {
            nothing
        } else {
            let doctor = Doctor::beside(variables, storage(&world).await, world)?;
            if self.quick { doctor.quick().await } else { doctor.full().await }
        };
        let language = Language::of_environment();
        if self.json {
            print_json(&diagnosis)?;
        } else {
            let colours = std::io::stdout().is_terminal();
            diagnosis.findings.iter().for_each(|finding| print(finding, language, colours));
            say!("{}", visible(&first_step(&diagnosis, language)));
        }
        conclude(&diagnosis, language)
    }
}

fn conclude(diagnosis: &Diagnosis, language: Language) -> Result<()> {
    match diagnosis.failed().count() {
        0 => Ok(()),
        1 => bail!("{}", language.choose("1 check failed", "1 项检查未通过")),
        failed => {
            let words = Words::new(format!("{failed} checks failed"), format!("{failed} 项检查未通过"));
            bail!("{}", language.of(&words))
        }
    }
}

/// The one thing to do first: later causes often vanish with the first.
fn first_step(diagnosis: &Diagnosis, language: Language) -> String {
    let Some((finding, failure)) = diagnosis.first_cause().and_then(|it| Some((it, it.failure()?))) else {
        let warned = diagnosis.findings.iter().any(|finding| matches!(finding.outcome, Outcome::Warned(_)));
        let (en, zh) = if warned {
            ("Nothing is broken; see the warnings (!).", "没有故障；请查看警告（!）。")
        } else {
            ("Nothing to do.", "无需处理。")
        };
        return language.choose(en, zh).to_owned();
    };
    let (name, cause) = (language.name(finding), language.of(&failure.cause));
    let fix = language.of(&failure.mend);
    match language {
        Language::English => format!("Do this first ({name}): {fix}. Cause: {cause}"),
        Language::Chinese => format!("请先处理「{name}」：{fix}。原因：{cause}"),
    }
}

/// The store beside a running bridge, or why there is none. Nothing is made.
async fn storage(world: &World) -> Storage {
    let Ok(bridge) = BridgeConfig::from_env() else {
        return Storage::Unknown(Words::new(
            "the configuration of the bridge itself is not right",
            "审批桥自身的配置（BRIDGE_*）有误",
        ));
    };
    // A link that leads nowhere is there, and nothing is made in its place.
    if bridge.dynamodb_endpoint.is_none() && Path::new(&bridge.file).symlink_metadata().is_err() {
        return not_yet(&bridge.file);
    }
    if bridge.dynamodb_endpoint.is_none() && !has_room(&bridge.file) {
        return Storage::Unusable(data_file::failure(&bridge.file, "disk full"));
    }
    match host::open_store(&bridge, host::Storage::Beside, world.clone()) {
        Ok((store, _)) => match store.table_exists().await {
            // A start that was cut short leaves a file without a table; the next one makes it.
            Ok(false) if bridge.dynamodb_endpoint.is_none() => Storage::NotYet(Words::new(
                format!("{} holds no table yet: made at the first start", bridge.file),
                format!("{} 中尚无数据表：首次启动时创建", bridge.file),
            )),
            _ => Storage::Open(store),
        },
        Err(error) => Storage::Unusable(match error.downcast_ref::<MissingAws>() {
            Some(missing) => {
                let variable = missing.variable();
                let cause = Words::new(missing.to_string(), format!("缺少访问 DynamoDB 所需的 {variable}"));
                Failure::new(cause, Words::variable(variable))
            }
            None => data_file::failure(&bridge.file, &format!("{error:#}")),
        }),
    }
}

/// Whether the disk of a file that is there takes more; one that cannot be asked is looked at when the file is opened.
fn has_room(file: &str) -> bool {
    let Ok(disk) = rustix::fs::statvfs(file) else { return true };
    let is_read_only = disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
    is_read_only || disk.f_bfree.saturating_mul(disk.f_frsize) >= data_file::ROOM
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
            Storage::NotYet(Words::new(
                format!("{file} is made at the first start"),
                format!("{file} 在首次启动时创建"),
            ))
        }
        Err(error) => Storage::Unusable(data_file::failure(file, &format!("{file} cannot be made: {error}"))),
    }
}

fn print(finding: &Finding, language: Language, colours: bool) {
    let (mark, colour) = match &finding.outcome {
        Outcome::Passed { .. } => ('✓', 32),
        Outcome::Warned(_) => ('!', 33),
        Outcome::Failed(_) => ('✗', 31),
        Outcome::Skipped { .. } => ('–', 90),
    };
    let rest = readable(finding, language);
    if colours { print_coloured(mark, colour, &rest) } else { say!("{mark}{rest}") }
}

/// A finding as a block of lines, without its mark. It may quote what somebody wrote.
fn readable(finding: &Finding, language: Language) -> String {
    let name = language.name(finding);
    let colon = language.choose(": ", "：");
    match &finding.outcome {
        Outcome::Passed { proved: text } | Outcome::Skipped { why: text } => {
            format!(" {name}{colon}{}", visible(language.of(text)))
        }
        Outcome::Failed(failure) | Outcome::Warned(failure) => {
            let code = failure.code.as_ref().map_or_else(String::new, |code| format!(" [{code}]"));
            let cause = visible(&format!("{}{code}", language.of(&failure.cause)));
            let label = language.choose("fix", "修复");
            format!(" {name}\n    {cause}\n    {label}{colon}{}", visible(language.of(&failure.mend)))
        }
    }
}
