//! The pages for people and the JSON surface for scripts.

use serde_json::{Value, json};

use super::{Scene, message};
use crate::dataphin::{Fault, Kind, Profile, Request, RequestState, Times, Verdict};

impl Scene {
    async fn see(&self, path: &str) -> String {
        let response = self.http.get(format!("{}{path}", self.dataphin.url())).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }

    /// Posts a form and gives the address it leads to.
    async fn submit(&self, path: &str, form: &str) -> String {
        let call = self.http.post(format!("{}{path}", self.dataphin.url()));
        let call = call.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        let response = call.send().await.unwrap();
        assert_eq!(response.status(), 303, "{path}");
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    /// Posts a form that leads nowhere, and gives the status and the page.
    async fn refuse(&self, path: &str, form: &str) -> (u16, String) {
        let call = self.http.post(format!("{}{path}", self.dataphin.url()));
        let call = call.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        let response = call.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn script(&self, path: &str, body: &Value) -> (u16, Value) {
        let call = self.http.post(format!("{}/simulator/{path}", self.dataphin.url()));
        let response = call.json(body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }
}

#[tokio::test]
async fn a_person_files_a_request_sees_it_and_withdraws_it() {
    let scene = Scene::new().await;
    assert!(scene.see("/new").await.contains("Data-service API permission"));
    let form =
        "kind=code-review&requester=300000001&reason=please&operator1=AND&user1=300000002&user1=300000003";
    let address = scene.submit("/requests", form).await;
    let page = scene.see(&address).await;
    for shown in ["APPROVING", "CODE_REVIEW", "Li Na", "all of them", "Wang Wei, Zhang Min", "Withdraw"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    assert!(scene.see("/").await.contains(&address));
    assert_eq!(scene.submit(&format!("{address}/withdraw"), "verb=cancel").await, address);
    let page = scene.see(&address).await;
    assert!(page.contains("REVOKED") && page.contains("<code>cancel</code>") && !page.contains("<form"));
}

#[tokio::test]
async fn an_outcome_is_on_the_requests_page() {
    let scene = Scene::with_a_request().await;
    scene.tell("1223", "refuse").await;
    let page = scene.see("/requests/1223").await;
    for shown in ["REJECTED", "refuse", "accepted", "Wang Wei", "fine"] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn an_outcome_that_a_fault_kept_from_being_taken_is_on_the_requests_page_and_among_the_refused_calls() {
    let scene = Scene::with_a_request().await;
    for (fault, shown, refused_calls) in [
        (Fault::Unavailable { retry_after_seconds: 1 }, "HTTP 503: the system is not available", 1),
        (Fault::RefuseWith200, "HTTP 200: the system is busy", 2),
        (Fault::CloseConnection, "the connection was closed", 2),
    ] {
        scene.dataphin.fault(fault, Times::Next(1));
        let _ = scene.send(&scene.seal(message("1223", "agree").to_string().as_bytes(), "")).await;
        let page = scene.see("/requests/1223").await;
        assert!(page.contains(shown) && page.contains("not taken"), "{shown}");
        assert_eq!(scene.dataphin.counts().refused_calls, refused_calls);
    }
    assert!(scene.see("/").await.contains("not taken: 3"));
    assert_eq!(scene.dataphin.ledger("1223"), []);
    scene.tell("1223", "refuse").await;
    assert_eq!(scene.dataphin.ledger("1223")[0].verdict, Verdict::Accepted);
}

#[tokio::test]
async fn who_decided_is_shown_by_name_or_else_by_id() {
    let scene = Scene::with_a_request().await;
    let mut outcome = message("1223", "agree");
    outcome["approveUser"] = json!({ "userSourceId": "emp1099" });
    scene.tell_message(&outcome).await;
    assert!(scene.see("/requests/1223").await.contains("emp1099"));
}

#[tokio::test]
async fn times_are_shown_with_their_zone() {
    let scene = Scene::with_a_request().await;
    for path in ["/", "/requests/1223"] {
        assert!(scene.see(path).await.contains("2026-01-07 16:00:00 +08:00"), "{path}");
    }
}

#[tokio::test]
async fn what_people_and_peers_write_is_shown_as_text() {
    let scene = Scene::new().await;
    let request = Request::default().with_id("a/<b>").titled("<script>alert(1)</script>");
    scene.dataphin.file(request).await;
    let mut outcome = message("a/<b>", "agree");
    outcome["comment"] = json!("<img src=x>");
    scene.tell_message(&outcome).await;
    let page = scene.see("/requests/a%2F%3Cb%3E").await;
    assert!(page.contains("&lt;script&gt;") && page.contains("&lt;img src=x&gt;"));
    assert!(!page.contains("<script") && !page.contains("<img"));
}

#[tokio::test]
async fn only_the_list_loads_itself_anew() {
    let scene = Scene::with_a_request().await;
    assert!(scene.see("/").await.contains("http-equiv=\"refresh\""));
    for path in ["/new", "/settings", "/faults", "/requests/1223"] {
        assert!(!scene.see(path).await.contains("http-equiv"), "{path}");
    }
}

#[tokio::test]
async fn the_settings_page_speaks_the_vendors_words_and_saves() {
    let scene = Scene::new().await;
    let page = scene.see("/settings").await;
    for word in [
        "Approval System Name",
        "Submit Approval Request URL",
        "Access Token",
        "Test Connection",
        "Callback URL",
        "Encoding AES Key",
    ] {
        assert!(page.contains(word), "{word}");
    }
    let before = scene.dataphin.settings();
    let form = format!(
        "name=X&bridge_url=http%3A%2F%2F127.0.0.1%3A1&access_token=t&aes_key={}&profile=plain&edition=first\
         &tenant_id=&content_type=text%2Fplain",
        before.aes_key
    );
    scene.submit("/settings", &form).await;
    let after = scene.dataphin.settings();
    assert_eq!((after.access_token.as_str(), after.tenant_id), ("t", None));
    scene.submit("/settings/key", "").await;
    assert_ne!(scene.dataphin.settings().aes_key, before.aes_key);
}

#[tokio::test]
async fn every_profile_is_offered_to_people_and_to_scripts() {
    let scene = Scene::new().await;
    for profile in Profile::ALL {
        let word = profile.word();
        scene.submit("/settings", &format!("profile={word}")).await;
        assert_eq!(scene.dataphin.settings().profile, profile);
        assert!(scene.see("/settings").await.contains(&format!("value=\"{word}\" selected")), "{word}");
        scene.script("settings", &json!({ "profile": "plain" })).await;
        assert_eq!(scene.script("settings", &json!({ "profile": word })).await.0, 204);
        assert_eq!(scene.dataphin.settings().profile, profile);
    }
}

#[tokio::test]
async fn a_bad_aes_key_is_explained_and_nothing_is_saved() {
    let scene = Scene::new().await;
    let call = scene.http.post(format!("{}/settings", scene.dataphin.url()));
    let call = call.header("content-type", "application/x-www-form-urlencoded");
    let response = call.body("access_token=t&aes_key=short").send().await.unwrap();
    assert_eq!(response.status(), 422);
    assert!(response.text().await.unwrap().contains("43 characters"));
    assert_eq!(scene.dataphin.settings().access_token, "6d1b2n1c");
}

#[tokio::test]
async fn testing_the_connection_and_making_a_key_save_what_was_typed() {
    let scene = Scene::new().await;
    let address = scene
        .submit("/settings/connect", "access_token=typed&encrypted_answer=no&encrypted_answer=yes")
        .await;
    assert!(scene.bridge.calls()[0].address.contains("accessToken=typed"));
    let page = scene.see(&address).await;
    assert!(page.contains("Saved") && page.contains("Passed"));
    assert!(scene.dataphin.settings().encrypted_answer);

    let before = scene.dataphin.settings().aes_key;
    let form = format!("tenant_id=7&aes_key={before}&encrypted_answer=no");
    let address = scene.submit("/settings/key", &form).await;
    assert!(scene.see(&address).await.contains("new Encoding AES Key"));
    let after = scene.dataphin.settings();
    assert_eq!((after.tenant_id.as_deref(), after.encrypted_answer), (Some("7"), false));
    assert_ne!(after.aes_key, before);
    assert!(scene.see(&scene.submit("/settings", &form).await).await.contains("Saved"));
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_in_words_and_nothing_is_saved_or_tested() {
    let scene = Scene::new().await;
    let before = scene.dataphin.settings().bridge_url;
    for path in ["/settings", "/settings/connect", "/settings/key"] {
        let (status, page) = scene.refuse(path, "bridge_url=nonsense&access_token=typed").await;
        assert_eq!(status, 422);
        assert!(page.contains("Submit Approval Request URL: it must be") && page.contains("nonsense"));
        assert!(page.contains("typed"), "what was typed is not lost");
    }
    assert_eq!(scene.dataphin.settings().bridge_url, before);
    assert_eq!(scene.dataphin.settings().access_token, "6d1b2n1c");
    assert!(scene.bridge.calls().is_empty());
    assert_eq!(scene.script("settings", &json!({ "bridgeUrl": "nonsense" })).await.0, 400);
}

#[tokio::test]
async fn a_fault_is_set_by_its_own_form_and_shown_in_words() {
    let scene = Scene::new().await;
    assert_eq!(scene.submit("/faults", "fault=unavailable&amount=7&calls=2").await, "/faults");
    scene.submit("/faults", "fault=refuse&calls=").await;
    let page = scene.see("/faults").await;
    for shown in [
        "answer 503 with a Retry-After of 7 seconds",
        "the next 2 calls",
        "answer 200 with success:false",
        "until cleared",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(!page.contains("RefuseWith200"));
}

#[tokio::test]
async fn a_fault_with_a_bad_number_is_refused_in_words_and_nothing_is_set() {
    let scene = Scene::new().await;
    for (form, why) in [
        ("fault=slow&amount=&calls=1", "The number of milliseconds must be from 1 to"),
        ("fault=unavailable&amount=-5&calls=1", "not “-5”"),
        ("fault=at_once&amount=many&calls=1", "not “many”"),
        ("fault=close&calls=x", "The number of calls must be 1 or more, or empty, not “x”"),
    ] {
        let (status, page) = scene.refuse("/faults", form).await;
        assert_eq!(status, 422);
        assert!(page.contains(why) && page.contains("Dataphin behaves"), "{form}");
    }
}

#[tokio::test]
async fn a_failed_connection_test_shows_the_bridges_reason() {
    let scene = Scene::new().await;
    scene.bridge.answers(200, &json!({ "checkResult": "DingTalk refused the AppSecret" }));
    scene.submit("/settings/connect", "").await;
    assert!(scene.see("/settings").await.contains("DingTalk refused the AppSecret"));
}

#[tokio::test]
async fn a_script_files_withdraws_and_reads() {
    let scene = Scene::new().await;
    let request = json!({
        "applyId": "77",
        "kind": "data-service-api",
        "approveNodes": [{ "approveOperator": "AND", "approveUsers": [{ "userSourceId": "emp1002" }] }],
        "extra": { "templateCode": "T-1" },
    });
    let (status, filed) = scene.script("requests", &request).await;
    assert_eq!((status, &filed["applyId"], &filed["answer"]["status"]), (200, &json!("77"), &json!(200)));
    let call = scene.bridge.calls().pop().unwrap();
    assert_eq!(call.body["templateCode"], "T-1");
    assert_eq!(call.body["approveNodes"][0]["approveOperator"], "AND");

    let (status, _) = scene.script("requests/77/withdraw", &json!({ "verb": "cancel" })).await;
    assert_eq!(status, 200);
    assert_eq!(scene.script("requests/77/withdraw", &json!({})).await.0, 409);
    assert_eq!(scene.script("requests/78/withdraw", &json!({})).await.0, 404);
    let record: Value = serde_json::from_str(&scene.see("/simulator/requests/77").await).unwrap();
    assert_eq!(record["state"], "REVOKED");
    assert_eq!(record["withdrawal"]["verb"], "cancel");
}

#[tokio::test]
async fn a_script_sets_faults_tests_the_connection_and_reads_the_ledger() {
    let scene = Scene::with_a_request().await;
    let fault = json!({ "fault": "unavailable", "retryAfterSeconds": 3, "calls": 1 });
    assert_eq!(scene.script("faults", &fault).await.0, 204);
    assert_eq!(serde_json::from_str::<Value>(&scene.see("/simulator/faults").await).unwrap(), json!([fault]));
    assert_eq!(scene.tell("1223", "agree").await.0, 503);
    assert_eq!(scene.tell("1223", "agree").await.0, 200);
    assert_eq!(scene.script("connect", &json!({})).await.1["passed"], true);
    let ledger: Value = serde_json::from_str(&scene.see("/simulator/ledger").await).unwrap();
    assert_eq!(ledger["counts"]["accepted"], 1);
    assert_eq!(ledger["told"][0]["outcome"], "agree");
    assert_eq!(ledger["told"][0]["verdict"], "accepted");
}

#[tokio::test]
async fn a_script_changes_settings_and_a_bad_key_changes_nothing() {
    let scene = Scene::new().await;
    let change = json!({ "accessToken": "new", "profile": "plain" });
    assert_eq!(scene.script("settings", &change).await.0, 204);
    assert_eq!(scene.script("settings", &json!({ "accessToken": "x", "aesKey": "short" })).await.0, 400);
    assert_eq!(scene.dataphin.settings().access_token, "new");
    assert!(scene.dataphin.settings().bridge_url.is_some());
}

#[tokio::test]
async fn every_kind_can_be_filed_by_its_name() {
    let scene = Scene::new().await;
    for kind in Kind::ALL {
        let (_, filed) = scene.script("requests", &json!({ "kind": kind })).await;
        let apply_id = filed["applyId"].as_str().unwrap();
        let record = scene.dataphin.request(apply_id).unwrap();
        assert_eq!(record.state, RequestState::Approving);
        assert_eq!(record.text("type"), kind.request_type());
    }
}
