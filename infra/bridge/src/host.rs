//! The one-machine host: every function's router in one process, over one store, woken by its own stream and clock.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::{Router, middleware, routing::get};
use jiff::SignedDuration;
use shared::{
    approval::Status,
    assembly,
    aws::Aws,
    config::{BridgeConfig, Config},
    diagnosis::Doctor,
    engine::Engine,
    http::{Guard, Hold, door, guesses::LOG_INTERVAL},
    store::{DueItem, Sighting, Store, StoreSettings},
    world::World,
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    collect,
    embedded::Embedded,
    health::{Health, refuse_while_failing},
    server::{self, Limits},
    wakes,
};

/// Approvals that may wait to be advanced; what does not fit in is left to the next sweep.
const MOST_WAITING: usize = 4096;
/// Each sweep looks for what has become due.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// Events that came too early and were never claimed go away.
const REMOVE_EXPIRED_EVERY: SignedDuration = SignedDuration::from_hours(6);

/// Where the host keeps its approvals.
#[derive(Debug, Clone, Copy)]
pub enum Storage {
    /// In one file (`BRIDGE_FILE`), or at `BRIDGE_DYNAMODB_ENDPOINT` where that is set.
    Configured,
    /// The same, beside a host that may be running.
    Beside,
    /// In memory only.
    Memory,
}

/// A running host.
pub struct Host {
    address: SocketAddr,
    engine: Engine,
    stop: watch::Sender<bool>,
    work: Vec<JoinHandle<()>>,
}

impl Host {
    /// Opens the store, takes up whatever was left unfinished, and serves on `listener`.
    pub async fn start(
        config: &Config,
        storage: Storage,
        world: World,
        listener: TcpListener,
    ) -> Result<Self> {
        let (store, embedded) = open_store(&config.bridge, storage, world.clone())?;
        store.create_table_if_missing().await.context("the table cannot be made")?;
        store.saw(Sighting::Started, "").await;
        let (wake, woken) = mpsc::channel(MOST_WAITING);
        let engine = assembly::engine(config, store.telling(wake.clone()), world.clone(), true)?;
        let left_over = !engine.store().list(Status::Pending, None, 1, None).await?.ids.is_empty();
        let (stop, stopping) = watch::channel(false);
        let address = listener.local_addr()?;
        let doctor = Doctor::new(config, &engine, world.clone())?;
        let guard = Guard::new(world.clone(), config.bridge.trusted_proxies.clone(), Hold::Allowed);
        let health = Health::new(engine.clone(), embedded.as_ref().and_then(|it| it.file().cloned()));
        let router = router(&engine, doctor, config, &world)
            .route("/health", get(Health::answer).with_state(health.clone()))
            .layer(middleware::from_fn_with_state(health.clone(), refuse_while_failing));
        let router = door::open(router, world.clone(), guard.clone());
        let mut work = vec![
            tokio::spawn(server::serve(
                listener,
                router,
                Limits::within(server::raise_open_files()),
                config.bridge.trusted_proxies.clone(),
                stopped(stopping.clone()),
            )),
            tokio::spawn(sweep(engine.clone(), health.clone(), wake, world.clone(), stopping.clone())),
            tokio::spawn(watch(health, stopping.clone())),
            tokio::spawn(log_refusals(guard, world.clone(), stopping.clone())),
            tokio::spawn(collect::run(engine.clone(), left_over, world.clone(), stopping.clone())),
            tokio::spawn(wakes::run(engine.in_background(), woken, stopped(stopping.clone()))),
        ];
        work.extend(embedded.map(|embedded| tokio::spawn(remove_expired(embedded, world, stopping))));
        Ok(Self { address, engine, stop, work })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Stops: no new requests, those under way end, then the store is closed.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for work in self.work {
            let _ = work.await;
        }
    }
}

/// The store that a configuration describes.
pub fn open_store(
    bridge: &BridgeConfig,
    storage: Storage,
    world: World,
) -> Result<(Store, Option<Embedded>)> {
    let embedded = match storage {
        Storage::Memory => Embedded::in_memory()?,
        Storage::Configured | Storage::Beside => {
            if let Some(endpoint) = bridge.dynamodb_endpoint.clone() {
                let settings = StoreSettings { table: bridge.table.clone(), endpoint: Some(endpoint) };
                let aws = Aws::from_env()?;
                return Ok((Store::connect(&settings, &aws, world), None));
            }
            if matches!(storage, Storage::Beside) {
                Embedded::beside(&bridge.file)?
            } else {
                Embedded::open(&bridge.file)?
            }
        }
    };
    Ok((Store::inside(embedded.clone(), &bridge.table, world), Some(embedded)))
}

/// The functions' routers.
fn router(engine: &Engine, doctor: Doctor, config: &Config, world: &World) -> Router {
    submit::router(engine.clone(), &config.dataphin, world.clone())
        .merge(callback::router(engine.clone(), config, world.clone()))
        .merge(test_connection::router(engine.clone(), doctor, config, world.clone()))
        .merge(template::router(engine, &config.bridge, world.clone()))
}

async fn watch(health: Health, stopping: watch::Receiver<bool>) {
    tokio::select! {
        () = health.watch() => {}
        () = stopped(stopping) => {}
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Names what is due to those who advance.
async fn sweep(
    engine: Engine,
    health: Health,
    wake: mpsc::Sender<DueItem>,
    world: World,
    stopping: watch::Receiver<bool>,
) {
    loop {
        match engine.due().await {
            // Said once, when it was found.
            Err(_) if health.trouble().is_some() => {}
            Ok(due) => due.into_iter().for_each(|item| drop(wake.try_send(item))),
            Err(error) => tracing::error!(%error, "cannot list what is due; retrying at the next sweep"),
        }
        tokio::select! {
            () = world.sleep(SWEEP_EVERY) => {}
            () = stopped(stopping.clone()) => return,
        }
    }
}

/// The last refusals of somebody who guesses no more.
async fn log_refusals(guard: Guard, world: World, stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = world.sleep(LOG_INTERVAL) => guard.log_due(),
            () = stopped(stopping.clone()) => return guard.log_due(),
        }
    }
}

async fn remove_expired(embedded: Embedded, world: World, stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = world.sleep(REMOVE_EXPIRED_EVERY) => {}
            () = stopped(stopping.clone()) => return,
        }
        if let Err(error) = embedded.remove_expired() {
            tracing::error!(%error, "expired items were not removed");
        }
    }
}
