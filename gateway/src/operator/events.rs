//! `holdfast events`.

mod show;

use std::fs;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::status::Status;
use serde_json::{Map, Value, json};

use super::client::{Client, Verb};
use super::failure::OperatorError;
use super::report::{Layout, Report};
use super::settings::{self, Setting};
use super::table::{number, text};
use super::words::value;
use crate::offline::parse_event;

/// What the help says at its end.
pub const AFTER_HELP: &str = "\
Examples:
  holdfast events list --status on_sale
  echo '{\"id\":\"gala\",\"name\":\"Spring Gala\",\"capacity\":500}' | holdfast events create --file -
  holdfast events set gala hold_seconds=300 capacity.vip=40 --reason 'more seats'
  holdfast events open gala
  holdfast events cancel gala --reason 'storm warning'";

const SET_AFTER_HELP: &str = "\
Examples:
  holdfast events set gala name='The Spring Gala' hold_seconds=300 venue=
  holdfast events set gala capacity.vip=40 --reason 'more seats'
  holdfast events set gala --file change.json --if-match '\"7\"'";

/// The largest file that is read, in bytes; the server takes less by default.
const FILE_BYTES_MAX: u64 = 16 << 20;

const LAYOUT: Layout = Layout {
    columns: &[
        text("EVENT"),
        text("STATUS"),
        number("CAPACITY"),
        number("AVAILABLE"),
        number("HELD"),
        number("BOOKED"),
        number("WAITING"),
        text("NAME"),
    ],
    row,
    nothing: "No event fits.\n",
};

/// What is asked of events.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum EventsCommand {
    /// List the events, drafts too, in the order in which they were created.
    List {
        /// Only those in this status.
        #[arg(long, value_parser = PossibleValuesParser::new(Status::ALL.map(Status::as_str)))]
        status: Option<String>,
        /// Only the first N.
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    /// Show an event with all its settings and ticket types.
    Show(EventId),
    /// Create an event, a draft unless its file says otherwise.
    Create {
        /// The event as the API has it, a JSON object; - is standard input.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Change texts, settings and capacities of an event.
    #[command(after_help = SET_AFTER_HELP)]
    Set {
        #[command(flatten)]
        event: EventId,
        /// What changes: name, description, venue, starts_at, opens_at, closes_at (KEY= clears all but the name),
        /// hold_seconds, auto_hold, max_per_hold, max_per_user, max_extensions, max_hold_lifetime_seconds, queue_max,
        /// presence_seconds, lobby, capacity, or capacity.TYPE for that of one ticket type.
        #[arg(value_name = "KEY=VALUE", required_unless_present = "file", conflicts_with = "file")]
        settings: Vec<Setting>,
        /// The change as the API has it, a JSON object; - is standard input.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Change it only if its etag is this one. Without, it is read just before.
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
        #[command(flatten)]
        why: Why,
    },
    /// Announce a draft: its status becomes scheduled.
    Schedule(Step),
    /// Put a draft or a scheduled event on sale: its status becomes on_sale.
    Open(Step),
    /// Pause the sale: its status becomes paused, and the clocks of holds stand still.
    Pause(Step),
    /// Go on with a paused sale: its status becomes on_sale again.
    Resume(Step),
    /// End the sale for good: its status becomes closed. Live holds can still be confirmed.
    Close(Step),
    /// Cancel the event for good: its status becomes cancelled, holds are released, all bookings cancelled.
    Cancel(Step),
    /// Remove a draft, or an event that never had a hold or booking and in whose line nobody waits.
    Delete(Step),
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct EventId {
    /// The event's id.
    #[arg(value_name = "EVENT", value_parser = parse_event)]
    event: Slug,
}

/// Why something is done.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Why {
    /// Why, for the audit trail.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// A step of an event's life.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Step {
    #[command(flatten)]
    event: EventId,
    #[command(flatten)]
    why: Why,
}

/// Does what is asked.
pub fn run(
    command: &EventsCommand,
    client: &Client,
    input: &mut dyn BufRead,
    report: &mut Report<'_>,
) -> Result<(), OperatorError> {
    match command {
        EventsCommand::List { status, limit } => {
            report.list(client, "/v1/admin/events", &[("status", status.as_deref())], *limit, &LAYOUT)
        }
        EventsCommand::Show(EventId { event }) => {
            let seen = client.get(&path(event), &[])?.body;
            report.object(&seen, show::event)
        }
        EventsCommand::Create { file } => {
            let event = Value::Object(read_object(file, input)?);
            let created = client.send(Verb::Post, "/v1/admin/events", &event, None)?.body;
            report.object(&created, |event| format!("{} is created: {}\n", value(&event["id"]), show::status(event)))
        }
        EventsCommand::Set { event: EventId { event }, settings, file, if_match, why } => {
            let mut change =
                file.as_ref().map_or_else(|| Ok(settings::body(settings)), |file| read_object(file, input))?;
            change.extend(why.reason.clone().map(|reason| ("reason".to_owned(), Value::from(reason))));
            set(event, change, if_match.as_deref(), client, report)
        }
        EventsCommand::Schedule(step) => become_status(step, Status::Scheduled, client, report),
        EventsCommand::Open(step) | EventsCommand::Resume(step) => become_status(step, Status::OnSale, client, report),
        EventsCommand::Pause(step) => become_status(step, Status::Paused, client, report),
        EventsCommand::Close(step) => become_status(step, Status::Closed, client, report),
        EventsCommand::Cancel(step) => become_status(step, Status::Cancelled, client, report),
        EventsCommand::Delete(Step { event: EventId { event }, why }) => {
            client.send(Verb::Delete, &path(event), &json!({ "reason": why.reason }), None)?;
            report.done(&format!("{event} is removed\n"))
        }
    }
}

fn set(
    event: &Slug,
    change: Map<String, Value>,
    if_match: Option<&str>,
    client: &Client,
    report: &mut Report<'_>,
) -> Result<(), OperatorError> {
    let version = match if_match {
        Some(version) => Some(version.to_owned()),
        None => client.get(&path(event), &[])?.etag,
    };
    let changed = client.send(Verb::Patch, &path(event), &Value::Object(change), version.as_deref())?.body;
    report.object(&changed, show::event)
}

fn become_status(step: &Step, status: Status, client: &Client, report: &mut Report<'_>) -> Result<(), OperatorError> {
    let Step { event: EventId { event }, why } = step;
    let wish = json!({ "status": status.as_str(), "reason": why.reason });
    let changed = client.send(Verb::Put, &format!("{}/status", path(event)), &wish, None)?.body;
    report.object(&changed, |event| format!("{} is {}\n", value(&event["id"]), show::status(event)))
}

fn path(event: &Slug) -> String {
    format!("/v1/admin/events/{event}")
}

fn read_object(file: &Path, input: &mut dyn BufRead) -> Result<Map<String, Value>, OperatorError> {
    let unreadable = |source| OperatorError::FileUnreadable { path: file.to_owned(), source };
    let mut text = String::new();
    if file == Path::new("-") {
        input.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        let opened = fs::File::open(file).map_err(unreadable)?;
        opened.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    }
    serde_json::from_str(&text)
        .map_err(|error| OperatorError::FileMalformed { path: file.to_owned(), reason: error.to_string() })
}

fn row(event: &Value) -> Vec<String> {
    let names = ["id", "status", "capacity", "available", "held", "booked", "waiting", "name"];
    names.map(|name| value(&event[name])).to_vec()
}
