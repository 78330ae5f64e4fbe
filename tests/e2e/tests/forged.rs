//! Forged callbacks: one answer to all of them, and nothing changes.

#![allow(clippy::expect_used)]

use e2e::{Rehearsal, raw::Answer};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::{
    approval::{Entry, Happening, Status},
    dingtalk::crypto::{CallbackKeys, Envelope},
    store::Sighting,
};
use simulators::{dataphin, dingtalk::Api};

/// What a forger needs, or guesses.
struct Forger<'a> {
    r: &'a Rehearsal,
    keys: CallbackKeys,
    owner_key: String,
}

impl<'a> Forger<'a> {
    /// Who knows everything, as DingTalk does.
    fn of(r: &'a Rehearsal) -> Self {
        let variables = r.sandbox.variables();
        let keys = Self::keys(&variables["DINGTALK_CALLBACK_TOKEN"], &variables["DINGTALK_CALLBACK_AES_KEY"]);
        Self { r, keys, owner_key: variables["DINGTALK_APP_KEY"].clone() }
    }

    fn keys(token: &str, aes_key: &str) -> CallbackKeys {
        CallbackKeys::new(token.into(), aes_key.parse().expect("a key"))
    }

    fn sealed(&self, message: &[u8]) -> Envelope {
        self.sealed_at(message, self.r.now())
    }

    fn sealed_at(&self, message: &[u8], moment: Timestamp) -> Envelope {
        let timestamp = moment.as_millisecond().to_string();
        self.keys.seal(message, &self.owner_key, timestamp, "nX6slGXV".to_owned(), [7; 16])
    }

    async fn send(&self, envelope: &Envelope) -> Answer {
        let Envelope { signature, timestamp, nonce, encrypt } = envelope;
        let query =
            format!("signature={signature}&msg_signature={signature}&timestamp={timestamp}&nonce={nonce}");
        self.post(&query, json!({"encrypt": encrypt}).to_string().as_bytes()).await
    }

    async fn post(&self, query: &str, body: &[u8]) -> Answer {
        self.r.request_with("POST", &format!("/dingtalk/callback?{query}"), body).await
    }

    /// Lets time pass until the next wrong callback is not slowed: what whoever guesses faster is told is tested elsewhere.
    fn at_leisure(&self) -> &Self {
        self.r.pass(SignedDuration::from_secs(6));
        self
    }

    async fn report(&self, message: &[u8]) -> Answer {
        self.send(&self.sealed(message)).await
    }

    /// Whether an answer acknowledges: signed, encrypted, addressed back, and saying `success`.
    fn acknowledged(&self, answer: &Answer) -> bool {
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        let part = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let envelope = Envelope {
            signature: part("msg_signature"),
            timestamp: part("timeStamp"),
            nonce: part("nonce"),
            encrypt: part("encrypt"),
        };
        self.keys.open(&envelope).is_ok_and(|opened| {
            answer.status == 200 && opened.message == b"success" && opened.owner_key == self.owner_key
        })
    }
}

/// The end of an instance, in whose name somebody would like to speak.
async fn agreed(r: &Rehearsal, apply_id: &str) -> Vec<u8> {
    let event = json!({"EventType": "bpms_instance_change", "type": "finish", "result": "agree",
        "processInstanceId": r.instance(apply_id).await, "finishTime": 1_795_297_497_000_i64,
        "processCode": r.sandbox.variables()["DINGTALK_PROCESS_CODE"]});
    event.to_string().into_bytes()
}

#[tokio::test]
async fn a_callback_tampered_with_anywhere_is_refused_in_the_same_words_and_changes_nothing() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    let (before, message) = (r.approval(&apply_id).await, agreed(&r, &apply_id).await);
    let forger = Forger::of(&r);
    let genuine = forger.sealed(&message);
    let with = |change: &dyn Fn(&mut Envelope)| {
        let mut envelope = genuine.clone();
        change(&mut envelope);
        envelope
    };
    let mut forgeries = vec![
        with(&|it| it.signature = "0".repeat(40)),
        with(&|it| it.signature.truncate(39)),
        with(&|it| it.signature.push('0')),
        with(&|it| it.signature.clear()),
        with(&|it| it.timestamp = "1795297497001".to_owned()),
        with(&|it| it.timestamp.clear()),
        with(&|it| it.nonce = "nX6slGXW".to_owned()),
        with(&|it| it.nonce.push_str("%00")),
        with(&|it| it.encrypt.clear()),
        with(&|it| it.encrypt.truncate(it.encrypt.len() - 4)),
        with(&|it| it.encrypt.truncate(64)),
        with(&|it| it.encrypt = "!".repeat(64)),
        with(&|it| it.encrypt.insert_str(0, &genuine.encrypt)),
    ];
    for at in (0..genuine.encrypt.len()).step_by(40) {
        let other = if genuine.encrypt.as_bytes()[at] == b'A' { "B" } else { "A" };
        forgeries.push(with(&|it| it.encrypt.replace_range(at..=at, other)));
    }
    let variables = r.sandbox.variables();
    let (token, aes_key) = (&variables["DINGTALK_CALLBACK_TOKEN"], &variables["DINGTALK_CALLBACK_AES_KEY"]);
    for (keys, owner_key) in [
        (Forger::keys("another", aes_key), forger.owner_key.as_str()),
        (Forger::keys(token, &"A".repeat(43)), &forger.owner_key),
        (forger.keys.clone(), ""),
        (forger.keys.clone(), "dinganotherapp000000"),
        (forger.keys.clone(), &forger.owner_key.to_uppercase()),
        (forger.keys.clone(), &format!("{}x", forger.owner_key)),
    ] {
        forgeries.push(Forger { r: &r, keys, owner_key: owner_key.to_owned() }.sealed(&message));
    }
    let refusal = forger.post("", b"").await.without_reference();
    assert_eq!(
        refusal,
        r#"403 {"code":"not-accepted","message":"not accepted","reference":null,"success":false}"#
    );
    for envelope in &forgeries {
        assert_eq!(forger.at_leisure().send(envelope).await.without_reference(), refusal, "{envelope:?}");
    }
    assert_eq!(r.approval(&apply_id).await, before);
    assert!(r.sandbox.dataphin.ledger(&apply_id).is_empty());
    // It was the tampering, not the message.
    assert!(forger.acknowledged(&forger.send(&genuine).await));
    assert_ne!(r.approval(&apply_id).await, before);
}

#[tokio::test]
async fn a_genuine_event_that_was_signed_a_year_ago_or_is_yet_to_be_signed_is_refused_in_the_same_words_and_counted()
 {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    let (before, message) = (r.approval(&apply_id).await, agreed(&r, &apply_id).await);
    let forger = Forger::of(&r);
    let refusal = forger.post("", b"").await.without_reference();
    let day = SignedDuration::from_hours(24);
    for off in [-day * 365, -day * 8, day * 8, day * 3650] {
        let envelope = forger.at_leisure().sealed_at(&message, r.now() + off);
        assert_eq!(forger.send(&envelope).await.without_reference(), refusal, "{off:?}");
    }
    assert_eq!(r.approval(&apply_id).await, before);
    let seen = r.engine().store().sightings().await.expect("the store answers");
    assert_eq!(seen[&Sighting::CallbackRefused].note, "timestamp");
    for off in [-day * 6, day * 6] {
        let envelope = forger.at_leisure().sealed_at(br#"{"EventType":"check_url"}"#, r.now() + off);
        assert!(forger.acknowledged(&forger.send(&envelope).await), "{off:?}");
    }
}

#[tokio::test]
async fn what_is_no_envelope_is_refused_in_the_same_words() {
    let r = Rehearsal::start().await;
    let forger = Forger::of(&r);
    let Envelope { signature, timestamp, nonce, encrypt } = forger.sealed(br#"{"EventType":"check_url"}"#);
    let query = format!("signature={signature}&timestamp={timestamp}&nonce={nonce}");
    let body = json!({"encrypt": encrypt}).to_string();
    let refusal = forger.post("", b"").await.without_reference();
    for query in [
        format!("timestamp={timestamp}&nonce={nonce}"),
        format!("signature={signature}&nonce={nonce}"),
        format!("signature={signature}&timestamp={timestamp}"),
        format!("{query}&signature={signature}"),
        format!("{query}&nonce=other"),
        format!("{query}&msg_signature=other"),
        "signature=%ff&timestamp=%zz&nonce=%".to_owned(),
    ] {
        assert_eq!(
            forger.at_leisure().post(&query, body.as_bytes()).await.without_reference(),
            refusal,
            "{query}"
        );
    }
    for body in [
        b"".to_vec(),
        b"\xff".to_vec(),
        b"null".to_vec(),
        b"{}".to_vec(),
        b"{\"encrypt\":7}".to_vec(),
        b"{\"encrypt\":1e999}".to_vec(),
        b"{\"encrypt\":\"\\ud800\"}".to_vec(),
        json!({"encrypt": [encrypt]}).to_string().into_bytes(),
        json!([{"encrypt": encrypt}]).to_string().into_bytes(),
        format!("{body}{body}").into_bytes(),
        [b"{\"x\":".to_vec(), b"[".repeat(100_000)].concat(),
        [b"{\"encrypt\":".to_vec(), b"[".repeat(100_000)].concat(),
    ] {
        assert_eq!(forger.at_leisure().post(&query, &body).await.without_reference(), refusal, "{body:?}");
    }
    assert!(forger.acknowledged(&forger.post(&query, body.as_bytes()).await));
}

#[tokio::test]
async fn a_genuine_envelope_that_holds_no_event_is_refused() {
    let r = Rehearsal::start().await;
    let forger = Forger::of(&r);
    let refusal = forger.post("", b"").await.without_reference();
    for message in [
        b"".to_vec(),
        b"success".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"{\"EventType\":7}".to_vec(),
        b"{\"EventType\":\"check_url\"".to_vec(),
        b"\xff\xfe".to_vec(),
        b"[".repeat(100_000),
        [b"{\"EventType\":\"check_url\",\"x\":".to_vec(), b"[".repeat(100_000)].concat(),
    ] {
        assert_eq!(forger.report(&message).await.without_reference(), refusal);
    }
}

#[tokio::test]
async fn events_that_are_not_ours_or_not_known_are_acknowledged_and_change_nothing() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    let before = r.approval(&apply_id).await;
    let forger = Forger::of(&r);
    let instance = r.instance(&apply_id).await;
    let change = |members: Value| {
        let mut event = json!({"EventType": "bpms_instance_change", "processInstanceId": "another"});
        event.as_object_mut().expect("an object").extend(members.as_object().cloned().unwrap_or_default());
        event
    };
    for event in [
        json!({"EventType": "check_url"}),
        json!({"EventType": "user_add_org", "UserId": ["emp1001"]}),
        json!({"EventType": "bpms_instance_change"}),
        json!({"EventType": "bpms_instance_change", "data": "[".repeat(50_000)}),
        change(json!({"type": "finish", "result": "agree", "processCode": "PROC-ANOTHER"})),
        change(json!({"type": "finish", "result": "agree", "processInstanceId": "x".repeat(100_000)})),
        change(
            json!({"type": "finish", "result": "agree", "finishTime": 1e300, "processCode": "PROC-ANOTHER"}),
        ),
        change(json!({"type": "melt", "processInstanceId": instance})),
        change(json!({"type": "start", "processInstanceId": instance})),
        json!({"EventType": "bpms_task_change", "type": "start", "processInstanceId": instance,
            "staffId": "x".repeat(100_000)}),
    ] {
        assert!(forger.acknowledged(&forger.report(event.to_string().as_bytes()).await), "{event}");
    }
    assert_eq!(r.approval(&apply_id).await, before);
}

#[tokio::test]
async fn captured_events_that_are_replayed_in_turn_cost_no_more_than_the_budget_and_decide_nothing() {
    let Some(r) = Rehearsal::of_hundreds_of_steps().await else { return };
    let apply_id = r.accepted(r.request()).await;
    let (forger, agreed) = (Forger::of(&r), agreed(&r, &apply_id).await);
    let terminated = json!({"EventType": "bpms_instance_change", "type": "terminate",
        "processInstanceId": r.instance(&apply_id).await,
        "processCode": r.sandbox.variables()["DINGTALK_PROCESS_CODE"]})
    .to_string()
    .into_bytes();
    for _ in 0..60 {
        for event in [&agreed, &terminated] {
            assert!(forger.acknowledged(&forger.report(event).await));
            r.until("what is due is done", async || {
                let due_at = r.approval(&apply_id).await.state.due_at();
                due_at.is_some_and(|due_at| due_at > r.now()).then_some(())
            })
            .await;
            r.pass(SignedDuration::from_secs(25));
        }
    }
    let reads = r.sandbox.dingtalk.calls().of(Api::GetInstance).calls;
    assert!((2..=8).contains(&reads), "{reads} paid calls");
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.status(), Status::Pending);
    let put_off = |entry: &&Entry| entry.what == Happening::ReadsPutOff;
    assert_eq!(approval.record.timeline.entries().iter().filter(put_off).count(), 1);
    // What really happens is found as soon as the budget allows.
    r.refuse(&r.approver(), "").await;
    r.pass(SignedDuration::from_hours(1));
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Rejected);
}

#[tokio::test]
async fn the_check_of_the_address_is_answered_under_either_owner_key() {
    let r = Rehearsal::start().await;
    for owner in ["DINGTALK_APP_KEY", "DINGTALK_CORP_ID"] {
        let forger = Forger { owner_key: r.sandbox.variables()[owner].clone(), ..Forger::of(&r) };
        assert!(forger.acknowledged(&forger.report(br#"{"EventType":"check_url"}"#).await), "{owner}");
    }
}
