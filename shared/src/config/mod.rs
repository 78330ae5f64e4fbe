//! Configuration, from the environment: one struct a concern. Whatever is wrong or missing is named, all at once.
//!
//! Variables have the vendor's own words, so that an administrator recognises every field.

mod bridge;
mod dataphin;
mod dingtalk;
mod environment;

pub use bridge::BridgeConfig;
pub use dataphin::DataphinConfig;
pub use dingtalk::DingTalkConfig;
pub use environment::{Environment, Fallback, Problems, VARIABLES, Variable};

/// Everything the bridge is configured with.
#[derive(Clone)]
pub struct Config {
    /// DingTalk.
    pub dingtalk: DingTalkConfig,
    /// Dataphin.
    pub dataphin: DataphinConfig,
    /// The bridge itself.
    pub bridge: BridgeConfig,
}

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, Problems> {
        Self::from(|name| std::env::var(name).ok())
    }

    /// Reads any source of variables.
    pub fn from(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut environment = Environment::new(&lookup);
        let dingtalk = DingTalkConfig::read(&mut environment);
        let dataphin = DataphinConfig::read(&mut environment);
        let bridge = BridgeConfig::read(&mut environment);
        let problems = environment.problems();
        match (dingtalk, dataphin, bridge) {
            (Some(dingtalk), Some(dataphin), Some(bridge)) if problems.is_empty() => {
                Ok(Self { dingtalk, dataphin, bridge })
            }
            _ => Err(problems),
        }
    }
}
