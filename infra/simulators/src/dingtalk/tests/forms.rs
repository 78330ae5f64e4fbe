//! Templates and the values that fill them.

use serde_json::{Value, json};

use super::Stage;
use crate::dingtalk::{FlowNode, Method};

const FORMS: &str = "/v1.0/workflow/forms";

fn text_field(label: &str) -> Value {
    json!({"componentType": "TextField", "props": {"label": label}})
}

#[tokio::test]
async fn a_form_is_read_with_other_names_than_it_was_written_with() {
    let stage = Stage::new().await;
    let form = json!({"name": "Trip", "formComponents": [
        {"componentType": "DDSelectField", "props": {
            "componentId": "Select_1", "label": "Kind", "required": true, "bizAlias": "kind",
            "options": [{"key": "option_0", "value": "选项1"}],
        }},
    ]});
    let (status, saved) = stage.post(FORMS, &form).await;
    assert_eq!(status, 200, "{saved}");
    let code = saved["result"]["processCode"].as_str().unwrap();
    assert!(code.starts_with("PROC-") && code.len() == 41);
    let (_, read) = stage.get(&format!("{FORMS}/schemas/processCodes?processCode={code}")).await;
    let result = &read["result"];
    assert_eq!(
        (&result["name"], &result["formCode"], &result["status"]),
        (&json!("Trip"), &json!(code), &json!("PUBLISHED"))
    );
    let item = &result["schemaContent"]["items"][0];
    assert_eq!((&item["componentName"], &item["props"]["id"]), (&json!("DDSelectField"), &json!("Select_1")));
    let option: Value = serde_json::from_str(item["props"]["options"][0].as_str().unwrap()).unwrap();
    assert_eq!(option, json!({"key": "option_0", "value": "选项1"}));
    let by_name = "/v1.0/workflow/processCentres/schemaNames/processCodes?name=";
    assert_eq!(stage.get(&format!("{by_name}Trip")).await.1["result"]["processCode"], code);
    assert_eq!(stage.get(&format!("{by_name}None")).await.1["code"], "process.error");

    let delete = stage.at(&format!("/v1.0/workflow/processCentres/schemas?processCode={code}"));
    let delete = stage.client.delete(delete).header("x-acs-dingtalk-access-token", &stage.token);
    assert_eq!(super::answer(delete).await.1["result"]["processCode"], code);
    let (_, refused) = stage.get(&format!("{FORMS}/schemas/processCodes?processCode={code}")).await;
    assert_eq!(refused["code"], "formNotExist");
}

#[tokio::test]
async fn a_form_beyond_the_limits_is_refused() {
    let stage = Stage::new().await;
    let many: Vec<Value> = (0..201).map(|index| text_field(&format!("F{index}"))).collect();
    let twins = json!({"componentType": "TextField", "props": {"label": "L", "componentId": "one"}});
    for (form, code) in [
        (json!({"name": "A"}), "MissingformComponents"),
        (json!({"formComponents": [text_field("L")]}), "Missingname"),
        (json!({"name": "Data access", "formComponents": [text_field("L")]}), "formName.error"),
        (
            json!({"name": "A", "processCode": "PROC-X", "formComponents": [text_field("L")]}),
            "processcode.error",
        ),
        (json!({"name": "A", "formComponents": []}), "formschema.error"),
        (json!({"name": "A", "formComponents": many}), "formschema.error"),
        (json!({"name": "A".repeat(201), "formComponents": [text_field("L")]}), "formschema.error"),
        (json!({"name": "A", "formComponents": [text_field(&"长".repeat(21))]}), "formschema.error"),
        (json!({"name": "A", "formComponents": [twins, twins]}), "formschema.error"),
        (
            json!({"name": "A", "formComponents": [{"componentType": "DDHolidayField", "props": {"label": "L"}}]}),
            "formschema.error",
        ),
        (
            json!({"name": "A", "formComponents": [{"componentType": "DDSelectField", "props": {"label": "L"}}]}),
            "formschema.error",
        ),
    ] {
        let (status, refused) = stage.post(FORMS, &form).await;
        assert_eq!((status.as_u16(), &refused["code"]), (400, &json!(code)), "{refused}");
    }
    let longest = json!({"name": "A", "formComponents": [text_field(&"长".repeat(20))]});
    assert_eq!(stage.post(FORMS, &longest).await.0, 200);
}

#[tokio::test]
async fn values_are_checked_and_read_back_in_another_shape() {
    let stage = Stage::new().await;
    let field = |kind: &str, label: &str| json!({"componentType": kind, "props": {"label": label}});
    let form = json!({"name": "All", "formComponents": [
        {"componentType": "DDSelectField", "props": {"label": "One", "options": [{"value": "a"}, {"value": "b"}]}},
        {"componentType": "DDMultiSelectField", "props": {"label": "Many", "options": [{"value": "a"}]}},
        {"componentType": "DDDateField", "props": {"label": "Day", "format": "yyyy-MM-dd"}},
        {"componentType": "DDDateField", "props": {"label": "Minute", "format": "yyyy-MM-dd HH:mm"}},
        field("DDDateRangeField", "[\"From\",\"To\"]"),
        field("NumberField", "Number"),
        field("InnerContactField", "People"),
        field("DepartmentField", "Department"),
        field("DDAttachment", "Files"),
        {"componentType": "TableField", "props": {"label": "Table"}, "children": [
            {"componentType": "TextField", "props": {"label": "Column", "componentId": "Column_1"}},
        ]},
        field("TextNote", ""),
    ]});
    let code = stage.post(FORMS, &form).await.1["result"]["processCode"].clone();
    let create = async |name: &str, value: &str| {
        let order = json!({
            "processCode": code, "originatorUserId": "asker", "deptId": 10,
            "formComponentValues": [{"name": name, "value": value}],
        });
        stage.post("/v1.0/workflow/processInstances", &order).await.1
    };
    for (name, value, refused) in [
        ("One", "c", "formConverterError"),
        ("Many", "[\"b\"]", "formConverterError"),
        ("Many", "a", "sysErrror"),
        ("Day", "2026-04-16 10:00", "formConverterError"),
        ("Minute", "2026-04-16", "formConverterError"),
        ("[\"From\",\"To\"]", "[\"2026-04-16\"]", "formConverterError"),
        ("Number", "ten", "formConverterError"),
        ("People", "[\"Bo\"]", "formConverterError"),
        ("People", "boss", "sysErrror"),
        ("Department", "77", "formConverterError"),
        ("Files", "[{\"fileName\":\"a\"}]", "formConverterError"),
        ("Table", "[{\"name\":\"Column\",\"value\":\"x\"}]", "sysErrror"),
        ("Table", "[[{\"name\":\"Other\",\"value\":\"x\"}]]", "formConverterError"),
        ("Unknown", "x", "formConverterError"),
    ] {
        let answer = create(name, value).await;
        assert_eq!(answer["code"], refused, "{name}: {value}");
    }
    assert_eq!(create("One", "c").await["message"], "表单数据校验失败，失败控件：One");
    for (name, value, read, ext_value) in [
        ("One", "b", "b", Some(r#"{"key":"option_1","label":"b"}"#)),
        ("Minute", "2026-04-16 10:00", "2026-04-16 10:00", None),
        ("[\"From\",\"To\"]", "[\"2026-04-16\",\"2026-04-17\"]", "[\"2026-04-16\",\"2026-04-17\"]", None),
        ("Department", "1,10", "1,10", None),
    ] {
        let answer = create(name, value).await;
        let instance = answer["instanceId"].as_str().unwrap_or_else(|| panic!("{name}: {answer}"));
        let entries = stage.read(&instance.into()).await["formComponentValues"].clone();
        let entry = entries.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
        assert_eq!((entry["value"].as_str(), entry["extValue"].as_str()), (Some(read), ext_value));
    }
    let answer = create("People", "[\"boss\",\"lead\"]").await;
    let entries =
        stage.read(&answer["instanceId"].as_str().unwrap().into()).await["formComponentValues"].clone();
    let entry =
        |name: &str| entries.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    assert_eq!(entry("People")["value"], "Bo,Lee");
    let people: Value = serde_json::from_str(entry("People")["extValue"].as_str().unwrap()).unwrap();
    assert_eq!((&people[0]["emplId"], &people[1]["name"]), (&json!("boss"), &json!("Lee")));
    assert_eq!(entry("Number")["value"], "null", "an unfilled field reads as this text");
    let columns: Value = serde_json::from_str(entry("Table")["value"].as_str().unwrap()).unwrap();
    assert_eq!(columns[0]["props"]["id"], "Column_1", "an unfilled table reads as its columns");
    let answer =
        create("Table", "[[{\"name\":\"Column\",\"value\":\"x\"}],[{\"name\":\"Column\",\"value\":\"y\"}]]")
            .await;
    let instance = stage.simulator.instance(answer["instanceId"].as_str().unwrap()).unwrap();
    let rows: Value = serde_json::from_str(instance.value("Table").unwrap()).unwrap();
    let cell = json!({"componentType": "TextField", "label": "Column", "value": "y", "key": "Column_1"});
    assert_eq!(rows[1]["rowValue"], json!([cell]));
    assert!(rows[0]["rowNumber"].as_str().unwrap().starts_with("TableField_"));
}

#[tokio::test]
async fn the_forecast_names_the_nodes_that_need_a_choice() {
    let stage = Stage::new().await;
    let flow = vec![
        FlowNode::members(&["lead"], Method::Or),
        FlowNode::chosen("manual_1", true),
        FlowNode::Supervisor,
    ];
    stage.simulator.set_flow(stage.template.as_str(), flow);
    let order = json!({
        "processCode": stage.template, "deptId": 10, "userId": "asker",
        "formComponentValues": [{"name": "Reference", "value": "R"}],
    });
    let (status, forecast) = stage.post("/v1.0/workflow/processes/forecast", &order).await;
    assert_eq!(status, 200, "{forecast}");
    let rules = &forecast["result"]["workflowActivityRules"];
    assert_eq!(rules[0]["activityActioners"][0]["userId"], "lead");
    assert_eq!(
        (&rules[1]["isTargetSelect"], &rules[1]["activityType"]),
        (&json!(true), &json!("target_select"))
    );
    assert_eq!(rules[1]["workflowActor"]["actorKey"], "manual_1");
    assert_eq!(rules[1]["workflowActor"]["actorSelectionType"], "allStaff");
    assert_eq!(rules[2]["activityActioners"][0]["userId"], "boss");
}
