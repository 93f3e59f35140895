//! What the real program logs of its requests, its organisers and its events.

use std::process::Command;

use serde_json::{Value, json};

use crate::http::{Request, delete, get, post, put};
use crate::log_lines::LogLines;
use crate::people::Buyer;
use crate::process::{Place, Process};
use crate::server::ADMIN_TOKEN;

fn holdfast(place: &Place, settings: &[&str]) -> Command {
    let mut command = place.holdfast("data");
    command.args(settings.iter().flat_map(|setting| ["--set", setting])).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
    command
}

/// The request of an organiser, found by this id.
fn by_admin(request: Request, id: &str) -> Request {
    request.with("authorization", format!("Bearer {ADMIN_TOKEN}")).with("x-request-id", id)
}

fn gala(status: &str) -> Value {
    json!({ "id": "gala", "name": "Gala", "capacity": 1, "status": status })
}

fn about(id: &str) -> impl Fn(&Value) -> bool + use<'_> {
    move |line| line["span"]["request_id"] == id
}

const ACTED: &str = "an organiser did something";
const REFUSED: &str = "a request was refused";
const MOVED: &str = "an event changed its status";

#[tokio::test]
async fn what_an_organiser_does_is_a_line_with_who_and_what_and_of_which_request() {
    let place = Place::new();
    let (process, log) = LogLines::of(&place, &mut holdfast(&place, &[]));
    let visitor = process.visitor();
    let created = visitor.send(by_admin(post("/v1/admin/events", gala("draft")), "make-it")).await;
    created.expect_status(201);
    let line = log.once(ACTED, about("make-it")).await;
    assert_eq!((&line["level"], &line["target"]), (&json!("INFO"), &json!("holdfast::log::admin_action")));
    let seq: u64 = created.header("holdfast-seq").expect("a number").parse().expect("a number");
    let fields = json!({ "message": ACTED, "about": "gala", "status": 201, "seq": seq });
    assert_eq!(line["fields"], fields);
    let span = json!({
        "name": "request", "request_id": "make-it", "method": "POST", "path": "/v1/admin/events", "organiser": "admin",
    });
    assert_eq!(line["span"], span);

    let open =
        by_admin(put("/v1/admin/events/gala/status", json!({ "status": "on_sale", "reason": "at last" })), "open");
    visitor.send(open.with("idempotency-key", "once")).await.expect(200);
    let line = log.once(ACTED, about("open")).await;
    assert_eq!(
        (&line["fields"]["about"], &line["span"]["path"]),
        (&json!("gala"), &json!("/v1/admin/events/{event}/status"))
    );
    visitor.send(by_admin(post("/v1/admin/login", json!({})), "sign-in")).await.expect(200);
    assert_eq!(log.once(ACTED, about("sign-in")).await["span"]["organiser"], "admin");

    // Nothing was done by any of these, so that no line says so.
    let again =
        by_admin(put("/v1/admin/events/gala/status", json!({ "status": "on_sale", "reason": "at last" })), "again");
    visitor.send(again.with("idempotency-key", "once")).await.expect(200);
    visitor.send(by_admin(get("/v1/admin/events"), "look")).await.expect(200);
    visitor.send(by_admin(post("/v1/admin/cleanup", json!({ "dry_run": true })), "dry")).await.expect(200);
    let dry = json!({ "reason": "too many", "dry_run": true });
    visitor.send(by_admin(post("/v1/admin/events/gala/holds/release", dry), "dry")).await.expect(200);
    visitor.send(by_admin(delete("/v1/admin/events/none"), "none")).await.expect_status(404);
    visitor.send(by_admin(post("/v1/admin/cleanup", json!({})), "clean")).await.expect(200);
    log.once(ACTED, about("clean")).await;
    let acted: Vec<_> = log.saying(ACTED).iter().map(|line| line["span"]["request_id"].clone()).collect();
    assert_eq!(acted, ["make-it", "open", "sign-in", "clean"]);
    process.stop();
}

#[tokio::test]
async fn each_step_of_an_event_is_a_line_once_it_is_durable_whoever_takes_it() {
    let place = Place::new();
    let (process, log) = LogLines::of(&place, &mut holdfast(&place, &[]));
    let visitor = process.visitor();
    let mut event = gala("scheduled");
    // It has been due for long, so that time opens the sale at once.
    event["opens_at"] = json!("2020-01-01T00:00:00.000Z");
    let created = visitor.send(by_admin(post("/v1/admin/events", event), "make-it")).await;
    created.expect_status(201);
    let seq: u64 = created.header("holdfast-seq").expect("a number").parse().expect("a number");
    let line = log.once("an event was created", |_| true).await;
    let fields = json!({
        "message": "an event was created", "event": "gala", "status": "scheduled", "organiser": "admin", "seq": seq,
    });
    assert_eq!((&line["fields"], &line["target"]), (&fields, &json!("holdfast_engine::lifecycle_log")));
    let line = log.once(MOVED, |line| line["fields"]["to"] == "on_sale").await;
    assert_eq!((&line["fields"]["from"], &line["fields"]["event"]), (&json!("scheduled"), &json!("gala")));
    assert_eq!(line["fields"].get("organiser"), None, "time did it: {line}");

    let close = by_admin(put("/v1/admin/events/gala/status", json!({ "status": "closed" })), "close");
    let closed = visitor.send(close).await;
    closed.expect_status(200);
    let line = log.once(MOVED, |line| line["fields"]["to"] == "closed").await;
    assert_eq!((&line["fields"]["from"], &line["fields"]["organiser"]), (&json!("on_sale"), &json!("admin")));
    let seq: u64 = closed.header("holdfast-seq").expect("a number").parse().expect("a number");
    assert_eq!(line["fields"]["seq"], seq, "it is found by the number of the answer");
    let removed = visitor.send(by_admin(delete("/v1/admin/events/gala"), "remove")).await;
    removed.expect_status(204);
    let line = log.once("an event was removed", |_| true).await;
    assert_eq!(line["fields"]["organiser"], "admin");
    process.stop();
}

#[tokio::test]
async fn refusals_are_sampled_and_faults_are_not() {
    let place = Place::new();
    let (process, log) = LogLines::of(&place, &mut holdfast(&place, &[]));
    let visitor = process.visitor();
    for number in 0..3 {
        let refused = visitor.send(get("/v1/holds").with("x-request-id", format!("refused-{number}"))).await;
        refused.expect_refusal(401, "unauthenticated");
    }
    let line = log.once(REFUSED, about("refused-0")).await;
    let fields = json!({ "message": REFUSED, "code": "unauthenticated", "status": 401, "unlogged": 0 });
    assert_eq!((&line["fields"], &line["level"]), (&fields, &json!("INFO")));
    assert_eq!((&line["span"]["method"], &line["span"]["path"]), (&json!("GET"), &json!("/v1/holds")));
    // Another code has its own line, and what it is asked with has no place in it.
    let odd = Request::new("BREW", "/v1/coffee/with-milk").with("x-request-id", "coffee");
    visitor.send(odd).await.expect_status(404);
    let line = log.once(REFUSED, about("coffee")).await;
    assert_eq!((&line["span"]["method"], &line["span"]["path"]), (&json!("_OTHER"), &json!("unmatched")));
    // Where the snapshot's file would be begun, there is a directory.
    std::fs::create_dir(place.path("data/snapshot.tmp")).expect("a directory");
    for id in ["fault-0", "fault-1"] {
        visitor.send(by_admin(post("/v1/admin/snapshot", json!({})), id)).await.expect_status(500);
        let line = log.once("a request failed", about(id)).await;
        assert_eq!((&line["level"], &line["span"]["organiser"]), (&json!("ERROR"), &json!("admin")));
    }
    let metrics = visitor.get("/metrics").await.text;
    let errors = log.all().iter().filter(|line| line["level"] == "ERROR").count();
    assert!(metrics.contains(&format!("holdfast_log_lines_total{{level=\"error\"}} {errors}\n")), "{metrics}");
    assert!(metrics.contains("holdfast_log_lines_total{level=\"warn\"} 0\n"), "{metrics}");
}

#[tokio::test]
async fn a_log_for_people_says_the_same() {
    let place = Place::new();
    let path = place.path("log");
    let mut command = holdfast(&place, &["log.format=text"]);
    let process = Process::start_with_log(&mut command, &path);
    process.visitor().send(by_admin(post("/v1/admin/events", gala("on_sale")), "make-it")).await.expect(201);
    process.stop();
    let log = std::fs::read_to_string(path).expect("the log");
    let line = log.lines().find(|line| line.contains(ACTED)).expect("a line");
    let said = "request{request_id=\"make-it\" method=\"POST\" path=\"/v1/admin/events\" organiser=\"admin\"}: \
                holdfast::log::admin_action: an organiser did something about=\"gala\" status=201 seq=2";
    assert!(line.ends_with(said) && line.contains(" INFO "), "{line}");
}

#[tokio::test]
async fn a_log_that_is_off_says_nothing_and_one_of_errors_says_errors_alone() {
    for (level, expected) in [("off", 0), ("error", 1)] {
        let place = Place::new();
        let (process, log) = LogLines::of(&place, &mut holdfast(&place, &[&format!("log.level={level}")]));
        let visitor = process.visitor();
        visitor.send(by_admin(post("/v1/admin/events", gala("on_sale")), "make-it")).await.expect(201);
        visitor.send(get("/v1/holds")).await.expect_status(401);
        let ann = Buyer::log_in(process.connection(), "ann").await;
        ann.mine().await;
        std::fs::create_dir(place.path("data/snapshot.tmp")).expect("a directory");
        visitor.send(by_admin(post("/v1/admin/snapshot", json!({})), "fault")).await.expect_status(500);
        if expected > 0 {
            let line = log.once("a request failed", about("fault")).await;
            assert_eq!(line["span"]["path"], "/v1/admin/snapshot");
        }
        std::fs::remove_dir(place.path("data/snapshot.tmp")).expect("the directory");
        process.stop();
        let levels: Vec<_> = log.all().iter().map(|line| line["level"].clone()).collect();
        assert!(levels.iter().all(|level| level == "ERROR") && levels.is_empty() == (expected == 0), "{levels:?}");
    }
}
