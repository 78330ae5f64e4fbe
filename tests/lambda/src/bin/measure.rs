//! Prints whether each function is inside its budget; fails where one is not.

use std::process::ExitCode;

use clap::Parser;
use lambda_functions::Measure;

#[tokio::main]
async fn main() -> ExitCode {
    if Measure::parse().run().await { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
