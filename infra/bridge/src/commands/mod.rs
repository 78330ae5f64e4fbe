//! The command line: one file a command.

#[macro_use]
mod say;
mod adopt;
mod bench;
mod data_file;
mod demo;
mod doctor;
mod keygen;
mod language;
mod list;
mod probe;
mod resend;
mod serve;
mod show;
mod simulate;
mod template;
mod transfer;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tracing::Level;

/// Approval Bridge: Dataphin's requests become DingTalk approvals, and Dataphin learns their outcome.
#[derive(Parser)]
#[command(name = "bridge", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the round trip on this machine, with a simulated DingTalk and Dataphin
    Demo(demo::Demo),
    /// Run the bridge on this machine, configured by the environment
    Serve,
    /// Run the simulated DingTalk and Dataphin alone, for a `serve` of your own
    Simulate(simulate::Simulate),
    /// Make the callback token, the 43-character AES key and the operator's token
    Keygen,
    /// Say what is wrong with this installation, and where to mend it
    Doctor(doctor::Examine),
    /// Write everything that is stored into one file, to move it
    Export(transfer::Export),
    /// Put what `export` wrote into another store, and prove that all of it is there
    Import(transfer::Import),
    /// Measure the bridge on this machine
    Bench(bench::Bench),
    /// Generate, adopt, check and try the DingTalk templates
    Template(template::Template),
    /// Show where a request stands, and what happened to it
    Show(show::Show),
    /// List the requests with a status: those that are parked, first of all
    List(list::List),
    /// Send parked outcomes to Dataphin again
    Resend(resend::Resend),
    /// Give an approval that needs an operator the DingTalk instance that is its
    Adopt(adopt::Adopt),
    /// Have an approval that needs an operator created again in DingTalk: make sure first that it is not there
    CreateAgain(adopt::CreateAgain),
    /// Try what a vendor does not publish, and see its raw answers
    Probe(probe::Probe),
}

impl Cli {
    /// How much is logged where `BRIDGE_LOG` does not say: an operator wants more than a guest.
    pub fn log_level(&self) -> Level {
        if matches!(self.command, Command::Serve) { Level::INFO } else { Level::WARN }
    }

    /// Does what was asked for.
    pub async fn run(self) -> Result<()> {
        match self.command {
            Command::Demo(demo) => demo.run().await,
            Command::Serve => serve::run().await,
            Command::Simulate(simulate) => simulate.run().await,
            Command::Doctor(examine) => examine.run().await,
            Command::Export(export) => export.run().await,
            Command::Import(import) => import.run().await,
            Command::Bench(bench) => bench.run().await,
            Command::Keygen => keygen::run(),
            Command::Template(template) => template.run().await,
            Command::Show(show) => show.run().await,
            Command::List(list) => list.run().await,
            Command::Resend(resend) => resend.run().await,
            Command::Adopt(adopt) => adopt.run().await,
            Command::CreateAgain(create_again) => create_again.run().await,
            Command::Probe(probe) => probe.run().await,
        }
    }
}
