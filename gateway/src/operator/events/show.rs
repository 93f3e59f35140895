//! An event in words.

use serde_json::Value;

use crate::operator::table::{self, number, text};
use crate::operator::words::{time, value};

/// What is a time.
const TIMES: [&str; 4] = ["starts_at", "opens_at", "closes_at", "next_expiry_at"];

/// What is shown of an event, in this order, before its ticket types.
const FIELDS: [&str; 25] = [
    "id",
    "name",
    "description",
    "venue",
    "status",
    "starts_at",
    "opens_at",
    "closes_at",
    "capacity",
    "available",
    "held",
    "booked",
    "waiting",
    "next_expiry_at",
    "hold_seconds",
    "auto_hold",
    "max_per_hold",
    "max_per_user",
    "max_extensions",
    "max_hold_lifetime_seconds",
    "queue_max",
    "lobby",
    "presence_seconds",
    "seq",
    "etag",
];

/// All of it: names as the API has them, so that they can be said to `events set`.
pub fn event(event: &Value) -> String {
    let field = |name: &'static str| {
        let member = &event[name];
        (name, if TIMES.contains(&name) { time(member) } else { value(member) })
    };
    let types = event["ticket_types"].as_array().into_iter().flatten();
    let rows: Vec<_> = types.map(ticket_type).collect();
    let columns = [
        text("TICKET TYPE"),
        number("CAPACITY"),
        number("AVAILABLE"),
        number("HELD"),
        number("BOOKED"),
        number("WAITING"),
        text("PRICE"),
        text("NAME"),
    ];
    format!("{}\n{}", table::pairs(&FIELDS.map(field)), table::render(&columns, &rows))
}

/// Its status, and whether that leaves nothing to sell.
pub fn status(event: &Value) -> String {
    let status = value(&event["status"]);
    if event["sold_out"] == true { format!("{status}, sold out") } else { status }
}

fn ticket_type(ticket_type: &Value) -> Vec<String> {
    let [id, capacity, available, held, booked, waiting, name] =
        ["id", "capacity", "available", "held", "booked", "waiting", "name"].map(|name| value(&ticket_type[name]));
    let price = &ticket_type["price"];
    let price = if price.is_null() {
        "-".to_owned()
    } else {
        // How many minor units make a major one differs by currency.
        format!("{} minor units of {}", value(&price["amount"]), value(&price["currency"]))
    };
    vec![id, capacity, available, held, booked, waiting, price, name]
}
