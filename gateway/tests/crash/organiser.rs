//! The organiser: creates the events, pauses the sale for a comparison, reads the books.

use std::net::SocketAddr;

use hyper::Method;
use serde_json::{Value, json};

use crate::history::History;
use crate::http::{Answer, Connection, Request};
use crate::server::ADMIN_TOKEN;
use crate::trail::Trail;

/// The most tickets a user may have in an event, the default of the server.
pub const MAX_PER_USER: u64 = 4;

/// An event that buyers want: its id, how long a hold lasts, and its ticket types with their capacities.
pub type Wanted = (&'static str, u64, &'static [(&'static str, u64)]);

/// Fewer tickets than buyers want. Holds of `derby` last a second, so that many end by themselves.
pub const EVENTS: [Wanted; 2] = [("gala", 600, &[("general", 40), ("vip", 8)]), ("derby", 1, &[("general", 12)])];

/// A page of a list has at most this many items.
const PAGE: usize = 200;

pub struct Organiser {
    address: SocketAddr,
    connection: Option<Connection>,
    requests: u64,
}

impl Organiser {
    pub fn new(address: SocketAddr) -> Organiser {
        Organiser { address, connection: None, requests: 0 }
    }

    /// The server is somewhere else now.
    pub fn reach(&mut self, address: SocketAddr) {
        (self.address, self.connection) = (address, None);
    }

    pub async fn create_events(&mut self) {
        for (id, hold_seconds, types) in EVENTS {
            let render = |(id, capacity): &(&str, u64)| json!({ "id": id, "name": id, "capacity": capacity });
            let ticket_types: Vec<Value> = types.iter().map(render).collect();
            let body = json!({
                "id": id,
                "name": id,
                "status": "on_sale",
                "hold_seconds": hold_seconds,
                "ticket_types": ticket_types,
            });
            let answer = self.send(Method::POST, "/v1/admin/events", Some(body)).await;
            assert_eq!(answer.status, 201, "{}", answer.body);
        }
    }

    /// Moves all events to `status`.
    pub async fn set_status(&mut self, status: &str) {
        for (id, _, _) in EVENTS {
            let path = format!("/v1/admin/events/{id}/status");
            let answer = self.send(Method::PUT, &path, Some(json!({ "status": status }))).await;
            assert_eq!((answer.status, &answer.body["status"]), (200, &json!(status)), "{}", answer.body);
        }
    }

    /// Reads what has been added to the audit trail, and compares what was said meanwhile.
    pub async fn read_trail(&mut self, trail: &mut Trail, mut history: History) {
        let mut path = format!("/v1/admin/changes?limit={PAGE}&after={}", trail.len());
        loop {
            let mut page = self.get(&path).await;
            let items = page["items"].take();
            let changes = serde_json::from_value(items).expect("changes as the contract has them");
            trail.extend(changes, &mut history);
            let Some(cursor) = page["next_cursor"].as_str() else { return history.finish() };
            path = format!("/v1/admin/changes?limit={PAGE}&cursor={cursor}");
        }
    }

    pub async fn event(&mut self, id: &str) -> Value {
        self.get(&format!("/v1/admin/events/{id}")).await
    }

    /// All holds of an event that the server remembers.
    pub async fn holds(&mut self, event: &str) -> Vec<Value> {
        let first = format!("/v1/admin/events/{event}/holds?limit={PAGE}");
        let (mut path, mut holds) = (first.clone(), Vec::new());
        loop {
            let mut page = self.get(&path).await;
            if let Value::Array(items) = page["items"].take() {
                holds.extend(items);
            }
            let Some(cursor) = page["next_cursor"].as_str() else { return holds };
            path = format!("{first}&cursor={cursor}");
        }
    }

    async fn get(&mut self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.requests += 1;
        let key = (method != Method::GET).then(|| format!("organiser-{}", self.requests));
        let request = Request { method, path: path.to_owned(), token: Some(ADMIN_TOKEN.to_owned()), key, body };
        let connection = match &mut self.connection {
            Some(connection) => connection,
            empty => empty.insert(Connection::open(self.address).await.expect("the server listens")),
        };
        connection.send(&request).await.expect("nobody kills the server now")
    }
}
