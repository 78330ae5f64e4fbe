//! Telling Dataphin an outcome, and what its answer means.

use std::sync::Arc;

use jiff::SignedDuration;
use reqwest::{StatusCode, header::RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::profile::{Cipher, Profile};
use crate::{
    approval::{Approval, Decided},
    dingtalk::crypto::{AesKey, CallbackKeys, Envelope},
    http::{Http, HttpAnswer, SendError},
    world::World,
};

/// Where and how Dataphin is told.
#[derive(Clone)]
pub struct DataphinSettings {
    /// The callback URL from Dataphin's approval settings.
    pub callback_url: String,
    /// The access token; signs the encrypted profile, rides in the query of the plain one.
    pub access_token: SecretString,
    /// The encoding AES key from Dataphin's approval settings; the plain profile needs none.
    pub aes_key: Option<AesKey>,
    /// The profile of the callback.
    pub profile: Profile,
}

/// Dataphin's end of the callback. Cheap to clone.
#[derive(Clone)]
pub struct Dataphin(Arc<Inner>);

struct Inner {
    settings: DataphinSettings,
    http: Http,
    world: World,
}

/// What came of telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Dataphin knows now.
    Confirmed,
    /// Dataphin has closed the request already: there is nothing more to tell.
    ClosedAlready,
    /// It was not told, or that is not certain.
    NotTold {
        /// Why, for an operator.
        reason: String,
        /// How long Dataphin asks us to wait.
        retry_after: Option<SignedDuration>,
    },
}

const REASON_LIMIT: usize = 200;
const LONGEST_RETRY_AFTER: i64 = 3600;

impl Dataphin {
    /// Dataphin as reached through `http`.
    pub fn new(settings: DataphinSettings, http: Http, world: World) -> Self {
        Self(Arc::new(Inner { settings, http, world }))
    }

    /// Tells Dataphin the decision.
    pub async fn tell(&self, approval: &Approval<Decided>) -> Told {
        let message = message(approval, &self.0.settings.profile);
        let request = match self.request(&message) {
            Ok(request) => request,
            Err(reason) => return not_told(reason),
        };
        match self.0.http.send(request).await {
            Ok(answer) => self.verdict(&answer),
            Err(SendError::NotSent(why) | SendError::NoAnswer(why)) => not_told(why),
            Err(error @ (SendError::TimedOut | SendError::TooLong)) => not_told(error.to_string()),
        }
    }

    fn request(&self, message: &Value) -> Result<reqwest::Request, String> {
        let Inner { settings, http, world } = &*self.0;
        let names = &settings.profile.names;
        let timestamp = world.now().as_millisecond().to_string();
        let post = http.client().post(&settings.callback_url);
        let built = match settings.profile.cipher {
            Cipher::DingTalk => {
                let keys = self.keys().ok_or("DATAPHIN_CALLBACK_AES_KEY is missing")?;
                let mut random = [0; 16];
                world.random.fill(&mut random);
                let nonce = world.random.letters_and_digits(8);
                let text = message.to_string();
                let sealed =
                    keys.seal(text.as_bytes(), &settings.profile.owner_key, timestamp, nonce, random);
                post.query(&[
                    (&names.signature, &sealed.signature),
                    (&names.timestamp, &sealed.timestamp),
                    (&names.nonce, &sealed.nonce),
                ])
                .json(&json!({&names.encrypt: sealed.encrypt}))
                .build()
            }
            Cipher::None => post
                .query(&[
                    (names.access_token.as_str(), settings.access_token.expose_secret()),
                    (&names.timestamp, &timestamp),
                ])
                .json(message)
                .build(),
        };
        built.map_err(|_| "DATAPHIN_CALLBACK_URL is no URL".to_owned())
    }

    fn keys(&self) -> Option<CallbackKeys> {
        let DataphinSettings { access_token, aes_key, .. } = &self.0.settings;
        aes_key.clone().map(|key| CallbackKeys::new(access_token.clone(), key))
    }

    /// What an answer means.
    fn verdict(&self, answer: &HttpAnswer) -> Told {
        let profile = &self.0.settings.profile;
        let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        let said = Said::from(&body);
        if answer.status.is_success() {
            if let Some(encrypt) = body.get(&profile.names.encrypt).and_then(Value::as_str) {
                return self.sealed_verdict(encrypt, &body);
            }
            if answer.body.trim_ascii_start().starts_with(b"<") {
                return not_told(
                    "an HTML page: DATAPHIN_CALLBACK_URL leads to something else, a sign-in perhaps"
                        .to_owned(),
                );
            }
            if said.agrees(&profile.success_codes) {
                return Told::Confirmed;
            }
        }
        let about_the_request = match answer.status.as_u16() {
            // About who asks, or how often: never about the request.
            401 | 403 | 407 | 408 | 429 => false,
            status => (200..300).contains(&status) || (400..500).contains(&status),
        };
        if about_the_request && profile.closed.says_closed(&said.text()) {
            return Told::ClosedAlready;
        }
        let retry_after =
            matches!(answer.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
                .then(|| retry_after(answer))
                .flatten();
        Told::NotTold { reason: said.reason(answer.status), retry_after }
    }

    /// An encrypted answer must be signed and say `success`.
    fn sealed_verdict(&self, encrypt: &str, body: &Value) -> Told {
        let part = |names: &[&str]| {
            names.iter().find_map(|name| body.get(*name)?.as_str()).unwrap_or_default().to_owned()
        };
        let envelope = Envelope {
            signature: part(&["msg_signature", "signature"]),
            timestamp: part(&["timeStamp", "timestamp"]),
            nonce: part(&["nonce"]),
            encrypt: encrypt.to_owned(),
        };
        match self.keys().map(|keys| keys.open(&envelope)) {
            Some(Ok(opened)) if opened.message == b"success" => Told::Confirmed,
            Some(Ok(_)) => not_told("the encrypted answer does not say success".to_owned()),
            Some(Err(error)) => not_told(format!("the encrypted answer: {error}")),
            None => not_told("the answer is encrypted, and DATAPHIN_CALLBACK_AES_KEY is missing".to_owned()),
        }
    }
}

/// The message of the callback.
fn message(approval: &Approval<Decided>, profile: &Profile) -> Value {
    let Approval { record, state: Decided { decision, .. } } = approval;
    let decider = decision.by.as_ref().and_then(|by| by.person.as_ref());
    let account = decision.by.as_ref().map_or("", |by| by.user_id.as_str());
    json!({
        "applyId": record.key.apply_id,
        "processInstanceId": record.id,
        "tenantId": record.key.tenant,
        "type": profile.event_type,
        "result": profile.result(decision.outcome),
        "approveUser": {
            "userId": decider.map_or("", |person| &person.user_id),
            "userSourceId": decider.map_or(account, |person| person.account()),
            "userName": decision.by.as_ref().and_then(|by| by.name.as_deref()).unwrap_or_default(),
        },
        "comment": decision.comment.as_deref().unwrap_or_default(),
        "finishTime": decision.at.as_millisecond(),
    })
}

/// What an answer's body says, in any of the spellings seen.
struct Said {
    success: Option<bool>,
    code: Option<String>,
    message: String,
}

impl From<&Value> for Said {
    fn from(body: &Value) -> Self {
        let either =
            |names: [&str; 2]| names.iter().find_map(|name| body.get(*name)).filter(|value| !value.is_null());
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        Self {
            success: either(["success", "Success"]).and_then(|value| match value {
                Value::Bool(success) => Some(*success),
                Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
                _ => None,
            }),
            code: either(["code", "Code"]).map(text),
            message: either(["message", "Message"]).map(text).unwrap_or_default(),
        }
    }
}

impl Said {
    fn agrees(&self, success_codes: &[String]) -> bool {
        let code_agrees = |code: &String| success_codes.iter().any(|good| good.eq_ignore_ascii_case(code));
        self.success != Some(false) && self.code.as_ref().is_none_or(code_agrees)
    }

    fn text(&self) -> String {
        format!("{} / {}", self.code.as_deref().unwrap_or_default(), self.message)
    }

    fn reason(&self, status: StatusCode) -> String {
        let mut reason = format!("HTTP {}", status.as_u16());
        if status.is_redirection() {
            reason.push_str(", a redirect: DATAPHIN_CALLBACK_URL must be the final address");
        }
        if let Some(code) = &self.code {
            reason = format!("{reason}, code {code}");
        }
        if self.success == Some(false) && self.code.is_none() {
            reason.push_str(", success false");
        }
        if !self.message.is_empty() {
            reason = format!("{reason}: {}", self.message);
        }
        reason.chars().filter(|c| !c.is_control()).take(REASON_LIMIT).collect()
    }
}

fn retry_after(answer: &HttpAnswer) -> Option<SignedDuration> {
    let seconds: i64 = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(SignedDuration::from_secs(seconds.clamp(0, LONGEST_RETRY_AFTER)))
}

fn not_told(reason: String) -> Told {
    Told::NotTold { reason, retry_after: None }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::HeaderMap;

    use super::*;

    fn verdict(status: u16, body: &str) -> Told {
        let settings = DataphinSettings {
            callback_url: "http://127.0.0.1/".to_owned(),
            access_token: "token".into(),
            aes_key: Some("4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij".parse().unwrap()),
            profile: Profile::encrypted(),
        };
        let dataphin = Dataphin::new(settings, Http::new(Duration::from_secs(1)).unwrap(), World::real());
        let status = StatusCode::from_u16(status).unwrap();
        dataphin.verdict(&HttpAnswer { status, headers: HeaderMap::default(), body: body.into() })
    }

    #[test]
    fn success_is_a_2xx_that_does_not_deny_it() {
        for body in [
            "",
            "ok",
            "{}",
            r#"{"success":true}"#,
            r#"{"code":0}"#,
            r#"{"code":"200"}"#,
            r#"{"Code":"OK","Success":true}"#,
            r#"{"code":"success","message":"the request is closed now"}"#,
            r#"{"code":null}"#,
        ] {
            assert_eq!(verdict(200, body), Told::Confirmed, "{body}");
        }
        for body in [
            r#"{"success":false}"#,
            r#"{"Success":false}"#,
            r#"{"success":"false"}"#,
            r#"{"code":"500"}"#,
            r#"{"Code":"DPN.1"}"#,
        ] {
            assert!(matches!(verdict(200, body), Told::NotTold { .. }), "{body}");
        }
        for status in [301, 400, 401, 404, 500, 503] {
            assert!(matches!(verdict(status, ""), Told::NotTold { .. }), "{status}");
        }
    }

    #[test]
    fn closed_already_needs_the_request_and_its_end() {
        for (status, body) in [
            (400, r#"{"success":false,"code":"DPN.OA.ApplyFinished","message":"x"}"#),
            (404, r#"{"code":"404","message":"the approval request does not exist"}"#),
            (200, r#"{"success":false,"message":"审批流程已结束"}"#),
            (400, r#"{"message":"The request has already been closed."}"#),
            (404, r#"{"message":"no such request"}"#),
        ] {
            assert_eq!(verdict(status, body), Told::ClosedAlready, "{body}");
        }
        for (status, body) in [
            (404, r#"{"status":404,"error":"Not Found","path":"/api/oa"}"#),
            (404, "<html>404 Not Found</html>"),
            (200, "<html><form action=login></form></html>"),
            (500, r#"{"message":"the approval request does not exist"}"#),
            (401, r#"{"message":"the access token of this application has been revoked"}"#),
            (401, r#"{"message":"the request is closed"}"#),
            (400, r#"{"message":"Bad request: parameter signature does not exist"}"#),
            (403, r#"{"message":"license of the application ended"}"#),
            (404, r#"{"message":"No such route for request POST /api/oa"}"#),
            (200, r#"{"success":false,"message":"process user u1 does not exist"}"#),
        ] {
            assert!(matches!(verdict(status, body), Told::NotTold { .. }), "{body}");
        }
    }

    #[test]
    fn an_encrypted_answer_must_be_signed_and_say_success() {
        let vectors: Vec<Value> =
            serde_json::from_str(include_str!("../../tests/fixtures/dingtalk/callback-vectors.json"))
                .unwrap();
        let forged = json!({"msg_signature": vectors[1]["signature"], "timeStamp": "1", "nonce": "n",
            "encrypt": vectors[1]["encrypt"]});
        assert!(matches!(verdict(200, &forged.to_string()), Told::NotTold { .. }));
        let keys =
            CallbackKeys::new("token".into(), "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij".parse().unwrap());
        let sealed = keys.seal(b"success", "", "1".into(), "n".into(), [7; 16]);
        let genuine = json!({"msg_signature": sealed.signature, "timeStamp": sealed.timestamp, "nonce": sealed.nonce,
            "encrypt": sealed.encrypt});
        assert_eq!(verdict(200, &genuine.to_string()), Told::Confirmed);
    }
}
