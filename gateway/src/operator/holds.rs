//! `holdfast holds`.

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use holdfast_engine::core::id::Slug;
use serde_json::{Value, json};

use super::client::{Client, Verb};
use super::failure::OperatorError;
use super::ids::{HoldId, parse_hold, parse_ticket_type};
use super::report::{Layout, Report};
use super::table::{number, text};
use super::words::{count, duration_ms, time, value};
use crate::offline::parse_event;

/// What the help says at its end.
pub const AFTER_HELP: &str = "\
Examples:
  holdfast holds list gala --state held
  holdfast holds release gala.17 gala.18 --reason 'called, will not come'
  holdfast holds release --event gala --ticket-type vip --reason 'block moved' --dry-run
  holdfast holds extend gala.17 --seconds 300";

const RELEASE_AFTER_HELP: &str = "\
Examples:
  holdfast holds release gala.17 gala.18 --reason 'called, will not come'
  holdfast holds release --event gala --user ann --reason 'called, will not come' --dry-run";

/// What can have become of a hold.
const STATES: [&str; 4] = ["held", "confirmed", "released", "expired"];

const LAYOUT: Layout = Layout {
    columns: &[
        text("HOLD"),
        text("STATE"),
        number("QUANTITY"),
        text("TICKET TYPE"),
        text("USER"),
        number("SESSION"),
        text("SOURCE"),
        text("EXPIRES"),
        text("LEFT"),
    ],
    row,
    nothing: "No hold fits.\n",
};

/// What is asked of holds.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum HoldsCommand {
    /// List the holds of an event, by number: live ones, and those that ended as far as they are remembered.
    List {
        /// The event's id.
        #[arg(value_parser = parse_event)]
        event: Slug,
        /// Only those in this state.
        #[arg(long, value_parser = PossibleValuesParser::new(STATES))]
        state: Option<String>,
        /// Only those of this user.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Only those of this ticket type.
        #[arg(long, value_name = "ID", value_parser = parse_ticket_type)]
        ticket_type: Option<Slug>,
        /// Only the first N.
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    /// Give live holds back: those that are named, or all of an event that fit. What comes free goes to the line.
    #[command(after_help = RELEASE_AFTER_HELP)]
    Release {
        /// The ids of the holds.
        #[arg(value_name = "HOLD", value_parser = parse_hold)]
        #[arg(required_unless_present = "event", conflicts_with = "event")]
        holds: Vec<HoldId>,
        /// All live holds of this event; needs --reason.
        #[arg(long, value_name = "ID", value_parser = parse_event, requires = "reason")]
        event: Option<Slug>,
        /// With --event: only those of this user.
        #[arg(long, value_name = "NAME", requires = "event")]
        user: Option<String>,
        /// With --event: only those of this ticket type.
        #[arg(long, value_name = "ID", value_parser = parse_ticket_type, requires = "event")]
        ticket_type: Option<Slug>,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// With --event: release nothing, and tell how many would be.
        #[arg(long, requires = "event")]
        dry_run: bool,
    },
    /// Give a live hold more time.
    Extend {
        /// The hold's id.
        #[arg(value_parser = parse_hold)]
        hold: HoldId,
        /// How much more, in seconds.
        #[arg(long, value_name = "N")]
        seconds: u32,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Does what is asked.
pub fn run(command: &HoldsCommand, client: &Client, report: &mut Report<'_>) -> Result<(), OperatorError> {
    match command {
        HoldsCommand::List { event, state, user, ticket_type, limit } => {
            let query = [
                ("state", state.as_deref()),
                ("user", user.as_deref()),
                ("ticket_type", ticket_type.as_ref().map(Slug::as_str)),
            ];
            report.list(client, &format!("/v1/admin/events/{event}/holds"), &query, *limit, &LAYOUT)
        }
        HoldsCommand::Release { event: Some(event), user, ticket_type, reason, dry_run, .. } => {
            let wish = json!({ "user": user, "ticket_type": ticket_type, "reason": reason, "dry_run": dry_run });
            release_many(event, *dry_run, &wish, client, report)
        }
        HoldsCommand::Release { holds, reason, .. } => {
            report.each(holds, |report, hold| release(hold, reason.as_deref(), client, report))
        }
        HoldsCommand::Extend { hold, seconds, reason } => {
            let path = format!("/v1/admin/holds/{hold}/extend");
            let wish = json!({ "seconds": seconds, "reason": reason });
            let extended = client.send(Verb::Post, &path, &wish, None)?.body;
            report.object(&extended, |hold| {
                let [id, left] = [value(&hold["id"]), duration_ms(&hold["expires_in_ms"])];
                format!("{id} now expires {}, in {left}\n", time(&hold["expires_at"]))
            })
        }
    }
}

fn release(hold: &HoldId, reason: Option<&str>, client: &Client, report: &mut Report<'_>) -> Result<(), OperatorError> {
    let path = format!("/v1/admin/holds/{hold}");
    let released = client.send(Verb::Delete, &path, &json!({ "reason": reason }), None)?.body;
    report.object(&released, |hold| {
        let [id, quantity, ticket_type, user] =
            ["id", "quantity", "ticket_type", "user"].map(|name| value(&hold[name]));
        format!("{id} is released: {quantity} × {ticket_type} of {user}\n")
    })
}

fn release_many(
    event: &Slug,
    dry_run: bool,
    wish: &Value,
    client: &Client,
    report: &mut Report<'_>,
) -> Result<(), OperatorError> {
    let path = format!("/v1/admin/events/{event}/holds/release");
    let done = client.send(Verb::Post, &path, wish, None)?.body;
    report.object(&done, |done| {
        let [matched, released] = ["matched", "released"].map(|name| done[name].as_u64().unwrap_or(0));
        if dry_run {
            return format!("{event}: would release {}\n", count(matched, "hold", "holds"));
        }
        format!("{event}: released {} of {matched}\n", count(released, "hold", "holds"))
    })
}

fn row(hold: &Value) -> Vec<String> {
    let [id, state, quantity, ticket_type, user, session, source] =
        ["id", "state", "quantity", "ticket_type", "user", "session", "source"].map(|name| value(&hold[name]));
    // What has ended has no time left.
    let left = if hold["state"] == "held" { duration_ms(&hold["expires_in_ms"]) } else { "-".to_owned() };
    vec![id, state, quantity, ticket_type, user, session, source, time(&hold["expires_at"]), left]
}
