//! Whether each function is inside its budget of size, start and memory: measured on what would be deployed, each as its
//! own process under the emulated runtime, with real requests; beside the same job in other languages.
//!
//! | file | idea |
//! |---|---|
//! | [`program`] | what is deployed and started, and how large it is |
//! | [`surroundings`] | table, secret and simulators on loopback |
//! | [`requests`] | real requests, one at a time, each checked |
//! | [`process`] | a process's memory |
//! | [`peers`] | the callback in Node and in Python |
//! | [`handshake`] | the first TLS byte after a start, beside an empty function's |
//! | [`figures`] | the figures, the budget and the table that shows both |

mod figures;
mod handshake;
mod peers;
mod process;
mod program;
mod requests;
mod surroundings;

use std::{collections::BTreeMap, path::PathBuf};

use clap::Parser;

use crate::{FUNCTIONS, Function};
use figures::Figures;
use handshake::Handshakes;
use program::Program;
use requests::Installation;
use surroundings::Surroundings;

/// Measures size, start, memory and request time of each function as it would be deployed.
#[derive(Parser)]
pub struct Measure {
    /// The folder that `sam build` has filled
    #[arg(long, default_value = ".aws-sam/build")]
    built: PathBuf,
    /// Also the callback in Node and in Python: needs node, npm, python3 and their registries
    #[arg(long)]
    peers: bool,
    /// Starts of each function
    #[arg(long, default_value_t = 21)]
    starts: usize,
    /// Requests of each kind
    #[arg(long, default_value_t = 1_000)]
    requests: usize,
}

impl Measure {
    /// Measures and prints; gives whether every function is inside its budget.
    pub async fn run(self) -> bool {
        let programs = FUNCTIONS.map(|name| Program::function(&self.built, name));
        let peers = if self.peers { peers::install() } else { Vec::new() };
        println!("{}", figures::heading(self.starts, self.requests));
        let mut starts = BTreeMap::new();
        for program in programs.iter().chain(&peers) {
            starts.insert(program.title, self.start(program).await);
        }
        let mut served = self.serve(&programs).await;
        for peer in &peers {
            served.extend(self.serve_callbacks(&programs, peer).await);
        }
        let figures =
            |program: &Program| Figures::new(program, &starts[program.title], &served[program.title]);
        let rows: Vec<Figures> = programs.iter().chain(&peers).map(figures).collect();
        println!("{}", figures::table(&rows));
        let handshakes = self.handshakes(&programs).await;
        println!("{}", handshakes.table());
        rows.iter().take(programs.len()).all(Figures::is_inside) && handshakes.is_inside()
    }

    /// Starts a program so often, one after the other.
    async fn start(&self, program: &Program) -> figures::Starts {
        let surroundings = Surroundings::start().await;
        let mut starts = figures::Starts::default();
        // The first one warms the file cache.
        for number in 0..=self.starts {
            let function =
                Function::run(program.function, program.command(), &surroundings.environment).await;
            let took = function.started().await;
            starts.resident = process::memory(function.process_id()).resident;
            if number > 0 {
                starts.times.push(took);
            }
        }
        starts
    }

    /// The first TLS byte of each function.
    async fn handshakes(&self, programs: &[Program]) -> Handshakes {
        let surroundings = Surroundings::start().await;
        Handshakes::measure(programs, self.starts, &surroundings.environment).await
    }

    /// Real requests to each function.
    async fn serve(&self, programs: &[Program]) -> BTreeMap<&'static str, figures::Served> {
        let mut installation = Installation::start(programs).await;
        for _ in 0..self.requests {
            let approval = installation.decided().await;
            installation.callback(&approval).await;
            installation.relay(&approval).await;
        }
        let mut served = installation.served(&["submit", "callback", "relay"]);
        for _ in 0..self.requests {
            let approval = installation.decided().await;
            installation.callback(&approval).await;
            installation.sweep(&approval).await;
        }
        served.extend(installation.served(&["sweep"]));
        for number in 0..self.requests {
            installation.test_connection().await;
            installation.template(number).await;
        }
        served.extend(installation.served(&["test-connection", "template"]));
        served
    }

    /// The same callbacks to a peer, between the same functions.
    async fn serve_callbacks(
        &self,
        programs: &[Program],
        peer: &Program,
    ) -> BTreeMap<&'static str, figures::Served> {
        let mut programs = programs.to_vec();
        programs.retain(|program| program.function != peer.function);
        programs.push(peer.clone());
        let mut installation = Installation::start(&programs).await;
        for _ in 0..self.requests {
            let approval = installation.decided().await;
            installation.callback(&approval).await;
            installation.relay(&approval).await;
        }
        installation.served(&[peer.title])
    }
}
