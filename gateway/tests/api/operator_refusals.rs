//! The operators' commands: what cannot be done, how it is told, and what goes to whom.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::operator::Desk;
use crate::process::{Place, check_refusal};
use crate::server::{ADMIN_TOKEN, TestServer};
use crate::tls::Files;

#[tokio::test]
async fn a_refusal_is_told_in_one_line_and_changes_nothing() {
    let desk = Desk::new().await;
    desk.server.admin().put_on_sale("gala", 5).await;
    let viewer = desk.server.add_token("eve", "viewer");
    let service = desk.server.add_token("shop", "service");
    desk.server.reread_files();
    desk.place.write("list.json", "[1]");
    desk.place.write("gala.json", r#"{"id":"gala","name":"Gala","capacity":5}"#);
    desk.place.write("odd.json", r#"{"id":"odd","name":"Odd","capacity":5,"colour":"red"}"#);
    let seq = desk.server.visitor().durable_seq().await;
    let cases: [(&str, &[&str], i32, &[&str]); 20] = [
        (ADMIN_TOKEN, &["holds", "release", "gala.9"], 64, &["gala.9: Hold not found", "(404 hold_not_found)"]),
        (ADMIN_TOKEN, &["holds", "extend", "gala.9", "--seconds", "5"], 64, &["(404 hold_not_found)"]),
        (ADMIN_TOKEN, &["holds", "list", "ball"], 64, &["(404 event_not_found)"]),
        (ADMIN_TOKEN, &["holds", "release", "--event", "gala", "--reason", ""], 64, &["reason must say why"]),
        (ADMIN_TOKEN, &["sessions", "end", "9"], 64, &["9: Session not found"]),
        (ADMIN_TOKEN, &["events", "show", "ball"], 64, &["(404 event_not_found)"]),
        (ADMIN_TOKEN, &["events", "set", "ball", "name=x"], 64, &["(404 event_not_found)"]),
        (ADMIN_TOKEN, &["events", "set", "gala", "name=x", "--if-match", "\"9\""], 64, &["(412 version_conflict)"]),
        (ADMIN_TOKEN, &["events", "set", "gala", "hold_seconds=0"], 64, &["hold_seconds", "(422 validation_failed)"]),
        (ADMIN_TOKEN, &["events", "schedule", "gala"], 64, &["(409 invalid_transition)"]),
        (ADMIN_TOKEN, &["events", "create", "--file", "gala.json"], 64, &["(409 event_exists)"]),
        (ADMIN_TOKEN, &["events", "create", "--file", "odd.json"], 64, &["colour", "(400 malformed_request)"]),
        (ADMIN_TOKEN, &["events", "create", "--file", "list.json"], 65, &["list.json has no JSON object in it"]),
        (ADMIN_TOKEN, &["events", "create", "--file", "none.json"], 74, &["none.json cannot be read"]),
        ("no-such-token", &["events", "list"], 77, &["(401 unauthenticated)"]),
        ("no-such-token", &["status"], 77, &["(401 unauthenticated)"]),
        (&viewer, &["events", "pause", "gala"], 77, &["(403 forbidden)"]),
        (&viewer, &["cleanup"], 77, &["(403 forbidden)"]),
        (&service, &["events", "list"], 77, &["(403 forbidden)"]),
        ("not a token", &["events", "list"], 78, &["HOLDFAST_ADMIN_TOKEN has no token"]),
    ];
    for (token, arguments, exit_code, words) in cases {
        for form in [&[][..], &["--json"]] {
            let mut command = desk.command(&[arguments, form].concat());
            desk.place.refuse(command.env("HOLDFAST_ADMIN_TOKEN", token), exit_code, words);
        }
    }
    assert_eq!(desk.server.visitor().durable_seq().await, seq);
}

#[tokio::test]
async fn what_cannot_be_meant_is_not_sent() {
    let desk = Desk::new().await;
    for arguments in [
        &["events"][..],
        &["events", "list", "--status", "open"],
        &["events", "show", "No-Slug"],
        &["events", "set", "gala"],
        &["events", "set", "gala", "colour=red"],
        &["events", "set", "gala", "name=x", "--file", "x.json"],
        &["events", "create"],
        &["holds", "release"],
        &["holds", "release", "gala.1", "--event", "gala", "--reason", "x"],
        &["holds", "release", "--event", "gala"],
        &["holds", "release", "gala.1", "--dry-run"],
        &["holds", "release", "gala"],
        &["holds", "extend", "gala.1"],
        &["sessions", "end", "ann"],
        &["status", "--timeout-seconds", "0"],
        &["events", "list", "--token", "secret"],
    ] {
        assert_eq!(desk.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_token_comes_from_the_environment_or_a_file() {
    let desk = Desk::new().await;
    desk.place.write("token", &format!("{ADMIN_TOKEN}\nand a note\n"));
    desk.place.write("empty", "\n");
    let list = |arguments: &[&str]| {
        let mut command = desk.command(&[&["events", "list"], arguments].concat());
        command.env_remove("HOLDFAST_ADMIN_TOKEN");
        command
    };
    desk.place.refuse(&mut list(&[]), 77, &["this needs a token", "HOLDFAST_ADMIN_TOKEN", "--token-file"]);
    desk.place.refuse(&mut list(&["--token-file", "none"]), 78, &["the token file none cannot be read"]);
    desk.place.refuse(&mut list(&["--token-file", "empty"]), 78, &["empty has no token"]);
    for token in [None, Some("a-token-that-the-file-goes-before")] {
        let mut command = list(&["--token-file", "token"]);
        let output = command.envs(token.map(|token| ("HOLDFAST_ADMIN_TOKEN", token))).output().expect("a program");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn the_server_is_the_one_that_the_configuration_says() {
    let desk = Desk::new().await;
    desk.place.write("holdfast.toml", &format!("[server]\nlisten = \"{}\"\n", desk.server.address()));
    let list = |arguments: &[&str]| {
        let mut command = desk.command(&[&["events", "list"], arguments].concat());
        command.env_remove("HOLDFAST_SERVER");
        command
    };
    let output = list(&["--config", "holdfast.toml"]).output().expect("a program that runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "No event fits.\n");
    let listen = desk.server.address().to_string();
    let output = list(&[]).env("HOLDFAST__SERVER__LISTEN", listen).output().expect("a program that runs");
    assert_eq!(output.status.code(), Some(0));
    let mut any_port = list(&[]);
    desk.place.refuse(any_port.env("HOLDFAST__SERVER__LISTEN", "127.0.0.1:0"), 78, &["any free port", "--server"]);
    desk.place.refuse(&mut list(&["--config", "none.toml"]), 78, &["none.toml cannot be read"]);
}

#[tokio::test]
async fn a_token_is_not_sent_where_others_can_read_it() {
    let desk = Desk::new().await;
    let refuse = |server: &str, exit_code, words: &[&str]| {
        let mut command = desk.command(&["events", "list", "--server", server, "--timeout-seconds", "1"]);
        desk.place.refuse(&mut command, exit_code, words);
    };
    // Nothing listens at these addresses of documentation (RFC 5737), and nothing is sent to them.
    refuse("http://192.0.2.1:8080", 78, &["would go to http://192.0.2.1:8080 in the open", "--token-over-plain-http"]);
    refuse("http://sale.example", 78, &["in the open"]);
    refuse("sale.example", 78, &["must be http://HOST:PORT"]);
    refuse("https://ann:secret@sale.example", 78, &["must be http://HOST:PORT"]);
}

/// Takes one connection, and answers this to whatever is asked. Returns what was asked.
fn answer_once(listener: TcpListener, answer: &'static str) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut asked = [0; 4096];
        let length = stream.read(&mut asked).expect("a request");
        stream.write_all(answer.as_bytes()).expect("a client that reads");
        String::from_utf8_lossy(&asked[..length]).into_owned()
    })
}

#[test]
fn what_is_no_server_of_holdfast_is_told_and_no_redirect_followed() {
    let place = Place::new();
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a free port");
    elsewhere.set_nonblocking(true).expect("a listener that does not wait");
    let moved = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        elsewhere.local_addr().expect("an address")
    );
    for (answer, exit_code, words) in [
        (&*moved.leak(), 70, &["is no answer of Holdfast", "HTTP 307"][..]),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello", 70, &["no JSON"]),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}", 70, &["no list"]),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}", 70, &["no problem details"]),
        ("SSH-2.0-OpenSSH_9.9\r\n", 70, &["is no answer of Holdfast"]),
        ("", 69, &["no answer came", "whether anything was done is not known"]),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = answer_once(listener, answer);
        let mut command = place.bare_holdfast();
        command.args(["events", "list", "--server", &url]).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
        check_refusal(&command.output().expect("a program that runs"), exit_code, words);
        assert!(asked.join().expect("an answer").starts_with("GET /v1/admin/events?limit=200 HTTP/1.1\r\n"));
    }
    assert!(elsewhere.accept().is_err(), "a redirect was followed");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    for command in [&["status"][..], &["events", "list"], &["snapshot"]] {
        let mut program = place.bare_holdfast();
        program.args(command).args(["--server", &url]).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
        place.refuse(&mut program, 69, &[&url, "cannot be reached"]);
    }
}

#[tokio::test]
async fn a_certificate_is_believed_by_the_authority_that_is_named() {
    let (place, files, others) = (Place::new(), Files::new(), Files::new());
    files.exchange();
    others.exchange();
    let server = TestServer::start_with(|config| {
        config.tls.certificate_file = files.certificate();
        config.tls.key_file = files.key();
    })
    .await;
    let url = format!("https://localhost:{}", server.address().port());
    let list = |authority: &str| {
        let mut command = place.bare_holdfast();
        command.args(["events", "list", "--server", &url, "--ca", authority]).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
        command
    };
    let believed = list(&files.certificate().to_string_lossy()).output().expect("a program that runs");
    assert_eq!(String::from_utf8_lossy(&believed.stdout), "No event fits.\n");
    place.refuse(&mut list(&others.certificate().to_string_lossy()), 69, &[&url, "cannot be reached"]);
    place.refuse(&mut list("none.pem"), 78, &["none.pem cannot be used"]);
    place.write("empty.pem", "nothing\n");
    place.refuse(&mut list("empty.pem"), 78, &["empty.pem cannot be used: there is none"]);
}

#[test]
fn completions_and_pages_have_every_command() {
    let place = Place::new();
    let print = |arguments: &[&str]| {
        let output = place.bare_holdfast().args(arguments).output().expect("a program that runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let commands = [
        "serve",
        "demo",
        "config",
        "status",
        "events",
        "holds",
        "sessions",
        "cleanup",
        "snapshot",
        "token",
        "account",
        "verify",
        "dump",
        "repair",
        "backup",
        "restore",
        "completions",
        "manual",
    ];
    let page = print(&["manual"]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completions = print(&["completions", shell]);
        commands.iter().for_each(|command| assert!(completions.contains(command), "{shell} has no {command}"));
    }
    commands
        .iter()
        .for_each(|command| assert!(page.contains(&format!("holdfast\\-{command}(1)")), "{command}: {page}"));
    assert!(print(&["manual", "holds", "release"]).contains("\\-\\-dry\\-run"));
    print(&["manual", "--to", "pages"]);
    for name in ["holdfast.1", "holdfast-snapshot.1", "holdfast-events-set.1", "holdfast-token-add.1"] {
        assert!(place.path("pages").join(name).exists(), "{name}");
    }
    place.refuse(place.bare_holdfast().args(["manual", "events", "sing"]), 64, &["there is no command events sing"]);
}
