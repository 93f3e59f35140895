//! Many at once: never oversold, nobody skipped.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::post;
use crate::server::TestServer;

/// How many connections a crowd shares.
const CONNECTIONS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_who_want_the_last_ticket_exactly_one_gets_it() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let mut buyers = Vec::new();
    for number in 0..10 {
        buyers.push(server.login(&format!("buyer-{number}")).await);
    }
    let mut tasks = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let buyer = buyers[connection % buyers.len()].elsewhere();
        tasks.spawn(async move {
            let mut statuses = Vec::new();
            for request in 0..10 {
                let answer = if request % 2 == 0 {
                    buyer.book("gala", json!({})).await
                } else {
                    buyer.hold("gala", json!({})).await
                };
                statuses.push((answer.status, answer.json()));
            }
            statuses
        });
    }
    let answers = tasks.join_all().await.concat();
    assert_eq!(answers.len(), 1_000);
    let taken: Vec<_> = answers.iter().filter(|(_, answer)| answer["code"].is_null()).collect();
    let is_winner = |answer: &Value| answer["id"] == "gala.1";
    assert!(taken.iter().all(|(_, answer)| is_winner(answer)), "{taken:?}");
    let held = taken.iter().filter(|(status, answer)| *status == 201 && answer["state"] == "held").count();
    let booked = taken.iter().filter(|(status, answer)| *status == 201 && answer["state"] == "booked").count();
    assert!(held <= 1 && booked <= 1 && held + booked >= 1, "{taken:?}");
    let event = server.visitor().event("gala").await;
    assert_eq!(event["held"].as_u64().unwrap() + event["booked"].as_u64().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_strangers_who_hold_the_last_ticket_exactly_one_gets_201() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let mut tasks = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let mut strangers = Vec::new();
        for number in 0..10 {
            strangers.push(server.login_for_nothing(&format!("stranger-{connection}-{number}")).await);
        }
        tasks.spawn(async move {
            let mut statuses = Vec::new();
            for stranger in strangers {
                statuses.push(stranger.hold("gala", json!({})).await.status);
            }
            statuses
        });
    }
    let statuses = tasks.join_all().await.concat();
    let count = |status| statuses.iter().filter(|seen| **seen == status).count();
    assert_eq!((count(201), count(409)), (1, 999));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_logins_for_a_hundred_tickets_keep_their_order_to_the_end() {
    let server = TestServer::start().await;
    let admin = server.admin();
    let event = json!({ "id": "gala", "name": "Gala", "capacity": 100, "hold_seconds": 1, "status": "on_sale" });
    admin.create(event).await;
    let logins = log_in_all(&server, 10_000).await;

    let outcome = |wanted: &str| logins.iter().filter(|login| login["outcomes"][0]["outcome"] == wanted).count();
    assert_eq!((outcome("held"), outcome("queued")), (100, 9_900));
    for login in &logins {
        let login_seq = login["session"]["login_seq"].as_u64().unwrap();
        let outcome = &login["outcomes"][0];
        let place = outcome["queue"]["position"].as_u64();
        assert_eq!(place, (login_seq > 100).then(|| login_seq - 100), "the place of login {login_seq}");
    }

    // Every second, all holds end, and the next hundred have theirs.
    for round in 1..=20 {
        server.advance_seconds(1);
        let waiting = 9_900 - round * 100;
        let is_next_round = |event: &Value| {
            // The actor may have set its alarm after the last turn of the wheels: what it did shows a moment earlier.
            server.turn_wheels();
            event["waiting"] == waiting && event["held"] == 100
        };
        server.visitor().event_once("gala", is_next_round).await;
    }
    check_the_line(&admin.changes_of("gala").await, 100, 2_100);
}

/// The answers of `count` logins, made at the same time.
async fn log_in_all(server: &TestServer, count: usize) -> Vec<Value> {
    let mut tasks = JoinSet::new();
    for part in 0..CONNECTIONS {
        let connection = server.connection();
        tasks.spawn(async move {
            let mut answers = Vec::new();
            for number in (part..count).step_by(CONNECTIONS) {
                let login = post("/v1/sessions", json!({ "user": format!("user-{number}") }));
                answers.push(connection.send(login).await.expect(201));
            }
            answers
        });
    }
    tasks.join_all().await.concat()
}

/// Plays the audit trail: tickets go to sessions 1, 2, 3 … without a gap, and there are never more than there are.
fn check_the_line(trail: &[Value], capacity: u64, served: u64) {
    let (mut held, mut placed) = (HashMap::new(), 0);
    let mut seq = 0;
    for change in trail {
        assert!(change["seq"].as_u64().unwrap() > seq, "out of order: {change}");
        seq = change["seq"].as_u64().unwrap();
        match change["kind"].as_str().unwrap() {
            "hold_placed" => {
                placed += 1;
                assert_eq!(change["login_seq"], placed, "somebody was skipped");
                held.insert(change["hold"].clone(), placed);
                assert!(held.len() as u64 <= capacity, "oversold");
            }
            "hold_expired" => assert!(held.remove(&change["hold"]).is_some(), "given back twice: {change}"),
            _ => {}
        }
    }
    assert_eq!(placed, served);
}
