//! The commands that look after a data directory: what they say, print and change, and how they end.

use std::fs;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::http::get;
use crate::people::Buyer;
use crate::process::{Place, Process, check_refusal};
use crate::server::ADMIN_TOKEN;

/// Runs an offline command in `place`.
fn run(place: &Place, arguments: &[&str]) -> Output {
    place.bare_holdfast().args(arguments).output().expect("a program that runs")
}

/// Runs an offline command that must end well and say nothing on standard error. Returns what it printed.
#[track_caller]
fn run_well(place: &Place, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), said.as_ref()), (Some(0), ""), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The same, and it must leave everything as it is.
#[track_caller]
fn look(place: &Place, arguments: &[&str]) -> String {
    let before = place.listing();
    let printed = run_well(place, arguments);
    assert!(place.listing() == before, "{arguments:?} has changed something");
    printed
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn start(place: &Place, data: &str) -> Process {
    Process::start(place.holdfast(data).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN))
}

/// A data directory of a server that was stopped, and its audit trail.
async fn sold(place: &Place) -> Vec<Value> {
    let server = start(place, "data");
    server.admin().put_on_sale("gala", 10).await;
    server.admin().put_on_sale("ball", 5).await;
    let ann = Buyer::log_in(server.connection(), "ann").await;
    ann.book("gala", json!({ "quantity": 2 })).await.expect(201);
    ann.hold("ball", json!({})).await.expect(201);
    let changes = server.admin().changes().await;
    server.stop();
    changes
}

/// The newest segment there is.
fn last_segment(place: &Place, data: &str) -> String {
    let entries = fs::read_dir(place.path(data)).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".segment")).max().expect("a segment")
}

/// Flips a bit in frame `index` of the newest segment, behind the frame's header.
fn damage_frame(place: &Place, data: &str, index: usize) -> String {
    let segment = last_segment(place, data);
    let name = format!("{data}/{segment}");
    let mut bytes = fs::read(place.path(&name)).expect("the segment");
    let frames: Vec<usize> = bytes
        .chunks(512)
        .enumerate()
        .filter(|(_, sector)| sector.starts_with(b"HFRM"))
        .map(|(at, _)| at * 512)
        .collect();
    bytes[frames[index] + 90] ^= 1;
    fs::write(place.path(&name), bytes).expect("the segment");
    segment
}

#[tokio::test]
async fn a_stopped_server_left_a_directory_that_passes_the_check() {
    let place = Place::new();
    let changes = sold(&place).await;
    let printed = look(&place, &["verify", "--data", "data"]);
    for words in
        ["data: store ", "end       clean", "snapshot  seq ", "the journal leads to the same state", "All is well.\n"]
    {
        assert!(printed.contains(words), "{words:?} is not in: {printed}");
    }
    place.write("holdfast.toml", "[server]\ndata = \"data\"\n");
    let report = parsed(&look(&place, &["verify", "--config", "holdfast.toml", "--json"]));
    assert_eq!((&report["ok"], &report["end"], &report["first_seq"]), (&json!(true), &json!("clean"), &json!(1)));
    assert!(report["last_seq"].as_u64() >= changes.last().expect("changes")["seq"].as_u64());
    assert_eq!(report["snapshots"][0]["verdict"], "same");
    assert_eq!(report["findings"], json!([]));
}

#[tokio::test]
async fn a_dump_is_the_audit_trail() {
    let place = Place::new();
    let changes = sold(&place).await;
    let lines = |arguments: &[&str]| -> Vec<Value> {
        look(&place, &[&["dump", "--data", "data"], arguments].concat()).lines().map(parsed).collect()
    };
    let all = lines(&[]);
    assert_eq!(all[..changes.len()], changes);
    let of_ball: Vec<Value> = all.iter().filter(|change| change["event"] == "ball").cloned().collect();
    assert_eq!(lines(&["--event", "ball"]), of_ball);
    assert!(of_ball.iter().any(|change| change["user"] == "ann" && change["ticket_type"] == "general"));
    assert_eq!(lines(&["--from", "2", "--to", "3"]), all[1..3]);
    assert_eq!(lines(&["--event", "nothing"]), [Value::Null; 0]);
}

#[tokio::test]
async fn a_dump_that_nobody_reads_to_the_end_ends_quietly() {
    let place = Place::new();
    sold(&place).await;
    let mut command = place.bare_holdfast();
    command.args(["dump", "--data", "data"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a program that runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("its end");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[tokio::test]
async fn a_directory_in_use_is_told_with_its_holder() {
    let place = Place::new();
    let server = start(&place, "data");
    let commands: [&[&str]; 3] = [&["verify"], &["dump"], &["repair", "--truncate-tail", "--accept-loss", "0"]];
    for arguments in commands {
        let lock = fs::read(place.path("data/LOCK")).expect("the lock");
        let output = run(&place, &[arguments, &["--data", "data"]].concat());
        check_refusal(&output, 75, &["data is in use by process "]);
        assert_eq!(fs::read(place.path("data/LOCK")).expect("the lock"), lock);
    }
    server.stop();
}

#[test]
fn a_directory_without_a_store_is_told() {
    let place = Place::new();
    fs::create_dir(place.path("theses")).expect("a directory");
    place.write("theses/thesis.txt", "Of holding fast.");
    let commands: [&[&str]; 4] =
        [&["verify"], &["dump"], &["repair", "--truncate-tail"], &["backup", "--to", "elsewhere"]];
    for arguments in commands {
        for data in ["theses", "nowhere"] {
            let mut command = place.bare_holdfast();
            command.args(arguments).args(["--data", data]);
            place.refuse(&mut command, 65, &[data, "is not a data directory of Holdfast", "no STORE file"]);
        }
    }
    let mut command = place.bare_holdfast();
    place.refuse(command.args(["restore", "--from", "theses", "--data", "new"]), 65, &["theses", "no STORE file"]);
    let mut command = place.bare_holdfast();
    place.refuse(command.args(["verify", "--config", "missing.toml"]), 78, &["missing.toml"]);
}

#[tokio::test]
async fn damage_is_found_dumped_up_to_and_repaired_only_at_the_right_price() {
    let place = Place::new();
    let changes = sold(&place).await;
    // The frame behind the first one's, of the newest segment.
    let segment = damage_frame(&place, "data", 2);
    fs::remove_file(place.path("data").join(only_snapshot(&place))).expect("a snapshot");
    let refused = place.holdfast("data").output().expect("a program that runs");
    check_refusal(&refused, 65, &[&segment, "is refused at offset"]);

    let output = run(&place, &["verify", "--data", "data", "--json"]);
    assert_eq!(output.status.code(), Some(65));
    let report = parsed(&String::from_utf8_lossy(&output.stdout));
    assert_eq!((&report["ok"], &report["end"]), (&json!(false), &json!("refused")));
    let whole_up_to = report["last_seq"].as_u64().expect("a number");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with(&format!("holdfast: {segment} is refused at offset ")));

    let output = run(&place, &["dump", "--data", "data"]);
    assert_eq!(output.status.code(), Some(65));
    let dumped = String::from_utf8(output.stdout).expect("text");
    let dumped: Vec<Value> = dumped.lines().map(parsed).collect();
    assert_eq!((dumped.len() as u64, &dumped[..]), (whole_up_to, &changes[..dumped.len()]));

    let repair = |accept: &[&str]| {
        let mut command = place.bare_holdfast();
        command.args(["repair", "--truncate-tail", "--data", "data"]).args(accept);
        command
    };
    let output = repair(&[]).output().expect("a program that runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let price = said.trim().rsplit_once("say --accept-loss ").expect("a price").1.to_owned();
    let lost = price.parse::<u64>().expect("a number");
    assert_eq!(whole_up_to + lost, changes.len() as u64, "{said}");
    place.refuse(&mut repair(&[]), 65, &[&segment, "is whole", "quarantine/"]);
    place.refuse(&mut repair(&["--accept-loss", &(lost + 1).to_string()]), 65, &["say --accept-loss"]);
    let output = repair(&["--accept-loss", &price]).output().expect("a program that runs");
    assert_eq!(output.status.code(), Some(0));
    assert!(
        String::from_utf8_lossy(&output.stdout)
            .contains(&format!("whole up to seq {whole_up_to}; changes given up, as far as is known: {lost}"))
    );

    assert!(look(&place, &["repair", "--truncate-tail", "--data", "data"]).starts_with("Nothing to repair"));
    assert!(look(&place, &["verify", "--data", "data"]).contains("All is well."));
    let server = start(&place, "data");
    assert_eq!(server.admin().changes().await[..dumped.len()], dumped);
    server.stop();
}

/// The snapshot that the stop left.
fn only_snapshot(place: &Place) -> String {
    let entries = fs::read_dir(place.path("data")).expect("a directory");
    let mut names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.find(|name| name.starts_with("snapshot-")).expect("a snapshot")
}

#[tokio::test]
async fn a_backup_of_a_running_server_is_restored_and_gone_on_from() {
    let place = Place::new();
    let server = start(&place, "data");
    server.admin().put_on_sale("gala", 10_000).await;
    let ann = Buyer::log_in(server.connection(), "ann").await;
    let booking = ann.book("gala", json!({ "quantity": 2 })).await.expect(201);
    let acknowledged = server.visitor().durable_seq().await;
    // Others go on buying all the while.
    let others = tokio::spawn(buy_without_end(server.connection()));
    for number in 0..5 {
        let to = format!("backups/{number}");
        let backup = place.bare_holdfast().args(["backup", "--data", "data", "--to", &to, "--json"]).output();
        let output = tokio::task::spawn_blocking(|| backup).await.expect("a task").expect("a program that runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report = parsed(&String::from_utf8_lossy(&output.stdout));
        assert!(report["seq"].as_u64() >= Some(acknowledged), "{report}");
        assert_eq!(report["verified"]["ok"], true);
    }
    others.abort();
    server.stop();

    let printed = run_well(&place, &["restore", "--from", "backups/4", "--data", "restored"]);
    assert!(printed.starts_with("Restored to restored, verified: up to seq "), "{printed}");
    let server = start(&place, "restored");
    let mine = get("/v1/sessions/me").with("authorization", format!("Bearer {}", ann.token));
    let mine = server.visitor().send(mine).await.expect(200);
    assert_eq!(mine["bookings"][0]["id"], booking["id"]);
    assert_eq!(mine["bookings"][0]["booked_at"], booking["booked_at"]);
    ann_goes_on(&server, &ann.token).await;
    server.stop();
}

async fn buy_without_end(connection: crate::http::Connection) {
    for number in 0.. {
        let buyer = Buyer::log_in(connection.another(), &format!("buyer-{number}")).await;
        buyer.book("gala", json!({})).await;
    }
}

/// The restored server takes new requests.
async fn ann_goes_on(server: &Process, token: &str) {
    let hold = crate::http::post("/v1/events/gala/holds", json!({}));
    server.visitor().send(hold.with("authorization", format!("Bearer {token}"))).await.expect(201);
}

#[tokio::test]
async fn a_backup_of_a_stopped_server_leaves_it_alone_and_takes_the_tokens_along() {
    let place = Place::new();
    Process::start(&mut place.holdfast("data")).stop();
    let before = fs::read(place.path("data/tokens")).expect("the file");
    let source = |place: &Place| -> Vec<_> {
        let data = place.path("data");
        place.listing().into_iter().filter(|(path, _)| path.starts_with(&data)).collect()
    };
    let untouched = source(&place);
    run_well(&place, &["backup", "--data", "data", "--to", "copy"]);
    assert!(source(&place) == untouched, "the source was changed");
    assert_eq!(fs::read(place.path("copy/tokens")).expect("the file"), before);
    let mut again = place.bare_holdfast();
    place.refuse(again.args(["backup", "--data", "data", "--to", "copy"]), 65, &["copy cannot take a copy", "holds"]);
    let mut onto = place.bare_holdfast();
    place.refuse(onto.args(["restore", "--from", "copy", "--data", "data"]), 65, &["data cannot take a copy", "holds"]);

    damage_frame(&place, "copy", 0);
    let mut damaged = place.bare_holdfast();
    place.refuse(damaged.args(["restore", "--from", "copy", "--data", "new"]), 65, &["copy did not pass the check"]);
    assert!(!place.path("new").exists());
}
