//! Values that do not go together, or stand in the wrong place.

use reqwest::Url;

use super::Wrong;
use crate::{
    config::Variables,
    diagnosis::{Failure, Words, places},
    http::Http,
};

/// Where Dataphin takes outcomes from an external system, and where it takes DingTalk's own events.
const THIRD_PARTY_PATH: &str = "/api/oa/bpms/integration/thirdparty/callback";
const DINGTALK_OA_PATH: &str = "/task/callback";

/// What is wrong between the variables.
pub(super) fn wrong(variables: &Variables) -> Wrong {
    let causes = [secrets(variables), forms(variables), addresses(variables), files(variables)];
    causes
        .into_iter()
        .flatten()
        .map(|(name, cause)| (name.to_owned(), Failure::new(cause, places::variable(name))))
        .collect()
}

type Causes = Vec<(&'static str, Words)>;

/// Two secrets that are the same, or each in the other's place.
fn secrets(variables: &Variables) -> Causes {
    let mut causes = Causes::new();
    let same = |one: &str, other: &str| {
        variables.given(one).is_some_and(|value| variables.given(other) == Some(value))
    };
    let pairs = [
        ("DINGTALK_APP_SECRET", "DINGTALK_APP_KEY"),
        ("DINGTALK_CALLBACK_TOKEN", "DATAPHIN_ACCESS_TOKEN"),
        ("DINGTALK_CALLBACK_TOKEN", "DINGTALK_APP_SECRET"),
        ("DINGTALK_CALLBACK_AES_KEY", "DATAPHIN_CALLBACK_AES_KEY"),
        ("DINGTALK_CORP_ID", "DINGTALK_APP_KEY"),
        ("BRIDGE_OPERATOR_TOKEN", "DATAPHIN_ACCESS_TOKEN"),
        ("BRIDGE_OPERATOR_TOKEN", "DINGTALK_CALLBACK_TOKEN"),
        ("BRIDGE_OPERATOR_TOKEN", "DINGTALK_APP_SECRET"),
    ];
    for (one, other) in pairs {
        if same(one, other) {
            let cause = Words::new(
                format!("{one} is the same as {other}: one was copied into the other's place"),
                format!("{one} 与 {other} 的值相同：其中一个填错了位置"),
            );
            causes.push((one, cause));
        }
    }
    let is_key =
        |name: &str| variables.given(name).map(|value| value.starts_with("ding") && value.len() <= 24);
    if is_key("DINGTALK_APP_SECRET") == Some(true) && is_key("DINGTALK_APP_KEY") == Some(false) {
        let cause = Words::new(
            "DINGTALK_APP_KEY and DINGTALK_APP_SECRET are swapped",
            "DINGTALK_APP_KEY 与 DINGTALK_APP_SECRET 填反了",
        );
        causes.push(("DINGTALK_APP_KEY", cause));
    }
    causes
}

/// What a console would not take.
fn forms(variables: &Variables) -> Causes {
    let mut causes = Causes::new();
    let token = variables.given("DINGTALK_CALLBACK_TOKEN").unwrap_or("abc");
    if !(3..=32).contains(&token.chars().count()) || !token.chars().all(|c| c.is_ascii_alphanumeric()) {
        let has = token.chars().count();
        let cause = Words::new(
            format!(
                "DINGTALK_CALLBACK_TOKEN is not accepted by DingTalk's console, which takes 3 to 32 letters and digits (it has \
                 {has} characters)"
            ),
            format!(
                "DINGTALK_CALLBACK_TOKEN 不符合钉钉后台的要求：3 到 32 位字母或数字（当前为 {has} 个字符）"
            ),
        );
        causes.push(("DINGTALK_CALLBACK_TOKEN", cause));
    }
    let key = variables.given("DINGTALK_CALLBACK_AES_KEY").unwrap_or_default();
    if !key.chars().all(|c| c.is_ascii_alphanumeric()) {
        let cause = Words::new(
            "DINGTALK_CALLBACK_AES_KEY is not accepted by DingTalk's console, which takes 43 letters and digits",
            "DINGTALK_CALLBACK_AES_KEY 不符合钉钉后台的要求：43 位字母或数字",
        );
        causes.push(("DINGTALK_CALLBACK_AES_KEY", cause));
    }
    if variables.given("DINGTALK_PROCESS_CODE").is_some_and(|code| !code.starts_with("PROC-")) {
        let cause = Words::new(
            "DINGTALK_PROCESS_CODE is no process code, which begins with PROC- (it is not the template's name or the form's id)",
            "DINGTALK_PROCESS_CODE 不是流程编码：应以 PROC- 开头（不是模板名称，也不是表单 ID）",
        );
        causes.push(("DINGTALK_PROCESS_CODE", cause));
    }
    causes
}

fn addresses(variables: &Variables) -> Causes {
    let url = |name: &str| variables.given(name).and_then(|value| Url::parse(value).ok());
    let (api, oapi) = (url("DINGTALK_API_URL"), url("DINGTALK_OAPI_URL"));
    let mut causes = Causes::new();
    for (name, url, other) in
        [("DINGTALK_API_URL", &api, "oapi.dingtalk.com"), ("DINGTALK_OAPI_URL", &oapi, "api.dingtalk.com")]
    {
        let Some(url) = url else { continue };
        let host = url.host_str().unwrap_or_default();
        if host == other {
            let cause = Words::new(
                format!("{name} has the address of the other API: leave both unset, or swap them"),
                format!("{name} 填的是另一套接口的地址：请两个都不设置，或互换"),
            );
            causes.push((name, cause));
        } else if host.ends_with("dingtalk.com") && url.scheme() == "http" {
            let cause = Words::new(
                format!("{name} begins with http://: secrets would travel in the clear; use https://"),
                format!("{name} 以 http:// 开头：密钥会以明文传输；请改用 https://"),
            );
            causes.push((name, cause));
        } else if has_path(url) {
            let cause = Words::new(
                format!("{name} has a path after the host: the bridge adds the paths itself"),
                format!("{name} 在主机名之后带有路径：路径由审批桥自行添加"),
            );
            causes.push((name, cause));
        }
    }
    causes.extend(public_url(url("BRIDGE_PUBLIC_URL").as_ref()).map(|cause| ("BRIDGE_PUBLIC_URL", cause)));
    let dataphin = url("DATAPHIN_CALLBACK_URL");
    let ours = url("BRIDGE_PUBLIC_URL");
    let listen = variables.given("BRIDGE_LISTEN").unwrap_or("127.0.0.1:8080");
    if let Some(cause) = dataphin.as_ref().and_then(|dataphin| callback_url(dataphin, ours.as_ref(), listen))
    {
        causes.push(("DATAPHIN_CALLBACK_URL", cause));
    }
    causes
}

fn has_path(url: &Url) -> bool {
    !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some()
}

fn public_url(url: Option<&Url>) -> Option<Words> {
    let url = url?;
    let path = url.path().to_ascii_lowercase();
    let host = url.host_str().unwrap_or_default();
    if path.contains("/dingtalk/callback") || path.contains("/dataphin/") || path.ends_with("/dataphin") {
        return Some(Words::new(
            "BRIDGE_PUBLIC_URL has a path of ours at its end: it is the address before /dataphin and /dingtalk/callback",
            "BRIDGE_PUBLIC_URL 末尾带有审批桥自己的路径：只填 /dataphin 和 /dingtalk/callback 之前的部分",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some(Words::new(
            "BRIDGE_PUBLIC_URL has a query or a fragment: it is an address and, perhaps, a path",
            "BRIDGE_PUBLIC_URL 带有查询参数或片段（? 或 #）：只能是地址，可带路径",
        ));
    }
    if host.ends_with("dingtalk.com") {
        return Some(Words::new(
            "BRIDGE_PUBLIC_URL is DingTalk's address: it must be the bridge's own",
            "BRIDGE_PUBLIC_URL 填的是钉钉的地址：应为审批桥自己的公网地址",
        ));
    }
    None
}

fn callback_url(url: &Url, ours: Option<&Url>, listen: &str) -> Option<Words> {
    let path = url.path().trim_end_matches('/');
    let says = |en: &str, zh: &str| {
        Some(Words::new(format!("DATAPHIN_CALLBACK_URL {en}"), format!("DATAPHIN_CALLBACK_URL {zh}")))
    };
    if path.ends_with(DINGTALK_OA_PATH) {
        return says(
            &format!(
                "is the one of Dataphin's own DingTalk integration ({DINGTALK_OA_PATH}): it must end in {THIRD_PARTY_PATH}"
            ),
            &format!(
                "是 Dataphin 自带钉钉集成的回调地址（{DINGTALK_OA_PATH}）：应以 {THIRD_PARTY_PATH} 结尾"
            ),
        );
    }
    if path.contains("/dataphin/bpms") || path.ends_with("/dingtalk/callback") {
        return says(
            &format!(
                "has a path of the bridge's: outcomes would come back to us; it must end in {THIRD_PARTY_PATH}"
            ),
            &format!("带有审批桥自己的路径：审批结果会发回审批桥；应以 {THIRD_PARTY_PATH} 结尾"),
        );
    }
    if url.host_str().is_some_and(|host| host.ends_with("dingtalk.com")) {
        return says(
            "is DingTalk's address: it must be Dataphin's",
            "填的是钉钉的地址：应为 Dataphin 的地址",
        );
    }
    if path.is_empty() {
        return says(
            &format!("has no path: it must end in {THIRD_PARTY_PATH}"),
            &format!("缺少路径：应以 {THIRD_PARTY_PATH} 结尾"),
        );
    }
    let place = |url: &Url| (url.host_str().map(str::to_ascii_lowercase), url.port_or_known_default());
    let same_as_public = ours.is_some_and(|ours| place(ours) == place(url));
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let port = listen.rsplit(':').next().and_then(|port| port.parse().ok());
    let same_as_listen = loopback && url.port_or_known_default() == port && port != Some(0);
    // Behind one host by paths is possible; Dataphin's own path then tells that it is meant.
    if (same_as_public && !path.ends_with(THIRD_PARTY_PATH)) || same_as_listen {
        return says(
            "is the bridge's own address (the same as BRIDGE_PUBLIC_URL or BRIDGE_LISTEN): outcomes would come back to us",
            "是审批桥自己的地址（与 BRIDGE_PUBLIC_URL 或 BRIDGE_LISTEN 相同）：审批结果会发回审批桥",
        );
    }
    None
}

fn files(variables: &Variables) -> Causes {
    let authority = variables.given("DATAPHIN_CA_FILE").and_then(|file| std::fs::read(file).ok());
    let unusable = authority.filter(|pem| Http::certificates(pem) == 0);
    let cause = Words::new(
        "DATAPHIN_CA_FILE holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",
        "DATAPHIN_CA_FILE 中没有 PEM 格式的证书（-----BEGIN CERTIFICATE-----）",
    );
    unusable.map(|_| ("DATAPHIN_CA_FILE", cause)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::one_wrong;

    #[test]
    fn values_in_the_wrong_place_are_told() {
        let table: [(&str, &str, &str); 15] = [
            ("DINGTALK_APP_SECRET", "dingk3v9q2m7x1c8b5n0", "same as DINGTALK_APP_KEY"),
            ("DINGTALK_CALLBACK_TOKEN", "9f2c71be04", "same as DATAPHIN_ACCESS_TOKEN"),
            ("DINGTALK_CALLBACK_TOKEN", "k3-Vb_81", "3 to 32 letters and digits"),
            ("DINGTALK_CALLBACK_TOKEN", "k3", "it has 2 characters"),
            (
                "DINGTALK_CALLBACK_AES_KEY",
                "q8Rz3LmT5vKx1WcYb7NdHg2Js9PfUe4AoIi6XwCtV+/",
                "letters and digits",
            ),
            (
                "DINGTALK_CALLBACK_AES_KEY",
                "Zt4Qm8Wk2Xc6Vb1Nn5Lp9Rs3Ty7Uh0Gj2Fd4Sa6Qe8i",
                "same as DATAPHIN_CALLBACK_AES_KEY",
            ),
            ("DINGTALK_PROCESS_CODE", "Dataphin Approval", "begins with PROC-"),
            ("DINGTALK_API_URL", "https://oapi.dingtalk.com", "the other API"),
            ("DINGTALK_OAPI_URL", "https://api.dingtalk.com", "the other API"),
            ("DINGTALK_API_URL", "https://api.dingtalk.com/v1.0", "has a path"),
            ("DATAPHIN_CALLBACK_URL", "https://dataphin.corp/task/callback", "own DingTalk integration"),
            ("DATAPHIN_CALLBACK_URL", "https://approvals.corp.cn/back", "the bridge's own address"),
            (
                "DATAPHIN_CALLBACK_URL",
                "https://d.corp/dataphin/bpms/processinstance/create",
                "path of the bridge's",
            ),
            ("DATAPHIN_CALLBACK_URL", "https://dataphin.corp", "has no path"),
            ("BRIDGE_PUBLIC_URL", "https://approvals.corp.cn/dingtalk/callback", "path of ours"),
        ];
        for (name, value, cause) in table {
            let (found, says) = one_wrong(&[(name, value)]);
            assert_eq!(found, name, "{says}");
            // A process code with a blank is told by its blank, which is as good.
            assert!(says.contains(cause) || value.contains(' '), "{says}");
        }
        let swapped = [
            ("DINGTALK_APP_KEY", "Qm3xV7-kLp9sT2wZ_8rNcYbUfGhJd4E6aXoKiReWvTqMlPzS"),
            ("DINGTALK_APP_SECRET", "dingk3v9q2m7x1c8b5n0"),
        ];
        assert!(one_wrong(&swapped).1.contains("swapped"));
    }
}
