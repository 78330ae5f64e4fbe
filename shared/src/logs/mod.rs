//! Logs: what is written, and what never is.
//!
//! `BRIDGE_LOG` sets the level of our own lines only. Libraries are kept to warnings: at finer levels some of them write
//! whole requests, and with them tokens and contents. Our own lines name approvals, instances and codes, nothing else.
//! Whatever a line holds all the same goes through [`clean`]: no secret of the configuration, and nothing that a terminal obeys.

mod clean;

use std::panic::PanicHookInfo;

use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

pub use clean::hide;

/// Our crates, by the names their lines carry.
const OURS: [&str; 9] =
    ["shared", "submit", "callback", "test_connection", "template", "relay", "sweep", "bridge", "simulators"];

/// Text to standard error. Without colours: they are made of what is kept out of it.
pub fn text(default: Level) {
    let layer = fmt::layer().with_writer(|| clean::Lines::text(std::io::stderr())).with_ansi(false);
    tracing_subscriber::registry().with(layer.with_target(false)).with(targets(default)).init();
    std::panic::set_hook(Box::new(panicked));
}

/// JSON to standard output. Lambda files a line under its `level` only if it also has a `timestamp` (RFC 3339), and under INFO
/// otherwise.
pub fn json() {
    let layer = fmt::layer().json().with_writer(|| clean::Lines::json(std::io::stdout()));
    tracing_subscriber::registry().with(layer).with(targets(Level::INFO)).init();
    std::panic::set_hook(Box::new(panicked));
}

/// A panic is a line of the log like any other. Its message is left out unless it stands so in the source: one that was put
/// together may quote what somebody sent.
fn panicked(info: &PanicHookInfo<'_>) {
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    let message = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
    tracing::error!(at, message, "the program panicked");
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
