//! A template's flow for one originator: every node with its people looked up. Create and forecast both begin here.

use super::{
    flow::{Duty, FlowNode, Method},
    ids::UserId,
    people::Person,
    state::State,
    templates::Template,
};

/// A node with its people.
pub(crate) struct Step<'a> {
    /// Its id, the same in forecasts and in instances.
    pub activity_id: String,
    /// What the console set, beneath its name.
    pub node: &'a FlowNode,
    /// What people see.
    pub name: &'a str,
    /// What is asked of its people.
    pub duty: Duty,
    /// How they decide.
    pub method: Method,
    /// Its people; of a node that the initiator selects, from whom (empty for everybody).
    pub users: Vec<UserId>,
}

/// A node that waits for somebody has nobody: not its own people, and no administrator in their stead.
pub(crate) struct Nobody;

/// All nodes, in order, for an originator in a department (by the id of the contacts interfaces).
pub(crate) fn steps<'a>(
    state: &State,
    template: &'a Template,
    originator: &Person,
    department: i64,
) -> Result<Vec<Step<'a>>, Nobody> {
    let step = |(index, named): (usize, &'a FlowNode)| {
        let node = named.bare();
        let duty = named.duty();
        let mut users = people(state, node, originator, department);
        if users.is_empty() && needs_people(node, duty) {
            users = vec![administrator(state).ok_or(Nobody)?];
        }
        let activity_id = activity_id(template, index);
        Ok(Step { activity_id, node, name: named.name(), duty, method: named.method(), users })
    };
    template.flow.iter().enumerate().map(step).collect()
}

fn needs_people(node: &FlowNode, duty: Duty) -> bool {
    match node {
        // Nobody in a range means everybody.
        FlowNode::Chosen { .. } => false,
        _ => duty.waits(),
    }
}

fn people(state: &State, node: &FlowNode, originator: &Person, department: i64) -> Vec<UserId> {
    let able = |user: &&UserId| state.can_act(user);
    match node {
        FlowNode::Members { users, .. } | FlowNode::Handler { users, .. } | FlowNode::Copy { users } => {
            users.iter().filter(able).cloned().collect()
        }
        FlowNode::Chosen { among, .. } => among.clone(),
        FlowNode::Supervisor => originator.manager.iter().filter(able).cloned().collect(),
        FlowNode::DepartmentHead => heads(state, department),
        FlowNode::Initiator => Some(&originator.user_id).into_iter().filter(able).cloned().collect(),
        FlowNode::Role { role, .. } => {
            let holders = state.people.everybody().filter(|person| person.roles.contains(role));
            holders.map(|person| &person.user_id).filter(able).cloned().collect()
        }
        FlowNode::Auto { .. } | FlowNode::Named { .. } => Vec::new(),
    }
}

/// Who leads the department, or the nearest one above it that somebody leads.
fn heads(state: &State, department: i64) -> Vec<UserId> {
    let mut above = Some(department);
    // No organisation is deeper; a department that is above itself ends the walk.
    for _ in 0..64 {
        let Some(id) = above else { break };
        let leads = |person: &&Person| person.leads.contains(&id) && state.can_act(&person.user_id);
        let heads: Vec<UserId> =
            state.people.everybody().filter(leads).map(|person| person.user_id.clone()).collect();
        if !heads.is_empty() {
            return heads;
        }
        above = state.people.department(id).and_then(|department| department.parent);
    }
    Vec::new()
}

/// Whom the console's setting "when there is no approver" hands the task to.
fn administrator(state: &State) -> Option<UserId> {
    let mut everybody = state.people.everybody();
    everybody
        .find(|person| person.admin && state.can_act(&person.user_id))
        .map(|person| person.user_id.clone())
}

/// Two groups of four hexadecimal digits, as captured ids have them; stable as long as the flow is.
fn activity_id(template: &Template, index: usize) -> String {
    let code = template.process_code.as_str().bytes();
    let code = code.fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    format!("{code:04x}_{index:04x}")
}
