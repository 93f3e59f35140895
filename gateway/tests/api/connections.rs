//! How many connections there may be, and what becomes of clients that keep one busy for nothing.
//!
//! The limits here are of real time, because HTTP's timers are: a second each, which is waited for and not slept through.

use std::time::Duration;

use holdfast::config::LimitsConfig;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{get, send_raw};
use crate::server::TestServer;

/// Far longer than any limit of these tests, and shorter than a day.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with these limits, and no other that could be what cuts a connection.
async fn server_with(adjust: impl FnOnce(&mut LimitsConfig)) -> TestServer {
    TestServer::start_with(|config| {
        let limits = &mut config.limits;
        (limits.header_read_seconds, limits.body_read_seconds) = (300, 300);
        (limits.handler_seconds, limits.write_stall_seconds) = (300, 300);
        adjust(limits);
    })
    .await
}

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.address()).await.expect("a server that listens")
}

/// All that comes from here on, until the server closes. A reset counts as that.
async fn rest(mut stream: TcpStream) -> String {
    let mut rest = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("a server that closes");
    assert!(end.is_ok() || rest.is_empty(), "{end:?}");
    String::from_utf8(rest).expect("text")
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_a_place_is_free_again_when_one_goes() {
    let server = server_with(|limits| limits.connections_max = 2).await;
    let [first, second] = [server.visitor(), server.visitor()];
    first.get("/livez").await.expect(200);
    second.get("/livez").await.expect(200);

    let refusal = send_raw(server.address(), b"GET /livez HTTP/1.1\r\nhost: holdfast\r\n\r\n").await;
    let (head, body) = refusal.split_once("\r\n\r\n").expect("a head");
    let (head, retry_after) = {
        let mut lines: Vec<&str> = head.lines().collect();
        let index = lines.iter().position(|line| line.starts_with("retry-after: ")).expect("a time to wait");
        (lines.clone().into_iter().filter(|line| *line != lines[index]).collect::<Vec<_>>(), lines.swap_remove(index))
    };
    let seconds: u64 = retry_after.trim_start_matches("retry-after: ").parse().expect("seconds");
    assert!((1..=3).contains(&seconds), "{seconds}");
    let length = format!("content-length: {}", body.len());
    let expected = [
        "HTTP/1.1 503 Service Unavailable",
        "content-type: application/problem+json",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "connection: close",
        &length,
    ];
    assert_eq!(head, expected);
    let problem: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&problem["code"], &problem["status"]), (&"overloaded".into(), &503.into()));

    // Those that are in are served on; and a place that is given back is taken by the next one.
    second.get("/livez").await.expect(200);
    drop(first);
    loop {
        let livez = b"GET /livez HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\n\r\n";
        let answer = send_raw(server.address(), livez).await;
        if answer.starts_with("HTTP/1.1 200 ") {
            break;
        }
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
}

#[tokio::test]
async fn a_refused_client_that_has_nothing_to_say_is_let_go() {
    let server = server_with(|limits| limits.connections_max = 1).await;
    let visitor = server.visitor();
    visitor.get("/livez").await.expect(200);
    let answer = rest(connect(&server).await).await;
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_is_not_waited_for() {
    let server = server_with(|limits| limits.header_read_seconds = 1).await;
    let beginnings: [&[u8]; 6] = [
        b"",
        b"P",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"GET /livez HT",
        b"GET /livez HTTP/1.1\r\nhost: holdfast\r\n",
        b"\r\n\r\n",
    ];
    let waits = beginnings.map(async |beginning| {
        let mut stream = connect(&server).await;
        stream.write_all(beginning).await.expect("a server that reads");
        rest(stream).await
    });
    for (beginning, wait) in beginnings.iter().zip(waits) {
        assert_eq!(wait.await, "", "{}", String::from_utf8_lossy(beginning));
    }
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_has_no_more_time_than_another() {
    let server = server_with(|limits| limits.header_read_seconds = 1).await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: holdfast\r\n").await.expect("a server that reads");
    let drip = async {
        let mut interval = tokio::time::interval(Duration::from_millis(100));
        loop {
            interval.tick().await;
            if stream.write_all(b"x").await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, drip).await.expect("a server that closes");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = server_with(|limits| limits.header_read_seconds = 1).await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: holdfast\r\n\r\n").await.expect("a server that reads");
    assert!(rest(stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_408_and_the_end_of_the_connection() {
    let server = server_with(|limits| limits.body_read_seconds = 1).await;
    let head = "POST /v1/sessions HTTP/1.1\r\nhost: holdfast\r\ncontent-type: application/json\r\n";
    let bodies = ["content-length: 14\r\n\r\n{\"user\":", "transfer-encoding: chunked\r\n\r\n2\r\n{\"\r\n"];
    for body in bodies {
        let mut stream = connect(&server).await;
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("a server that reads");
        let answer = rest(stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
        assert!(answer.contains("connection: close\r\n") && answer.contains(r#""code":"request_timeout""#), "{answer}");
    }
    server.visitor().get("/v1/events").await.expect(200);
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_has_no_more_time_than_another() {
    let server = server_with(|limits| limits.body_read_seconds = 1).await;
    let stream = connect(&server).await;
    let (mut reading, mut writing) = stream.into_split();
    let head = "POST /v1/sessions HTTP/1.1\r\nhost: holdfast\r\ncontent-type: application/json\r\ncontent-length: 16000\r\n\r\n";
    writing.write_all(head.as_bytes()).await.expect("a server that reads");
    let drip = async {
        let mut interval = tokio::time::interval(Duration::from_millis(100));
        loop {
            interval.tick().await;
            // Once the server has answered, it need not take any more.
            if writing.write_all(b" ").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut start = [0; 12];
    tokio::select! {
        read = reading.read_exact(&mut start) => assert_eq!(read.expect("an answer"), start.len()),
        () = drip => {}
        _ = tokio::time::timeout(PATIENCE, std::future::pending::<()>()) => panic!("no answer"),
    }
    assert_eq!(&start, b"HTTP/1.1 408");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_504() {
    // The body is what takes the time here: the engine never does.
    let server = server_with(|limits| limits.handler_seconds = 1).await;
    let mut stream = connect(&server).await;
    let head =
        "POST /v1/sessions HTTP/1.1\r\nhost: holdfast\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("a server that reads");
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"), "{answer}");
    assert!(answer.contains(r#""code":"timeout""#) && answer.contains("Idempotency-Key"), "{answer}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answers_is_cut() {
    let server = server_with(|limits| limits.write_stall_seconds = 1).await;
    let mut stream = connect(&server).await;
    let requests = "GET /style.css HTTP/1.1\r\nhost: holdfast\r\n\r\n".repeat(1_000);
    let ask = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, ask).await.expect("a server that closes");
    server.visitor().send(get("/livez")).await.expect(200);
}
