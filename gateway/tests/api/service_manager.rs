//! What the real program tells the service manager that started it, and what it takes for being alive.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use holdfast::service_manager::Watchdog;
use serde_json::json;

use crate::http::post;
use crate::people::Visitor;
use crate::process::{Place, Process};
use crate::server::{ADMIN_TOKEN, TestServer};

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service manager's socket, which is read by a thread: who does not read has others wait.
struct Manager {
    told: Receiver<String>,
}

impl Manager {
    /// Has `command` told by a new socket in `place`.
    fn of(place: &Place, command: &mut Command) -> Manager {
        let path = place.path("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        command.env("NOTIFY_SOCKET", path);
        let (sender, told) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(length) = socket.recv(&mut bytes) {
                let text = String::from_utf8(bytes[..length].to_vec()).expect("text");
                if text.lines().try_for_each(|line| sender.send(line.to_owned())).is_err() {
                    return;
                }
            }
        });
        Manager { told }
    }

    fn next(&self) -> String {
        self.told.recv_timeout(PATIENCE).expect("a message within the time")
    }

    /// All up to and including this one.
    fn until(&self, wanted: &str) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            told.push(self.next());
            if told.last().is_some_and(|last| last == wanted) {
                return told;
            }
        }
    }

    /// What has come meanwhile.
    fn so_far(&self) -> Vec<String> {
        self.told.try_iter().collect()
    }
}

#[tokio::test]
async fn a_service_manager_hears_when_it_serves_that_it_lives_and_that_it_stops() {
    let place = Place::new();
    let mut command = place.holdfast("data");
    let manager = Manager::of(&place, command.env("WATCHDOG_USEC", "100000"));
    let process = Process::start(&mut command);
    let begin = manager.until("READY=1");
    assert_eq!(begin[0], "STATUS=recovering: requests are answered 503");
    assert_eq!(begin.iter().filter(|told| *told == "READY=1").count(), 1);
    assert!(!begin.iter().any(|told| told == "WATCHDOG=1"), "{begin:?}");
    process.visitor().get("/readyz").await.expect(200);
    assert_eq!(manager.next(), "STATUS=serving");
    for _ in 0..5 {
        manager.until("WATCHDOG=1");
    }
    process.stop();
    let end = manager.until("STOPPING=1");
    assert!(!end.iter().any(|told| told == "READY=1"), "{end:?}");
    assert_eq!(manager.next(), "STATUS=stopping: requests under way may finish");
}

#[tokio::test]
async fn nobody_is_told_who_did_not_ask() {
    let place = Place::new();
    let mut command = place.holdfast("data");
    let manager = Manager::of(&place, &mut command);
    let process = Process::start(&mut command);
    manager.until("STATUS=serving");
    process.visitor().get("/readyz").await.expect(200);
    process.stop();
    let end = manager.until("STOPPING=1");
    assert!(!end.iter().any(|told| told == "WATCHDOG=1"), "no watchdog was asked for: {end:?}");
    // Nor is it a fault to have no service manager.
    Process::start(&mut place.holdfast("other")).stop();
}

/// The disk takes a second and a half for each sync, in which `/readyz` complains and the watchdog does not.
#[tokio::test]
async fn a_slow_disk_is_told_by_readiness_and_is_no_reason_to_be_ended() {
    let place = Place::new();
    let mut command = place.holdfast("data");
    command.env("HOLDFAST_SIMULATED_DISK", "seed=1,sync_microseconds=1500000").env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
    let manager = Manager::of(&place, command.env("WATCHDOG_USEC", "100000"));
    let process = Process::start(&mut command);
    manager.until("STATUS=serving");
    let writer = process.admin();
    let create = async || {
        for number in 0..20 {
            let event = json!({ "id": format!("gala-{number}"), "name": "Gala", "capacity": 1 });
            writer.send(post("/v1/admin/events", event)).await.expect_status(201);
        }
    };
    let look = async || {
        let visitor = process.visitor();
        loop {
            let answer = visitor.get("/readyz").await;
            if answer.status == 503 {
                let problem = answer.expect_refusal(503, "disk_slow");
                let detail = problem["detail"].as_str().expect("text");
                assert!(detail.starts_with("the disk has been at one write for "), "{detail}");
                return;
            }
        }
    };
    tokio::select! {
        () = create() => panic!("no write was slow"),
        () = look() => {}
    }
    // At this moment it has been slow for a second: so much was told meanwhile.
    assert!(manager.so_far().iter().filter(|told| *told == "WATCHDOG=1").count() > 5);
    manager.until("WATCHDOG=1");
}

#[tokio::test]
async fn wheels_that_do_not_turn_are_no_sign_of_life() {
    let server = TestServer::start().await;
    let engine = server.gateway().engine().expect("a server that has recovered");
    let mut watchdog = Watchdog::default();
    assert!(!watchdog.is_alive(engine), "nobody has turned them yet");
    server.turn_wheels();
    assert!(watchdog.is_alive(engine));
    for _ in 0..3 {
        // The event loop turns, which is not enough.
        Visitor::over(server.connection()).get("/livez").await.expect(200);
        assert!(!watchdog.is_alive(engine));
    }
    server.turn_wheels();
    server.turn_wheels();
    assert!(watchdog.is_alive(engine));
    assert!(!watchdog.is_alive(engine));
}
