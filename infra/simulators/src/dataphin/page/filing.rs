//! The form that files a request.

use std::sync::Arc;

use axum::{
    Form,
    extract::State,
    response::{Html, Redirect},
};
use maud::{Markup, html};

use super::{Fields, Refresh, address_of, choice, field, page, to};
use crate::dataphin::{
    inner::Dataphin,
    request::{Kind, Node, Operator, Person, Request},
};

/// How many nodes the form offers.
const NODES: usize = 3;

pub(super) async fn show(State(dataphin): State<Arc<Dataphin>>) -> Html<String> {
    let in_force = dataphin.in_force();
    let people = &in_force.settings.people;
    let content = html! {
        form.card method="post" action="/requests" {
            label for="kind" { "What is asked for" }
            select #kind name="kind" {
                @for kind in Kind::ALL { option value=(kind.name()) { (kind.label()) } }
            }
            label for="requester" { "Requester" }
            select #requester name="requester" {
                @for person in people { option value=(person.user_id) { (person.user_name) } }
            }
            label for="reason" { "Reason" }
            textarea #reason name="reason" rows="3" { "Needed for the monthly sales report." }
            label for="title" { "Title " span.muted { "(left empty: made of the above)" } }
            input #title type="text" name="title" maxlength="200";
            label for="template_code" { "Approval template code " span.muted { "(may be empty)" } }
            input #template_code type="text" name="template_code" maxlength="64";
            @for node in 1..=NODES { (node_fields(node, people)) }
            p.muted { "A node without people is left out." }
            button { "Submit" }
        }
    };
    page("New request", Refresh::Never, &content)
}

pub(super) async fn file(State(dataphin): State<Arc<Dataphin>>, Form(fields): Form<Fields>) -> Redirect {
    let in_force = dataphin.in_force();
    let request = request(&fields, &in_force.settings.people);
    let filed = dataphin.file(request).await;
    to(&address_of(&filed.apply_id))
}

fn node_fields(node: usize, people: &[Person]) -> Markup {
    html! {
        fieldset {
            legend { "Approvers, node " (node) }
            select name={ "operator" (node) } aria-label={ "Who decides in node " (node) } {
                option value="OR" { "OR: any of them" }
                option value="AND" { "AND: all of them" }
            }
            div {
                @for (place, person) in people.iter().enumerate() {
                    label.inline {
                        input type="checkbox" name={ "user" (node) } value=(person.user_id)
                            checked[node == 1 && place == 1];
                        " " (person.user_name)
                    }
                }
            }
        }
    }
}

/// What the form asks for; what it does not say is filled in.
fn request(fields: &Fields, people: &[Person]) -> Request {
    let person = |user_id: &str| people.iter().find(|person| person.user_id == user_id).cloned();
    let node = |node: usize| {
        let (operator, user) = (format!("operator{node}"), format!("user{node}"));
        let users: Vec<_> =
            fields.iter().filter(|(name, _)| *name == user).filter_map(|(_, id)| person(id)).collect();
        let operator = choice::<Operator>(field(fields, &operator)).unwrap_or_default();
        (!users.is_empty()).then_some(Node { operator, users })
    };
    let default = Request::default();
    Request {
        kind: choice(field(fields, "kind")).unwrap_or(default.kind),
        requester: person(field(fields, "requester")).unwrap_or_else(|| default.requester.clone()),
        reason: field(fields, "reason").to_owned(),
        title: Some(field(fields, "title").to_owned()).filter(|title| !title.is_empty()),
        template_code: field(fields, "template_code").to_owned(),
        nodes: (1..=NODES).filter_map(node).collect(),
        ..default
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataphin::request::seeded_people;

    #[test]
    fn the_form_gives_the_nodes_that_have_people() {
        let fields = [
            ("kind", "publish"),
            ("requester", "300000002"),
            ("operator1", "OR"),
            ("operator2", "AND"),
            ("user2", "300000003"),
            ("user2", "300000004"),
            ("user3", "nobody"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let request = request(&fields, &seeded_people());
        assert_eq!(request.kind, Kind::Publish);
        assert_eq!(request.requester.user_name, "Wang Wei");
        assert_eq!(request.nodes.len(), 1);
        assert_eq!(request.nodes[0].operator, Operator::And);
        assert_eq!(request.nodes[0].users.len(), 2);
    }
}
