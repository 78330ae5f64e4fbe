//! What becomes of a template once it is made: names, branch conditions, tables, and what scripts change.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Stage;
use crate::dingtalk::{Fault, Settings, Trouble};

const FORMS: &str = "/v1.0/workflow/forms";
const CONDITIONS: &str = "/v1.0/workflow/processes/conditions/components?processCode=";
const BY_NAME: &str = "/v1.0/workflow/processCentres/schemaNames/processCodes?name=";

fn text_field(id: &str, label: &str) -> Value {
    json!({"componentType": "TextField", "props": {"componentId": id, "label": label}})
}

impl Stage {
    /// A template with the components `a` and `b`; its code.
    async fn form(&self, name: &str) -> String {
        let form = json!({"name": name, "formComponents": [text_field("a", "A"), text_field("b", "B")]});
        let (status, made) = self.post(FORMS, &form).await;
        assert_eq!(status, 200, "{made}");
        made["result"]["processCode"].as_str().unwrap().to_owned()
    }

    /// Saves a form; nothing, or the code of the refusal.
    async fn save(&self, form: &Value) -> String {
        self.post(FORMS, form).await.1["code"].as_str().unwrap_or_default().to_owned()
    }

    /// What a script posts to the control surface; the status.
    async fn set(&self, path: &str, body: &Value) -> u16 {
        self.client.post(self.at(path)).json(body).send().await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn a_branch_condition_stays_what_it_is() {
    let stage = Stage::new().await;
    let code = stage.form("Form").await;
    assert_eq!(stage.get(&format!("{CONDITIONS}{code}")).await.1, json!({"result": []}));
    assert!(!stage.simulator.set_conditions(&code, &["a", "c"]), "there is no such component");
    assert!(stage.simulator.set_conditions(&code, &["a"]));
    let listed = stage.get(&format!("{CONDITIONS}{code}&agentId=1000001")).await.1;
    assert_eq!(listed, json!({"result": [{"id": "a", "label": "A"}]}));
    let update =
        |components: Value| json!({"processCode": code, "name": "Form", "formComponents": components});
    let number = json!({"componentType": "NumberField", "props": {"componentId": "a", "label": "A"}});
    let anonymous = json!({"componentType": "TextField", "props": {"label": "A"}});
    for components in [json!([text_field("b", "B")]), json!([number]), json!([anonymous])] {
        assert_eq!(stage.save(&update(components.clone())).await, "formschema.error", "{components}");
    }
    assert_eq!(stage.simulator.template(&code).unwrap().components.len(), 2, "a refusal changes nothing");
    assert_eq!(stage.save(&update(json!([text_field("a", "Renamed")]))).await, "");
    assert!(stage.simulator.set_conditions(&code, &[]));
    assert_eq!(stage.save(&update(json!([text_field("c", "C")]))).await, "");
}

#[tokio::test]
async fn conditions_are_listed_only_for_who_asks_rightly_and_it_costs() {
    let stage = Stage::new().await;
    for (query, code) in [
        (String::new(), "invalidProcessCode"),
        ("PROC-X".to_owned(), "processNotExist"),
        (format!("{}&agentId=7", stage.template), "invalidAgentId"),
    ] {
        assert_eq!(stage.get(&format!("{CONDITIONS}{query}")).await.1["code"], code);
    }
    let before = stage.simulator.calls().paid_this_month;
    stage.get(&format!("{CONDITIONS}{}", stage.template)).await;
    assert_eq!(stage.simulator.calls().paid_this_month, before + 1);
    stage.simulator.deny("Workflow.Form.Read");
    let (status, refused) = stage.get(&format!("{CONDITIONS}{}", stage.template)).await;
    assert_eq!(status, 403);
    assert_eq!(refused["accessdenieddetail"]["requiredScopes"], json!(["Workflow.Form.Read"]));
}

#[tokio::test]
async fn a_new_name_is_taken_before_it_is_found() {
    let name_delay = SignedDuration::from_secs(5);
    let stage = Stage::with(Settings { name_delay, qps: None, ..Settings::default() }).await;
    let code = stage.form("Slow").await;
    assert_eq!(stage.get(&format!("{BY_NAME}Slow")).await.1["code"], "process.error");
    let twin = json!({"name": "Slow", "formComponents": [text_field("a", "A")]});
    assert_eq!(stage.save(&twin).await, "formName.error");
    stage.pass(5);
    assert_eq!(stage.get(&format!("{BY_NAME}Slow")).await.1["result"]["processCode"], json!(code));
    let renamed = json!({"processCode": code, "name": "Other", "formComponents": [text_field("a", "A")]});
    assert_eq!(stage.save(&renamed).await, "");
    for name in ["Slow", "Other"] {
        assert_eq!(stage.get(&format!("{BY_NAME}{name}")).await.1["code"], "process.error");
    }
    stage.simulator.set_name_delay(SignedDuration::ZERO);
    assert_eq!(stage.get(&format!("{BY_NAME}Other")).await.1["result"]["processCode"], json!(code));
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_a_name_that_is_taken() {
    let stage = Stage::new().await;
    stage.simulator.fault(Fault::everywhere(Trouble::CloseAfter).once());
    let form = json!({"name": "Lost", "formComponents": [text_field("a", "A")]});
    let request = stage.client.post(stage.at(FORMS)).json(&form);
    assert!(request.header("x-acs-dingtalk-access-token", &stage.token).send().await.is_err());
    assert_eq!(stage.save(&form).await, "formName.error");
    assert_eq!(stage.get(&format!("{BY_NAME}Lost")).await.0, 200);
}

#[tokio::test]
async fn a_tables_columns_are_simple_unless_the_wider_list_is_set() {
    let stage = Stage::new().await;
    let table = |kind: &str| {
        let child = json!({"componentType": kind, "props": {"label": "Column"}});
        let table = json!({"componentType": "TableField", "props": {"label": "Table"}, "children": [child]});
        json!({"name": kind, "formComponents": [table]})
    };
    for kind in ["TextField", "TextareaField", "NumberField", "DDPhotoField"] {
        assert_eq!(stage.save(&table(kind)).await, "", "{kind}");
    }
    for kind in ["MoneyField", "DDDateField", "InnerContactField", "TableField"] {
        assert_eq!(stage.save(&table(kind)).await, "formschema.error", "{kind}");
    }
    assert_eq!(stage.set("/simulator/limits", &json!({"wideTableChildren": true})).await, 200);
    assert_eq!(stage.save(&table("MoneyField")).await, "");
    assert_eq!(stage.save(&table("TableField")).await, "formschema.error");
}

#[tokio::test]
async fn aliases_are_unique_across_the_form_and_its_tables() {
    let stage = Stage::new().await;
    let field =
        |alias: &str| json!({"componentType": "TextField", "props": {"label": "L", "bizAlias": alias}});
    let table = json!({"componentType": "TableField", "props": {"label": "T"}, "children": [field("x")]});
    for components in [json!([field("x"), field("x")]), json!([field("x"), table])] {
        let form = json!({"name": "F", "formComponents": components});
        assert_eq!(stage.save(&form).await, "formschema.error");
    }
    assert_eq!(stage.save(&json!({"name": "F", "formComponents": [field(""), field("")]})).await, "");
}

#[tokio::test]
async fn two_hundred_components_and_no_more() {
    let stage = Stage::new().await;
    let form = |count: usize| {
        let components: Vec<Value> = (0..count).map(|at| text_field(&format!("c{at}"), "L")).collect();
        json!({"name": "Long", "formComponents": components})
    };
    assert_eq!(stage.save(&form(201)).await, "formschema.error");
    assert_eq!(stage.save(&form(200)).await, "");
}

#[tokio::test]
async fn a_script_sets_what_the_console_sets_and_deletes() {
    let stage = Stage::new().await;
    let code = stage.form("Form").await;
    let path = format!("/simulator/templates/{code}");
    let flow = json!([{"named": {"name": "复核", "node": "supervisor"}}]);
    let change = json!({"hidden": true, "conditions": ["b"], "flow": flow, "status": "SAVED"});
    assert_eq!(stage.set(&path, &change).await, 204);
    let template = stage.simulator.template(&code).unwrap();
    assert!(template.hidden && template.conditions == ["b"] && template.allow_revoke);
    assert_eq!(serde_json::to_value(&template.flow).unwrap(), flow);
    assert_eq!(stage.set(&path, &json!({"conditions": ["nothing"]})).await, 400);
    assert_eq!(stage.set("/simulator/templates/PROC-X", &json!({})).await, 404);
    assert_eq!(stage.client.delete(stage.at(&path)).send().await.unwrap().status(), 204);
    assert_eq!(stage.client.delete(stage.at(&path)).send().await.unwrap().status(), 404);
    assert!(stage.simulator.template(&code).is_none());
    assert!(!stage.simulator.remove_template(&code) && !stage.simulator.set_hidden(&code, true));
}

#[tokio::test]
async fn a_hidden_template_is_in_no_list_but_is_found_by_name() {
    let stage = Stage::new().await;
    stage.simulator.set_hidden(stage.template.as_str(), true);
    let visible = "/v1.0/workflow/processes/userVisibilities/templates?maxResults=100&nextToken=0";
    assert_eq!(stage.get(visible).await.1["result"]["processList"], json!([]));
    assert_eq!(stage.get(&format!("{BY_NAME}Data%20access")).await.0, 200);
}
