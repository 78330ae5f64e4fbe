//! Forecast: which nodes an instance would go through, and for which of them the originator must choose people.
//!
//! Protocol: "Approval process prediction". The prose of "Create an approval instance" has the rule for self-select nodes
//! the wrong way round; this page and the fields' own descriptions agree.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, DingTalk, DingTalkError, instances::FormValue};
use crate::approval::{ProcessCode, UserId};

/// DingTalk takes no more nodes; whatever follows is not looked at.
const MOST_NODES: usize = 100;

/// The instance that is asked about.
#[derive(Debug, Clone)]
pub struct ForecastQuery<'a> {
    /// The template.
    pub process_code: &'a ProcessCode,
    /// In whose name.
    pub originator: &'a UserId,
    /// A department of theirs; the root is -1.
    pub dept_id: i64,
    /// What the form will hold; conditions may depend on it.
    pub values: &'a [FormValue],
}

/// A node that an instance would go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForecastNode {
    /// Its name in the flow.
    pub name: String,
    /// What its people do.
    pub role: NodeRole,
    /// How its people are found.
    pub selection: Selection,
    /// Who they would be, as far as is known now.
    pub people: Vec<(UserId, String)>,
}

/// What the people of a node do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeRole {
    /// They decide.
    Approver,
    /// They are told (抄送人).
    Notified,
    /// They do something and confirm it (办理人).
    Handler,
    /// Nobody: it agrees or refuses by itself.
    Automatic,
}

/// How the people of a node are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The flow says.
    ByFlow,
    /// The flow says by a role or label.
    ByLabel(Vec<String>),
    /// The initiator chooses them.
    ByInitiator(Choice),
}

/// A choice that the initiator has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The node's key in a create call.
    pub actor_key: String,
    /// Whether somebody must be chosen.
    pub required: bool,
    /// Whether several may be.
    pub several: bool,
    /// From whom; empty: from everybody.
    pub among: Vec<UserId>,
}

impl DingTalk {
    /// The nodes of an instance to be, in order. An error where DingTalk cannot tell.
    pub async fn forecast(&self, query: &ForecastQuery<'_>) -> Result<Vec<ForecastNode>, DingTalkError> {
        let body = json!({
            "processCode": query.process_code,
            "userId": query.originator,
            "deptId": query.dept_id,
            "formComponentValues": query.values,
        });
        let path = "/v1.0/workflow/processes/forecast";
        let answer = self.call(Api::Forecast, Method::POST, path, &[], Some(&body)).await?;
        nodes(&answer["result"]).ok_or_else(DingTalkError::no_forecast)
    }
}

fn nodes(result: &Value) -> Option<Vec<ForecastNode>> {
    if result["isForecastSuccess"] != true && result["isForecastSuccess"] != "true" {
        return None;
    }
    Some(result["workflowActivityRules"].as_array()?.iter().take(MOST_NODES).map(node).collect())
}

fn node(activity: &Value) -> ForecastNode {
    let actor = &activity["workflowActor"];
    let is = |value: &Value, word: &str| value.as_str().is_some_and(|text| text.starts_with(word));
    let selected = activity["isTargetSelect"] == true || activity["activityType"] == "target_select";
    let range = |path: &str| actor.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let role = match &actor["actorType"] {
        kind if is(kind, "notifier") => NodeRole::Notified,
        kind if is(kind, "audit") => NodeRole::Handler,
        _ if is(&actor["approvalType"], "AUTO") => NodeRole::Automatic,
        _ => NodeRole::Approver,
    };
    let selection = if selected {
        let by_people = actor["actorSelectionType"] == "approvals";
        let among = range("/actorSelectionRange/approvals").filter(|_| by_people);
        Selection::ByInitiator(Choice {
            actor_key: short(&actor["actorKey"]),
            required: actor["required"] == true,
            several: actor["allowedMulti"] != false,
            among: among.filter_map(|person| person["workNo"].as_str().map(UserId::new)).collect(),
        })
    } else if actor["actorSelectionType"] == "labels" {
        Selection::ByLabel(
            range("/actorSelectionRange/labels").map(|label| short(&label["labelNames"])).collect(),
        )
    } else {
        Selection::ByFlow
    };
    let people = activity["activityActioners"].as_array().into_iter().flatten();
    let person = |person: &Value| Some((UserId::new(person["userId"].as_str()?), short(&person["name"])));
    ForecastNode {
        name: short(&activity["activityName"]),
        role,
        selection,
        people: people.filter_map(person).collect(),
    }
}

fn short(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_forecast_has_one_node_that_the_initiator_fills() {
        let answer: Value =
            serde_json::from_str(include_str!("../../tests/fixtures/dingtalk/forecast.response.json"))
                .unwrap();
        let nodes = nodes(&answer["result"]).unwrap();
        let [node] = &nodes[..] else { panic!("{nodes:?}") };
        assert_eq!((node.name.as_str(), node.role), ("审批人", NodeRole::Approver));
        let Selection::ByInitiator(choice) = &node.selection else { panic!("{node:?}") };
        assert_eq!(choice.actor_key, "manual_e203_14a3_895a_45ad");
        assert!(choice.required && choice.several);
        assert!(choice.among.is_empty(), "from everybody");
    }

    #[test]
    fn a_forecast_that_did_not_succeed_is_none() {
        assert_eq!(nodes(&json!({"isForecastSuccess": false, "workflowActivityRules": []})), None);
        assert_eq!(nodes(&json!(null)), None);
    }
}
