//! OA form templates: make, read, find by name.
//!
//! Protocol: "Create an approval form template", "Obtain the form schema", "Obtain the template code". Writing and reading
//! name the same things differently (`componentType`/`componentName`, `componentId`/`id`); both are only known here.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, DingTalk, DingTalkError, answer::number_or_text};
use crate::approval::ProcessCode;

/// The look-up by name takes no longer ones.
const LONGEST_NAME_TO_FIND: usize = 64;
/// What of a form is kept; DingTalk's own limits are no higher.
const MOST_FIELDS: usize = 200;
const MOST_OPTIONS: usize = 200;
const LONGEST_TEXT: usize = 200;
const FORMS_A_PAGE: usize = 100;
/// An organisation has 200 templates at most.
const MOST_PAGES: usize = 5;

/// A template's form, as DingTalk shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Its name.
    pub name: String,
    /// Whether people can start its instances.
    pub status: FormStatus,
    /// Its components, in order.
    pub fields: Vec<FormField>,
}

/// Whether a template can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormStatus {
    /// `PUBLISHED`
    Published,
    /// Stopped (`INVALID`), a draft (`SAVED`), or a word we do not know.
    Not(String),
}

/// A component of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormField {
    /// Its id within the form.
    pub id: String,
    /// What people see beside it.
    pub label: String,
    /// DingTalk's component (`TextField`, …).
    pub component: String,
    /// Whether it must be filled.
    pub required: bool,
    /// What can be chosen, where it is a choice.
    pub options: Vec<String>,
    /// The columns, where it is a table.
    pub columns: Vec<FormField>,
}

/// A template to be made or changed.
#[derive(Debug, Clone)]
pub struct FormToSave<'a> {
    /// Which to change; `None`: a new one.
    pub process_code: Option<&'a ProcessCode>,
    /// Its name, unique in the organisation.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// Its components, as the interface takes them.
    pub components: &'a Value,
}

/// DingTalk's codes for a template that does not exist.
const NO_SUCH_FORM: [&str; 5] =
    ["formNotExist", "aflowProcessCodeIsError", "processcode.error", "process.error", "processCodeError"];

impl DingTalkError {
    /// Whether it says that there is no such template.
    pub fn is_no_such_form(&self) -> bool {
        NO_SUCH_FORM.contains(&self.code.as_str())
    }

    /// Whether it says that another template has this name.
    pub fn is_name_taken(&self) -> bool {
        self.code == "formName.error"
    }
}

impl DingTalk {
    /// Makes or changes a template. Without an answer it may have been made: look for its name.
    pub async fn save_form(&self, form: &FormToSave<'_>) -> Result<ProcessCode, DingTalkError> {
        let mut body = json!({
            "name": form.name,
            "description": form.description,
            "formComponents": form.components,
        });
        if let Some(code) = form.process_code {
            body["processCode"] = json!(code);
        }
        let saved = self.call(Api::SaveForm, Method::POST, "/v1.0/workflow/forms", &[], Some(&body)).await;
        // A change may be made twice.
        let answer =
            saved.map_err(|error| if form.process_code.is_some() { error.harmless() } else { error })?;
        process_code(&answer).ok_or_else(|| DingTalkError::unreadable("no processCode"))
    }

    /// Reads a template's form.
    pub async fn form(&self, code: &ProcessCode) -> Result<Form, DingTalkError> {
        let query = [("processCode", code.as_str())];
        let path = "/v1.0/workflow/forms/schemas/processCodes";
        let answer = self.call(Api::ReadForm, Method::GET, path, &query, None).await?;
        answer.get("result").and_then(form).ok_or_else(|| DingTalkError::unreadable("no form"))
    }

    /// The code of the template of this name, if the app can see one.
    pub async fn form_named(&self, name: &str) -> Result<Option<ProcessCode>, DingTalkError> {
        if name.chars().count() > LONGEST_NAME_TO_FIND {
            return self.listed_form(name).await;
        }
        let path = "/v1.0/workflow/processCentres/schemaNames/processCodes";
        match self.call(Api::FormByName, Method::GET, path, &[("name", name)], None).await {
            Ok(answer) => Ok(process_code(&answer)),
            Err(error) if error.is_no_such_form() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same by going through all templates.
    async fn listed_form(&self, name: &str) -> Result<Option<ProcessCode>, DingTalkError> {
        let path = "/v1.0/workflow/processes/userVisibilities/templates";
        let mut next = 0;
        for _ in 0..MOST_PAGES {
            let (size, from) = (FORMS_A_PAGE.to_string(), next.to_string());
            let query = [("maxResults", size.as_str()), ("nextToken", from.as_str())];
            let answer = self.call(Api::ListForms, Method::GET, path, &query, None).await?;
            let result = &answer["result"];
            let listed = result["processList"].as_array().into_iter().flatten();
            if let Some(found) = listed.into_iter().find(|form| form["name"] == name) {
                return Ok(found["processCode"].as_str().map(ProcessCode::new));
            }
            match result.get("nextToken").and_then(number_or_text) {
                Some(after) if after > next => next = after,
                _ => break,
            }
        }
        Ok(None)
    }
}

fn process_code(answer: &Value) -> Option<ProcessCode> {
    let code = answer["result"]["processCode"].as_str()?;
    (1..=128).contains(&code.len()).then(|| ProcessCode::new(code))
}

fn form(result: &Value) -> Option<Form> {
    let items = result.pointer("/schemaContent/items")?.as_array()?;
    Some(Form {
        name: result["name"].as_str().unwrap_or_default().to_owned(),
        status: match result["status"].as_str() {
            Some("PUBLISHED") => FormStatus::Published,
            other => FormStatus::Not(other.unwrap_or("unknown").chars().take(32).collect()),
        },
        fields: items.iter().take(MOST_FIELDS).map(field).collect(),
    })
}

fn field(item: &Value) -> FormField {
    let (props, children) = (&item["props"], item["children"].as_array());
    let text = |value: &Value| value.as_str().unwrap_or_default().chars().take(LONGEST_TEXT).collect();
    let options = props["options"].as_array().into_iter().flatten();
    FormField {
        id: text(&props["id"]),
        label: text(&props["label"]),
        component: text(&item["componentName"]),
        required: props["required"] == true || props["required"] == "true",
        options: options.take(MOST_OPTIONS).filter_map(option).collect(),
        columns: children.into_iter().flatten().take(MOST_FIELDS).map(field).collect(),
    }
}

/// An option is plain text in the documentation, and JSON inside a text on the wire.
fn option(option: &Value) -> Option<String> {
    let text = match option {
        Value::String(text) => text.clone(),
        other => return Some(other.get("value")?.as_str()?.to_owned()),
    };
    let inside = serde_json::from_str::<Value>(&text).ok();
    let value = inside.as_ref().and_then(|inside| inside.get("value")?.as_str().map(ToOwned::to_owned));
    Some(value.unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_form_is_read() {
        let answer: Value =
            serde_json::from_str(include_str!("../../tests/fixtures/dingtalk/form_schema.response.json"))
                .unwrap();
        let form = form(&answer["result"]).unwrap();
        assert_eq!(form.status, FormStatus::Published);
        assert!(form.fields.iter().all(|field| !field.component.is_empty() && !field.id.is_empty()));
    }

    #[test]
    fn an_option_is_read_in_both_shapes() {
        assert_eq!(option(&json!("{\"value\":\"是/Yes\",\"key\":\"option_0\"}")).as_deref(), Some("是/Yes"));
        assert_eq!(option(&json!("plain")).as_deref(), Some("plain"));
        assert_eq!(option(&json!({"key": "k", "value": "v"})).as_deref(), Some("v"));
        assert_eq!(option(&json!(7)), None);
    }

    #[test]
    fn a_form_of_another_shape_is_no_form() {
        assert_eq!(form(&json!({"name": "x"})), None);
        let odd =
            form(&json!({"schemaContent": {"items": [{}, 7, {"props": {"required": "true"}}]}})).unwrap();
        assert_eq!(odd.fields.len(), 3);
        assert!(odd.fields[2].required);
    }
}
