//! How soon after its start a function's first TLS byte leaves, beside the least that a function in Rust can do. A machine's
//! speed is in both, so what is bounded is the ratio.

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

/// Of a function's median to the empty function's.
const RATIO: f64 = 1.5;
/// The first byte of a TLS record that is a handshake.
const HANDSHAKE: u8 = 0x16;
/// Longer than any start on any machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// From the start of a process to its first TLS byte.
pub(super) struct Handshakes {
    empty: Duration,
    functions: Vec<(&'static str, Duration)>,
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
        let medians = of_functions.iter().map(|times| share(times, 50));
        let functions = programs.iter().map(|program| program.title).zip(medians).collect();
        Self { empty: share(&of_empty, 50), functions }
    }

    /// Whether each function is inside the budget.
    pub fn is_inside(&self) -> bool {
        self.functions.iter().all(|(_, time)| self.ratio(*time) <= RATIO)
    }

    /// The table, with a tick or a cross.
    pub fn table(&self) -> String {
        let mut text = format!(
            "start → first TLS byte, median, ms; beside an empty function that makes one handshake: {:.1}\n",
            milliseconds(self.empty)
        );
        for (title, time) in &self.functions {
            let ratio = self.ratio(*time);
            let mark = if ratio <= RATIO { '✓' } else { '✗' };
            let _ =
                writeln!(text, "{title:<18}│{:>7.1} │ {ratio:>5.2} ≤ {RATIO} {mark}", milliseconds(*time));
        }
        text
    }

    fn ratio(&self, time: Duration) -> f64 {
        time.as_secs_f64() / self.empty.as_secs_f64()
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
        let beside = |milliseconds| Handshakes {
            empty: Duration::from_millis(10),
            functions: vec![("callback", Duration::from_millis(milliseconds))],
        };
        assert!(beside(15).is_inside());
        assert!(!beside(16).is_inside());
        assert!(beside(16).table().contains('✗'));
    }
}
