//! Pages with which something before the service that was meant turns a call away, and that say why.

use super::Words;

/// Who turned the call away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocked {
    /// The provider, for want of an ICP filing of the domain.
    Unfiled,
    /// A firewall for web applications.
    Firewall,
    /// A server that asks for a certificate of the client's.
    NoCertificate,
    /// A server that is being worked on.
    Maintenance,
}

/// Words of a page with which a domain is blocked for want of a filing.
const UNFILED: [&str; 8] = [
    "未备案",
    "没有备案",
    "尚未备案",
    "未进行备案",
    "未完成备案",
    "获取 icp 备案号",
    "获取icp备案号",
    "non-compliance icp",
];
/// Words of a page with which a firewall for web applications blocks.
const FIREWALL: [&str; 10] = [
    "拦截",
    "阻断",
    "安全威胁",
    "安全策略",
    "应用防火墙",
    "application firewall",
    "web firewall",
    "has been blocked",
    "request blocked",
    "security policy",
];
/// Words of a page, and of a JSON, that asks for a client certificate.
const NO_CERTIFICATE: [&str; 3] =
    ["no required ssl certificate was sent", "the ssl certificate error", "client certificate required"];

/// Words of a page that stands in for a service that is being worked on.
const MAINTENANCE: [&str; 7] = [
    "系统维护",
    "维护中",
    "系统升级",
    "升级维护",
    "under maintenance",
    "scheduled maintenance",
    "maintenance mode",
];

/// A page looks no farther than that.
const MAX_BYTES: usize = 64 * 1024;

impl Blocked {
    /// What a refusal says of itself.
    pub fn of(status: u16, body: &[u8]) -> Option<Self> {
        if status < 400 {
            return None;
        }
        let body = body.get(..body.len().min(MAX_BYTES)).unwrap_or_default();
        let body = String::from_utf8_lossy(body).to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| body.contains(word));
        if says(&UNFILED) {
            Some(Self::Unfiled)
        } else if says(&NO_CERTIFICATE) {
            Some(Self::NoCertificate)
        } else if says(&FIREWALL) {
            Some(Self::Firewall)
        } else {
            (status >= 500 && says(&MAINTENANCE)).then_some(Self::Maintenance)
        }
    }

    /// Its stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unfiled => "no-icp-filing",
            Self::Firewall => "blocked",
            Self::NoCertificate => "client-certificate",
            Self::Maintenance => "maintenance",
        }
    }

    /// What happens to a call to the address in `variable`, before `whom`.
    pub fn cause(self, status: u16, variable: &str, whom: &Words) -> Words {
        match self {
            Self::Unfiled => Words::new(
                format!(
                    "HTTP {status}: the domain of {variable} is blocked, because it has no ICP filing (备案)"
                ),
                format!("HTTP {status}：{variable} 的域名未备案，访问被拦截"),
            ),
            Self::Firewall => Words::new(
                format!(
                    "HTTP {status}: a web application firewall (WAF) in front of {} blocks the call",
                    whom.en
                ),
                format!("HTTP {status}：{}前面的 Web 应用防火墙（WAF）拦截了请求", whom.zh),
            ),
            Self::NoCertificate => Words::new(
                format!(
                    "HTTP {status}: what stands in front of {} wants a client certificate (mutual TLS)",
                    whom.en
                ),
                format!("HTTP {status}：{}前面的服务要求客户端证书（双向 TLS）", whom.zh),
            ),
            Self::Maintenance => Words::new(
                format!("HTTP {status}: a page of maintenance is shown in the place of {}", whom.en),
                format!("HTTP {status}：返回的是维护页面，而不是{}的响应", whom.zh),
            ),
        }
    }

    /// What to do about it, for POST to `paths`.
    pub fn fix(self, paths: &Words) -> Words {
        match self {
            Self::Unfiled => Words::new(
                "complete the domain's ICP filing, or use a domain that has one",
                "为该域名完成 ICP 备案，或改用已备案的域名",
            ),
            Self::Firewall => Words::new(
                format!("the firewall: add an exception for POST to {}", paths.en),
                format!("在防火墙中为 {} 的 POST 请求添加放行规则", paths.zh),
            ),
            Self::NoCertificate => Words::new(
                format!("let POST to {} in without a client certificate", paths.en),
                format!("对 {} 的 POST 请求不要求客户端证书", paths.zh),
            ),
            Self::Maintenance => Words::new(
                format!("wait for the end of the maintenance, or take {} out of it", paths.en),
                format!("等待维护结束，或让维护页面放行 {}", paths.zh),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_says_why_it_blocks_is_named_by_what_it_says() {
        let waf = "<html>405 很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。</html>";
        let filing = "<title>Non-compliance ICP Filing</title>该网站暂时无法访问：未备案";
        let footer = "<html>404 Not Found <p>浙ICP备12345678号 公安备案号 3301</p></html>";
        let mutual = "<html>400 No required SSL certificate was sent</html>";
        assert_eq!(Blocked::of(405, waf.as_bytes()), Some(Blocked::Firewall));
        assert_eq!(Blocked::of(403, filing.as_bytes()), Some(Blocked::Unfiled));
        assert_eq!(Blocked::of(400, mutual.as_bytes()), Some(Blocked::NoCertificate));
        let maintained = "<h1>系统维护中，预计20:00恢复</h1>";
        assert_eq!(Blocked::of(503, maintained.as_bytes()), Some(Blocked::Maintenance));
        assert_eq!(
            Blocked::of(404, maintained.as_bytes()),
            None,
            "a page that is not there says nothing of that"
        );
        assert_eq!(Blocked::of(404, footer.as_bytes()), None, "every site in China shows its filing");
        assert_eq!(Blocked::of(200, waf.as_bytes()), None);
    }
}
