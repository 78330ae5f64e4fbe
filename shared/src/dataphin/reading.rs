//! What an answer means.

use jiff::SignedDuration;
use reqwest::{
    StatusCode,
    header::{LOCATION, RETRY_AFTER},
};
use serde_json::Value;

use super::{
    callback::DataphinSettings,
    exchange,
    mask::Mask,
    said::Body,
    sealed::open,
    verdict::{Acceptance, DryRun, Refusal},
};
use crate::http::HttpAnswer;

const LONGEST_RETRY_AFTER: i64 = 3600;

/// Reads an answer.
pub(super) fn read(answer: &HttpAnswer, settings: &DataphinSettings, mask: &Mask) -> DryRun {
    let DataphinSettings { profile, .. } = settings;
    let json = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let (body, page) = (Body::from(&json), is_page(&answer.body));
    let status = answer.status.as_u16();
    if answer.status.is_success() {
        if let Some(encrypt) = json.get(&profile.names.encrypt).and_then(Value::as_str) {
            return open(encrypt, &json, settings).map_or_else(
                |why| DryRun::Refused(Refusal::Undecipherable(why)),
                |text| read_opened(&text, status, settings, mask),
            );
        }
        if !page && body.agrees(&profile.success_codes) {
            return DryRun::Accepted(Acceptance::Confirmed);
        }
    }
    let about_the_request = match status {
        // About who asks, or how often: never about the request.
        401 | 403 | 407 | 408 | 429 => false,
        status => (200..300).contains(&status) || (400..500).contains(&status),
    };
    if about_the_request && profile.closed.says_closed(&body.text()) {
        return DryRun::Accepted(Acceptance::ClosedAlready);
    }
    let said = body.said(status, mask);
    DryRun::Refused(match status {
        300..=399 => Refusal::Redirect { status, location: location(answer, mask) },
        404 | 405 => Refusal::NotFound(said),
        408 | 429 | 500.. => Refusal::ServerError { said, retry_after: retry_after(answer) },
        _ if page => Refusal::Html { status },
        401 | 403 => Refusal::Unauthorized(said),
        _ if body.has_code("401") || body.has_code("403") => Refusal::Unauthorized(said),
        _ => Refusal::NotUnderstood(said),
    })
}

/// What an encrypted answer says: success, or something else in JSON or in words.
fn read_opened(text: &[u8], status: u16, settings: &DataphinSettings, mask: &Mask) -> DryRun {
    if text == b"success" {
        return DryRun::Accepted(Acceptance::Confirmed);
    }
    let body = match serde_json::from_slice::<Value>(text) {
        Ok(json) if json.is_object() => Body::from(&json),
        _ => Body::of_text(&String::from_utf8_lossy(text)),
    };
    if settings.profile.closed.says_closed(&body.text()) {
        return DryRun::Accepted(Acceptance::ClosedAlready);
    }
    let mut said = body.said(status, mask);
    said.message = match said.message.as_str() {
        "" => "the encrypted answer does not say success".to_owned(),
        words => format!("the encrypted answer does not say success, but: {words}"),
    };
    DryRun::Refused(Refusal::NotUnderstood(said))
}

fn is_page(body: &[u8]) -> bool {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    body.trim_ascii_start().starts_with(b"<")
}

fn location(answer: &HttpAnswer, mask: &Mask) -> Option<String> {
    let location = answer.headers.get(LOCATION)?;
    Some(exchange::location(&String::from_utf8_lossy(location.as_bytes()), mask))
}

fn retry_after(answer: &HttpAnswer) -> Option<SignedDuration> {
    if !matches!(answer.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let seconds: i64 = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(SignedDuration::from_secs(seconds.clamp(0, LONGEST_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::{
        super::{profile::Profile, verdict::Told},
        *,
    };
    use crate::dingtalk::crypto::CallbackKeys;

    const KEY: &str = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij";

    fn verdict_by(profile: &str, status: u16, headers: &[(&str, &str)], body: &str) -> DryRun {
        let settings = DataphinSettings {
            callback_url: "http://127.0.0.1/".to_owned(),
            access_token: "token".into(),
            aes_key: Some(KEY.parse().unwrap()),
            profile: Profile::parse(profile).unwrap(),
        };
        let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers: HeaderMap = pairs.collect();
        let answer = HttpAnswer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() };
        read(&answer, &settings, &Mask::of(["token"]))
    }

    fn refusal(status: u16, body: &str) -> Refusal {
        let DryRun::Refused(refusal) = verdict_by("encrypted", status, &[], body) else {
            panic!("accepted: {body}")
        };
        refusal
    }

    fn told(status: u16, body: &str) -> Told {
        Told::from(&verdict_by("encrypted", status, &[], body))
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
            assert_eq!(told(200, body), Told::Confirmed, "{body}");
        }
        for body in [
            r#"{"success":false}"#,
            r#"{"Success":false}"#,
            r#"{"success":"false"}"#,
            r#"{"code":"500"}"#,
            r#"{"Code":"DPN.1"}"#,
        ] {
            assert!(matches!(told(200, body), Told::NotTold { .. }), "{body}");
        }
        for status in [301, 400, 401, 404, 500, 503] {
            assert!(matches!(told(status, ""), Told::NotTold { .. }), "{status}");
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
            assert_eq!(told(status, body), Told::ClosedAlready, "{body}");
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
            assert!(matches!(told(status, body), Told::NotTold { .. }), "{body}");
        }
    }

    #[test]
    fn an_encrypted_answer_must_be_signed_and_say_success() {
        let vectors: Vec<Value> =
            serde_json::from_str(include_str!("../../tests/fixtures/dingtalk/callback-vectors.json"))
                .unwrap();
        let forged = json!({"msg_signature": vectors[1]["signature"], "timeStamp": "1", "nonce": "n",
            "encrypt": vectors[1]["encrypt"]});
        assert!(matches!(told(200, &forged.to_string()), Told::NotTold { .. }));
        let keys =
            CallbackKeys::new("token".into(), "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij".parse().unwrap());
        let sealed = keys.seal(b"success", "", "1".into(), "n".into(), [7; 16]);
        let genuine = json!({"msg_signature": sealed.signature, "timeStamp": sealed.timestamp, "nonce": sealed.nonce,
            "encrypt": sealed.encrypt});
        assert_eq!(told(200, &genuine.to_string()), Told::Confirmed);
    }

    #[test]
    fn every_cause_has_its_own_name() {
        let denied = r#"{"success":false,"code":"DPN.1","message":"no"}"#;
        for (status, body, name) in [
            (302, "", "redirect"),
            (200, "\u{feff} <html><form action=login></form></html>", "html"),
            (403, "<html>blocked</html>", "html"),
            (400, "<html>", "html"),
            (401, denied, "unauthorized"),
            (403, "", "unauthorized"),
            (200, r#"{"success":false,"code":401,"message":"the signature is wrong"}"#, "unauthorized"),
            (404, "<html>404 Not Found</html>", "not-found"),
            (404, r#"{"status":404,"error":"Not Found","path":"/api/oa"}"#, "not-found"),
            (405, "", "not-found"),
            (429, "", "server-error"),
            (500, denied, "server-error"),
            (502, "<html>502 Bad Gateway</html>", "server-error"),
            (200, denied, "not-understood"),
            (400, denied, "not-understood"),
            (200, r#"{"encrypt":"AAAA"}"#, "undecipherable"),
        ] {
            assert_eq!(refusal(status, body).name(), name, "{status} {body}");
        }
    }

    #[test]
    fn what_dataphin_says_is_kept_short_on_one_line_and_without_secrets() {
        let body =
            json!({"success": false, "code": "a\u{1b}b", "message": format!("token\n{}", "x".repeat(9_000))});
        let Refusal::NotUnderstood(said) = refusal(400, &body.to_string()) else { panic!("another cause") };
        assert_eq!(said.code.as_deref(), Some("a\\u{1b}b"));
        assert!(said.message.starts_with("***\\nxxx") && said.message.len() <= 150);
        let Told::NotTold { reason, .. } = told(400, &body.to_string()) else { panic!("told") };
        assert!(reason.starts_with("HTTP 400, code a") && reason.len() <= 200 && !reason.contains("token"));
    }

    #[test]
    fn a_redirect_is_named_without_the_ticket_in_it() {
        let location = "https://u:p@sso.example/login;jsessionid?ticket=SECRET#SECRET";
        let verdict = verdict_by("plain", 302, &[("location", location)], "");
        let Told::NotTold { reason, .. } = Told::from(&verdict) else { panic!("told") };
        assert!(reason.contains("https://sso.example/login"), "{reason}");
        assert!(!reason.contains("SECRET") && !reason.contains("u:p"), "{reason}");
        let expected = Refusal::Redirect {
            status: 302,
            location: Some("https://sso.example/login;jsessionid".to_owned()),
        };
        assert_eq!(verdict, DryRun::Refused(expected));
    }

    #[test]
    fn an_encrypted_answer_is_opened_by_the_profiles_cipher_and_must_say_success() {
        for profile in Profile::CANDIDATES {
            let Some(cipher) = Profile::parse(profile).unwrap().bare_aes() else { continue };
            let answer = |text: &str| {
                let sealed = cipher.seal(&KEY.parse().unwrap(), text.as_bytes(), [7; 16]);
                verdict_by(profile, 200, &[], &json!({"encrypt": sealed}).to_string())
            };
            assert_eq!(answer("success"), DryRun::Accepted(Acceptance::Confirmed), "{profile}");
            let closed = answer(r#"{"success":false,"message":"the approval request does not exist"}"#);
            assert_eq!(closed, DryRun::Accepted(Acceptance::ClosedAlready), "{profile}");
            for other in ["", "failed", r#"{"success":false}"#, "\u{0}"] {
                let refused = answer(other);
                assert!(matches!(refused, DryRun::Refused(Refusal::NotUnderstood(_))), "{profile} {other}");
            }
            let damaged = verdict_by(profile, 200, &[], r#"{"encrypt":"AAAA"}"#);
            assert!(matches!(damaged, DryRun::Refused(Refusal::Undecipherable(_))), "{profile}");
        }
    }

    #[test]
    fn only_a_busy_dataphin_says_when_to_come_back() {
        for (status, seconds) in [(429, Some(7)), (503, Some(7)), (500, None), (400, None)] {
            let told = Told::from(&verdict_by("plain", status, &[("retry-after", "7")], ""));
            let Told::NotTold { retry_after, .. } = told else { panic!("told") };
            assert_eq!(retry_after, seconds.map(SignedDuration::from_secs), "{status}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_judged_in_one_short_line(status in 200_u16..600, body in vec(any::<u8>(), 0..300), wrap: bool) {
            let text = String::from_utf8_lossy(&body).into_owned();
            let body = if wrap {
                json!({"code": text, "message": text, "encrypt": text}).to_string()
            } else {
                text
            };
            for profile in Profile::CANDIDATES {
                let line = verdict_by(profile, status, &[("location", "/\t?a")], &body).to_string();
                prop_assert!(line.chars().count() <= 200 && !line.contains(char::is_control), "{line}");
            }
        }
    }
}
