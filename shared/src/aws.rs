//! AWS, spelt out: region and credentials as the environment has them. No chain of providers is gone through, which costs
//! time at every cold start and finds credentials that nobody meant.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};

/// Where AWS is, and as whom it is called.
#[derive(Clone)]
pub struct Aws {
    /// `AWS_REGION`
    pub region: Region,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL`, where AWS is emulated.
    pub endpoint: Option<String>,
}

/// A variable that AWS needs is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is not set: there are no AWS credentials or no region to call DynamoDB with (AWS_REGION, AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY)"
)]
pub struct MissingAws(&'static str);

impl MissingAws {
    /// The variable.
    pub fn variable(&self) -> &'static str {
        self.0
    }
}

impl Aws {
    /// As the process's environment has it.
    pub fn from_env() -> Result<Self, MissingAws> {
        let given = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let needed = |name| given(name).ok_or(MissingAws(name));
        let region =
            given("AWS_REGION").or_else(|| given("AWS_DEFAULT_REGION")).ok_or(MissingAws("AWS_REGION"))?;
        Ok(Self {
            region: Region::new(region),
            credentials: Credentials::new(
                needed("AWS_ACCESS_KEY_ID")?,
                needed("AWS_SECRET_ACCESS_KEY")?,
                given("AWS_SESSION_TOKEN"),
                None,
                "environment",
            ),
            endpoint: given("AWS_ENDPOINT_URL"),
        })
    }
}

/// Pinned: a new version of the SDK does not change how it retries or waits.
pub fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}
