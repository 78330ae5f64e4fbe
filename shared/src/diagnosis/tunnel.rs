//! Why a proxy of the environment does not get through: it is asked for a tunnel, as the client asks. The client does not say
//! with which status a proxy refuses.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Url;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::{Words, connect, places};

/// A longer status line is nobody's.
const MAX_LINE: usize = 512;
const HTTP_PORT: u16 = 80;

/// What is wrong with the proxy in `variable` (its value: `proxy`), and where to fix it; nothing where it makes the tunnel. `to`: the
/// place at the other end; nothing: no tunnel is asked for. Takes no longer than `until`.
pub(super) async fn why(
    variable: &str,
    proxy: &str,
    to: Option<&str>,
    until: Instant,
) -> Option<(Words, Words)> {
    let with_scheme = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    let here = || places::machine(&format!("correct {variable}"), &format!("修改 {variable}"));
    let Ok(url) = Url::parse(&with_scheme) else {
        let why = Words::new(
            "its value is no address (special characters of a password are written as %23 for #, %40 for @, %2F for /)",
            "其值不是有效地址（密码中的特殊字符须转义：# 写作 %23，@ 写作 %40，/ 写作 %2F）",
        );
        return Some((why, here()));
    };
    let scheme = url.scheme();
    if !matches!(scheme, "http" | "https") {
        let why = Words::new(
            format!("{scheme}:// is no kind of proxy that the bridge can use: http:// or https:// is"),
            format!("审批桥不支持 {scheme}:// 类型的代理，仅支持 http:// 与 https://"),
        );
        return Some((why, here()));
    }
    let host = url.host_str()?;
    let port = url.port_or_known_default().unwrap_or(HTTP_PORT);
    let host = host.trim_matches(['[', ']']);
    let named = match connect::resolve(host, port, until).await {
        Ok(named) => named,
        Err(unconnected) => return Some((unconnected.words(), here())),
    };
    let stream = match connect::to_any(&named.addresses, &format!("{host}:{port}"), until).await {
        Ok(stream) => stream,
        Err(unconnected) => return Some((unconnected.words(), here())),
    };
    let to = to.filter(|_| url.scheme() == "http")?;
    let answer = timeout_at(until, ask(stream, to, &url)).await.unwrap_or(Answer::None);
    judge(answer, to, &format!("{host}:{port}")).map(|(why, whose)| {
        let rules =
            Words::new("that proxy's rules: allow this host and port", "在该代理的规则中允许该主机与端口");
        let own_way = Words::new(
            format!(
                "that proxy's own way to {to}: its DNS, network and parent proxy, with its administrator"
            ),
            format!("请代理管理员检查该代理自身到 {to} 的 DNS、网络与上级代理"),
        );
        let fix = match whose {
            Whose::Rules => rules.or(&here()),
            Whose::Way => own_way.or(&here()),
            Whose::Here => here(),
        };
        (why, fix)
    })
}

/// What a proxy answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Status(u16),
    /// No HTTP.
    Else,
    /// It closes the connection.
    Closed,
    /// Nothing comes in time.
    None,
}

async fn ask(mut stream: TcpStream, to: &str, proxy: &Url) -> Answer {
    let credentials = credentials(proxy).map_or_else(String::new, |credentials| {
        format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(credentials))
    });
    let request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{credentials}\r\n");
    if stream.write_all(request.as_bytes()).await.is_err() {
        return Answer::Closed;
    }
    let mut line = Vec::new();
    let mut part = [0; MAX_LINE];
    while line.len() < MAX_LINE && !line.contains(&b'\n') {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) if line.is_empty() => return Answer::Closed,
            Ok(0) | Err(_) => break,
            Ok(read) => line.extend_from_slice(&part[..read]),
        }
    }
    status(&String::from_utf8_lossy(&line)).map_or(Answer::Else, Answer::Status)
}

fn status(line: &str) -> Option<u16> {
    let (version, rest) = line.split_once(' ')?;
    version.starts_with("HTTP/").then(|| rest.get(..3)?.parse().ok()).flatten()
}

/// User and password of a proxy's address, as the client sends them.
fn credentials(proxy: &Url) -> Option<Vec<u8>> {
    if proxy.username().is_empty() && proxy.password().is_none() {
        return None;
    }
    let password = decoded(proxy.password().unwrap_or_default());
    Some([decoded(proxy.username()), b":".to_vec(), password].concat())
}

/// Without the percent signs of an address.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = behind.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    bytes
}

/// Where it is fixed that a proxy makes no tunnel.
enum Whose {
    Rules,
    Way,
    Here,
}

/// What an answer says, and where that is fixed.
fn judge(answer: Answer, to: &str, proxy: &str) -> Option<(Words, Whose)> {
    let words = |en: String, zh: String| Words::new(en, zh);
    Some(match answer {
        Answer::Status(200..=299) => return None,
        Answer::Status(407) => (
            words(
                "it asks for a user and a password (HTTP 407), or does not take those in its address"
                    .to_owned(),
                "它要求用户名与密码（HTTP 407），或不接受地址中的用户名与密码".to_owned(),
            ),
            Whose::Here,
        ),
        Answer::Status(status @ (400 | 404 | 405 | 501)) => (
            words(
                format!(
                    "{proxy} does not know CONNECT (HTTP {status}): it is a web server or another port, and no proxy"
                ),
                format!("{proxy} 不支持 CONNECT（HTTP {status}）：它是 Web 服务或其他端口，而不是代理"),
            ),
            Whose::Here,
        ),
        Answer::Status(status @ (401 | 403)) => (
            words(
                format!("it refuses to connect to {to} (HTTP {status}): its rules do not allow it"),
                format!("它拒绝连接 {to}（HTTP {status}）：其规则不允许"),
            ),
            Whose::Rules,
        ),
        Answer::Status(status @ 500..) => (
            words(
                format!("it does not reach {to} itself (HTTP {status})"),
                format!("它自身无法连通 {to}（HTTP {status}）"),
            ),
            Whose::Way,
        ),
        Answer::Status(status) => (
            words(
                format!("it answers HTTP {status} when it is asked to connect to {to}"),
                format!("请求连接 {to} 时它返回 HTTP {status}"),
            ),
            Whose::Rules,
        ),
        Answer::Else => (
            words(
                format!("what listens at {proxy} is no HTTP proxy"),
                format!("{proxy} 上的服务不是 HTTP 代理"),
            ),
            Whose::Here,
        ),
        Answer::Closed => (
            words(
                format!("{proxy} closes the connection when it is asked to connect to {to}"),
                format!("请求连接 {to} 时 {proxy} 关闭了连接"),
            ),
            Whose::Here,
        ),
        Answer::None => (
            words(
                format!(
                    "{proxy} is connected, and does not answer in time when it is asked to connect to {to}"
                ),
                format!("{proxy} 已连接，但请求连接 {to} 时未及时响应"),
            ),
            Whose::Here,
        ),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::*;

    /// A proxy that says this to whoever comes; gives its address, and what it was asked.
    async fn proxy(says: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 1024];
            let read = stream.read(&mut asked).await.unwrap();
            stream.write_all(says.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&asked[..read]).into_owned()
        });
        (address, asked)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_named_with_its_status() {
        for (says, cause) in [
            ("HTTP/1.1 403 Forbidden\r\n\r\n", Some("refuses to connect to a.cn:443 (HTTP 403)")),
            ("HTTP/1.0 502 Bad Gateway\r\n\r\n", Some("does not reach a.cn:443 itself (HTTP 502)")),
            ("HTTP/1.1 407 Who\r\n\r\n", Some("asks for a user and a password (HTTP 407)")),
            ("HTTP/1.1 200 Connected\r\n\r\n", None),
            ("SSH-2.0-x\r\n", Some("is no HTTP proxy")),
            ("", Some("closes the connection")),
        ] {
            let (address, asked) = proxy(says).await;
            let why = why("HTTPS_PROXY", &format!("http://{address}"), Some("a.cn:443"), soon()).await;
            let said = why.as_ref().map(|(why, _)| why.en.as_str());
            assert!(
                said.zip(cause).map_or(said == cause, |(said, cause)| said.contains(cause)),
                "{says}: {said:?}"
            );
            assert!(asked.await.unwrap().starts_with("CONNECT a.cn:443 HTTP/1.1\r\n"));
        }
    }

    #[tokio::test]
    async fn user_and_password_go_to_the_proxy_and_are_not_shown() {
        let (address, asked) = proxy("HTTP/1.1 407 Who\r\n\r\n").await;
        let url = format!("http://us%40er:s%3Acret@{address}");
        let (cause, fix) = why("HTTPS_PROXY", &url, Some("a.cn:443"), soon()).await.unwrap();
        let sent = STANDARD.encode("us@er:s:cret");
        assert!(asked.await.unwrap().contains(&format!("Proxy-Authorization: Basic {sent}\r\n")));
        assert!(!format!("{cause:?}{fix:?}").contains("cret"));
        assert!(fix.en.contains("HTTPS_PROXY"));
    }

    #[tokio::test]
    async fn a_proxy_that_nobody_is_at_is_named_with_its_place() {
        let address = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let (cause, _) = why("HTTPS_PROXY", &address.to_string(), Some("a.cn:443"), soon()).await.unwrap();
        assert!(cause.en.contains(&format!("the connection to {address} is refused")), "{cause:?}");
        let (cause, _) = why("HTTPS_PROXY", "socks5://127.0.0.1:1", Some("a.cn:443"), soon()).await.unwrap();
        assert!(cause.en.contains("socks5:// is no kind of proxy"), "{cause:?}");
    }
}
