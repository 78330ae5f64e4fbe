//! Configuration, from the environment: one struct a concern. Whatever is wrong or missing is named, all at once.
//!
//! Variables have the vendor's own words, so that an administrator recognises every field.

mod bridge;
mod dataphin;
mod dingtalk;
mod environment;
mod home;
pub mod taken_up;
mod variables;

pub use bridge::BridgeConfig;
pub use dataphin::DataphinConfig;
pub use dingtalk::DingTalkConfig;
pub use environment::{Environment, Fallback, Problems, VARIABLES, Variable};
pub use home::Home;
pub(crate) use variables::bare;
pub use variables::{SECRETS, Variables};

/// Everything the bridge is configured with.
#[derive(Clone)]
pub struct Config {
    /// DingTalk.
    pub dingtalk: DingTalkConfig,
    /// Dataphin.
    pub dataphin: DataphinConfig,
    /// The bridge itself.
    pub bridge: BridgeConfig,
    /// What all of it was read from.
    pub variables: Variables,
}

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, Problems> {
        Self::read(Variables::from_env())
    }

    /// Reads any source of variables.
    pub fn from(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        Self::read(Variables::from_lookup(lookup))
    }

    /// Reads variables.
    pub fn read(variables: Variables) -> Result<Self, Problems> {
        let Survey { dingtalk, dataphin, bridge, problems } =
            Survey::of(|name| variables.get(name).map(ToOwned::to_owned));
        match (dingtalk, dataphin, bridge) {
            (Some(dingtalk), Some(dataphin), Some(bridge)) if problems.is_empty() => {
                Ok(Self { dingtalk, dataphin, bridge, variables })
            }
            _ => Err(problems),
        }
    }
}

/// As much of a configuration as can be read, and what is wrong with the rest.
pub struct Survey {
    /// DingTalk, if all of it can be read.
    pub dingtalk: Option<DingTalkConfig>,
    /// Dataphin, likewise.
    pub dataphin: Option<DataphinConfig>,
    /// The bridge itself, likewise.
    pub bridge: Option<BridgeConfig>,
    /// What is wrong.
    pub problems: Problems,
}

impl Survey {
    /// Reads any source of variables.
    pub fn of(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut environment = Environment::new(&lookup);
        Self {
            dingtalk: DingTalkConfig::read(&mut environment),
            dataphin: DataphinConfig::read(&mut environment),
            bridge: BridgeConfig::read(&mut environment),
            problems: environment.problems(),
        }
    }
}
