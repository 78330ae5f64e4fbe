//! Why TLS did not come about, and where that is mended.

use std::fmt;

use super::{Words, connect};
use crate::http::SendError;

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TlsFault {
    /// Signed by nobody that is trusted here.
    Untrusted,
    /// An authority's own certificate stands where a server's belongs.
    AuthorityAsServer,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYet,
    /// It is another host's: this one's, where that is known.
    OtherName(String),
    /// Whoever listens speaks no TLS.
    NoTls,
    /// The other side speaks older versions of TLS only.
    Version,
    /// The other side does not know the host's name.
    UnknownHost,
    /// The other side asks for a certificate of ours.
    ClientCertificate,
    /// The two have no cipher in common.
    Ciphers,
    /// It was withdrawn.
    Revoked,
    /// Anything else.
    Other,
}

/// How the TLS library calls it, in its errors' texts.
const KNOWN: [(&str, TlsFault); 21] = [
    ("CaUsedAsEndEntity", TlsFault::AuthorityAsServer),
    ("UnknownIssuer", TlsFault::Untrusted),
    ("BadSignature", TlsFault::Untrusted),
    ("certificate expired", TlsFault::Expired),
    ("Expired", TlsFault::Expired),
    ("certificate not valid yet", TlsFault::NotYet),
    ("NotValidYet", TlsFault::NotYet),
    ("certificate not valid for name", TlsFault::OtherName(String::new())),
    ("NotValidForName", TlsFault::OtherName(String::new())),
    ("InvalidContentType", TlsFault::NoTls),
    ("corrupt message", TlsFault::NoTls),
    ("ProtocolVersion", TlsFault::Version),
    ("SupportedVersions", TlsFault::Version),
    ("Tls12NotOffered", TlsFault::Version),
    ("ServerDoesNotSupportTls12Or13", TlsFault::Version),
    ("UnrecognizedName", TlsFault::UnknownHost),
    ("UnrecognisedName", TlsFault::UnknownHost),
    ("CertificateRequired", TlsFault::ClientCertificate),
    ("NoCipherSuitesInCommon", TlsFault::Ciphers),
    ("HandshakeFailure", TlsFault::Ciphers),
    ("Revoked", TlsFault::Revoked),
];

/// The names that a certificate is for, by the error's text.
fn valid_for(text: &str) -> String {
    let rest = text.split_once("only valid for").map_or("", |(_, rest)| rest);
    let names: Vec<&str> = rest.split('"').skip(1).step_by(2).take(MAX_NAMES).collect();
    names.join(", ")
}

/// More names of a certificate are not shown.
const MAX_NAMES: usize = 4;

impl TlsFault {
    /// What an error's text shows, if it is about TLS.
    pub fn of(error: &SendError) -> Option<Self> {
        let text = error.to_string();
        let known = KNOWN.iter().find(|(part, _)| text.contains(part)).map(|(_, fault)| match fault {
            Self::OtherName(_) => Self::OtherName(valid_for(&text)),
            fault => fault.clone(),
        });
        let is_about_tls = || {
            ["certificate", "TLS", "fatal alert", "peer is incompatible", "peer misbehaved"]
                .iter()
                .any(|words| text.contains(words))
        };
        known.or_else(|| is_about_tls().then_some(Self::Other))
    }

    /// Where to mend it: at the host or the scheme of the address in `variable`, or at the `certificate`.
    pub fn mend(&self, variable: &str, certificate: Words) -> Words {
        let part = |en: &str, zh: &str| {
            Words::new(format!("correct the {en} in {variable}"), format!("改正 {variable} 中的{zh}"))
        };
        match self {
            Self::OtherName(_) | Self::UnknownHost => {
                part("host", "主机名").or(&certificate).or(&connect::where_it_leads())
            }
            Self::Version => Words::new(
                format!("what serves the address in {variable}: let it speak TLS 1.2 or 1.3"),
                format!("{variable} 所指地址的服务：启用 TLS 1.2 或 1.3"),
            ),
            Self::Ciphers => Words::new(
                format!(
                    "what serves the address in {variable}: its ciphers and its certificate (ECDHE with AES-GCM)"
                ),
                format!("{variable} 所指地址的服务：加密套件与证书（ECDHE 与 AES-GCM）"),
            ),
            Self::ClientCertificate => Words::new(
                format!(
                    "what serves the address in {variable}: ask for no client certificate there, callers have none"
                ),
                format!("{variable} 所指地址的服务：不要求客户端证书，调用方没有该证书"),
            ),
            Self::NoTls => part("scheme (http:// or https://) and port", "协议（http:// 或 https://）和端口"),
            _ => certificate,
        }
    }
}

impl TlsFault {
    /// The same as its text, in Chinese.
    pub fn in_chinese(&self) -> String {
        let text = match self {
            Self::OtherName(names) if !names.is_empty() => {
                return format!("其证书的域名不匹配（证书仅适用于 {names}）");
            }
            Self::Untrusted => "本机不信任其证书：由未知 CA 签发、自签名，或证书链不完整（缺少中间证书）",
            Self::AuthorityAsServer => {
                "其证书是 CA 自身的证书（CA:TRUE），不能用作服务器证书：请以 CA:FALSE 重新签发，或由 CA 签发服务器证书"
            }
            Self::Expired => "其证书已过期，或本机时钟有误",
            Self::NotYet => "其证书尚未生效，或本机时钟有误",
            Self::OtherName(_) => "其证书的域名不匹配",
            Self::NoTls => "该端口不是 TLS 服务：可能应使用 http://",
            Self::Version => "对端只支持旧版 TLS（1.0 或 1.1），审批桥支持 TLS 1.2 与 1.3",
            Self::UnknownHost => "对端没有该主机名的站点（SNI 不被识别）",
            Self::ClientCertificate => "对端要求客户端证书，而审批桥没有",
            Self::Ciphers => "双方没有共同的加密套件",
            Self::Revoked => "其证书已被吊销",
            Self::Other => "TLS 握手失败（对端可能未配置证书）",
        };
        text.to_owned()
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untrusted => {
                "its certificate is signed by an authority that this machine does not know, or by itself, or the chain is not whole"
            }
            Self::AuthorityAsServer => {
                "its certificate is an authority's own (CA:TRUE), which is taken for no server's: reissue it with \
                 CA:FALSE, or let an authority sign it"
            }
            Self::Expired => "its certificate has expired, or this machine's clock is wrong",
            Self::NotYet => "its certificate is not valid yet, or this machine's clock is wrong",
            Self::OtherName(names) if !names.is_empty() => {
                return write!(f, "its certificate is for another name ({names})");
            }
            Self::OtherName(_) => "its certificate is for another name",
            Self::NoTls => "no TLS is spoken there: http:// may be meant",
            Self::Version => {
                "the other side speaks an old version of TLS only (1.0 or 1.1); the bridge speaks 1.2 and 1.3"
            }
            Self::UnknownHost => "the other side serves no site of this name (SNI)",
            Self::ClientCertificate => "the other side asks for a client certificate, which the bridge has none of",
            Self::Ciphers => "the two sides have no cipher in common",
            Self::Revoked => "its certificate was revoked",
            Self::Other => "the TLS handshake fails (the other side may have no certificate)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_by_its_text_and_mended_at_its_place() {
        let certificate = || Words::new("the certificate", "证书");
        let table = [
            ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "CA:FALSE", "the certificate"),
            ("invalid peer certificate: UnknownIssuer", "does not know", "the certificate"),
            (
                "invalid peer certificate: certificate not valid for name \"a\"; certificate is only valid for DnsName(\"b.cn\") or DnsName(\"*.c.cn\")",
                "another name (b.cn, *.c.cn)",
                "correct the host in X_URL; or the certificate; or the bridge's machine: see where /etc/hosts",
            ),
            (
                "invalid peer certificate: certificate expired: verification time 1 (UNIX)",
                "has expired",
                "the certificate",
            ),
            ("received corrupt message of type InvalidContentType", "no TLS is spoken", "correct the scheme"),
            ("received fatal alert: DecodeError", "handshake fails", "the certificate"),
            (
                "received fatal alert: ProtocolVersion",
                "old version of TLS",
                "what serves the address in X_URL",
            ),
            ("peer is incompatible: ServerDoesNotSupportTls12Or13", "old version", "what serves the address"),
            ("received fatal alert: UnrecognizedName", "serves no site", "correct the host in X_URL"),
            ("received fatal alert: CertificateRequired", "client certificate", "what serves the address"),
            ("received fatal alert: HandshakeFailure", "no cipher in common", "what serves the address"),
        ];
        for (text, cause, mend) in table {
            let fault = TlsFault::of(&SendError::NotSent(text.to_owned())).unwrap();
            assert!(fault.to_string().contains(cause), "{fault}");
            assert!(fault.mend("X_URL", certificate()).en.starts_with(mend), "{fault}");
        }
        assert_eq!(TlsFault::of(&SendError::NotSent("tcp connect error: refused".to_owned())), None);
    }
}
