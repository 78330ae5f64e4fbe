//! Bytes to the bridge as they are, well-formed or not, and what comes back.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::Rehearsal;

/// Nothing that is bound to come takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).expect("a status");
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Its code, if it is a problem as the bridge answers all of them.
    pub fn problem(&self) -> String {
        assert!(self.head.contains("content-type: application/json\r\n"), "{self:?}");
        assert!(self.body.len() < 500, "{self:?}");
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        let members: Vec<&String> = body.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["code", "message", "reference", "success"], "{self:?}");
        let reference = body["reference"].as_str().expect("a reference");
        assert!(
            reference.len() == 12 && reference.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{self:?}"
        );
        assert!(self.head.contains(&format!("x-reference: {reference}\r\n")), "{self:?}");
        assert_eq!(body["success"], false);
        body["code"].as_str().expect("a code").to_owned()
    }

    /// A problem without what differs each time: its reference.
    pub fn without_reference(&self) -> String {
        self.problem();
        let mut body: Value = serde_json::from_str(&self.body).expect("JSON");
        body["reference"] = Value::Null;
        format!("{} {body}", self.status)
    }
}

impl Rehearsal {
    /// Sends bytes, all of them before anything is read, and reads until the bridge closes the connection.
    pub async fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("the bridge takes all of it");
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end").expect("an answer");
        Answer::read(&answer)
    }

    /// A connection to the bridge.
    pub async fn connect(&self) -> TcpStream {
        let address = self.bridge.strip_prefix("http://").expect("plain HTTP");
        TcpStream::connect(address).await.expect("a connection")
    }

    /// Sends a request with any method, target and body.
    pub async fn request_with(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        self.send(&[head.as_bytes(), body].concat()).await
    }

    /// Posts a body, with Dataphin's credentials.
    pub async fn submit_raw(&self, path: &str, body: &[u8]) -> Answer {
        self.request_with("POST", &format!("{path}?{}", self.credentials()), body).await
    }

    /// Posts a body in chunks, whose length is not announced, with Dataphin's credentials.
    pub async fn submit_chunked(&self, path: &str, body: &[u8]) -> Answer {
        let head = format!(
            "POST {path}?{} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
            self.credentials()
        );
        let chunks = body
            .chunks(60_000)
            .map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        self.send(&[head.as_bytes(), &chunks.collect::<Vec<_>>().concat(), b"0\r\n\r\n"].concat()).await
    }
}
