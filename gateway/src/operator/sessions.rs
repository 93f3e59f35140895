//! `holdfast sessions`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::{Client, Verb};
use super::failure::OperatorError;
use super::ids::{SessionId, parse_session};
use super::report::{Layout, Report};
use super::table::{number, text};
use super::words::{time, value};

/// What the help says at its end.
pub const AFTER_HELP: &str = "\
Examples:
  holdfast sessions list --user ann
  holdfast sessions end 17 18 --reason 'shared password'";

const LAYOUT: Layout = Layout {
    columns: &[
        number("SESSION"),
        text("USER"),
        text("LOGGED IN"),
        text("LAST SEEN"),
        text("EXPIRES"),
        number("HOLDS"),
        number("BOOKINGS"),
    ],
    row,
    nothing: "Nobody is logged in.\n",
};

/// What is asked of sessions.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum SessionsCommand {
    /// List who is logged in, by login.
    List {
        /// Only that of this user.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Only the first N.
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    /// End sessions, as a logout does: live holds and places in line are given back, bookings stay.
    End {
        /// Their ids, as the list has them.
        #[arg(required = true, value_name = "SESSION", value_parser = parse_session)]
        sessions: Vec<SessionId>,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Does what is asked.
pub fn run(command: &SessionsCommand, client: &Client, report: &mut Report<'_>) -> Result<(), OperatorError> {
    match command {
        SessionsCommand::List { user, limit } => {
            report.list(client, "/v1/admin/sessions", &[("user", user.as_deref())], *limit, &LAYOUT)
        }
        SessionsCommand::End { sessions, reason } => report.each(sessions, |report, session| {
            let path = format!("/v1/admin/sessions/{session}");
            client.send(Verb::Delete, &path, &json!({ "reason": reason }), None)?;
            report.done(&format!("Session {session} has ended\n"))
        }),
    }
}

fn row(session: &Value) -> Vec<String> {
    let [id, user, holds, bookings] = ["id", "user", "holds", "bookings"].map(|name| value(&session[name]));
    let [logged_in, seen, expires] = ["logged_in_at", "last_seen_at", "expires_at"].map(|name| time(&session[name]));
    vec![id, user, logged_in, seen, expires, holds, bookings]
}
