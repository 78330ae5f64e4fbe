//! Who the people of a request are in DingTalk: the originator, and the approvers of each node.

use std::collections::HashMap;

use super::Engine;
use crate::{
    approval::{Account, Decision, Happening, Identity, Node, Person, Request, Rule, UserId},
    dingtalk::{
        AccountKind, Class, Contact, DingTalkError, NodeAction,
        nobody::{NO_ACCOUNT, Reason},
    },
};

/// The people of an instance to be.
pub(super) struct Cast {
    /// In whose name.
    pub originator: Contact,
    /// Who decides, in order.
    pub approvers: Vec<(NodeAction, Vec<UserId>)>,
    /// The source's approvers as DingTalk knows them.
    pub identities: Vec<Identity>,
    /// What an operator should know about it.
    pub notes: Vec<Happening>,
}

/// The code of a refusal because of a person; its message says who, and what to do.
pub(super) const NOT_IN_DINGTALK: &str = "person-not-in-dingtalk";

type Found = HashMap<Account, Result<Contact, DingTalkError>>;

impl Engine {
    /// Finds everyone. An error of class `Permanent` names who cannot be found and what to do.
    pub(super) async fn cast(&self, request: &Request) -> Result<Cast, DingTalkError> {
        let people = request.nodes.iter().flat_map(|node| &node.approvers).chain(&request.requester);
        let found = self.look_up(people).await;
        let mut notes = Vec::new();
        let originator = self.originator(request.requester.as_ref(), &found, &mut notes).await?;
        let (mut approvers, mut identities) = (Vec::new(), Vec::new());
        for (index, node) in request.nodes.iter().enumerate() {
            let members = members(node, index, &found, &mut notes)?;
            let users = distinct(members.iter().map(|member| member.user_id.clone()));
            let action = match (users.len(), node.rule) {
                (1, _) => NodeAction::Alone,
                (_, Rule::All) => NodeAction::All,
                (_, Rule::Any) => NodeAction::Any,
            };
            approvers.push((action, users));
            identities.extend(members);
        }
        Ok(Cast { originator, approvers, identities, notes })
    }

    /// Names a decider whom DingTalk brought in; contact calls are free. Without an answer the id must do.
    pub(super) async fn name_decider(&self, decision: &mut Decision) {
        if let Some(by) = decision.by.as_mut().filter(|by| by.name.is_none()) {
            let contact = self.0.dingtalk.contact(AccountKind::UserId, by.user_id.as_str()).await;
            by.name = contact.ok().map(|contact| contact.name).filter(|name| !name.is_empty());
        }
    }

    async fn look_up(&self, people: impl Iterator<Item = &Person>) -> Found {
        let mut lookups = tokio::task::JoinSet::new();
        for account in distinct(people.filter_map(Person::account).cloned()) {
            let engine = self.clone();
            lookups.spawn(async move {
                let contact = engine.contact(&account).await;
                (account, contact)
            });
        }
        let mut found = Found::new();
        while let Some(looked_up) = lookups.join_next().await {
            found.extend(looked_up);
        }
        found
    }

    async fn contact(&self, account: &Account) -> Result<Contact, DingTalkError> {
        self.0.dingtalk.contact(self.0.settings.account_kind, account.as_str()).await
    }

    /// The requester, or the service user where the requester is not in DingTalk.
    async fn originator(
        &self,
        requester: Option<&Person>,
        found: &Found,
        notes: &mut Vec<Happening>,
    ) -> Result<Contact, DingTalkError> {
        let mut unknown = None;
        if let Some(requester) = requester {
            match usable(requester, found) {
                Ok(contact) => return Ok(contact),
                Err(error) if !is_unknown(&error) => return Err(error),
                Err(error) => {
                    notes.push(Happening::OriginatorReplaced { account: requester.to_string() });
                    unknown = Some((requester, error));
                }
            }
        }
        let Some(service_user) = &self.0.dingtalk.settings().service_user else {
            let or = (
                "or let DINGTALK_SERVICE_USER_ID originate such requests",
                "或设置 DINGTALK_SERVICE_USER_ID 代为发起此类申请",
            );
            return Err(match unknown {
                Some((requester, error)) => {
                    cannot_be_asked(requester, ("requester", ""), ("申请人", ""), &error, Some(or))
                }
                None => no(format!("the request names no requester; {} / 申请未指明申请人；{}", or.0, or.1)),
            });
        };
        let contact = self.0.dingtalk.contact(AccountKind::UserId, service_user.as_str()).await;
        contact.map_err(|error| {
            if !error.is_nobody() {
                return error;
            }
            let Reason { code, why, .. } = Reason::of(&error.code);
            no(format!(
                "DINGTALK_SERVICE_USER_ID ({code}): {}; correct it / DINGTALK_SERVICE_USER_ID（{code}）：{}；请更正",
                why.0, why.1
            ))
        })
    }
}

/// The members of a node. Where anyone of them may decide, one who cannot be found is left out, and that is noted.
fn members(
    node: &Node,
    index: usize,
    found: &Found,
    notes: &mut Vec<Happening>,
) -> Result<Vec<Identity>, DingTalkError> {
    let (mut members, mut missing) = (Vec::new(), None);
    for person in &node.approvers {
        match usable(person, found) {
            Ok(contact) => members.push(Identity { person: person.clone(), user_id: contact.user_id }),
            Err(error) if !is_unknown(&error) => return Err(error),
            Err(error) => {
                notes.push(Happening::ApproverLeftOut {
                    account: person.to_string(),
                    reason: error.code.clone(),
                });
                missing = Some((person, error));
            }
        }
    }
    match missing {
        Some((person, error)) if node.rule == Rule::All || members.is_empty() => {
            let node = index + 1;
            let (en, zh) = (format!(" of node {node}"), format!("第 {node} 个节点的"));
            Err(cannot_be_asked(person, ("approver", &en), ("审批人", &zh), &error, None))
        }
        _ => Ok(members),
    }
}

fn usable(person: &Person, found: &Found) -> Result<Contact, DingTalkError> {
    let Some(account) = person.account() else {
        let message = "Dataphin does not say who the person is in its account system (userSourceId)";
        return Err(DingTalkError::new(Class::Permanent, NO_ACCOUNT, message));
    };
    match found.get(account) {
        Some(Ok(contact)) if contact.active => Ok(contact.clone()),
        Some(Ok(_)) => Err(DingTalkError::not_active()),
        Some(Err(error)) => Err(error.clone()),
        None => {
            Err(DingTalkError::new(Class::Transient, "lookup-lost", "the look-up of a person was cut short"))
        }
    }
}

/// Whether nobody in DingTalk is the person.
fn is_unknown(error: &DingTalkError) -> bool {
    error.is_nobody() || error.code == NO_ACCOUNT
}

pub(super) fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut distinct, item| {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
        distinct
    })
}

/// A refusal that names the person, what DingTalk says about them, and the fix, in English and Chinese.
fn cannot_be_asked(
    person: &Person,
    (role, of): (&str, &str),
    (role_zh, of_zh): (&str, &str),
    error: &DingTalkError,
    otherwise: Option<(&str, &str)>,
) -> DingTalkError {
    let who = person.in_a_line();
    let Reason { why, fix, .. } = Reason::of(&error.code);
    let code = error.code.strip_prefix("88/").unwrap_or(&error.code);
    let (also, also_zh) =
        otherwise.map_or_else(Default::default, |(en, zh)| (format!("; {en}"), format!("；{zh}")));
    no(format!(
        "{role} {who}{of} cannot be asked in DingTalk ({code}): {}; {}{also} / {of_zh}{role_zh} {who} 无法在钉钉中处理（{code}）：{}；{}{also_zh}",
        why.0, fix.0, why.1, fix.1
    ))
}

fn no(message: String) -> DingTalkError {
    DingTalkError::new(Class::Permanent, NOT_IN_DINGTALK, message)
}
