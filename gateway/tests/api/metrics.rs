//! What Prometheus is shown of a real sale, by the real program.

use std::collections::BTreeMap;

use serde_json::json;

use crate::http::{Address, Connection};
use crate::people::{Buyer, Visitor};
use crate::process::{Place, Process};
use crate::server::ADMIN_TOKEN;

/// The value of each series.
fn series(text: &str) -> BTreeMap<&str, f64> {
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| line.rsplit_once(' ').expect("a value"))
        .map(|(name, value)| (name, value.parse().expect("a number")))
        .collect()
}

#[tokio::test]
async fn a_sale_is_counted_as_it_was() {
    let place = Place::new();
    let server = Process::start(place.holdfast("data").env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN));
    server.admin().put_on_sale("gala", 2).await;
    let ann = Buyer::log_in(server.connection(), "ann").await;
    let bob = Buyer::log_in(server.connection(), "bob").await;
    let hold = ann.hold("gala", json!({ "quantity": 2 })).await.expect(201);
    bob.hold("gala", json!({})).await.expect_refusal(409, "sold_out");
    bob.join("gala", json!({})).await.expect(200);
    ann.release(hold["id"].as_str().expect("an id")).await.expect_status(200);
    bob.book("gala", json!({})).await.expect(201);
    ann.log_out().await;
    server.admin().snapshot().await;
    let text = server.visitor().get("/metrics").await.text;
    let series = series(&text);
    for (name, expected) in [
        (r#"holdfast_logins_total{kind="new"}"#, 2.0),
        (r#"holdfast_sessions"#, 1.0),
        (r#"holdfast_sessions_ended_total{reason="logout"}"#, 1.0),
        (r#"holdfast_commands_total{command="place_hold",outcome="done"}"#, 1.0),
        (r#"holdfast_commands_total{command="place_hold",outcome="refused"}"#, 1.0),
        (r#"holdfast_command_seconds_count{command="place_hold"}"#, 2.0),
        (r#"holdfast_rejections_total{code="sold_out"}"#, 1.0),
        (r#"holdfast_holds_started_total{source="request"}"#, 1.0),
        (r#"holdfast_holds_started_total{source="queue"}"#, 1.0),
        (r#"holdfast_holds_ended_total{reason="released"}"#, 1.0),
        (r#"holdfast_holds_ended_total{reason="confirmed"}"#, 1.0),
        (r#"holdfast_hold_lifetime_seconds_count{reason="released"}"#, 1.0),
        (r#"holdfast_bookings_total{source="hold"}"#, 1.0),
        (r#"holdfast_bookings_total{source="direct"}"#, 0.0),
        (r#"holdfast_queue_joined_total"#, 1.0),
        (r#"holdfast_queue_left_total{reason="granted"}"#, 1.0),
        (r#"holdfast_queue_wait_seconds_count{reason="granted"}"#, 1.0),
        (r#"holdfast_events{status="on_sale"}"#, 1.0),
        (r#"holdfast_capacity_tickets"#, 2.0),
        (r#"holdfast_tickets{state="available"}"#, 1.0),
        (r#"holdfast_tickets{state="booked"}"#, 1.0),
        (r#"holdfast_event_tickets{event="gala",state="booked"}"#, 1.0),
        (r#"holdfast_event_tickets{event="(other)",state="booked"}"#, 0.0),
        (r#"holdfast_oversold_tickets"#, 0.0),
        (r#"holdfast_lines_blocked"#, 0.0),
        (r#"holdfast_invariant_violations_total"#, 0.0),
        (r#"holdfast_snapshots_total{result="written"}"#, 1.0),
        (r#"holdfast_snapshot_failing"#, 0.0),
        (r#"holdfast_readiness{state="ready"}"#, 1.0),
        (r#"holdfast_readiness{state="recovering"}"#, 0.0),
        (r#"holdfast_http_requests_total{method="POST",path="/v1/events/{event}/holds",status="409"}"#, 1.0),
        (r#"holdfast_http_request_seconds_count{method="POST",path="/v1/events/{event}/holds"}"#, 2.0),
    ] {
        assert_eq!(series.get(name), Some(&expected), "{name} in\n{text}");
    }
    assert_eq!(series["holdfast_snapshot_seq"], series["holdfast_journal_durable_seq"]);
    assert!(series["holdfast_disk_available_bytes"] > 0.0 && series["process_resident_memory_bytes"] > 0.0);
    assert!(series[r#"holdfast_invariant_checks_total{kind="turn"}"#] > 0.0);
    assert!(!text.contains("ann") && !text.contains("gala.1"), "a person or a hold is in\n{text}");
    server.stop();
}

#[tokio::test]
async fn metrics_are_on_an_address_of_their_own() {
    let place = Place::new();
    let mut command = place.holdfast("data");
    let mut server = Process::start(command.args(["--set", "metrics.listen=127.0.0.1:0"]));
    let own = server.said("Metrics: http://");
    let own = own.trim_end().trim_end_matches("/metrics").parse().expect("an address");
    let own = Visitor::over(Connection::to(Address::new(own)));
    for path in ["/metrics", "/livez", "/readyz", "/version"] {
        own.get(path).await.expect_status(200);
    }
    for path in ["/v1/events", "/", "/admin", "/v1/admin/overview"] {
        own.get(path).await.expect_status(404);
    }
    server.visitor().get("/metrics").await.expect_refusal(404, "not_found");
    server.visitor().get("/readyz").await.expect_status(200);
    server.stop();
}

#[tokio::test]
async fn what_is_switched_off_is_not_there() {
    let place = Place::new();
    let server = Process::start(place.holdfast("data").args(["--set", "metrics.enabled=false"]));
    server.visitor().get("/metrics").await.expect_refusal(404, "not_found");
    Buyer::log_in(server.connection(), "ann").await;
    server.stop();
}

#[tokio::test]
async fn what_was_broken_before_is_seen_until_the_file_is_taken_away() {
    let place = Place::new();
    Process::start(&mut place.holdfast("data")).stop();
    place.write("data/violations", "1795341600000 event gala: general is oversold\n");
    let shown = async || {
        let server = Process::start(&mut place.holdfast("data"));
        let text = server.visitor().get("/metrics").await.text;
        server.stop();
        series(&text)["holdfast_invariant_violations_total"]
    };
    assert_eq!(shown().await, 1.0);
    std::fs::remove_file(place.path("data/violations")).expect("the file");
    assert_eq!(shown().await, 0.0);
}
