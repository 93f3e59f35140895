//! The operators' commands: the program itself, asking a server of the tests.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::process::Place;
use crate::server::{ADMIN_TOKEN, TestServer};

/// An operator's desk: the program, pointed at a server.
pub struct Desk {
    pub place: Place,
    pub server: TestServer,
}

impl Desk {
    pub async fn new() -> Desk {
        Desk { place: Place::new(), server: TestServer::start_with(|config| config.sessions.idle_seconds = 700).await }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The program with these arguments, the server and an operator's token in its environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.bare_holdfast();
        command.args(arguments).env("HOLDFAST_SERVER", self.url()).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("a program that runs")
    }

    /// What a command prints that must end well and say nothing else.
    #[track_caller]
    pub fn words(&self, arguments: &[&str]) -> String {
        printed(&self.run(arguments), arguments)
    }

    /// The objects that it prints with `--json`, a line each.
    #[track_caller]
    fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        let arguments = [arguments, &["--json"]].concat();
        let lines = self.words(&arguments);
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The one object that it prints.
    #[track_caller]
    fn object(&self, arguments: &[&str]) -> Value {
        let mut objects = self.objects(arguments);
        assert_eq!(objects.len(), 1, "{objects:?}");
        objects.remove(0)
    }

    #[track_caller]
    fn run_with_input(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command(arguments);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a program that runs");
        child.stdin.take().expect("its standard input").write_all(input.as_bytes()).expect("a program that reads");
        printed(&child.wait_with_output().expect("a program that ends"), arguments)
    }
}

#[track_caller]
fn printed(output: &Output, arguments: &[&str]) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), said.as_ref()), (Some(0), ""), "{arguments:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[track_caller]
fn has_all(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in:\n{text}");
    }
}

#[tokio::test]
async fn status_shows_the_server_at_a_glance() {
    let desk = Desk::new().await;
    desk.server.admin().put_on_sale_for_logins("gala", 5).await;
    desk.server.login("ann").await;
    let words = desk.words(&["status"]);
    has_all(&words, &["ready        yes\n", "events       1: 1 on_sale\n", "sessions     1\n"]);
    has_all(&words, &["tickets      4 of 5 available, 1 held, 0 booked\n", "snapshot     none yet\n"]);
    has_all(&words, &["server time  2026-11-22 10:00:00 UTC\n", env!("CARGO_PKG_VERSION")]);
    let seen = desk.object(&["status"]);
    assert_eq!((&seen["ready"], &seen["readiness"]["status"]), (&json!(true), &json!("ready")));
    assert_eq!(seen["overview"], desk.server.admin().get("/v1/admin/overview").await.expect(200));
}

#[tokio::test]
async fn status_needs_no_token_and_its_exit_code_tells_whether_the_server_is_ready() {
    let desk = Desk::new().await;
    let without_token = |arguments: &[&str]| {
        let output = desk.command(arguments).env_remove("HOLDFAST_ADMIN_TOKEN").output().expect("a program that runs");
        let [printed, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text"));
        (output.status.code(), printed, said)
    };
    let (code, printed, said) = without_token(&["status"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        printed.starts_with("ready    yes\n") && said.contains("without a token there are no figures"),
        "{printed}"
    );
    desk.server.shut_engine_down().await;
    let (code, printed, said) = without_token(&["status"]);
    assert_eq!(code, Some(75), "{said}");
    assert!(printed.starts_with("ready    no: ") && said.contains("(503 shutting_down)"), "{printed}{said}");
    let (code, printed, _) = without_token(&["status", "--json"]);
    let seen: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!((code, &seen["ready"], &seen["readiness"]["code"]), (Some(75), &json!(false), &json!("shutting_down")));
}

#[tokio::test]
async fn events_go_through_their_lifecycle() {
    let desk = Desk::new().await;
    let gala = r#"{"id":"gala","name":"Gala","ticket_types":[{"id":"vip","name":"VIP","capacity":3,
        "price":{"amount":9900,"currency":"EUR"}},{"id":"floor","name":"Floor","capacity":7}]}"#;
    assert_eq!(desk.run_with_input(&["events", "create", "--file", "-"], gala), "gala is created: draft\n");
    desk.place.write("ball.json", r#"{"id":"ball","name":"Ball","capacity":0}"#);
    assert_eq!(desk.object(&["events", "create", "--file", "ball.json"])["id"], "ball");
    for (step, words, status) in [
        ("schedule", "gala is scheduled\n", "scheduled"),
        ("open", "gala is on_sale\n", "on_sale"),
        ("pause", "gala is paused\n", "paused"),
        ("resume", "gala is on_sale\n", "on_sale"),
    ] {
        assert_eq!(desk.words(&["events", step, "gala", "--reason", "so planned"]), words);
        assert_eq!(desk.server.admin().event("gala").await["status"], status);
    }
    let list = desk.words(&["events", "list"]);
    has_all(&list, &["EVENT  STATUS   CAPACITY", "gala   on_sale        10", "ball   draft           0"]);
    assert_eq!(desk.objects(&["events", "list", "--status", "draft"]).len(), 1);
    has_all(&desk.words(&["events", "list", "--status", "closed"]), &["No event fits."]);
    let shown = desk.words(&["events", "show", "gala"]);
    has_all(&shown, &["hold_seconds", "TICKET TYPE", "9900 minor units of EUR", "etag"]);
    assert_eq!(desk.object(&["events", "close", "gala"])["status"], "closed");
    assert_eq!(desk.words(&["events", "cancel", "ball", "--reason", "rain"]), "ball is cancelled, sold out\n");
    assert_eq!(desk.words(&["events", "delete", "ball", "--reason", "rain"]), "ball is removed\n");
    let reasons = desk.server.admin().changes_of("gala").await;
    assert!(reasons.iter().any(|change| change["act"].is_object() && change["reason"] == "so planned"), "{reasons:?}");
}

#[tokio::test]
async fn settings_are_changed_by_words_and_by_file_and_only_of_the_version_that_was_meant() {
    let desk = Desk::new().await;
    desk.server.admin().put_on_sale("gala", 5).await;
    let words = ["events", "set", "gala", "name=1999", "venue=Hall", "hold_seconds=90", "capacity.general=8"];
    has_all(&desk.words(&words), &["1999", "Hall", "90"]);
    let event = desk.server.admin().event("gala").await;
    assert_eq!([&event["name"], &event["capacity"], &event["hold_seconds"]], [&json!("1999"), &json!(8), &json!(90)]);
    desk.place.write("change.json", r#"{"lobby":true,"venue":null}"#);
    let etag = event["etag"].as_str().expect("a version");
    let set = ["events", "set", "gala", "--file", "change.json", "--if-match", etag];
    assert_eq!(desk.object(&set)["lobby"], true);
    assert_eq!(desk.server.admin().event("gala").await["venue"], Value::Null);
    let again = desk.run(&set);
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(64), "{said}");
    assert!(said.contains("(412 version_conflict)"), "{said}");
}

#[tokio::test]
async fn holds_are_listed_extended_and_released() {
    let desk = Desk::new().await;
    desk.server.admin().put_on_sale("gala", 9).await;
    for user in ["ann", "bob", "carl"] {
        desk.server.login(user).await.hold("gala", json!({ "quantity": 2 })).await.expect_status(201);
    }
    let list = desk.words(&["holds", "list", "gala"]);
    has_all(&list, &["HOLD    STATE  QUANTITY", "gala.2  held          2  general      bob"]);
    has_all(&list, &["2026-11-22 10:10:00 UTC  10 min 0 s\n"]);
    assert_eq!(desk.objects(&["holds", "list", "gala", "--user", "bob"])[0]["id"], "gala.2");
    assert_eq!(desk.words(&["holds", "list", "gala", "--state", "expired"]), "No hold fits.\n");
    let extended = desk.words(&["holds", "extend", "gala.1", "--seconds", "60", "--reason", "slow card"]);
    assert_eq!(extended, "gala.1 now expires 2026-11-22 10:11:00 UTC, in 11 min 0 s\n");
    assert_eq!(desk.object(&["holds", "extend", "gala.1", "--seconds", "1"])["expires_in_ms"], 661_000);
    let many = ["holds", "release", "--event", "gala", "--user", "ann", "--reason", "called"];
    assert_eq!(desk.words(&[&many[..], &["--dry-run"]].concat()), "gala: would release 1 hold\n");
    assert_eq!(desk.object(&many), json!({ "matched": 1, "released": 1 }));
    let released = desk.words(&["holds", "release", "gala.2", "gala.3"]);
    assert_eq!(released, "gala.2 is released: 2 × general of bob\ngala.3 is released: 2 × general of carl\n");
    assert_eq!(desk.server.visitor().event("gala").await["available"], 9);
}

#[tokio::test]
async fn one_refusal_among_several_is_told_and_the_others_are_done() {
    let desk = Desk::new().await;
    desk.server.admin().put_on_sale("gala", 9).await;
    desk.server.login("ann").await.hold("gala", json!({})).await.expect_status(201);
    let output = desk.run(&["holds", "release", "gala.9", "gala.1", "gala.8"]);
    let [printed, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text"));
    assert_eq!((output.status.code(), printed.as_str()), (Some(64), "gala.1 is released: 1 × general of ann\n"));
    let lines: Vec<_> = said.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("holdfast: gala.9: Hold not found: "), "{said}");
    assert!(lines[1].ends_with("(404 hold_not_found)"), "{said}");
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let desk = Desk::new().await;
    let ann = desk.server.login("ann").await;
    desk.server.login("bob").await;
    let list = desk.words(&["sessions", "list"]);
    has_all(&list, &["SESSION  USER  LOGGED IN", "      1  ann   2026-11-22 10:00:00 UTC", "      2  bob   "]);
    assert_eq!(desk.objects(&["sessions", "list", "--user", "bob"])[0]["id"], "2");
    assert_eq!(desk.words(&["sessions", "end", "1", "--reason", "shared"]), "Session 1 has ended\n");
    ann.get("/v1/sessions/me").await.expect_refusal(410, "session_expired");
    assert_eq!(desk.objects(&["sessions", "end", "2"]), Vec::<Value>::new());
    assert_eq!(desk.words(&["sessions", "list"]), "Nobody is logged in.\n");
}

#[tokio::test]
async fn a_cleanup_tells_each_one_and_a_snapshot_its_file() {
    let desk = Desk::new().await;
    desk.server.admin().put_on_sale("gala", 2).await;
    let (ann, bob) = (desk.server.login("ann").await, desk.server.login("bob").await);
    ann.hold("gala", json!({ "quantity": 2 })).await.expect_status(201);
    bob.join("gala", json!({ "quantity": 4 })).await.expect_status(200);
    desk.server.advance_seconds(650);
    let rehearsed = desk.words(&["cleanup", "--dry-run", "--verbose"]);
    let hold = "  hold gala.1: 2 × general of ann, session 1\n";
    let counts = "1 expired hold, 0 ended sessions, 0 places in line\n";
    assert_eq!(rehearsed, format!("Would have cleaned up: {counts}{hold}"));
    assert_eq!(desk.words(&["cleanup", "--verbose"]), format!("Cleaned up: {counts}{hold}"));
    desk.server.advance_seconds(50);
    let ended = desk.words(&["cleanup", "-v"]);
    has_all(&ended, &["0 expired holds, 2 ended sessions, 1 place in line\n", "  session 1 of ann\n"]);
    has_all(&ended, &["  place in the line of gala: 4 × general of bob, session 2\n"]);
    let nothing = json!({ "expired_holds": 0, "ended_sessions": 0, "dropped_queue_entries": 0 });
    assert_eq!(desk.object(&["cleanup"]), nothing);
    let written = desk.object(&["snapshot"]);
    assert!(desk.server.data().join(written["file"].as_str().expect("a name")).exists(), "{written}");
    has_all(&desk.words(&["snapshot"]), &["Snapshot of ", "snapshot-", " bytes\n"]);
}

#[tokio::test]
async fn lists_are_followed_to_their_end() {
    let desk = Desk::new().await;
    for number in 1..=201 {
        let event = json!({ "id": format!("e{number}"), "name": "One of many", "capacity": 1 });
        desk.server.admin().create(event).await;
    }
    let ids = |objects: Vec<Value>| objects.iter().map(|event| event["id"].to_string()).collect::<Vec<_>>();
    let all: Vec<_> = (1..=201).map(|number| format!("\"e{number}\"")).collect();
    assert_eq!(ids(desk.objects(&["events", "list"])), all);
    assert_eq!(desk.words(&["events", "list"]).lines().count(), 202, "with the headings");
    for (limit, count) in [("0", 0), ("3", 3), ("201", 201), ("999", 201)] {
        assert_eq!(ids(desk.objects(&["events", "list", "--limit", limit])), all[..count]);
    }
}

#[tokio::test]
async fn what_users_call_themselves_cannot_command_a_terminal() {
    let desk = Desk::new().await;
    // The server lets no control character in, but what turns the direction of writing is none.
    let name = "ann\u{202e}nib\u{200b}";
    desk.server.login(name).await;
    let words = desk.words(&["sessions", "list"]);
    assert!(words.contains("ann\\u{202e}nib\\u{200b}") && !words.contains('\u{202e}'), "{words}");
    let text = desk.words(&["sessions", "list", "--json"]);
    assert!(text.is_ascii(), "{text}");
    assert_eq!(desk.objects(&["sessions", "list", "--user", name])[0]["user"], name);
}
