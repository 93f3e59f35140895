//! Requests byte by byte: what is no HTTP/1.1, or could be understood in two ways.

use std::time::Duration;

use crate::http::{Request, send_raw};
use crate::server::TestServer;

/// Far longer than any answer takes, and shorter than the server waits for the next request.
const PATIENCE: Duration = Duration::from_secs(60);

async fn server() -> TestServer {
    TestServer::start_with(|config| config.limits.header_read_seconds = 300).await
}

/// What comes back until the server closes, which it must do by itself.
async fn closed_after(server: &TestServer, bytes: impl AsRef<[u8]>) -> String {
    let answer = tokio::time::timeout(PATIENCE, send_raw(server.address(), bytes.as_ref())).await;
    answer.unwrap_or_else(|_| panic!("still open after {}", String::from_utf8_lossy(bytes.as_ref())))
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn what_is_unclear_is_refused_and_the_connection_closed() {
    let server = server().await;
    let body = "content-type: application/json\r\n";
    let post = format!("POST /v1/sessions HTTP/1.1\r\nhost: holdfast\r\n{body}");
    let rows: Vec<(&str, String, &str)> = vec![
        ("no host", "GET /livez HTTP/1.1\r\n\r\n".into(), "400"),
        ("two hosts", "GET /livez HTTP/1.1\r\nhost: holdfast\r\nhost: holdfast\r\n\r\n".into(), "400"),
        ("an empty host", "GET /livez HTTP/1.1\r\nhost:\r\n\r\n".into(), "400"),
        (
            "another host in the target",
            "GET http://evil.example/livez HTTP/1.1\r\nhost: holdfast\r\n\r\n".into(),
            "400",
        ),
        ("a blank before the colon", "GET /livez HTTP/1.1\r\nhost : holdfast\r\n\r\n".into(), "400"),
        ("a folded line", "GET /livez HTTP/1.1\r\nhost: holdfast\r\nx-a: 1\r\n 2\r\n\r\n".into(), "400"),
        ("a bare carriage return", "GET /livez HTTP/1.1\r\nhost: holdfast\r\nx-a: 1\rx-b: 2\r\n\r\n".into(), "400"),
        ("a zero byte", "GET /livez HTTP/1.1\r\nhost: holdfast\r\nx-a: \0\r\n\r\n".into(), "400"),
        ("no version", "GET /livez\r\nhost: holdfast\r\n\r\n".into(), "400"),
        ("another version", "GET /livez HTTP/3.0\r\nhost: holdfast\r\n\r\n".into(), "400"),
        ("two blanks", "GET  /livez HTTP/1.1\r\nhost: holdfast\r\n\r\n".into(), "400"),
        ("two lengths", format!("{post}content-length: 1\r\ncontent-length: 2\r\n\r\n{{}}"), "400"),
        ("a list of lengths", format!("{post}content-length: 2, 2\r\n\r\n{{}}"), "400"),
        ("a length with a sign", format!("{post}content-length: +2\r\n\r\n{{}}"), "400"),
        ("another encoding last", format!("{post}transfer-encoding: chunked, gzip\r\n\r\n"), "400"),
        ("an unknown encoding", format!("{post}transfer-encoding: xchunked\r\n\r\n"), "400"),
        ("chunks in HTTP/1.0", post.replace("1.1", "1.0") + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        ("two origins", format!("{post}origin: null\r\norigin: null\r\ncontent-length: 2\r\n\r\n{{}}"), "400"),
        ("not HTTP", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n".into(), "400"),
        ("a tunnel", "CONNECT evil.example:80 HTTP/1.1\r\nhost: evil.example:80\r\n\r\n".into(), "405"),
        ("an echo", "TRACE /livez HTTP/1.1\r\nhost: holdfast\r\n\r\n".into(), "405"),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), "none"),
    ];
    for (name, bytes, expected) in rows {
        let answer = closed_after(&server, bytes).await;
        assert_eq!(status(&answer), expected, "{name}: {answer}");
    }
}

#[tokio::test]
async fn what_the_server_refuses_itself_says_why() {
    let server = server().await;
    for request in ["GET /livez HTTP/1.1\r\n\r\n", "TRACE /livez HTTP/1.1\r\nhost: holdfast\r\n\r\n"] {
        let answer = closed_after(&server, request).await;
        assert!(answer.contains("content-type: application/problem+json\r\n"), "{answer}");
        assert!(answer.contains("connection: close\r\n") && answer.contains("x-request-id: "), "{answer}");
    }
}

/// Both lengths: the chunks count, and nothing after them is taken for another request.
#[tokio::test]
async fn a_request_with_two_kinds_of_length_is_the_last_of_its_connection() {
    let server = server().await;
    for lengths in
        ["content-length: 4\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 4"]
    {
        let smuggled = "GET /livez HTTP/1.1\r\nhost: holdfast\r\n\r\n";
        let request = format!("POST /livez HTTP/1.1\r\nhost: holdfast\r\n{lengths}\r\n\r\n0\r\n\r\n{smuggled}");
        let answer = closed_after(&server, request).await;
        assert_eq!((status(&answer), answer.matches("HTTP/1.1 ").count()), ("405", 1), "{answer}");
    }
}

#[tokio::test]
async fn a_head_has_so_many_bytes_and_fields_and_no_more() {
    let server = TestServer::start_with(|config| {
        config.limits.header_read_seconds = 300;
        config.limits.head_bytes_max = 8 << 10;
        config.limits.head_fields_max = 8;
    })
    .await;
    let head = |fields: String| format!("GET /livez HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\n{fields}\r\n");
    let fields = |count: usize| (0..count).map(|index| format!("x-{index}: 1\r\n")).collect::<String>();
    assert_eq!(status(&closed_after(&server, head(fields(6))).await), "200");
    assert_eq!(status(&closed_after(&server, head(fields(7))).await), "431");
    let long = |bytes: usize| format!("x-long: {}\r\n", "x".repeat(bytes - head(String::new()).len() - 10));
    assert_eq!(head(long(8_000)).len(), 8_000);
    assert_eq!(status(&closed_after(&server, head(long(8_191))).await), "200");
    assert_eq!(status(&closed_after(&server, head(long(9_000))).await), "431");
    let target = format!("GET /{} HTTP/1.1\r\nhost: holdfast\r\n\r\n", "x".repeat(9_000));
    assert_eq!(status(&closed_after(&server, target).await), "431");
}

#[tokio::test]
async fn old_and_unusual_clients_are_served() {
    let server = server().await;
    let rows = [
        ("HTTP/1.0", "GET /livez HTTP/1.0\r\n\r\n".to_owned(), "200"),
        ("HTTP/1.0 with a host", "GET /livez HTTP/1.0\r\nhost: holdfast\r\n\r\n".to_owned(), "200"),
        (
            "our host in the target",
            "GET http://holdfast/livez HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\n\r\n".to_owned(),
            "200",
        ),
        ("all targets", "OPTIONS * HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\n\r\n".to_owned(), "404"),
        ("HTTP/2 over HTTP/1.1", "GET /livez HTTP/1.1\r\nhost: holdfast\r\nconnection: close, upgrade, http2-settings\r\n\
          upgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n".to_owned(), "200"),
        ("bare line feeds", "GET /livez HTTP/1.1\nhost: holdfast\nconnection: close\n\n".to_owned(), "200"),
        (
            "the same length twice",
            "POST /livez HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}"
                .to_owned(),
            "405",
        ),
    ];
    for (name, bytes, expected) in rows {
        let answer = closed_after(&server, bytes).await;
        assert_eq!(status(&answer), expected, "{name}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on_or_not_to() {
    let server = server().await;
    let head = |length: usize, body: &str| {
        format!(
            "POST /v1/sessions HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\nexpect: 100-continue\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    let welcome = closed_after(&server, head(14, r#"{"user":"ann"}"#)).await;
    assert!(welcome.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n"), "{welcome}");
    let refused = closed_after(&server, head(1 << 20, "")).await;
    assert!(refused.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{refused}");
}

#[tokio::test]
async fn a_body_is_nested_so_deep_and_no_deeper() {
    let server = TestServer::start_with(|config| config.limits.body_depth_max = 3).await;
    let login =
        |intents: &str| Request::new("POST", "/v1/sessions").json(format!(r#"{{"user":"ann","intents":{intents}}}"#));
    let visitor = server.visitor();
    visitor.send(login(r#"[{"event":"gala"}]"#)).await.expect(201);
    let problem = visitor.send(login(r#"[{"event":["gala"]}]"#)).await.expect_refusal(400, "malformed_request");
    assert_eq!(problem["detail"], "a body is nested at most 3 deep");
    let name = Request::new("POST", "/v1/sessions").json(r#"{"user":"[[[[[","intents":[]}"#);
    visitor.send(name).await.expect(201);
}
