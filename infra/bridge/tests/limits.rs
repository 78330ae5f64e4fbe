//! Slow and greedy callers: each wait on them has an end, and others are served all the same.

#![allow(clippy::expect_used)]

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use axum::{Router, http::StatusCode, routing::post};
use bridge::server::{Limits, serve};
use shared::http::TrustedProxies;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// Nothing that is bound to happen takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(50);
const GREETING: &[u8] = b"POST / HTTP/1.1\r\nHost: bridge\r\nContent-Length: 0\r\n\r\n";

/// Serves an address that reads no body. It is served until the sender goes.
async fn served(limits: Limits) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().route("/", post(async || (StatusCode::PAYLOAD_TOO_LARGE, "too much")));
    let (stop, stopping) = oneshot::channel();
    let stopping = async { drop(stopping.await) };
    (address, stop, tokio::spawn(serve(listener, router, limits, TrustedProxies::default(), stopping)))
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("a connection")
}

/// What comes until the connection is closed.
async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end");
    assert!(end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    String::from_utf8(answer).expect("text")
}

#[tokio::test]
async fn a_head_that_does_not_end_in_time_ends_the_connection() {
    let (address, _stop, _) = served(Limits { head: SHORT, ..Limits::default() }).await;
    let mut stream = connect(address).await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: bri").await.expect("half a head");
    assert_eq!(answer(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let (address, _stop, _) = served(Limits { head: SHORT, ..Limits::default() }).await;
    let mut stream = connect(address).await;
    stream.write_all(GREETING).await.expect("a request");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_head_too_long_or_no_head_at_all_is_refused() {
    let (address, _stop, _) = served(Limits::default()).await;
    let many = "X: y\r\n".repeat(200);
    let long = format!("X: {}\r\n", "y".repeat(200_000));
    for head in [format!("POST / HTTP/1.1\r\n{many}\r\n"), format!("POST / HTTP/1.1\r\n{long}\r\n")] {
        let mut stream = connect(address).await;
        // The connection may be closed before all of it is sent.
        let _ = stream.write_all(head.as_bytes()).await;
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 431 "));
    }
    let mut stream = connect(address).await;
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await.expect("garbage");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn whoever_sends_everything_before_reading_gets_the_answer() {
    let (address, _stop, _) = served(Limits::default()).await;
    let mut stream = connect(address).await;
    let head = b"POST / HTTP/1.1\r\nHost: bridge\r\nContent-Length: 10000000\r\n\r\n";
    stream.write_all(head).await.expect("a head");
    stream.write_all(&vec![b'x'; 10_000_000]).await.expect("the whole body is taken");
    let answer = answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.ends_with("too much"), "{answer}");
}

#[tokio::test]
async fn whoever_sends_for_ever_is_hung_up_on() {
    let (address, _stop, _) = served(Limits { linger: SHORT, ..Limits::default() }).await;
    let mut stream = connect(address).await;
    let head = b"POST / HTTP/1.1\r\nHost: bridge\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head).await.expect("a head");
    let sending = async { while stream.write_all(b"5\r\nxxxxx\r\n").await.is_ok() {} };
    timeout(PATIENCE, sending).await.expect("an end");
}

#[tokio::test]
async fn whoever_takes_no_answers_is_hung_up_on() {
    let (address, _stop, _) = served(Limits { stall: SHORT, ..Limits::default() }).await;
    let mut stream = connect(address).await;
    let sending = async { while stream.write_all(GREETING).await.is_ok() {} };
    timeout(PATIENCE, sending).await.expect("an end");
}

#[tokio::test]
async fn beyond_the_limit_whoever_says_nothing_makes_room() {
    let (address, _stop, _) = served(Limits { connections: 8, ..Limits::default() }).await;
    let mut idle = Vec::new();
    for n in 0..100 {
        let mut stream = connect(address).await;
        stream.write_all(&GREETING[..n % 20]).await.expect("a part of a head");
        idle.push(stream);
    }
    let mut caller = connect(address).await;
    caller.write_all(GREETING).await.expect("a request");
    timeout(PATIENCE, caller.readable()).await.expect("an answer").expect("a connection");
    assert_eq!(answer(&mut idle.swap_remove(0)).await, "", "the first ones are hung up on");
}

#[tokio::test]
async fn a_head_of_just_the_limit_is_read_and_a_byte_more_is_not() {
    let (address, _stop, _) = served(Limits::default()).await;
    for (length, status) in [(32 * 1024, "413"), (32 * 1024 + 1, "431"), (40_000, "431")] {
        let start = "POST / HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\nX: ";
        let head = format!("{start}{}\r\n\r\n", "y".repeat(length - start.len() - 4));
        assert_eq!(head.len(), length);
        let mut stream = connect(address).await;
        // The connection may be closed before all of it is sent.
        let _ = stream.write_all(head.as_bytes()).await;
        assert!(answer(&mut stream).await.starts_with(&format!("HTTP/1.1 {status} ")), "{length}");
    }
}

#[tokio::test]
async fn a_caller_who_stays_does_not_keep_the_server_from_stopping() {
    let (address, stop, server) = served(Limits { drain: SHORT, ..Limits::default() }).await;
    let mut stream = connect(address).await;
    stream.write_all(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n").await.expect("a head");
    stream.readable().await.expect("an answer");
    drop(stop);
    timeout(PATIENCE, server).await.expect("an end").expect("no panic");
}
