//! The objects of the API, as JSON. Field names and order are those of the contract.

use holdfast_engine::config::SessionsConfig;
use holdfast_engine::core::change::{
    AdminAct, By, Change, Difference, DropReason, SessionEnd, ShiftReason, SkipReason, Subject,
};
use holdfast_engine::core::hold::HoldSource;
use holdfast_engine::core::id::{HoldNumber, LoginSeq, TypeIndex};
use holdfast_engine::core::outcome::{BookingView, HoldView, QueueView};
use holdfast_engine::core::settings::Price;
use holdfast_engine::engine::{AuditEntry, EndedPlace};
use holdfast_engine::handle::EventView;
use holdfast_engine::session_table::LiveSession;
use serde_json::{Map, Value, json};

use crate::time::rfc3339;

/// An event, for the public.
pub fn event(view: &EventView, now_ms: u64) -> Value {
    let description = &view.description;
    let (details, settings, totals) = (&description.details, &description.settings, view.totals());
    let types = description.ticket_types.iter().zip(&view.figures);
    let ticket_types: Vec<Value> = types
        .map(|(ticket_type, figures)| {
            json!({
                "id": ticket_type.id,
                "name": ticket_type.name,
                "price": ticket_type.price.as_ref().map(price),
                "capacity": figures.capacity,
                "available": figures.available,
                "held": figures.held,
                "booked": figures.booked,
                "waiting": figures.waiting,
            })
        })
        .collect();
    json!({
        "id": description.id,
        "name": details.name,
        "description": details.description,
        "venue": details.venue,
        "starts_at": details.starts_at_ms.map(rfc3339),
        "status": description.status.as_str(),
        "sold_out": totals.available == 0,
        "opens_at": settings.opens_at_ms.map(rfc3339),
        "closes_at": settings.closes_at_ms.map(rfc3339),
        "hold_seconds": settings.hold_seconds,
        "auto_hold": settings.auto_hold,
        "max_per_hold": settings.max_per_hold,
        "max_per_user": settings.max_per_user,
        "max_extensions": settings.max_extensions,
        "capacity": totals.capacity,
        "available": totals.available,
        "held": totals.held,
        "booked": totals.booked,
        "waiting": totals.waiting,
        "next_expiry_at": view.next_expiry_at_ms.map(rfc3339),
        "ticket_types": ticket_types,
        "seq": view.seq,
        "server_time": rfc3339(now_ms),
    })
}

/// An event, for organisers: with all its settings.
pub fn admin_event(view: &EventView, now_ms: u64) -> Value {
    let settings = &view.description.settings;
    let more = json!({
        "lobby": settings.lobby,
        "queue_max": settings.queue_max,
        "presence_seconds": settings.presence_seconds,
        "max_hold_lifetime_seconds": settings.max_hold_lifetime_seconds,
        "etag": admin_etag(view),
    });
    merged(event(view, now_ms), more)
}

/// What `If-Match` is compared with.
pub fn admin_etag(view: &EventView) -> String {
    format!("\"{}\"", view.description.version)
}

/// A hold.
pub fn hold(event: &EventView, hold: &HoldView) -> Value {
    json!({
        "id": numbered(event, hold.number),
        "event": event.description.id,
        "ticket_type": ticket_type(event, hold.ticket_type),
        "quantity": hold.quantity,
        "state": hold.state.as_str(),
        "source": hold.source.as_str(),
        "created_at": rfc3339(hold.created_at_ms),
        "expires_at": rfc3339(hold.expires_at_ms),
        "expires_in_ms": hold.expires_in_ms,
        "extensions_left": hold.extensions_left,
        "server_time": rfc3339(hold.at_ms),
    })
}

/// A hold, for organisers: with whose it is.
pub fn admin_hold(event: &EventView, view: &HoldView, user_name: Option<String>) -> Value {
    merged(hold(event, view), whose(user_name, view.session))
}

/// A booking.
pub fn booking(event: &EventView, booking: &BookingView) -> Value {
    json!({
        "id": numbered(event, booking.number),
        "event": event.description.id,
        "ticket_type": ticket_type(event, booking.ticket_type),
        "quantity": booking.quantity,
        "state": if booking.cancelled_at_ms.is_some() { "cancelled" } else { "booked" },
        "booked_at": rfc3339(booking.booked_at_ms),
        "cancelled_at": booking.cancelled_at_ms.map(rfc3339),
        "refund_due": booking.cancelled_at_ms.is_some(),
        "server_time": rfc3339(booking.at_ms),
    })
}

/// A booking, for organisers: with whose it is.
pub fn admin_booking(event: &EventView, view: &BookingView, user_name: Option<String>) -> Value {
    merged(booking(event, view), whose(user_name, view.session))
}

/// A place in line.
pub fn queue(event: &EventView, place: &QueueView) -> Value {
    json!({
        "event": event.description.id,
        "ticket_type": ticket_type(event, place.ticket_type),
        "quantity": place.quantity,
        "position": place.ahead + 1,
        "ahead": place.ahead,
        "joined_at": rfc3339(place.joined_at_ms),
        "state": place.state.as_str(),
        "eta_seconds": place.wait.estimate.map(|range| json!({ "low": range.low_seconds, "high": range.high_seconds })),
        "wait_ends_by": place.wait.ends_by_ms.map(rfc3339),
        "server_time": rfc3339(place.at_ms),
    })
}

/// A place in line that is there no more. `joined_at` is `null` where nobody listened who saw it.
pub fn ended_queue(event: &EventView, place: &EndedPlace, now_ms: u64) -> Value {
    json!({
        "event": event.description.id,
        "ticket_type": ticket_type(event, place.ticket_type),
        "quantity": place.quantity,
        "position": 1,
        "ahead": 0,
        "joined_at": place.joined_at_ms.map(rfc3339),
        "state": place.state.as_str(),
        "eta_seconds": Value::Null,
        "wait_ends_by": Value::Null,
        "server_time": rfc3339(now_ms),
    })
}

/// A place in line, for organisers: with whose it is.
pub fn admin_queue(event: &EventView, place: &QueueView, user_name: Option<String>) -> Value {
    merged(queue(event, place), whose(user_name, place.session))
}

fn whose(user_name: Option<String>, session: LoginSeq) -> Value {
    json!({ "user": user_name, "session": session.0.to_string() })
}

/// A session. `config` says for how long it lives.
pub fn session(session: &LiveSession, config: &SessionsConfig) -> Value {
    json!({
        "id": session.number.0.to_string(),
        "user": session.user_name.as_ref(),
        "class": session.class().as_ref(),
        "logged_in_at": rfc3339(session.logged_in_at_ms),
        "login_seq": session.number.0,
        "last_seen_at": rfc3339(session.last_seen_at_ms()),
        "expires_at": rfc3339(session.expires_at_ms(&config.lengths())),
    })
}

/// A change of the audit trail. It has no hash of a password or token, and no e-mail address. `type_id` gives the ids of the event's ticket types, while the event exists.
pub fn change<'a>(
    entry: &AuditEntry,
    type_id: impl Fn(TypeIndex) -> Option<&'a str>,
    user_name: Option<&str>,
) -> Value {
    let share = entry.change.share();
    let id = |number: HoldNumber| entry.event.as_ref().map(|event| format!("{event}.{}", number.0));
    let Links { hold, booking, login_seq, quantity, ticket_type: own_type } = links(&entry.change);
    let session = share.map(|share| share.session.0).or(login_seq);
    json!({
        "seq": entry.seq,
        "at": rfc3339(entry.at_ms),
        "event": entry.event,
        "kind": entry.change.kind(),
        "ticket_type": share.map(|share| share.ticket_type).or(own_type).and_then(type_id),
        "quantity": share.map(|share| share.quantity).or(quantity),
        "user": user_name,
        "session": session.map(|number| number.to_string()),
        "login_seq": session,
        "hold": hold.and_then(id),
        "booking": booking.and_then(id),
        "source": source(&entry.change).map(HoldSource::as_str),
        "by": by(entry),
        "reason": reason(&entry.change),
        "act": if let Change::AdminActed(done) = &entry.change { act(done) } else { Value::Null },
    })
}

/// What an organiser did, and what is otherwise since.
fn act(act: &AdminAct) -> Value {
    let about = match act.about {
        Subject::Event => "event",
        Subject::Hold { .. } => "hold",
        Subject::Booking { .. } => "booking",
        Subject::Session { .. } => "session",
        Subject::Account { .. } => "account",
    };
    let differences: Vec<Value> = act.differences.iter().map(difference).collect();
    json!({ "action": act.action, "about": about, "differences": differences })
}

/// The engine tells times in milliseconds since the Unix epoch; their fields are those that end in `_at`.
fn difference(difference: &Difference) -> Value {
    let Difference { field, before, after } = difference;
    let told = |text: &Option<String>| {
        let time = text.as_ref().filter(|_| field.ends_with("_at")).and_then(|text| text.parse().ok()).map(rfc3339);
        time.or_else(|| text.clone())
    };
    json!({ "field": field, "before": told(before), "after": told(after) })
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

/// The id of a hold or booking.
pub fn numbered(event: &EventView, number: HoldNumber) -> String {
    format!("{}.{}", event.description.id, number.0)
}

/// The id of a ticket type.
pub fn ticket_type(event: &EventView, index: TypeIndex) -> &str {
    // The event of this id may have been removed and made anew, with fewer types, since the number was read.
    event.description.ticket_types.get(usize::from(index.0)).map_or("", |ticket_type| ticket_type.id.as_str())
}

fn price(price: &Price) -> Value {
    json!({ "amount": price.amount, "currency": price.currency })
}

/// `object` with the members of `more` at its end.
pub fn merged(object: Value, more: Value) -> Value {
    let members = |value| if let Value::Object(members) = value { members } else { Map::new() };
    let mut all = members(object);
    all.extend(members(more));
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use holdfast_engine::core::id::{EventNumber, Slug, UserNumber};

    use super::*;

    const SECRETS: [&str; 3] = ["argon2id", "ann@example.org", "7777777"];

    /// As the API and `holdfast dump` show it.
    fn shown(change: Change) -> Value {
        let (by, event) = (By::Admin("ops".to_owned()), Slug::new("gala"));
        let entry = AuditEntry { seq: 7, at_ms: 0, by, event, event_number: EventNumber(1), change };
        super::change(&entry, |_| None, Some("ann"))
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
