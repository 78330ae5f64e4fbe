//! What Dataphin receives.

use jiff::SignedDuration;
use serde_json::json;
use shared::{dataphin::bare_aes::BareAes, dingtalk::crypto::Envelope};

use super::{Scene, answer, message};
use crate::dataphin::{Outcome, Profile, RequestState, Settings, Verb, Verdict};

#[tokio::test]
async fn an_encrypted_outcome_ends_the_request() {
    for (word, state) in [
        ("agree", RequestState::Approved),
        ("refuse", RequestState::Rejected),
        ("revoke", RequestState::Revoked),
    ] {
        let scene = Scene::with_a_request().await;
        let (status, body) = scene.tell("1223", word).await;
        assert_eq!((status, body), (200, json!({ "success": true, "code": "0", "message": "success" })));
        assert_eq!(scene.dataphin.request("1223").unwrap().state, state);
        let told = scene.dataphin.told("1223").await.unwrap();
        assert_eq!(told.verdict, Verdict::Accepted);
        assert_eq!(told.approve_user.unwrap().user_name, "Wang Wei");
        assert_eq!(told.comment.as_deref(), Some("fine"));
    }
}

#[tokio::test]
async fn a_repeated_outcome_is_answered_as_finished_and_a_different_one_is_a_contradiction() {
    let scene = Scene::with_a_request().await;
    scene.tell("1223", "agree").await;
    for (word, contradictions) in [("agree", 0), ("refuse", 1)] {
        let (status, body) = scene.tell("1223", word).await;
        assert_eq!(status, 400);
        assert_eq!(body["success"], false);
        assert_eq!(body["code"], "DPN.OA.ApplyFinished");
        assert_eq!(scene.dataphin.contradictions(), contradictions);
    }
    let ledger = scene.dataphin.ledger("1223");
    let verdicts: Vec<_> = ledger.iter().map(|told| told.verdict).collect();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Repeat, Verdict::Contradiction]);
    assert_eq!(scene.dataphin.request("1223").unwrap().state, RequestState::Approved);
}

#[tokio::test]
async fn the_same_outcome_told_fifty_times_at_once_is_accepted_once() {
    let scene = std::sync::Arc::new(Scene::with_a_request().await);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let scene = scene.clone();
        callers.spawn(async move { scene.tell("1223", "agree").await.0 });
    }
    let accepted = callers.join_all().await.into_iter().filter(|status| *status == 200).count();
    assert_eq!(accepted, 1);
    assert_eq!(scene.dataphin.counts().repeats, 49);
}

#[tokio::test]
async fn a_request_withdrawn_in_dataphin_takes_a_later_revoke_for_a_repeat() {
    let scene = Scene::with_a_request().await;
    scene.dataphin.withdraw("1223", Verb::Revoke).await.unwrap();
    let (status, body) = scene.tell("1223", "revoke").await;
    assert_eq!((status, &body["code"]), (400, &json!("DPN.OA.ApplyFinished")));
    assert_eq!(scene.dataphin.ledger("1223")[0].verdict, Verdict::Repeat);
    assert_eq!(scene.dataphin.contradictions(), 0);
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_noted() {
    let scene = Scene::with_a_request().await;
    let mut envelope = scene.seal(message("1223", "agree").to_string().as_bytes(), "");
    envelope.nonce.push('x');
    let (status, body) = answer(scene.send(&envelope).await.unwrap()).await;
    assert_eq!((status, &body["code"]), (401, &json!("DPN.OA.AuthFailed")));
    assert_eq!(scene.dataphin.refused_calls().len(), 1);
    assert_eq!(scene.dataphin.request("1223").unwrap().state, RequestState::Approving);
}

#[tokio::test]
async fn a_message_to_another_owner_key_is_refused() {
    let scene = Scene::with_a_request().await;
    let envelope = scene.seal(message("1223", "agree").to_string().as_bytes(), "ding123");
    assert_eq!(scene.send(&envelope).await.unwrap().status(), 401);
}

#[tokio::test]
async fn an_old_envelope_is_refused() {
    let scene = Scene::with_a_request().await;
    let envelope = scene.seal(message("1223", "agree").to_string().as_bytes(), "");
    scene.advance(SignedDuration::from_mins(61));
    assert_eq!(scene.send(&envelope).await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_damaged_message_is_refused_whatever_is_damaged() {
    let scene = Scene::with_a_request().await;
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for text in ["", "null", "{\"applyId\":", "{\"applyId\":7}", "\u{0}", &deep] {
        let envelope = scene.seal(text.as_bytes(), "");
        assert_eq!(scene.send(&envelope).await.unwrap().status(), 400);
    }
    let mut other_event = message("1223", "agree");
    other_event["type"] = json!("start");
    for message in [message("1223", "approve"), other_event] {
        assert_eq!(scene.tell_message(&message).await.0, 400);
    }
    assert_eq!(scene.dataphin.ledger("1223"), []);
    assert_eq!(scene.dataphin.counts().refused_calls, 8);
}

#[tokio::test]
async fn a_body_over_256_kib_is_refused() {
    let scene = Scene::with_a_request().await;
    let envelope = Envelope { encrypt: "A".repeat(256 * 1024), ..scene.seal(b"{}", "") };
    assert_eq!(scene.send(&envelope).await.unwrap().status(), 413);
}

#[tokio::test]
async fn an_unknown_request_is_answered_as_not_existing() {
    let scene = Scene::with_a_request().await;
    let mut of_another_tenant = message("1223", "agree");
    of_another_tenant["tenantId"] = json!("100000002");
    for message in [message("1224", "agree"), of_another_tenant] {
        let (status, body) = scene.tell_message(&message).await;
        assert_eq!(status, 404);
        assert_eq!(body["code"], "DPN.OA.ApplyNotExist");
        assert_eq!(body["message"], "the approval request does not exist");
    }
}

#[tokio::test]
async fn the_plain_profile_checks_the_access_token() {
    let scene = Scene::with_a_request().await;
    scene.dataphin.change_settings(|settings| settings.profile = Profile::Plain).unwrap();
    let refused = scene.send_plain("guess", &message("1223", "refuse")).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(scene.tell("1223", "refuse").await.0, 200);
    assert_eq!(scene.dataphin.told("1223").await.unwrap().outcome, Outcome::Rejected);
}

/// The profiles that bring the access token in the query and encrypt the body.
fn bare_profiles() -> impl Iterator<Item = (Profile, BareAes)> {
    Profile::ALL.into_iter().filter_map(|profile| Some((profile, profile.bare_aes()?)))
}

#[tokio::test]
async fn a_bare_profile_takes_what_is_sealed_its_way_and_nothing_else() {
    for (profile, _) in bare_profiles() {
        let scene = Scene::with_a_request().await;
        scene.dataphin.change_settings(|settings| settings.profile = profile).unwrap();
        let told = message("1223", "agree");
        let token = scene.dataphin.settings().access_token;
        for other in Profile::ALL.into_iter().filter(|other| *other != profile) {
            let body = scene.body(other, told.to_string().as_bytes());
            assert_eq!(scene.send_plain(&token, &body).await.unwrap().status(), 400, "{profile:?} {other:?}");
        }
        let of_encrypted = scene.seal(told.to_string().as_bytes(), "");
        assert_eq!(scene.send(&of_encrypted).await.unwrap().status(), 401, "{profile:?}");
        assert_eq!(scene.tell("1223", "agree").await.0, 200, "{profile:?}");
        assert_eq!(scene.dataphin.told("1223").await.unwrap().comment.as_deref(), Some("fine"));
    }
}

#[tokio::test]
async fn each_mistake_under_a_bare_profile_has_its_own_refusal() {
    for (profile, cipher) in bare_profiles() {
        let scene = Scene::with_a_request().await;
        scene.dataphin.change_settings(|settings| settings.profile = profile).unwrap();
        let token = scene.dataphin.settings().access_token;
        let text = message("1223", "agree").to_string();
        let good = scene.body(profile, text.as_bytes());
        let other_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
        let of_other_key = json!({ "encrypt": cipher.seal(&other_key, text.as_bytes(), [7; 16]) });
        for (token, body, status, code) in [
            ("guess", &good, 401, "DPN.OA.AuthFailed"),
            (&token, &of_other_key, 400, "DPN.OA.DecryptFailed"),
            (&token, &json!({ "encrypt": "AAAA" }), 400, "DPN.OA.DecryptFailed"),
            (&token, &json!({ "encrypted": "AAAA" }), 400, "DPN.OA.BadRequest"),
            (&token, &scene.body(profile, b"{}"), 400, "DPN.OA.BadRequest"),
            (&token, &scene.body(profile, b"null"), 400, "DPN.OA.DecryptFailed"),
        ] {
            let refused = answer(scene.send_plain(token, body).await.unwrap()).await;
            assert_eq!((refused.0, &refused.1["code"]), (status, &json!(code)), "{profile:?} {body}");
        }
        let (status, body) = scene.tell("bridge-test-1", "refuse").await;
        assert_eq!((status, &body["code"]), (404, &json!("DPN.OA.ApplyNotExist")));
        let long_ago = [("accessToken", token.as_str()), ("timestamp", "1654156836531")];
        let call = scene.http.post(scene.dataphin.callback_url()).query(&long_ago).json(&good);
        let (status, body) = answer(call.send().await.unwrap()).await;
        assert_eq!((status, &body["message"]), (401, &json!("the timestamp is more than an hour off")));
        assert_eq!(scene.dataphin.ledger("1223"), []);
    }
}

#[tokio::test]
async fn an_encrypted_answer_of_a_bare_profile_decrypts_to_success() {
    for (profile, cipher) in bare_profiles() {
        let scene = Scene::with(Settings { encrypted_answer: true, profile, ..Settings::default() }).await;
        scene.dataphin.file(crate::dataphin::Request::default().with_id("1223")).await;
        let (status, body) = scene.tell("1223", "agree").await;
        let key = scene.dataphin.settings().aes_key.parse().unwrap();
        let opened = cipher.open(&key, body["encrypt"].as_str().unwrap()).unwrap();
        assert_eq!((status, opened.as_slice()), (200, &b"success"[..]), "{profile:?}");
    }
}

#[tokio::test]
async fn an_encrypted_answer_decrypts_to_success() {
    let scene = Scene::with(Settings { encrypted_answer: true, ..Settings::default() }).await;
    scene.dataphin.file(crate::dataphin::Request::default().with_id("1223")).await;
    let (status, body) = scene.tell("1223", "agree").await;
    assert_eq!(status, 200);
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let envelope = Envelope {
        signature: text("msg_signature"),
        timestamp: text("timeStamp"),
        nonce: text("nonce"),
        encrypt: text("encrypt"),
    };
    assert_eq!(scene.keys().open(&envelope).unwrap().message, b"success");
}

#[tokio::test]
async fn whoever_waits_for_an_outcome_is_woken_by_it() {
    let scene = Scene::with_a_request().await;
    let (told, (status, _)) = tokio::join!(scene.dataphin.told("1223"), scene.tell("1223", "agree"));
    assert_eq!(status, 200);
    assert_eq!(told.unwrap().outcome, Outcome::Approved);
    assert_eq!(scene.dataphin.told("unknown").await, None);
}
