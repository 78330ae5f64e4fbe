//! The one HTTP client: no redirects, time-outs on everything, answers bounded in size.

use std::{net::SocketAddr, time::Duration};

use reqwest::{Certificate, Client, ClientBuilder, Request, StatusCode, header::HeaderMap, redirect::Policy};

/// No answer that we want is longer.
const ANSWER_LIMIT: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that nobody has used for so long is not used again.
pub const IDLE: Duration = Duration::from_secs(50);

/// The client. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Http {
    client: Client,
    timeout: Duration,
}

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be built: {0}{fix}", fix = without_authorities(.0))]
pub struct HttpSetupError(String);

/// What to do where the machine trusts nobody, as a container without `ca-certificates`.
fn without_authorities(error: &str) -> &'static str {
    if error.contains("No CA certificates") {
        "; install ca-certificates, or set SSL_CERT_FILE / 本机没有受信任的 CA 证书：请安装 ca-certificates，或设置 SSL_CERT_FILE"
    } else {
        ""
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// No answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The request never left: nothing has happened at the other end.
    #[error("no connection: {0}")]
    NotSent(String),
    /// The request may have arrived, and no (whole) answer came.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The request may have arrived, and no (whole) answer came in time.
    #[error("no answer in time")]
    TimedOut,
    /// The answer is longer than anything we expect.
    #[error("the answer is longer than {ANSWER_LIMIT} bytes")]
    TooLong,
}

impl Http {
    /// A client whose requests end, one way or the other, within `timeout`.
    pub fn new(timeout: Duration) -> Result<Self, HttpSetupError> {
        Self::with(timeout, IDLE, None)
    }

    /// The same, whose connections are used again within `idle` only, and which also trusts the certificate authority (or
    /// several) in `pem`.
    pub fn with(timeout: Duration, idle: Duration, pem: Option<&[u8]>) -> Result<Self, HttpSetupError> {
        let setup = |error: reqwest::Error| HttpSetupError(without_url(error));
        let mut builder = builder(idle);
        if let Some(pem) = pem {
            for certificate in Certificate::from_pem_bundle(pem).map_err(setup)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = builder.build().map_err(setup)?;
        Ok(Self { client, timeout })
    }

    /// The same client, whose requests end within another time. To make a second one costs a start milliseconds: it reads
    /// the system's certificates again.
    pub fn within(&self, timeout: Duration) -> Self {
        Self { client: self.client.clone(), timeout }
    }

    /// Another client, which finds `host` at this address.
    pub fn at(&self, host: &str, address: SocketAddr) -> Result<Self, HttpSetupError> {
        let builder = builder(IDLE).resolve(host, address);
        let client = builder.build().map_err(|error| HttpSetupError(without_url(error)))?;
        Ok(Self { client, timeout: self.timeout })
    }

    /// How many certificates there are in `pem`; none where it cannot be read.
    pub fn certificates(pem: &[u8]) -> usize {
        Certificate::from_pem_bundle(pem).map_or(0, |certificates| certificates.len())
    }

    /// To build requests with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request and reads the answer, whatever its status.
    pub async fn send(&self, mut request: Request) -> Result<HttpAnswer, SendError> {
        request.timeout_mut().get_or_insert(self.timeout);
        let mut response = self.client.execute(request).await.map_err(no_answer)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(SendError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { status, headers, body })
    }
}

fn builder(idle: Duration) -> ClientBuilder {
    Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(idle)
        .tcp_nodelay(true)
        .user_agent(concat!("approval-bridge/", env!("CARGO_PKG_VERSION")))
}

fn no_answer(error: reqwest::Error) -> SendError {
    if error.is_connect() || error.is_builder() {
        SendError::NotSent(without_url(error))
    } else if error.is_timeout() {
        SendError::TimedOut
    } else {
        SendError::NoAnswer(without_url(error))
    }
}

/// The error and its causes. The URL is left out: a token may ride in its query.
fn without_url(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn over_the_same_certificates_each_has_its_own_time_out() {
        let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let patient = Http::new(Duration::from_mins(10)).unwrap();
        let hasty = patient.within(Duration::from_millis(10));
        let address = format!("http://{}", silent.local_addr().unwrap());
        let request = hasty.client().get(address).build().unwrap();
        assert_eq!(hasty.send(request).await.unwrap_err(), SendError::TimedOut);
    }
}
