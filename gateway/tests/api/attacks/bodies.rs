//! Bodies that should break the reader.

use serde_json::json;

use super::{Attack, try_all};
use crate::http::{Request, post, send_raw};
use crate::stage::Stage;

const BODIES: &[Attack] = &[
    (
        "one key twice",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"quantity\":1,\"quantity\":4}",
        "400 malformed_request",
    ),
    (
        "one key twice, spelt otherwise",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"quantity\":1,\"\\u0071uantity\":4}",
        "400 malformed_request",
    ),
    ("two documents", "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{}{}", "400 malformed_request"),
    (
        "a list for an object",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n[null,1,1,false]",
        "400 malformed_request",
    ),
    (
        "a number that is none",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"quantity\":1e999}",
        "400 malformed_request",
    ),
    (
        "a number with a fraction",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"quantity\":1.0}",
        "400 malformed_request",
    ),
    (
        "a number beyond 64 bits",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"quantity\":99999999999999999999}",
        "400 malformed_request",
    ),
    ("half a surrogate", "POST /v1/sessions\n\n{\"user\":\"\\ud800\"}", "400 malformed_request"),
    (
        "a byte order mark",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n\u{feff}{}",
        "400 malformed_request",
    ),
    (
        "a form",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\ncontent-type: application/x-www-form-urlencoded\n\nquantity=1",
        "415 unsupported_media_type",
    ),
    (
        "a form in parts",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\ncontent-type: multipart/form-data; boundary=x\n\n--x--",
        "415 unsupported_media_type",
    ),
    (
        "XML with an entity",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\ncontent-type: application/xml\n\n<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
        "415 unsupported_media_type",
    ),
    (
        "compressed",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\ncontent-encoding: gzip\n\nxx",
        "415 unsupported_media_type",
    ),
    (
        "announced as huge",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\ncontent-length: 4294967296\n\n{}",
        "413 body_too_large",
    ),
];

#[tokio::test]
async fn no_body_breaks_the_reader() {
    try_all(&Stage::set().await, BODIES).await;
}

#[tokio::test]
async fn a_body_nested_a_thousand_times_is_refused() {
    let stage = Stage::set().await;
    let deep = |open: &str, close: &str| format!("{{\"quantity\":{}1{}}}", open.repeat(1_000), close.repeat(1_000));
    let requests =
        [deep("[", "]"), deep("{\"a\":", "}")].map(|body| post("/v1/events/gala/holds", json!({})).json(body));
    stage.refuse_each("carl", requests, 400, "malformed_request").await;
    // As many brackets in a text are no depth.
    let text = format!("{{\"user\":\"{}\"}}", "[".repeat(100));
    stage.visitor.send(Request::new("POST", "/v1/sessions").json(text)).await.expect_status(201);
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_however_it_comes() {
    let stage = Stage::set().await;
    let long = format!("{{\"quantity\":1{}}}", " ".repeat(16 << 10));
    stage
        .refuse_each("carl", [Request::new("POST", "/v1/events/gala/holds").json(long.clone())], 413, "body_too_large")
        .await;
    let token = stage.cast.token("carl");
    let chunked = format!(
        "POST /v1/events/gala/holds HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    let answer = send_raw(stage.server.address(), chunked.as_bytes()).await;
    assert_eq!(super::summary(&answer), "413 body_too_large");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let stage = Stage::set().await;
    let bodies: [&[u8]; 4] = [b"{\"user\":\"\xff\"}", b"\xff\xfe{\x00}\x00", b"\x00", b"{\"user\":\"a\x00b\"}"];
    let requests = bodies.map(|body| Request::new("POST", "/v1/sessions").json(body));
    stage.refuse_each("nobody", requests, 400, "malformed_request").await;
}
