//! `bench`: what the bridge does in how much time and memory, on this machine; printed as a table.
//!
//! The bridge, its embedded store (a real file) and both simulators share the machine, so the figures are what a whole
//! site costs, not only the bridge.

mod callbacks;
mod memory;
mod round_trips;
mod site;

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use site::Site;

#[derive(Args)]
pub(super) struct Bench {
    /// Round trips under load, and before memory is read again
    #[arg(long, default_value_t = 10_000)]
    round_trips: usize,
    /// Callbacks of each kind
    #[arg(long, default_value_t = 2_000)]
    callbacks: usize,
}

impl Bench {
    pub(super) async fn run(self) -> Result<()> {
        let build = if cfg!(debug_assertions) {
            "debug build: for comparison use --release"
        } else {
            "release build"
        };
        let cores = std::thread::available_parallelism()?;
        say!("{cores} cores, {build}\n");
        say!("{:<58}{:>12}{:>12}", "", "p50", "p99");
        let site = Site::start().await?;
        for at_once in [1, 32] {
            let times = callbacks::measure(&site, self.callbacks, at_once).await?;
            row(&format!("callback: verify, commit, acknowledge; {at_once} at a time"), times);
        }
        site.stop().await;
        let site = Site::start().await?;
        let measured = round_trips::measure(&site, self.round_trips.min(2_000), 32).await?;
        row("decision in DingTalk → Dataphin told; 32 at a time", measured.told);
        let alone = round_trips::measure(&site, 200, 1).await?;
        row("decision in DingTalk → Dataphin told; 1 at a time", alone.told);
        say!();
        value("full round trips a second, 32 at a time", &format!("{:.0}", measured.per_second));
        value("paid DingTalk calls an approval", &format!("{:.2}", measured.paid_calls));
        value("store writes an approval (requests)", &format!("{:.2}", measured.writes));
        site.stop().await;
        let memory = memory::measure(self.round_trips).await?;
        value("memory of `serve`, idle", &format!("{:.1} MB", memory.idle));
        value(
            &format!("memory of `serve`, after {} round trips", self.round_trips),
            &format!("{:.1} MB", memory.after),
        );
        Ok(())
    }
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let text = |time: Option<&Duration>| {
        time.map_or("-".to_owned(), |time| format!("{:.2} ms", time.as_secs_f64() * 1e3))
    };
    say!("{what:<58}{:>12}{:>12}", text(at(50)), text(at(99)));
}

fn value(what: &str, value: &str) {
    say!("{what:<58}{value:>12}");
}
