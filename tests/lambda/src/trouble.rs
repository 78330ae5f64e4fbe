//! What DynamoDB does on a bad day, as AWS answers it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::environment::lock;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ill {
    /// Too much for the table: `ProvisionedThroughputExceededException`.
    TableThrottled,
    /// Too much for its partition or its control plane: `ThrottlingException`.
    Throttled,
    /// Too much for the account: `RequestLimitExceeded`.
    AccountThrottled,
    /// A transaction is canceled, since one of its writes was throttled.
    TransactionThrottled,
    /// A transaction is canceled, since another one is under way on the same item.
    TransactionConflict,
    /// The same transaction is under way already.
    TransactionInProgress,
    /// A write of one item, while a transaction is under way on it: `TransactionConflictException`.
    ItemInTransaction,
    /// 500 `InternalServerError`, and nothing was done.
    ServerError,
    /// 503, and nothing was done.
    Unavailable,
    /// It was done, and the answer is a 500.
    AnswerLost,
}

/// What goes wrong, and for which requests.
#[derive(Debug, Clone)]
pub struct Trouble {
    ill: Ill,
    operations: Vec<&'static str>,
    about: Option<String>,
    each: u64,
    met: u64,
    first_tries: bool,
}

impl Trouble {
    /// Every request.
    pub fn of(ill: Ill) -> Self {
        Self { ill, operations: Vec::new(), about: None, each: 1, met: 0, first_tries: false }
    }

    /// Only these operations.
    #[must_use]
    pub fn on(mut self, operations: &[&'static str]) -> Self {
        self.operations = operations.to_vec();
        self
    }

    /// Only requests that name this.
    #[must_use]
    pub fn about(mut self, text: impl Into<String>) -> Self {
        self.about = Some(text.into());
        self
    }

    /// Only each so many of them, the first among them.
    #[must_use]
    pub fn each(mut self, each: u64) -> Self {
        self.each = each;
        self
    }

    /// Only the first try of a request: what the client itself sends again goes through.
    #[must_use]
    pub fn at_first(mut self) -> Self {
        self.first_tries = true;
        self
    }

    fn strikes(&mut self, operation: &str, body: &[u8], is_first_try: bool) -> bool {
        let named = self.operations.is_empty() || self.operations.contains(&operation);
        let text = String::from_utf8_lossy(body);
        let retried = self.first_tries && !is_first_try;
        if !named || retried || self.about.as_ref().is_some_and(|about| !text.contains(about.as_str())) {
            return false;
        }
        self.met += 1;
        (self.met - 1).is_multiple_of(self.each)
    }
}

/// The troubles of a table.
#[derive(Clone, Default)]
pub struct Troubles(Arc<Mutex<(Vec<Trouble>, u64)>>);

impl Troubles {
    /// From now on until it is over.
    pub fn begin(&self, trouble: Trouble) {
        lock(&self.0).0.push(trouble);
    }

    /// All is well again.
    pub fn end(&self) {
        lock(&self.0).0.clear();
    }

    /// How many requests went wrong so far.
    pub fn struck(&self) -> u64 {
        lock(&self.0).1
    }

    /// What goes wrong with this request.
    pub(crate) fn strike(&self, operation: &str, body: &[u8], is_first_try: bool) -> Option<Ill> {
        let (troubles, struck) = &mut *lock(&self.0);
        let mut ills =
            troubles.iter_mut().filter_map(|it| it.strikes(operation, body, is_first_try).then_some(it.ill));
        let ill = ills.next()?;
        *struck += 1;
        Some(ill)
    }
}

impl Ill {
    /// The answer: a status and a body.
    pub(crate) fn answer(self) -> (u16, String) {
        let dynamodb = "com.amazonaws.dynamodb.v20120810";
        let error = |status: u16, kind: &str, message: &str| {
            (status, json!({"__type": format!("{dynamodb}#{kind}"), "message": message}))
        };
        let canceled = |code: &str| {
            let reasons: [Value; 2] = [json!({"Code": "None"}), json!({"Code": code, "Message": "later"})];
            let message = format!(
                "Transaction cancelled, please refer cancellation reasons for specific reasons [None, {code}]"
            );
            let kind = format!("{dynamodb}#TransactionCanceledException");
            (400, json!({"__type": kind, "Message": message, "CancellationReasons": reasons}))
        };
        let (status, body) = match self {
            Self::TableThrottled => error(
                400,
                "ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.",
            ),
            // These two come under the namespace of all of AWS.
            Self::Throttled => (
                400,
                json!({"__type": "com.amazon.coral.availability#ThrottlingException", "message": "Rate exceeded"}),
            ),
            Self::AccountThrottled => error(
                400,
                "RequestLimitExceeded",
                "Throughput exceeds the current throughput limit for your account.",
            ),
            Self::TransactionThrottled => canceled("ThrottlingError"),
            Self::TransactionConflict => canceled("TransactionConflict"),
            Self::TransactionInProgress => error(
                400,
                "TransactionInProgressException",
                "The transaction with the given request token is already in progress.",
            ),
            Self::ItemInTransaction => {
                error(400, "TransactionConflictException", "Transaction is ongoing for the item")
            }
            Self::ServerError | Self::AnswerLost => {
                error(500, "InternalServerError", "Internal server error")
            }
            Self::Unavailable => return (503, "Service Unavailable".to_owned()),
        };
        (status, body.to_string())
    }
}
