//! The events that DingTalk could not push: its list, taken up.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, timeout_at};

use super::{Failure, Outcome, Words, limits::Limits, places};
use crate::{
    dingtalk::{Class, DingTalkError},
    engine::{Engine, TakeError},
};

/// What opens DingTalk's list. Every app has it, until somebody takes it away.
const BASE: (&str, &str) = ("qyapi_base", "调用企业 API 基础权限");

/// What is turned away for its number is asked again so much later.
const COME_AGAIN: Duration = Duration::from_millis(700);

/// What came of it.
pub(super) enum Taken {
    /// So many events were on the list.
    Events(usize),
    /// DingTalk did not give its list.
    NotGiven(DingTalkError),
    /// They could not be committed, or not in time.
    NotNow,
    /// There is nobody to take them up.
    Nobody,
}

/// Takes them up.
pub(super) async fn take(engine: &Engine, limits: Limits) -> Taken {
    // What DingTalk has handed over is committed even when nobody waits for it any more, where a process may go on after its
    // answer; elsewhere half the time is for that.
    let half = limits.until().saturating_duration_since(Instant::now()) / 2;
    let ask_for = SignedDuration::try_from(half).unwrap_or(SignedDuration::ZERO);
    let engine = engine.clone();
    let taking = tokio::spawn(async move {
        loop {
            match engine.take_failed_pushes(ask_for).await {
                // It took nothing, and is not the last word.
                Err(TakeError::DingTalk(error))
                    if error.class == Class::Throttled && limits.patience() > COME_AGAIN =>
                {
                    tokio::time::sleep(COME_AGAIN).await;
                }
                taken => return taken,
            }
        }
    });
    match timeout_at(limits.until(), taking).await {
        Ok(Ok(Ok(events))) => Taken::Events(events),
        Ok(Ok(Err(TakeError::DingTalk(error)))) => Taken::NotGiven(error),
        Ok(Ok(Err(TakeError::Engine(_))) | Err(_)) => Taken::NotNow,
        Err(_) => Taken::NotGiven(DingTalkError::too_slow()),
    }
}

impl Taken {
    /// The error, if DingTalk did not give its list.
    pub fn error(&self) -> Option<&DingTalkError> {
        match self {
            Self::NotGiven(error) => Some(error),
            Self::Events(_) | Self::NotNow | Self::Nobody => None,
        }
    }

    /// Judges it.
    pub fn judge(&self) -> Outcome {
        match self {
            Self::Events(0) => Outcome::passed(Words::new(
                "DingTalk holds no event that it could not push",
                "钉钉没有推送失败的事件",
            )),
            Self::Events(events) => Failure::new(
                Words::new(
                    format!(
                        "{events} event(s) could not be pushed: our address did not answer in time; they were taken up now"
                    ),
                    format!("有 {events} 个事件推送失败：审批桥地址未及时响应；现已补取"),
                ),
                places::proxy(
                    "whether it is always reachable and answers within 1.5 s",
                    "是否始终可达并在 1.5 秒内响应",
                ),
            )
            .code("failed-pushes")
            .into(),
            Self::NotGiven(error) if error.is_missing_permission() => Failure::new(
                Words::new(
                    format!(
                        "the app lacks the permission {}: DingTalk does not give the events that it could not push",
                        BASE.0
                    ),
                    format!("应用缺少权限 {}：钉钉不提供推送失败的事件", BASE.0),
                ),
                places::permission(BASE.0, BASE.1),
            )
            .code(&error.code)
            .into(),
            Self::NotGiven(error) => {
                Outcome::skipped(Words::new(
                    format!("DingTalk was asked and did not give its list ({})", error.code),
                    format!("已询问，钉钉未返回列表（{}）", error.code),
                ))
            }
            Self::NotNow => Outcome::skipped(Words::new(
                "they could not be taken up now; the bridge tries again by itself",
                "目前无法补取；审批桥会自动重试",
            )),
            Self::Nobody => Outcome::skipped(Words::new(
                "not asked: only a bridge with a complete configuration and a store can take them up",
                "未询问：只有配置完整且有存储的审批桥才能补取",
            )),
        }
    }
}
