//! `buy.mjs`, with `buyer.mjs`, `own_stream.mjs` and `server_clock.mjs`: JavaScript.

use serde_json::{Value, json};

use super::{bookings, count, example, node};
use crate::program::Program;
use crate::relay::Relay;
use crate::server::TestServer;

/// Logs `user` in, and waits until its stream has told what there is.
async fn buyer(relay: &Relay, user: &str) -> Program {
    let mut program = Program::start(node(&example("buy.mjs")).args([&relay.url(), user]));
    program.line_with("all there is").await;
    program
}

#[tokio::test]
async fn each_change_has_one_effect_though_every_answer_is_lost_twice() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 5).await;
    let relay = Relay::to(server.server_address()).await;
    let login = "POST /v1/sessions";
    let [hold, join] = ["POST /v1/events/gala/holds", "POST /v1/events/gala/queue"];
    let [release, extend] = ["DELETE /v1/holds/gala.1", "POST /v1/holds/gala.2/extend"];
    let [confirm, logout] = ["POST /v1/holds/gala.2/confirm", "DELETE /v1/sessions/me"];
    let changes = [login, hold, release, join, extend, confirm, logout];
    changes.iter().for_each(|change| (0..2).for_each(|_| relay.lose_answer_to(change)));

    let mut ann = buyer(&relay, "ann").await;
    ann.say("hold gala 2");
    ann.line_with("answer: hold gala.1: 2 × general, held").await;
    ann.say("release gala.1");
    ann.line_with("answer: hold gala.1: 2 × general, released").await;
    ann.say("join gala");
    ann.line_with("answer: hold gala.2: 1 × general, held").await;
    // In the first moment of a hold, there is nothing to extend.
    server.advance_seconds(60);
    ann.say("extend gala.2");
    ann.line_with("answer: hold gala.2").await;
    ann.say("confirm gala.2");
    ann.line_with("answer: booking gala.2: 1 × general, booked").await;
    ann.say("quit");
    ann.end_well().await;

    assert!(relay.has_lost_all());
    assert_eq!(changes.map(|change| relay.count(change)), [3; 7]);
    for (kind, times) in [("hold_placed", 2), ("hold_released", 1), ("hold_extended", 1), ("hold_confirmed", 1)] {
        assert_eq!(count(&server, "gala", kind).await, times, "{kind}");
    }
    assert_eq!(bookings(&server, "gala").await, [("ann".to_owned(), 1)]);
}

#[tokio::test]
async fn it_counts_down_by_the_clock_of_the_server() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 2).await;
    let relay = Relay::to(server.server_address()).await;
    let mut ann = buyer(&relay, "ann").await;
    ann.say("hold gala");
    let line = ann.line_with("answer: hold gala.1").await;
    // The clock of the server has stood for days, or will for years; that of this machine says nothing.
    let left_seconds = line.rsplit_once("held, ").and_then(|(_, left)| left.strip_suffix(" s left")?.parse().ok());
    let left_seconds: u64 = left_seconds.unwrap_or_else(|| panic!("{line}"));
    assert!((540..=600).contains(&left_seconds), "{line}");
    ann.say("release gala.1");

    server.admin().change("gala", json!({ "hold_seconds": 2 })).await.expect_status(200);
    ann.say("hold gala");
    ann.line_with("hold gala.2 ends in 0 s").await;
    // The server decides, and its clock has not moved.
    ann.say("confirm gala.2");
    ann.line_with("answer: booking gala.2").await;
    ann.say("quit");
    ann.end_well().await;
}

#[tokio::test]
async fn it_comes_back_when_it_is_told_to_and_says_what_was_refused() {
    let one_a_second = |config: &mut holdfast::config::Config| {
        (config.limits.mutations_per_second, config.limits.mutations_burst) = (1, 1);
    };
    let server = TestServer::start_with(one_a_second).await;
    server.admin().put_on_sale("gala", 5).await;
    let relay = Relay::to(server.server_address()).await;
    let mut ann = buyer(&relay, "ann").await;
    ann.say("hold gala");
    ann.line_with("answer: hold gala.1").await;
    ann.say("confirm gala.1");
    // The clock stands, so only the test ends the second.
    relay.passed_on(429, 1).await;
    server.advance_seconds(1);
    ann.line_with("answer: booking gala.1").await;
    assert_eq!(relay.count("POST /v1/holds/gala.1/confirm"), 2);
    server.advance_seconds(1);
    ann.say("confirm gala.1");
    ann.line_with("not done: already_confirmed: ").await;
    assert_eq!(bookings(&server, "gala").await, [("ann".to_owned(), 1)]);
}

/// What the trail says became of ann's holds and bookings, in the words in which the program tells it.
fn told(change: &Value) -> Vec<String> {
    let seq = &change["seq"];
    let id = |kind: &str| format!("told {seq}: {kind} {}: 1 × general", change[kind].as_str().expect("an id"));
    let hold = |state: &str| format!("{}, {state}", id("hold"));
    let booking = || format!("{}, booked", id("booking"));
    match change["kind"].as_str().expect("a kind") {
        "hold_placed" => vec![hold("held")],
        "hold_released" => vec![hold("released")],
        "hold_confirmed" => vec![hold("confirmed"), booking()],
        "booking_placed" => vec![booking()],
        _ => Vec::new(),
    }
}

/// The program's lines about holds and bookings, without the time left.
fn heard(lines: &[String]) -> Vec<String> {
    let of_things = lines.iter().filter(|line| line.starts_with("told ") && !line.contains("place"));
    of_things
        .map(|line| {
            line.rsplit_once(", ").filter(|_| line.ends_with("left")).map_or(&**line, |(rest, _)| rest).to_owned()
        })
        .collect()
}

#[tokio::test]
async fn what_happened_while_it_was_cut_off_or_the_server_down_is_told_once() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 4).await;
    let relay = Relay::to(server.server_address()).await;
    let mut program = buyer(&relay, "ann").await;
    // Ann has a telephone, too; its connection is not the one that is cut.
    let ann = server.login_again("ann").await;
    let mut lines = Vec::new();

    ann.hold("gala", json!({})).await.expect_status(201);
    lines.append(&mut program.lines_until("hold gala.1: 1 × general, held").await);
    relay.cut();
    ann.confirm("gala.1").await.expect_status(201);
    ann.hold("gala", json!({})).await.expect_status(201);
    relay.mend();
    lines.append(&mut program.lines_until("hold gala.2: 1 × general, held").await);

    relay.cut();
    ann.release("gala.2").await.expect_status(200);
    server.crash_and_start_again().await;
    ann.hold("gala", json!({})).await.expect_status(201);
    ann.confirm("gala.3").await.expect_status(201);
    relay.mend();
    lines.append(&mut program.lines_until("booking gala.3").await);
    server.stop_and_start_again().await;
    ann.book("gala", json!({})).await.expect_status(201);
    lines.append(&mut program.lines_until("booking gala.4").await);

    assert!(!lines.iter().any(|line| line.contains("all there is")), "it began afresh: {lines:#?}");
    let trail = server.admin().changes_of("gala").await;
    check(&heard(&lines), &trail);
}

/// The last state of each thing was told with the number of its change, no number for two states, and all in order.
fn check(heard: &[String], trail: &[Value]) {
    let happened: Vec<String> = trail.iter().flat_map(told).collect();
    let mut unique = heard.to_vec();
    unique.dedup();
    assert_eq!(unique, heard, "told twice");
    assert!(heard.iter().all(|line| happened.contains(line)), "{heard:#?} is not all in {happened:#?}");
    for thing in ["hold gala.1", "hold gala.2", "hold gala.3", "booking gala.1", "booking gala.3", "booking gala.4"] {
        let last = |lines: &[String]| lines.iter().rfind(|line| line.contains(thing)).cloned();
        assert_eq!(last(heard), last(&happened), "{thing}");
    }
}
