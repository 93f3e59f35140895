//! Streams byte by byte: how they are framed, on a connection that HTTP has let go of.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::delete;
use crate::server::TestServer;

/// Far longer than anything here takes, and shorter than a day.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection on which bytes are sent and read as they are.
struct Wire {
    stream: TcpStream,
    heard: String,
}

impl Wire {
    async fn sending(server: &TestServer, bytes: &str) -> Wire {
        let mut stream = TcpStream::connect(server.address()).await.expect("a server that listens");
        stream.write_all(bytes.as_bytes()).await.expect("a server that reads");
        Wire { stream, heard: String::new() }
    }

    /// Reads until this has come.
    async fn hear(&mut self, text: &str) {
        let mut part = [0; 1_024];
        while !self.heard.contains(text) {
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut part)).await.expect("what is expected");
            let read = read.expect("a connection that is not cut");
            assert!(read > 0, "closed after {}", self.heard);
            self.heard.push_str(std::str::from_utf8(&part[..read]).expect("ASCII"));
        }
    }

    /// All that has come when the server closes, which it must do in good order.
    async fn closed(mut self) -> String {
        let rest = tokio::time::timeout(PATIENCE, self.stream.read_to_string(&mut self.heard)).await;
        rest.expect("a server that closes").expect("a connection that is not cut");
        self.heard
    }
}

async fn server() -> TestServer {
    let server = TestServer::start_with(|config| config.limits.streams_max = 1).await;
    server.admin().put_on_sale("gala", 10).await;
    server
}

async fn remove_the_event(server: &TestServer) {
    server.admin().send(delete("/v1/admin/events/gala")).await.expect_status(204);
}

/// The parts of a body in chunks, which must be whole.
fn parts(mut body: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    loop {
        let (length, rest) = body.split_once("\r\n").expect("a length");
        let length = usize::from_str_radix(length, 16).expect("a number");
        let (part, rest) = rest.split_at(length);
        body = rest.strip_prefix("\r\n").expect("the end of a chunk");
        parts.push(part);
        if length == 0 {
            assert_eq!(body, "", "nothing follows the last chunk");
            return parts;
        }
    }
}

#[tokio::test]
async fn each_message_is_a_chunk_and_an_empty_one_is_the_last() {
    let server = server().await;
    let mut wire = Wire::sending(&server, "GET /v1/events/gala/stream HTTP/1.1\r\nhost: holdfast\r\n\r\n").await;
    wire.hear("event: stats").await;
    remove_the_event(&server).await;
    let answer = wire.closed().await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for line in ["transfer-encoding: chunked", "connection: close", "content-type: text/event-stream"] {
        assert!(head.lines().any(|own| own == line), "{line} is not in {head}");
    }
    let parts = parts(body);
    let [retry, stats, ""] = parts[..] else { panic!("{parts:?}") };
    assert!(retry.starts_with("retry: ") && stats.starts_with("event: stats\nid: "), "{parts:?}");
    assert!(stats.ends_with("}\n\n"), "{stats}");
}

#[tokio::test]
async fn a_client_of_http_1_0_reads_to_the_end_of_the_connection() {
    let server = server().await;
    let mut wire = Wire::sending(&server, "GET /v1/events/gala/stream HTTP/1.0\r\nhost: holdfast\r\n\r\n").await;
    wire.hear("event: stats").await;
    remove_the_event(&server).await;
    let answer = wire.closed().await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(!head.contains("transfer-encoding"), "{head}");
    let blocks: Vec<&str> = body.split_inclusive("\n\n").collect();
    let [retry, stats] = blocks[..] else { panic!("{blocks:?}") };
    assert!(retry.starts_with("retry: ") && stats.starts_with("event: stats\nid: "), "{body}");
}

#[tokio::test]
async fn a_client_of_http_1_0_that_would_keep_its_connection_is_told_that_it_cannot() {
    let server = server().await;
    let head = "GET /v1/events/gala/stream HTTP/1.0\r\nhost: holdfast\r\nconnection: keep-alive\r\n\r\n";
    let mut wire = Wire::sending(&server, head).await;
    wire.hear("event: stats").await;
    let (head, _) = wire.heard.split_once("\r\n\r\n").expect("a head");
    let connection: Vec<&str> = head.lines().filter(|line| line.starts_with("connection")).collect();
    assert_eq!(connection, ["connection: close"]);
}

#[tokio::test]
async fn what_a_client_says_after_its_request_is_for_nobody() {
    let server = server().await;
    let ann = server.login("ann").await;
    let again = "GET /livez HTTP/1.1\r\nhost: holdfast\r\n\r\n";
    let stream = format!("GET /v1/events/gala/stream HTTP/1.1\r\nhost: holdfast\r\n\r\n{again}");
    let mut wire = Wire::sending(&server, &stream).await;
    wire.hear("event: stats").await;
    wire.stream.write_all(again.repeat(3).as_bytes()).await.expect("a connection that is not cut");
    ann.hold("gala", json!({})).await.expect(201);
    wire.hear("\"available\":9").await;
    assert_eq!(wire.heard.matches("HTTP/1.1").count(), 1, "{}", wire.heard);
}

#[tokio::test]
async fn who_asks_for_the_head_alone_keeps_no_place() {
    let server = server().await;
    for _ in 0..3 {
        let answer =
            tokio::time::timeout(PATIENCE, head_of_the_stream(&server)).await.expect("the place is free again");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    }
}

/// The head of the stream, once there is a place for it: the client sees the end of the one before a moment before the server
/// has taken its place back.
async fn head_of_the_stream(server: &TestServer) -> String {
    loop {
        let bytes = "HEAD /v1/events/gala/stream HTTP/1.1\r\nhost: holdfast\r\n\r\n";
        let answer = Wire::sending(server, bytes).await.closed().await;
        if !answer.starts_with("HTTP/1.1 503 ") {
            return answer;
        }
    }
}
