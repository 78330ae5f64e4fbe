//! Dataphin's callback: a dry run that decides nothing.

use tokio::time::timeout_at;

use super::{
    Failure, Outcome, Words,
    limits::Limits,
    places,
    reach::{self, Unreached},
    sightings::OurToken,
    tls::TlsFault,
};
use crate::{
    assembly,
    config::DataphinConfig,
    dataphin::{Acceptance, DryRun, NotMade, Refusal, Said, Unclear},
    http::SendError,
    world::World,
};

/// Tells Dataphin the outcome of a request that cannot exist, and judges the answer.
pub(super) async fn check(config: &DataphinConfig, world: &World, limits: Limits) -> Outcome {
    let Ok(dataphin) = assembly::dataphin(config, world.clone()) else {
        let cause = "DATAPHIN_CA_FILE holds no certificate that can be used";
        return Outcome::failed(cause, places::variable("DATAPHIN_CA_FILE"));
    };
    let verdict = timeout_at(limits.ask_until(), dataphin.dry_run()).await;
    match verdict.unwrap_or(DryRun::Refused(SendError::TimedOut.into())) {
        DryRun::Accepted(Acceptance::Confirmed) => {
            // Whoever has looked at the callback refuses one that cannot be read.
            match timeout_at(limits.ask_until(), dataphin.nonsense()).await {
                Ok(DryRun::Accepted(Acceptance::Confirmed)) => says_yes_to_everything().into(),
                _ => Outcome::passed("Dataphin takes the callback of a request that does not exist"),
            }
        }
        DryRun::Accepted(Acceptance::ClosedAlready(_)) => {
            Outcome::passed("Dataphin understands the callback, and knows no such request, as it should be")
        }
        DryRun::Refused(Refusal::NotReached(error)) => {
            let unreached = reach::why(&config.settings.callback_url, &error, limits.until()).await;
            let url = places::variable("DATAPHIN_CALLBACK_URL");
            let failure = unreached.failure("DATAPHIN_CALLBACK_URL", url, certificate(&unreached));
            let cause = Words::new(
                format!("Dataphin is not reached: {}", failure.cause.en),
                format!("无法连通 Dataphin：{}", failure.cause.zh),
            );
            Failure { cause, ..failure }.into()
        }
        DryRun::Unclear(answer) => unclear(&answer).into(),
        DryRun::Refused(refusal) => refused(&refusal, config.settings.profile.signs()).into(),
    }
}

/// An answer that is neither a yes nor a no: the profile may be right all the same.
fn unclear(answer: &Unclear) -> Failure {
    match answer {
        Unclear::Undecipherable(why) => Failure::new(
            format!("Dataphin's encrypted answer cannot be opened: its Encoding AES Key is another ({why})"),
            places::variable("DATAPHIN_CALLBACK_AES_KEY"),
        ),
        answer => Failure::new(
            format!(
                "Dataphin answers the callback with neither a yes nor a no that we know, so outcomes would be delivered again \
                 and again ({answer})"
            ),
            Words::new(
                "`bridge probe dataphin --apply-id` with a request that waits in Dataphin: it says what to accept in \
                 DATAPHIN_CALLBACK_PROFILE if the request is decided",
                "用 Dataphin 中待审批的申请运行 `bridge probe dataphin --apply-id`；若该申请随之结束，按其提示在 \
                 DATAPHIN_CALLBACK_PROFILE 中接受该应答",
            ),
        ),
    }
    .code(match answer {
        Unclear::Undecipherable(_) => answer.name(),
        _ => "unclear",
    })
}

/// Whether a callback was refused for what both sides must share.
pub(super) fn is_about_secrets(failure: &Failure) -> bool {
    failure.code.as_deref() == Some(UNAUTHORIZED)
}

/// What the dry run showed of the access token.
pub(super) fn our_token(outcome: &Outcome) -> OurToken {
    match outcome {
        Outcome::Passed { .. } => OurToken::Taken,
        Outcome::Failed(failure) if is_about_secrets(failure) => OurToken::Refused,
        _ => OurToken::Unknown,
    }
}

/// [`Refusal::name`] of a callback that is not let in.
const UNAUTHORIZED: &str = "unauthorized";

/// Where it is mended that Dataphin's certificate is not taken.
fn certificate(unreached: &Unreached) -> Words {
    let its_own =
        Words::new("Dataphin's certificate, or that of the proxy before it", "Dataphin 或其前置代理的证书");
    let authority = Words::new(
        "DATAPHIN_CA_FILE in the bridge's environment (the authority that signed Dataphin's certificate, in PEM)",
        "网桥环境变量 DATAPHIN_CA_FILE（签发 Dataphin 证书的 CA，PEM 格式）",
    );
    match unreached {
        Unreached::Tls { why: TlsFault::Untrusted | TlsFault::Other, .. } => authority,
        Unreached::Tls { why: TlsFault::AuthorityAsServer, .. } => its_own.or(&authority),
        _ => its_own,
    }
}

fn says_yes_to_everything() -> Failure {
    Failure::new(
        "whatever answers at DATAPHIN_CALLBACK_URL says yes to everything, also to what is no callback: it is not \
         Dataphin's callback (or Dataphin answers before it looks)",
        places::variable("DATAPHIN_CALLBACK_URL").or(&Words::new(
            "`bridge probe dataphin --apply-id` with a request that waits in Dataphin shows whether the outcome arrives",
            "用 Dataphin 中待审批的申请运行 `bridge probe dataphin --apply-id`，查看结果是否送达",
        )),
    )
    .code("yes-to-everything")
}

/// `signs`: whether our profile signs the callback, or sends the access token itself.
fn refused(refusal: &Refusal, signs: bool) -> Failure {
    let url = || places::variable("DATAPHIN_CALLBACK_URL");
    let key = || places::variable("DATAPHIN_CALLBACK_AES_KEY");
    let (cause, mend) = match refusal {
        Refusal::NotMade(NotMade::BadUrl) => (NotMade::BadUrl.to_string(), url().or(&profile())),
        Refusal::NotMade(NotMade::BadToken) => (NotMade::BadToken.to_string(), profile()),
        Refusal::NotMade(NotMade::KeyMissing) => (NotMade::KeyMissing.to_string(), key()),
        Refusal::ServerError { said, .. } => (
            format!("Dataphin, or the gateway before it, cannot answer now ({said})"),
            dataphins_state().or(&url()),
        ),
        Refusal::NotUnderstood(said) if is_busy(said) => {
            let cause = format!("Dataphin says: {said}; it is busy or under maintenance, try again");
            return Failure::new(cause, dataphins_state()).code("busy");
        }
        Refusal::Unauthorized(said) => return not_let_in(said, signs),
        Refusal::NotFound(said) => {
            (format!("Dataphin serves nothing at the path of DATAPHIN_CALLBACK_URL ({said})"), url())
        }
        Refusal::NotUnderstood(said) if says(said, &["decrypt", "cipher", "解密", "密文"]) => (
            format!(
                "Dataphin cannot decrypt the callback: its Encoding AES Key is another, or the profile ({said})"
            ),
            key().or(&profile()),
        ),
        Refusal::NotUnderstood(said) => {
            (format!("Dataphin does not understand the callback: its profile is another ({said})"), profile())
        }
        Refusal::NotReached(_) | Refusal::Redirect { .. } | Refusal::Html { .. } => {
            (format!("DATAPHIN_CALLBACK_URL does not lead to Dataphin: {refusal}"), url())
        }
    };
    Failure::new(cause, mend).code(refusal.name())
}

/// A callback that Dataphin did not let in: by what it misses it shows what it looks for.
fn not_let_in(said: &Said, signs: bool) -> Failure {
    let token = || places::variable("DATAPHIN_ACCESS_TOKEN");
    let missing = says(said, &["missing", "required", "is empty", "缺少", "为空", "不能为空"]);
    let of_signature = says(said, &["signature", "签名", "验签"]);
    let of_token = says(said, &["token", "令牌"]);
    let is_sent = says(said, &["timestamp", "时间戳"]) || (of_signature && signs) || (of_token && !signs);
    if missing && is_sent {
        let cause = format!(
            "the callback's query does not arrive at Dataphin: a gateway before it drops or renames it, or the profile's \
             names are others ({said})"
        );
        let gateway = Words::new(
            "the gateway or proxy before Dataphin: the query must pass unchanged",
            "Dataphin 前置网关或代理：查询参数须原样转发",
        );
        return Failure::new(cause, gateway.or(&profile())).code("query");
    }
    if missing || (of_signature && !signs) || (of_token && !of_signature && signs) {
        let cause = format!(
            "Dataphin does not let the callback in: it looks for what our profile does not send, so its profile is \
             another ({said})"
        );
        return Failure::new(cause, profile()).code("profile");
    }
    if of_signature || of_token {
        let cause = format!(
            "Dataphin does not let the callback in: its Access Token is another than DATAPHIN_ACCESS_TOKEN ({said})"
        );
        return Failure::new(cause, token()).code(UNAUTHORIZED);
    }
    let cause = format!(
        "Dataphin does not let the callback in: Access Token or profile are not the same on both sides, or a sign-in \
         stands before it ({said})"
    );
    Failure::new(cause, token().or(&profile())).code(UNAUTHORIZED)
}

fn profile() -> Words {
    Words::new(
        "`bridge probe dataphin` tries every profile; then DATAPHIN_CALLBACK_PROFILE in the bridge's environment",
        "先运行 `bridge probe dataphin` 逐一尝试，再设置网桥环境变量 DATAPHIN_CALLBACK_PROFILE",
    )
}

fn dataphins_state() -> Words {
    Words::new("Dataphin's state, and the gateway before it", "Dataphin 的运行状态及其前置网关")
}

/// Whether what Dataphin said is about its own state, and not about the callback.
fn is_busy(said: &Said) -> bool {
    let words = [
        "busy",
        "try again",
        "try later",
        "retry",
        "overload",
        "too many",
        "unavailable",
        "maintenance",
        "timed out",
        "timeout",
        "internal error",
        "system error",
        "systemerror",
        "繁忙",
        "稍后",
        "重试",
        "维护",
        "超时",
        "限流",
        "系统异常",
        "系统错误",
    ];
    says(said, &words)
}

fn says(said: &Said, words: &[&str]) -> bool {
    let text = format!("{} {}", said.code.as_deref().unwrap_or_default(), said.message).to_lowercase();
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_what_it_shows_to_be_wrong_and_no_more() {
        let said = |status, message: &str| Said {
            status,
            code: None,
            message: message.to_owned(),
            denied: true,
            because: None,
        };
        let (token, profile) = ("DATAPHIN_ACCESS_TOKEN", "DATAPHIN_CALLBACK_PROFILE");
        let key = "DATAPHIN_CALLBACK_AES_KEY";
        let table: [(Refusal, bool, &[&str]); 10] = [
            (Refusal::Unauthorized(said(401, "the signature is wrong")), true, &[token]),
            (Refusal::Unauthorized(said(401, "验签失败")), true, &[token]),
            (Refusal::Unauthorized(said(401, "the access token is wrong")), true, &[profile]),
            (Refusal::Unauthorized(said(401, "the access token is wrong")), false, &[token]),
            (Refusal::Unauthorized(said(401, "the signature or the nonce is missing")), false, &[profile]),
            (Refusal::Unauthorized(said(401, "the timestamp is missing")), true, &[profile]),
            (Refusal::Unauthorized(said(403, "forbidden")), true, &[token, profile]),
            (Refusal::NotUnderstood(said(400, "the body cannot be parsed")), true, &[profile]),
            (Refusal::NotUnderstood(said(400, "the decrypted text is damaged")), true, &[key, profile]),
            (Refusal::NotUnderstood(said(200, "系统繁忙，请稍后再试")), true, &[]),
        ];
        for (refusal, signs, expected) in table {
            let mend = refused(&refusal, signs).mend.en;
            let mut named: Vec<_> =
                [token, key, profile].into_iter().filter(|it| mend.contains(it)).collect();
            named.sort_by_key(|name| mend.find(name));
            assert_eq!(named, expected, "{refusal}");
        }
    }
}
