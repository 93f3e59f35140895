//! Organisers sign in and out of the pages.

use serde_json::json;

use crate::http::{Answer, Request, delete, get, post};
use crate::server::{ADMIN_TOKEN, TestServer};

fn sign_in(token: &str) -> Request {
    post("/v1/admin/login", json!({})).with("authorization", format!("Bearer {token}"))
}

/// The request as one of our own pages sends it, with this cookie.
fn from_our_page(request: Request, cookie: &str) -> Request {
    request.with("cookie", cookie).with("sec-fetch-site", "same-origin")
}

/// The cookie that an answer sets, as the browser sends it back.
#[track_caller]
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    set.split(';').next().expect("a first part").to_owned()
}

#[tokio::test]
async fn the_cookie_of_a_sign_in_stands_for_the_token() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    let token = server.add_token("eve", "viewer");
    server.reread_files();
    let signed_in = visitor.send(sign_in(&token)).await;
    assert_eq!(signed_in.expect(200), json!({ "name": "eve", "role": "viewer" }));
    let set = format!("holdfast_admin={token}; Path=/v1/admin; HttpOnly; SameSite=Strict");
    assert_eq!(signed_in.header("set-cookie"), Some(set.as_str()));
    assert_eq!(signed_in.header("cache-control"), Some("no-store"));

    let cookie = cookie(&signed_in);
    let me = visitor.send(get("/v1/admin/me").with("cookie", &cookie)).await;
    assert_eq!((me.expect(200), me.header("set-cookie")), (json!({ "name": "eve", "role": "viewer" }), None));
    visitor.send(get("/v1/admin/overview").with("cookie", &cookie)).await.expect(200);

    let out = visitor.send(from_our_page(delete("/v1/admin/me"), &cookie)).await;
    out.expect_status(204);
    let removed = "holdfast_admin=; Path=/v1/admin; HttpOnly; SameSite=Strict; Max-Age=0";
    assert_eq!(out.header("set-cookie"), Some(removed));
}

#[tokio::test]
async fn an_operator_signs_in_and_changes_things_from_our_own_pages_only() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    let signed_in = visitor.send(sign_in(ADMIN_TOKEN)).await;
    assert_eq!(signed_in.expect(200), json!({ "name": "admin", "role": "operator" }));
    let cookie = cookie(&signed_in);
    let create = || post("/v1/admin/events", json!({ "id": "gala", "name": "Gala", "capacity": 1 }));
    visitor.send(create().with("cookie", &cookie)).await.expect_refusal(403, "forbidden");
    let strange = create().with("cookie", &cookie).with("sec-fetch-site", "same-site");
    visitor.send(strange).await.expect_refusal(403, "forbidden");
    visitor.send(delete("/v1/admin/me").with("cookie", &cookie)).await.expect_refusal(403, "forbidden");
    visitor.send(from_our_page(create(), &cookie)).await.expect_status(201);
}

#[tokio::test]
async fn a_sign_in_needs_the_token_itself() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    let by_cookie = from_our_page(post("/v1/admin/login", json!({})), &format!("holdfast_admin={ADMIN_TOKEN}"));
    visitor.send(by_cookie).await.expect_refusal(401, "unauthenticated");
    let wordy = post("/v1/admin/login", json!({ "token": ADMIN_TOKEN }));
    let wordy = wordy.with("authorization", format!("Bearer {ADMIN_TOKEN}"));
    visitor.send(wordy).await.expect_refusal(400, "malformed_request");
    let refused = visitor.send(sign_in("a-token-that-opens-nothing")).await;
    refused.expect_refusal(401, "unauthenticated");
    assert_eq!(refused.header("set-cookie"), None);
}

#[tokio::test]
async fn a_cookie_that_opens_nothing_any_more_is_taken_away() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    let token = server.add_token("ops", "operator");
    server.reread_files();
    let cookie = cookie(&visitor.send(sign_in(&token)).await);
    server.remove_token("ops");
    server.reread_files();
    let refused = visitor.send(get("/v1/admin/me").with("cookie", &cookie)).await;
    refused.expect_refusal(401, "unauthenticated");
    let removed = "holdfast_admin=; Path=/v1/admin; HttpOnly; SameSite=Strict; Max-Age=0";
    assert_eq!(refused.header("set-cookie"), Some(removed));
    let refused = visitor.send(from_our_page(delete("/v1/admin/me"), &cookie)).await;
    refused.expect_refusal(401, "unauthenticated");
    assert_eq!(refused.header("set-cookie"), Some(removed));
    let by_token = get("/v1/admin/me").with("authorization", format!("Bearer {token}"));
    let refused = visitor.send(by_token).await;
    refused.expect_refusal(401, "unauthenticated");
    assert_eq!(refused.header("set-cookie"), None);
}
