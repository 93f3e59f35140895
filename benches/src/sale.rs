//! An event as a load needs it: on sale, with tickets for any run, of which logins set nothing aside.

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::error::LoadError;

/// More tickets than any run sells: what is measured is the sale, not the refusal.
pub const CAPACITY: u64 = 100_000_000;
/// More tickets than a user gets in any run.
pub const MAX_PER_USER: u32 = 1_000_000;
/// Longer than any run, in seconds, so that no hold ends by itself.
pub const HOLD_SECONDS: u32 = 2_592_000;
/// More users than wait in any run.
pub const QUEUE_MAX: u32 = 100_000_000;
/// The ticket type of an event that has only one.
pub const GENERAL: &str = "general";

/// An event that is to be put on sale.
#[derive(Clone, Debug)]
pub struct Offering {
    /// Its id.
    pub event: String,
    /// How long a hold lasts, in seconds.
    pub hold_seconds: u32,
    /// Its ticket types, each with its capacity.
    pub ticket_types: Vec<(&'static str, u64)>,
}

impl Offering {
    /// An event of one ticket type, of which there are enough for any run.
    pub fn new(event: impl Into<String>) -> Offering {
        Offering { event: event.into(), hold_seconds: HOLD_SECONDS, ticket_types: vec![(GENERAL, CAPACITY)] }
    }

    /// How many tickets there are of all types.
    pub fn capacity(&self) -> u64 {
        self.ticket_types.iter().map(|(_, capacity)| capacity).sum()
    }

    /// The body of the call that creates it. Nobody in line is passed over for having gone.
    fn body(&self) -> Value {
        let ticket_type = |(id, capacity): &(&str, u64)| json!({ "id": id, "name": id, "capacity": capacity });
        json!({
            "id": self.event,
            "name": "A load test",
            "status": "on_sale",
            "ticket_types": self.ticket_types.iter().map(ticket_type).collect::<Vec<Value>>(),
            "auto_hold": 0,
            "hold_seconds": self.hold_seconds,
            "max_hold_lifetime_seconds": HOLD_SECONDS,
            "max_per_hold": 1,
            "max_per_user": MAX_PER_USER,
            "queue_max": QUEUE_MAX,
            "presence_seconds": 0,
        })
    }

    /// Puts it on sale at the server of `connection`.
    ///
    /// # Errors
    ///
    /// The server refused it, as it does where there is an event of that id, or cannot be reached.
    pub async fn put_on_sale(&self, connection: &mut Connection, admin: &HeaderValue) -> Result<(), LoadError> {
        let body = Bytes::from(self.body().to_string());
        connection.send(Method::POST, "/v1/admin/events", Some(admin), None, body).await?.json()?;
        Ok(())
    }
}
