//! What Dataphin says with its no, by its words: nothing of them is published, and each version words them otherwise.

use super::{Failure, Words, places};
use crate::dataphin::Said;

/// [`crate::dataphin::Refusal::name`] of a callback that is not let in.
pub(super) const UNAUTHORIZED: &str = "unauthorized";

/// What a no is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// A part of the credentials did not arrive.
    Missing,
    /// The callback was taken for a repeated one.
    Replay,
    Clock,
    /// The address that calls.
    Address,
    Licence,
    Tenant,
    Signature,
    Token,
    Key,
    /// The external approval system is not set up, or switched off.
    SwitchedOff,
    Busy,
    SignIn,
    Permission,
    /// The shape of a callback: its profile.
    Form,
    /// Who may come in, without saying by what: token and profile both may be meant.
    Entry,
    Else,
}

const OUT_OF_TIME: &[&str] = &[
    "expire",
    "too old",
    "too far",
    "skew",
    "window",
    "out of",
    "outside",
    "stale",
    "drift",
    "invalid",
    "too late",
    "too early",
    "illegal",
    "incorrect",
    "差",
    "过期",
    "超时",
    "超出",
    "无效",
    "失效",
    "不合法",
    "非法",
    "不正确",
    "错误",
    "范围",
];
const WRONG: &[&str] = &[
    "invalid",
    "wrong",
    "expire",
    "mismatch",
    "match",
    "illegal",
    "incorrect",
    "error",
    "fail",
    "bad",
    "denied",
    "not exist",
    "无效",
    "错误",
    "过期",
    "失效",
    "不正确",
    "不匹配",
    "不一致",
    "不存在",
    "失败",
    "非法",
    "不合法",
];
const MISSING: &[&str] = &[
    "missing",
    "required",
    "is empty",
    "is null",
    "must not be",
    "not present",
    "absent",
    "not provided",
    "缺少",
    "缺失",
    "为空",
    "不能为空",
    "未传",
    "未携带",
    "未提供",
    "必填",
];
const SIGNATURE: &[&str] = &[
    "signature",
    "签名",
    "验签",
    "sign error",
    "invalid sign",
    "sign invalid",
    "sign check",
    "sign verif",
    "sign mismatch",
    "sign not match",
    "sign is ",
    "sign校验",
    "sign 校验",
    "sign错误",
    "sign 错误",
];
const TIMESTAMP: &[&str] = &["timestamp", "time stamp", "时间戳"];
const TOKEN: &[&str] = &["token", "令牌", "accesskey", "凭证"];
const ACCESS_TOKEN: &[&str] = &["access token", "accesstoken", "access_token", "令牌"];

/// What is about one thing, whatever else it mentions; in order.
fn specific(text: &str) -> Option<Subject> {
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_missing = any(MISSING);
    let is_json = any(&["unexpected token", "json", "parse", "解析"]);
    let of_token = !is_json && (any(ACCESS_TOKEN) || (any(TOKEN) && (any(WRONG) || is_missing)));
    let is_sign_in = any(&[
        "sign in",
        "sign-in",
        "signed in",
        "log in",
        "login",
        "logged in",
        "登录",
        "登陆",
        "session",
        "会话",
    ]);
    let of_signature = any(SIGNATURE) && !is_sign_in;
    let is_clock = any(&["clock", "时钟", "time skew", "时间偏差", "时间差", "系统时间", "server time"])
        || (any(TIMESTAMP) && any(OUT_OF_TIME))
        || any(&["request expired", "request has expired", "请求已过期", "请求过期", "requesttimetooskewed"]);
    let of_nonce = text.contains("nonce") || text.contains("随机数") || text.contains("随机串");
    let is_replay = any(&["replay", "重放", "duplicate request", "repeated request", "重复请求", "重复提交"])
        || (of_nonce && any(&["duplicate", "repeat", "used", "exist", "重复", "已使用", "已存在"]));
    let of_address = any(&[
        "whitelist",
        "white list",
        "white-list",
        "allowlist",
        "allow list",
        "blacklist",
        "白名单",
        "黑名单",
        "ip地址",
        "ip 地址",
        "来源ip",
        "来源 ip",
        "客户端ip",
        "访问ip",
        "ip address",
        "client ip",
        "source ip",
        "remote ip",
        "your ip",
    ]) || (has_word(text, "ip")
        && any(&[
            "not allowed",
            "forbidden",
            "denied",
            "restrict",
            "illegal",
            "limit",
            "block",
            "不允许",
            "禁止",
            "限制",
            "受限",
            "未授权",
        ]));
    let of_licence = any(&[
        "license",
        "licence",
        "licens",
        "许可证",
        "许可已",
        "许可过",
        "授权已过期",
        "授权过期",
        "授权已到期",
        "授权到期",
        "授权文件",
        "产品授权",
        "套餐",
        "欠费",
        "arrears",
        "overdue",
        "到期",
        "已失效的订购",
        "subscription",
    ]);
    let of_tenant = any(&["tenant", "租户", "organization", "organisation", "组织已", "组织不"]);
    let of_key = any(&["decrypt", "decod", "cipher", "解密", "密文", "aes", "padding", "密钥", "加密"])
        && !any(&["url decod"]);
    let is_off = any(&[
        "not enabled",
        "disabled",
        "not enable",
        "switched off",
        "turned off",
        "not configured",
        "not been configured",
        "no configuration",
        "unconfigured",
        "not open",
        "not set up",
        "not activated",
        "not activate",
        "is closed",
        "未启用",
        "未开启",
        "未配置",
        "未开通",
        "未设置",
        "未激活",
        "已禁用",
        "已停用",
        "已关闭",
        "被禁用",
        "被停用",
        "停用",
        "没有配置",
        "尚未配置",
        "配置不存在",
        "not integrated",
        "未接入",
        "未集成",
    ]);
    Some(if is_missing && (of_token || of_signature || of_nonce || any(TIMESTAMP)) {
        Subject::Missing
    } else if is_replay {
        Subject::Replay
    } else if is_clock && !is_missing {
        Subject::Clock
    } else if of_address {
        Subject::Address
    } else if of_licence {
        Subject::Licence
    } else if of_tenant && !is_missing {
        Subject::Tenant
    } else if of_signature {
        Subject::Signature
    } else if of_token {
        Subject::Token
    } else if of_key && !is_missing {
        Subject::Key
    } else if is_off {
        Subject::SwitchedOff
    } else if any(BUSY) {
        Subject::Busy
    } else if is_sign_in {
        Subject::SignIn
    } else if any(&[
        "permission",
        "privilege",
        "no right",
        "not authorized to",
        "not authorised to",
        "access denied",
        "accessdenied",
        "无权",
        "权限",
    ]) {
        Subject::Permission
    } else {
        return None;
    })
}

/// Whether a text has a word that stands by itself.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|part| part == word)
}

/// What says little by itself; in order.
fn vague(text: &str) -> Subject {
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(MISSING) || any(FORM) {
        Subject::Form
    } else if any(ENTRY) {
        Subject::Entry
    } else {
        Subject::Else
    }
}

fn subject(said: &Said) -> Subject {
    let message = said.message.to_lowercase();
    let code = said.code.as_deref().unwrap_or_default().to_lowercase();
    let found = specific(&message).or_else(|| specific(&code));
    found.unwrap_or_else(|| vague(&format!("{code} {message}")))
}

/// Words about Dataphin's own state.
const BUSY: &[&str] = &[
    "busy",
    "try again",
    "try later",
    "retry",
    "overload",
    "too many",
    "rate limit",
    "throttl",
    "unavailable",
    "maintenance",
    "timed out",
    "timeout",
    "time out",
    "internal error",
    "internal server error",
    "server error",
    "system error",
    "systemerror",
    "system exception",
    "nullpointer",
    "unknown error",
    "starting",
    "繁忙",
    "稍后",
    "重试",
    "维护",
    "超时",
    "限流",
    "频繁",
    "系统异常",
    "系统错误",
    "内部错误",
    "服务异常",
    "服务不可用",
    "未知错误",
    "未知异常",
    "升级中",
];

/// Words about the shape of a callback.
const FORM: &[&str] = &[
    "parse",
    "body",
    "json",
    "format",
    "param",
    "argument",
    "field",
    "unsupported",
    "not supported",
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
    "不支持",
    "字段",
    "报文",
];

/// Words about who may come in.
const ENTRY: &[&str] = &[
    "forbidden",
    "unauthorized",
    "unauthorised",
    "unauthenticated",
    "denied",
    "not allowed",
    "credential",
    "auth",
    "鉴权",
    "认证",
    "授权",
    "禁止",
    "拒绝",
];

/// What the words of an answer show, if they show it by themselves. `signs`: whether our profile signs the callback, or sends
/// the access token itself.
pub(super) fn failure(said: &Said, signs: bool) -> Option<Failure> {
    let subject = subject(said);
    match subject {
        Subject::Clock => return Some(clocks(said)),
        Subject::Missing | Subject::Signature | Subject::Token => return Some(not_let_in(said, signs)),
        _ => {}
    }
    // A 4xx or a 5xx of a gateway says nothing of Dataphin's.
    let is_dataphins = matches!(said.status, 200..=299 | 400 | 401 | 403 | 409 | 422 | 423 | 500);
    if !is_dataphins || said.message.is_empty() {
        return None;
    }
    let quote = Words::new(
        format!("says: “{}” (HTTP {})", said.message, said.status),
        format!("返回：“{}”（HTTP {}）", said.message, said.status),
    );
    let because = |en: &str, zh: &str, fix: Words, code: &str| {
        let cause = Words::new(
            format!("Dataphin refuses the callback{en} and {}", quote.en),
            format!("Dataphin 拒绝回调{zh}，{}", quote.zh),
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
                "Dataphin 及其前置网关的 IP 白名单：加入网桥的出口 IP",
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
            places::dataphin("all fields: fill them in and save", "填写所有字段并保存"),
            "switched-off",
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
        Subject::Busy => {
            let cause = Words::new(
                format!("Dataphin says: {said}; it is busy or under maintenance, try again"),
                format!("Dataphin 返回：{said}；系统繁忙或维护中，请稍后重试"),
            );
            Some(Failure::new(cause, dataphins_state()).code("busy"))
        }
        Subject::Key => {
            let cause = Words::new(
                format!(
                    "Dataphin cannot decrypt the callback: its Encoding AES Key is another, or the profile ({said})"
                ),
                format!("Dataphin 无法解密回调：Encoding AES Key 或回调协议（profile）不一致（{said}）"),
            );
            let key = places::variable("DATAPHIN_CALLBACK_AES_KEY");
            Some(Failure::new(cause, key.or(&profile())).code("not-understood"))
        }
        Subject::Else => because(
            "",
            "",
            Words::new(
                "Dataphin: what it says there, with its administrator",
                "Dataphin：请联系 Dataphin 管理员处理其返回的问题",
            ),
            said.code.as_deref().unwrap_or("refused"),
        ),
        Subject::Form
        | Subject::Entry
        | Subject::Clock
        | Subject::Missing
        | Subject::Signature
        | Subject::Token => None,
    }
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

/// A callback that Dataphin did not let in: by what it misses it shows what it looks for.
pub(super) fn not_let_in(said: &Said, signs: bool) -> Failure {
    let text = format!("{} {}", said.code.as_deref().unwrap_or_default(), said.message).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let token = || places::variable("DATAPHIN_ACCESS_TOKEN");
    let (missing, of_signature) = (says(MISSING), says(SIGNATURE));
    let of_token = says(TOKEN);
    let is_sent = says(TIMESTAMP) || (of_signature && signs) || (of_token && !signs);
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
    if missing || (of_signature && !signs) {
        let cause = Words::new(
            format!(
                "Dataphin does not let the callback in: it looks for what our profile does not send, so its profile is \
                 another ({said})"
            ),
            format!("Dataphin 拒绝回调：它要求的内容不在当前回调协议（profile）中，协议不一致（{said}）"),
        );
        return Failure::new(cause, profile()).code("profile");
    }
    if of_signature || (of_token && !signs) {
        let cause = Words::new(
            format!(
                "Dataphin does not let the callback in: its Access Token is another than DATAPHIN_ACCESS_TOKEN ({said})"
            ),
            format!("Dataphin 拒绝回调：其 Access Token 与 DATAPHIN_ACCESS_TOKEN 不一致（{said}）"),
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
                 （profile）仅用其签名（{said}）"
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
            "Dataphin 拒绝回调：两侧的 Access Token 或回调协议（profile）不一致，或其前置有登录校验（{said}）"
        ),
    );
    Failure::new(cause, token().or(&profile())).code(UNAUTHORIZED)
}

pub(super) fn profile() -> Words {
    Words::new(
        "`bridge probe dataphin` tries every profile; then DATAPHIN_CALLBACK_PROFILE in the bridge's environment",
        "先运行 `bridge probe dataphin` 逐一尝试，再设置网桥环境变量 DATAPHIN_CALLBACK_PROFILE",
    )
}

pub(super) fn dataphins_state() -> Words {
    Words::new("Dataphin's state, and the gateway before it", "Dataphin 的运行状态及其前置网关")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, message: &str) -> Said {
        Said { status, code: None, message: message.to_owned(), denied: true, because: None }
    }

    #[test]
    fn what_dataphin_says_is_about_one_thing_in_either_language() {
        let table: [(Subject, &[&str]); 15] = [
            (
                Subject::Address,
                &[
                    "IP not in white list",
                    "the client ip 10.1.2.3 is not allowed",
                    "IP地址不在白名单中",
                    "来源IP未授权",
                    "访问ip不在白名单之中",
                    "ip is forbidden",
                    "请求IP受限：ip 10.0.0.1 禁止访问",
                    "your IP address is blocked",
                    "IpNotInWhitelist",
                    "source ip denied",
                    "该IP已被加入黑名单",
                ],
            ),
            (
                Subject::Key,
                &[
                    "the decrypted text is damaged",
                    "AES key error",
                    "解密失败",
                    "消息解密失败，请检查 EncodingAESKey",
                    "密文格式不正确",
                    "decrypt failed: Given final block not properly padded",
                    "bad padding",
                    "invalid cipher text",
                    "AES密钥错误",
                    "加密密钥不匹配",
                    "illegal aes key",
                ],
            ),
            (
                Subject::SwitchedOff,
                &[
                    "the callback is not enabled",
                    "external approval is disabled",
                    "未启用第三方审批系统",
                    "外部审批系统未配置",
                    "审批系统尚未配置",
                    "third party approval is not configured",
                    "回调功能已关闭",
                    "approval integration is switched off",
                    "未开启三方审批",
                    "the integration has not been configured",
                    "该功能已停用",
                ],
            ),
            (
                Subject::Licence,
                &[
                    "license expired",
                    "the licence does not include this feature",
                    "许可证已过期",
                    "授权已到期，请联系管理员",
                    "产品授权无效",
                    "Your subscription has ended",
                    "License verification failed",
                    "账号欠费",
                    "套餐已到期",
                    "invalid license file",
                ],
            ),
            (
                Subject::Tenant,
                &[
                    "tenant is frozen",
                    "租户已被冻结",
                    "租户不存在",
                    "tenant not found",
                    "invalid tenant id",
                    "当前租户已停用",
                    "tenant disabled",
                    "the organization does not exist",
                    "租户状态异常",
                    "no such tenant: 1001",
                ],
            ),
            (
                Subject::Clock,
                &[
                    "timestamp expired",
                    "请求时间戳已过期",
                    "时间戳超出允许范围",
                    "clock skew too large",
                    "timestamp out of range",
                    "时间戳无效",
                    "request has expired",
                    "the timestamp differs too far from the server time",
                    "请求已过期",
                    "timestamp is not within the window",
                    "系统时间偏差过大",
                ],
            ),
            (
                Subject::Replay,
                &[
                    "duplicate nonce",
                    "nonce has been used",
                    "nonce重复",
                    "nonce 已使用",
                    "replay attack detected",
                    "重放请求",
                    "重复请求，请勿重试",
                    "the nonce already exists",
                    "duplicate request",
                    "随机串重复",
                ],
            ),
            (
                Subject::Signature,
                &[
                    "signature verification failed",
                    "签名校验失败",
                    "验签失败",
                    "the signature is wrong",
                    "invalid sign",
                    "sign error",
                    "签名错误",
                    "SignatureDoesNotMatch",
                    "签名不匹配",
                    "illegal signature",
                ],
            ),
            (
                Subject::Token,
                &[
                    "invalid access token",
                    "访问令牌无效",
                    "the access token is wrong",
                    "token expired",
                    "token 无效",
                    "accessToken错误",
                    "token校验失败",
                    "illegal token",
                    "token mismatch",
                    "Access Token不正确",
                ],
            ),
            (
                Subject::Permission,
                &[
                    "no permission",
                    "没有权限访问该接口",
                    "无权限操作",
                    "you do not have permission to call this API",
                    "access denied",
                    "权限不足",
                    "insufficient privileges",
                    "permission denied",
                    "not authorized to perform this operation",
                    "无权访问",
                ],
            ),
            (
                Subject::SignIn,
                &[
                    "please log in first",
                    "login required",
                    "请先登录",
                    "未登录",
                    "not logged in",
                    "session expired",
                    "会话已失效",
                    "登录已过期",
                    "you must sign in",
                    "用户未登录",
                ],
            ),
            (
                Subject::Busy,
                &[
                    "系统异常，请联系管理员",
                    "system is busy",
                    "系统繁忙，请稍后再试",
                    "internal server error",
                    "service unavailable",
                    "系统维护中",
                    "too many requests",
                    "请求过于频繁",
                    "SYSTEM_ERROR: system error",
                    "NullPointerException",
                    "服务不可用",
                    "读取超时",
                ],
            ),
            (
                Subject::Form,
                &[
                    "the body cannot be parsed",
                    "参数错误",
                    "invalid parameter: type",
                    "Unexpected token < in JSON",
                    "applyId is required",
                    "applyId不能为空",
                    "报文格式不正确",
                    "unsupported media type",
                    "不支持的请求类型",
                    "encrypt is missing",
                ],
            ),
            (
                Subject::Entry,
                &[
                    "forbidden",
                    "unauthorized",
                    "认证失败",
                    "鉴权失败",
                    "not allowed",
                    "Authentication failed",
                ],
            ),
            (
                Subject::Missing,
                &[
                    "the timestamp is missing",
                    "the signature or the nonce is missing",
                    "签名不能为空",
                    "缺少时间戳",
                    "accessToken is required",
                    "nonce is empty",
                    "access token is missing",
                    "signature not present",
                ],
            ),
        ];
        for (expected, messages) in table {
            for message in messages {
                assert_eq!(subject(&said(200, message)), expected, "{message}");
            }
        }
    }

    #[test]
    fn a_code_counts_where_the_message_says_nothing_of_its_own() {
        let with_code =
            |code: &str, message: &str| subject(&Said { code: Some(code.to_owned()), ..said(400, message) });
        assert_eq!(with_code("DPN.OA.SignatureInvalid", "请求失败"), Subject::Signature);
        assert_eq!(with_code("DPN.Tenant.NotFound", "bad request"), Subject::Tenant);
        assert_eq!(with_code("DPN.OA.AuthFailed", "时间戳已过期"), Subject::Clock);
        assert_eq!(with_code("DPN.400", "x"), Subject::Else);
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
