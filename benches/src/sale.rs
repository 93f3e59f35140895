//! The event that the load is for, and its users.

use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::arguments::Arguments;
use crate::connection::{Connection, bearer};
use crate::error::LoadError;
use crate::report::Counted;

/// More tickets than any run sells: what is measured is the sale, not the refusal.
pub const CAPACITY: u64 = 100_000_000;
/// More tickets than a user gets in any run.
const MAX_PER_USER: u64 = 1_000_000;
/// Longer than any run, so that no hold ends by itself.
const HOLD_SECONDS: u64 = 2_592_000;

/// Creates an event whose tickets last for any run, and which logins set nothing aside of.
pub async fn put_on_sale(
    connection: &mut Connection,
    admin: &HeaderValue,
    event: &str,
    name: &str,
) -> Result<(), LoadError> {
    let body = json!({
        "id": event,
        "name": name,
        "status": "on_sale",
        "capacity": CAPACITY,
        "auto_hold": 0,
        "hold_seconds": HOLD_SECONDS,
        "max_hold_lifetime_seconds": HOLD_SECONDS,
        "max_per_hold": 1,
        "max_per_user": MAX_PER_USER,
    });
    let body = Bytes::from(body.to_string());
    connection.send(Method::POST, "/v1/admin/events", Some(admin), None, body).await?.json()?;
    Ok(())
}

/// An event of its own for one run, with all users logged in.
pub struct Sale {
    /// The event's id.
    pub event: String,
    /// The users' credentials, as `Authorization` headers, by connection.
    pub credentials: Vec<Vec<HeaderValue>>,
    address: SocketAddr,
    admin: HeaderValue,
}

impl Sale {
    /// Creates the event and logs all users in.
    pub async fn prepare(arguments: &Arguments) -> Result<Sale, LoadError> {
        let event = format!("load-{}", seconds_since_epoch_and_process());
        let admin = bearer(&arguments.admin_token)?;
        let mut connection = Connection::open(arguments.address).await?;
        put_on_sale(&mut connection, &admin, &event, "A load test").await?;
        let credentials = log_in(arguments, &event).await?;
        Ok(Sale { event, credentials, address: arguments.address, admin })
    }

    /// The credential of the sale's own back end, as an `Authorization` header.
    pub fn admin(&self) -> &HeaderValue {
        &self.admin
    }

    /// Compares the event's figures with what was acknowledged. Returns the sentence to print.
    pub async fn check(&self, counted: &Counted) -> Result<String, LoadError> {
        let mut connection = Connection::open(self.address).await?;
        let path = format!("/v1/admin/events/{}", self.event);
        let shown = connection.send(Method::GET, &path, Some(&self.admin), None, Bytes::new()).await?.json()?;
        let figure = |name: &str| shown[name].as_u64().unwrap_or_default();
        let found = [figure("capacity"), figure("available"), figure("held"), figure("booked")];
        let (booked, held) = (counted.confirmed, counted.held - counted.confirmed);
        let expected = [CAPACITY, CAPACITY - held - booked, held, booked];
        if found == expected {
            return Ok(format!("the event has what was acknowledged: {booked} booked, {held} held"));
        }
        let names = "capacity, available, held, booked";
        Err(LoadError::new(format!("{names} of {} are {found:?}, but {expected:?} were acknowledged", self.event)))
    }
}

/// Logs all users in, over as many connections as the load has, and without any wish: that would hold tickets elsewhere.
async fn log_in(arguments: &Arguments, event: &str) -> Result<Vec<Vec<HeaderValue>>, LoadError> {
    let mut tasks = JoinSet::new();
    let each = arguments.users.div_ceil(arguments.connections);
    for number in 0..arguments.connections {
        let (address, prefix) = (arguments.address, format!("{event}-{number}"));
        tasks.spawn(log_in_share(address, prefix, each));
    }
    tasks.join_all().await.into_iter().collect()
}

async fn log_in_share(address: SocketAddr, prefix: String, count: u32) -> Result<Vec<HeaderValue>, LoadError> {
    let mut connection = Connection::open(address).await?;
    let mut credentials = Vec::with_capacity(count as usize);
    for number in 0..count {
        let body = Bytes::from(json!({ "user": format!("{prefix}-{number}"), "intents": [] }).to_string());
        let login = connection.send(Method::POST, "/v1/sessions", None, None, body).await?.json()?;
        let token = login["token"].as_str().ok_or_else(|| LoadError::new("a login has no token"))?;
        credentials.push(bearer(token)?);
    }
    Ok(credentials)
}

/// A name that no earlier run on this server has used.
#[expect(clippy::disallowed_methods, reason = "the name of a run's event comes from the wall clock; nothing is timed")]
fn seconds_since_epoch_and_process() -> Value {
    let since_epoch = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    json!(since_epoch.as_millis() as u64)
}
