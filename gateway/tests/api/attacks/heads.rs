//! Heads that two readers could understand in two ways, and heads without an end.

use super::{Attack, summary, try_all};
use crate::http::send_raw;
use crate::stage::Stage;

/// Where a head has two meanings, a proxy may have chosen the other one: refused, and the connection closed.
const HEADS: &[Attack] = &[
    ("two lengths", "raw POST /v1/sessions HTTP/1.1\nhost: {host}\ncontent-length: 2\ncontent-length: 3\n\n{}x", "400"),
    ("a length with a sign", "raw POST /v1/sessions HTTP/1.1\nhost: {host}\ncontent-length: +2\n\n{}", "400"),
    ("a length in hexadecimal", "raw POST /v1/sessions HTTP/1.1\nhost: {host}\ncontent-length: 0x2\n\n{}", "400"),
    ("a negative length", "raw POST /v1/sessions HTTP/1.1\nhost: {host}\ncontent-length: -1\n\n{}", "400"),
    (
        "an encoding that is not known",
        "raw POST /v1/sessions HTTP/1.1\nhost: {host}\ntransfer-encoding: xchunked\n\n0\r\n\r\n",
        "400",
    ),
    (
        "chunked, but not last",
        "raw POST /v1/sessions HTTP/1.1\nhost: {host}\ntransfer-encoding: chunked, identity\n\n0\r\n\r\n",
        "400",
    ),
    ("a blank before the colon", "raw POST /v1/sessions HTTP/1.1\nhost: {host}\ncontent-length : 2\n\n{}", "400"),
    ("a blank in a name", "raw GET /version HTTP/1.1\nhost: {host}\nx evil: 1\n\n", "400"),
    ("a folded line", "raw GET /version HTTP/1.1\nhost: {host}\nx-a: 1\n 2\n\n", "400"),
    ("a null byte", "raw GET /version HTTP/1.1\nhost: {host}\nx-a: 1\u{0}2\n\n", "400"),
    ("no host", "raw GET /version HTTP/1.1\nconnection: close\n\n", "400 malformed_request"),
    (
        "two hosts",
        "raw GET /version HTTP/1.1\nhost: {host}\nhost: evil.example\nconnection: close\n\n",
        "400 malformed_request",
    ),
    ("the preface of HTTP/2", "raw PRI * HTTP/2.0\n\nSM\r\n\r\n", "closed"),
    ("no HTTP at all", "raw \u{16}\u{3}\u{1}\u{2}\n\n", "400"),
    (
        "a tunnel",
        "raw CONNECT evil.example:443 HTTP/1.1\nhost: evil.example:443\nconnection: close\n\n",
        "405 method_not_allowed",
    ),
    ("a mirror", "raw TRACE /version HTTP/1.1\nhost: {host}\nconnection: close\n\n", "405 method_not_allowed"),
    (
        "a method that is none",
        "raw get /version HTTP/1.1\nhost: {host}\nconnection: close\n\n",
        "405 method_not_allowed",
    ),
];

#[tokio::test]
async fn a_head_with_two_meanings_is_refused() {
    try_all(&Stage::set().await, HEADS).await;
}

/// A second request hidden in the first is never served, whichever of the two lengths is believed.
#[tokio::test]
async fn a_request_inside_another_is_not_served() {
    let stage = Stage::set().await;
    let before = stage.sight().await;
    let token = stage.cast.token("ann");
    let hidden = format!("DELETE /v1/holds/gala.1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    let heads = [
        format!("content-length: {}\r\ntransfer-encoding: chunked", hidden.len() + 5),
        format!("transfer-encoding: chunked\r\ncontent-length: {}", hidden.len() + 5),
        "content-length: 5\r\ntransfer-encoding: chunked".to_owned(),
        "transfer-encoding: identity\r\ncontent-length: 5".to_owned(),
    ];
    for head in heads {
        let bytes = format!("POST /v1/sessions HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n0\r\n\r\n{hidden}");
        let answer = send_raw(stage.server.address(), bytes.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{head}:\n{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{head}:\n{answer}");
        assert_eq!(stage.sight().await, before, "{head}");
    }
    // A body of a request that has none to say is a body, not a request.
    let as_body = format!(
        "GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{hidden}",
        hidden.len()
    );
    assert_eq!(summary(&send_raw(stage.server.address(), as_body.as_bytes()).await), "200");
    assert_eq!(stage.sight().await, before);
}

#[tokio::test]
async fn a_head_without_an_end_is_cut_off() {
    let stage = Stage::set().await;
    let many: String = (0..65).map(|index| format!("x-{index}: 1\r\n")).collect();
    let long = format!("x-long: {}\r\n", "a".repeat(17 << 10));
    let target = format!("/{}", "a".repeat(17 << 10));
    let rows = [
        (format!("GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{many}\r\n"), "431"),
        (format!("GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{long}\r\n"), "431"),
        (format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"), "431"),
    ];
    for (bytes, expected) in rows {
        let answer = send_raw(stage.server.address(), bytes.as_bytes()).await;
        assert_eq!(summary(&answer), expected, "{}", &bytes[..60]);
    }
}

/// A request id goes into the log and back to the caller: one that could break a line is not taken.
#[tokio::test]
async fn a_request_id_cannot_break_a_line() {
    let stage = Stage::set().await;
    for id in ["a b", "é", &"x".repeat(129)] {
        let answer = stage.visitor.send(crate::http::get("/version").with("x-request-id", id)).await;
        let given = answer.header("x-request-id").expect("a request id");
        assert!(given != id && given.bytes().all(|byte| byte.is_ascii_graphic()), "{given:?}");
    }
}
