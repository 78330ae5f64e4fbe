//! `serve`: the bridge on this machine, until it is asked to stop.

use anyhow::{Context, Result};
use rustix::process::Signal;
use shared::{
    config::{BridgeConfig, Config},
    diagnosis::{Failure, Words, exposure},
    world::World,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::language::Language;
use crate::host::{Host, Storage};

pub(super) async fn run() -> Result<()> {
    let (config, language) = (Config::from_env()?, Language::of_environment());
    for (variable, Failure { cause, mend, .. }) in
        exposure::warnings(&config.variables, |name| std::env::var(name).ok())
    {
        tracing::warn!(variable, fix = language.of(&mend), "{}", language.of(&cause));
    }
    // A limit on the size of files is an error to be answered, not the end of the process.
    let _file_too_large = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?;
    let listen = config.bridge.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let host = Host::start(&config, Storage::Configured, World::real(), listener).await?;
    announce(&config.bridge, &host, language);
    asked_to_stop().await?;
    tracing::info!("stopping: requests under way are finished first");
    host.stop().await;
    Ok(())
}

/// Says where it listens, and what to type into the two systems.
fn announce(bridge: &BridgeConfig, host: &Host, language: Language) {
    let public = bridge
        .public_url
        .as_deref()
        .unwrap_or(language.choose("https://<your address>", "https://<公网地址>"));
    let (submit, events, page) = match language {
        Language::English => (
            "Dataphin, Submit Approval Request URL:  ",
            "DingTalk, event subscription URL:       ",
            "the operator's page:                    ",
        ),
        Language::Chinese => ("Dataphin 提交审批请求 URL：", "钉钉事件订阅 URL：", "运维页面："),
    };
    say!(
        "{} http://{}",
        language.choose("Approval Bridge listens on", "Approval Bridge 正在监听"),
        host.address()
    );
    say!("  {submit}{public}");
    say!("  {events}{public}/dingtalk/callback");
    if bridge.operator_token.is_some() {
        say!("  {page}{public}/operator");
    }
    let kept = match &bridge.dynamodb_endpoint {
        Some(endpoint) => Words::new(
            format!("approvals are kept in table {} at {endpoint}", bridge.table),
            format!("审批数据保存在 {endpoint} 的表 {} 中", bridge.table),
        ),
        None => Words::new(
            format!("approvals are kept in {}", bridge.file),
            format!("审批数据保存在 {}", bridge.file),
        ),
    };
    say!("  {}", language.of(&kept));
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
