//! Ten thousand connections at once.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::people::Buyer;
use crate::process::{Place, Process};
use crate::server::ADMIN_TOKEN;
use serde_json::json;

/// What the crowd opens, and what the server lets in.
const CONNECTIONS: usize = 10_000;
const LET_IN: usize = 4_096;

/// Connections beyond the limit are told so or closed, those within it go on, and when the crowd has gone, everybody is let
/// in again.
#[tokio::test]
async fn ten_thousand_connections_keep_nobody_from_paying() {
    if !can_open(CONNECTIONS + 500) {
        // Not a silent success: whoever reads the log sees that this machine allows too few open files.
        panic!("this test opens {CONNECTIONS} connections: raise the limit of open files (ulimit -n)");
    }
    let place = Place::new();
    let mut command = place.holdfast("data");
    // Idle connections stay for the length of this test.
    command.args(["--set", "limits.header_read_seconds=300"]).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
    let process = Process::start(&mut command);
    process.admin().put_on_sale("gala", 5).await;
    let ann = Buyer::log_in(process.connection(), "ann").await;
    let hold = ann.hold("gala", json!({})).await.expect(201);

    let mut crowd = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        crowd.push(TcpStream::connect(process.address()).await.expect("a kernel that takes the connection"));
    }
    let mut turned_away = 0;
    // The last ones in are the first to learn that they are too many.
    for stream in crowd.iter_mut().rev().take(CONNECTIONS - LET_IN) {
        let mut answer = String::new();
        // A reset is a way of closing too.
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503 "), "{answer}");
        turned_away += usize::from(answer.contains("\"code\":\"overloaded\"") && answer.contains("etry-"));
    }
    assert!(turned_away > 0, "nobody was told");
    let booking = ann.confirm(hold["id"].as_str().expect("an id")).await.expect(201);
    assert_eq!(booking["state"], "booked");
    // Among those who were let in, each may still ask.
    let first = &mut crowd[0];
    first
        .write_all(b"GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .expect("a server that reads");
    let mut answer = String::new();
    first.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");

    drop(crowd);
    for _ in 0..crate::people::LOOKS_MAX {
        let mut stream = TcpStream::connect(process.address()).await.expect("a kernel that takes the connection");
        let _ = stream.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        if answer.starts_with("HTTP/1.1 200 ") {
            process.stop();
            return;
        }
    }
    panic!("nobody is let in after the crowd has gone");
}

/// Raises this process's own limit of open files as far as it may be, and says whether that is enough.
fn can_open(files: usize) -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, the comparison below tells.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.is_none_or(|most| most >= files as u64)
}
