//! What a no of Dataphin's is about, by its words: none of them is published, and each version words them otherwise.

use crate::dataphin::Said;

/// What a no is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A part of the credentials did not arrive.
    Missing,
    /// The callback was taken for a repeated one.
    Replay,
    /// One of the two clocks.
    Clock,
    /// The address that calls.
    Address,
    /// Dataphin's licence.
    Licence,
    /// The tenant.
    Tenant,
    /// The callback's signature.
    Signature,
    /// The access token.
    Token,
    /// The AES key.
    Key,
    /// The external approval system is not set up, or switched off.
    SwitchedOff,
    /// Dataphin's own state.
    Busy,
    /// A failure inside Dataphin.
    Internal,
    /// A gateway or firewall before Dataphin.
    Gateway,
    /// The callback's body did not arrive.
    NoBody,
    /// Another interface answers than the callback's.
    OtherApi,
    /// A sign-in of a person.
    SignIn,
    /// A permission.
    Permission,
    /// The shape of a callback: its profile.
    Form,
    /// Who may come in, without saying by what: token and profile both may be meant.
    Entry,
    /// Anything else.
    Else,
}

const OUT_OF_TIME: &[&str] = &[
    " off",
    "more than",
    "differ",
    "相差",
    "校验失败",
    "校验不通过",
    "验证失败",
    "不符",
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
pub(super) const MISSING: &[&str] = &[
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
pub(super) const SIGNATURE: &[&str] = &[
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
pub(super) const TIMESTAMP: &[&str] = &["timestamp", "time stamp", "时间戳"];
pub(super) const TOKEN: &[&str] = &["token", "令牌", "accesskey", "凭证"];
const ACCESS_TOKEN: &[&str] = &["access token", "accesstoken", "access_token", "令牌"];

const SIGN_IN: &[&str] =
    &["sign in", "sign-in", "signed in", "log in", "login", "logged in", "登录", "登陆", "session", "会话"];
const CLOCK: &[&str] = &[
    "clock",
    "时钟",
    "time skew",
    "时间偏差",
    "时间差",
    "时间相差",
    "系统时间",
    "服务器时间",
    "server time",
];
const EXPIRED: &[&str] = &[
    "request expired",
    "request has expired",
    "请求已过期",
    "请求过期",
    "请求已失效",
    "请求失效",
    "requesttimetooskewed",
];
const REPLAY: &[&str] = &["replay", "重放", "duplicate request", "repeated request", "重复请求", "重复提交"];
const TWICE: &[&str] = &["duplicate", "repeat", "used", "exist", "重复", "已使用", "已存在"];
const GATEWAY: &[&str] = &[
    "api key",
    "apikey",
    "api-key",
    "appcode",
    "x-ca-",
    "jwt",
    "hmac",
    "no route matched",
    "upstream",
    "安全策略",
    "拦截",
    "阻断",
    "防火墙",
    "firewall",
    "security policy",
    "网关",
    "域名",
    "invalid host",
];
/// A failure inside Dataphin, whatever else its words are about.
const INSIDE: &[&str] = &[
    "access denied for user",
    "using password",
    "jdbc",
    "sqlexception",
    "deadlock",
    "数据库",
    "redis",
    "dubbo",
    "feign",
    "密钥服务",
    "kms",
];
/// Words of Alibaba Cloud's OpenAPI, which is no callback.
const OTHER_API: &[&str] = &["\"action\"", "parameter action", "invalidaction", "invalidversion"];
const NO_BODY: &[&str] = &[
    "body is missing",
    "body is empty",
    "missing request body",
    "missing body",
    "请求体为空",
    "请求体不能为空",
    "缺少请求体",
    "正文为空",
];
/// Words about how something is written.
const SHAPE: &[&str] = &[
    "格式",
    "format",
    "yyyy",
    "位秒级",
    "位毫秒",
    "算法",
    "algorithm",
    "不支持",
    "not supported",
    "unsupported",
    "公钥",
    "rsa",
];
const ADDRESS: &[&str] = &[
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
];
const NOT_ADMITTED: &[&str] = &[
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
];
const LICENCE: &[&str] = &[
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
    "试用期",
    "企业版",
    "当前版本不支持",
    "edition",
    "用户数",
    "授权数",
    "trial period",
    "已失效的订购",
    "subscription",
];
const TENANT: &[&str] = &["tenant", "租户", "organization", "organisation", "组织已", "组织不"];
const KEY: &[&str] = &["decrypt", "decod", "cipher", "解密", "密文", "aes", "padding", "密钥", "加密"];
const SWITCHED_OFF: &[&str] = &[
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
    "been closed",
    "请先配置",
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
];
const PERMISSION: &[&str] = &[
    "permission",
    "privilege",
    "no right",
    "not authorized to",
    "not authorised to",
    "access denied",
    "accessdenied",
    "无权",
    "权限",
];

/// What is about one thing, whatever else it mentions; in order.
fn specific(text: &str) -> Option<Subject> {
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_missing = any(MISSING);
    let is_json = any(&["unexpected token", "json", "parse", "解析", "unrecognized field"]);
    if any(INSIDE) {
        return Some(Subject::Internal);
    }
    if any(OTHER_API) {
        return Some(Subject::OtherApi);
    }
    if any(NO_BODY) {
        return Some(Subject::NoBody);
    }
    let of_token = !is_json && (any(ACCESS_TOKEN) || (any(TOKEN) && (any(WRONG) || is_missing)));
    let is_sign_in = any(SIGN_IN) && !any(&["access token", "accesstoken", "access_token"]);
    let of_signature = any(SIGNATURE) && !is_sign_in;
    let is_shape = any(SHAPE);
    let is_failing = any(&["超时", "timeout", "timed out", "调用", "暂不可用"]);
    let is_clock = any(CLOCK) || (any(TIMESTAMP) && any(OUT_OF_TIME)) || any(EXPIRED);
    let of_nonce = text.contains("nonce") || text.contains("随机数") || text.contains("随机串");
    let is_replay = any(REPLAY) || (of_nonce && any(TWICE));
    let of_address = any(ADDRESS) || (has_word(text, "ip") && any(NOT_ADMITTED));
    let of_licence = any(LICENCE);
    let of_tenant = any(TENANT) && !is_json;
    let of_key = any(KEY);
    let is_off = any(SWITCHED_OFF) && !any(&["账号", "账户", "account"]);
    let of_gateway = any(GATEWAY) || has_word(text, "waf");
    Some(if of_gateway && !of_address && !of_signature {
        Subject::Gateway
    } else if is_shape && (of_signature || any(TIMESTAMP)) {
        Subject::Form
    } else if of_signature && any(&["不存在", "not exist", "not found"]) {
        Subject::Missing
    } else if is_missing && (of_token || of_signature || of_nonce || any(TIMESTAMP)) {
        Subject::Missing
    } else if is_replay {
        Subject::Replay
    } else if is_clock && !is_missing && any(&["集群", "节点", "cluster"]) {
        Subject::Internal
    } else if is_clock && !is_missing {
        Subject::Clock
    } else if of_address {
        Subject::Address
    } else if of_licence {
        Subject::Licence
    } else if of_tenant && is_failing {
        Subject::Internal
    } else if of_tenant && !is_missing {
        Subject::Tenant
    } else if of_signature {
        Subject::Signature
    } else if of_token && is_sign_in {
        Subject::SignIn
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
    } else if any(PERMISSION) {
        Subject::Permission
    } else if any(INTERNAL) && !is_json {
        Subject::Internal
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

pub(super) fn subject(said: &Said) -> Subject {
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
    "starting",
    "繁忙",
    "稍后",
    "重试",
    "维护",
    "超时",
    "限流",
    "频繁",
    "服务不可用",
    "升级中",
];

/// Words of a failure inside Dataphin.
const INTERNAL: &[&str] = &[
    "internal error",
    "internal server error",
    "server error",
    "system error",
    "systemerror",
    "system exception",
    "nullpointer",
    "unknown error",
    "系统异常",
    "系统错误",
    "内部错误",
    "服务异常",
    "未知错误",
    "未知异常",
    "exception",
    "空指针",
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, message: &str) -> Said {
        Said { status, code: None, message: message.to_owned(), denied: true, because: None }
    }

    #[test]
    #[allow(clippy::too_many_lines)] // A table.
    fn what_dataphin_says_is_about_one_thing_in_either_language() {
        let table: [(Subject, &[&str]); 19] = [
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
                    "当前版本不支持自定义审批系统，请升级至企业版",
                    "授权用户数已超出上限",
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
                    "登录token已过期，请重新登录",
                    "会话令牌无效，请先登录 Dataphin",
                ],
            ),
            (
                Subject::Busy,
                &[
                    "system is busy",
                    "系统繁忙，请稍后再试",
                    "service unavailable",
                    "系统维护中",
                    "too many requests",
                    "请求过于频繁",
                    "系统异常，请稍后重试",
                    "服务不可用",
                    "读取超时",
                ],
            ),
            (
                Subject::Internal,
                &[
                    "系统异常，请联系管理员",
                    "internal server error",
                    "SYSTEM_ERROR: system error",
                    "java.lang.NullPointerException",
                    "服务内部错误",
                    "集群节点时钟不同步，服务暂不可用",
                    "密钥服务KMS不可用，请稍后重试",
                    "获取租户信息失败：调用租户中心超时",
                    "Access denied for user 'dataphin'@'10.20.0.31' (using password: YES)",
                    "未知异常",
                ],
            ),
            (Subject::NoBody, &["Required request body is missing", "请求体不能为空"]),
            (
                Subject::OtherApi,
                &[
                    "The input parameter \"Action\" that is mandatory for processing this request is not supplied.",
                ],
            ),
            (
                Subject::Gateway,
                &[
                    "域名未授权，禁止访问",
                    "No API key found in request",
                    "no Route matched with those values",
                    "访问被安全策略拦截",
                    "Invalid AppCode",
                    "blocked by WAF",
                    "请求被防火墙阻断",
                    "API网关鉴权失败",
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
                    "时间戳格式错误，应为10位秒级时间戳",
                    "invalid timestamp format, expected yyyy-MM-dd HH:mm:ss",
                    "签名算法不支持，仅支持 HmacSHA256",
                    "JSON parse error: Unrecognized field \"tenantId\"",
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
}
