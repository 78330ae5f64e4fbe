//! The `bridge` binary.

use std::{process::ExitCode, time::Duration};

use bridge::commands::Cli;
use clap::Parser;
use shared::{config::Variables, visible::visible_lines};

/// A look-up of a name that hangs in the system's resolver does not hold up the end for longer.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("bridge: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run());
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    code
}

async fn run() -> ExitCode {
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
