//! What Dataphin's no shows by its words, and where that is fixed.

use super::{
    Failure, Words, places,
    subject::{MISSING, SIGNATURE, Subject, TIMESTAMP, TOKEN, subject},
};
use crate::dataphin::Said;

/// [`crate::dataphin::Refusal::name`] of a callback that is not let in.
pub(super) const UNAUTHORIZED: &str = "unauthorized";

/// The code of a callback whose timestamp Dataphin does not take.
pub(super) const CLOCK: &str = "clock";

/// What the words of an answer show, if they show it by themselves. `signs`: whether our profile signs the callback, or sends
/// the access token itself.
#[allow(clippy::too_many_lines)] // A table.
pub(super) fn failure(said: &Said, signs: bool) -> Option<Failure> {
    let subject = subject(said);
    match subject {
        Subject::Clock => return Some(clocks(said)),
        Subject::Missing | Subject::Signature | Subject::Token => return Some(not_let_in(said, signs)),
        _ => {}
    }
    // A 4xx or a 5xx of a gateway says nothing of Dataphin's.
    let is_dataphins = matches!(said.status, 200..=299 | 400 | 401 | 403 | 409 | 422 | 423 | 500)
        || (said.status == 503 && said.denied && subject == Subject::Busy);
    if !is_dataphins || said.message.is_empty() {
        return None;
    }
    let quote = Words::new(
        format!("says: “{}” (HTTP {})", said.message, said.status),
        format!("返回：“{}”（HTTP {}）", said.message, said.status),
    );
    // Dataphin says `success: false`; what does not may as well be before it.
    let (who, who_zh) = if said.denied {
        ("Dataphin", "Dataphin ")
    } else {
        ("Dataphin, or the gateway before it,", "Dataphin 或其前置网关")
    };
    let because = |en: &str, zh: &str, fix: Words, code: &str| {
        let cause = Words::new(
            format!("{who} refuses the callback{en} and {}", quote.en),
            format!("{who_zh}拒绝回调{zh}，{}", quote.zh),
        );
        Some(Failure::new(cause, fix).code(code))
    };
    let gateway = |en: &str, zh: &str| {
        Words::new(
            format!("the gateway or proxy before Dataphin: {en}"),
            format!("Dataphin 前置网关或代理：{zh}"),
        )
    };
    match subject {
        Subject::Replay => because(
            " as a repeated one",
            "（视为重复请求）",
            gateway("it must not send a request twice", "不得重复发送同一请求"),
            "replay",
        ),
        Subject::Address => because(
            " because of the bridge's address (an IP white list)",
            "（IP 白名单限制）",
            Words::new(
                "Dataphin's IP white list, and that of the gateway before it: add the address that the bridge calls from",
                "Dataphin 及其前置网关的 IP 白名单：加入审批桥的出口 IP",
            ),
            "address",
        ),
        Subject::Licence => because(
            " because of its licence",
            "（许可证问题）",
            Words::new(
                "Dataphin: its licence or subscription (expiry, edition), with its administrator",
                "Dataphin：许可证或订购（到期时间、版本），请联系 Dataphin 管理员",
            ),
            "licence",
        ),
        Subject::Tenant => because(
            " because of the tenant",
            "（租户问题）",
            Words::new(
                "Dataphin: the tenant's state, with its administrator; DATAPHIN_CALLBACK_URL must be that of the same tenant",
                "Dataphin：租户状态，请联系 Dataphin 管理员；DATAPHIN_CALLBACK_URL 须属于同一租户",
            ),
            "tenant",
        ),
        Subject::SwitchedOff => because(
            ": its external approval system is not set up, or switched off,",
            "（外部审批系统未配置或未启用）",
            places::dataphin(
                "select it, fill in all fields, enable it and save",
                "选择该项，填写所有字段，启用并保存",
            ),
            "switched-off",
        ),
        Subject::Https => because(
            ": it takes https:// only,",
            "（只接受 HTTPS）",
            Words::new(
                "if DATAPHIN_CALLBACK_URL begins with http://, write https:// and restart; otherwise the gateway before Dataphin must set \
                 X-Forwarded-Proto",
                "DATAPHIN_CALLBACK_URL 以 http:// 开头时，改为 https:// 并重启；否则请 Dataphin 前置网关设置 X-Forwarded-Proto",
            ),
            "https-only",
        ),
        Subject::SignIn => because(
            " and asks for a sign-in",
            "（要求登录）",
            places::variable("DATAPHIN_CALLBACK_URL")
                .or(&gateway("let the callback's path pass without sign-in", "放行回调路径，无需登录")),
            "sign-in",
        ),
        Subject::Permission => because(
            ": the call has no permission,",
            "（没有权限）",
            Words::new(
                "Dataphin: the permission to call the approval callback, with its administrator; the gateway's access rules",
                "Dataphin：审批回调接口的调用权限，请联系 Dataphin 管理员；并检查前置网关的访问规则",
            ),
            "permission",
        ),
        Subject::Gateway => {
            let cause = Words::new(
                format!(
                    "a gateway or firewall before Dataphin, or this machine's outgoing one, refuses the callback and {}",
                    quote.en
                ),
                format!("Dataphin 前置网关或防火墙（或本机的出口防火墙）拒绝回调，{}", quote.zh),
            );
            let fix = gateway(
                "let POST from the bridge's machine to the path of DATAPHIN_CALLBACK_URL pass, without a key or sign-in of its own",
                "放行审批桥所在机器对 DATAPHIN_CALLBACK_URL 路径的 POST 请求，不要求额外的密钥或登录",
            );
            Some(Failure::new(cause, fix).code("gateway"))
        }
        Subject::Busy => {
            let cause = Words::new(
                format!("Dataphin is busy or under maintenance, and {}: try again later", quote.en),
                format!("Dataphin 系统繁忙或维护中，{}：请稍后重试", quote.zh),
            );
            Some(Failure::new(cause, dataphins_state()).code("busy"))
        }
        Subject::Internal => {
            let cause = Words::new(
                format!("Dataphin fails at the callback and {}", quote.en),
                format!("Dataphin 处理回调时内部出错，{}", quote.zh),
            );
            let log = Words::new(
                "Dataphin's log at this time, with its administrator",
                "请 Dataphin 管理员查看该时刻的 Dataphin 日志",
            );
            Some(Failure::new(cause, log).code("internal"))
        }
        Subject::Key => {
            let zh_said = in_chinese(said);
            let cause = Words::new(
                format!(
                    "Dataphin cannot decrypt the callback: its Encoding AES Key is another, or the profile ({said})"
                ),
                format!("Dataphin 无法解密回调：Encoding AES Key 或回调协议（profile）不一致（{zh_said}）"),
            );
            let key = places::variable("DATAPHIN_CALLBACK_AES_KEY");
            Some(Failure::new(cause, key.or(&profile())).code("not-understood"))
        }
        Subject::Else => because(
            "",
            "",
            Words::new(
                "ask the administrator of Dataphin (or of the gateway before it) to resolve what it says",
                "请 Dataphin（或其前置网关）管理员处理其返回的问题",
            ),
            said.code.as_deref().unwrap_or("refused"),
        ),
        Subject::NoBody => {
            let cause = Words::new(
                format!("the callback's body does not arrive at Dataphin, which {}", quote.en),
                format!("回调的请求体没有到达 Dataphin，{}", quote.zh),
            );
            Some(
                Failure::new(cause, gateway("the body must pass unchanged", "请求体须原样转发")).code("body"),
            )
        }
        Subject::OtherApi => {
            let cause = Words::new(
                format!(
                    "DATAPHIN_CALLBACK_URL leads to another interface than the callback's, which {}",
                    quote.en
                ),
                format!("DATAPHIN_CALLBACK_URL 指向的不是回调接口（可能是 OpenAPI 地址），{}", quote.zh),
            );
            Some(Failure::new(cause, places::variable("DATAPHIN_CALLBACK_URL")).code("other-interface"))
        }
        Subject::Form
        | Subject::Entry
        | Subject::Clock
        | Subject::Missing
        | Subject::Signature
        | Subject::Token => None,
    }
}

/// What Dataphin said, in Chinese; its own words stay as they are.
pub(super) fn in_chinese(said: &Said) -> String {
    let why = match (&said.code, &said.because) {
        (Some(code), _) => format!("，code {code}"),
        (None, _) if said.denied => "，success 为 false".to_owned(),
        (None, Some(because)) => format!("，{because}"),
        (None, None) => String::new(),
    };
    let message = if said.message.is_empty() { String::new() } else { format!("：{}", said.message) };
    format!("HTTP {}{why}{message}", said.status)
}

/// The callback's timestamp is not taken: one of the two clocks is off.
fn clocks(said: &Said) -> Failure {
    let zh_said = in_chinese(said);
    let cause = Words::new(
        format!(
            "Dataphin does not take the callback's timestamp: the bridge's clock and Dataphin's differ ({said})"
        ),
        format!("Dataphin 不接受回调的时间戳：审批桥与 Dataphin 的时钟不一致（{zh_said}）"),
    );
    let dataphins = Words::new("the clock (NTP) of Dataphin's servers", "Dataphin 服务器的时钟（NTP）");
    Failure::new(cause, places::clock().or(&dataphins)).code(CLOCK)
}

/// A callback that Dataphin did not let in: by what it misses it shows what it looks for.
pub(super) fn not_let_in(said: &Said, signs: bool) -> Failure {
    let zh_said = in_chinese(said);
    let text = format!("{} {}", said.code.as_deref().unwrap_or_default(), said.message).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let token = || places::variable("DATAPHIN_ACCESS_TOKEN");
    let missing = says(MISSING) || subject(said) == Subject::Missing;
    let of_signature = says(SIGNATURE);
    let of_token = says(TOKEN);
    let is_sent = says(TIMESTAMP) || (of_signature && signs) || (of_token && !signs);
    if missing && is_sent {
        let cause = Words::new(
            format!(
                "the callback's query does not arrive at Dataphin: a gateway before it drops or renames it, or the \
                 profile's names are others ({said})"
            ),
            format!(
                "回调的查询参数没有到达 Dataphin：前置网关丢弃或改写了参数，或回调协议（profile）的参数名不一致（{zh_said}）"
            ),
        );
        let gateway = Words::new(
            "the gateway or proxy before Dataphin: the query must pass unchanged",
            "Dataphin 前置网关或代理：查询参数须原样转发",
        );
        return Failure::new(cause, gateway.or(&profile())).code("query");
    }
    if missing || (of_signature && !signs) {
        let cause = Words::new(
            format!(
                "Dataphin does not let the callback in: it looks for what our profile does not send, so its profile is \
                 another ({said})"
            ),
            format!("Dataphin 拒绝回调：它要求的内容不在当前回调协议（profile）中，协议不一致（{zh_said}）"),
        );
        return Failure::new(cause, profile()).code("profile");
    }
    if of_signature || (of_token && !signs) {
        let cause = Words::new(
            format!(
                "Dataphin does not let the callback in: its Access Token is another than DATAPHIN_ACCESS_TOKEN ({said})"
            ),
            format!("Dataphin 拒绝回调：其 Access Token 与 DATAPHIN_ACCESS_TOKEN 不一致（{zh_said}）"),
        );
        return Failure::new(cause, token()).code(UNAUTHORIZED);
    }
    if of_token {
        let cause = Words::new(
            format!(
                "Dataphin does not take the Access Token: its own is another than DATAPHIN_ACCESS_TOKEN, or it expects the \
                 token itself in the callback, where our profile signs with it ({said})"
            ),
            format!(
                "Dataphin 不接受 Access Token：其 Access Token 与 DATAPHIN_ACCESS_TOKEN 不一致，或它要求在回调中直接携带 Token，而当前回调协议\
                 （profile）仅用其签名（{zh_said}）"
            ),
        );
        return Failure::new(cause, token().or(&profile())).code(UNAUTHORIZED);
    }
    let cause = Words::new(
        format!(
            "Dataphin does not let the callback in: Access Token or profile are not the same on both sides, or a \
             sign-in stands before it ({said})"
        ),
        format!(
            "Dataphin 拒绝回调：两端的 Access Token 或回调协议（profile）不一致，或其前置有登录校验（{zh_said}）"
        ),
    );
    let exempt = Words::new(
        "if these are a gateway's words, exempt the path of DATAPHIN_CALLBACK_URL from its sign-in",
        "若以上为前置网关的提示，请在网关中将 DATAPHIN_CALLBACK_URL 的路径设为免登录",
    );
    // How frameworks for gateways word it.
    let is_gateways = says(&["认证失败", "full authentication", "unauthorized"]);
    let fix = if is_gateways { exempt.or(&token()) } else { token().or(&exempt) };
    Failure::new(cause, fix.or(&profile())).code(UNAUTHORIZED)
}

pub(super) fn profile() -> Words {
    Words::new(
        "run `bridge probe dataphin`, which tries every profile; then set DATAPHIN_CALLBACK_PROFILE in the bridge's environment as \
         it says, and restart",
        "运行 `bridge probe dataphin` 逐一尝试回调协议，按其结果设置审批桥的环境变量 DATAPHIN_CALLBACK_PROFILE，并重启",
    )
}

pub(super) fn dataphins_state() -> Words {
    Words::new(
        "see whether Dataphin runs, and the gateway before it (each of its backends); outcomes are delivered again by themselves",
        "检查 Dataphin 及其前置网关（含其每台后端）是否正常运行；审批结果会自动重新投递",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, message: &str) -> Said {
        Said { status, code: None, message: message.to_owned(), denied: true, because: None }
    }

    #[test]
    fn every_no_is_named_in_both_languages_and_quoted() {
        for message in [
            "IP not in white list",
            "license expired",
            "租户已被冻结",
            "未启用第三方审批系统",
            "duplicate nonce",
            "no permission",
            "请先登录",
            "x",
        ] {
            for status in [200, 400, 403, 500] {
                let failure = failure(&said(status, message), true).unwrap();
                let (en, zh) = (&failure.cause.en, &failure.cause.zh);
                assert!(en.contains(&format!("says: “{message}”")) && zh.contains(message), "{failure:?}");
                assert!(zh.starts_with("Dataphin 拒绝回调") && !failure.mend.zh.is_ascii(), "{failure:?}");
            }
            assert_eq!(failure(&said(502, message), true), None, "a gateway's");
        }
    }

    #[test]
    fn a_clock_is_named_whatever_the_status() {
        for text in ["clock skew too large", "timestamp out of range", "时间戳超出允许范围"] {
            for status in [200, 401, 500] {
                assert_eq!(
                    failure(&said(status, text), true).unwrap().code.as_deref(),
                    Some("clock"),
                    "{text}"
                );
            }
        }
    }
}
