//! The store: there, whole, and writable.

use std::path::Path;

use super::{Failure, Outcome, Words, places};
use crate::config::Variables;
use crate::store::{Store, StoreError, TableFacts};

/// What there is of a store.
#[derive(Clone)]
pub enum Storage {
    /// It can be asked.
    Open(Store),
    /// There is none yet: it is made at the first start.
    NotYet(String),
    /// It cannot be opened.
    Unusable(Failure),
    /// Nobody can say where it is.
    Unknown(String),
}

impl Storage {
    /// The store, if it can be asked.
    pub(super) fn store(&self) -> Option<&Store> {
        match self {
            Self::Open(store) => Some(store),
            Self::NotYet(_) | Self::Unusable(_) | Self::Unknown(_) => None,
        }
    }
}

/// What a look at the table gave.
pub(super) type Looked = Result<Option<TableFacts>, StoreError>;

/// Looks at the table, and writes a mark into it.
pub(super) async fn look(store: &Store) -> Looked {
    let facts = store.table_facts().await?;
    if facts.is_some() {
        store.prove_writes().await?;
    }
    Ok(facts)
}

/// Whether the bridge that runs works on another store than the one that was looked at. `running`: what it calls its
/// own; `looked_at`: what ours is called.
pub(super) fn other_than(
    variables: &Variables,
    storage: &Storage,
    running: Option<&str>,
    looked_at: Option<&str>,
) -> Option<Failure> {
    if running.is_none() || running == looked_at || !matches!(storage, Storage::Open(_) | Storage::NotYet(_))
    {
        return None;
    }
    let file = variables.given("BRIDGE_FILE").unwrap_or("bridge.db");
    let (ours, mend) = if variables.given("BRIDGE_DYNAMODB_ENDPOINT").is_some() {
        let mend = Words::variable("BRIDGE_TABLE").or(&Words::variable("BRIDGE_DYNAMODB_ENDPOINT"));
        ("another table".to_owned(), mend)
    } else if Path::new(file).is_relative() {
        let ours =
            format!("another data file: BRIDGE_FILE ({file}) is relative, and another file in every folder");
        let absolute = Words::new(
            "BRIDGE_FILE in the environment of both: give the absolute path",
            "两边环境变量 BRIDGE_FILE：请写绝对路径",
        );
        (ours, absolute)
    } else {
        (
            format!("another data file than {file}"),
            Words::variable("BRIDGE_FILE").or(&Words::variable("BRIDGE_TABLE")),
        )
    };
    let cause = format!(
        "the running bridge works on another store than this command ({ours}), or BRIDGE_PUBLIC_URL leads to another \
         bridge"
    );
    Some(Failure::new(cause, mend.or(&Words::variable("BRIDGE_PUBLIC_URL"))).code("other-store"))
}

/// Judges it. `on_lambda`: the table's stream is what wakes `relay`.
pub(super) fn judge(storage: &Storage, looked: Option<&Looked>, on_lambda: bool) -> Outcome {
    let store = match storage {
        Storage::NotYet(what) => return Outcome::passed(what),
        Storage::Unknown(why) => return Outcome::skipped(why),
        Storage::Unusable(failure) => return failure.clone().into(),
        Storage::Open(store) => store,
    };
    let place = || {
        Words::variable("BRIDGE_TABLE").or(&Words::new(
            "the AWS stack's table, its stream and the function's role, or BRIDGE_DYNAMODB_ENDPOINT, or the disk of BRIDGE_FILE",
            "AWS 堆栈中的表、数据流与函数角色，或 BRIDGE_DYNAMODB_ENDPOINT，或 BRIDGE_FILE 所在磁盘",
        ))
    };
    match looked {
        None => Outcome::failed("the store does not answer in time", place()),
        Some(Err(StoreError::Damaged)) => Outcome::failed(
            "an item in the store is damaged, or was written by another version of the bridge",
            places::machine("the bridge's version", "网桥版本"),
        ),
        Some(Err(error)) => Failure::new(error.to_string(), place()).code("store").into(),
        Some(Ok(None)) => Outcome::failed(format!("there is no table {}", store.table()), place()),
        Some(Ok(Some(facts))) => {
            let mut faults = facts.faults.clone();
            if on_lambda && !facts.streams {
                faults.push("the table's stream is off: nothing wakes `relay`".to_owned());
            }
            if facts.expires == Some(false) {
                faults.push("time to live is off for the attribute `expires`".to_owned());
            }
            if faults.is_empty() {
                return Outcome::passed(format!(
                    "the table {} is there, with both indexes, and can be written",
                    store.table()
                ));
            }
            Outcome::failed(faults.join("; "), place())
        }
    }
}
