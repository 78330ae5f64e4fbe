//! What calls and pushes cost: 20 calls a second for each API, and the organisation's month.
//!
//! Spec section 5.4. Token and contacts calls are free; calls refused by a limit do not count.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    catalog::{Api, Price},
    errors::{Host, Refusal, local},
    settings::Settings,
};

/// How often an API was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Calls that reached the API, with whatever answer.
    pub calls: u64,
    /// Of these, the ones that count for the month.
    pub paid: u64,
    /// Calls that token, permission or limits kept away from it.
    pub turned_away: u64,
    /// Calls that a fault kept away from it: answered 500, or the connection closed.
    pub failed: u64,
}

/// All counts since the simulator started, and those of the running month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// For each API.
    pub by_api: BTreeMap<&'static str, Count>,
    /// Paid calls this month.
    pub paid_this_month: u64,
    /// Event pushes this month.
    pub pushes_this_month: u64,
}

impl Counts {
    /// The count of one API.
    pub fn of(&self, api: Api) -> Count {
        self.by_api.get(api.name()).copied().unwrap_or_default()
    }

    /// Paid calls of all APIs since the start.
    pub fn paid(&self) -> u64 {
        self.by_api.values().map(|count| count.paid).sum()
    }
}

/// The limits at work.
pub(crate) struct Meter {
    pub qps: Option<u32>,
    pub api_quota: Option<u64>,
    pub push_quota: Option<u64>,
    pub counts: Counts,
    windows: BTreeMap<&'static str, (i64, u32)>,
    month: String,
}

impl Meter {
    pub fn new(settings: &Settings) -> Self {
        Self {
            qps: settings.qps,
            api_quota: settings.api_quota,
            push_quota: settings.push_quota,
            counts: Counts::default(),
            windows: BTreeMap::new(),
            month: String::new(),
        }
    }

    /// Lets a call pass and counts it, or says which limit it met.
    pub fn admit(&mut self, api: Api, host: Host, price: Price, now: Timestamp) -> Result<(), Refusal> {
        self.turn_month(now);
        let window = self.windows.entry(api.name()).or_default();
        if window.0 != now.as_second() {
            *window = (now.as_second(), 0);
        }
        if self.qps.is_some_and(|limit| window.1 >= limit) {
            return Err(too_fast(host));
        }
        window.1 += 1;
        let paid = price == Price::Paid;
        if paid && self.api_quota.is_some_and(|quota| self.counts.paid_this_month >= quota) {
            return Err(used_up(host));
        }
        let count = self.counts.by_api.entry(api.name()).or_default();
        count.calls += 1;
        if paid {
            count.paid += 1;
            self.counts.paid_this_month += 1;
        }
        Ok(())
    }

    /// Counts a call that never reached its API.
    pub fn turn_away(&mut self, api: Api) {
        self.counts.by_api.entry(api.name()).or_default().turned_away += 1;
    }

    /// Counts a call that a fault kept away from its API.
    pub fn fail(&mut self, api: Api) {
        self.counts.by_api.entry(api.name()).or_default().failed += 1;
    }

    /// Counts a push; false when the month's pushes are used up.
    pub fn admit_push(&mut self, now: Timestamp) -> bool {
        self.turn_month(now);
        if self.push_quota.is_some_and(|quota| self.counts.pushes_this_month >= quota) {
            return false;
        }
        self.counts.pushes_this_month += 1;
        true
    }

    fn turn_month(&mut self, now: Timestamp) {
        let month = local(now, "%Y-%m");
        if month != self.month {
            self.month = month;
            self.counts.paid_this_month = 0;
            self.counts.pushes_this_month = 0;
        }
    }
}

fn too_fast(host: Host) -> Refusal {
    match host {
        Host::V1 => Refusal::v1_status(
            403,
            "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi",
            "应用调用该接口的QPS超过限制，请稍后重试",
        ),
        Host::Oapi => Refusal::gateway("90018", "您的服务器调用钉钉开放平台当前接口的所有请求都被暂时禁用了"),
    }
}

fn used_up(host: Host) -> Refusal {
    match host {
        Host::V1 => Refusal::v1_status(
            403,
            "Forbidden.AccessDenied.ApiCountLimitForOrg",
            "企业本月的接口调用量已用完",
        ),
        Host::Oapi => Refusal::gateway("90020", "企业本月的接口调用量已用完"),
    }
}
