//! Where the flow designed in DingTalk decides: whom the initiator chooses for the nodes that leave the choice.

use crate::{
    approval::UserId,
    dingtalk::{
        Class, DingTalkError, NodeAction,
        forecast::{Choice, ForecastNode, NodeRole, Selection},
    },
};

/// The source's nodes, in order, fill the flow's approver nodes that leave the choice, in order. A flow without such nodes
/// runs by itself. Gives each node's key with its people.
pub(super) fn select(
    flow: &[ForecastNode],
    nodes: &[(NodeAction, Vec<UserId>)],
    originator: &UserId,
) -> Result<Vec<(String, Vec<UserId>)>, DingTalkError> {
    let choice = |node: &ForecastNode| match &node.selection {
        Selection::ByInitiator(choice) => Some((node.role, choice.clone())),
        Selection::ByFlow | Selection::ByLabel(_) => None,
    };
    let (deciding, others): (Vec<_>, Vec<_>) =
        flow.iter().filter_map(choice).partition(|(role, _)| *role == NodeRole::Approver);
    if !deciding.is_empty() && nodes.len() > deciding.len() {
        return Err(no(
            "too-few-selectable-nodes",
            format!(
                "the request has {} nodes of approvers, and the template's flow leaves {} of its nodes to the initiator: \
                 add nodes *Selected by Initiator* to the flow in the OA approval console, or let the template run by \
                 Dataphin's approvers (`bridge template adopt … --way source`)",
                nodes.len(),
                deciding.len()
            ),
        ));
    }
    let mut selected = Vec::new();
    for (index, (_, choice)) in deciding.iter().enumerate() {
        // A flow with more nodes than the request: its last approvers are asked again, where somebody must be.
        let given = nodes.get(index).or_else(|| nodes.last().filter(|_| choice.required));
        match given {
            Some((action, people)) => {
                selected.push((choice.actor_key.clone(), fitting(choice, *action, people)?));
            }
            None if choice.required => {
                return Err(no(
                    "nobody-to-select",
                    "the template's flow wants the initiator to select approvers, and the request names none: take the node \
                     *Selected by Initiator* out of the flow in the OA approval console, or let Dataphin name approvers"
                        .to_owned(),
                ));
            }
            None => {}
        }
    }
    // Somebody must be told or must handle it: the one in whose name it is.
    for (_, choice) in others.into_iter().filter(|(_, choice)| choice.required) {
        selected.push((
            choice.actor_key.clone(),
            fitting(&choice, NodeAction::Any, std::slice::from_ref(originator))?,
        ));
    }
    Ok(selected)
}

/// Those of `people` whom the node lets be chosen. Where all of them must agree, none may be missing.
fn fitting(choice: &Choice, action: NodeAction, people: &[UserId]) -> Result<Vec<UserId>, DingTalkError> {
    let allowed = |user: &&UserId| choice.among.is_empty() || choice.among.contains(user);
    let mut fitting: Vec<UserId> = people.iter().filter(allowed).cloned().collect();
    let one_is_enough = action != NodeAction::All;
    if fitting.is_empty() || (!one_is_enough && fitting.len() < people.len()) {
        let outside: Vec<&str> = people.iter().filter(|user| !allowed(user)).map(UserId::as_str).collect();
        return Err(no(
            "approver-not-selectable",
            format!(
                "the template's flow does not let {} be selected: widen the range of its node *Selected by Initiator* in \
                 the OA approval console",
                outside.join(", ")
            ),
        ));
    }
    if !choice.several && fitting.len() > 1 {
        if !one_is_enough {
            return Err(no(
                "only-one-selectable",
                "all of several approvers must agree, and the template's flow lets only one be selected: allow several \
                 people in its node *Selected by Initiator* in the OA approval console"
                    .to_owned(),
            ));
        }
        fitting.truncate(1);
    }
    Ok(fitting)
}

fn no(code: &str, message: String) -> DingTalkError {
    DingTalkError::new(Class::Permanent, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str) -> UserId {
        UserId::new(id)
    }

    fn choice(key: &str, change: impl Fn(&mut Choice)) -> ForecastNode {
        let mut choice =
            Choice { actor_key: key.to_owned(), required: true, several: true, among: Vec::new() };
        change(&mut choice);
        let (name, people) = (String::new(), Vec::new());
        ForecastNode { name, role: NodeRole::Approver, selection: Selection::ByInitiator(choice), people }
    }

    fn by_flow() -> ForecastNode {
        let (name, people) = (String::new(), vec![(user("m"), String::new())]);
        ForecastNode { name, role: NodeRole::Approver, selection: Selection::ByFlow, people }
    }

    fn node(action: NodeAction, people: &[&str]) -> (NodeAction, Vec<UserId>) {
        (action, people.iter().map(|id| user(id)).collect())
    }

    fn code(selected: Result<Vec<(String, Vec<UserId>)>, DingTalkError>) -> String {
        selected.unwrap_err().code
    }

    #[test]
    fn the_sources_nodes_fill_the_flows_free_nodes_in_order() {
        let flow = [choice("k1", |_| {}), by_flow(), choice("k2", |_| {})];
        let nodes = [node(NodeAction::Alone, &["a"]), node(NodeAction::All, &["b", "c"])];
        let selected = select(&flow, &nodes, &user("o")).unwrap();
        assert_eq!(
            selected,
            [("k1".to_owned(), vec![user("a")]), ("k2".to_owned(), vec![user("b"), user("c")])]
        );
        assert_eq!(select(&[by_flow()], &nodes, &user("o")), Ok(Vec::new()), "a flow that runs by itself");
    }

    #[test]
    fn a_flow_with_more_nodes_asks_the_last_approvers_again_where_it_must() {
        let flow =
            [choice("k1", |_| {}), choice("k2", |_| {}), choice("k3", |choice| choice.required = false)];
        let selected = select(&flow, &[node(NodeAction::Alone, &["a"])], &user("o")).unwrap();
        assert_eq!(selected, [("k1".to_owned(), vec![user("a")]), ("k2".to_owned(), vec![user("a")])]);
    }

    #[test]
    fn no_approver_is_ever_dropped_in_silence() {
        let flow = [choice("k1", |_| {})];
        let two = [node(NodeAction::Alone, &["a"]), node(NodeAction::Alone, &["b"])];
        assert_eq!(code(select(&flow, &two, &user("o"))), "too-few-selectable-nodes");
        assert_eq!(code(select(&flow, &[], &user("o"))), "nobody-to-select");
        let among = [choice("k1", |choice| choice.among = vec![user("a")])];
        assert_eq!(
            code(select(&among, &[node(NodeAction::All, &["a", "b"])], &user("o"))),
            "approver-not-selectable"
        );
        assert_eq!(
            code(select(&among, &[node(NodeAction::Alone, &["b"])], &user("o"))),
            "approver-not-selectable"
        );
        let one = [choice("k1", |choice| choice.several = false)];
        assert_eq!(
            code(select(&one, &[node(NodeAction::All, &["a", "b"])], &user("o"))),
            "only-one-selectable"
        );
    }

    #[test]
    fn where_one_is_enough_one_who_may_be_chosen_is() {
        let among = [choice("k1", |choice| choice.among = vec![user("b")])];
        let any = [node(NodeAction::Any, &["a", "b"])];
        assert_eq!(select(&among, &any, &user("o")).unwrap(), [("k1".to_owned(), vec![user("b")])]);
        let one = [choice("k1", |choice| choice.several = false)];
        assert_eq!(select(&one, &any, &user("o")).unwrap(), [("k1".to_owned(), vec![user("a")])]);
    }
}
