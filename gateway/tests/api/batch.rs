//! Many operations in one call: each is answered as if it had come by itself.

use holdfast::config::Config;
use serde_json::{Value, json};

use crate::http::{Answer, Request, post};
use crate::people::{Buyer, Visitor};
use crate::server::{ADMIN_TOKEN, TestServer};
use crate::table::{Cast, rows};

/// The sale's own back end, with an operator's token.
struct BackEnd(Visitor);

impl BackEnd {
    fn of(server: &TestServer) -> BackEnd {
        BackEnd(server.visitor())
    }

    async fn send(&self, operations: Value) -> Answer {
        self.0.send(batch(operations)).await
    }

    /// The same as [`results`](BackEnd::results), for a task of its own.
    async fn ask(self, operations: Value) -> Vec<Value> {
        self.results(operations).await
    }

    /// The results of operations that are no malformed request.
    async fn results(&self, operations: Value) -> Vec<Value> {
        let mut answer = self.send(operations).await.expect(200);
        assert!(answer["server_time"].is_string(), "{answer}");
        std::mem::take(answer["results"].as_array_mut().expect("a list"))
    }
}

fn batch(operations: Value) -> Request {
    let request = post("/v1/batch", json!({ "operations": operations }));
    request.with("authorization", format!("Bearer {ADMIN_TOKEN}"))
}

/// `operation` of this buyer.
fn by(buyer: &Buyer, mut operation: Value) -> Value {
    operation["token"] = buyer.token.clone().into();
    operation
}

fn hold(buyer: &Buyer, event: &str) -> Value {
    by(buyer, json!({ "op": "hold", "event": event }))
}

/// The result of an operation whose call by itself was answered so.
fn result_of(answer: &Answer) -> Value {
    let number = |name: &str| answer.header(name).map(|text| text.parse::<u64>().expect("a number"));
    json!({
        "status": answer.status,
        "body": answer.json(),
        "seq": number("holdfast-seq"),
        "replayed": answer.header("idempotency-replayed") == Some("true"),
        "retry_after_seconds": number("retry-after"),
    })
}

fn statuses(results: &[Value]) -> Vec<u64> {
    results.iter().map(|result| result["status"].as_u64().expect("a status")).collect()
}

/// The results without what depends on how many changes went before.
fn without_seq(mut results: Vec<Value>) -> Vec<Value> {
    results.iter_mut().for_each(|result| result["seq"] = Value::Null);
    results
}

#[tokio::test]
async fn each_operation_is_answered_as_a_call_of_its_own() {
    // Two servers with the same sale: one is asked call by call, the other one in batches.
    let (single, batched) = (TestServer::start().await, TestServer::start().await);
    for server in [&single, &batched] {
        server.admin().put_on_sale("gala", 5).await;
        server.admin().put_on_sale("full", 0).await;
    }
    let ann = single.login("ann").await;
    let calls = [
        ann.hold("gala", json!({ "quantity": 2 })).await,
        ann.hold("gala", json!({})).await,
        ann.confirm("gala.1").await,
        ann.book("gala", json!({ "quantity": 1, "ticket_type": "general" })).await,
        ann.hold("gala", json!({})).await,
        ann.release("gala.3").await,
        ann.release("gala.1").await,
        ann.hold("full", json!({})).await,
        ann.hold("full", json!({ "wait": true })).await,
        ann.hold("gala", json!({ "quantity": 0 })).await,
        ann.hold("gala", json!({ "ticket_type": "No Slug" })).await,
        ann.hold("No-Slug", json!({})).await,
        ann.hold("no-such-event", json!({})).await,
        ann.confirm("no-such-event.1").await,
        ann.release("nonsense").await,
        ann.book("full", json!({})).await,
    ];
    let ann = batched.login("ann").await;
    let operations = [
        json!({ "op": "hold", "event": "gala", "quantity": 2 }),
        json!({ "op": "hold", "event": "gala" }),
        json!({ "op": "confirm", "hold": "gala.1" }),
        json!({ "op": "book", "event": "gala", "quantity": 1, "ticket_type": "general" }),
        json!({ "op": "hold", "event": "gala" }),
        json!({ "op": "release", "hold": "gala.3" }),
        json!({ "op": "release", "hold": "gala.1" }),
        json!({ "op": "hold", "event": "full" }),
        json!({ "op": "hold", "event": "full", "wait": true }),
        json!({ "op": "hold", "event": "gala", "quantity": 0 }),
        json!({ "op": "hold", "event": "gala", "ticket_type": "No Slug" }),
        json!({ "op": "hold", "event": "No-Slug" }),
        json!({ "op": "hold", "event": "no-such-event" }),
        json!({ "op": "confirm", "hold": "no-such-event.1" }),
        json!({ "op": "release", "hold": "nonsense" }),
        json!({ "op": "book", "event": "full" }),
    ];
    let operations: Vec<_> = operations.into_iter().map(|operation| by(&ann, operation)).collect();
    let results = BackEnd::of(&batched).results(json!(operations)).await;
    assert_eq!(statuses(&results)[..10], [201, 200, 201, 201, 201, 200, 409, 409, 202, 422]);
    let calls = calls.iter().map(result_of).collect();
    assert_eq!(without_seq(results), without_seq(calls));
}

#[tokio::test]
async fn the_numbers_of_the_journal_are_told() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 5).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let before = server.visitor().durable_seq().await;
    let operations = json!([hold(&ann, "gala"), hold(&bob, "gala"), hold(&bob, "no-such-event")]);
    let results = BackEnd::of(&server).results(operations).await;
    let seqs: Vec<_> = results.iter().map(|result| result["seq"].as_u64()).collect();
    assert_eq!(seqs, [Some(before + 1), Some(before + 2), None]);
}

#[tokio::test]
async fn operations_on_one_event_are_decided_in_their_order() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 3).await;
    let mut buyers = Vec::new();
    for number in 0..6 {
        buyers.push(server.login(&format!("buyer-{number}")).await);
    }
    let operations: Vec<_> = buyers.iter().map(|buyer| hold(buyer, "gala")).collect();
    let results = BackEnd::of(&server).results(json!(operations)).await;
    assert_eq!(statuses(&results), [201, 201, 201, 409, 409, 409]);
    for (number, result) in results[..3].iter().enumerate() {
        assert_eq!(result["body"]["id"], format!("gala.{}", number + 1));
    }
    assert_eq!(results[3]["body"]["code"], "sold_out");

    // What one gives back, the next one in the same batch gets.
    let operations = json!([
        hold(&buyers[5], "gala"),
        by(&buyers[0], json!({ "op": "release", "hold": "gala.1" })),
        hold(&buyers[5], "gala"),
        by(&buyers[5], json!({ "op": "confirm", "hold": "gala.4" })),
        hold(&buyers[4], "gala"),
    ]);
    let results = BackEnd::of(&server).results(operations).await;
    assert_eq!(statuses(&results), [409, 200, 201, 201, 409]);
    let gala = server.visitor().event("gala").await;
    assert_eq!((&gala["held"], &gala["booked"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn a_session_gets_at_nothing_that_is_not_its_users() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 3).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    ann.hold("gala", json!({})).await.expect(201);
    let of = |op: &str, hold: &str| by(&bob, json!({ "op": op, "hold": hold }));
    let operations = json!([
        of("confirm", "gala.1"),
        of("confirm", "gala.7"),
        of("release", "gala.1"),
        of("release", "gala.7"),
        { "op": "hold", "event": "gala", "token": "nonsense" },
        { "op": "hold", "event": "gala", "token": "" },
        // A back end's own token is no session.
        { "op": "hold", "event": "gala", "token": ADMIN_TOKEN },
    ]);
    let results = BackEnd::of(&server).results(operations).await;
    assert_eq!(statuses(&results), [404, 404, 404, 404, 401, 401, 401]);
    assert_eq!(results[0], results[1], "another's hold is like none");
    assert_eq!(results[2], results[3]);
    assert_eq!(results[4]["body"]["code"], "unauthenticated");
    assert_eq!(results[4]["seq"], Value::Null);
    assert_eq!(server.visitor().event("gala").await["held"], 1);

    ann.log_out().await.expect_status(204);
    let results = BackEnd::of(&server).results(json!([hold(&ann, "gala"), hold(&bob, "gala")])).await;
    assert_eq!(statuses(&results), [410, 201]);
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_operations() {
    let server = TestServer::start().await;
    let back_end = BackEnd::of(&server);
    let release = json!({ "op": "release", "token": "nonsense", "hold": "gala.1" });
    for count in [0, 1_001] {
        let problem = back_end.send(json!(vec![&release; count])).await.expect_refusal(422, "validation_failed");
        assert_eq!(problem["errors"][0], json!({ "field": "operations", "message": "must be 1 to 1000" }));
    }
    assert_eq!(back_end.results(json!(vec![&release; 1_000])).await.len(), 1_000);
}

#[tokio::test]
async fn one_malformed_operation_undoes_the_whole_call() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 3).await;
    let ann = server.login("ann").await;
    let seq = server.visitor().durable_seq().await;
    let (back_end, good) = (BackEnd::of(&server), hold(&ann, "gala").to_string());
    for bad in [
        r#"{"op":"hold","token":"x","event":"gala","seat":"A1"}"#,
        r#"{"op":"hold","token":"x","event":"gala","quantity":"1"}"#,
        r#"{"op":"hold","token":"x","event":"gala","event":"gala"}"#,
        r#"{"op":"hold","op":"hold","token":"x","event":"gala"}"#,
        r#"{"op":"hold","token":"x","hold":"gala.1"}"#,
        r#"{"op":"hold","event":"gala"}"#,
        r#"{"op":"book","token":"x","event":"gala","wait":true}"#,
        r#"{"op":"confirm","token":"x","hold":"gala.1","min_quantity":1}"#,
        r#"{"op":"release","token":"x","hold":"gala.1","quantity":1}"#,
        r#"{"op":"cancel","token":"x","hold":"gala.1"}"#,
        r#"{"op":7,"token":"x","hold":"gala.1"}"#,
        r#"{"token":"x","hold":"gala.1"}"#,
        r#"["release","x",null,"gala.1"]"#,
        r#""release""#,
        "null",
        "",
    ] {
        let request = Request::new("POST", "/v1/batch").json(format!(r#"{{"operations":[{good},{bad}]}}"#));
        let request = request.with("authorization", format!("Bearer {ADMIN_TOKEN}"));
        let answer = back_end.0.send(request).await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text);
        answer.expect_refusal(400, "malformed_request");
    }
    let keyed = batch(json!([hold(&ann, "gala")])).with("idempotency-key", "k1");
    back_end.0.send(keyed).await.expect_refusal(400, "malformed_request");
    assert_eq!(server.visitor().durable_seq().await, seq, "nothing was done");
}

#[tokio::test]
async fn a_batch_that_is_repeated_has_one_effect() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 2).await;
    let (ann, bob, cid) = (server.login("ann").await, server.login("bob").await, server.login("cid").await);
    let keyed = |buyer: &Buyer, key: &str, mut operation: Value| {
        operation["idempotency_key"] = key.into();
        by(buyer, operation)
    };
    let operations = json!([
        keyed(&ann, "k1", json!({ "op": "hold", "event": "gala" })),
        keyed(&bob, "k1", json!({ "op": "book", "event": "gala" })),
        keyed(&cid, "k1", json!({ "op": "hold", "event": "gala" })),
        keyed(&ann, "k2", json!({ "op": "confirm", "hold": "gala.1" })),
        keyed(&ann, "k3", json!({ "op": "release", "hold": "gala.1" })),
    ]);
    let first = BackEnd::of(&server).results(operations.clone()).await;
    assert_eq!(statuses(&first), [201, 201, 409, 201, 409]);
    assert!(first.iter().all(|result| result["replayed"] == false), "{first:?}");
    let seq = server.visitor().durable_seq().await;
    let told: Vec<_> = first
        .into_iter()
        .map(|mut result| {
            result["replayed"] = true.into();
            result
        })
        .collect();
    server.advance_seconds(5);
    assert_eq!(BackEnd::of(&server).results(operations.clone()).await, told);
    server.crash_and_start_again().await;
    assert_eq!(BackEnd::of(&server).results(operations.clone()).await, told, "a crash makes no difference");
    assert_eq!(server.visitor().durable_seq().await, seq, "no second effect");

    // The order of the members says nothing, what they say does.
    let again = json!([
        { "event": "gala", "token": ann.token, "idempotency_key": "k1", "op": "hold", "quantity": null },
        { "event": "gala", "token": ann.token, "idempotency_key": "k1", "op": "hold", "quantity": 2 },
        { "event": "gala", "token": ann.token, "idempotency_key": "k1", "op": "book" },
        { "event": "gala", "token": ann.token, "idempotency_key": "", "op": "book" },
        { "event": "gala", "token": ann.token, "idempotency_key": "a b", "op": "book" },
    ]);
    let results = BackEnd::of(&server).results(again).await;
    assert_eq!(statuses(&results), [201, 422, 422, 400, 400]);
    assert_eq!(results[1]["body"]["code"], "idempotency_key_reused");
    assert_eq!(results[3]["body"]["code"], "malformed_request");
}

#[tokio::test]
async fn what_was_answered_survives_a_crash() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 500).await;
    server.admin().put_on_sale("ball", 500).await;
    let mut buyers = Vec::new();
    for number in 0..100 {
        buyers.push(server.login(&format!("buyer-{number}")).await);
    }
    let two = |buyer| [hold(buyer, "gala"), by(buyer, json!({ "op": "book", "event": "ball" }))];
    let operations: Vec<_> = buyers.iter().flat_map(two).collect();
    let results = BackEnd::of(&server).results(json!(operations)).await;
    assert!(results.iter().all(|result| result["status"] == 201), "{results:?}");
    server.crash_and_start_again().await;
    assert_eq!(server.visitor().event("gala").await["held"], 100);
    assert_eq!(server.visitor().event("ball").await["booked"], 100);
    let confirm = |buyer: &Buyer, result: &Value| by(buyer, json!({ "op": "confirm", "hold": result["body"]["id"] }));
    let held = results.iter().step_by(2);
    let operations: Vec<_> = buyers.iter().zip(held).map(|(buyer, result)| confirm(buyer, result)).collect();
    let results = BackEnd::of(&server).results(json!(operations)).await;
    assert!(results.iter().all(|result| result["status"] == 201), "{results:?}");
    server.crash_and_start_again().await;
    assert_eq!(server.visitor().event("gala").await["booked"], 100);
}

#[tokio::test]
async fn only_a_service_and_an_operator_send_batches() {
    let server = TestServer::start().await;
    let ann = server.login("ann").await;
    let cast = Cast::of(&server)
        .with("operator", &server.add_token("ops", "operator"))
        .with("viewer", &server.add_token("eve", "viewer"))
        .with("service", &server.add_token("shop", "service"))
        .with("buyer", &ann.token)
        .with("stranger", "no-such-token");
    server.reread_files();
    // Whoever may not is told so before anything is read.
    let table = r#"
        nobody   POST /v1/batch {}                → 401 unauthenticated
        stranger POST /v1/batch {}                → 401 unauthenticated
        buyer    POST /v1/batch {}                → 403 forbidden
        viewer   POST /v1/batch {}                → 403 forbidden
        service  POST /v1/batch {}                → 400 malformed_request
        service  POST /v1/batch {"operations":[]} → 422 validation_failed
        operator POST /v1/batch {"operations":[]} → 422 validation_failed
        admin    POST /v1/batch {"operations":[]} → 422 validation_failed
        admin    GET  /v1/batch                   → 405 method_not_allowed
    "#;
    for row in rows(table) {
        cast.play(&row).await;
    }
    let by_cookie = post("/v1/batch", json!({ "operations": [hold(&ann, "gala")] }))
        .with("cookie", format!("holdfast_admin={ADMIN_TOKEN}"))
        .with("sec-fetch-site", "same-origin");
    server.visitor().send(by_cookie).await.expect_refusal(401, "unauthenticated");
}

#[tokio::test]
async fn the_rate_of_each_session_holds_in_a_batch_too() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 5).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    let mut operations = vec![hold(&ann, "gala"); 41];
    operations.push(hold(&bob, "gala"));
    let results = BackEnd::of(&server).results(json!(operations)).await;
    let told = statuses(&results);
    assert_eq!((told[0], told[39], told[40], told[41]), (201, 200, 429, 201));
    assert_eq!(results[40]["body"]["code"], "rate_limited");
    assert_eq!(results[40]["retry_after_seconds"], 1);
    assert_eq!(results[41]["retry_after_seconds"], Value::Null);
    ann.hold("gala", json!({})).await.expect_refusal(429, "rate_limited");

    let server = TestServer::start_with(|config| config.limits.enabled = false).await;
    server.admin().put_on_sale("gala", 5).await;
    let ann = server.login("ann").await;
    let results = BackEnd::of(&server).results(json!(vec![hold(&ann, "gala"); 100])).await;
    assert!(results[1..].iter().all(|result| result["status"] == 200), "{results:?}");
}

#[tokio::test]
async fn a_full_inbox_refuses_what_does_not_fit_and_nothing_else() {
    let adjust = |config: &mut Config| {
        (config.actors.inbox_commands_max, config.actors.inbox_reserved_for_completions) = (2, 1);
    };
    let server = TestServer::start_with(adjust).await;
    server.admin().put_on_sale("gala", 5).await;
    server.admin().put_on_sale("ball", 5).await;
    let ann = server.login_for_nothing("ann").await;
    let held_up = server.hold_up("gala");
    let mut operations = vec![hold(&ann, "gala"); 9];
    operations.push(by(&ann, json!({ "op": "book", "event": "ball" })));
    let asked = tokio::spawn(BackEnd::of(&server).ask(json!(operations)));
    // The last one is sent last: where it has had its effect, all others are in the inbox or refused.
    server.visitor().event_once("ball", |ball| ball["booked"] == 1).await;
    drop(held_up);
    let results = asked.await.expect("results");
    // One is in the inbox, and the actor may have taken another one out before it was held up.
    let done = results.iter().filter(|result| result["body"]["id"] == "gala.1").count();
    assert!((1..=2).contains(&done), "{results:?}");
    let refused: Vec<_> = results.iter().filter(|result| result["status"] == 503).collect();
    assert_eq!(refused.len(), 9 - done, "{results:?}");
    for result in refused {
        assert_eq!(result["body"]["code"], "overloaded");
        assert_eq!(result["seq"], Value::Null);
        assert!(result["retry_after_seconds"].as_u64().is_some_and(|seconds| seconds >= 1), "{result}");
    }
    assert_eq!(results[9]["status"], 201, "another event has an inbox of its own");
    assert_eq!(server.visitor().event("gala").await["held"], 1);
}

#[tokio::test]
async fn a_batch_may_be_larger_than_another_body() {
    let server = TestServer::start_with(|config| config.limits.batch_body_bytes_max = 64 << 10).await;
    let back_end = BackEnd::of(&server);
    let operations =
        |count: usize| json!(vec![json!({ "op": "release", "token": "x".repeat(64), "hold": "gala.1" }); count]);
    assert_eq!(back_end.results(operations(500)).await.len(), 500);
    back_end.send(operations(700)).await.expect_refusal(413, "body_too_large");
}
