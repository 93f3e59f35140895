//! The same key, the same request: one effect.

use serde_json::json;
use tokio::task::JoinSet;

use crate::http::{Answer, Request, delete, patch, post, put};
use crate::server::{ADMIN_TOKEN, TestServer};

#[tokio::test]
async fn a_repeat_gets_the_first_answer_to_the_letter() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 5).await;
    let ann = server.login("ann").await;
    let hold = post("/v1/events/gala/holds", json!({ "quantity": 2 })).with("idempotency-key", "k1");
    let first = ann.send(hold.clone()).await;
    first.expect_status(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    ann.release("gala.1").await.expect_status(200);
    server.advance_seconds(5);
    let again = ann.send(hold).await;
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("holdfast-seq"), first.header("holdfast-seq"));
    assert_eq!(server.visitor().event("gala").await["held"], 0, "no second effect");
}

#[tokio::test]
async fn refusals_are_remembered_too() {
    let server = TestServer::start().await;
    let admin = server.admin();
    admin.put_on_sale("gala", 0).await;
    let ann = server.login("ann").await;
    let hold = post("/v1/events/gala/holds", json!({})).with("idempotency-key", "k1");
    let first = ann.send(hold.clone()).await;
    first.expect_refusal(409, "sold_out");
    admin.change("gala", json!({ "ticket_types": [{ "id": "general", "capacity": 1 }] })).await.expect_status(200);
    let again = ann.send(hold).await;
    again.expect_refusal(409, "sold_out");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert!(first.header("holdfast-seq").is_some(), "a refusal says at which number of the journal it was true");
    assert_eq!(again.header("holdfast-seq"), first.header("holdfast-seq"));
    ann.hold("gala", json!({})).await.expect_status(201);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_and_one_session() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 5).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let hold =
        |quantity: u32| post("/v1/events/gala/holds", json!({ "quantity": quantity })).with("idempotency-key", "k1");
    ann.send(hold(1)).await.expect_status(201);
    ann.send(hold(2)).await.expect_refusal(422, "idempotency_key_reused");
    bob.send(hold(2)).await.expect_status(201);
}

#[tokio::test]
async fn an_event_is_created_once() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let create = post("/v1/admin/events", json!({ "id": "gala", "name": "Gala", "capacity": 1 }));
    let keyed = create.clone().with("idempotency-key", "k1");
    admin.send(keyed.clone()).await.expect_status(201);
    let again = admin.send(keyed).await;
    again.expect_status(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    admin.send(create).await.expect_refusal(409, "event_exists");
}

/// Asks the same eight times at once, over a connection each: one is done, and the others get its answer.
async fn expect_one_answer(server: &TestServer, (token, key): (&str, usize), request: Request, status: u16) {
    let keyed = request.with("idempotency-key", key.to_string()).with("authorization", format!("Bearer {token}"));
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (connection, keyed) = (server.connection(), keyed.clone());
        tasks.spawn(async move { connection.send(keyed).await });
    }
    let answers = tasks.join_all().await;
    for answer in &answers {
        answer.expect_status(status);
        assert_eq!(answer.text, answers[0].text);
        assert_eq!(answer.header("holdfast-seq"), answers[0].header("holdfast-seq"));
    }
    let is_first = |answer: &&Answer| answer.header("idempotency-replayed").is_none();
    assert_eq!(answers.iter().filter(is_first).count(), 1, "{answers:?}");
}

/// Whatever a key is good for: who asks while the first request is under way waits for its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_twice_at_once_is_done_once_and_answered_alike() {
    let server = TestServer::start_with(|config| config.limits.enabled = false).await;
    let organisers = [
        (post("/v1/admin/events", json!({ "id": "one", "name": "One", "capacity": 3, "status": "on_sale" })), 201),
        (patch("/v1/admin/events/one", json!({ "name": "The one" })), 200),
        (put("/v1/admin/events/one/status", json!({ "status": "paused" })), 200),
        (put("/v1/admin/events/one/status", json!({ "status": "scheduled" })), 409),
    ];
    for (key, (request, status)) in organisers.into_iter().enumerate() {
        expect_one_answer(&server, (ADMIN_TOKEN, key), request, status).await;
    }
    server.admin().put_on_sale("gala", 3).await;
    let [ann, bob, cay] = [server.login("ann").await, server.login("bob").await, server.login("cay").await];
    let buyers = [
        (&ann, post("/v1/events/gala/holds", json!({ "quantity": 2 })), 201),
        (&ann, post("/v1/holds/gala.1/extend", json!({})), 200),
        (&bob, post("/v1/events/gala/bookings", json!({})), 201),
        (&cay, post("/v1/events/gala/queue", json!({})), 200),
        (&cay, delete("/v1/events/gala/queue/me"), 204),
        (&cay, post("/v1/events/gala/holds", json!({ "wait": true })), 202),
        (&ann, post("/v1/holds/gala.1/confirm", json!({ "quantity": 1 })), 201),
        (&bob, delete("/v1/bookings/gala.2"), 200),
        (&cay, delete("/v1/holds/gala.3"), 200),
        (&cay, post("/v1/events/gala/holds", json!({ "quantity": 4 })), 409),
    ];
    for (key, (buyer, request, status)) in buyers.into_iter().enumerate() {
        expect_one_answer(&server, (&buyer.token, key), request, status).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_repeats_at_once_have_one_effect_and_one_answer() {
    // A session may not make so many changes at once.
    let server = TestServer::start_with(|config| config.limits.enabled = false).await;
    server.admin().put_on_sale("gala", 50).await;
    let ann = server.login("ann").await;
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let ann = ann.elsewhere();
        tasks.spawn(async move {
            let book = post("/v1/events/gala/bookings", json!({})).with("idempotency-key", "once");
            let answer = ann.send(book).await;
            answer.expect_status(201);
            (answer.header("holdfast-seq").map(str::to_owned), answer.text)
        });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(server.visitor().event("gala").await["booked"], 1);
}
