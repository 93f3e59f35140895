//! The comparisons after a recovery.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use hyper::Method;
use serde_json::{Value, json};

use crate::buyer::Buyer;
use crate::http::{Connection, Request};
use crate::organiser::{EVENTS, Organiser};
use crate::trail::{Booking, Change, Trail};

/// Every acknowledged answer is in the audit trail at its number, and nothing that buyers did is there twice or
/// unacknowledged.
pub fn ledgers(trail: &Trail, buyers: &[Buyer]) {
    for buyer in buyers {
        receipts(trail, buyer);
        deeds(trail, buyer);
        sessions(trail, buyer);
    }
    order_of_logins(trail, buyers);
}

fn receipts(trail: &Trail, buyer: &Buyer) {
    for receipt in &buyer.ledger.receipts {
        let change = trail.acknowledged(&buyer.name, receipt).unwrap_or_else(|| {
            panic!("{}: {receipt:?} is not what stands there:\n{}", buyer.name, trail.around(receipt.seq))
        });
        let told = (Some(receipt.ticket_type.as_str()), Some(receipt.quantity));
        assert_eq!((change.ticket_type.as_deref(), change.quantity), told, "{}: {receipt:?}", buyer.name);
    }
}

/// A request that was repeated under its key had exactly one effect: what the buyer did and what was acknowledged are
/// the same, one for one.
fn deeds(trail: &Trail, buyer: &Buyer) {
    let is_request = |seq| trail.at(seq).is_some_and(|change| change.source.as_deref() != Some("queue"));
    let receipts = &buyer.ledger.receipts;
    let acknowledged: BTreeSet<(&str, &str)> = receipts
        .iter()
        .filter(|receipt| {
            let change = trail.acknowledged(&buyer.name, receipt).expect("it was found before");
            is_request(change.seq)
        })
        .map(|receipt| (receipt.kind, receipt.id.as_str()))
        .collect();
    let done = trail.deeds_of(&buyer.name);
    let unacknowledged: Vec<_> = done.difference(&acknowledged).collect();
    let missing: Vec<_> = acknowledged.difference(&done).collect();
    assert!(
        unacknowledged.is_empty() && missing.is_empty(),
        "{}: done without an answer: {unacknowledged:?}; answered, but not done: {missing:?}",
        buyer.name
    );
}

fn sessions(trail: &Trail, buyer: &Buyer) {
    for (login_seq, seq) in &buyer.ledger.opened_sessions {
        let opened = trail.opened.get(login_seq).and_then(|opened| trail.at(*opened));
        let is_it = opened.is_some_and(|change| change.seq <= *seq && change.user.as_ref() == Some(&buyer.name));
        assert!(is_it, "{}'s login {login_seq} was answered as {seq}, not as {opened:?}", buyer.name);
    }
    for (login_seq, seq) in &buyer.ledger.ended_sessions {
        let ended = trail.ended.get(login_seq);
        let is_it = ended.is_some_and(|ended| seq.is_none_or(|seq| *ended <= seq));
        assert!(is_it, "{}'s logout from {login_seq} was answered as {seq:?}, not as {ended:?}", buyer.name);
    }
    assert_eq!(trail.sessions.get(&buyer.name).copied(), buyer.login_seq(), "{}'s session", buyer.name);
}

/// No later login was served before an earlier one: among the logins that each event and ticket type served, the order
/// of the journal is that of `login_seq`.
fn order_of_logins(trail: &Trail, buyers: &[Buyer]) {
    let mut served: BTreeMap<(&str, &str), Vec<(u64, u64)>> = BTreeMap::new();
    for buyer in buyers {
        for login in buyer.ledger.served_logins.iter().filter(|login| login.is_fresh) {
            let is_it = |change: &Change| {
                let is_served = match &login.hold {
                    Some(hold) => change.kind == "hold_placed" && change.id() == hold,
                    None => change.kind == "queue_joined",
                };
                is_served && change.login_seq == Some(login.login_seq) && change.event.as_ref() == Some(&login.event)
            };
            let opened = trail.opened[&login.login_seq];
            let change = trail.first(opened, is_it).unwrap_or_else(|| panic!("{}: {login:?} is missing", buyer.name));
            assert!(change.seq <= login.seq, "{login:?} was answered before {change:?}");
            let key = (login.event.as_str(), login.ticket_type.as_str());
            served.entry(key).or_default().push((login.login_seq, change.seq));
        }
    }
    for (key, mut logins) in served {
        logins.sort_unstable();
        let in_order = logins.is_sorted_by_key(|(_, seq)| *seq);
        assert!(in_order, "{key:?}: a later login was served first: {logins:?}");
    }
}

/// What each event shows is the sum of the audit trail.
pub async fn figures(trail: &Trail, organiser: &mut Organiser) {
    for (id, _, _) in EVENTS {
        let event = organiser.event(id).await;
        let expected = expected_figures(trail, id);
        assert_eq!(shown_figures(&event), expected, "{id}");
        let sum = |name: &str| expected.iter().map(|figures| figures[name].as_u64().expect("a number")).sum::<u64>();
        for name in &FIGURES[1..] {
            assert_eq!(event[name], json!(sum(name)), "{name} of {id}");
        }
    }
}

/// What is compared of a ticket type.
const FIGURES: [&str; 6] = ["id", "capacity", "available", "held", "booked", "waiting"];

/// The figures of each ticket type of an event that was read.
pub fn shown_figures(event: &Value) -> Vec<Value> {
    let only = |shown: &Value| FIGURES.iter().map(|name| ((*name).to_owned(), shown[name].clone())).collect();
    event["ticket_types"].as_array().expect("a list").iter().map(only).collect()
}

/// The figures of each ticket type of an event, where the trail stands.
pub fn expected_figures(trail: &Trail, event: &str) -> Vec<Value> {
    let (_, _, types) = EVENTS.iter().find(|(id, _, _)| *id == event).expect("an event of this test");
    types.iter().map(|(ticket_type, _)| expected_figures_of(trail, event, ticket_type)).collect()
}

fn expected_figures_of(trail: &Trail, event: &str, ticket_type: &str) -> Value {
    let books = &trail.types[&(event.to_owned(), ticket_type.to_owned())];
    json!({
        "id": ticket_type,
        "capacity": books.capacity,
        "available": books.capacity - books.held - books.booked,
        "held": books.held,
        "booked": books.booked,
        "waiting": books.line.len(),
    })
}

/// Every hold is in the state that the audit trail leads to, and no deadline has moved earlier than it was promised.
pub async fn holds(trail: &Trail, buyers: &[Buyer], organiser: &mut Organiser) {
    let promises = buyers.iter().flat_map(|buyer| &buyer.ledger.deadlines);
    let promises: BTreeMap<&str, &str> = promises.map(|(id, at)| (id.as_str(), at.as_str())).collect();
    let mut listed = BTreeSet::new();
    for (event, _, _) in EVENTS {
        for shown in organiser.holds(event).await {
            let id = shown["id"].as_str().expect("an id");
            let expected = trail.holds.get(id).unwrap_or_else(|| panic!("a hold from nowhere: {shown}"));
            let facts = (&shown["user"], &shown["ticket_type"], &shown["state"]);
            let (user, ticket_type, state) =
                (&json!(expected.user), &json!(expected.ticket_type), &json!(expected.state));
            assert_eq!(facts, (user, ticket_type, state), "{shown}");
            assert_eq!(shown["quantity"], json!(expected.quantity), "{shown}");
            let expires_at = shown["expires_at"].as_str().expect("a time");
            let promised = promises.get(id).copied().unwrap_or_default();
            assert!(expected.state != "held" || expires_at >= promised, "{promised} was promised for {shown}");
            listed.insert(id.to_owned());
        }
    }
    // What has ended is forgotten in time; live holds never, confirmed ones with their bookings.
    let kept_bookings = trail.kept_bookings();
    for (id, hold) in &trail.holds {
        let is_kept = hold.state == "held" || kept_bookings.contains_key(id.as_str());
        assert!(!is_kept || listed.contains(id), "{id} is missing: {hold:?}");
    }
}

/// Every buyer finds the session, the holds, the bookings and the places in line that the audit trail leads to.
pub async fn own_views(trail: &Trail, buyers: &[Buyer], address: SocketAddr) {
    let mut connection = Connection::open(address).await.expect("the server listens");
    for buyer in buyers {
        let Some(token) = buyer.token() else { continue };
        let (method, path) = (Method::GET, "/v1/sessions/me".to_owned());
        let request = Request { method, path, token: Some(token.to_owned()), key: None, body: None };
        let answer = connection.send(&request).await.expect("nobody kills the server now");
        assert_eq!(answer.status, 200, "{}: {}", buyer.name, answer.body);
        let own = &answer.body;
        assert_eq!(own["session"]["login_seq"].as_u64(), buyer.login_seq(), "{}", buyer.name);
        let holds = trail.holds.iter().filter(|(_, hold)| hold.user == buyer.name && hold.state == "held");
        let holds = holds.map(|(id, hold)| row(id, &hold.ticket_type, hold.quantity, hold.state)).collect();
        assert_eq!(rows(&own["holds"]), holds, "holds of {}", buyer.name);
        own_bookings(trail, &buyer.name, &rows(&own["bookings"]));
        assert_eq!(shown_places(&own["queue"]), places(trail, &buyer.name), "places of {}", buyer.name);
    }
}

/// What is shown is true, and nothing is missing that must be shown.
fn own_bookings(trail: &Trail, user: &str, shown: &BTreeSet<String>) {
    let render = |id: &str, booking: &Booking| row(id, &booking.ticket_type, booking.quantity, booking.state);
    let all = trail.bookings.iter().filter(|(_, booking)| booking.user == user);
    let all: BTreeSet<String> = all.map(|(id, booking)| render(id, booking)).collect();
    assert!(shown.is_subset(&all), "bookings of {user} from nowhere: {:?}", shown.difference(&all));
    let kept = trail.kept_bookings().into_iter().filter(|(_, booking)| booking.user == user);
    let kept: BTreeSet<String> = kept.map(|(id, booking)| render(id, booking)).collect();
    assert!(kept.is_subset(shown), "missing bookings of {user}: {:?}", kept.difference(shown));
}

fn row(id: &str, ticket_type: &str, quantity: u64, state: &str) -> String {
    format!("{id} {ticket_type} {quantity} {state}")
}

fn rows(list: &Value) -> BTreeSet<String> {
    let text = |item: &Value, name: &str| item[name].as_str().expect("a text").to_owned();
    let render = |item: &Value| {
        let quantity = item["quantity"].as_u64().expect("a number");
        row(&text(item, "id"), &text(item, "ticket_type"), quantity, &text(item, "state"))
    };
    list.as_array().expect("a list").iter().map(render).collect()
}

fn shown_places(list: &Value) -> BTreeSet<String> {
    let render = |place: &Value| {
        format!("{} {} {} {}", place["event"], place["ticket_type"], place["position"], place["quantity"])
    };
    list.as_array().expect("a list").iter().map(render).collect()
}

fn places(trail: &Trail, user: &str) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for ((event, ticket_type), books) in &trail.types {
        if let Some(ahead) = books.line.iter().position(|waiting| waiting.user == user) {
            let (position, quantity) = (ahead + 1, books.line[ahead].quantity);
            places.insert(format!("{} {} {position} {quantity}", json!(event), json!(ticket_type)));
        }
    }
    places
}
