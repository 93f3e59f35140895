//! Who is not there is passed over in line, and first again on return.

use serde_json::{Value, json};

use crate::http::get;
use crate::listener::Listener;
use crate::server::TestServer;

#[tokio::test]
async fn who_makes_no_request_is_passed_over_until_the_next_one() {
    let mut server = TestServer::start().await;
    server.admin().put_on_sale("gala", 2).await;
    server.admin().change("gala", json!({ "presence_seconds": 300 })).await.expect_status(200);
    let ann = server.login("ann").await;
    ann.hold("gala", json!({ "quantity": 2 })).await.expect_status(201);
    let (bob, cay) = (server.login("bob").await, server.login("cay").await);
    bob.join("gala", json!({})).await.expect_status(200);
    cay.join("gala", json!({})).await.expect_status(200);
    server.advance_seconds(299);
    cay.mine().await;
    server.advance_seconds(1);
    ann.hold("gala", json!({ "quantity": 1 })).await.expect_status(200);
    assert_eq!(cay.mine().await["holds"][0]["source"], "queue");

    // The place is kept, also over a crash.
    server.crash_and_start_again().await;
    assert_eq!(bob.mine().await["queue"][0]["position"], 1);
    // Looking at one's own things was a sign of life.
    ann.release("gala.1").await.expect_status(200);
    assert_eq!(bob.mine().await["holds"][0]["source"], "queue");

    let told = ["queue_joined", "waiter_skipped", "waiter_returned", "hold_placed"];
    let changes = server.admin().changes_of("gala").await;
    let of_bob: Vec<&Value> = changes.iter().filter(|change| change["user"] == "bob").collect();
    assert_eq!(of_bob.iter().map(|change| change["kind"].as_str().expect("a kind")).collect::<Vec<_>>(), told);
    assert_eq!((&of_bob[1]["reason"], &of_bob[1]["by"]), (&json!("absent"), &json!("system")));
    assert_eq!((&of_bob[2]["reason"], &of_bob[2]["by"]), (&Value::Null, &json!("system")));
}

#[tokio::test]
async fn zero_seconds_of_presence_pass_nobody_over() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    let bob = server.login("bob").await;
    bob.join("gala", json!({})).await.expect_status(200);
    server.advance_seconds(3_600);
    server.turn_wheels();
    server.visitor().event_once("gala", |event| event["waiting"] == 0).await;
    assert_eq!(bob.mine().await["holds"][0]["source"], "queue");
}

#[tokio::test]
async fn an_open_stream_keeps_a_user_present() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 1).await;
    server.admin().change("gala", json!({ "presence_seconds": 300 })).await.expect_status(200);
    let ann = server.login("ann").await;
    ann.hold("gala", json!({})).await.expect_status(201);
    let bob = server.login("bob").await;
    bob.join("gala", json!({})).await.expect_status(200);
    let own = get("/v1/stream").with("authorization", format!("Bearer {}", bob.token));
    let mut stream = Listener::open(server.connection(), own).await;
    stream.once(|message| message.event == "queue").await;
    server.advance_seconds(599);
    ann.release("gala.1").await.expect_status(200);
    let told = stream.once(|message| message.event == "hold").await;
    assert_eq!((&told.data["source"], &told.data["state"]), (&json!("queue"), &json!("held")));
}
