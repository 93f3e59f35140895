//! The same key, the same request: one effect.

use serde_json::json;
use tokio::task::JoinSet;

use crate::http::post;
use crate::server::TestServer;

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
