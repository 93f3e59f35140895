//! Ten thousand connections at once.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::people::Buyer;
use crate::process::{Place, Process};
use crate::server::ADMIN_TOKEN;
use serde_json::json;

/// How many the crowd tries to open, and how many the server has at once.
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
    command.args(["--set", "limits.header_read_seconds=300", "--set", &format!("limits.connections_max={LET_IN}")]);
    command.env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
    let process = Process::start(&mut command);
    process.admin().put_on_sale("gala", 5).await;
    let ann = Buyer::log_in(process.connection(), "ann").await;
    let hold = ann.hold("gala", json!({})).await.expect(201);

    // Ann's and the organiser's connections have places too. Each of the crowd is served once, and stays.
    let mut crowd = Vec::with_capacity(LET_IN);
    let mut turned_away = 0;
    while crowd.len() + turned_away < CONNECTIONS {
        let mut stream = connect(&process).await;
        let answer = ask(&mut stream, KEPT).await;
        if answer.starts_with("HTTP/1.1 200 ") {
            crowd.push(stream);
            continue;
        }
        assert_eq!(super::summary(&answer), "503 overloaded", "{answer}");
        assert!(answer.contains("retry-after: "), "{answer}");
        turned_away += 1;
    }
    assert!((LET_IN - 8..LET_IN).contains(&crowd.len()), "{} were let in", crowd.len());

    let booking = ann.confirm(hold["id"].as_str().expect("an id")).await.expect(201);
    assert_eq!(booking["state"], "booked");
    for stream in [0, crowd.len() / 2, crowd.len() - 1] {
        let answer = ask(&mut crowd[stream], KEPT).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    drop(crowd);
    for _ in 0..crate::people::LOOKS_MAX {
        let answer = ask(&mut connect(&process).await, KEPT).await;
        if answer.starts_with("HTTP/1.1 200 ") {
            process.stop();
            return;
        }
    }
    panic!("nobody is let in after the crowd has gone");
}

/// A request after which the connection stays.
const KEPT: &[u8] = b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n";

async fn connect(process: &Process) -> TcpStream {
    TcpStream::connect(process.address()).await.expect("a kernel that takes the connection")
}

/// The answer to a request, up to the end of its JSON, or of the connection.
async fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    let mut answer = Vec::new();
    // Whoever was turned away may find the connection closed already; what was said before is still there to read.
    let _ = stream.write_all(request).await;
    let mut part = [0; 2_048];
    while !answer.ends_with(b"}") {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => break,
            Ok(length) => answer.extend(&part[..length]),
        }
    }
    String::from_utf8(answer).expect("an answer in UTF-8")
}

/// Raises this process's own limit of open files as far as it may be, and says whether that is enough.
fn can_open(files: usize) -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, the comparison below tells.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.is_none_or(|most| most >= files as u64)
}
