//! The proof of the AgentId cannot start an instance; if it does, that must not stay on anybody's desk.

use std::time::Duration;

use tokio::time::timeout;

use super::asked::Asked;
use crate::{
    approval::{InstanceId, schedule::WITHDRAW_AFTER},
    config::Home,
    engine::REMARK,
    store::Store,
    world::World,
};

/// A commit that must not be lost may take so long.
const COMMIT: Duration = Duration::from_secs(3);

/// Commits it for the sweep, at once: a function is frozen when it has answered. Gives the instance where nobody's sweep may
/// come.
pub(super) async fn leave<'a>(
    asked: Option<&'a Asked>,
    store: Option<&Store>,
    world: &World,
) -> Option<&'a InstanceId> {
    let instance = asked?.started()?;
    tracing::error!(%instance, "a create call that cannot succeed did: the instance is terminated");
    let left = match store {
        Some(store) => matches!(timeout(COMMIT, store.leave(instance, world.now())).await, Ok(Ok(()))),
        None => false,
    };
    match Home::here() {
        Home::Machine => Some(instance),
        Home::Aws => {
            if !left {
                tracing::error!(%instance, "the store does not take it: withdraw it by hand");
            }
            None
        }
    }
}

/// Ends it here, as soon as DingTalk lets us.
pub(super) async fn end(instance: &InstanceId, asked: &Asked, store: Option<&Store>, world: &World) {
    world.sleep(WITHDRAW_AFTER).await;
    if let Err(error) = asked.dingtalk.terminate_instance(instance, REMARK).await {
        tracing::error!(%instance, code = error.code, "it could not be terminated: withdraw it by hand");
    } else if let Some(store) = store {
        // Else the sweep finds that it has ended.
        let _ = timeout(COMMIT, store.end_leaving(instance)).await;
    }
}
