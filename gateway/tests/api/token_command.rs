//! `holdfast token`: what it prints and changes, and how it ends.

use std::process::Output;

use crate::http::{Request, get};
use crate::people::Visitor;
use crate::process::{Place, Process, check_refusal};

fn run(place: &Place, arguments: &[&str]) -> Output {
    place.bare_holdfast().arg("token").args(arguments).args(["--data", "data"]).output().expect("a program that runs")
}

/// Runs a command that must end well. Returns what it printed, and what it said besides.
#[track_caller]
fn run_well(place: &Place, arguments: &[&str]) -> (String, String) {
    let output = run(place, arguments);
    let [printed, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text"));
    assert_eq!(output.status.code(), Some(0), "{said}");
    (printed, said)
}

#[tokio::test]
async fn a_running_server_takes_up_what_is_added_and_removed() {
    let place = Place::new();
    let mut command = place.holdfast("data");
    let server = Process::start(command.args(["--set", "server.reread_seconds=1"]));
    let (printed, said) = run_well(&place, &["add", "ops", "--role", "operator"]);
    let token = printed.strip_suffix('\n').expect("a line");
    assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{printed:?}");
    assert!(said.contains("takes it up within 5 s") && !said.contains(token), "{said}");
    assert_eq!(run_well(&place, &["list"]).0, "operator admin\noperator ops\n");
    for (path, content) in place.listing() {
        let is_written = content.unwrap_or_default().windows(token.len()).any(|part| part == token.as_bytes());
        assert!(!is_written, "the token is in {}", path.display());
    }

    let visitor = server.visitor();
    let look = || get("/v1/admin/events").with("authorization", format!("Bearer {token}"));
    until(&visitor, look, 200).await;
    run_well(&place, &["remove", "ops"]);
    until(&visitor, look, 401).await;
    assert_eq!(run_well(&place, &["list"]).0, "operator admin\n");
    let metrics = visitor.get("/metrics").await.text;
    assert!(metrics.contains("holdfast_admin_failures_total ") && !metrics.contains(token), "{metrics}");
    server.stop();
}

/// Looks until the answer has this status: what the server reads again comes within a second, but not at once.
async fn until(visitor: &Visitor, look: impl Fn() -> Request, status: u16) {
    for _ in 0..1_000_000 {
        if visitor.send(look()).await.status == status {
            return;
        }
    }
    panic!("the server never answered {status}");
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_changed() {
    let place = Place::new();
    let refuse = |arguments: &[&str], exit_code: i32, words: &[&str]| {
        let mut command = place.bare_holdfast();
        place.refuse(command.arg("token").args(arguments).args(["--data", "data"]), exit_code, words);
    };
    for arguments in [&["add", "ops", "--role", "viewer"][..], &["remove", "ops"], &["list"]] {
        refuse(arguments, 65, &["data is not a data directory of Holdfast", "no STORE file"]);
    }
    Process::start(&mut place.holdfast("data")).stop();
    refuse(&["add", "admin", "--role", "viewer"], 64, &["there is a token named admin already"]);
    refuse(&["remove", "ops"], 64, &["there is no token named ops"]);
    place.write("data/tokens", "operator admin\n");
    for arguments in [&["add", "ops", "--role", "viewer"][..], &["remove", "admin"], &["list"]] {
        refuse(arguments, 65, &["data/tokens is damaged at line 1"]);
    }
}

#[test]
fn what_is_no_name_or_role_is_told() {
    let place = Place::new();
    for arguments in [
        &["add", "Ops", "--role", "viewer"][..],
        &["add", "ops"],
        &["add", "ops", "--role", "king"],
        &["add", "--role", "viewer"],
        &["remove"],
        &["remove", "no_slug"],
        &[],
    ] {
        assert_eq!(run(&place, arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert!(place.listing().is_empty());
}

#[tokio::test]
async fn the_token_of_an_earlier_version_is_taken_over() {
    let place = Place::new();
    Process::start(&mut place.holdfast("data")).stop();
    std::fs::remove_file(place.path("data/tokens")).expect("the file");
    place.write("data/admin-token.sha256", &format!("{}\n", sha256("the-token-of-old")));
    let server = Process::start(&mut place.holdfast("data"));
    assert!(place.path("data/tokens").exists() && !place.path("data/admin-token.sha256").exists());
    let look = get("/v1/admin/events").with("authorization", "Bearer the-token-of-old");
    server.visitor().send(look).await.expect(200);
    assert!(!server.stop().contains("oken, made"));
}

#[test]
fn a_damaged_token_of_an_earlier_version_is_said_and_kept() {
    let place = Place::new();
    Process::start(&mut place.holdfast("data")).stop();
    std::fs::remove_file(place.path("data/tokens")).expect("the file");
    place.write("data/admin-token.sha256", "Of holding fast.");
    let output = place.holdfast("data").output().expect("a program that runs");
    check_refusal(&output, 65, &["admin-token.sha256 is damaged at line 1"]);
    let kept = std::fs::read_to_string(place.path("data/admin-token.sha256")).expect("the file");
    assert_eq!(kept, "Of holding fast.");
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
