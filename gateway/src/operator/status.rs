//! `holdfast status`: whether the server is ready, and the whole of it at a glance.

use serde_json::{Value, json};

use super::client::Client;
use super::failure::{OperatorError, Refusal};
use super::report::Report;
use super::table;
use super::words::{clean, seconds, time, value};

/// What the help says at its end.
pub const AFTER_HELP: &str = "\
Exit codes: 0 ready · 69 cannot be reached · 75 reached, but not ready (it recovers, stops, is overloaded, or its \
disk is full or slow) · 77 the token is none, or may not look. Without a token it is only told whether the server is ready.

Examples:
  holdfast status
  holdfast status --server https://sale.example --token-file ops.token
  holdfast status --json | jq .overview.held";

/// Shows the server, and then fails where it is not ready.
pub fn run(client: &Client, report: &mut Report<'_>) -> Result<(), OperatorError> {
    let version = client.look("/version")?.body;
    let (readiness, refusal) = match client.look("/readyz") {
        Ok(answer) => (answer.body, None),
        Err(OperatorError::Refused(refusal)) if refusal.is_for_now() => (Value::Null, Some(refusal)),
        Err(error) => return Err(error),
    };
    let overview = if client.has_token() { overview(client)? } else { Value::Null };
    let seen = json!({
        "ready": refusal.is_none(),
        "readiness": refusal.as_ref().map_or(readiness, render_refusal),
        "version": version,
        "overview": overview,
    });
    report.object(&seen, |seen| tell(seen, refusal.as_ref()))?;
    if !client.has_token() {
        report.note("without a token there are no figures; give one as HOLDFAST_ADMIN_TOKEN or with --token-file")?;
    }
    refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
}

/// The overview; null while the server cannot give one.
fn overview(client: &Client) -> Result<Value, OperatorError> {
    match client.get("/v1/admin/overview", &[]) {
        Ok(answer) => Ok(answer.body),
        Err(OperatorError::Refused(refusal)) if refusal.is_for_now() => Ok(Value::Null),
        Err(error) => Err(error),
    }
}

fn render_refusal(refusal: &Refusal) -> Value {
    json!({ "status": refusal.status, "code": refusal.code, "detail": refusal.detail })
}

fn tell(seen: &Value, refusal: Option<&Refusal>) -> String {
    let ready = refusal.map_or("yes".to_owned(), |refusal| format!("no: {}", clean(&refusal.detail)));
    let version = &seen["version"];
    let mut rows =
        vec![("ready", ready), ("version", value(&version["version"])), ("login", value(&version["auth_mode"]))];
    let overview = &seen["overview"];
    if overview.is_object() {
        rows.extend(figures(overview));
    }
    table::pairs(&rows)
}

fn figures(overview: &Value) -> Vec<(&'static str, String)> {
    let uptime = overview["uptime_seconds"].as_u64().map_or("-".to_owned(), seconds);
    let number = |name: &str| value(&overview[name]);
    vec![
        ("up for", uptime),
        ("server time", time(&overview["server_time"])),
        ("events", events(&overview["events"])),
        ("sessions", number("sessions")),
        (
            "tickets",
            format!(
                "{} of {} available, {} held, {} booked",
                number("available"),
                number("capacity"),
                number("held"),
                number("booked")
            ),
        ),
        ("waiting", number("waiting")),
        ("journal", journal(&overview["journal"])),
        ("snapshot", snapshot(&overview["snapshot"])),
        ("last start", recovery(&overview["recovery"])),
    ]
}

/// `3: 2 on_sale, 1 draft`.
fn events(events: &Value) -> String {
    let by_status = events.as_object().into_iter().flatten();
    let counted = by_status.filter(|(status, count)| *status != "total" && count.as_u64() != Some(0));
    let told: Vec<_> = counted.map(|(status, count)| format!("{} {}", value(count), clean(status))).collect();
    let total = value(&events["total"]);
    if told.is_empty() { total } else { format!("{total}: {}", told.join(", ")) }
}

fn journal(journal: &Value) -> String {
    let is_full = journal["disk_full"] == true;
    format!(
        "durable up to {}, {} segments, {} bytes waiting{}",
        value(&journal["durable_seq"]),
        value(&journal["segments"]),
        value(&journal["backlog_bytes"]),
        if is_full { ", THE DISK IS FULL" } else { "" }
    )
}

fn snapshot(snapshot: &Value) -> String {
    let newest = match (&snapshot["seq"], &snapshot["at"]) {
        (Value::Null, _) => "none yet".to_owned(),
        (seq, Value::Null) => format!("of {}, written before the last start", value(seq)),
        (seq, at) => format!(
            "of {}, written {} in {} ms, {} bytes",
            value(seq),
            time(at),
            value(&snapshot["duration_ms"]),
            value(&snapshot["bytes"])
        ),
    };
    let failure = &snapshot["failure"];
    if failure.is_null() {
        return newest;
    }
    format!("{newest}; THE NEWEST ATTEMPT FAILED {}: {}", time(&failure["at"]), value(&failure["reason"]))
}

fn recovery(recovery: &Value) -> String {
    let kind = if recovery["clean"] == true { "after a clean stop" } else { "after a crash" };
    format!(
        "{kind}, {} changes read in {} ms, {} bytes set aside",
        value(&recovery["changes"]),
        value(&recovery["duration_ms"]),
        value(&recovery["quarantined_bytes"])
    )
}
