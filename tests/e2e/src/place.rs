//! Where the bridge of a rehearsal runs: the same tests hold in all three.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use bridge::{
    embedded::Embedded,
    host::{Host, Storage},
    sandbox::Sandbox,
};
use lambda_functions::{Held, Site};
use serde_json::json;
use shared::{
    assembly,
    config::Config,
    engine::Engine,
    store::Store,
    world::{Random, SystemRandom, World},
};
use tokio::net::TcpListener;

use crate::TestClock;

/// The variable that chooses the place.
const CHOICE: &str = "REHEARSE_IN";

/// A place, with a bridge running there.
pub(crate) enum Place {
    /// In the test's own process.
    Process { _host: Box<Host> },
    /// `bridge serve`, on a data file.
    Serve { _serve: Serve },
    /// The function binaries under an emulated Lambda runtime, behind a front like API Gateway's.
    Functions { site: Box<Site> },
}

impl Place {
    /// Write requests of the bridge's so far, where they can be counted.
    pub(crate) fn writes(&self, engine: &Engine) -> Option<u64> {
        match self {
            Self::Process { .. } => Some(engine.store().writes()),
            Self::Serve { .. } => None,
            Self::Functions { site } => Some(site.table.writes()),
        }
    }

    fn site(&self) -> Option<&Site> {
        match self {
            Self::Process { .. } | Self::Serve { .. } => None,
            Self::Functions { site } => Some(site),
        }
    }

    /// Keeps `sweep` from being woken, where it is a function of its own.
    pub(crate) async fn hold_sweeps(&self) -> Option<Held> {
        Some(self.site()?.sweep.hold().await)
    }

    /// Wakes `sweep`, where it is a function of its own, and waits until it is done.
    pub(crate) async fn sweep(&self) {
        if let Some(site) = self.site() {
            site.sweep.invoke(json!({"source": "aws.scheduler"})).await;
        }
    }
}

/// A bridge in its place.
pub(crate) struct Placed {
    pub place: Place,
    pub address: String,
    /// An engine over the same store, as the command line has one.
    pub engine: Engine,
}

/// Where `REHEARSE_IN` says that the bridge is to run.
#[derive(Clone, Copy)]
pub(crate) enum Choice {
    Process,
    Serve,
    Functions,
}

impl Choice {
    pub(crate) fn made() -> Self {
        match std::env::var(CHOICE).as_deref() {
            Err(_) | Ok("" | "process") => Self::Process,
            Ok("serve") => Self::Serve,
            Ok("functions") => Self::Functions,
            Ok(other) => panic!("{CHOICE} is process, serve or functions, not {other}"),
        }
    }

    /// A clock that the bridge there follows.
    pub(crate) fn clock(self, folder: &Folder) -> TestClock {
        match self {
            Self::Process => TestClock::still(),
            Self::Serve | Self::Functions => TestClock::ahead(folder.file("clock")),
        }
    }

    pub(crate) async fn start(
        self,
        sandbox: &mut Sandbox,
        folder: &Folder,
        clock: &TestClock,
        world: &World,
    ) -> Placed {
        match self {
            Self::Process => in_process(sandbox, world).await,
            Self::Serve => serve(sandbox, folder, clock, world),
            Self::Functions => functions(sandbox, clock, world).await,
        }
    }
}

async fn in_process(sandbox: &Sandbox, world: &World) -> Placed {
    let config = config(sandbox);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let host =
        Host::start(&config, Storage::Memory, world.clone(), listener).await.expect("the bridge starts");
    let (address, engine) = (format!("http://{}", host.address()), host.engine().clone());
    Placed { place: Place::Process { _host: Box::new(host) }, address, engine }
}

fn serve(sandbox: &mut Sandbox, folder: &Folder, clock: &TestClock, world: &World) -> Placed {
    let file = folder.file("bridge.db").to_string_lossy().into_owned();
    sandbox.set("BRIDGE_FILE", &file);
    sandbox.set("BRIDGE_LISTEN", "127.0.0.1:0");
    let (serve, address) = Serve::start(sandbox, clock);
    let embedded = Embedded::beside(&file).expect("the data file");
    let config = config(sandbox);
    let store = Store::inside(embedded, &config.bridge.table, world.clone());
    Placed { place: Place::Serve { _serve: serve }, address, engine: engine(&config, store, world) }
}

async fn functions(sandbox: &Sandbox, clock: &TestClock, world: &World) -> Placed {
    let site = Site::between(sandbox.clone(), world, &clock.variables()).await;
    let (address, store) = (site.bridge.clone(), site.store.clone());
    let engine = engine(&config(sandbox), store, world);
    Placed { place: Place::Functions { site: Box::new(site) }, address, engine }
}

fn config(sandbox: &Sandbox) -> Config {
    sandbox.config().expect("the configuration is complete")
}

fn engine(config: &Config, store: Store, world: &World) -> Engine {
    assembly::engine(config, store, world.clone(), true).expect("an engine")
}

/// `bridge serve`; killed when dropped.
pub(crate) struct Serve(Child);

impl Serve {
    fn start(sandbox: &Sandbox, clock: &TestClock) -> (Self, String) {
        let mut child = Command::new(lambda_functions::binary("bridge"))
            .arg("serve")
            .envs(sandbox.variables())
            .envs(clock.variables())
            .env("BRIDGE_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bridge starts");
        let mut first = String::new();
        let stdout = child.stdout.take().expect("an output");
        BufReader::new(stdout).read_line(&mut first).expect("a first line");
        assert!(!first.is_empty(), "the bridge ends before it says where it listens: {:?}", child.wait());
        let address = first.trim().rsplit(' ').next().expect("an address").to_owned();
        (Self(child), address)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        lambda_functions::kill(&mut self.0);
    }
}

/// A folder of a rehearsal's own; it goes away with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("rehearsal-{}", (&SystemRandom as &dyn Random).letters_and_digits(12));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a new folder");
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::join(&self.0, name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
