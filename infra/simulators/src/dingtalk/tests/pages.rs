//! What people see, and what scripts can do.

use serde_json::{Value, json};

use super::{
    Stage,
    receiver::{AES_KEY, Receiver, TOKEN},
};

impl Stage {
    async fn page(&self, path: &str) -> String {
        let response = self.client.get(self.at(path)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }

    /// Sends a form as a browser does; answers where it is led.
    async fn submit(&self, path: &str, fields: &str) -> (u16, String) {
        let response = self.send(path, fields).await;
        let location = response.headers().get("location").map(|it| it.to_str().unwrap().to_owned());
        (response.status().as_u16(), location.unwrap_or_default())
    }

    /// Sends a form that is refused, and gives the page that says why.
    async fn refusal(&self, path: &str, fields: &str) -> String {
        let response = self.send(path, fields).await;
        assert_eq!(response.status(), 409, "{path} {fields}");
        response.text().await.unwrap()
    }

    async fn send(&self, path: &str, fields: &str) -> reqwest::Response {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let request = client.build().unwrap().post(self.at(path));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(fields.to_owned()).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_person_decides_on_their_desk() {
    let stage = Stage::new().await;
    let (id, task) = stage.create_for_boss().await;
    assert!(stage.page("/").await.contains("Ada提交的Data access"));
    let desk = stage.page("/people/boss").await;
    assert!(desk.contains("R-1") && desk.contains("同意 Agree") && desk.contains("拒绝 Refuse"));
    assert!(!desk.contains("http-equiv"), "a page that is typed into does not load itself anew");
    let fields = "user=boss&act=refuse&remark=not+now&colleague=asker";
    assert_eq!(stage.submit(&format!("/tasks/{task}"), fields).await, (303, "/people/boss".into()));
    assert_eq!(stage.read(&id).await["result"], "refuse");
    assert_eq!(stage.submit(&format!("/tasks/{task}"), fields).await.0, 409);
    let shown = stage.page(&format!("/instances/{id}")).await;
    assert!(shown.contains("not now") && shown.contains("审批拒绝"));
}

#[tokio::test]
async fn what_people_write_is_shown_as_text() {
    let stage = Stage::new().await;
    let mut order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    order["formComponentValues"][0]["value"] = json!("<script>alert(1)</script>");
    stage.post("/v1.0/workflow/processInstances", &order).await;
    let desk = stage.page("/people/boss").await;
    assert!(desk.contains("&lt;script&gt;") && !desk.contains("<script>"));
}

#[tokio::test]
async fn the_console_sets_its_switches() {
    let stage = Stage::new().await;
    let receiver = Receiver::start().await;
    let fields =
        format!("url={}&token={TOKEN}&aes_key={AES_KEY}", receiver.url.replace("?tenant=1", "%3Ftenant%3D1"));
    assert_eq!(stage.submit("/console/subscription", &fields).await.0, 303);
    assert_eq!(stage.submit("/console/push", "filter=recommended&owner_key=app_key&shape=new").await.0, 303);
    assert_eq!(stage.submit("/console/limits", "qps=7&api_quota=&push_quota=9").await.0, 303);
    assert_eq!(stage.submit("/console/faults", "trouble=slow&api=getInstance&wait=20&times=3").await.0, 303);
    assert_eq!(stage.submit("/console/permissions", "point=qyapi_get_member").await.0, 303);
    let read = async |path: &str| super::answer(stage.client.get(stage.at(path))).await.1;
    let limits = read("/simulator/limits").await;
    assert_eq!(
        (&limits["qps"], &limits["apiQuota"], &limits["pushQuota"]),
        (&json!(7), &Value::Null, &json!(9))
    );
    let fault = json!([{"api": "getInstance", "trouble": {"slow": 20}, "spell": {"next": 3}}]);
    assert_eq!(read("/simulator/faults").await, fault);
    assert_eq!(read("/simulator/permissions").await, json!(["qyapi_get_member"]));
    let console = stage.page("/console").await;
    assert!(console.contains(&receiver.url) && !console.contains(TOKEN) && !console.contains(AES_KEY));
    assert_eq!(stage.submit("/console/faults/clear", "").await.0, 303);
    assert_eq!(read("/simulator/faults").await, json!([]));
}

#[tokio::test]
async fn faults_are_shown_in_words_and_a_bad_number_is_refused() {
    let stage = Stage::new().await;
    for (fields, why) in [
        ("trouble=slow&api=&wait=soon&times=1", "a number of milliseconds"),
        ("trouble=slow&api=&wait=&times=1", "a number of milliseconds"),
        ("trouble=server_error&api=&wait=&times=x", "not “x”"),
        ("trouble=server_error&api=&wait=&times=0", "not “0”"),
        ("trouble=server_error&api=other&wait=&times=1", "There is no API “other”"),
    ] {
        assert!(stage.refusal("/console/faults", fields).await.contains(why), "{fields}");
    }
    assert!(!stage.page("/console").await.contains("the next time"));
    stage.submit("/console/faults", "trouble=server_error&api=createInstance&wait=&times=2").await;
    stage.submit("/console/faults", "trouble=delay_push&api=&wait=50&times=").await;
    let console = stage.page("/console").await;
    assert!(console.contains("call: 500 systemError · createInstance · the next 2 times"));
    assert!(console.contains("push: late by 50 ms · until cleared"));
}

#[tokio::test]
async fn a_limit_that_is_no_number_is_refused_and_changes_none() {
    let stage = Stage::new().await;
    stage.submit("/console/limits", "qps=7&api_quota=8&push_quota=9").await;
    for fields in
        ["qps=abc&api_quota=&push_quota=", "qps=&api_quota=-1&push_quota=", "qps=&api_quota=&push_quota=1.5"]
    {
        assert!(stage.refusal("/console/limits", fields).await.contains("a whole number or nothing, not"));
    }
    let limits = stage.get("/simulator/limits").await.1;
    assert_eq!(
        (&limits["qps"], &limits["apiQuota"], &limits["pushQuota"]),
        (&json!(7), &json!(8), &json!(9))
    );
}

#[tokio::test]
async fn a_refused_subscription_is_explained_in_two_languages() {
    let stage = Stage::new().await;
    let url = "http%3A%2F%2F127.0.0.1%3A1";
    for (fields, why) in [
        (
            format!("url={url}&token={TOKEN}&aes_key=short"),
            "参数格式不正确 · a parameter is malformed: the aes_key has 43 characters",
        ),
        (
            format!("url={url}&token={TOKEN}&aes_key={AES_KEY}"),
            "HTTP请求失败，请求地址访问异常 · nobody answered",
        ),
    ] {
        let page = stage.refusal("/console/subscription", &fields).await;
        assert!(page.contains(why) && !page.contains("BadForm"), "{page}");
    }
}

#[tokio::test]
async fn a_transfer_needs_a_colleague_to_be_chosen() {
    let stage = Stage::new().await;
    let (_, task) = stage.create_for_boss().await;
    assert!(stage.page("/people/boss").await.contains(r#"<option value="">"#));
    for act in ["transfer", "before", "after"] {
        let fields = format!("user=boss&act={act}&remark=&colleague=");
        assert!(stage.refusal(&format!("/tasks/{task}"), &fields).await.contains("Choose a colleague"));
    }
    assert_eq!(stage.desks(), ["boss"]);
}

#[tokio::test]
async fn a_long_value_is_cut_visibly_and_times_come_with_their_zone() {
    let stage = Stage::new().await;
    let mut order = stage.order(&json!([{"actionType": "NONE", "userIds": ["boss"]}]));
    order["formComponentValues"][0]["value"] = json!("长".repeat(41));
    stage.post("/v1.0/workflow/processInstances", &order).await;
    let overview = stage.page("/").await;
    assert!(overview.contains(&format!(">{}…<", "长".repeat(40))));
    assert!(overview.contains("04-16 15:34:37 +08:00"));
}

#[tokio::test]
async fn a_templates_flow_is_set_on_its_page() {
    let stage = Stage::new().await;
    let code = stage.template.to_string();
    assert!(stage.page("/templates").await.contains("Reference *"));
    let flow = "%5B%7B%22members%22%3A%7B%22users%22%3A%5B%22head%22%5D%2C%22method%22%3A%22OR%22%7D%7D%5D";
    let fields = format!("status=PUBLISHED&flow={flow}");
    assert_eq!(stage.submit(&format!("/templates/{code}"), &fields).await.0, 303);
    assert!(!stage.simulator.template(&code).unwrap().allow_revoke);
    stage.create(&Value::Null).await;
    assert_eq!(stage.desks(), ["head"]);
}

#[tokio::test]
async fn a_script_plays_the_people() {
    let stage = Stage::new().await;
    let person = json!({"userId": "new", "name": "New", "departments": [10]});
    let response = stage.client.post(stage.at("/simulator/people")).json(&person).send().await.unwrap();
    assert_eq!(response.status(), 204);
    let id = stage.create(&json!([{"actionType": "NONE", "userIds": ["new"]}])).await;
    let (_, todos) = stage.get("/simulator/todos?userId=new").await;
    assert_eq!((&todos[0]["instance"], &todos[0]["values"][0]), (&json!(id), &json!(["Reference", "R-1"])));
    let agree = stage.at(&format!("/simulator/tasks/{}/agree", todos[0]["task"]));
    let agree =
        async || stage.client.post(&agree).json(&json!({"remark": "yes"})).send().await.unwrap().status();
    assert_eq!(agree().await, 204);
    assert_eq!(agree().await, 409);
    let (_, instances) = stage.get("/simulator/instances").await;
    assert_eq!((&instances[0]["status"], &instances[0]["outcome"]), (&json!("COMPLETED"), &json!("agree")));
    let (_, calls) = stage.get("/simulator/calls").await;
    assert_eq!(
        calls["by_api"]["createInstance"],
        json!({"calls": 1, "paid": 1, "turned_away": 0, "failed": 0})
    );
    let revoke = stage.at(&format!("/simulator/instances/{id}/revoke"));
    assert_eq!(stage.client.post(revoke).send().await.unwrap().status(), 409);
}

#[tokio::test]
async fn the_template_page_explains_every_node_and_sets_all_that_the_console_sets() {
    let stage = Stage::new().await;
    let code = stage.template.to_string();
    let shown = stage.page("/templates").await;
    for node in ["role", "initiator", "department_head", "copy", "handler", "auto", "allowed_multi", "named"]
    {
        assert!(shown.contains(&format!("&quot;{node}&quot;")), "{node}");
    }
    let id = stage.simulator.template(&code).unwrap().components[2].id.clone();
    let fields = format!("act=save&status=PUBLISHED&flow=%5B%22initiator%22%5D&hidden=on&condition={id}");
    assert_eq!(stage.submit(&format!("/templates/{code}"), &fields).await.0, 303);
    let template = stage.simulator.template(&code).unwrap();
    assert!(template.hidden && template.conditions == [id]);
    assert_eq!(stage.submit(&format!("/templates/{code}"), "act=delete").await, (303, "/templates".into()));
    assert!(stage.simulator.template(&code).is_none());
}

#[tokio::test]
async fn the_console_page_changes_a_subscription_without_the_check_and_removes_it() {
    let stage = Stage::new().await;
    let fields = format!("act=force&url=http%3A%2F%2F127.0.0.1%3A1&token={TOKEN}&aes_key={AES_KEY}");
    assert_eq!(stage.submit("/console/subscription", &fields).await.0, 303);
    assert_eq!(stage.submit("/console/subscription", "act=force&url=&token=other&aes_key=").await.0, 303);
    assert!(stage.simulator.subscription().is_some_and(|it| it.url == "http://127.0.0.1:1" && !it.checked));
    assert!(stage.page("/console").await.contains("Remove"));
    assert_eq!(stage.submit("/console/subscription", "act=remove").await.0, 303);
    assert_eq!(stage.simulator.subscription(), None);
    stage.submit("/console/limits", "qps=&api_quota=&push_quota=&clock_skew=-30&name_delay=2").await;
    let limits = stage.get("/simulator/limits").await.1;
    assert_eq!((&limits["clockSkewSeconds"], &limits["nameDelaySeconds"]), (&json!(-30), &json!(2)));
}
