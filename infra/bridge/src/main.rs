//! The `bridge` binary.

use std::{io::IsTerminal, process::ExitCode};

use bridge::commands::Cli;
use clap::Parser;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // The store answers a lost race with an error, which is its way of saying "load again".
    let filter =
        EnvFilter::try_from_env("BRIDGE_LOG").unwrap_or_else(|_| EnvFilter::new("warn,dynoxide=error"));
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(std::io::stderr).init();
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bridge: {error:#}");
            ExitCode::FAILURE
        }
    }
}
