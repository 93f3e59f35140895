//! The program itself: how it starts, why it does not, and how it stops.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Address, Connection, get};
use crate::people::{Admin, Buyer, Visitor};
use crate::server::ADMIN_TOKEN;
use crate::tls::self_signed;

/// A place to start the program in, with nothing of this process's environment.
pub struct Place {
    directory: TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("a file");
    }

    /// The program, on a free port, with `data` for its directory and small journal segments.
    pub fn holdfast(&self, data: &str) -> Command {
        let mut command = self.bare_holdfast();
        let settings = [
            "server.listen=127.0.0.1:0",
            "metrics.listen=",
            "journal.segment_bytes=1048576",
            "journal.batch_bytes_max=524288",
        ];
        command.args(settings.iter().flat_map(|setting| ["--set", setting])).args(["--data", data]);
        command
    }

    /// The program with its defaults.
    pub fn bare_holdfast(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
        command.env_clear().current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    /// Every file and directory below, files with their content.
    pub fn listing(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut listing = BTreeMap::new();
        list(self.directory.path(), &mut listing);
        listing
    }

    /// Starts the program, which must refuse with this exit code, in one line on standard error that has all of
    /// `words`, and leave everything as it is.
    #[track_caller]
    pub fn refuse(&self, command: &mut Command, exit_code: i32, words: &[&str]) {
        let before = self.listing();
        let output = command.output().expect("a program that runs");
        check_refusal(&output, exit_code, words);
        assert_eq!(self.listing(), before, "something was touched");
    }
}

fn list(directory: &Path, listing: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(&path, listing);
            listing.insert(path, None);
        } else {
            let content = fs::read(&path).expect("a file");
            listing.insert(path, Some(content));
        }
    }
}

#[track_caller]
pub fn check_refusal(output: &Output, exit_code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit_code), "{said}");
    assert!(said.starts_with("holdfast: ") && said.ends_with('\n'), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

/// What stands before the admin token at the first start.
const SHOWN: &str = "Admin token, made at this first start and shown only now: ";

/// A server in a process of its own, which does not outlive the test.
pub struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Process {
    /// Starts the program, and waits for the line that says where it listens.
    pub fn start(command: &mut Command) -> Process {
        Process::start_with(command.stderr(Stdio::null()))
    }

    /// The same, with the log in a file.
    pub fn start_with_log(command: &mut Command, log: &Path) -> Process {
        Process::start_with(command.stderr(fs::File::create(log).expect("a file")))
    }

    fn start_with(command: &mut Command) -> Process {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("a program that runs");
        let mut output = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        let address = line.trim().rsplit_once("://").and_then(|(_, address)| address.parse().ok());
        let Some(address) = address else { panic!("its first line is {line:?}") };
        assert!(line.starts_with(&format!("Holdfast {} listens on ", env!("CARGO_PKG_VERSION"))), "{line}");
        Process { child, output, address }
    }

    /// The admin token that a first start shows, read from its output.
    pub fn shown_admin_token(&mut self) -> String {
        self.said(SHOWN)
    }

    /// What stands behind `beginning` in its output, which is read as far as that.
    pub fn said(&mut self, beginning: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).expect("text") > 0, "{beginning:?} was not said");
            if let Some(rest) = line.trim_end().strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn connection(&self) -> Connection {
        Connection::to(Address::new(self.address))
    }

    pub fn visitor(&self) -> Visitor {
        Visitor::over(self.connection())
    }

    pub fn admin(&self) -> Admin {
        Admin::over(self.connection())
    }

    /// Asks it to stop, waits until it has, and returns the rest of what it said. It must end well.
    pub fn stop(mut self) -> String {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.expect("the kill command").success());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("text");
        assert_eq!(self.child.wait().expect("its end").code(), Some(0));
        rest
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and need not be.
        self.child.kill().and_then(|()| self.child.wait().map(drop)).unwrap_or_default();
    }
}

#[test]
fn it_says_which_version_it_is() {
    let place = Place::new();
    let output = place.bare_holdfast().arg("--version").output().expect("a program that runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("holdfast {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(output.status.code(), Some(0));
    assert!(place.listing().is_empty());
}

#[test]
fn it_prints_the_configuration_in_force_and_does_nothing_else() {
    let place = Place::new();
    let mut command = place.bare_holdfast();
    let command = command.args(["config", "--set", "wheel.tick_ms=20"]).env("HOLDFAST__EVENTS__HOLD_SECONDS", "60");
    let output = command.output().expect("a program that runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(printed.contains("tick_ms = 20\n") && printed.contains("hold_seconds = 60\n"), "{printed}");
    assert!(place.listing().is_empty());
}

#[test]
fn a_port_in_use_is_said_and_no_data_touched() {
    let place = Place::new();
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = holder.local_addr().expect("an address").to_string();
    for data in ["data", "a/deep/place"] {
        let mut command = place.holdfast(data);
        place.refuse(command.args(["--listen", &address]), 69, &["cannot listen on", &address]);
    }
    assert!(place.listing().is_empty());
}

#[test]
fn a_directory_of_somebody_else_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.path("theses")).expect("a directory");
    place.write("theses/thesis.txt", "Of holding fast.");
    place.refuse(&mut place.holdfast("theses"), 65, &["theses is not a data directory", "thesis.txt"]);
}

#[test]
fn a_file_is_no_data_directory() {
    let place = Place::new();
    place.write("data", "Of holding fast.");
    place.refuse(&mut place.holdfast("data"), 74, &["cannot create data: "]);
    place.refuse(&mut place.holdfast("data/below"), 74, &["cannot create data/below: "]);
}

#[test]
fn a_directory_that_cannot_be_made_is_said() {
    let place = Place::new();
    place.refuse(&mut place.holdfast("/proc/holdfast"), 74, &["cannot create /proc/holdfast: "]);
}

#[test]
fn a_damaged_store_id_is_said_and_kept() {
    let place = Place::new();
    Process::start(&mut place.holdfast("data")).stop();
    place.write("data/STORE", "Of holding fast.");
    let before = fs::read(place.path("data/STORE")).expect("the file");
    let output = place.holdfast("data").output().expect("a program that runs");
    check_refusal(&output, 65, &["the store id in data/STORE is damaged"]);
    assert_eq!(fs::read(place.path("data/STORE")).expect("the file"), before);
}

#[test]
fn a_damaged_token_file_is_said_and_kept() {
    let place = Place::new();
    Process::start(&mut place.holdfast("data")).stop();
    place.write("data/tokens", "Of holding fast.");
    let output = place.holdfast("data").output().expect("a program that runs");
    check_refusal(&output, 65, &["data/tokens is damaged at line 1"]);
    assert_eq!(fs::read_to_string(place.path("data/tokens")).expect("the file"), "Of holding fast.");
}

#[tokio::test]
async fn a_directory_in_use_is_left_to_its_holder() {
    let place = Place::new();
    let holder = Process::start(place.holdfast("data").env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN));
    holder.admin().put_on_sale("gala", 2).await;
    let holder_name = format!("data is in use by process {}", holder.child.id());
    // The holder's heart beats on in its directory, so not everything there stays as it is.
    let seals = || ["data/LOCK", "data/STORE"].map(|name| fs::read(place.path(name)).expect("a file"));
    let before = seals();
    let output = place.holdfast("data").output().expect("a program that runs");
    check_refusal(&output, 75, &[&holder_name]);
    assert_eq!(seals(), before);
    assert_eq!(holder.visitor().event("gala").await["available"], 2);
    holder.stop();
    Process::start(&mut place.holdfast("data")).stop();
}

#[test]
fn a_flag_that_cannot_be_used_is_said_and_nothing_done() {
    let place = Place::new();
    let cases: [(&[&str], &[&str]); 12] = [
        (&["--set", "server.colour=red"], &["server.colour is not in the configuration", "--set"]),
        (&["--set", "colours.sky=blue"], &["colours is not in the configuration", "--set"]),
        (&["--set", "server"], &["--set server cannot be used", "section.key=value"]),
        (&["--set", "server.listen"], &["--set server.listen cannot be used"]),
        (&["--set", "limits.enabled=perhaps"], &["limits.enabled", "--set"]),
        (&["--set", "events.hold_seconds=0"], &["events.hold_seconds", "--set"]),
        (&["--set", "events.hold_seconds=1.5"], &["events.hold_seconds", "--set"]),
        (&["--set", "journal.segment_bytes=1"], &["journal.segment_bytes", "--set"]),
        (&["--listen", "nowhere"], &["server.listen", "--listen"]),
        (&["--listen", "127.0.0.1:99999"], &["server.listen", "--listen"]),
        (&["--listen", "0.0.0.0:0"], &["loopback", "auth.open_beyond_loopback", "--listen"]),
        (&["--data", ""], &["server.data must name a directory", "--data"]),
    ];
    for (flags, words) in cases {
        place.refuse(place.bare_holdfast().args(flags), 78, words);
        place.refuse(place.bare_holdfast().arg("serve").args(flags), 78, words);
    }
    assert!(place.listing().is_empty());
}

#[test]
fn a_variable_that_cannot_be_used_is_said_and_nothing_done() {
    let place = Place::new();
    let cases: [(&str, &str, &[&str]); 6] = [
        ("HOLDFAST__SERVER__COLOUR", "red", &["server.colour is not in the configuration"]),
        ("HOLDFAST__COLOURS__SKY", "blue", &["colours is not in the configuration"]),
        ("HOLDFAST__SERVER", "red", &["HOLDFAST__SECTION__KEY"]),
        ("HOLDFAST__LIMITS__ENABLED", "perhaps", &["limits.enabled"]),
        ("HOLDFAST__EVENTS__HOLD_SECONDS", "-1", &["events.hold_seconds"]),
        ("HOLDFAST__SERVER__LISTEN", "nowhere", &["server.listen"]),
    ];
    for (variable, value, words) in cases {
        let words = [words, &[variable]].concat();
        place.refuse(place.bare_holdfast().env(variable, value), 78, &words);
    }
    assert!(place.listing().is_empty());
}

#[test]
fn a_file_that_cannot_be_used_is_said_and_nothing_done() {
    let place = Place::new();
    let cases: [(&str, &[&str]); 6] = [
        ("[server]\ncolour = \"red\"\n", &["server.colour is not in the configuration"]),
        ("[colours]\nsky = \"blue\"\n", &["colours is not in the configuration"]),
        ("[limits]\nenabled = \"perhaps\"\n", &["limits.enabled"]),
        ("[events]\nhold_seconds = 0\n", &["events.hold_seconds"]),
        ("[server]\nlisten = 7\n", &["server.listen"]),
        ("[server\nlisten = \"127.0.0.1:0\"\n", &["is not TOML at line 1"]),
    ];
    for (content, words) in cases {
        place.write("holdfast.toml", content);
        let words = [words, &["holdfast.toml"]].concat();
        place.refuse(place.bare_holdfast().args(["--config", "holdfast.toml"]), 78, &words);
    }
    let missing = ["the configuration file missing.toml cannot be read"];
    place.refuse(place.bare_holdfast().args(["--config", "missing.toml"]), 78, &missing);
    fs::write(place.path("holdfast.toml"), b"\xFF\xFE").expect("a file");
    let words = ["the configuration file holdfast.toml cannot be read"];
    place.refuse(place.bare_holdfast().args(["--config", "holdfast.toml"]), 78, &words);
}

#[test]
fn an_unusable_admin_token_is_said_without_repeating_it_and_nothing_done() {
    let place = Place::new();
    for token in ["", "fifteen-letters", "has a blank inside it", "ünïcödé-letters-here"] {
        let words = ["HOLDFAST_ADMIN_TOKEN must have at least 16 characters"];
        place.refuse(place.holdfast("data").env("HOLDFAST_ADMIN_TOKEN", token), 78, &words);
    }
    assert!(place.listing().is_empty());
}

#[tokio::test]
async fn the_admin_token_is_shown_at_the_first_start_only_and_stays() {
    let place = Place::new();
    let first = Process::start(&mut place.holdfast("data")).stop();
    let shown: Vec<&str> = first.lines().filter_map(|line| line.strip_prefix(SHOWN)).collect();
    let [token] = shown.as_slice() else { panic!("not shown once: {first}") };
    assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    for (path, content) in place.listing() {
        let content = content.unwrap_or_default();
        let is_written = content.windows(token.len()).any(|part| part == token.as_bytes());
        assert!(!is_written, "the token is in {}", path.display());
    }

    let second = Process::start(&mut place.holdfast("data"));
    let events = get("/v1/admin/events").with("authorization", format!("Bearer {token}"));
    second.visitor().send(events).await.expect(200);
    let said = second.stop();
    assert!(!said.contains("Admin token") && !said.contains(token), "{said}");
}

#[test]
fn a_token_of_the_environment_is_not_shown() {
    let place = Place::new();
    let said = Process::start(place.holdfast("data").env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN)).stop();
    assert!(!said.contains("dmin token") && !said.contains(ADMIN_TOKEN), "{said}");
    assert!(said.contains("Data directory: data\n"), "{said}");
    assert!(!place.path("data/tokens").exists());
}

#[tokio::test]
async fn who_is_too_fast_is_counted() {
    let place = Place::new();
    let mut command = place.holdfast("data");
    let settings = ["--set", "limits.mutations_per_second=1", "--set", "limits.mutations_burst=1"];
    let server = Process::start(command.args(settings));
    let ann = Buyer::log_in(server.connection(), "ann").await;
    while ann.release("gala.7").await.status != 429 {}
    let metrics = server.visitor().get("/metrics").await.text;
    assert!(metrics.contains("holdfast_rate_limited_total{limit=\"mutations\"} 1\n"), "{metrics}");
    server.stop();
}

#[tokio::test]
async fn a_stop_leaves_a_snapshot_and_the_next_start_has_everything() {
    let place = Place::new();
    let start = || Process::start(place.holdfast("data").env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN));
    let first = start();
    first.admin().put_on_sale("gala", 5).await;
    let ann = Buyer::log_in(first.connection(), "ann").await;
    let booking = ann.book("gala", json!({ "quantity": 2 })).await.expect(201);
    let hold = ann.hold("gala", json!({})).await.expect(201);
    let changes = first.admin().changes().await;
    assert!(!has_snapshot(&place));
    first.stop();
    assert!(has_snapshot(&place), "{:?}", place.listing().keys());

    let second = start();
    let event = second.visitor().event("gala").await;
    assert_eq!((&event["available"], &event["held"], &event["booked"]), (&json!(2), &json!(1), &json!(2)));
    let known = second.admin().changes().await;
    assert_eq!(known[..changes.len()], changes);
    let mine = get("/v1/sessions/me").with("authorization", format!("Bearer {}", ann.token));
    let mine = second.visitor().send(mine).await.expect(200);
    assert_eq!(mine["bookings"][0]["id"], booking["id"]);
    assert_eq!(mine["bookings"][0]["booked_at"], booking["booked_at"]);
    assert_eq!(mine["holds"][0]["id"], hold["id"]);
    let deadline = |hold: &Value| hold["expires_at"].as_str().expect("a time").to_owned();
    assert!(deadline(&mine["holds"][0]) >= deadline(&hold), "a deadline never moves earlier");
    second.stop();
}

/// Whether there is a snapshot in the data directory.
fn has_snapshot(place: &Place) -> bool {
    let names = place.listing().into_keys().map(|path| path.to_string_lossy().into_owned());
    names.filter(|name| name.contains("/data/")).any(|name| name.contains("snapshot"))
}

#[test]
fn a_certificate_that_cannot_be_used_is_said_and_nothing_done() {
    let place = Place::new();
    let [one, other] = [self_signed(), self_signed()];
    place.write("one.pem", &one.cert.pem());
    place.write("one-key.pem", &one.signing_key.serialize_pem());
    place.write("other-key.pem", &other.signing_key.serialize_pem());
    place.write("text.pem", "Of holding fast.");
    place.write("broken.pem", &one.cert.pem().replace("MII", "AAA"));
    let cases: [(&str, &str, &[&str]); 9] = [
        ("", "one-key.pem", &["tls.certificate_file must be set"]),
        ("one.pem", "", &["tls.key_file must be set"]),
        ("none.pem", "one-key.pem", &["tls.certificate_file none.pem cannot be read"]),
        ("one.pem", "none.pem", &["tls.key_file none.pem cannot be read"]),
        ("text.pem", "one-key.pem", &["tls.certificate_file text.pem has no certificate in PEM"]),
        ("one-key.pem", "one-key.pem", &["tls.certificate_file one-key.pem has no certificate in PEM"]),
        ("one.pem", "one.pem", &["tls.key_file one.pem has no private key in PEM"]),
        ("one.pem", "other-key.pem", &["one.pem cannot be used with tls.key_file other-key.pem"]),
        ("broken.pem", "one-key.pem", &["tls.certificate_file broken.pem cannot be used"]),
    ];
    for (certificate, key, words) in cases {
        let mut command = place.holdfast("data");
        command.args(["--set", &format!("tls.certificate_file={certificate}")]);
        place.refuse(command.args(["--set", &format!("tls.key_file={key}")]), 78, words);
    }
    assert!(!place.path("data").exists());
}

#[test]
fn limits_that_contradict_each_other_are_said_and_nothing_done() {
    let place = Place::new();
    let cases: [(&[&str], &str); 3] = [
        (&["limits.head_bytes_max=8191"], "limits.head_bytes_max must be 8192 to 1048576"),
        (&["limits.handler_seconds=9"], "limits.handler_seconds must be 10 to 300"),
        (&["cors.origins=[\"https://front.example/\"]"], "cors.origins must have origins"),
    ];
    for (settings, words) in cases {
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        place.refuse(place.bare_holdfast().args(settings), 78, &[words]);
    }
    assert!(place.listing().is_empty());
}

#[test]
fn it_says_over_what_and_where_it_listens() {
    let place = Place::new();
    let one = self_signed();
    place.write("one.pem", &one.cert.pem());
    place.write("one-key.pem", &one.signing_key.serialize_pem());
    let mut command = place.holdfast("data");
    command.args(["--set", "tls.certificate_file=one.pem", "--set", "tls.key_file=one-key.pem"]);
    let output = command.args(["--set", "admin.listen=127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = output.spawn().expect("a program that runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its standard output")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    let first = line();
    assert!(first.contains(" listens on https://127.0.0.1:"), "{first}");
    let second = line();
    assert!(second.starts_with("Administration and metrics: https://127.0.0.1:"), "{second}");
    child.kill().expect("a process that runs");
    child.wait().expect("its end");
}

/// What a client says about itself stands in one line of the log, whatever it looks like.
#[test]
fn nobody_writes_lines_into_the_log() {
    const ID: &str = r#"x","level":"TRACE"}\n{\u001b[2J%0aERROR"#;
    for format in ["text", "json"] {
        let place = Place::new();
        let mut command = place.holdfast("data");
        command.args(["--set", &format!("log.format={format}")]).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program that runs");
        let mut first = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its standard output"));
        output.read_line(&mut first).expect("text");
        let address = first.trim().rsplit_once("://").expect("an address").1.to_owned();

        // Where the snapshot's file would be begun, there is a directory: a fault, which is logged.
        fs::create_dir(place.path("data/snapshot.tmp")).expect("a directory");
        let mut stream = TcpStream::connect(address).expect("a server that listens");
        let request = format!(
            "POST /v1/admin/snapshot HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\nx-request-id: {ID}\r\n\
             authorization: Bearer {ADMIN_TOKEN}\r\ncontent-length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("a server that reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 500 ") && answer.contains(&format!("x-request-id: {ID}\r\n")), "{answer}");
        child.kill().expect("a process that runs");
        child.wait().expect("its end");
        let mut log = String::new();
        child.stderr.take().expect("its log").read_to_string(&mut log).expect("text");
        let told: Vec<&str> = log.lines().filter(|line| line.contains("a request failed")).collect();
        let [line] = told.as_slice() else { panic!("{log}") };
        if format == "json" {
            let line: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!((&line["span"]["request_id"], &line["level"]), (&json!(ID), &json!("ERROR")));
        }
        assert!(!log.contains('\u{1b}'), "{log}");
    }
}

/// Starts the program from a shell that has set its limits of open files, and returns the limits in force and the log.
fn limits_and_log(place: &Place, ulimit: &str) -> (String, String) {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{ulimit}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_holdfast")]);
    command.args(place.holdfast("data").get_args()).env_clear().current_dir(place.path(""));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program that runs");
    let mut first = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("its standard output"));
    output.read_line(&mut first).expect("text");
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("a process that runs");
    child.kill().expect("a process that runs");
    child.wait().expect("its end");
    let mut log = String::new();
    child.stderr.take().expect("its log").read_to_string(&mut log).expect("text");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("a limit of open files");
    (files.split_whitespace().skip(3).take(2).collect::<Vec<_>>().join(" "), log)
}

#[test]
fn the_limit_of_open_files_is_raised_and_where_that_is_too_little_it_is_said() {
    let (limits, log) = limits_and_log(&Place::new(), "ulimit -Sn 256; ulimit -Hn 13000");
    assert_eq!((limits.as_str(), log.as_str()), ("13000 13000", ""));
    let (limits, log) = limits_and_log(&Place::new(), "ulimit -Sn 256; ulimit -Hn 400");
    assert_eq!(limits, "400 400");
    let line: Value = serde_json::from_str(log.trim_end()).expect("one line of JSON");
    assert_eq!((&line["level"], &line["fields"]["files"]), (&json!("WARN"), &json!(400)));
    assert_eq!(line["fields"]["needed"], 12_000 + 256);
}
