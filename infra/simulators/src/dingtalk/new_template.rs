//! A short way to write a template in Rust; it is made by the API's own rules.

use serde_json::{Map, Value, json};

use super::{errors::Refusal, flow::FlowNode, ids::ProcessCode, state::State, templates::save};

/// A template to be made.
#[derive(Debug, Clone)]
pub struct NewTemplate {
    name: String,
    components: Vec<Value>,
    flow: Option<Vec<FlowNode>>,
}

impl NewTemplate {
    /// A template without components.
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), components: Vec::new(), flow: None }
    }

    /// With a component of any kind, as the API takes it.
    #[must_use]
    pub fn component(mut self, component: Value) -> Self {
        self.components.push(component);
        self
    }

    /// With a one-line text.
    #[must_use]
    pub fn text(self, label: &str, required: bool) -> Self {
        self.plain("TextField", label, required)
    }

    /// With a text of many lines.
    #[must_use]
    pub fn textarea(self, label: &str, required: bool) -> Self {
        self.plain("TextareaField", label, required)
    }

    /// With one choice of several.
    #[must_use]
    pub fn select(self, label: &str, options: &[&str], required: bool) -> Self {
        let options: Vec<Value> = options
            .iter()
            .enumerate()
            .map(|(index, value)| json!({"key": format!("option_{index}"), "value": value}))
            .collect();
        self.component(json!({
            "componentType": "DDSelectField",
            "props": {"label": label, "required": required, "options": options},
        }))
    }

    /// With this approval flow instead of the default one.
    #[must_use]
    pub fn flow(mut self, flow: Vec<FlowNode>) -> Self {
        self.flow = Some(flow);
        self
    }

    fn plain(self, kind: &str, label: &str, required: bool) -> Self {
        self.component(json!({"componentType": kind, "props": {"label": label, "required": required}}))
    }
}

/// Makes a template from Rust, by the API's own rules.
pub(crate) fn add(state: &mut State, new: NewTemplate) -> Result<ProcessCode, Refusal> {
    let body = json!({"name": new.name, "formComponents": new.components});
    let code = save(state, body.as_object().unwrap_or(&Map::new()))?;
    if let (Some(flow), Some(template)) = (new.flow, state.templates.get_mut(code.as_str())) {
        template.flow = flow;
    }
    Ok(code)
}
