//! `serve`: the bridge on this machine, until it is asked to stop.

use anyhow::{Context, Result};
use rustix::process::Signal;
use shared::{
    config::Config,
    diagnosis::{Failure, exposure},
    world::World,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::host::{Host, Storage};

pub(super) async fn run() -> Result<()> {
    let config = Config::from_env()?;
    for (variable, Failure { cause, mend, .. }) in
        exposure::warnings(&config.variables, |name| std::env::var(name).ok())
    {
        tracing::warn!(variable, mend = mend.en, "{}", cause.en);
    }
    // A limit on the size of files is an error to be answered, not the end of the process.
    let _file_too_large = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?;
    let listen = config.bridge.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let host = Host::start(&config, Storage::Configured, World::real(), listener).await?;
    say!("Approval Bridge listens on http://{}", host.address());
    say!("  Dataphin, Submit Approval Request URL:  https://<your address>");
    say!("  DingTalk, event subscription URL:       https://<your address>/dingtalk/callback");
    if config.bridge.operator_token.is_some() {
        say!("  the operator's page:                    https://<your address>/operator");
    }
    match &config.bridge.dynamodb_endpoint {
        Some(endpoint) => say!("  approvals are kept in table {} at {endpoint}", config.bridge.table),
        None => say!("  approvals are kept in {}", config.bridge.file),
    }
    asked_to_stop().await?;
    tracing::info!("stopping: requests under way are finished first");
    host.stop().await;
    Ok(())
}

/// Resolves on Ctrl-C and on SIGTERM.
pub(super) async fn asked_to_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
