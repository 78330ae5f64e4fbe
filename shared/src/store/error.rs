//! What can go wrong with the store.

use std::{error::Error, fmt::Debug};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// The store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or answered with an error: try again later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// No answer of DynamoDB's, for a reason that can be named.
    #[error("the store is not available: {0}")]
    Unreached(Unreached),
    /// DynamoDB's own refusal, which trying again does not cure by itself, or not soon.
    #[error("the store is not available: an error ({})", .0.code)]
    Refused(Refusal),
    /// An item is not what this version of the bridge writes.
    #[error("a stored item is damaged, or was written by another version of the bridge")]
    Damaged,
}

/// What DynamoDB refuses. Only what AWS names is kept: a message may quote what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// DynamoDB's code.
    pub code: String,
    /// The IAM action that is denied (`dynamodb:Query`).
    pub action: Option<String>,
    /// The ARN that it is denied on.
    pub resource: Option<String>,
}

impl Refusal {
    fn of(code: &str, message: Option<&str>) -> Option<Self> {
        let known = REFUSALS.contains(&code) || code.starts_with("KMS") || code.contains("EncryptionKey");
        known.then(|| {
            let words = || message.unwrap_or_default().split_whitespace().map(bare);
            Self {
                code: code.to_owned(),
                action: words()
                    .find(|word| ACTIONS.iter().any(|it| word.starts_with(it)))
                    .map(ToOwned::to_owned),
                // The caller's own ARN is of STS or IAM.
                resource: words()
                    .find(|word| word.starts_with("arn:") && RESOURCES.iter().any(|it| word.contains(it)))
                    .map(ToOwned::to_owned),
            }
        })
    }
}

const ACTIONS: [&str; 2] = ["dynamodb:", "kms:"];
const RESOURCES: [&str; 2] = [":dynamodb:", ":kms:"];

/// A word without the punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '*')
}

/// Codes of refusals that are causes of their own.
const REFUSALS: [&str; 8] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "ExpiredToken",
    "ResourceNotFoundException",
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
];

/// Why DynamoDB gives no answer of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// Nothing listens at the endpoint.
    #[error("the connection is refused")]
    Refused,
    /// The endpoint's name leads nowhere.
    #[error("its name is not resolved")]
    NoName,
    /// Nobody answers there.
    #[error("no connection")]
    NoConnection,
    /// Something else answers.
    #[error("what answers there is not DynamoDB")]
    NotDynamoDb,
    /// There is nothing to sign requests with.
    #[error(
        "there are no AWS credentials to call it with (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role)"
    )]
    NoCredentials,
    /// Its requests are signed with something else than it takes.
    #[error("it does not accept the AWS credentials")]
    WrongCredentials,
    /// Its clock and this machine's differ by more than a signature lives.
    #[error("it refuses requests as signed at another time: this machine's clock is wrong")]
    OtherTime,
    /// Requests are signed for another region than its own.
    #[error("it refuses requests as signed for another region (AWS_REGION)")]
    OtherRegion,
    /// Requests are signed for a region, and none is set.
    #[error("no AWS region is set (AWS_REGION)")]
    NoRegion,
}

impl Unreached {
    /// What is wrong with a signature, by AWS's words; they are read, never shown.
    fn of_signature(words: &str) -> Self {
        let words = words.to_ascii_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        if says(&["expired", "not yet current", "is now earlier", "is now later"]) {
            Self::OtherTime
        } else if says(&["region"]) {
            Self::OtherRegion
        } else {
            Self::WrongCredentials
        }
    }

    /// What an error's texts say; they are read, never shown.
    fn by(texts: &str) -> Option<Self> {
        let known = [
            ("connection refused", Self::Refused),
            ("dns error", Self::NoName),
            ("lookup address", Self::NoName),
            ("credential", Self::NoCredentials),
            ("region", Self::NoRegion),
        ];
        known.into_iter().find(|(part, _)| texts.contains(part)).map(|(_, unreached)| unreached)
    }
}

/// Codes of an answer to a request that is signed wrongly.
const WRONG_CREDENTIALS: [&str; 5] = [
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
    "InvalidClientTokenId",
];

/// The detail may quote what is stored, so it is left out.
impl From<serde_dynamo::Error> for StoreError {
    fn from(_: serde_dynamo::Error) -> Self {
        Self::Damaged
    }
}

/// Only the kind and the code: the answer itself may quote what is stored.
impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let unreached = match (&error, error.code()) {
            (SdkError::ServiceError(_), Some(code)) if WRONG_CREDENTIALS.contains(&code) => {
                Some(Unreached::of_signature(error.message().unwrap_or_default()))
            }
            (SdkError::ServiceError(_), None) | (SdkError::ResponseError(_), _) => {
                Some(Unreached::NotDynamoDb)
            }
            (SdkError::DispatchFailure(_), _) => {
                Some(Unreached::by(&texts(&error)).unwrap_or(Unreached::NoConnection))
            }
            (SdkError::ConstructionFailure(_), _) => Unreached::by(&texts(&error)),
            _ => None,
        };
        if let Some(unreached) = unreached {
            return Self::Unreached(unreached);
        }
        let refusal = match &error {
            SdkError::ServiceError(_) => error.code().and_then(|code| Refusal::of(code, error.message())),
            _ => None,
        };
        if let Some(refusal) = refusal {
            return Self::Refused(refusal);
        }
        let kind = match &error {
            SdkError::ConstructionFailure(_) => "the request could not be built",
            SdkError::TimeoutError(_) => "no answer in time",
            SdkError::DispatchFailure(_) => "no connection",
            SdkError::ResponseError(_) => "an answer that is not understood",
            SdkError::ServiceError(_) => "an error",
            _ => "unknown",
        };
        Self::Unavailable(format!("{kind} ({})", error.code().unwrap_or("no code")))
    }
}

/// A commit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Someone else committed first: load again and think again.
    #[error("someone else changed the approval first")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An error's own text and those of all that led to it.
fn texts(error: &dyn Error) -> String {
    let (mut texts, mut next) = (error.to_string(), error.source());
    while let Some(error) = next {
        texts = format!("{texts}: {error}");
        next = error.source();
    }
    texts.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_signature_is_told_by_awss_words() {
        let table = [
            (
                "Signature expired: 20261129T100000Z is now earlier than 20261129T110000Z",
                Unreached::OtherTime,
            ),
            ("Signature not yet current: 20261129T130000Z is still later than", Unreached::OtherTime),
            ("Credential should be scoped to a valid region, not 'cn-northwest-1'", Unreached::OtherRegion),
            ("The request signature we calculated does not match", Unreached::WrongCredentials),
            ("The security token included in the request is invalid.", Unreached::WrongCredentials),
        ];
        for (words, expected) in table {
            assert_eq!(Unreached::of_signature(words), expected, "{words}");
        }
    }

    #[test]
    fn a_denial_names_its_action_and_resource() {
        let message = "User: arn:aws:sts::1:assumed-role/bridge/relay is not authorized to perform: dynamodb:Query on \
                       resource: arn:aws:dynamodb:eu-west-1:1:table/approvals/index/due because no identity-based policy \
                       allows the dynamodb:Query action";
        let refusal = Refusal::of("AccessDeniedException", Some(message)).unwrap();
        assert_eq!(refusal.action.as_deref(), Some("dynamodb:Query"));
        assert_eq!(
            refusal.resource.as_deref(),
            Some("arn:aws:dynamodb:eu-west-1:1:table/approvals/index/due")
        );
        assert_eq!(Refusal::of("ConditionalCheckFailedException", Some("x")), None);
        assert!(Refusal::of("ThrottlingException", None).is_some());
    }
}
