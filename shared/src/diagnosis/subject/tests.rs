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
                "timestamp must not be older than 5 minutes: expired",
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
                "签名校验失败，请检查 token、timestamp、nonce",
                "invalid signature for timestamp 1764400000",
                "签名校验失败，租户ID：1001",
                "SignatureProcessor: signature mismatch",
                "the signature information does not match",
                "签名校验失败（算法HmacSHA256）",
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
                "access token 已到期",
                "租户1001的AccessToken无效",
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
                "会话已到期，请重新登录",
                "请求被拦截，请先登录",
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
                "SSO ticket 已失效",
            ],
        ),
        (
            Subject::Busy,
            &[
                "网关繁忙，请稍后重试",
                "Read from server timeout",
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
                "internal error, see log info",
                "系统异常，请联系系统维护人员",
                "系统异常，请联系管理员",
                "internal server error",
                "SYSTEM_ERROR: system error",
                "java.lang.NullPointerException",
                "服务内部错误",
                "Communications link failure. The last packet sent successfully to the server was 0 milliseconds ago.",
                "ORA-28001: the password has expired",
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
                "不支持的加密方式",
                "JSON parse error: Unrecognized field \"tenantId\"",
            ],
        ),
        (
            Subject::Entry,
            &["forbidden", "unauthorized", "认证失败", "鉴权失败", "not allowed", "Authentication failed"],
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
