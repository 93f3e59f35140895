//! The examples of `docs/examples/`, the very files, against a server: what becomes of it is asked by the API.
//!
//! They need curl and Node.js, and fail with the remedy where those are missing; `make test` looks before.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::server::TestServer;

mod buy_mjs;
mod buy_sh;
mod load_js;
mod watch_mjs;

/// What in Node.js is still behind flags in its version 20.
const NODE_FLAGS: [&str; 3] = ["--no-warnings", "--experimental-eventsource", "--experimental-websocket"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

fn example(name: &str) -> PathBuf {
    repository().join("docs/examples").join(name)
}

/// A command that sees nothing of this process's environment but the path, and so no proxy.
fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
    command
}

/// A command by Node.js.
#[track_caller]
fn node(script: &Path) -> Command {
    need(bare("node").args(NODE_FLAGS).arg("--version"), "install Node.js 20.18 or newer: https://nodejs.org");
    let mut command = bare("node");
    command.args(NODE_FLAGS).arg(script);
    command
}

/// A command by the shell, which asks with curl.
#[track_caller]
fn shell(script: &Path) -> Command {
    need(bare("curl").args(["--retry-all-errors", "--version"]), "install curl 7.71 or newer: apt-get install curl");
    let mut command = bare("sh");
    command.arg(script);
    command
}

#[track_caller]
fn need(command: &mut Command, remedy: &str) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "missing tool: {remedy}");
}

/// How often each kind of change is in the audit trail of an event.
async fn count(server: &TestServer, event: &str, kind: &str) -> usize {
    server.admin().changes_of(event).await.iter().filter(|change| change["kind"] == kind).count()
}

/// The standing bookings of an event: whose, and how many tickets.
async fn bookings(server: &TestServer, event: &str) -> Vec<(String, u64)> {
    let booked = server.admin().all_of(&format!("/v1/admin/events/{event}/bookings?state=booked")).await;
    let of = |booking: &Value| (booking["user"].as_str().map(str::to_owned), booking["quantity"].as_u64());
    booked.iter().map(of).map(|(user, quantity)| (user.expect("a user"), quantity.expect("a number"))).collect()
}
