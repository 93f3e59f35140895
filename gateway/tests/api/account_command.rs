//! `holdfast account`: what it prints and changes, and how it ends.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::http::{Answer, post};
use crate::process::{Place, Process, check_refusal};

/// Settings of accounts, as the server and the command read them: small files, cheap hashes.
const VARIABLES: [(&str, &str); 5] = [
    ("HOLDFAST__AUTH__MODE", "accounts"),
    ("HOLDFAST__ACCOUNTS__HASH_MEMORY_KIB", "8192"),
    ("HOLDFAST__ACCOUNTS__HASH_PASSES", "1"),
    ("HOLDFAST__JOURNAL__SEGMENT_BYTES", "1048576"),
    ("HOLDFAST__JOURNAL__BATCH_BYTES_MAX", "524288"),
];

fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.bare_holdfast();
    command.envs(VARIABLES).arg("account").args(arguments).args(["--data", "data"]);
    command
}

fn run(place: &Place, arguments: &[&str]) -> Output {
    command(place, arguments).output().expect("a program that runs")
}

/// Runs a command that must end well, and returns what it printed.
#[track_caller]
fn run_well(place: &Place, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn run_with_input(place: &Place, arguments: &[&str], input: &str) -> Output {
    let mut command = command(place, arguments);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a program that runs");
    child.stdin.take().expect("its standard input").write_all(input.as_bytes()).expect("a program that reads");
    child.wait_with_output().expect("a program that ends")
}

fn start(place: &Place) -> Process {
    Process::start(place.holdfast("data").envs(VARIABLES))
}

async fn log_in(server: &Process, user: &str, password: &str) -> Answer {
    server.visitor().send(post("/v1/sessions", json!({ "user": user, "password": password }))).await
}

#[tokio::test]
async fn accounts_are_made_reset_and_removed_while_no_server_runs() {
    let place = Place::new();
    start(&place).stop();
    let printed = run_well(&place, &["add", "ann"]);
    let made = printed.strip_suffix('\n').expect("a line");
    assert_eq!(made.len(), 32, "{printed}");
    let given = run_with_input(&place, &["add", "bob", "--password-stdin"], "correct horse\r\nand more\n");
    assert_eq!((given.status.code(), given.stdout.len()), (Some(0), 0), "{}", String::from_utf8_lossy(&given.stderr));
    assert!(!String::from_utf8_lossy(&given.stderr).contains("correct"));

    let server = start(&place);
    log_in(&server, "ann", made).await.expect_status(201);
    log_in(&server, "bob", "correct horse").await.expect_status(201);
    check_refusal(&run(&place, &["remove", "ann"]), 75, &["POST /v1/admin/accounts", "DELETE /v1/admin/accounts/NAME"]);
    server.stop();

    let other = run_well(&place, &["reset", "ann"]);
    assert_eq!(run_well(&place, &["remove", "bob"]), "");
    let server = start(&place);
    log_in(&server, "ann", made).await.expect_refusal(401, "unauthenticated");
    log_in(&server, "ann", other.trim_end()).await.expect_status(200);
    log_in(&server, "bob", "correct horse").await.expect_refusal(401, "unauthenticated");
    server.stop();
}

#[test]
fn what_cannot_be_done_is_said() {
    let place = Place::new();
    check_refusal(&run(&place, &["add", "ann"]), 65, &["data is not a data directory of Holdfast"]);
    assert!(place.listing().is_empty(), "a misspelt directory becomes no store");
    start(&place).stop();
    run_well(&place, &["add", "ann"]);
    check_refusal(&run(&place, &["add", "ann"]), 64, &["ann: there is an account of this name already"]);
    check_refusal(&run(&place, &["reset", "bob"]), 64, &["bob: there is no account of this name"]);
    check_refusal(&run(&place, &["remove", "bob"]), 64, &["bob: there is no account of this name"]);
    check_refusal(&run(&place, &["add", " bob"]), 64, &["user must not have control characters"]);
    let short = run_with_input(&place, &["add", "bob", "--password-stdin"], "short\n");
    check_refusal(&short, 64, &["the password must have 10 to 128 characters"]);
}
