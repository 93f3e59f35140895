//! The disk has no room for the next segment: new holds are refused, and those who pay or give back go on.

use hyper::Method;
use serde_json::{Value, json};

use crate::disk::{Disk, Fault};
use crate::http::{Answer, Connection, Request};
use crate::random::Random;
use crate::rounds::Store;
use crate::server::Server;

/// Room for two segments of the journal and some snapshots, not for a third segment.
const CAPACITY_BYTES: u64 = 2_800_000;
/// More logins than fill a segment.
const LOGINS_MAX: u32 = 10_000;

pub async fn run() {
    let random = &mut Random::new(1);
    let (store, mut server) = Store::open(&Disk::faulty(random, Fault::Capacity(CAPACITY_BYTES)), random).await;
    let [mut ann, mut bob, mut eve] =
        [log_in(&server, "ann").await, log_in(&server, "bob").await, log_in(&server, "eve").await];
    eve.confirm().await.expect(201);
    fill(&server).await;
    let readiness = Request { method: Method::GET, path: "/readyz".to_owned(), token: None, key: None, body: None };
    connect(&server).await.send(&readiness).await.expect("the server goes on").expect_full();

    eve.send(Method::POST, "/v1/events/gala/holds", Some(json!({ "ticket_type": "vip" }))).await.expect_full();
    ann.confirm().await.expect(201);
    bob.send(Method::DELETE, &format!("/v1/holds/{}", bob.hold.clone()), None).await.expect(200);
    eve.send(Method::DELETE, &format!("/v1/bookings/{}", eve.hold.clone()), None).await.expect(200);

    server.kill();
    server = Server::start(store.directory.path(), &Disk::simulated(random)).await;
    for (buyer, booking) in [(&mut ann, json!("booked")), (&mut bob, Value::Null), (&mut eve, json!("cancelled"))] {
        buyer.connection = connect(&server).await;
        let own = buyer.send(Method::GET, "/v1/sessions/me", None).await;
        let is_of_gala = |thing: &&Value| thing["event"] == "gala";
        let of_gala = |list: &Value| list.as_array().and_then(|list| list.iter().find(is_of_gala).cloned());
        assert_eq!(of_gala(&own.body["holds"]), None, "{}", own.body);
        assert_eq!(of_gala(&own.body["bookings"]).unwrap_or_default()["state"], booking, "{}", own.body);
    }
    log_in(&server, "newcomer").await;
}

/// Logs in until there is no room.
async fn fill(server: &Server) {
    let mut connection = connect(server).await;
    for number in 0..LOGINS_MAX {
        let answer = connection.send(&login(&format!("crowd-{number}"))).await.expect("the server goes on");
        if answer.status != 201 {
            return answer.expect_full();
        }
    }
    panic!("{LOGINS_MAX} logins found room");
}

/// Somebody who got a hold of the gala.
struct Holder {
    connection: Connection,
    token: String,
    hold: String,
}

async fn log_in(server: &Server, user: &str) -> Holder {
    let mut connection = connect(server).await;
    let answer = connection.send(&login(user)).await.expect("the server goes on");
    assert_eq!(answer.status, 201, "{}", answer.body);
    let outcomes = answer.body["outcomes"].as_array().expect("a list");
    let gala = outcomes.iter().find(|outcome| outcome["event"] == "gala").expect("a hold or a place in line");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Holder { connection, token: text(&answer.body["token"]), hold: text(&gala["hold"]["id"]) }
}

impl Holder {
    async fn confirm(&mut self) -> Answer {
        self.send(Method::POST, &format!("/v1/holds/{}/confirm", self.hold), None).await
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = Request { method, path: path.to_owned(), token: Some(self.token.clone()), key: None, body };
        self.connection.send(&request).await.expect("the server goes on")
    }
}

impl Answer {
    fn expect(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.body);
    }

    fn expect_full(&self) {
        assert_eq!((self.status, &self.body["code"]), (503, &json!("storage_full")), "{}", self.body);
    }
}

fn login(user: &str) -> Request {
    let (method, path, body) = (Method::POST, "/v1/sessions".to_owned(), Some(json!({ "user": user })));
    Request { method, path, token: None, key: None, body }
}

async fn connect(server: &Server) -> Connection {
    Connection::open(server.address()).await.expect("the server listens")
}
