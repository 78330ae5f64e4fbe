//! Where to mend what, in the words of the consoles.

use super::Words;
use crate::config::Home;

/// A page of the app in DingTalk's developer console.
pub(super) fn app_page(en: &str, zh: &str) -> Words {
    Words::new(
        format!("DingTalk developer console > your app > {en}"),
        format!("钉钉开发者后台 > 应用详情 > {zh}"),
    )
}

/// AppKey, AppSecret, AgentId.
pub(super) fn credentials() -> Words {
    app_page("Credentials and Basic Information", "凭证与基础信息")
}

/// A permission point.
pub(super) fn permission(scope: &str, zh: &str) -> Words {
    app_page(
        &format!("Permission Management > {scope}: apply for it"),
        &format!("权限管理 > {zh}（{scope}）：点击“申请权限”"),
    )
}

/// The list of addresses that may call.
pub(super) fn address_list() -> Words {
    app_page(
        "Security Settings > Server egress IP: add the address and save",
        "安全设置 > 服务器出口 IP：添加该 IP 并保存",
    )
}

/// Whom the app may see.
pub(super) fn visible_range() -> Words {
    app_page(
        "add the person in Version Management and Release > Visible range, and in Permission Management > Contacts scope",
        "在“版本管理与发布 > 应用可见范围”与“权限管理 > 通讯录接口权限范围”中加入该成员",
    )
}

/// Token, aes_key, address and filters of the events.
pub(super) fn subscription(en: &str, zh: &str) -> Words {
    app_page(&format!("Event Subscription > HTTP push{en}"), &format!("事件订阅 > HTTP 推送{zh}"))
}

/// A person in DingTalk's contacts.
pub(super) fn contacts() -> Words {
    Words::new("DingTalk admin console > Contacts > Members", "钉钉管理后台 > 通讯录 > 成员管理")
}

/// A device that opens TLS, or a machine that trusts nobody.
pub(super) fn inspected() -> Words {
    machine(
        "if a device on the way inspects TLS, exempt *.dingtalk.com there, or add its authority to this machine's trust store \
         (SSL_CERT_FILE) and restart; if ca-certificates is missing, install it",
        "若出口设备对 HTTPS 做了解密，请在该设备上排除 *.dingtalk.com，或将其根证书装入本机信任库（SSL_CERT_FILE）并重启；\
         若缺少 ca-certificates，请安装",
    )
}

/// The organisation's plan.
pub(super) fn plan() -> Words {
    Words::new(
        "DingTalk developer console > Resource Management: see the usage, and buy API calls (or wait for the next month)",
        "钉钉开发者后台 > 资源管理：查看用量明细并购买 API 调用量（或等待下月）",
    )
}

/// A field of Dataphin's approval settings.
pub(super) fn dataphin(en: &str, zh: &str) -> Words {
    Words::new(
        format!(
            "Dataphin: Management Center > System Settings > Approval Settings > External approval system > Other > {en}"
        ),
        format!("Dataphin：管理中心 > 系统设置 > 审批设置 > 外部审批系统 > 其他 > {zh}"),
    )
}

/// The proxy or gateway before the bridge.
pub(super) fn proxy(en: &str, zh: &str) -> Words {
    Words::new(
        format!("the proxy, gateway or firewall in front of the bridge (BRIDGE_PUBLIC_URL): {en}"),
        format!("审批桥前面的代理、网关或防火墙（BRIDGE_PUBLIC_URL）：{zh}"),
    )
}

/// The process itself.
pub(super) fn serve() -> Words {
    match Home::here() {
        Home::Aws => Words::new(
            "the log of the AWS stack's function `callback` (CloudWatch), and the stack's alarms",
            "AWS 堆栈函数 `callback` 的日志（CloudWatch）与堆栈告警",
        ),
        Home::Machine => Words::new(
            "start `bridge serve` if it does not run (BRIDGE_LISTEN), and see its log if it ends again",
            "如 `bridge serve` 未运行，请启动（BRIDGE_LISTEN）；若启动后退出，请查看其日志",
        ),
    }
}

/// Where what stands in front of the bridge leads to.
pub(super) fn leads_to() -> Words {
    match Home::here() {
        Home::Aws => proxy("let it lead to the AWS stack's API", "将其转发到 AWS 堆栈的 API"),
        Home::Machine => proxy(
            "let it lead to BRIDGE_LISTEN (127.0.0.1 only where it is on the same machine), start `bridge serve` if it does not run, \
             and let the firewall admit the proxy; its health check: GET /health",
            "将后端设为 BRIDGE_LISTEN 的地址与端口（仅当代理在同一台机器时才能用 127.0.0.1）；如 `bridge serve` 未运行，请启动；\
             防火墙须放行代理（CDN 为其回源 IP）；健康检查使用 GET /health",
        ),
    }
}

/// What the proxy or gateway before the bridge shows for itself.
pub(super) fn proxy_certificate() -> Words {
    proxy(
        "bind a valid certificate for this name, with its whole chain (the intermediate certificates, too)",
        "为该域名绑定有效的证书与完整的证书链（包括中间证书）",
    )
}

/// Between the bridge and DingTalk. `variable` holds the address; `is_default`: it is DingTalk's own.
pub(super) fn way_to_dingtalk(variable: &str, is_default: bool) -> Words {
    if is_default { network() } else { network().or(&self::variable(variable)) }
}

/// The same without the address.
pub(super) fn network() -> Words {
    match Home::here() {
        Home::Aws => Words::new(
            "the way from the functions' network to DingTalk (in a VPC: NAT gateway, routes, security groups)",
            "函数网络到钉钉的链路（在 VPC 中：NAT 网关、路由表与安全组）",
        ),
        Home::Machine => Words::new(
            "the network or proxy between the bridge and DingTalk: run `curl -v https://api.dingtalk.com` (and oapi.dingtalk.com) on the \
             bridge's machine; if DingTalk does not answer there, either, have *.dingtalk.com:443 allowed in the firewall or proxy \
             (HTTPS_PROXY if set)",
            "审批桥与钉钉之间的网络或代理：在审批桥所在机器上执行 `curl -v https://api.dingtalk.com`（及 oapi.dingtalk.com）；\
             若同样没有钉钉的应答，请在防火墙或代理（如已设置 HTTPS_PROXY）中放行 *.dingtalk.com:443",
        ),
    }
}

/// The running bridge, which may not have taken up a change yet.
pub(super) fn restart() -> Words {
    let (en, zh) = Home::here().renewal();
    Words::new(en, zh)
}

/// What is done after two ends were made the same.
pub(super) fn and_restart() -> String {
    format!("; then {}", Home::here().renewal().0)
}

/// The same in Chinese.
pub(super) fn and_restart_zh() -> String {
    format!("；然后{}", Home::here().renewal().1)
}

/// Where the bridge runs.
pub(super) fn machine(en: &str, zh: &str) -> Words {
    match Home::here() {
        Home::Aws => Words::new(format!("the AWS stack's functions: {en}"), format!("AWS 堆栈的函数：{zh}")),
        Home::Machine => Words::new(format!("the bridge's machine: {en}"), format!("审批桥所在机器：{zh}")),
    }
}

/// The clock of where the bridge runs.
pub(super) fn clock() -> Words {
    machine("synchronise its clock (NTP)", "同步系统时钟（NTP）")
}

/// What advances requests.
pub(super) fn advances() -> Words {
    match Home::here() {
        Home::Aws => Words::new(
            "see in their logs and the stack's alarms whether the functions `relay` and `sweep` run",
            "查看函数 `relay` 与 `sweep` 的日志与堆栈告警，确认其正在运行",
        ),
        Home::Machine => {
            Words::new("start `bridge serve` if it does not run", "如 `bridge serve` 未运行，请启动")
        }
    }
}

/// The stack's secret and the way to it.
pub(crate) fn secret() -> Words {
    Words::new(
        "the secret in Secrets Manager, the AWS stack's parameter SecretArn, the function's role, and in a VPC the way to \
         Secrets Manager (NAT gateway or endpoint)",
        "Secrets Manager 中的密钥、AWS 堆栈参数 SecretArn、函数角色；在 VPC 中还有到 Secrets Manager 的链路（NAT 网关或终端节点）",
    )
}

/// A variable, and where its value is found.
pub(super) fn variable(name: &str) -> Words {
    let source = match name {
        "DINGTALK_APP_KEY" | "DINGTALK_APP_SECRET" | "DINGTALK_AGENT_ID" => credentials(),
        "DINGTALK_CALLBACK_TOKEN" => subscription(" > Token", " > 签名 token"),
        "DINGTALK_CALLBACK_AES_KEY" => subscription(" > aes_key", " > 加密 aes_key"),
        "DINGTALK_CORP_ID" => {
            Words::new("DingTalk developer console > home page > CorpId", "钉钉开发者后台 > 首页 > CorpId")
        }
        "DINGTALK_PROCESS_CODE" => Words::new(
            "DingTalk OA approval console > the template > Edit (PROC-… in the page's address)",
            "钉钉 OA 审批管理后台 > 审批模板 > 编辑（页面地址中的 PROC-…）",
        ),
        "DINGTALK_SERVICE_USER_ID" | "DINGTALK_TEST_USER_ID" => contacts(),
        "DATAPHIN_ACCESS_TOKEN" => dataphin("Access Token", "Access Token"),
        "DATAPHIN_CALLBACK_URL" => dataphin("Callback URL", "回调 URL"),
        "DATAPHIN_CALLBACK_AES_KEY" => dataphin("Encoding AES Key", "Encoding AES Key"),
        _ => return Words::variable(name),
    };
    let source = Words::new(format!(" (its value: {})", source.en), format!("（取值见 {}）", source.zh));
    Words::change(("correct", "修改"), name, &source)
}
