//! The events that DingTalk could not push: taken off its list, and taken up.

use tokio::time::timeout_at;

use super::{Failure, Outcome, limits::Limits, places};
use crate::engine::{Engine, TakeError};

/// Takes them up.
pub(super) async fn take(engine: Engine, limits: Limits) -> Outcome {
    // What DingTalk has handed over is committed even when nobody waits for it any more.
    let taking = tokio::spawn(async move { engine.take_failed_pushes().await });
    match timeout_at(limits.until(), taking).await {
        Ok(Ok(Ok(0))) => Outcome::passed("DingTalk holds no event that it could not push"),
        Ok(Ok(Ok(events))) => Failure::new(
            format!("{events} event(s) could not be pushed: our address did not answer in time; they were taken up now"),
            places::proxy(
                "whether it is always reachable and answers within 1.5 s",
                "是否始终可达并在 1.5 秒内响应",
            ),
        )
        .code("failed-pushes")
        .into(),
        Ok(Ok(Err(TakeError::DingTalk(error)))) => {
            Outcome::skipped(format!("DingTalk did not give its list ({})", error.code))
        }
        Ok(Ok(Err(TakeError::Engine(_))) | Err(_)) | Err(_) => {
            Outcome::skipped("they could not be taken up now; the bridge tries again by itself")
        }
    }
}
