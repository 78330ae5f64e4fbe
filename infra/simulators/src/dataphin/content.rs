//! The `content` of a request and its title, written as Dataphin would write them.
//!
//! Published are `resourceType`, `grantToUsers`, `bpmsEnvironment` and that a member begins with `operate`; the
//! other members are guesses that the bridge has to show without knowing them.

use jiff::{Span, Timestamp, tz};
use serde_json::{Value, json};

use super::request::{Kind, Person, Request};

/// Dataphin runs on Beijing time.
const BEIJING: tz::Offset = tz::offset(8);

/// The content of a request that brings none.
pub(super) fn content(request: &Request, now: Timestamp) -> Value {
    let (requester, reason) = (&request.requester, request.reason.as_str());
    match request.kind {
        Kind::TablePermission => json!({
            "resourceType": "PHYSICAL_TABLE",
            "resourceName": "dwd_trade_order_di",
            "operateTypes": ["SELECT", "DESCRIBE"],
            "grantToUsers": [grant(requester, now)],
            "bpmsEnvironment": environment("PROD"),
            "applyReason": reason,
        }),
        Kind::DataServiceApi => json!({
            "resourceType": "OSAPI",
            "resourceName": "query_order_by_buyer",
            "operateTypes": ["INVOKE"],
            "grantToUsers": [grant(requester, now)],
            "bpmsEnvironment": environment("PROD"),
            "applyReason": reason,
        }),
        Kind::Publish => json!({
            "operateType": "PUBLISH",
            "publishObjects": [{ "objectType": "SQL_TASK", "objectName": "load_dwd_trade_order_di", "version": 7 }],
            "bpmsEnvironment": environment("PROD"),
            "publishRemark": reason,
        }),
        Kind::CodeReview => json!({
            "operateType": "CODE_REVIEW",
            "codeName": "load_dwd_trade_order_di",
            "codeType": "SQL",
            "addedLines": 42,
            "removedLines": 8,
            "bpmsEnvironment": environment("DEV"),
            "submitRemark": reason,
        }),
    }
}

/// The title of a request that brings none.
pub(super) fn title(request: &Request) -> String {
    let what = match request.kind {
        Kind::TablePermission => "applies for permission on table dwd_trade_order_di",
        Kind::DataServiceApi => "applies for permission on API query_order_by_buyer",
        Kind::Publish => "asks to publish load_dwd_trade_order_di",
        Kind::CodeReview => "asks for a code review of load_dwd_trade_order_di",
    };
    format!("{} {what}", request.requester.user_name)
}

/// A moment as people in Dataphin read it.
pub(super) fn local(moment: Timestamp) -> String {
    BEIJING.to_datetime(moment).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn grant(person: &Person, now: Timestamp) -> Value {
    let today = BEIJING.to_datetime(now).date();
    json!({
        "account": {
            "accountType": "PERSONAL",
            "userId": person.user_id,
            "userName": person.user_name,
        },
        "period": {
            "periodType": "DAYS_30",
            "periodEnd": today.saturating_add(Span::new().days(30)).to_string(),
        },
    })
}

fn environment(resource_env: &str) -> Value {
    json!({
        "projectName": "trade",
        "projectDisplayName": "Trade",
        "bizUnitName": "retail",
        "bizUnitDisplayName": "Retail",
        "resourceEnv": resource_env,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_what_is_asked_for_where_and_why() {
        for kind in Kind::ALL {
            let content = content(&Request::of(kind).because("monthly report"), Timestamp::UNIX_EPOCH);
            let members = content.as_object().unwrap();
            assert!(members.keys().any(|name| name.starts_with("operate")), "{kind:?}");
            assert!(members["bpmsEnvironment"]["resourceEnv"].is_string(), "{kind:?}");
            assert!(members.values().any(|value| value == "monthly report"), "{kind:?}");
        }
    }

    #[test]
    fn a_grant_of_thirty_days_ends_thirty_local_days_from_now() {
        let late_evening: Timestamp = "2022-05-31T20:00:00Z".parse().unwrap();
        let content = content(&Request::of(Kind::TablePermission), late_evening);
        assert_eq!(content["grantToUsers"][0]["period"]["periodEnd"], "2022-07-01");
    }
}
