//! Who is who.

use serde_json::{Value, json};

use super::{Stage, answer};
use crate::dingtalk::{Person, Standing, permissions};

#[tokio::test]
async fn a_person_is_found_by_id_mobile_and_union_id_with_typed_answers() {
    let stage = Stage::new().await;
    let found = stage.oapi("/topapi/v2/user/get", &json!({"userid": "asker", "language": "zh_CN"})).await;
    assert_eq!((&found["errcode"], &found["errmsg"]), (&json!(0), &json!("ok")));
    let person = &found["result"];
    assert_eq!(person["name"], "Ada");
    assert_eq!((&person["dept_id_list"], &person["active"]), (&json!([10]), &json!(true)));
    assert_eq!((&person["manager_userid"], &person["mobile"]), (&json!("boss"), &json!("13800000001")));
    let found = stage.oapi("/topapi/v2/user/getbymobile", &json!({"mobile": "13800000001"})).await;
    assert_eq!(found["result"], json!({"userid": "asker"}));
    let found = stage.oapi("/topapi/user/getbyunionid", &json!({"unionid": "union-boss"})).await;
    assert_eq!(found["result"], json!({"contact_type": 0, "userid": "boss"}));
}

#[tokio::test]
async fn a_form_encoded_body_is_as_good_as_json() {
    let stage = Stage::new().await;
    let url = stage.at(&format!("/topapi/v2/user/get?access_token={}", stage.token));
    let form = stage.client.post(url).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(answer(form.body("userid=boss&language=zh_CN")).await.1["result"]["userid"], "boss");
}

#[tokio::test]
async fn who_is_not_there_has_the_documented_error() {
    let stage = Stage::new().await;
    stage.simulator.add_person(Person::new("gone", "Go").mobile("139").standing(Standing::Left));
    for (path, body, errcode) in [
        ("/topapi/v2/user/get", json!({"userid": "nobody"}), 60_121),
        ("/topapi/v2/user/get", json!({"userid": "gone"}), 60_121),
        ("/topapi/v2/user/get", json!({"userid": "not an id"}), 33_012),
        ("/topapi/v2/user/get", json!({}), 400_002),
        ("/topapi/v2/user/getbymobile", json!({"mobile": "100"}), 40_104),
        ("/topapi/v2/user/getbymobile", json!({"mobile": "139"}), 40_104),
        ("/topapi/user/getbyunionid", json!({"unionid": "x"}), 60_121),
        ("/topapi/v2/department/listsub", json!({"dept_id": 77}), 60_003),
        ("/topapi/v2/user/list", json!({"dept_id": 1, "cursor": 0}), 400_002),
    ] {
        assert_eq!(stage.oapi(path, &body).await["errcode"], errcode, "{path} {body}");
    }
}

#[tokio::test]
async fn a_directory_can_be_walked() {
    let stage = Stage::new().await;
    let below = stage.oapi("/topapi/v2/department/listsub", &json!({})).await;
    assert_eq!(below["result"][0]["dept_id"], 10);
    assert_eq!(below["result"][0]["parent_id"], 1);
    let page = stage.oapi("/topapi/v2/user/list", &json!({"dept_id": 1, "cursor": 0, "size": 3})).await;
    assert_eq!((&page["result"]["has_more"], &page["result"]["next_cursor"]), (&json!(true), &json!(3)));
    assert_eq!(page["result"]["list"].as_array().unwrap().len(), 3);
    let page = stage.oapi("/topapi/v2/user/list", &json!({"dept_id": 1, "cursor": 3, "size": 3})).await;
    assert_eq!(page["result"]["has_more"], false);
    let word = json!({"queryWord": "L", "offset": 0, "size": 10});
    let (_, found) = stage.post("/v1.0/contact/users/search", &word).await;
    assert_eq!(found, json!({"hasMore": false, "totalCount": 1, "list": ["lead"]}));
}

#[tokio::test]
async fn a_mobile_number_shows_only_with_its_field_permission() {
    let stage = Stage::new().await;
    stage.simulator.deny(permissions::MOBILE_FIELD);
    let found = stage.oapi("/topapi/v2/user/get", &json!({"userid": "asker"})).await;
    assert!(found["result"].get("mobile").is_none());
}

#[tokio::test]
async fn who_is_outside_the_visible_range_is_refused_and_not_listed() {
    let stage = Stage::new().await;
    stage.simulator.add_person(Person::new("far", "Far").mobile("137").hidden());
    for (path, body) in [
        ("/topapi/v2/user/get", json!({"userid": "far"})),
        ("/topapi/v2/user/getbymobile", json!({"mobile": "137"})),
        ("/topapi/user/getbyunionid", json!({"unionid": "union-far"})),
    ] {
        assert_eq!(stage.oapi(path, &body).await["errcode"], 50_002, "{path}");
    }
    let page = stage.oapi("/topapi/v2/user/list", &json!({"dept_id": 1, "cursor": 0, "size": 100})).await;
    assert!(!page.to_string().contains("far"));
    let word = json!({"queryWord": "Far", "offset": 0, "size": 10});
    assert_eq!(stage.post("/v1.0/contact/users/search", &word).await.1["totalCount"], 0);
}

#[tokio::test]
async fn a_department_outside_the_visible_range_is_refused_and_not_listed() {
    let stage = Stage::new().await;
    let below =
        async || stage.oapi("/topapi/v2/department/listsub", &json!({"dept_id": 1})).await["result"].clone();
    stage.simulator.set_department_visible(10, false);
    for (path, body) in [
        ("/topapi/v2/department/listsub", json!({"dept_id": 10})),
        ("/topapi/v2/user/list", json!({"dept_id": 10, "cursor": 0, "size": 10})),
    ] {
        assert_eq!(stage.oapi(path, &body).await["errcode"], 50_004, "{path}");
    }
    assert_eq!(below().await, json!([]));
    let order = json!({"id": 10, "name": "Data", "parent": 1, "visible": true});
    stage.client.post(stage.at("/simulator/departments")).json(&order).send().await.unwrap();
    assert_eq!(below().await[0]["dept_id"], 10);
}

#[tokio::test]
async fn a_script_sets_every_kind_of_person() {
    let stage = Stage::new().await;
    let add = async |person: Value| {
        let response = stage.client.post(stage.at("/simulator/people")).json(&person).send().await.unwrap();
        assert_eq!(response.status(), 204);
    };
    add(json!({"userId": "far", "name": "Far", "visible": false})).await;
    add(json!({"userId": "loose", "name": "Lo", "departments": []})).await;
    add(json!({
        "userId": "idle", "name": "Id", "departments": [10], "standing": "not_activated", "roles": ["财务"],
        "leads": [10], "title": "Head", "jobNumber": "7", "orgEmail": "id@example.org",
    }))
    .await;
    let get = async |user: &str| stage.oapi("/topapi/v2/user/get", &json!({"userid": user})).await;
    assert_eq!(get("far").await["errcode"], 50_002);
    assert_eq!(get("loose").await["result"]["dept_id_list"], json!([]));
    let idle = get("idle").await["result"].clone();
    assert_eq!((&idle["active"], &idle["job_number"]), (&json!(false), &json!("7")));
    assert_eq!(idle["leader_in_dept"], json!([{"dept_id": 10, "leader": true}]));
    assert_eq!(
        (&idle["role_list"][0]["name"], &idle["org_email"]),
        (&json!("财务"), &json!("id@example.org"))
    );
    assert_eq!(stage.simulator.person("idle").unwrap().title, "Head");
}

#[tokio::test]
async fn who_has_no_department_cannot_ask_and_who_is_not_activated_cannot_decide() {
    let stage = Stage::new().await;
    stage.simulator.add_person(Person::new("loose", "Lo").departments(&[]));
    stage.simulator.add_person(Person::new("idle", "Id").standing(Standing::NotActivated));
    let code = async |field: &str, value: Value| {
        let mut order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
        order[field] = value;
        stage.post("/v1.0/workflow/processInstances", &order).await.1["code"].clone()
    };
    assert_eq!(code("originatorUserId", json!("loose")).await, "processInstanceInvalidParameter");
    let approvers = json!([{"actionType": "NONE", "userIds": ["idle"]}]);
    assert_eq!(code("approvers", approvers).await, "processInstanceInvalidParameter");
}
