//! The one secret of Secrets Manager: a JSON object with the names of the environment's variables. During a rotation the value
//! before is accepted as well: its members come as `…_PREVIOUS`.

use std::{fmt, time::Duration};

use aws_sdk_secretsmanager::{
    Client, Config,
    config::{http::HttpResponse, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::get_secret_value::GetSecretValueError,
};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::{
    aws::{self, Aws},
    config::{VARIABLES, Variables},
};

/// The secret's id or ARN.
const SECRET: &str = "BRIDGE_SECRET_ID";
const TODAY: &str = "AWSCURRENT";
const BEFORE: &str = "AWSPREVIOUS";
const PREVIOUS: &str = "_PREVIOUS";

/// Where the secret is.
pub struct Secrets {
    client: Client,
    id: String,
}

/// The secret as it is now.
pub struct Secret {
    /// Its members, and those before that differ.
    pub variables: Variables,
    /// Which it is.
    pub version: Version,
}

/// Changes with every rotation, and when the value before is taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// Today's value.
    today: String,
    /// The value before, where there is one.
    before: Option<String>,
    /// Secrets Manager does not say now whether there is a value before.
    is_half: bool,
}

impl Version {
    /// Whether all of it is known.
    pub fn is_whole(&self) -> bool {
        !self.is_half
    }

    /// Whether nothing says that `other` is another one.
    pub fn may_be(&self, other: &Self) -> bool {
        self.today == other.today && (self.is_half || self.before == other.before)
    }
}

/// As the store is told.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.today, self.before.as_deref().unwrap_or("-"))
    }
}

/// The secret cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSecret {
    /// Secrets Manager does not hand it out.
    #[error(
        "Secrets Manager does not hand out {SECRET} ({0}): look at the function's role and at the secret's name"
    )]
    Refused(String),
    /// It did not answer, or is busy.
    #[error(
        "Secrets Manager does not hand out {SECRET} now ({0}): Lambda starts the function again with its next call; if it \
         lasts, look at Secrets Manager's quotas and at the way to it from the function's network"
    )]
    NotNow(String),
    /// It is not what it should be.
    #[error("the secret {SECRET} is no JSON object of texts: write {{\"DINGTALK_APP_SECRET\": \"…\", …}}")]
    Shape,
}

impl Secrets {
    /// As the environment names it; `None`: everything is in the environment itself.
    pub fn from_env(aws: &Aws) -> Option<Self> {
        let id = std::env::var(SECRET).ok().filter(|id| !id.is_empty())?;
        let mut config = Config::builder()
            .behavior_version(aws::behavior_version())
            .region(aws.region.clone())
            .credentials_provider(aws.credentials.clone())
            .timeout_config(timeouts());
        config.set_endpoint_url(aws.endpoint.clone());
        Some(Self { client: Client::from_conf(config.build()), id })
    }

    /// Reads it, and the value before where there is one.
    pub async fn read(&self) -> Result<Secret, NoSecret> {
        let (today, before) = tokio::join!(self.stage(TODAY), self.stage(BEFORE));
        let (id, today) = today?.ok_or_else(|| NoSecret::Refused("no value yet".to_owned()))?;
        // A value before that cannot be read is no reason not to work with today's.
        let is_half = matches!(before, Err(NoSecret::NotNow(_)));
        let (before_id, before) = before.ok().flatten().unzip();
        let version = Version { today: id, before: before_id, is_half };
        Ok(Secret { variables: together(today, before.unwrap_or_default()), version })
    }

    async fn stage(&self, stage: &str) -> Result<Option<(String, Map<String, Value>)>, NoSecret> {
        let got = self.client.get_secret_value().secret_id(&self.id).version_stage(stage).send().await;
        let got = match got {
            Ok(got) => got,
            Err(error) => {
                let service = error.as_service_error();
                if stage == BEFORE
                    && service.is_some_and(GetSecretValueError::is_resource_not_found_exception)
                {
                    return Ok(None);
                }
                return Err(why(&error));
            }
        };
        let members = got.secret_string().and_then(|text| serde_json::from_str(text).ok());
        let members = members.ok_or(NoSecret::Shape)?;
        Ok(Some((got.version_id().unwrap_or_default().to_owned(), members)))
    }
}

/// Lambda gives the start ten seconds; whoever needs longer is killed without a word.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build()
}

fn why(error: &SdkError<GetSecretValueError, HttpResponse>) -> NoSecret {
    let code = error.code().unwrap_or("no answer").to_owned();
    let passing = match error {
        SdkError::ServiceError(answer) => answer.raw().status().is_server_error() || code.contains("Throttl"),
        _ => true,
    };
    if passing { NoSecret::NotNow(code) } else { NoSecret::Refused(code) }
}

/// Today's members, and those before that differ and may overlap.
fn together(today: Map<String, Value>, before: Map<String, Value>) -> Variables {
    let overlaps = |name: &str| VARIABLES.iter().copied().flatten().any(|variable| variable.name == name);
    let previous = before.into_iter().filter_map(|(name, value)| {
        let previous = format!("{name}{PREVIOUS}");
        (overlaps(&previous) && today.get(&name) != Some(&value)).then_some((previous, value))
    });
    let previous: Vec<(String, Value)> = previous.collect();
    // A member that names the value before itself comes last, and wins.
    previous.into_iter().chain(today).filter_map(|(name, value)| Some((name, text(value)?))).collect()
}

fn text(value: Value) -> Option<SecretString> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(yes) => Some(yes.to_string().into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_was_changed_overlaps_with_the_value_before() {
        let today = object(&json!({
            "DATAPHIN_ACCESS_TOKEN": "new", "DINGTALK_CALLBACK_TOKEN": "same", "DINGTALK_AGENT_ID": 7, "x": null,
        }));
        let before = object(&json!({
            "DATAPHIN_ACCESS_TOKEN": "old", "DINGTALK_CALLBACK_TOKEN": "same", "DINGTALK_APP_SECRET": "old",
        }));
        let variables = together(today, before);
        let names: Vec<&str> = variables.names().collect();
        let expected = [
            "DATAPHIN_ACCESS_TOKEN",
            "DATAPHIN_ACCESS_TOKEN_PREVIOUS",
            "DINGTALK_AGENT_ID",
            "DINGTALK_CALLBACK_TOKEN",
        ];
        assert_eq!(names, expected);
        assert_eq!(variables.get("DATAPHIN_ACCESS_TOKEN_PREVIOUS"), Some("old"));
        assert_eq!(variables.get("DINGTALK_AGENT_ID"), Some("7"));
    }
}
