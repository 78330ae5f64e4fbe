//! How large a body may be on the way to the bridge: requests and events are larger than a check.

use super::{Failure, Words, limits::Limits, places};
use crate::http::{HttpAnswer, SendError};

/// Tried between a check and the largest.
const SIZES: [usize; 6] = [1_000, 4_000, 16_000, 64_000, 250_000, 500_000];
/// About as large as the check that has arrived.
const TINY: usize = 200;
/// A way that does not take so much in time is not merely slow.
const SMALL: usize = 16_000;

/// What became of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// It arrived; or nothing says that it did not.
    Whole,
    /// The bridge got less of it, or something else.
    Cut {
        /// So many bytes, if the bridge says it.
        arrived: Option<usize>,
    },
    /// Something before the bridge answered.
    Answered(u16),
    /// Something before the bridge answers whatever comes after the first calls.
    NoMore(u16),
    /// The connection ended without an answer.
    Closed,
    /// No answer came in time.
    Late,
}

impl Passage {
    /// Of a call that was not answered.
    pub fn of_error(error: &SendError) -> Self {
        match error {
            SendError::TimedOut => Self::Late,
            SendError::NotSent(_) | SendError::NoAnswer(_) => Self::Closed,
            SendError::TooLong => Self::Whole,
        }
    }

    /// Of an answer that is not the bridge's.
    pub fn of_stranger(answer: &HttpAnswer) -> Self {
        match answer.status.as_u16() {
            // A limit for the number of calls.
            429 => Self::Whole,
            status => Self::Answered(status),
        }
    }

    /// Whether chance can be left out.
    fn is_certain(self) -> bool {
        matches!(self, Self::Cut { .. } | Self::Answered(413))
    }
}

/// A way to the bridge, on which a body of any size can be sent.
pub(super) trait Way {
    /// What becomes of a body of so many bytes. Ends by itself.
    fn send(&self, bytes: usize) -> impl Future<Output = Passage> + Send;
}

/// A body that does not get through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge {
    /// The smallest that failed.
    fails: usize,
    how: Passage,
    /// The largest that arrived; nothing: only the check did.
    arrives: Option<usize>,
}

/// Tries a body of `largest` bytes, and finds the limit if it does not get through.
pub(super) async fn try_up_to(largest: usize, limits: Limits, way: &(impl Way + Sync)) -> Option<TooLarge> {
    let mut how = way.send(largest).await;
    if how != Passage::Whole && !how.is_certain() {
        how = match how {
            Passage::Late => return is_stuck(way).await,
            _ => way.send(largest).await,
        };
    }
    if matches!(how, Passage::Whole | Passage::Late) {
        return None;
    }
    let mut found = TooLarge { fails: largest, how, arrives: None };
    let mut sizes = SIZES.iter().copied().filter(|size| *size < largest).collect::<Vec<_>>();
    while !sizes.is_empty() && tokio::time::Instant::now() < limits.until() {
        let middle = sizes.len() / 2;
        let size = sizes[middle];
        match way.send(size).await {
            Passage::Whole => {
                found.arrives = Some(size);
                sizes.drain(..=middle);
            }
            how => {
                (found.fails, found.how) = (size, how);
                sizes.truncate(middle);
            }
        }
    }
    // Where small ones do not arrive any more, it was not the size: a limit of the number of calls, say.
    if let (Passage::Answered(status), None) = (found.how, found.arrives)
        && status != 413
        && way.send(TINY).await != Passage::Whole
    {
        found.how = Passage::NoMore(status);
    }
    Some(found)
}

/// Whether even a small body is lost: then the way is not merely slow.
async fn is_stuck(way: &(impl Way + Sync)) -> Option<TooLarge> {
    let how = way.send(SMALL).await;
    (how == Passage::Late).then_some(TooLarge { fails: SMALL, how, arrives: None })
}

/// The way is open to the first calls only.
fn no_more(path: &str, status: u16) -> Failure {
    let cause = Words::new(
        format!(
            "the first calls of {path} arrive, and further ones are answered with HTTP {status}, and not by the bridge: a firewall \
             limits how often it is called, or one of several upstreams is not the bridge"
        ),
        format!(
            "对 {path} 的前几次调用可以到达，之后的返回 HTTP {status}，且并非来自审批桥：防火墙限制了调用频率，或多个上游之一不是审批桥"
        ),
    );
    let fix = places::proxy(
        "raise or remove its limit of calls (CC protection) for DingTalk and Dataphin; every upstream must be the bridge",
        "为钉钉与 Dataphin 的来源地址放宽频率限制（CC 防护）；每个上游都须是审批桥",
    );
    Failure::new(cause, fix).code(format!("http-{status}"))
}

impl TooLarge {
    /// As a failure. `path`: what was called; `whose`: whose bodies are as large.
    pub fn failure(&self, path: &str, whose: &Words) -> Failure {
        if let Passage::NoMore(status) = self.how {
            return no_more(path, status);
        }
        let fails = shown(self.fails);
        let arrives = match self.arrives {
            Some(bytes) => {
                Words::new(format!("one of {} arrives", shown(bytes)), format!("{} 的可以到达", shown(bytes)))
            }
            None => Words::new("a check of a few hundred bytes arrives", "几百字节的检测请求可以到达"),
        };
        let (how, code) = match self.how {
            Passage::Answered(413) => (
                Words::new("is refused with HTTP 413 before the bridge", "在到达审批桥前被拒绝（HTTP 413）"),
                "body-size",
            ),
            Passage::Answered(status) => (
                Words::new(
                    format!("is answered with HTTP {status}, and not by the bridge"),
                    format!("得到 HTTP {status}，且并非来自审批桥"),
                ),
                "body-size",
            ),
            Passage::Cut { arrived: Some(bytes) } => (
                Words::new(
                    format!("is cut: {bytes} bytes of it arrive"),
                    format!("被截断，仅到达 {bytes} 字节"),
                ),
                "body-cut",
            ),
            Passage::Cut { arrived: None } => {
                (Words::new("arrives cut or changed", "到达时被截断或改写"), "body-cut")
            }
            Passage::Late => (Words::new("gets no answer in time", "未及时得到响应"), "body-late"),
            Passage::Closed | Passage::Whole | Passage::NoMore(_) => {
                (Words::new("ends the connection without an answer", "导致连接被断开且无响应"), "body-size")
            }
        };
        let cause = Words::new(
            format!(
                "large bodies do not get through to {path}: one of {fails} {}, {}; {}",
                how.en, arrives.en, whose.en
            ),
            format!("较大的请求体无法到达 {path}：{fails} 的请求体{}，{}；{}", how.zh, arrives.zh, whose.zh),
        );
        let fix = if self.how == Passage::Late {
            places::proxy(
                "how it passes large bodies on (buffering; the MTU of the network or VPN on the way)",
                "大请求体的转发（缓冲设置；沿途网络或 VPN 的 MTU）",
            )
        } else {
            places::proxy(
                "its limit for the size of a body, 2 MB at least (nginx: client_max_body_size 2m; a gateway's or WAF's limit)",
                "请求体大小限制，至少 2 MB（nginx：client_max_body_size 2m；或网关、WAF 的请求体大小限制）",
            )
        };
        Failure::new(cause, fix).code(code)
    }
}

fn shown(bytes: usize) -> String {
    if bytes >= 1_000_000 { format!("{} MB", bytes / 1_000_000) } else { format!("{} KB", bytes / 1_000) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Every larger body than its limit meets `how`, so many times.
    struct Limited {
        limit: usize,
        how: Passage,
        times: usize,
        sent: AtomicUsize,
    }

    impl Way for Limited {
        async fn send(&self, bytes: usize) -> Passage {
            let sent = self.sent.fetch_add(1, Ordering::Relaxed);
            if bytes > self.limit && sent < self.times { self.how } else { Passage::Whole }
        }
    }

    /// What is found, and how many were sent.
    async fn found(limit: usize, how: Passage, times: usize) -> (Option<(usize, Option<usize>)>, usize) {
        let way = Limited { limit, how, times, sent: AtomicUsize::new(0) };
        let found = try_up_to(1_000_000, Limits::new(false), &way).await;
        (found.map(|found| (found.fails, found.arrives)), way.sent.into_inner())
    }

    #[tokio::test]
    async fn the_limit_is_found_between_two_sizes() {
        for (limit, expected) in [
            (300, (1_000, None)),
            (1_024, (4_000, Some(1_000))),
            (65_536, (250_000, Some(64_000))),
            (204_800, (250_000, Some(64_000))),
            (600_000, (1_000_000, Some(500_000))),
        ] {
            let (found, sent) = found(limit, Passage::Answered(413), 9).await;
            assert_eq!(found, Some(expected), "{limit}");
            assert!(sent <= 4, "{sent}");
        }
    }

    #[tokio::test]
    async fn what_gets_through_or_is_merely_slow_is_no_fault() {
        assert_eq!(found(2_000_000, Passage::Answered(413), 9).await, (None, 1));
        assert_eq!(found(64_000, Passage::Late, 9).await, (None, 2));
        assert_eq!(found(1_024, Passage::Late, 9).await, (Some((SMALL, None)), 2));
    }

    #[tokio::test]
    async fn one_bad_gateway_is_no_fault_and_two_are() {
        assert_eq!(found(250_000, Passage::Answered(502), 1).await, (None, 2));
        assert_eq!(found(250_000, Passage::Answered(502), 9).await.0, Some((500_000, Some(250_000))));
    }

    #[test]
    fn a_limit_is_named_with_where_to_raise_it() {
        let limit = TooLarge { fails: 4_000, how: Passage::Answered(413), arrives: Some(1_000) };
        let failure = limit.failure("/dataphin", &Words::new("requests have up to 1 MB", "申请可达 1 MB"));
        assert_eq!(
            failure.cause.en,
            "large bodies do not get through to /dataphin: one of 4 KB is refused with HTTP 413 before the bridge, one of 1 \
             KB arrives; requests have up to 1 MB"
        );
        assert!(
            failure.mend.en.contains("client_max_body_size") && failure.mend.zh.contains("请求体大小限制")
        );
    }
}
