//! What works and could be safer: tokens that are short enough to be guessed, and proxies that read what is secret.

use reqwest::Url;

use super::{Failure, Words, places, reach::proxy_of};
use crate::config::Variables;

/// So many letters and digits withstand guessing, however fast it is.
const SAFE_LENGTH: usize = 16;
/// Tokens by which somebody is let in. (A shorter operator's token is refused at once.)
const TOKENS: [&str; 4] = [
    "DATAPHIN_ACCESS_TOKEN",
    "DATAPHIN_ACCESS_TOKEN_PREVIOUS",
    "DINGTALK_CALLBACK_TOKEN",
    "DINGTALK_CALLBACK_TOKEN_PREVIOUS",
];
/// Addresses that are called with a token.
const ADDRESSES: [&str; 3] = ["DATAPHIN_CALLBACK_URL", "DINGTALK_API_URL", "DINGTALK_OAPI_URL"];

/// Each warning with the variable that it is about. `environment`: the process's, where proxies are set.
pub fn warnings(
    variables: &Variables,
    environment: impl Fn(&str) -> Option<String>,
) -> Vec<(&'static str, Failure)> {
    let short =
        TOKENS.into_iter().filter_map(|name| Some((name, short_token(name, variables.given(name)?)?)));
    let read = ADDRESSES
        .into_iter()
        .filter_map(|name| Some((name, read_on_the_way(name, variables.given(name)?, &environment)?)));
    short.chain(read).collect()
}

fn short_token(name: &str, token: &str) -> Option<Failure> {
    let length = token.chars().count();
    (length < SAFE_LENGTH).then(|| {
        let cause = Words::new(
            format!("{name} has {length} characters and can be guessed in time: use {SAFE_LENGTH} or more"),
            format!("{name} 只有 {length} 个字符，可能被暴力猜出：请使用 {SAFE_LENGTH} 个以上"),
        );
        let place = places::variable(name);
        let mend = Words::new(
            format!("set a random one (`bridge keygen` prints some): {}", place.en),
            format!("请设置随机长令牌（可用 `bridge keygen` 生成）：{}", place.zh),
        );
        Failure::new(cause, mend).code("short-token")
    })
}

fn read_on_the_way(
    name: &str,
    address: &str,
    environment: &impl Fn(&str) -> Option<String>,
) -> Option<Failure> {
    let url = Url::parse(address).ok().filter(|url| url.scheme() == "http")?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let proxy = proxy_of(url.scheme(), host, environment)?;
    let cause = Words::new(
        format!(
            "{name} begins with http://, and {proxy} sends such calls through a proxy, which reads the access token and the \
             contents in them"
        ),
        format!("{name} 以 http:// 开头，且 {proxy} 让此类请求经过代理：代理可读取其中的访问令牌和内容"),
    );
    let mend = Words::new(
        format!(
            "an https:// address in {name}, or its host ({host}) in NO_PROXY of the bridge's environment"
        ),
        format!("将 {name} 改为 https:// 地址，或在审批桥环境变量 NO_PROXY 中加入其主机（{host}）"),
    );
    Some(Failure::new(cause, mend).code("proxied-http"))
}

#[cfg(test)]
mod tests {
    use super::{super::configuration::tests::variables, *};

    fn warned(changes: &[(&str, &str)], environment: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let long =
            [("DATAPHIN_ACCESS_TOKEN", "9f2c71be049f2c71"), ("DINGTALK_CALLBACK_TOKEN", "k3Vb81Qxk3Vb81Qx")];
        let environment = |name: &str| {
            environment.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        };
        let warnings = warnings(&variables(&[&long[..], changes].concat()), environment);
        warnings.into_iter().map(|(name, failure)| (name, failure.code.unwrap_or_default())).collect()
    }

    #[test]
    fn a_token_that_can_be_guessed_is_warned_about() {
        assert_eq!(warned(&[], &[]), []);
        let short = [("DATAPHIN_ACCESS_TOKEN", "6d1b2n1c"), ("DINGTALK_CALLBACK_TOKEN", "123456789012345")];
        let expected =
            ["DATAPHIN_ACCESS_TOKEN", "DINGTALK_CALLBACK_TOKEN"].map(|name| (name, "short-token".to_owned()));
        assert_eq!(warned(&short, &[]), expected);
        let [(_, failure), ..] = &warnings(&variables(&short), |_| None)[..] else { panic!() };
        assert!(failure.cause.en.contains("has 8 characters") && !failure.cause.en.contains("6d1b2n1c"));
        assert!(failure.mend.en.contains("keygen") && failure.mend.zh.contains("keygen"));
    }

    #[test]
    fn a_proxy_that_reads_a_token_is_warned_about() {
        let url = "http://dataphin.corp/api/oa/bpms/integration/thirdparty/callback";
        let http = [("DATAPHIN_CALLBACK_URL", url)];
        let proxy = ("HTTP_PROXY", "http://proxy.corp:3128");
        let read = [("DATAPHIN_CALLBACK_URL", "proxied-http".to_owned())];
        assert_eq!(warned(&http, &[proxy]), read);
        assert_eq!(warned(&http, &[("all_proxy", "socks5://proxy.corp")]), read);
        assert_eq!(warned(&http, &[proxy, ("NO_PROXY", "other.corp")]), read);
        assert_eq!(
            warned(&[("DINGTALK_API_URL", "http://127.0.0.1:1")], &[proxy]).len(),
            1,
            "a proxy for itself, too"
        );
        for none in [
            warned(&http, &[]),
            warned(&http, &[("HTTPS_PROXY", "http://proxy.corp:3128")]),
            warned(&http, &[proxy, ("NO_PROXY", ".corp")]),
            warned(&http, &[proxy, ("no_proxy", "a, dataphin.corp")]),
            warned(&[("DATAPHIN_CALLBACK_URL", "http://10.2.3.4/x")], &[proxy, ("NO_PROXY", "10.0.0.0/8")]),
            warned(&[], &[proxy]),
        ] {
            assert_eq!(none, []);
        }
    }
}
