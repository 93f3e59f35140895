//! Keys used again, and the same thing asked for fifty times at once.

use serde_json::json;

use crate::http::post;
use crate::stage::Stage;

const AT_ONCE: usize = 50;

#[tokio::test]
async fn a_key_of_another_request_or_another_user_gives_nothing_away() {
    let stage = Stage::set().await;
    let hold = |body| post("/v1/events/gala/holds", body).with("idempotency-key", "one");
    let [ann, bob, carl] = &stage.buyers[..] else { panic!("three buyers") };
    let first = carl.send(hold(json!({ "quantity": 1 }))).await;
    let placed = first.expect(201);
    let again = carl.send(hold(json!({ "quantity": 1 }))).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.expect(201)["id"], placed["id"]);
    carl.send(hold(json!({ "quantity": 2 }))).await.expect_refusal(422, "idempotency_key_reused");
    for other in [ann, bob] {
        let answer = other.send(hold(json!({ "quantity": 1 }))).await;
        assert_eq!(answer.header("idempotency-replayed"), None);
        assert_ne!(answer.json()["id"], placed["id"]);
    }
    let keys = ["", "a b", "ö", &"k".repeat(129)];
    let requests = keys.map(|key| post("/v1/events/gala/holds", json!({})).with("idempotency-key", key));
    stage.refuse_each("carl", requests, 400, "malformed_request").await;
    let two = post("/v1/events/gala/holds", json!({})).with("idempotency-key", "a").with("idempotency-key", "b");
    stage.refuse_each("carl", [two], 400, "malformed_request").await;
}

#[tokio::test]
async fn fifty_confirms_at_once_make_one_booking() {
    let stage = Stage::set_with(|config| config.limits.mutations_burst = 100).await;
    let answers = at_once(&stage, "ann", "/v1/holds/gala.1/confirm", None).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1, "{answers:?}");
    assert!(
        answers.iter().all(|(status, code)| *status == 201 || (*status, code.as_str()) == (409, "already_confirmed"))
    );
    let gala = stage.visitor.event("gala").await;
    assert_eq!((&gala["held"], &gala["booked"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn fifty_holds_at_once_under_one_key_make_one_hold() {
    let stage = Stage::set_with(|config| config.limits.mutations_burst = 100).await;
    let answers = at_once(&stage, "carl", "/v1/events/gala/holds", Some("one")).await;
    assert!(answers.iter().all(|(status, _)| *status == 201), "{answers:?}");
    assert_eq!(stage.visitor.event("gala").await["held"], 4);
}

#[tokio::test]
async fn fifty_holds_at_once_never_go_beyond_the_limit_of_one_user() {
    let stage = Stage::set_with(|config| config.limits.mutations_burst = 100).await;
    let answers = at_once(&stage, "carl", "/v1/events/gala/bookings", None).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 4, "{answers:?}");
    assert!(answers.iter().all(|(status, code)| *status == 201 || (*status, code.as_str()) == (409, "limit_reached")));
    assert_eq!(stage.visitor.event("gala").await["booked"], 5);
}

/// Status and code of each answer to the same request, sent on as many connections at once.
async fn at_once(stage: &Stage, who: &str, path: &str, key: Option<&str>) -> Vec<(u16, String)> {
    let asked = (0..AT_ONCE).map(|_| {
        let request = stage.cast.sign(who, post(path, json!({})));
        let request = key.map_or(request.clone(), |key| request.with("idempotency-key", key));
        let connection = stage.server.connection();
        tokio::spawn(async move { connection.send(request).await })
    });
    let asked: Vec<_> = asked.collect();
    let mut answers = Vec::new();
    for answer in asked {
        let answer = answer.await.expect("an answer");
        answers.push((answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned()));
    }
    answers
}
