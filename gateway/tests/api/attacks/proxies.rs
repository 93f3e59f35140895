//! Addresses that are made up.

use crate::http::{Answer, Request, get};
use crate::stage::Stage;

/// An organiser's request with a token that is none.
fn guess(forwarded_for: &str) -> Request {
    get("/v1/admin/events").with("authorization", "Bearer wrong").with("x-forwarded-for", forwarded_for)
}

async fn send(stage: &Stage, request: Request) -> Answer {
    stage.visitor.send(request).await
}

/// Behind a trusted proxy, the address that counts is the one that the proxy has heard, whatever the client says it was
/// passed on by before.
#[tokio::test]
async fn a_forged_forwarded_for_neither_escapes_a_lockout_nor_locks_out_another() {
    let stage = Stage::set_with(|config| config.server.trusted_proxies = vec!["127.0.0.1".to_owned()]).await;
    for forged in ["198.51.100.1", "198.51.100.2", "10.0.0.1", "127.0.0.1", "unknown"] {
        send(&stage, guess(&format!("{forged}, 203.0.113.9"))).await.expect_refusal(401, "unauthenticated");
    }
    let locked_out = send(&stage, guess("198.51.100.7, 203.0.113.9")).await;
    locked_out.expect_refusal(429, "rate_limited");
    assert_eq!(locked_out.header("retry-after"), Some("900"));
    for forged in ["198.51.100.1", "203.0.113.8", "203.0.113.9, 203.0.113.8"] {
        send(&stage, guess(forged)).await.expect_refusal(401, "unauthenticated");
    }
    // The right token does not open the door from there either, until the time is over.
    let right = || {
        let request = stage.cast.sign("admin", get("/v1/admin/events"));
        request.with("x-forwarded-for", "203.0.113.9")
    };
    send(&stage, right()).await.expect_refusal(429, "rate_limited");
    stage.server.advance_seconds(900);
    send(&stage, right()).await.expect(200);
}

/// Nobody else is believed: without a trusted proxy, the field says nothing.
#[tokio::test]
async fn a_forwarded_for_of_a_stranger_is_not_believed() {
    let stage = Stage::set().await;
    for attempt in 0..20 {
        send(&stage, guess(&format!("203.0.113.{attempt}"))).await.expect_refusal(401, "unauthenticated");
        send(&stage, guess("203.0.113.9")).await.expect_refusal(401, "unauthenticated");
    }
}
