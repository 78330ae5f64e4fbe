//! The `bridge` binary.

use std::process::ExitCode;

use bridge::commands::Cli;
use clap::Parser;
use shared::{config::Variables, visible::visible_lines};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    shared::logs::text(cli.log_level());
    shared::logs::hide(&Variables::from_env());
    match cli.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // It may quote what somebody wrote.
            eprintln!("bridge: {}", visible_lines(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
