//! The words by which a no of Dataphin's is told from another, in lower case.

pub(super) const OUT_OF_TIME: &[&str] = &[
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

pub(super) const WRONG: &[&str] = &[
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

pub(in crate::diagnosis) const MISSING: &[&str] = &[
    "missing",
    "required",
    "is empty",
    "is null",
    "not present",
    "absent",
    "not provided",
    "缺少",
    "缺失",
    "为空",
    "未传",
    "未携带",
    "未提供",
    "必填",
    "must not be null",
    "must not be empty",
    "must not be blank",
];

pub(in crate::diagnosis) const SIGNATURE: &[&str] = &[
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

pub(in crate::diagnosis) const TIMESTAMP: &[&str] = &["timestamp", "time stamp", "时间戳"];

pub(in crate::diagnosis) const TOKEN: &[&str] = &["token", "令牌", "accesskey", "凭证"];

pub(super) const ACCESS_TOKEN: &[&str] = &["access token", "accesstoken", "access_token", "令牌"];

pub(super) const SIGN_IN: &[&str] =
    &["单点登录", "sign-in", "signed in", "login", "logged in", "登录", "登陆", "session", "会话"];

pub(super) const CLOCK: &[&str] =
    &["clock", "时钟", "time skew", "时间偏差", "时间差", "时间相差", "系统时间", "服务器时间"];

pub(super) const EXPIRED: &[&str] = &[
    "request expired",
    "request has expired",
    "请求已过期",
    "请求过期",
    "请求已失效",
    "请求失效",
    "requesttimetooskewed",
];

pub(super) const REPLAY: &[&str] =
    &["replay", "重放", "duplicate request", "repeated request", "重复请求", "重复提交"];

pub(super) const TWICE: &[&str] =
    &["duplicate", "repeat", "used", "重复", "已使用", "已存在", "already exist"];

pub(super) const GATEWAY: &[&str] = &[
    "api key",
    "apikey",
    "api-key",
    "appcode",
    "x-ca-",
    "jwt",
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
pub(super) const INSIDE: &[&str] = &[
    "communications link failure",
    "connection refused",
    "no space left",
    "ora-",
    "denied to user",
    "sqlstate",
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
pub(super) const OTHER_API: &[&str] = &[
    "no static resource",
    "no handler found",
    "endpoint does not exist",
    "接口不存在",
    "接口地址不存在",
    "\"action\"",
    "parameter action",
    "invalidaction",
    "invalidversion",
];

pub(super) const NO_BODY: &[&str] = &[
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
pub(super) const HTTPS: &[&str] = &[
    "请使用https",
    "使用 https",
    "使用https",
    "仅支持https",
    "https only",
    "use https",
    "requires https",
    "https required",
    "https is required",
];

pub(super) const SHAPE: &[&str] =
    &["格式", "yyyy", "位秒级", "位毫秒", "不支持", "not supported", "unsupported", "公钥", "rsa", "仅支持"];

pub(super) const ADDRESS: &[&str] = &[
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

pub(super) const NOT_ADMITTED: &[&str] = &[
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

pub(super) const LICENCE: &[&str] = &[
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
    "试用期",
    "企业版",
    "当前版本不支持",
    "edition",
    "trial period",
    "已失效的订购",
    "subscription",
    "用户数已",
    "用户数超",
    "授权数已",
    "授权数超",
];

pub(super) const TENANT: &[&str] = &["tenant", "租户", "organization", "organisation", "组织已", "组织不"];

pub(super) const KEY: &[&str] =
    &["decrypt", "decod", "cipher", "解密", "密文", "aes", "padding", "密钥", "加密"];

pub(super) const SWITCHED_OFF: &[&str] = &[
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

pub(super) const PERMISSION: &[&str] = &[
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

/// Words about Dataphin's own state.
pub(super) const BUSY: &[&str] = &[
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
    "繁忙",
    "稍后",
    "重试",
    "超时",
    "限流",
    "频繁",
    "服务不可用",
    "升级中",
    "维护中",
    "正在维护",
    "is starting",
    "starting up",
];

/// Words of a failure inside Dataphin.
pub(super) const INTERNAL: &[&str] = &[
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
pub(super) const FORM: &[&str] = &[
    "parse",
    "body",
    "json",
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
    " format",
    "malformat",
];

/// Words about who may come in.
pub(super) const ENTRY: &[&str] = &[
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

/// Lists of who may come in. Without a word of whose, they are of addresses.
pub(super) const ADDRESS_LIST: &[&str] =
    &["whitelist", "white list", "white-list", "allowlist", "allow list", "blacklist", "白名单", "黑名单"];
/// Whoever else may be on such a list, or be switched off.
pub(super) const OTHERS: &[&str] =
    &["租户", "tenant", "域名", "domain", "应用", "用户", "user", "账号", "账户", "account"];
/// Words of time, and of nothing else: an `invalid signature` may stand beside a timestamp.
pub(super) const OF_TIME: &[&str] = &[
    "expire",
    "too old",
    "too far",
    "too late",
    "too early",
    "skew",
    "window",
    "stale",
    "drift",
    "相差",
    "过期",
    "超时",
    "超出",
    "失效",
    "差异",
];
/// What is closed and is no setting.
pub(super) const PLUMBING: &[&str] = &["connection", "pool", "stream", "socket"];
