//! Changes, as the audit trail shows them.

use holdfast_engine::core::change::{
    AdminAct, By, Change, Difference, DropReason, SessionEnd, ShiftReason, SkipReason, Subject,
};
use holdfast_engine::core::hold::HoldSource;
use holdfast_engine::core::id::{HoldNumber, TypeIndex};
use holdfast_engine::engine::AuditEntry;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::value::{EventId, NumberedId, Time, TypeId, one_of};
use super::{Written, written};
use crate::time::rfc3339;

/// A change of the audit trail. What does not apply is null.
#[derive(Serialize, ToSchema)]
#[schema(as = Change)]
pub struct ShownChange {
    /// Changes are counted, one each, without a gap.
    #[schema(minimum = 1)]
    seq: u64,
    at: Time,
    event: Option<EventId>,
    /// The change's name: `hold_placed`, `session_opened`, …
    #[schema(pattern = "^[a-z_]+$")]
    kind: &'static str,
    ticket_type: Option<TypeId>,
    quantity: Option<u32>,
    user: Option<String>,
    session: Option<String>,
    login_seq: Option<u64>,
    hold: Option<NumberedId>,
    booking: Option<NumberedId>,
    source: Option<&'static str>,
    /// `user`, `admin:<name>` or `system`.
    #[schema(pattern = "^(user|system|admin:[a-z0-9][a-z0-9-]{0,63})$")]
    by: String,
    reason: Option<String>,
    /// What an organiser did, where that is the change.
    act: Option<Act>,
}

/// What an organiser did, and what is otherwise since.
#[derive(Serialize, ToSchema)]
pub struct Act {
    action: String,
    #[schema(schema_with = subjects)]
    about: &'static str,
    differences: Vec<ShownDifference>,
}

/// A value before and after.
#[derive(Serialize, ToSchema)]
#[schema(as = Difference)]
pub struct ShownDifference {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

/// What an act can be about.
const SUBJECTS: [&str; 5] = ["event", "hold", "booking", "session", "account"];

fn subjects() -> Object {
    one_of(SUBJECTS)
}

/// A change of the audit trail. It has no hash of a password or token, and no e-mail address. `type_id` gives the ids of the event's ticket types, while the event exists.
pub fn change<'a>(
    entry: &AuditEntry,
    type_id: impl Fn(TypeIndex) -> Option<&'a str>,
    user_name: Option<&str>,
) -> Written {
    let share = entry.change.share();
    let id = |number: HoldNumber| entry.event.as_ref().map(|event| NumberedId::new(format!("{event}.{}", number.0)));
    let Links { hold, booking, login_seq, quantity, ticket_type: own_type } = links(&entry.change);
    let session = share.map(|share| share.session.0).or(login_seq);
    written(&ShownChange {
        seq: entry.seq,
        at: Time::of(entry.at_ms),
        event: entry.event.as_ref().map(|event| EventId::new(event.as_str())),
        kind: entry.change.kind(),
        ticket_type: share.map(|share| share.ticket_type).or(own_type).and_then(type_id).map(TypeId::new),
        quantity: share.map(|share| share.quantity).or(quantity),
        user: user_name.map(str::to_owned),
        session: session.map(|number| number.to_string()),
        login_seq: session,
        hold: hold.and_then(id),
        booking: booking.and_then(id),
        source: source(&entry.change).map(HoldSource::as_str),
        by: by(entry),
        reason: reason(&entry.change),
        act: if let Change::AdminActed(done) = &entry.change { Some(act(done)) } else { None },
    })
}

/// What an organiser did, and what is otherwise since.
fn act(act: &AdminAct) -> Act {
    let about = match act.about {
        Subject::Event => "event",
        Subject::Hold { .. } => "hold",
        Subject::Booking { .. } => "booking",
        Subject::Session { .. } => "session",
        Subject::Account { .. } => "account",
    };
    Act { action: act.action.clone(), about, differences: act.differences.iter().map(difference).collect() }
}

/// The engine tells times in milliseconds since the Unix epoch; their fields are those that end in `_at`.
fn difference(difference: &Difference) -> ShownDifference {
    let Difference { field, before, after } = difference;
    let told = |text: &Option<String>| {
        let time = text.as_ref().filter(|_| field.ends_with("_at")).and_then(|text| text.parse().ok()).map(rfc3339);
        time.or_else(|| text.clone())
    };
    ShownDifference { field: field.clone(), before: told(before), after: told(after) }
}

#[derive(Default)]
struct Links {
    hold: Option<HoldNumber>,
    booking: Option<HoldNumber>,
    login_seq: Option<u64>,
    quantity: Option<u32>,
    ticket_type: Option<TypeIndex>,
}

/// What a change is about, besides its share.
fn links(change: &Change) -> Links {
    let hold = |number: &HoldNumber| Links { hold: Some(*number), ..Links::default() };
    let booking = |number: &HoldNumber| Links { booking: Some(*number), ..Links::default() };
    match change {
        Change::HoldPlaced { number, .. }
        | Change::HoldAmended { number, .. }
        | Change::HoldExtended { number, .. }
        | Change::HoldReleased { number, .. }
        | Change::HoldExpired { number, .. } => hold(number),
        Change::HoldConfirmed { number, .. } => Links { booking: Some(*number), ..hold(number) },
        Change::BookingPlaced { number, .. } | Change::BookingCancelled { number, .. } => booking(number),
        Change::SessionOpened { session, .. }
        | Change::TokenIssued { session, .. }
        | Change::SessionEnded { session, .. } => Links { login_seq: Some(session.0), ..Links::default() },
        Change::AdminActed(act) => match &act.about {
            Subject::Hold { number, .. } => hold(number),
            Subject::Booking { number, .. } => booking(number),
            Subject::Session { session, .. } => Links { login_seq: Some(session.0), ..Links::default() },
            Subject::Event | Subject::Account { .. } => Links::default(),
        },
        Change::CapacityChanged { ticket_type, to, .. } => {
            Links { quantity: Some(*to), ticket_type: Some(*ticket_type), ..Links::default() }
        }
        _ => Links::default(),
    }
}

fn source(change: &Change) -> Option<HoldSource> {
    if let Change::HoldPlaced { source, .. } = change { Some(*source) } else { None }
}

/// A grant to the line, and who is passed over in it, is the engine's own doing, whoever made the tickets free.
fn by(entry: &AuditEntry) -> String {
    let is_grant = source(&entry.change) == Some(HoldSource::Queue)
        || matches!(entry.change, Change::WaiterSkipped { .. } | Change::WaiterReturned { .. });
    match &entry.by {
        By::User | By::Admin(_) if is_grant => "system".to_owned(),
        By::User => "user".to_owned(),
        By::Admin(name) => format!("admin:{name}"),
        By::System => "system".to_owned(),
    }
}

fn reason(change: &Change) -> Option<String> {
    match change {
        Change::StatusChanged { from, to, reason } => {
            let step = format!("{} to {}", from.as_str(), to.as_str());
            Some(reason.as_ref().map_or(step.clone(), |reason| format!("{step}: {reason}")))
        }
        Change::HoldReleased { reason, .. } | Change::BookingCancelled { reason, .. } => reason.clone(),
        Change::AdminActed(act) => act.reason.clone(),
        Change::HoldConfirmed { rescued: true, .. } => Some("rescued".to_owned()),
        Change::CapacityChanged { from, to, .. } => Some(format!("{from} to {to}")),
        Change::SessionEnded { reason, .. } => Some(session_end(*reason).to_owned()),
        Change::QueueDropped { reason, .. } => Some(drop_reason(*reason).to_owned()),
        Change::WaiterSkipped { reason: SkipReason::Absent, .. } => Some("absent".to_owned()),
        Change::ClocksShifted { by_ms, reason } => Some(format!("{} of {by_ms} ms", shift_reason(*reason))),
        _ => None,
    }
}

fn session_end(reason: SessionEnd) -> &'static str {
    match reason {
        SessionEnd::Logout => "logout",
        SessionEnd::Idle => "idle",
        SessionEnd::Admin => "admin",
        SessionEnd::Lifetime => "lifetime",
        SessionEnd::AccountRemoved => "account_removed",
    }
}

fn drop_reason(reason: DropReason) -> &'static str {
    match reason {
        DropReason::SaleClosed => "sale_closed",
        DropReason::SaleCancelled => "sale_cancelled",
        DropReason::LimitReached => "limit_reached",
    }
}

fn shift_reason(reason: ShiftReason) -> &'static str {
    match reason {
        ShiftReason::Pause => "pause",
        ShiftReason::Downtime => "downtime",
    }
}

#[cfg(test)]
mod tests {
    use holdfast_engine::core::id::{EventNumber, LoginSeq, Slug, UserNumber};
    use serde_json::{Value, json};

    use super::*;

    const SECRETS: [&str; 3] = ["argon2id", "ann@example.org", "7777777"];

    /// As the API and `holdfast dump` show it.
    fn shown(change: Change) -> Value {
        let (by, event) = (By::Admin("ops".to_owned()), Slug::new("gala"));
        let entry = AuditEntry { seq: 7, at_ms: 0, by, event, event_number: EventNumber(1), change };
        let text = super::change(&entry, |_| None, Some("ann"));
        serde_json::from_str(text.get()).expect("JSON")
    }

    #[test]
    fn no_secret_is_in_the_audit_trail() {
        let (user, session, password_hash) = (UserNumber(1), LoginSeq(1), "$argon2id$x".to_owned());
        let (name, token_hash, email) = ("ann".to_owned(), [0x77; 32], Some("ann@example.org".to_owned()));
        let changes = [
            Change::SessionOpened { session, user, name: name.clone(), token_hash },
            Change::TokenIssued { session, token_hash },
            Change::AccountAdded { user, name, password_hash: password_hash.clone() },
            Change::PasswordChanged { user, password_hash, kept_token: Some(token_hash) },
            Change::AccountRemoved { user },
            Change::UserDescribed { user, class: Some("vip".to_owned()), email },
        ];
        for change in changes {
            let kind = change.kind();
            let text = shown(change).to_string();
            assert!(text.contains(&format!("\"kind\":\"{kind}\"")), "{text}");
            assert!(kind == "token_issued" || text.contains("\"user\":\"ann\""), "{text}");
            assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
            assert!(text.contains("\"act\":null"), "{text}");
        }
    }

    #[test]
    fn an_act_tells_who_did_what_to_what_and_why() {
        let (number, user) = (HoldNumber(17), UserNumber(1));
        let time = |at_ms: u64| Some(at_ms.to_string());
        let differences = vec![Difference { field: "expires_at".to_owned(), before: time(0), after: time(60_000) }];
        let act = AdminAct {
            admin: "ops".to_owned(),
            action: "give_time".to_owned(),
            about: Subject::Hold { number, user },
            differences,
            reason: Some("the card reader was down".to_owned()),
        };
        let shown = shown(Change::AdminActed(Box::new(act)));
        assert_eq!(shown["kind"], "admin_acted");
        assert_eq!(shown["by"], "admin:ops");
        assert_eq!(shown["hold"], "gala.17");
        assert_eq!(shown["user"], "ann");
        assert_eq!(shown["reason"], "the card reader was down");
        let difference =
            json!({ "field": "expires_at", "before": "1970-01-01T00:00:00.000Z", "after": "1970-01-01T00:01:00.000Z" });
        assert_eq!(shown["act"], json!({ "action": "give_time", "about": "hold", "differences": [difference] }));
    }
}
