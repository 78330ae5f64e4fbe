//! What a simulated organisation and its one application look like, and how strict the platform is with them.

use std::net::{Ipv4Addr, SocketAddr};

use jiff::SignedDuration;

/// Everything that is fixed when the simulator starts.
#[derive(Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The application's AppKey ("Client ID").
    pub app_key: String,
    /// The application's AppSecret ("Client Secret").
    pub app_secret: String,
    /// The organisation.
    pub corp_id: String,
    /// The organisation's name, which is also its root department's.
    pub corp_name: String,
    /// The application's AgentId.
    pub agent_id: i64,
    /// Calls a second for each API (20 on the standard edition); `None` switches the limit off.
    pub qps: Option<u32>,
    /// Paid calls a month (5,000 on the standard edition); `None` switches the limit off.
    pub api_quota: Option<u64>,
    /// Event pushes a month (3,000 on the standard edition); `None` switches the limit off.
    pub push_quota: Option<u64>,
    /// Whether the organisation has bought the premium interfaces.
    pub premium: bool,
    /// Whether AND / OR with a single approver is let through, as one sample of the vendor's does.
    pub tolerate_single_approver: bool,
    /// Whether a table's columns may be of any kind, as one sample of the vendor's shows; the documented FAQ names four.
    pub wide_table_children: bool,
    /// How long a template is not found by a new name, which is taken all the same.
    pub name_delay: SignedDuration,
    /// By how much the platform's clock is off: the `Date` of its answers, and every time that it shows or lists by.
    pub clock_skew: SignedDuration,
    /// How long a new instance stays out of the list of instance ids.
    pub list_delay: SignedDuration,
    /// How long an instance must have lived before it can be revoked (15 s).
    pub revoke_after: SignedDuration,
    /// How long the receiver of a push may take to answer (2,500 ms).
    pub push_deadline: SignedDuration,
    /// How long after each failed attempt the next one follows.
    pub push_retries: Vec<SignedDuration>,
    /// How long after the last attempt an event shows in the failed list (3 to 5 minutes).
    pub failed_list_delay: SignedDuration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            app_key: "dingsimulatedappkey0".into(),
            app_secret: "simulated-app-secret".into(),
            corp_id: "ding0simulatedcorp00".into(),
            corp_name: "Simulated Corporation".into(),
            agent_id: 1_000_001,
            qps: Some(20),
            api_quota: Some(5_000),
            push_quota: Some(3_000),
            premium: false,
            tolerate_single_approver: false,
            wide_table_children: false,
            name_delay: SignedDuration::ZERO,
            clock_skew: SignedDuration::ZERO,
            list_delay: SignedDuration::ZERO,
            revoke_after: SignedDuration::from_secs(15),
            push_deadline: SignedDuration::from_millis(2_500),
            push_retries: vec![SignedDuration::from_secs(10), SignedDuration::from_secs(30)],
            failed_list_delay: SignedDuration::from_mins(3),
        }
    }
}
