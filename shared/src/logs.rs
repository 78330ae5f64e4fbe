//! Logs: what is written, and what never is.
//!
//! `BRIDGE_LOG` sets the level of our own lines only. Libraries are kept to warnings: at finer levels some of them write
//! whole requests, and with them tokens and contents. Our own lines name approvals, instances and codes, nothing else.

use std::io::IsTerminal;

use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Our crates, by the names their lines carry.
const OURS: [&str; 9] =
    ["shared", "submit", "callback", "test_connection", "template", "relay", "sweep", "bridge", "simulators"];

/// Text to standard error; coloured on a terminal.
pub fn text(default: Level) {
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry().with(layer.with_target(false)).with(targets(default)).init();
}

/// JSON to standard output, without the time, which Lambda adds.
pub fn json() {
    tracing_subscriber::registry().with(fmt::layer().json().without_time()).with(targets(Level::INFO)).init();
}

fn targets(default: Level) -> Targets {
    let level =
        std::env::var("BRIDGE_LOG").ok().and_then(|level| level.trim().parse().ok()).unwrap_or(default);
    // The embedded store warns of every lost race, which is its way of saying "load again".
    let libraries = Targets::new().with_default(Level::WARN).with_target("dynoxide", Level::ERROR);
    // What is wrong with a certificate is told by whoever made the call.
    let libraries = libraries.with_target("rustls_platform_verifier", LevelFilter::OFF);
    // The call that failed says why; these write whole answers.
    let libraries = libraries.with_target("aws_", LevelFilter::OFF);
    libraries.with_targets(OURS.map(|name| (name, level)))
}
