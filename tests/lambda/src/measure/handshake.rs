//! How soon after its start a function's first TLS byte leaves, beside the least that a function in Rust can do. A machine's
//! speed is in both, so what is bounded is the ratio; it is that of the fastest starts, which whatever else runs disturbs least.

use std::{
    collections::HashMap,
    fmt::Write,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{io::AsyncReadExt, net::TcpListener};

use super::{
    figures::{milliseconds, share},
    program::{Program, run, workshop},
};

/// Of a function's fastest start to the empty function's.
const RATIO: f64 = 1.5;
/// The first byte of a TLS record that is a handshake.
const HANDSHAKE: u8 = 0x16;
/// Longer than any start on any machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// From the start of a process to its first TLS byte.
pub(super) struct Handshakes {
    empty: Times,
    functions: Vec<(&'static str, Times)>,
}

/// Of one program's starts.
#[derive(Clone, Copy)]
struct Times {
    fastest: Duration,
    median: Duration,
}

impl Times {
    fn of(times: &[Duration]) -> Self {
        Self { fastest: times.iter().min().copied().unwrap_or_default(), median: share(times, 50) }
    }
}

impl Handshakes {
    /// Measures them so often, in turn: a busy moment meets all of them.
    pub async fn measure(programs: &[Program], starts: usize, environment: &HashMap<String, String>) -> Self {
        let empty = empty_function();
        let mut of_empty = Vec::new();
        let mut of_functions = vec![Vec::new(); programs.len()];
        // The first one warms the file cache.
        for number in 0..=starts {
            let kept = number > 0;
            of_empty.extend(Some(first_byte(Command::new(&empty), environment).await).filter(|_| kept));
            for (program, times) in programs.iter().zip(&mut of_functions) {
                times.extend(Some(first_byte(program.command(), environment).await).filter(|_| kept));
            }
        }
        let titles = programs.iter().map(|program| program.title);
        let functions = titles.zip(of_functions.iter().map(|times| Times::of(times))).collect();
        Self { empty: Times::of(&of_empty), functions }
    }

    /// Whether each function is inside the budget.
    pub fn is_inside(&self) -> bool {
        self.functions.iter().all(|(_, times)| self.ratio(*times) <= RATIO)
    }

    /// The table, with a tick or a cross.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<18}│{:^27}│ {:>7} to the empty\n{:<18}│{:>13} {:>12} │ function: ≤ {RATIO}\n",
            "", "start → first TLS byte, ms", "fastest", "", "fastest", "median",
        );
        let mut row = |title: &str, times: Times, end: &str| {
            let (fastest, median) = (milliseconds(times.fastest), milliseconds(times.median));
            let _ = writeln!(text, "{title:<18}│{fastest:>13.1} {median:>12.1} │ {end}");
        };
        row("an empty function", self.empty, "");
        for (title, times) in &self.functions {
            let ratio = self.ratio(*times);
            let mark = if ratio <= RATIO { '✓' } else { '✗' };
            row(title, *times, &format!("{ratio:>7.2} {mark}"));
        }
        text
    }

    fn ratio(&self, times: Times) -> f64 {
        times.fastest.as_secs_f64() / self.empty.fastest.as_secs_f64()
    }
}

/// Builds the empty function, as the others are built.
fn empty_function() -> std::path::PathBuf {
    let (manifest, target) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/rust/Cargo.toml"), workshop().join("rust"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--manifest-path"]).arg(manifest);
    cargo.arg("--target-dir").arg(&target);
    run(cargo);
    target.join("release/handshake")
}

/// How long it takes from a program's start until its first TLS byte arrives.
async fn first_byte(mut command: Command, environment: &HashMap<String, String>) -> Duration {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = format!("https://{}", listener.local_addr().expect("its address"));
    command.env_clear().envs(environment);
    for name in ["AWS_ENDPOINT_URL", "BRIDGE_DYNAMODB_ENDPOINT"] {
        command.env(name, &address);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let _running = Running(command.spawn().expect("the function starts"));
    let arrived = async {
        let (mut connection, _) = listener.accept().await.expect("a connection");
        let byte = connection.read_u8().await.expect("a byte");
        assert_eq!(byte, HANDSHAKE, "a function must call AWS by TLS");
        began.elapsed()
    };
    tokio::time::timeout(PATIENCE, arrived).await.expect("a function calls AWS at its start")
}

/// A process that is killed when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_half_as_slow_again_as_the_empty_one_is_the_limit() {
        let times = |milliseconds| Times::of(&[90, milliseconds, 90].map(Duration::from_millis));
        let beside = |milliseconds| Handshakes {
            empty: times(10),
            functions: vec![("callback", times(milliseconds))],
        };
        assert!(beside(15).is_inside());
        assert!(!beside(16).is_inside());
        assert!(beside(16).table().contains('✗'));
    }
}
