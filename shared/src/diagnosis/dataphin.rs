//! Dataphin's callback: a dry run that decides nothing.

use reqwest::Url;
use tokio::time::timeout_at;

use super::{
    Failure, Outcome, Words,
    before_dataphin::{gatekeeper, plain_upstream, too_large, too_often},
    callback, connect,
    dataphins_words::{self, UNAUTHORIZED, profile},
    limits::Limits,
    places,
    reach::{self, Unreached},
    sightings::OurToken,
    stranger::wants_tls,
    tls::TlsFault,
};
use crate::{
    approval::ApplyId,
    assembly,
    config::DataphinConfig,
    dataphin::{Acceptance, Dataphin, DryRun, Exchange, NotMade, Refusal, Said, TestRequest, Unclear},
    http::{SendError, page::title},
    world::World,
};

/// As long as a comment of many words: a callback with it is larger than the dry run.
const LONG_COMMENT: usize = 4_000;

/// Tells Dataphin the outcome of a request that cannot exist, and judges the answer.
pub(super) async fn check(config: &DataphinConfig, world: &World, limits: Limits) -> Outcome {
    let Ok(dataphin) = assembly::dataphin(config, world.clone()) else {
        let cause = Words::new(
            "DATAPHIN_CA_FILE holds no certificate that can be used",
            "DATAPHIN_CA_FILE 中没有可用的证书",
        );
        return Outcome::failed(cause, places::variable("DATAPHIN_CA_FILE"));
    };
    let outcome = judge(&dataphin, config, world, limits).await;
    match (&outcome, dataphin.under_previous()) {
        (Outcome::Failed(failure), Some(before)) if is_about_secrets(failure) => {
            match judge(&before, config, world, limits).await {
                Outcome::Passed { .. } => Outcome::Warned(half_rotated()),
                _ => outcome,
            }
        }
        _ => outcome,
    }
}

/// The same under the access token that `dataphin` has.
async fn judge(dataphin: &Dataphin, config: &DataphinConfig, world: &World, limits: Limits) -> Outcome {
    let test = TestRequest::impossible(&*world.random);
    let Ok(exchange) = timeout_at(limits.ask_until(), dataphin.probe(&test)).await else {
        return unreached(config, &SendError::TimedOut, limits).await.into();
    };
    let Exchange { verdict, by_bridge, answer, .. } = exchange;
    let is_plain = answer.as_ref().is_some_and(|answer| answer.status == 400 && wants_tls(&answer.body));
    let in_between = answer.as_ref().and_then(gatekeeper);
    match verdict {
        DryRun::Accepted(acceptance) => {
            if is_too_large(dataphin, test, limits).await {
                return too_large().into();
            }
            if acceptance != Acceptance::Confirmed {
                return Outcome::passed(Words::new(
                    "Dataphin understands the callback, and knows no such request, as it should be",
                    "Dataphin 能识别回调，且如预期没有该申请",
                ));
            }
            // Whoever has looked at the callback refuses one that cannot be read.
            match timeout_at(limits.ask_until(), dataphin.nonsense()).await {
                Ok(DryRun::Accepted(Acceptance::Confirmed)) => says_yes_to_everything().into(),
                _ => Outcome::passed(Words::new(
                    "Dataphin takes the callback of a request that does not exist",
                    "Dataphin 接受了针对不存在申请的测试回调",
                )),
            }
        }
        _ if by_bridge => leads_to_a_bridge().into(),
        _ if is_plain && config.settings.callback_url.starts_with("https://") => plain_upstream().into(),
        _ if is_plain => wants_https().into(),
        DryRun::Refused(Refusal::Redirect { location: Some(location), .. })
            if is_own_https(&config.settings.callback_url, &location) =>
        {
            wants_https_redirect(&location).into()
        }
        DryRun::Refused(Refusal::NotReached(error)) => unreached(config, &error, limits).await.into(),
        DryRun::Unclear(answer) => unclear(&answer).into(),
        DryRun::Refused(refusal) if knows_no_such(&refusal, &test.apply_id) => {
            if is_too_large(dataphin, test, limits).await {
                return too_large().into();
            }
            let said = said_of(&refusal).map_or_else(String::new, dataphins_words::in_chinese);
            Outcome::passed(Words::new(
                format!(
                    "Dataphin understands the callback, and says of a request that does not exist: {refusal}"
                ),
                format!("Dataphin 能识别回调；对于不存在的申请，其返回：{said}"),
            ))
        }
        DryRun::Refused(refusal) => {
            let failure = in_between.unwrap_or_else(|| refused(&refusal, config.settings.profile.signs()));
            match refusal {
                Refusal::Html { .. } => {
                    let body = answer.as_ref().map(|answer| answer.body.as_str()).unwrap_or_default();
                    placed(titled_page(failure, body), config).await.into()
                }
                Refusal::NotFound(_) => placed(failure, config).await.into(),
                _ => failure.into(),
            }
        }
    }
}

/// Whether a no is about the request that cannot exist: it says that there is no such request, or none that we may see.
fn knows_no_such(refusal: &Refusal, apply_id: &ApplyId) -> bool {
    let Some(said) = said_of(refusal).filter(|said| said.denied && !matches!(said.status, 401 | 403)) else {
        return false;
    };
    let text = said.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let id = apply_id.as_str().to_lowercase();
    let of_request = says(&["申请", "审批单", "approval", "application"]) || text.contains(&id);
    let of_others = says(&[
        "token",
        "令牌",
        "签名",
        "signature",
        "接口",
        "用户",
        "user",
        "密码",
        "解密",
        "decrypt",
        "api",
    ]);
    let is_none = says(&[
        "不存在或",
        "未找到或",
        "not found or",
        "not exist or",
        "不存在审批单",
        "不存在该审批",
        "不存在该申请",
    ]) || (text.contains(&id)
        && says(&["不存在", "未找到", "找不到", "not found", "not exist", "no such"]));
    of_request && is_none && !of_others
}

/// The same failure with what the page calls itself.
fn titled_page(failure: Failure, body: &str) -> Failure {
    let Some(title) = title(body.as_bytes()) else { return failure };
    let cause = Words::new(
        format!("{}; its page is titled “{title}”", failure.cause.en),
        format!("{}；其页面标题为“{title}”", failure.cause.zh),
    );
    let exempt = Words::new(
        "if that is a sign-in in front of Dataphin, exempt the callback's path from it",
        "若是 Dataphin 前面的登录页，请将回调路径设为免登录",
    );
    Failure { cause, mend: failure.mend.or(&exempt), ..failure }
}

/// The same failure with the address that the host's name leads to.
async fn placed(failure: Failure, config: &DataphinConfig) -> Failure {
    let cause = callback::placed(failure.cause, &config.settings.callback_url).await;
    let names = connect::where_it_leads();
    Failure { cause, mend: failure.mend.or(&names), code: failure.code }
}

async fn unreached(config: &DataphinConfig, error: &SendError, limits: Limits) -> Failure {
    let unreached = reach::why(&config.settings.callback_url, error, limits.until()).await;
    let url = places::variable("DATAPHIN_CALLBACK_URL");
    let url = match &unreached {
        Unreached::Closed { .. } | Unreached::Reset { .. } => Words::new(
            "let the gateway, firewall or WAF before Dataphin pass POST to the path of DATAPHIN_CALLBACK_URL",
            "请 Dataphin 前置网关、防火墙或 WAF 放行对 DATAPHIN_CALLBACK_URL 路径的 POST 请求",
        )
        .or(&url),
        _ => url,
    };
    let failure = unreached.failure("DATAPHIN_CALLBACK_URL", url, certificate(&unreached));
    let cause = Words::new(
        format!("Dataphin is not reached: {}", failure.cause.en),
        format!("无法连通 Dataphin：{}", failure.cause.zh),
    );
    Failure { cause, ..failure }
}

/// Whether a callback with a long comment is refused for its size, where a short one is understood.
async fn is_too_large(dataphin: &Dataphin, test: TestRequest, limits: Limits) -> bool {
    let test = TestRequest { comment: "a long comment ".repeat(LONG_COMMENT / 15), ..test };
    let tried = timeout_at(limits.ask_until(), dataphin.probe(&test)).await;
    tried.is_ok_and(|exchange| exchange.answer.is_some_and(|answer| answer.status == 413))
}

/// Whether a redirect leads from http:// to the same host's https://.
fn is_own_https(url: &str, location: &str) -> bool {
    let host = |url: &str| Url::parse(url).ok().and_then(|url| url.host_str().map(ToOwned::to_owned));
    url.starts_with("http://") && location.starts_with("https://") && host(url) == host(location)
}

fn wants_https_redirect(location: &str) -> Failure {
    Failure::new(
        Words::new(
            format!("DATAPHIN_CALLBACK_URL begins with http://, and Dataphin redirects it to {location}: https:// is meant"),
            format!("DATAPHIN_CALLBACK_URL 以 http:// 开头，而 Dataphin 将其重定向到 {location}：应使用 https://"),
        ),
        places::variable("DATAPHIN_CALLBACK_URL"),
    )
    .code("redirect")
}

fn wants_https() -> Failure {
    Failure::new(
        Words::new(
            "TLS is spoken at the port of DATAPHIN_CALLBACK_URL (HTTP 400): it begins with http://, and https:// is meant",
            "DATAPHIN_CALLBACK_URL 的端口是 TLS 服务（HTTP 400）：该地址以 http:// 开头，应使用 https://",
        ),
        places::variable("DATAPHIN_CALLBACK_URL"),
    )
    .code("tls-expected")
}

fn leads_to_a_bridge() -> Failure {
    Failure::new(
        Words::new(
            "DATAPHIN_CALLBACK_URL leads to the bridge itself (or to another one), and not to Dataphin",
            "DATAPHIN_CALLBACK_URL 指向的是审批桥自身（或另一个审批桥），而不是 Dataphin",
        ),
        places::variable("DATAPHIN_CALLBACK_URL"),
    )
    .code("own-address")
}

/// Dataphin still has the access token before it was changed.
fn half_rotated() -> Failure {
    Failure::new(
        Words::new(
            "Dataphin still has the previous Access Token (DATAPHIN_ACCESS_TOKEN_PREVIOUS): outcomes are signed with it after \
             Dataphin has refused the new one",
            "Dataphin 仍在使用旧的 Access Token（DATAPHIN_ACCESS_TOKEN_PREVIOUS）：在其拒绝新 Token 后，审批结果改用旧 Token 签名送达",
        ),
        Words::new(
            format!(
                "type the new Access Token into {}; then remove DATAPHIN_ACCESS_TOKEN_PREVIOUS",
                places::dataphin("Access Token", "Access Token").en
            ),
            format!(
                "在 {} 填写新的 Access Token；然后移除 DATAPHIN_ACCESS_TOKEN_PREVIOUS",
                places::dataphin("Access Token", "Access Token").zh
            ),
        ),
    )
    .code("previous-token")
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
        // Also the one before it was changed: the bridge takes both.
        Outcome::Passed { .. } | Outcome::Warned(_) => OurToken::Taken,
        Outcome::Failed(failure) if is_about_secrets(failure) => OurToken::Refused,
        _ => OurToken::Unknown,
    }
}

/// Where it is mended that Dataphin's certificate is not taken.
fn certificate(unreached: &Unreached) -> Words {
    let its_own = Words::new(
        "renew Dataphin's certificate, or that of the proxy before it",
        "更换 Dataphin 或其前置代理的证书",
    );
    let authority = Words::new(
        "if its chain is not whole, Dataphin's server (or the proxy before it) must send the intermediate certificates; if it is \
         self-signed or a private authority's, put that certificate (or the authority's) in PEM into a file, name it in \
         DATAPHIN_CA_FILE in the bridge's environment, and restart",
        "证书链不完整时，请 Dataphin 端（或其前置代理）补全中间证书；自签名或私有 CA 时，将该证书（或其 CA 证书）存为 PEM 文件，\
         填入审批桥的环境变量 DATAPHIN_CA_FILE，并重启",
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
    if let Some(failure) = said_of(refusal).and_then(|said| dataphins_words::failure(said, signs)) {
        return failure;
    }
    let (cause, mend) = match refusal {
        Refusal::NotMade(why) => {
            let mend = match why {
                NotMade::BadUrl => url().or(&profile()),
                NotMade::BadToken => profile(),
                NotMade::KeyMissing => key(),
            };
            (Words::new(why.to_string(), format!("无法生成回调请求：{}", not_made(*why))), mend)
        }
        Refusal::ServerError { said, .. } if said.status == 429 => return too_often(said.status),
        Refusal::ServerError { said, .. } => (
            Words::new(
                format!("Dataphin, or the gateway before it, cannot answer now ({said})"),
                format!("Dataphin 或其前置网关暂时无法响应（{}）", dataphins_words::in_chinese(said)),
            ),
            dataphins_words::dataphins_state().or(&url()),
        ),
        Refusal::Unauthorized(said) => return dataphins_words::not_let_in(said, signs),
        Refusal::Html { status: 413 } => return too_large(),
        Refusal::NotUnderstood(said) if said.status == 413 => return too_large(),
        Refusal::NotFound(said) if said.status == 405 => (
            Words::new(
                format!("what serves DATAPHIN_CALLBACK_URL does not take the callback's method ({said})"),
                format!(
                    "DATAPHIN_CALLBACK_URL 处的服务不接受回调所用的请求方法（{}）",
                    dataphins_words::in_chinese(said)
                ),
            ),
            url().or(&profile()),
        ),
        Refusal::NotFound(said) => (
            Words::new(
                format!("Dataphin serves nothing at the path of DATAPHIN_CALLBACK_URL ({said})"),
                format!(
                    "DATAPHIN_CALLBACK_URL 的路径在 Dataphin 上不存在（{}）",
                    dataphins_words::in_chinese(said)
                ),
            ),
            url(),
        ),
        Refusal::NotUnderstood(said) => (
            Words::new(
                format!("Dataphin does not understand the callback: its profile is another ({said})"),
                format!(
                    "Dataphin 无法识别回调：回调协议（profile）不一致（{}）",
                    dataphins_words::in_chinese(said)
                ),
            ),
            profile(),
        ),
        Refusal::Redirect { .. } => (
            Words::new(
                format!(
                    "the callback is redirected ({refusal}): a sign-in guards the path of DATAPHIN_CALLBACK_URL, or that address is \
                     wrong"
                ),
                format!(
                    "回调被重定向：{}。DATAPHIN_CALLBACK_URL 的路径需要登录，或该地址有误",
                    in_chinese(refusal)
                ),
            ),
            url().or(&Words::new(
                "if it is the address that Dataphin shows, exempt its path from sign-in in the gateway or single sign-on before Dataphin",
                "如与 Dataphin 显示的回调 URL 一致，请在 Dataphin 前置网关或单点登录中将该路径设为免登录",
            )),
        ),
        Refusal::NotReached(_) | Refusal::Html { .. } => (
            Words::new(
                format!("DATAPHIN_CALLBACK_URL does not lead to Dataphin: {refusal}"),
                format!("DATAPHIN_CALLBACK_URL 没有指向 Dataphin：{}", in_chinese(refusal)),
            ),
            url(),
        ),
    };
    Failure::new(cause, mend).code(refusal.name())
}

fn not_made(why: NotMade) -> &'static str {
    match why {
        NotMade::KeyMissing => "缺少 DATAPHIN_CALLBACK_AES_KEY",
        NotMade::BadUrl => "DATAPHIN_CALLBACK_URL 不是有效地址，或回调协议（profile）的请求头名称无效",
        NotMade::BadToken => "DATAPHIN_ACCESS_TOKEN 不能放入请求头",
    }
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
            (Refusal::Unauthorized(said(401, "the access token is wrong")), true, &[token, profile]),
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
    fn what_dataphin_says_is_quoted_whatever_the_status() {
        for refusal in [
            Refusal::NotUnderstood(said(200, "tenant is frozen")),
            Refusal::Unauthorized(said(403, "tenant is frozen")),
            server_error(said(500, "tenant is frozen")),
        ] {
            let failure = refused(&refusal, true);
            assert!(failure.cause.en.contains("says: “tenant is frozen”"), "{failure:?}");
            assert!(failure.cause.zh.contains("返回：“tenant is frozen”"), "{failure:?}");
        }
    }
}
