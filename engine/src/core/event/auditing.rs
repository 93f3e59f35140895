//! What organisers did, for the audit trail: who, to what, what is otherwise since, and why.

use super::Event;
use crate::core::change::{AdminAct, Change, Difference, Subject};
use crate::core::command::{Caller, Command, Context};
use crate::core::planted::{Bug, is_planted};
use crate::core::settings::{Details, Settings};

/// An organiser's command, and what it may change, as that was before it.
pub(super) struct BeforeAct {
    admin: String,
    action: &'static str,
    about: Subject,
    values: Vec<Value>,
    reason: Option<String>,
}

/// A field's name in the API, and what it says.
type Value = (String, Option<String>);

impl Event {
    /// What the audit entry of `command` needs to know of the time before it; `None` where nobody audits it.
    pub(super) fn before_act(&self, context: &Context, command: &Command) -> Option<BeforeAct> {
        let Caller::Admin { name } = &context.caller else { return None };
        let (about, reason) = match command {
            Command::ReleaseHold { number, reason }
            | Command::RevokeHold { number, reason }
            | Command::GiveTime { number, reason, .. } => {
                let user = self.holds.get(number.0)?.user;
                (Subject::Hold { number: *number, user }, reason)
            }
            Command::CancelBooking { number, reason } => {
                let user = self.bookings.get(number.0)?.user;
                (Subject::Booking { number: *number, user }, reason)
            }
            Command::Change(patch) => (Subject::Event, &patch.reason),
            Command::SetStatus { reason, .. } | Command::Delete { reason } => (Subject::Event, reason),
            _ => return None,
        };
        let values = self.values(context.now_ms, about);
        // The trail tells one release like another, whether it was one of many or not.
        let is_revoked = matches!(command, Command::RevokeHold { .. });
        let action = if is_revoked { "release_hold" } else { command.name() };
        Some(BeforeAct { admin: name.clone(), action, about, values, reason: reason.clone() })
    }

    /// Emits the audit entry of a command that has just been done, if it made a difference.
    pub(super) fn emit_act(&mut self, now_ms: u64, before: BeforeAct, changes: &mut Vec<Change>) {
        let BeforeAct { admin, action, about, values, reason } = before;
        let differences = if self.deleted { removed(values) } else { differences(values, self.values(now_ms, about)) };
        if differences.is_empty() || is_planted(Bug::ActNotAudited) {
            return;
        }
        let act = AdminAct { admin, action: action.to_owned(), about, differences, reason };
        self.emit(now_ms, Change::AdminActed(Box::new(act)), changes);
    }

    /// The audit entry of the event's own creation.
    pub fn creation_act(&self, admin: &str, reason: Option<String>) -> AdminAct {
        let set = self.event_values().into_iter().filter(|(_, value)| value.is_some());
        let differences = set.map(|(field, after)| Difference { field, before: None, after }).collect();
        AdminAct { admin: admin.to_owned(), action: "create".to_owned(), about: Subject::Event, differences, reason }
    }

    /// All that a command about `about` may change, always in the same order.
    fn values(&self, now_ms: u64, about: Subject) -> Vec<Value> {
        let value = |field: &str, text: String| (field.to_owned(), Some(text));
        match about {
            Subject::Hold { number, .. } => {
                let hold = self.hold_view_of(now_ms, number);
                vec![
                    value("state", hold.state.as_str().to_owned()),
                    value("expires_at", hold.expires_at_ms.to_string()),
                ]
            }
            Subject::Booking { number, .. } => {
                let is_cancelled = self.booking_view_of(now_ms, number).cancelled_at_ms.is_some();
                vec![value("state", if is_cancelled { "cancelled" } else { "booked" }.to_owned())]
            }
            Subject::Event | Subject::Session { .. } | Subject::Account { .. } => self.event_values(),
        }
    }

    fn event_values(&self) -> Vec<Value> {
        // Taken apart, so that none is forgotten.
        let Details { name, description, venue, starts_at_ms } = &self.details;
        let Settings {
            hold_seconds,
            auto_hold,
            max_per_hold,
            max_per_user,
            max_extensions,
            max_hold_lifetime_seconds,
            queue_max,
            lobby,
            presence_seconds,
            opens_at_ms,
            closes_at_ms,
        } = &self.settings;
        let time = |at_ms: &Option<u64>| at_ms.map(|at_ms| at_ms.to_string());
        let fields = [
            ("name", Some(name.clone())),
            ("status", Some(self.status.as_str().to_owned())),
            ("description", description.clone()),
            ("venue", venue.clone()),
            ("starts_at", time(starts_at_ms)),
            ("hold_seconds", Some(hold_seconds.to_string())),
            ("auto_hold", Some(auto_hold.to_string())),
            ("max_per_hold", Some(max_per_hold.to_string())),
            ("max_per_user", Some(max_per_user.to_string())),
            ("max_extensions", Some(max_extensions.to_string())),
            ("max_hold_lifetime_seconds", Some(max_hold_lifetime_seconds.to_string())),
            ("queue_max", Some(queue_max.to_string())),
            ("lobby", Some(lobby.to_string())),
            ("presence_seconds", Some(presence_seconds.to_string())),
            ("opens_at", time(opens_at_ms)),
            ("closes_at", time(closes_at_ms)),
        ];
        let capacities = self.types.iter().map(|ticket_type| {
            (format!("ticket_types.{}.capacity", ticket_type.id), Some(ticket_type.capacity.total().to_string()))
        });
        fields.into_iter().map(|(field, value)| (field.to_owned(), value)).chain(capacities).collect()
    }
}

fn differences(before: Vec<Value>, after: Vec<Value>) -> Vec<Difference> {
    let pairs = before.into_iter().zip(after).filter(|(before, after)| before != after);
    pairs.map(|((field, before), (_, after))| Difference { field, before, after }).collect()
}

/// Of an event that is gone, what tells which one it was.
fn removed(before: Vec<Value>) -> Vec<Difference> {
    let telling = before.into_iter().filter(|(field, _)| field == "name" || field == "status");
    telling.map(|(field, before)| Difference { field, before, after: None }).collect()
}
