//! Why TLS did not come about, and where that is mended.

use std::fmt;

use super::Words;
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
    /// It is another host's.
    OtherName,
    /// Whoever listens speaks no TLS.
    NoTls,
    /// Anything else.
    Other,
}

/// How the TLS library calls it, in its errors' texts.
const KNOWN: [(&str, TlsFault); 11] = [
    ("CaUsedAsEndEntity", TlsFault::AuthorityAsServer),
    ("UnknownIssuer", TlsFault::Untrusted),
    ("BadSignature", TlsFault::Untrusted),
    ("certificate expired", TlsFault::Expired),
    ("Expired", TlsFault::Expired),
    ("certificate not valid yet", TlsFault::NotYet),
    ("NotValidYet", TlsFault::NotYet),
    ("certificate not valid for name", TlsFault::OtherName),
    ("NotValidForName", TlsFault::OtherName),
    ("InvalidContentType", TlsFault::NoTls),
    ("corrupt message", TlsFault::NoTls),
];

impl TlsFault {
    /// What an error's text shows, if it is about TLS.
    pub fn of(error: &SendError) -> Option<Self> {
        let text = error.to_string();
        let known = KNOWN.iter().find(|(part, _)| text.contains(part)).map(|(_, fault)| fault.clone());
        let is_about_tls =
            || text.contains("certificate") || text.contains("handshake") || text.contains("TLS");
        known.or_else(|| is_about_tls().then_some(Self::Other))
    }

    /// Where to mend it: at the host or the scheme of the address in `variable`, or at the `certificate`.
    pub fn mend(&self, variable: &str, certificate: Words) -> Words {
        let part = |en: &str, zh: &str| {
            Words::new(format!("the {en} in {variable}"), format!("{variable} 中的{zh}"))
        };
        match self {
            Self::OtherName => part("host", "主机名").or(&certificate),
            Self::NoTls => part("scheme (http:// or https://) and port", "协议（http:// 或 https://）和端口"),
            _ => certificate,
        }
    }
}

impl TlsFault {
    /// The same as its text, in Chinese.
    pub fn in_chinese(&self) -> &'static str {
        match self {
            Self::Untrusted => "其证书由本机不信任的 CA 签发，或证书链不完整",
            Self::AuthorityAsServer => {
                "其证书是 CA 自身的证书（CA:TRUE），不能用作服务器证书：请以 CA:FALSE 重新签发，或由 CA 签发服务器证书"
            }
            Self::Expired => "其证书已过期，或本机时钟有误",
            Self::NotYet => "其证书尚未生效，或本机时钟有误",
            Self::OtherName => "其证书的域名不匹配",
            Self::NoTls => "该端口不是 TLS 服务：可能应使用 http://",
            Self::Other => "双方未能完成 TLS 协商",
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untrusted => {
                "its certificate is signed by an authority that this machine does not know, or the chain is not whole"
            }
            Self::AuthorityAsServer => {
                "its certificate is an authority's own (CA:TRUE), which is taken for no server's: reissue it with \
                 CA:FALSE, or let an authority sign it"
            }
            Self::Expired => "its certificate has expired, or this machine's clock is wrong",
            Self::NotYet => "its certificate is not valid yet, or this machine's clock is wrong",
            Self::OtherName => "its certificate is for another name",
            Self::NoTls => "no TLS is spoken there: http:// may be meant",
            Self::Other => "the two sides do not come to terms",
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
                "invalid peer certificate: certificate not valid for name \"a\"; certificate is only valid for b",
                "another name",
                "the host in X_URL; or the certificate",
            ),
            (
                "invalid peer certificate: certificate expired: verification time 1 (UNIX)",
                "has expired",
                "the certificate",
            ),
            ("received corrupt message of type InvalidContentType", "no TLS is spoken", "the scheme"),
            ("received fatal alert: the handshake failed", "come to terms", "the certificate"),
        ];
        for (text, cause, mend) in table {
            let fault = TlsFault::of(&SendError::NotSent(text.to_owned())).unwrap();
            assert!(fault.to_string().contains(cause), "{fault}");
            assert!(fault.mend("X_URL", certificate()).en.starts_with(mend), "{fault}");
        }
        assert_eq!(TlsFault::of(&SendError::NotSent("tcp connect error: refused".to_owned())), None);
    }
}
