//! What the bridge's own HTTP server does with whatever comes. On AWS an HTTP API of API Gateway stands in its place.

#![allow(clippy::expect_used)]

use e2e::Rehearsal;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CREATE: &str = "/dataphin/bpms/processinstance/create";
const REVOKE: &str = "/dataphin/bpms/processinstance/revoke";
const CONNECT: &str = "/dataphin/bpms/check/connect";
const CALLBACK: &str = "/dingtalk/callback";

fn check_result(body: &str) -> String {
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["checkResult"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn ten_megabytes_get_an_answer_at_every_address() {
    let Some(r) = Rehearsal::before_its_own_server().await else { return };
    let body = vec![b' '; 10_000_000];
    for path in [CREATE, REVOKE, CALLBACK, CONNECT, "/dataphin/bpms/other", "/elsewhere"] {
        for answer in [r.submit_raw(path, &body).await, r.submit_chunked(path, &body).await] {
            match path {
                CONNECT => assert!(check_result(&answer.body).contains("[body-too-large, "), "{answer:?}"),
                // It has no signature, so its body is not read.
                CALLBACK => assert_eq!(answer.problem(), "not-accepted"),
                CREATE | REVOKE => {
                    assert_eq!((answer.status, answer.problem().as_str()), (413, "body-too-large"));
                }
                _ => assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found")),
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_whole_is_refused() {
    let Some(r) = Rehearsal::before_its_own_server().await else { return };
    let target = format!("{CREATE}?{}", r.credentials());
    for (header, body) in [
        ("Transfer-Encoding: chunked", "zz\r\n\r\n"),
        ("Transfer-Encoding: chunked", "fffffffffffffffff\r\nx"),
        ("Transfer-Encoding: chunked", "5\r\n{}\r\n0\r\n\r\n"),
    ] {
        let request = format!("POST {target} HTTP/1.1\r\nConnection: close\r\n{header}\r\n\r\n{body}");
        assert_eq!(r.send(request.as_bytes()).await.problem(), "broken-body", "{body}");
    }
    let mut stream = r.connect().await;
    let request = format!("POST {target} HTTP/1.1\r\nContent-Length: 50\r\n\r\n{{}}");
    stream.write_all(request.as_bytes()).await.expect("half a body");
    stream.shutdown().await.expect("the end of sending");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.contains("\"broken-body\""), "{answer}");
}

#[tokio::test]
async fn whatever_a_proxy_puts_before_the_path_does_not_matter() {
    let Some(r) = Rehearsal::before_its_own_server().await else { return };
    for prefix in ["", "/", "/prod", "/a/b/c", "/%00", "/..", "http://elsewhere", "http://elsewhere:1/x"] {
        let answer = r.submit_raw(&format!("{prefix}{CONNECT}"), b"{}").await;
        assert_eq!(check_result(&answer.body), "success", "{prefix}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused_by_the_server_itself() {
    let Some(r) = Rehearsal::before_its_own_server().await else { return };
    let flood = "X: y\r\n".repeat(200);
    for (bytes, status) in [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), 400),
        (b"hello\r\n\r\n".to_vec(), 400),
        (vec![0; 100], 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_vec(), 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx".to_vec(), 400),
        (format!("POST {CREATE} HTTP/1.1\r\n{flood}\r\n").into_bytes(), 431),
    ] {
        let answer = r.send(&bytes).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{bytes:?}");
    }
}

#[tokio::test]
async fn hundreds_of_connections_that_say_nothing_are_in_nobodys_way() {
    let Some(r) = Rehearsal::before_its_own_server().await else { return };
    let mut silent = Vec::new();
    for n in 0..300 {
        let mut stream = r.connect().await;
        let half = format!("POST {CREATE} HTTP/1.1\r\nContent-Length: 50000\r\n\r\n{{");
        stream.write_all(&half.as_bytes()[..n % half.len()]).await.expect("a part of a request");
        silent.push(stream);
    }
    r.accepted(r.request()).await;
}

#[tokio::test]
async fn a_strangers_body_is_not_waited_for() {
    let Some(r) = Rehearsal::before_its_own_server().await else { return };
    for path in [CREATE, REVOKE, CONNECT, CALLBACK, "/dataphin/bpms/other"] {
        let head = format!(
            "POST {path}?accessToken=guess HTTP/1.1\r\nConnection: close\r\nContent-Length: 50000\r\n\r\n"
        );
        // No byte of the body comes; the answer does.
        let answer = r.send(head.as_bytes()).await;
        assert!(!answer.body.contains("slow-body"), "{path}: {answer:?}");
    }
}
