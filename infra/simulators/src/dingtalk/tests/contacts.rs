//! Who is who.

use serde_json::json;

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
