//! Who someone is in DingTalk. Contact calls are free of the monthly quota and are cached all the same.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, DingTalk, DingTalkError, answer::number_or_text, mobile, snapshot::ID_LIMIT};
use crate::{approval::UserId, world::World};

/// What the source's account ids are in DingTalk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// DingTalk's own `userid`.
    UserId,
    /// A mobile number.
    Mobile,
    /// A `unionId`.
    UnionId,
}

/// A person in DingTalk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Their id.
    pub user_id: UserId,
    /// One of their departments as the workflow API wants it: the root is -1.
    pub dept_id: i64,
    /// Their name there.
    pub name: String,
    /// Whether they use DingTalk.
    pub active: bool,
    /// Whether they belong to a department; nobody else can start an approval.
    pub has_department: bool,
    /// Their direct supervisor.
    pub manager: Option<UserId>,
}

/// The contacts API calls the root department 1, the workflow API calls it -1.
const ROOT_IN_CONTACTS: i64 = 1;
const ROOT_IN_WORKFLOW: i64 = -1;

const LONGEST_NAME: usize = 64;

const KEEP: SignedDuration = SignedDuration::from_mins(10);
const MOST_KEPT: usize = 20_000;

impl DingTalk {
    /// The person behind an account id; an error of class `Permanent` when there is none.
    pub async fn contact(&self, kind: AccountKind, account: &str) -> Result<Contact, DingTalkError> {
        if let Some(contact) = self.contacts().get(kind, account) {
            return Ok(contact);
        }
        let user_id = match kind {
            AccountKind::UserId => UserId::new(account),
            AccountKind::Mobile => {
                let account = mobile::normalised(account);
                self.user_id(Api::UserByMobile, "/topapi/v2/user/getbymobile", json!({"mobile": account}))
                    .await?
            }
            AccountKind::UnionId => {
                self.user_id(Api::UserByUnionId, "/topapi/user/getbyunionid", json!({"unionid": account}))
                    .await?
            }
        };
        let contact = self.user(user_id).await?;
        self.contacts().put(kind, account, &contact);
        Ok(contact)
    }

    async fn user_id(&self, api: Api, path: &str, body: Value) -> Result<UserId, DingTalkError> {
        let answer = self.ask(api, path, &body).await?;
        let result = &answer["result"];
        if result.get("contact_type").and_then(number_or_text) == Some(1) {
            return Err(DingTalkError::external_contact());
        }
        user_id_in(result).ok_or_else(|| DingTalkError::unreadable("no userid"))
    }

    async fn user(&self, user_id: UserId) -> Result<Contact, DingTalkError> {
        let answer = self.ask(Api::UserGet, "/topapi/v2/user/get", &json!({"userid": user_id})).await?;
        contact(&answer["result"], &user_id).ok_or_else(|| DingTalkError::unreadable("not the user"))
    }

    async fn ask(&self, api: Api, path: &str, body: &Value) -> Result<Value, DingTalkError> {
        self.call_oapi(api, Method::POST, path, Some(body)).await
    }
}

/// The person of an answer, if it is the one who was asked for.
fn contact(result: &Value, asked: &UserId) -> Option<Contact> {
    let user_id = user_id_in(result).filter(|id| id.as_str().eq_ignore_ascii_case(asked.as_str()))?;
    let dept_id = first_department(&result["dept_id_list"]);
    Some(Contact {
        user_id,
        name: result["name"].as_str().unwrap_or_default().chars().take(LONGEST_NAME).collect(),
        dept_id: dept_id.filter(|id| *id != ROOT_IN_CONTACTS).unwrap_or(ROOT_IN_WORKFLOW),
        has_department: dept_id.is_some(),
        manager: result["manager_userid"].as_str().filter(|id| !id.is_empty()).map(UserId::new),
        active: !matches!(&result["active"], Value::Bool(false)) && result["active"] != "false",
    })
}

fn user_id_in(result: &Value) -> Option<UserId> {
    result["userid"].as_str().filter(|id| (1..=ID_LIMIT).contains(&id.len())).map(UserId::new)
}

/// The first department of `[2,3]`; the documentation shows the list as text.
fn first_department(list: &Value) -> Option<i64> {
    match list {
        Value::Array(ids) => ids.first().and_then(number_or_text),
        Value::String(text) => first_department(&serde_json::from_str(text).ok()?),
        _ => None,
    }
}

pub(super) struct ContactCache {
    known: Mutex<HashMap<(AccountKind, String), (SignedDuration, Contact)>>,
    world: World,
}

impl ContactCache {
    pub fn new(world: World) -> Self {
        Self { known: Mutex::default(), world }
    }

    fn get(&self, kind: AccountKind, account: &str) -> Option<Contact> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, contact) = known.get(&(kind, account.to_owned()))?;
        (self.world.uptime() < *until).then(|| contact.clone())
    }

    fn put(&self, kind: AccountKind, account: &str, contact: &Contact) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        known.insert((kind, account.to_owned()), (self.world.uptime() + KEEP, contact.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_person_who_was_asked_for_is_believed() {
        let ada = UserId::new("ada");
        let shown = contact(&json!({"userid": "Ada", "name": "Ada"}), &ada).unwrap();
        assert_eq!(shown.user_id, UserId::new("Ada"));
        let table =
            [json!(null), json!({}), json!({"userid": ""}), json!({"userid": 7}), json!({"userid": "bob"})];
        for result in table {
            assert_eq!(contact(&result, &ada), None, "{result}");
        }
    }

    #[test]
    fn a_department_list_is_read_as_numbers_or_as_text() {
        assert_eq!(first_department(&json!([2, 3])), Some(2));
        assert_eq!(first_department(&json!("[2,3,4]")), Some(2));
        assert_eq!(first_department(&json!([])), None);
        assert_eq!(first_department(&json!(null)), None);
    }
}
