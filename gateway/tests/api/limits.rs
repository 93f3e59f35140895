//! How often anybody may ask: wrong admin tokens, and changes of one session.

use serde_json::json;

use crate::http::{Answer, Request, get, post};
use crate::server::{ADMIN_TOKEN, TestServer};

/// A look at the admin API with this token, through the proxy, which heard it from `address`.
fn look(token: &str, address: &str) -> Request {
    get("/v1/admin/events").with("authorization", format!("Bearer {token}")).with("x-forwarded-for", address)
}

/// A server that trusts a proxy on this machine.
async fn behind_a_proxy() -> TestServer {
    TestServer::start_with(|config| config.server.trusted_proxies = vec!["127.0.0.1".to_owned()]).await
}

#[track_caller]
fn expect_rate_limited(answer: &Answer, retry_after: &str) {
    answer.expect_refusal(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), Some(retry_after));
}

#[tokio::test]
async fn wrong_admin_tokens_lock_a_network_out() {
    let server = behind_a_proxy().await;
    let visitor = server.visitor();
    for number in 1..=5 {
        visitor.send(look(&format!("guess-{number}"), "203.0.113.9")).await.expect_refusal(401, "unauthenticated");
    }
    expect_rate_limited(&visitor.send(look("guess-6", "203.0.113.9")).await, "900");
    server.advance_seconds(600);
    expect_rate_limited(&visitor.send(look(ADMIN_TOKEN, "203.0.113.9")).await, "300");
    let nothing_shown = get("/v1/admin/events").with("x-forwarded-for", "203.0.113.9");
    expect_rate_limited(&visitor.send(nothing_shown).await, "300");
    let change = post("/v1/admin/cleanup", json!({})).with("authorization", format!("Bearer {ADMIN_TOKEN}"));
    expect_rate_limited(&visitor.send(change.with("x-forwarded-for", "203.0.113.9")).await, "300");

    // Others, and what is not the admin API, are as ever.
    visitor.send(look(ADMIN_TOKEN, "203.0.113.10")).await.expect(200);
    visitor.send(get("/v1/events").with("x-forwarded-for", "203.0.113.9")).await.expect(200);
    server.admin().get("/v1/admin/events").await.expect(200);

    server.advance_ms(299_999);
    expect_rate_limited(&visitor.send(look(ADMIN_TOKEN, "203.0.113.9")).await, "1");
    server.advance_ms(1);
    visitor.send(look(ADMIN_TOKEN, "203.0.113.9")).await.expect(200);
    visitor.send(look("guess-7", "203.0.113.9")).await.expect_refusal(401, "unauthenticated");
}

#[tokio::test]
async fn only_guesses_within_the_time_count() {
    let server = behind_a_proxy().await;
    let visitor = server.visitor();
    let ann = server.login("ann").await;
    for number in 0..20 {
        visitor.send(get("/v1/admin/events").with("x-forwarded-for", "203.0.113.9")).await.expect_status(401);
        visitor.send(look(&ann.token, "203.0.113.9")).await.expect_status(403);
        visitor.send(look(&format!("guess-{number}"), "203.0.113.9")).await.expect_status(401);
        server.advance_seconds(225);
    }
    visitor.send(look(ADMIN_TOKEN, "203.0.113.9")).await.expect(200);
}

#[tokio::test]
async fn a_customers_ipv6_network_is_one() {
    let server = behind_a_proxy().await;
    let visitor = server.visitor();
    for number in 1..=5 {
        visitor.send(look("a-guess", &format!("2001:db8:7:7::{number}"))).await.expect_status(401);
    }
    expect_rate_limited(&visitor.send(look(ADMIN_TOKEN, "2001:db8:7:7:ffff::9")).await, "900");
    visitor.send(look(ADMIN_TOKEN, "2001:db8:7:8::1")).await.expect(200);
}

#[tokio::test]
async fn pages_that_show_a_token_which_was_taken_away_lock_nobody_out() {
    let server = behind_a_proxy().await;
    let visitor = server.visitor();
    let token = server.add_token("ops", "operator");
    server.reread_files();
    visitor.send(look(&token, "203.0.113.9")).await.expect(200);
    server.remove_token("ops");
    server.reread_files();
    for _ in 0..20 {
        visitor.send(look(&token, "203.0.113.9")).await.expect_refusal(401, "unauthenticated");
    }
    visitor.send(look(ADMIN_TOKEN, "203.0.113.9")).await.expect(200);
}

#[tokio::test]
async fn loopback_and_the_proxy_itself_are_never_locked_out() {
    let server = behind_a_proxy().await;
    let visitor = server.visitor();
    for _ in 0..20 {
        let guess = get("/v1/admin/events").with("authorization", "Bearer a-guess");
        visitor.send(guess).await.expect_refusal(401, "unauthenticated");
    }
    server.admin().get("/v1/admin/events").await.expect(200);
    let alone = TestServer::start().await;
    for _ in 0..20 {
        alone.visitor().send(look("a-guess", "203.0.113.9")).await.expect_refusal(401, "unauthenticated");
    }
    alone.admin().get("/v1/admin/events").await.expect(200);
}

#[tokio::test]
async fn the_lockout_holds_where_limits_are_off() {
    let adjust = |config: &mut holdfast::config::Config| {
        config.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
        config.limits.enabled = false;
        (config.admin.lockout_failures_max, config.admin.lockout_seconds) = (1, 7);
    };
    let server = TestServer::start_with(adjust).await;
    server.visitor().send(look("a-guess", "203.0.113.9")).await.expect_status(401);
    expect_rate_limited(&server.visitor().send(look(ADMIN_TOKEN, "203.0.113.9")).await, "7");
}

#[tokio::test]
async fn who_guesses_at_the_sign_in_is_locked_out_too() {
    let server = behind_a_proxy().await;
    let visitor = server.visitor();
    let sign_in = |token: &str| {
        let signing_in = post("/v1/admin/login", json!({})).with("authorization", format!("Bearer {token}"));
        signing_in.with("x-forwarded-for", "203.0.113.9")
    };
    for _ in 0..5 {
        visitor.send(sign_in("a-guess")).await.expect_refusal(401, "unauthenticated");
    }
    expect_rate_limited(&visitor.send(sign_in(ADMIN_TOKEN)).await, "900");
}

#[tokio::test]
async fn a_session_changes_forty_things_at_once_and_twenty_a_second() {
    let server = TestServer::start().await;
    server.admin().put_on_sale("gala", 5).await;
    let (ann, bob) = (server.login("ann").await, server.login("bob").await);
    // What is asked makes no difference, nor whether it succeeds.
    for _ in 0..20 {
        let hold = ann.hold("gala", json!({})).await.expect(201);
        ann.release(hold["id"].as_str().expect("an id")).await.expect_status(200);
    }
    expect_rate_limited(&ann.hold("gala", json!({})).await, "1");
    expect_rate_limited(&ann.log_out().await, "1");
    ann.mine().await;
    bob.hold("gala", json!({})).await.expect_status(201);
    server.advance_seconds(1);
    for _ in 0..20 {
        ann.hold("no-such-event", json!({})).await.expect_refusal(404, "event_not_found");
    }
    expect_rate_limited(&ann.elsewhere().hold("no-such-event", json!({})).await, "1");
}

#[tokio::test]
async fn what_was_refused_is_not_remembered_under_its_key() {
    let server = TestServer::start_with(|config| config.limits.mutations_burst = 1).await;
    server.admin().put_on_sale("gala", 5).await;
    let ann = server.login("ann").await;
    let hold = || post("/v1/events/gala/holds", json!({})).with("idempotency-key", "k1");
    ann.release("gala.7").await.expect_refusal(404, "hold_not_found");
    expect_rate_limited(&ann.send(hold()).await, "1");
    server.advance_ms(50);
    let held = ann.send(hold()).await;
    held.expect_status(201);
    assert_eq!(held.header("idempotency-replayed"), None);
}

#[tokio::test]
async fn switched_off_means_as_fast_as_it_goes() {
    let server = TestServer::start_with(|config| config.limits.enabled = false).await;
    let ann = server.login("ann").await;
    for _ in 0..100 {
        ann.release("gala.7").await.expect_refusal(404, "hold_not_found");
    }
}

/// A login sets tickets aside too: logging in again and again is no way around the limit of a session.
#[tokio::test]
async fn a_user_logs_in_as_often_as_a_session_may_change_something() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    let login = || post("/v1/sessions", json!({ "user": "ann", "intents": [] }));
    for attempt in 0..40 {
        visitor.send(login()).await.expect_status(if attempt == 0 { 201 } else { 200 });
    }
    let refused = visitor.send(login()).await;
    refused.expect_refusal(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("1"));
    server.login("bob").await;
    server.advance_seconds(1);
    visitor.send(login()).await.expect_status(200);
}
