//! `holdfast cleanup` and `holdfast snapshot`.

use serde_json::{Value, json};

use super::client::{Client, Verb};
use super::failure::OperatorError;
use super::report::Report;
use super::words::{clean, count, value};

/// What the help of `cleanup` says at its end.
pub const CLEANUP_AFTER_HELP: &str = "\
Examples:
  holdfast cleanup --dry-run --verbose
  holdfast cleanup --json";

/// What the help of `snapshot` says at its end.
pub const SNAPSHOT_AFTER_HELP: &str = "\
Examples:
  holdfast snapshot
  holdfast snapshot --json --server https://sale.example --token-file ops.token";

/// Cleans up, or tells what a cleanup would do.
pub fn clean_up(dry_run: bool, verbose: bool, client: &Client, report: &mut Report<'_>) -> Result<(), OperatorError> {
    let wish = if verbose { json!({ "dry_run": dry_run, "verbose": true }) } else { json!({ "dry_run": dry_run }) };
    let cleanup = client.send(Verb::Post, "/v1/admin/cleanup", &wish, None)?.body;
    report.object(&cleanup, |cleanup| tell_cleanup(cleanup, dry_run))
}

fn tell_cleanup(cleanup: &Value, dry_run: bool) -> String {
    let number = |name: &str| cleanup[name].as_u64().unwrap_or(0);
    let would = if dry_run { "Would have cleaned up" } else { "Cleaned up" };
    let mut text = format!(
        "{would}: {}, {}, {}\n",
        count(number("expired_holds"), "expired hold", "expired holds"),
        count(number("ended_sessions"), "ended session", "ended sessions"),
        count(number("dropped_queue_entries"), "place in line", "places in line"),
    );
    for (list, total, line) in [
        ("holds", "expired_holds", hold_line as fn(&Value) -> String),
        ("sessions", "ended_sessions", session_line),
        ("queue_entries", "dropped_queue_entries", place_line),
    ] {
        let Some(items) = cleanup[list].as_array() else { continue };
        items.iter().for_each(|item| text.push_str(&line(item)));
        let left_out = number(total).saturating_sub(items.len() as u64);
        if left_out > 0 {
            text.push_str(&format!("  and {left_out} more\n"));
        }
    }
    text
}

fn hold_line(hold: &Value) -> String {
    format!("  hold {}: {}\n", value(&hold["id"]), whose(hold))
}

fn session_line(session: &Value) -> String {
    format!("  session {} of {}\n", value(&session["id"]), value(&session["user"]))
}

fn place_line(place: &Value) -> String {
    format!("  place in the line of {}: {}\n", value(&place["event"]), whose(place))
}

fn whose(item: &Value) -> String {
    let [quantity, ticket_type, user, session] =
        ["quantity", "ticket_type", "user", "session"].map(|name| value(&item[name]));
    format!("{quantity} × {ticket_type} of {user}, session {session}")
}

/// Has a snapshot written.
pub fn take_snapshot(client: &Client, report: &mut Report<'_>) -> Result<(), OperatorError> {
    let written = client.send(Verb::Post, "/v1/admin/snapshot", &json!({}), None)?.body;
    report.object(&written, |written| {
        let [seq, bytes, duration] = ["seq", "bytes", "duration_ms"].map(|name| value(&written[name]));
        let file = clean(written["file"].as_str().unwrap_or_default());
        format!("Snapshot of {seq} written in {duration} ms: {file}, {bytes} bytes\n")
    })
}
