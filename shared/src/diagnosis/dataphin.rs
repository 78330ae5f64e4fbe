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
        let cause = Words::new(
            "DATAPHIN_CA_FILE holds no certificate that can be used",
            "DATAPHIN_CA_FILE 中没有可用的证书",
        );
        return Outcome::failed(cause, places::variable("DATAPHIN_CA_FILE"));
    };
    let verdict = timeout_at(limits.ask_until(), dataphin.dry_run()).await;
    match verdict.unwrap_or(DryRun::Refused(SendError::TimedOut.into())) {
        DryRun::Accepted(Acceptance::Confirmed) => {
            // Whoever has looked at the callback refuses one that cannot be read.
            match timeout_at(limits.ask_until(), dataphin.nonsense()).await {
                Ok(DryRun::Accepted(Acceptance::Confirmed)) => says_yes_to_everything().into(),
                _ => Outcome::passed(Words::new(
                    "Dataphin takes the callback of a request that does not exist",
                    "Dataphin 接受了针对不存在申请的测试回调",
                )),
            }
        }
        DryRun::Accepted(Acceptance::ClosedAlready(_)) => Outcome::passed(Words::new(
            "Dataphin understands the callback, and knows no such request, as it should be",
            "Dataphin 能识别回调，且如预期没有该申请",
        )),
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
            Words::new(
                format!("Dataphin's encrypted answer cannot be opened: its Encoding AES Key is another ({why})"),
                format!("无法解密 Dataphin 的响应：其 Encoding AES Key 不一致（{why}）"),
            ),
            places::variable("DATAPHIN_CALLBACK_AES_KEY"),
        ),
        answer => Failure::new(
            Words::new(
                format!(
                    "Dataphin answers the callback with neither a yes nor a no that we know, so outcomes would be \
                     delivered again and again ({answer})"
                ),
                format!("Dataphin 对回调的响应既不是已知的成功也不是已知的失败，审批结果会被反复投递（{answer}）"),
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
        Unreached::Tls { why: TlsFault::Untrusted, .. } => authority,
        Unreached::Tls { why: TlsFault::AuthorityAsServer, .. } => its_own.or(&authority),
        _ => its_own,
    }
}

fn says_yes_to_everything() -> Failure {
    Failure::new(
        Words::new(
            "whatever answers at DATAPHIN_CALLBACK_URL says yes to everything, also to what is no callback: it is not \
             Dataphin's callback (or Dataphin answers before it looks)",
            "DATAPHIN_CALLBACK_URL 处的服务对任何请求都返回成功，包括非回调请求：它不是 Dataphin 的回调接口（或 Dataphin 未校验就应答）",
        ),
        places::variable("DATAPHIN_CALLBACK_URL").or(&Words::new(
            "`bridge probe dataphin --apply-id` with a request that waits in Dataphin shows whether the outcome arrives",
            "用 Dataphin 中待审批的申请运行 `bridge probe dataphin --apply-id`，查看结果是否送达",
        )),
    )
    .code("yes-to-everything")
}

/// `signs`: whether our profile signs the callback, or sends the access token itself. What Dataphin says counts before the
/// status that it says it with.
fn refused(refusal: &Refusal, signs: bool) -> Failure {
    let url = || places::variable("DATAPHIN_CALLBACK_URL");
    let key = || places::variable("DATAPHIN_CALLBACK_AES_KEY");
    if let Some(failure) = said_of(refusal).and_then(|said| by_words(said, signs)) {
        return failure;
    }
    let (cause, mend) = match refusal {
        Refusal::NotMade(why) => {
            let mend = match why {
                NotMade::BadUrl => url().or(&profile()),
                NotMade::BadToken => profile(),
                NotMade::KeyMissing => key(),
            };
            (Words::new(why.to_string(), format!("无法生成回调请求：{why}")), mend)
        }
        Refusal::ServerError { said, .. } => (
            Words::new(
                format!("Dataphin, or the gateway before it, cannot answer now ({said})"),
                format!("Dataphin 或其前置网关暂时无法响应（{said}）"),
            ),
            dataphins_state().or(&url()),
        ),
        Refusal::Unauthorized(said) => return not_let_in(said, signs),
        Refusal::NotFound(said) => (
            Words::new(
                format!("Dataphin serves nothing at the path of DATAPHIN_CALLBACK_URL ({said})"),
                format!("DATAPHIN_CALLBACK_URL 的路径在 Dataphin 上不存在（{said}）"),
            ),
            url(),
        ),
        Refusal::NotUnderstood(said) => (
            Words::new(
                format!("Dataphin does not understand the callback: its profile is another ({said})"),
                format!("Dataphin 无法识别回调：回调协议（profile）不一致（{said}）"),
            ),
            profile(),
        ),
        Refusal::NotReached(_) | Refusal::Redirect { .. } | Refusal::Html { .. } => (
            Words::new(
                format!("DATAPHIN_CALLBACK_URL does not lead to Dataphin: {refusal}"),
                format!("DATAPHIN_CALLBACK_URL 没有指向 Dataphin：{}", in_chinese(refusal)),
            ),
            url(),
        ),
    };
    Failure::new(cause, mend).code(refusal.name())
}

fn in_chinese(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Redirect { status, location } => {
            let to = location.as_ref().map_or_else(String::new, |location| format!("，目标为 {location}"));
            format!("返回重定向（HTTP {status}{to}）")
        }
        Refusal::Html { status } => format!("返回 HTML 页面（HTTP {status}），可能是登录页或其他服务"),
        other => other.to_string(),
    }
}

/// What Dataphin said with its no.
fn said_of(refusal: &Refusal) -> Option<&Said> {
    match refusal {
        Refusal::Unauthorized(said)
        | Refusal::NotFound(said)
        | Refusal::NotUnderstood(said)
        | Refusal::ServerError { said, .. } => Some(said),
        _ => None,
    }
}

/// What the words of an answer show, if they show it by themselves.
fn by_words(said: &Said, signs: bool) -> Option<Failure> {
    let is_missing = says(said, &MISSING);
    let timestamp = ["timestamp", "时间戳"];
    let is_clock = says(said, &["clock", "时钟", "time skew", "时间偏差"])
        || (says(said, &timestamp) && says(said, &OUT_OF_TIME));
    if is_clock && !is_missing {
        return Some(clocks(said));
    }
    if says(said, &["signature", "签名", "验签", "access token", "accesstoken", "access_token", "令牌"])
    {
        return Some(not_let_in(said, signs));
    }
    // A 4xx or a 5xx of a gateway says nothing of Dataphin's.
    let is_dataphins = matches!(said.status, 200..=299 | 400 | 401 | 403 | 409 | 422 | 423 | 500);
    if !is_dataphins || said.message.is_empty() {
        return None;
    }
    if is_busy(said) {
        let cause = Words::new(
            format!("Dataphin says: {said}; it is busy or under maintenance, try again"),
            format!("Dataphin 返回：{said}；系统繁忙或维护中，请稍后重试"),
        );
        return Some(Failure::new(cause, dataphins_state()).code("busy"));
    }
    if says(said, &["decrypt", "cipher", "解密", "密文"]) {
        let cause = Words::new(
            format!(
                "Dataphin cannot decrypt the callback: its Encoding AES Key is another, or the profile ({said})"
            ),
            format!("Dataphin 无法解密回调：Encoding AES Key 或回调协议（profile）不一致（{said}）"),
        );
        let key = places::variable("DATAPHIN_CALLBACK_AES_KEY");
        return Some(Failure::new(cause, key.or(&profile())).code("not-understood"));
    }
    if is_missing || says(said, &OF_FORM) || says(said, &OF_ENTRY) {
        return None;
    }
    let cause = Words::new(
        format!("Dataphin refuses the callback and says: “{}” (HTTP {})", said.message, said.status),
        format!("Dataphin 拒绝回调，并返回：“{}”（HTTP {}）", said.message, said.status),
    );
    let mend = Words::new(
        "Dataphin: what it says there, with its administrator",
        "Dataphin：请联系 Dataphin 管理员处理其返回的问题",
    );
    Some(Failure::new(cause, mend).code(said.code.as_deref().unwrap_or("refused")))
}

/// The callback's timestamp is not taken: one of the two clocks is off.
fn clocks(said: &Said) -> Failure {
    let cause = Words::new(
        format!(
            "Dataphin does not take the callback's timestamp: the bridge's clock and Dataphin's differ ({said})"
        ),
        format!("Dataphin 不接受回调的时间戳：网桥与 Dataphin 的时钟不一致（{said}）"),
    );
    let dataphins = Words::new("the clock (NTP) of Dataphin's servers", "Dataphin 服务器的时钟（NTP）");
    Failure::new(cause, places::machine("its clock (NTP)", "系统时钟（NTP）").or(&dataphins)).code("clock")
}

const MISSING: [&str; 6] = ["missing", "required", "is empty", "缺少", "为空", "不能为空"];

/// How a timestamp is refused.
const OUT_OF_TIME: [&str; 15] = [
    "expire", "too old", "too far", "skew", "window", "out of", "outside", "stale", "drift", "invalid",
    "过期", "超时", "超出", "偏差", "无效",
];

/// Words about the shape of a callback: its profile.
const OF_FORM: [&str; 19] = [
    "parse",
    "body",
    "json",
    "format",
    "param",
    "argument",
    "field",
    "unsupported",
    "content-type",
    "content type",
    "media type",
    "deserial",
    "unknown",
    "method",
    "malformed",
    "bad request",
    "解析",
    "格式",
    "参数",
];

/// Words about who may come in, without saying by what: token and profile both may be meant.
const OF_ENTRY: [&str; 14] = [
    "forbidden",
    "unauthorized",
    "unauthenticated",
    "denied",
    "not allowed",
    "permission",
    "credential",
    "login",
    "token",
    "auth",
    "鉴权",
    "认证",
    "授权",
    "权限",
];

/// A callback that Dataphin did not let in: by what it misses it shows what it looks for.
fn not_let_in(said: &Said, signs: bool) -> Failure {
    let token = || places::variable("DATAPHIN_ACCESS_TOKEN");
    let missing = says(said, &MISSING);
    let of_signature = says(said, &["signature", "签名", "验签"]);
    let of_token = says(said, &["token", "令牌"]);
    let is_sent = says(said, &["timestamp", "时间戳"]) || (of_signature && signs) || (of_token && !signs);
    if missing && is_sent {
        let cause = Words::new(
            format!(
                "the callback's query does not arrive at Dataphin: a gateway before it drops or renames it, or the \
                 profile's names are others ({said})"
            ),
            format!(
                "回调的查询参数没有到达 Dataphin：前置网关丢弃或改写了参数，或回调协议（profile）的参数名不一致（{said}）"
            ),
        );
        let gateway = Words::new(
            "the gateway or proxy before Dataphin: the query must pass unchanged",
            "Dataphin 前置网关或代理：查询参数须原样转发",
        );
        return Failure::new(cause, gateway.or(&profile())).code("query");
    }
    if missing || (of_signature && !signs) || (of_token && !of_signature && signs) {
        let cause = Words::new(
            format!(
                "Dataphin does not let the callback in: it looks for what our profile does not send, so its profile is \
                 another ({said})"
            ),
            format!("Dataphin 拒绝回调：它要求的内容不在当前回调协议（profile）中，协议不一致（{said}）"),
        );
        return Failure::new(cause, profile()).code("profile");
    }
    if of_signature || of_token {
        let cause = Words::new(
            format!(
                "Dataphin does not let the callback in: its Access Token is another than DATAPHIN_ACCESS_TOKEN ({said})"
            ),
            format!("Dataphin 拒绝回调：其 Access Token 与 DATAPHIN_ACCESS_TOKEN 不一致（{said}）"),
        );
        return Failure::new(cause, token()).code(UNAUTHORIZED);
    }
    let cause = Words::new(
        format!(
            "Dataphin does not let the callback in: Access Token or profile are not the same on both sides, or a \
             sign-in stands before it ({said})"
        ),
        format!(
            "Dataphin 拒绝回调：两侧的 Access Token 或回调协议（profile）不一致，或其前置有登录校验（{said}）"
        ),
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

    fn said(status: u16, message: &str) -> Said {
        Said { status, code: None, message: message.to_owned(), denied: true, because: None }
    }

    fn server_error(said: Said) -> Refusal {
        Refusal::ServerError { said, retry_after: None }
    }

    #[test]
    fn an_answer_names_what_it_shows_to_be_wrong_and_no_more() {
        let (token, profile) = ("DATAPHIN_ACCESS_TOKEN", "DATAPHIN_CALLBACK_PROFILE");
        let key = "DATAPHIN_CALLBACK_AES_KEY";
        let table: [(Refusal, bool, &[&str]); 18] = [
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
            (Refusal::NotUnderstood(said(200, "signature verification failed")), true, &[token]),
            (Refusal::NotUnderstood(said(400, "签名校验失败")), true, &[token]),
            (server_error(said(500, "the signature is wrong")), true, &[token]),
            (Refusal::Unauthorized(said(401, "timestamp expired")), true, &[]),
            (Refusal::NotUnderstood(said(200, "时间戳已过期")), true, &[]),
            (Refusal::NotUnderstood(said(200, "tenant is frozen")), true, &[]),
            (Refusal::Unauthorized(said(403, "租户已被冻结")), true, &[]),
            (Refusal::NotUnderstood(said(200, "Unexpected token < in JSON")), true, &[profile]),
        ];
        for (refusal, signs, expected) in table {
            let mend = refused(&refusal, signs).mend.en;
            let mut named: Vec<_> =
                [token, key, profile].into_iter().filter(|it| mend.contains(it)).collect();
            named.sort_by_key(|name| mend.find(name));
            assert_eq!(named, expected, "{refusal}");
        }
    }

    #[test]
    fn what_dataphin_says_is_quoted_and_a_clock_is_named_whatever_the_status() {
        for refusal in [
            Refusal::NotUnderstood(said(200, "tenant is frozen")),
            Refusal::Unauthorized(said(403, "tenant is frozen")),
            server_error(said(500, "tenant is frozen")),
        ] {
            let failure = refused(&refusal, true);
            assert!(failure.cause.en.contains("says: “tenant is frozen”"), "{failure:?}");
            assert!(failure.cause.zh.contains("返回：“tenant is frozen”"), "{failure:?}");
        }
        for text in ["clock skew too large", "timestamp out of range", "时间戳超出允许范围"] {
            for status in [200, 401, 500] {
                let failure = by_words(&said(status, text), true).unwrap();
                assert_eq!(failure.code.as_deref(), Some("clock"), "{text}");
            }
        }
    }
}
