//! Who asks: a visitor, a buyer, an organiser.

use serde_json::{Value, json};

use crate::http::{Answer, Connection, Request, delete, get, patch, post, put};
use crate::server::ADMIN_TOKEN;

/// Somebody without a credential.
pub struct Visitor {
    connection: Connection,
}

impl Visitor {
    pub fn over(connection: Connection) -> Visitor {
        Visitor { connection }
    }

    pub async fn send(&self, request: Request) -> Answer {
        self.connection.send(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(get(path)).await
    }

    /// An event as the public sees it.
    pub async fn event(&self, event: &str) -> Value {
        self.get(&format!("/v1/events/{event}")).await.expect(200)
    }

    /// The number of the newest durable change.
    pub async fn durable_seq(&self) -> u64 {
        self.get("/readyz").await.expect(200)["durable_seq"].as_u64().expect("a number")
    }

    /// Asks for the event until it is as wished: what a turn of the wheels brings comes soon, but not at once.
    pub async fn event_once(&self, event: &str, is_as_wished: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..LOOKS_MAX {
            let seen = self.event(event).await;
            if is_as_wished(&seen) {
                return seen;
            }
        }
        panic!("after {LOOKS_MAX} looks, the event is {}", self.event(event).await);
    }
}

/// How often is looked for something that must come. A look takes a tenth of a millisecond or more.
pub const LOOKS_MAX: u32 = 100_000;

/// Somebody who has logged in.
pub struct Buyer {
    connection: Connection,
    pub user: String,
    pub token: String,
    /// The answer to the login.
    pub login: Value,
}

impl Buyer {
    /// Logs `user` in.
    pub async fn log_in(connection: Connection, user: &str) -> Buyer {
        Buyer::log_in_by(connection, post("/v1/sessions", json!({ "user": user }))).await
    }

    /// Logs somebody in by this request, which must open a session.
    pub async fn log_in_by(connection: Connection, request: Request) -> Buyer {
        let login = connection.send(request).await.expect(201);
        Buyer::with(connection, login)
    }

    /// Somebody whose login was answered like this.
    pub fn with(connection: Connection, login: Value) -> Buyer {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Buyer { connection, user: text(&login["session"]["user"]), token: text(&login["token"]), login }
    }

    /// The same person at another machine, with the same token.
    pub fn elsewhere(&self) -> Buyer {
        let Buyer { connection, user, token, login } = self;
        Buyer { connection: connection.another(), user: user.clone(), token: token.clone(), login: login.clone() }
    }

    /// The number of the login, which is the place in every line.
    pub fn login_seq(&self) -> u64 {
        self.login["session"]["login_seq"].as_u64().expect("a number")
    }

    /// What the one event that was asked said to the login.
    #[track_caller]
    pub fn outcome(&self) -> &Value {
        let outcomes = self.login["outcomes"].as_array().expect("a list");
        assert_eq!(outcomes.len(), 1, "{outcomes:?}");
        &outcomes[0]
    }

    pub async fn send(&self, request: Request) -> Answer {
        self.connection.send(request.with("authorization", format!("Bearer {}", self.token))).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(get(path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(delete(path)).await
    }

    pub async fn hold(&self, event: &str, wish: Value) -> Answer {
        self.send(post(format!("/v1/events/{event}/holds"), wish)).await
    }

    pub async fn extend(&self, hold: &str) -> Answer {
        self.send(post(format!("/v1/holds/{hold}/extend"), json!({}))).await
    }

    pub async fn confirm(&self, hold: &str) -> Answer {
        self.send(post(format!("/v1/holds/{hold}/confirm"), json!({}))).await
    }

    pub async fn release(&self, hold: &str) -> Answer {
        self.delete(&format!("/v1/holds/{hold}")).await
    }

    pub async fn book(&self, event: &str, wish: Value) -> Answer {
        self.send(post(format!("/v1/events/{event}/bookings"), wish)).await
    }

    pub async fn join(&self, event: &str, wish: Value) -> Answer {
        self.send(post(format!("/v1/events/{event}/queue"), wish)).await
    }

    pub async fn place(&self, event: &str) -> Answer {
        self.get(&format!("/v1/events/{event}/queue/me")).await
    }

    pub async fn leave(&self, event: &str) -> Answer {
        self.delete(&format!("/v1/events/{event}/queue/me")).await
    }

    /// All that is theirs.
    pub async fn mine(&self) -> Value {
        self.get("/v1/sessions/me").await.expect(200)
    }

    pub async fn log_out(&self) -> Answer {
        self.delete("/v1/sessions/me").await
    }
}

/// Somebody with the admin token.
pub struct Admin {
    connection: Connection,
}

impl Admin {
    pub fn over(connection: Connection) -> Admin {
        Admin { connection }
    }

    pub async fn send(&self, request: Request) -> Answer {
        self.connection.send(request.with("authorization", format!("Bearer {ADMIN_TOKEN}"))).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(get(path)).await
    }

    /// Creates an event from all that its organiser says.
    pub async fn create(&self, event: Value) -> Value {
        self.send(post("/v1/admin/events", event)).await.expect(201)
    }

    /// Creates an event on sale with `capacity` tickets, which logins do not set aside.
    pub async fn put_on_sale(&self, event: &str, capacity: u32) -> Value {
        self.create(json!({
            "id": event, "name": event, "capacity": capacity, "auto_hold": 0, "presence_seconds": 0, "status": "on_sale",
        }))
        .await
    }

    /// Creates an event on sale with `capacity` tickets, of which every login sets one aside.
    pub async fn put_on_sale_for_logins(&self, event: &str, capacity: u32) -> Value {
        self.create(json!({
            "id": event, "name": event, "capacity": capacity, "presence_seconds": 0, "status": "on_sale",
        }))
        .await
    }

    /// An event with all its settings.
    pub async fn event(&self, event: &str) -> Value {
        self.get(&format!("/v1/admin/events/{event}")).await.expect(200)
    }

    pub async fn change(&self, event: &str, change: Value) -> Answer {
        self.send(patch(format!("/v1/admin/events/{event}"), change)).await
    }

    pub async fn set_status(&self, event: &str, status: &str) -> Answer {
        self.send(put(format!("/v1/admin/events/{event}/status"), json!({ "status": status }))).await
    }

    pub async fn cleanup(&self, wish: Value) -> Value {
        self.send(post("/v1/admin/cleanup", wish)).await.expect(200)
    }

    pub async fn snapshot(&self) -> Value {
        self.send(post("/v1/admin/snapshot", json!({}))).await.expect(200)
    }

    /// All items of a list, page by page. `path` has at least one parameter.
    pub async fn all_of(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("{path}&limit=200{cursor}")).await.expect(200);
            items.append(page["items"].as_array_mut().expect("a list"));
            let Some(next) = page["next_cursor"].as_str() else { return items };
            cursor = format!("&cursor={next}");
        }
    }

    /// The audit trail of an event.
    pub async fn changes_of(&self, event: &str) -> Vec<Value> {
        self.all_of(&format!("/v1/admin/changes?event={event}")).await
    }

    /// The audit trail of everything.
    pub async fn changes(&self) -> Vec<Value> {
        self.all_of("/v1/admin/changes?after=0").await
    }
}
