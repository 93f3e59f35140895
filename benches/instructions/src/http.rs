//! Requests through the whole of the gateway, without sockets. Where no event is asked, all happens on one thread.

use axum::http::Method;
use serde_json::{Value, json};

use crate::house::House;

const BATCH: usize = 64;

/// A look at an event: no actor is asked.
pub fn read_event(times: u32) {
    run(async |house| {
        for _ in 0..times {
            house.send(Method::GET, "/v1/events/hot", None, "").await;
        }
    });
}

/// A batch of 64 holds of tickets of an event that is not there: each is read, its session found, and refused, and no actor
/// asked.
pub fn batch_of_64_refused(times: u32) {
    run(async |house| {
        let token = house.log_in("ann").await;
        let body = json!({ "operations": vec![json!({ "op": "hold", "token": token, "event": "cold" }); BATCH] });
        let body = body.to_string();
        let answer: Value = serde_json::from_slice(&house.send_batch(&body).await).expect("an answer is JSON");
        let results = answer["results"].as_array().expect("a result for each");
        assert!(results.len() == BATCH && results.iter().all(is_not_found), "{answer}");
        for _ in 0..times {
            house.send_batch(&body).await;
        }
    });
}

/// A user holds a ticket, and confirms the hold, durably: the router, an actor and the journal take part, each on a thread of
/// its own.
pub fn hold_and_confirm(times: u32) {
    run(async |house| {
        let token = house.log_in("ann").await;
        for number in 1..=times {
            house.send(Method::POST, "/v1/events/hot/holds", Some(&token), "{}").await;
            house.send(Method::POST, &format!("/v1/holds/hot.{number}/confirm"), Some(&token), "").await;
        }
    });
}

fn is_not_found(result: &Value) -> bool {
    result["status"] == 404 && result["body"]["code"] == "event_not_found"
}

fn run(work: impl AsyncFnOnce(&House)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let house = House::open().await;
        work(&house).await;
        house.close().await;
    });
}
