//! Logins by a sale's own back end.

use holdfast::config::AuthMode;
use serde_json::json;

use crate::http::{get, post};
use crate::server::TestServer;
use crate::table::{Cast, rows};

async fn server() -> TestServer {
    TestServer::start_with(|config| config.auth.mode = AuthMode::Service).await
}

#[tokio::test]
async fn only_a_service_logs_users_in() {
    let server = server().await;
    let [service, viewer, operator] = ["service", "viewer", "operator"].map(|role| server.add_token(role, role));
    server.reread_files();
    let cast = Cast::of(&server).with("shop", &service).with("viewer", &viewer).with("operator", &operator);
    let login = json!({ "user": "ann" });
    let answer = server.visitor().send(cast.sign("shop", post("/v1/sessions", login))).await;
    let token = answer.expect(201)["token"].as_str().expect("a token").to_owned();
    assert_eq!(answer.header("set-cookie"), None, "a back end is no place for a user's cookie");
    let cast = cast.with("ann", &token).with("nonsense", "nonsense");
    let table = r#"
        ann      GET  /v1/sessions/me                                          → 200
        shop     POST /v1/sessions {"user":"ann"}                              → 200
        shop     POST /v1/sessions {"user":"bob","password":"x","token":"y"}   → 201
        nobody   POST /v1/sessions {"user":"ann"}                              → 401 unauthenticated
        nobody   POST /v1/sessions {}                                          → 401 unauthenticated
        nonsense POST /v1/sessions {"user":"ann"}                              → 401 unauthenticated
        viewer   POST /v1/sessions {"user":"ann"}                              → 403 forbidden
        operator POST /v1/sessions {"user":"ann"}                              → 403 forbidden
        admin    POST /v1/sessions {"user":"ann"}                              → 403 forbidden
        ann      POST /v1/sessions {"user":"ann"}                              → 403 forbidden
        shop     POST /v1/sessions {}                                          → 400 malformed_request
        shop     POST /v1/sessions {"user":" ann"}                             → 422 validation_failed
        shop     GET  /v1/sessions/me                                          → 401 unauthenticated
        shop     GET  /v1/admin/events                                         → 403 forbidden
    "#;
    for row in rows(table) {
        cast.play(&row).await;
    }
}

#[tokio::test]
async fn a_service_is_known_by_its_header_and_until_its_token_is_taken_away() {
    let server = server().await;
    let token = server.add_token("shop", "service");
    server.reread_files();
    let login = || post("/v1/sessions", json!({ "user": "ann" }));
    let by_cookie = login().with("cookie", format!("holdfast_admin={token}; holdfast_session={token}"));
    let by_cookie = by_cookie.with("sec-fetch-site", "same-origin");
    server.visitor().send(by_cookie).await.expect_refusal(401, "unauthenticated");
    let basic = login().with("authorization", format!("Basic {token}"));
    server.visitor().send(basic).await.expect_refusal(401, "unauthenticated");
    let by_header = || login().with("authorization", format!("Bearer {token}"));
    server.visitor().send(by_header()).await.expect_status(201);
    server.remove_token("shop");
    server.reread_files();
    server.visitor().send(by_header()).await.expect_refusal(401, "unauthenticated");
}

#[tokio::test]
async fn the_page_can_ask_who_may_log_in() {
    for (mode, name) in [(AuthMode::Open, "open"), (AuthMode::Service, "service"), (AuthMode::Accounts, "accounts")] {
        let server = TestServer::start_with(|config| config.auth.mode = mode).await;
        let version = server.visitor().send(get("/version")).await.expect(200);
        assert_eq!(version["auth_mode"], name);
    }
}
