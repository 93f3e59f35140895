//! `buy.sh`: curl.

use serde_json::{Value, json};

use super::{bookings, count, example, shell};
use crate::program::Program;
use crate::relay::Relay;
use crate::server::TestServer;

fn buy(url: &str, words: &[&str], variables: &[(&str, &str)]) -> Program {
    Program::start(shell(&example("buy.sh")).arg(url).args(words).envs(variables.iter().copied()))
}

#[tokio::test]
async fn it_buys_once_though_every_answer_is_lost_once() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 5).await;
    let relay = Relay::to(server.server_address()).await;
    let changes = ["POST /v1/sessions", "POST /v1/events/gala/holds", "POST /v1/holds/", "DELETE /v1/sessions/me"];
    changes.iter().for_each(|change| relay.lose_answer_to(change));

    // A name with all that is awkward in JSON and in shells.
    let user = "ann \"$(id)\\ O'Neill";
    let said = buy(&relay.url(), &["gala", user, "2"], &[]).end_well().await;
    assert!(relay.has_lost_all());
    assert_eq!(changes.map(|change| relay.count(change)), [2, 2, 2, 2]);
    assert_eq!(said[..3], ["gala: 5 of 5 available, 0 waiting", "held: gala.1", "booked: gala.1"]);
    let mine: Value = serde_json::from_str(&said[3]).expect("what is the user's");
    assert_eq!((&mine["session"]["user"], &mine["bookings"][0]["id"]), (&json!(user), &json!("gala.1")));

    assert_eq!(bookings(&server, "gala").await, [(user.to_owned(), 2)]);
    assert_eq!(count(&server, "gala", "hold_placed").await, 1);
    let event = server.visitor().event("gala").await;
    assert_eq!((&event["available"], &event["held"]), (&json!(3), &json!(0)));
    let sessions = server.admin().get("/v1/admin/sessions").await.expect(200);
    assert_eq!(sessions["items"], json!([]), "it has logged out");
}

#[tokio::test]
async fn it_comes_back_when_it_is_told_to() {
    let one_a_second = |config: &mut holdfast::config::Config| {
        (config.limits.mutations_per_second, config.limits.mutations_burst) = (1, 1);
    };
    let server = TestServer::start_with(one_a_second).await;
    server.admin().put_on_sale("gala", 5).await;
    let relay = Relay::to(server.server_address()).await;
    let buying = buy(&relay.url(), &["gala", "ann"], &[]);
    // The hold was the one change of this second; the clock stands, so only the test ends it.
    relay.passed_on(429, 1).await;
    assert_eq!((bookings(&server, "gala").await, relay.count("POST /v1/holds/")), (vec![], 1));
    server.advance_seconds(1);
    relay.passed_on(200, 2).await;
    server.advance_seconds(1);
    buying.end_well().await;
    assert_eq!(relay.count("POST /v1/holds/"), 2);
    assert_eq!(bookings(&server, "gala").await, [("ann".to_owned(), 1)]);
}

#[tokio::test]
async fn it_stands_in_line_until_tickets_come_free() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let bob = server.login("bob").await;
    bob.hold("gala", json!({})).await.expect_status(201);

    // Nobody waits for it, so it gives up at once, and keeps the place.
    let purchase = ("PURCHASE", "seat-for-ann");
    let url = format!("http://{}", server.address());
    let end = buy(&url, &["gala", "ann"], &[purchase, ("WAIT_SECONDS", "0")]).end().await;
    assert_eq!((end.exit_code, end.lines[1].as_str()), (75, "in line: place 1"), "{end:#?}");
    assert!(end.complaints.ends_with("run again with PURCHASE=seat-for-ann\n"), "{end:#?}");

    let mut buying = buy(&url, &["gala", "ann"], &[purchase]);
    buying.line_with("in line: place 1").await;
    assert_eq!(count(&server, "gala", "queue_joined").await, 1, "the same place");
    bob.release("gala.1").await.expect_status(200);
    let said = buying.end_well().await;
    assert_eq!(said[..2], ["held: gala.2", "booked: gala.2"]);
    assert_eq!(bookings(&server, "gala").await, [("ann".to_owned(), 1)]);
}

#[tokio::test]
async fn it_says_why_it_failed() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 5).await;
    let url = format!("http://{}", server.address());
    let refused = "there is no such thing, or it is not yours (404 event_not_found)\n";
    check_failure(buy(&url, &["nope", "ann"], &[]), 1, refused).await;
    check_failure(buy(&url, &["gala", "ann", "9"], &[]), 1, "(409 limit_reached)\n").await;
    admin.set_status("gala", "paused").await.expect_status(200);
    check_failure(buy(&url, &["gala", "ann"], &[]), 1, "(409 sale_paused)\n").await;
    check_failure(buy(&url, &["gala"], &[]), 64, "usage: sh buy.sh URL EVENT USER [QUANTITY]\n").await;
    assert_eq!(count(&server, "gala", "hold_placed").await, 0);
}

async fn check_failure(buying: Program, exit_code: i32, words: &str) {
    let end = buying.end().await;
    assert!(end.exit_code == exit_code && end.complaints.ends_with(words), "{end:#?}");
}
