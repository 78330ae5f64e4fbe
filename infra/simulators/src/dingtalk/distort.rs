//! Answers that are not what they should be: some faults change what a call that was done says of it.

use serde_json::{Value, json};

use super::{call::Call, catalog::Api, faults::Trouble, read::describe, state::State};

/// What a call answers with these faults.
pub(crate) fn distort(
    state: &State,
    api: Api,
    call: &Call,
    troubles: &[Trouble],
    mut answer: Value,
) -> Value {
    for trouble in troubles {
        match (trouble, api) {
            (Trouble::StuckToken(token), Api::ListInstanceIds) => {
                answer["result"]["nextToken"] = token.clone();
            }
            (Trouble::WithoutFormValues, Api::GetInstance) => {
                answer["result"]["formComponentValues"] = json!([]);
            }
            (Trouble::OtherInstance, Api::GetInstance) => {
                let asked = call.query("processInstanceId");
                let other = state.instances.newest().find(|instance| Some(instance.id.as_str()) != asked);
                if let Some(other) = other {
                    answer["result"] = describe(other);
                }
            }
            _ => {}
        }
    }
    answer
}
