//! Logins by user name and password, and the accounts for that.

use holdfast::config::{AuthMode, Config};
use serde_json::{Value, json};

use crate::http::{Answer, Request, delete, get, post, put};
use crate::people::Buyer;
use crate::server::TestServer;
use crate::table::{Cast, rows};

/// The password of who signs up here.
pub const PASSWORD: &str = "correct horse";
const OTHER_PASSWORD: &str = "battery staple";

/// With hashes as cheap as they may be.
pub fn with_accounts(config: &mut Config) {
    config.auth.mode = AuthMode::Accounts;
    config.accounts.hash_memory_kib = 8_192;
    config.accounts.hash_passes = 1;
    // Tests try more often than anybody should.
    config.limits.logins_per_minute_per_account = 1_000;
}

async fn server() -> TestServer {
    TestServer::start_with(with_accounts).await
}

pub fn login_request(user: &str, password: &str) -> Request {
    post("/v1/sessions", json!({ "user": user, "password": password }))
}

pub async fn sign_up(server: &TestServer, user: &str) -> Answer {
    server.visitor().send(post("/v1/accounts", json!({ "user": user, "password": PASSWORD }))).await
}

async fn log_in(server: &TestServer, user: &str, password: &str) -> Answer {
    server.visitor().send(login_request(user, password)).await
}

async fn buyer(server: &TestServer, user: &str) -> Buyer {
    Buyer::log_in_by(server.connection(), login_request(user, PASSWORD)).await
}

/// The members of the audit trail that tell who did what to whom.
fn told(change: &Value) -> Value {
    json!([change["kind"], change["user"], change["by"], change["reason"]])
}

#[tokio::test]
async fn who_has_signed_up_logs_in_with_the_password_and_nothing_else() {
    let server = server().await;
    log_in(&server, "ann", PASSWORD).await.expect_refusal(401, "unauthenticated");
    let signed_up = sign_up(&server, "ann").await;
    assert_eq!(signed_up.expect(201), json!({ "user": "ann" }));
    assert!(signed_up.header("holdfast-seq").is_some());
    assert_eq!(signed_up.header("cache-control"), Some("no-store"));
    sign_up(&server, "ann").await.expect_refusal(409, "account_exists");

    let login = log_in(&server, "ann", PASSWORD).await.expect(201);
    assert_eq!(login["session"]["user"], "ann");
    assert_eq!(log_in(&server, "ann", PASSWORD).await.expect(200)["session"]["id"], login["session"]["id"]);
    for wrong in ["correct horsE", "correct horse ", "", "ann", &"x".repeat(5_000)] {
        log_in(&server, "ann", wrong).await.expect_refusal(401, "unauthenticated");
    }
    log_in(&server, "Ann", PASSWORD).await.expect_refusal(401, "unauthenticated");
    log_in(&server, " ann", PASSWORD).await.expect_refusal(422, "validation_failed");
}

#[tokio::test]
async fn nobody_learns_which_accounts_there_are_by_logging_in() {
    let server = server().await;
    sign_up(&server, "ann").await.expect_status(201);
    let wrong = log_in(&server, "ann", OTHER_PASSWORD).await;
    let unknown = log_in(&server, "bob", OTHER_PASSWORD).await;
    let nothing = server.visitor().send(post("/v1/sessions", json!({ "user": "ann" }))).await;
    wrong.expect_refusal(401, "unauthenticated");
    for other in [&unknown, &nothing] {
        assert_eq!((wrong.status, &wrong.text), (other.status, &other.text));
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&wrong), names(other));
    }
}

#[tokio::test]
async fn a_password_is_as_long_as_asked_and_not_the_name() {
    let server = TestServer::start_with(|config| {
        with_accounts(config);
        config.accounts.password_length_min = 12;
    });
    let server = server.await;
    let cast = Cast::of(&server);
    let table = r#"
        nobody POST /v1/accounts {"user":"ann","password":"eleven chrs"}       → 422 validation_failed
        nobody POST /v1/accounts {"user":"ann.the.first","password":"Ann.The.First"} → 422 validation_failed
        nobody POST /v1/accounts {"user":"","password":"twelve chars"}         → 422 validation_failed
        nobody POST /v1/accounts {"user":"ann"}                                → 400 malformed_request
        nobody POST /v1/accounts {"password":"twelve chars"}                   → 400 malformed_request
        nobody POST /v1/accounts {"user":"ann","password":7}                   → 400 malformed_request
        nobody POST /v1/accounts {"user":"ann","password":"twelve chars","reason":"x"} → 400 malformed_request
        nobody POST /v1/accounts {"user":"ann","password":"zwölf zeichn"}      → 201
        nobody POST /v1/sessions {"user":"ann","password":"zwölf zeichn"}      → 201
        nobody POST /v1/sessions {"user":"ann","password":"zwo\u0308lf zeichn"} → 401 unauthenticated
        nobody POST /v1/sessions {"password":"twelve chars"}                   → 400 malformed_request
        nobody GET  /v1/accounts                                               → 405 method_not_allowed
    "#;
    for row in rows(table) {
        cast.play(&row).await;
    }
    let long = |length: usize| post("/v1/accounts", json!({ "user": "bob", "password": "ä".repeat(length) }));
    server.visitor().send(long(129)).await.expect_refusal(422, "validation_failed");
    server.visitor().send(long(128)).await.expect_status(201);
}

#[tokio::test]
async fn a_new_password_leaves_only_the_token_that_asked_for_it() {
    let server = server().await;
    sign_up(&server, "ann").await.expect_status(201);
    let ann = buyer(&server, "ann").await;
    let other_token = log_in(&server, "ann", PASSWORD).await.expect(200)["token"].as_str().expect("a token").to_owned();
    server.admin().put_on_sale("gala", 5).await;
    ann.hold("gala", json!({})).await.expect_status(201);
    let change =
        |old: &str, new: &str| put("/v1/accounts/me/password", json!({ "password": old, "new_password": new }));

    ann.send(change(OTHER_PASSWORD, "whatever else")).await.expect_refusal(401, "unauthenticated");
    ann.send(change(PASSWORD, "short")).await.expect_refusal(422, "validation_failed");
    server.visitor().send(change(PASSWORD, OTHER_PASSWORD)).await.expect_refusal(401, "unauthenticated");
    let changed = ann.send(change(PASSWORD, OTHER_PASSWORD)).await;
    changed.expect_status(204);
    assert!(changed.header("holdfast-seq").is_some());

    assert_eq!(ann.mine().await["holds"].as_array().expect("a list").len(), 1, "the session and its holds stay");
    let elsewhere = get("/v1/sessions/me").with("authorization", format!("Bearer {other_token}"));
    server.visitor().send(elsewhere).await.expect_refusal(401, "unauthenticated");
    log_in(&server, "ann", PASSWORD).await.expect_refusal(401, "unauthenticated");
    log_in(&server, "ann", OTHER_PASSWORD).await.expect_status(200);
    // Nothing that anybody may read has a password or the hash of one.
    let trail = server.admin().changes().await;
    assert!(trail.iter().any(|change| change["kind"] == "password_changed"));
    let text = Value::from(trail).to_string();
    assert!(!text.contains("argon2") && !text.contains(PASSWORD) && !text.contains(OTHER_PASSWORD), "{text}");
}

#[tokio::test]
async fn organisers_make_reset_and_remove_accounts() {
    let server = TestServer::start_with(|config| {
        with_accounts(config);
        config.accounts.sign_up = false;
    });
    let server = server.await;
    let admin = server.admin();
    sign_up(&server, "ann").await.expect_refusal(403, "forbidden");
    let add =
        |user: &str| post("/v1/admin/accounts", json!({ "user": user, "password": PASSWORD, "reason": "by phone" }));
    assert_eq!(admin.send(add("ann")).await.expect(201), json!({ "user": "ann" }));
    admin.send(add("ann")).await.expect_refusal(409, "account_exists");
    admin.send(add("zoë / b%c")).await.expect_status(201);
    let ann = buyer(&server, "ann").await;

    let reset = put("/v1/admin/accounts/ann/password", json!({ "password": OTHER_PASSWORD, "reason": "forgotten" }));
    let answer = admin.send(reset).await;
    answer.expect_status(204);
    assert!(answer.header("holdfast-seq").is_some());
    ann.get("/v1/sessions/me").await.expect_refusal(401, "unauthenticated");
    log_in(&server, "ann", PASSWORD).await.expect_refusal(401, "unauthenticated");
    let token = log_in(&server, "ann", OTHER_PASSWORD).await.expect(200)["token"].as_str().expect("a token").to_owned();

    admin.send(delete("/v1/admin/accounts/ann").json(r#"{"reason":"asked for it"}"#)).await.expect_status(204);
    let mine = get("/v1/sessions/me").with("authorization", format!("Bearer {token}"));
    server.visitor().send(mine).await.expect_refusal(410, "session_expired");
    log_in(&server, "ann", OTHER_PASSWORD).await.expect_refusal(401, "unauthenticated");
    admin.send(delete("/v1/admin/accounts/ann")).await.expect_refusal(404, "account_not_found");
    let reset = put("/v1/admin/accounts/ann/password", json!({ "password": PASSWORD }));
    admin.send(reset).await.expect_refusal(404, "account_not_found");
    let named = "/v1/admin/accounts/zo%C3%AB%20%2F%20b%25c";
    admin.send(put(format!("{named}/password"), json!({ "password": OTHER_PASSWORD }))).await.expect_status(204);
    log_in(&server, "zoë / b%c", OTHER_PASSWORD).await.expect_status(201);
    admin.send(delete(named)).await.expect_status(204);

    let trail = admin.changes().await;
    let ours: Vec<Value> = trail.iter().filter(|change| change["user"] == "ann").map(told).collect();
    for act in [
        json!(["account_added", "ann", "admin:admin", null]),
        json!(["admin_acted", "ann", "admin:admin", "by phone"]),
        json!(["password_changed", "ann", "admin:admin", null]),
        json!(["admin_acted", "ann", "admin:admin", "forgotten"]),
        json!(["account_removed", "ann", "admin:admin", null]),
        json!(["admin_acted", "ann", "admin:admin", "asked for it"]),
    ] {
        assert!(ours.contains(&act), "{act} is missing in {ours:?}");
    }
}

#[tokio::test]
async fn only_organisers_manage_accounts() {
    let server = server().await;
    sign_up(&server, "ann").await.expect_status(201);
    let ann = buyer(&server, "ann").await;
    let cast = Cast::of(&server).with("ann", &ann.token);
    let table = r#"
        nobody GET    /v1/admin/accounts                                                  → 401 unauthenticated
        ann    GET    /v1/admin/accounts                                                  → 403 forbidden
        nobody POST   /v1/admin/accounts {"user":"bob","password":"correct horse"}        → 401 unauthenticated
        ann    POST   /v1/admin/accounts {"user":"bob","password":"correct horse"}        → 403 forbidden
        ann    PUT    /v1/admin/accounts/ann/password {"password":"battery staple"}       → 403 forbidden
        ann    DELETE /v1/admin/accounts/ann                                              → 403 forbidden
        admin  POST   /v1/admin/accounts {"user":"bob","password":"short"}                → 422 validation_failed
        admin  PUT    /v1/admin/accounts/ann/password {}                                  → 400 malformed_request
        admin  PUT    /v1/admin/accounts/ann/password {"password":"short"}                → 422 validation_failed
        admin  GET    /v1/admin/accounts?limit=0                                          → 422 validation_failed
        admin  GET    /v1/admin/accounts?user=ann                                         → 400 malformed_request
    "#;
    for row in rows(table) {
        cast.play(&row).await;
    }
}

#[tokio::test]
async fn the_list_of_accounts_comes_in_pages() {
    let server = server().await;
    let admin = server.admin();
    for user in ["cay", "ann", "bob"] {
        sign_up(&server, user).await.expect_status(201);
    }
    admin.send(delete("/v1/admin/accounts/ann")).await.expect_status(204);
    let first = admin.get("/v1/admin/accounts?limit=1").await.expect(200);
    assert_eq!(first["items"], json!([{ "user": "cay" }]));
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = admin.get(&format!("/v1/admin/accounts?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!(second, json!({ "items": [{ "user": "bob" }], "next_cursor": null }));
}

#[tokio::test]
async fn accounts_are_there_after_a_crash_and_after_a_snapshot() {
    let mut server = server().await;
    for user in ["ann", "bob", "cay"] {
        sign_up(&server, user).await.expect_status(201);
    }
    let admin = server.admin();
    admin.send(delete("/v1/admin/accounts/bob")).await.expect_status(204);
    let reset = put("/v1/admin/accounts/cay/password", json!({ "password": OTHER_PASSWORD }));
    admin.send(reset).await.expect_status(204);
    for with_snapshot in [false, true] {
        if with_snapshot {
            admin.snapshot().await;
        }
        server.crash_and_start_again().await;
        let status = async |user, password| log_in(&server, user, password).await.status;
        assert!(status("ann", PASSWORD).await < 300);
        assert_eq!(status("bob", PASSWORD).await, 401);
        assert_eq!(status("cay", PASSWORD).await, 401);
        assert!(status("cay", OTHER_PASSWORD).await < 300);
        assert_eq!(sign_up(&server, "ann").await.status, 409);
    }
}

#[tokio::test]
async fn more_logins_than_can_wait_are_refused_and_the_next_go_through() {
    let server = TestServer::start_with(|config| {
        with_accounts(config);
        // A hash takes so long that those who come meanwhile must wait.
        config.accounts.hash_passes = 40;
        config.accounts.hash_threads = 1;
        config.accounts.hash_waiting_max = 1;
    });
    let server = server.await;
    sign_up(&server, "ann").await.expect_status(201);
    let visitors: Vec<_> = (0..6).map(|_| server.visitor()).collect();
    let mut logins = Vec::new();
    for visitor in visitors {
        logins.push(tokio::spawn(async move { visitor.send(login_request("ann", PASSWORD)).await }));
    }
    let mut refused = 0;
    for login in logins {
        let answer = login.await.expect("an answer");
        if answer.status == 503 {
            answer.expect_refusal(503, "overloaded");
            assert!(answer.header("retry-after").is_some());
            refused += 1;
        } else {
            assert!(answer.status < 300, "{}", answer.text);
        }
    }
    assert!(refused >= 1, "six at once found one thread and one place to wait");
    log_in(&server, "ann", PASSWORD).await.expect_status(200);
}

#[tokio::test]
async fn an_account_is_tried_so_often_and_no_more() {
    let server = TestServer::start_with(|config| {
        with_accounts(config);
        config.limits.logins_per_minute_per_account = 3;
    });
    let server = server.await;
    for user in ["ann", "bob"] {
        sign_up(&server, user).await.expect_status(201);
    }
    let ann = buyer(&server, "ann").await;
    log_in(&server, "ann", OTHER_PASSWORD).await.expect_refusal(401, "unauthenticated");
    let change = put("/v1/accounts/me/password", json!({ "password": OTHER_PASSWORD, "new_password": PASSWORD }));
    ann.send(change.clone()).await.expect_refusal(401, "unauthenticated");
    let refused = log_in(&server, "ann", PASSWORD).await;
    refused.expect_refusal(429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
    ann.send(change).await.expect_refusal(429, "rate_limited");
    ann.mine().await;
    log_in(&server, "bob", PASSWORD).await.expect_status(201);
    // Whether there is such an account makes no difference.
    for status in [401, 401, 401, 429] {
        assert_eq!(log_in(&server, "cay", PASSWORD).await.status, status);
    }
    server.advance_seconds(60);
    log_in(&server, "ann", PASSWORD).await.expect_status(200);
}

#[tokio::test]
async fn an_address_signs_up_so_often_and_no_more() {
    let server = TestServer::start_with(|config| {
        with_accounts(config);
        config.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
        config.limits.logins_per_minute_per_address = 2;
    });
    let server = server.await;
    let sign_up = async |user: &str, address: &str| {
        let request = post("/v1/accounts", json!({ "user": user, "password": PASSWORD }));
        server.visitor().send(request.with("x-forwarded-for", address)).await
    };
    for user in ["ann", "bob"] {
        sign_up(user, "192.0.2.1").await.expect_status(201);
    }
    sign_up("cay", "192.0.2.1").await.expect_refusal(429, "rate_limited");
    sign_up("cay", "192.0.2.2").await.expect_status(201);
}

#[tokio::test]
async fn there_are_no_accounts_in_other_modes() {
    let server = TestServer::start().await;
    let ann = server.login("ann").await;
    let cast = Cast::of(&server).with("ann", &ann.token);
    let table = r#"
        nobody POST   /v1/accounts {"user":"ann","password":"correct horse"}              → 404 not_found
        nobody POST   /v1/accounts {}                                                     → 404 not_found
        ann    PUT    /v1/accounts/me/password {"password":"a","new_password":"correct horse"} → 404 not_found
        nobody GET    /v1/admin/accounts                                                  → 401 unauthenticated
        admin  GET    /v1/admin/accounts                                                  → 404 not_found
        admin  POST   /v1/admin/accounts {"user":"ann","password":"correct horse"}        → 404 not_found
        admin  PUT    /v1/admin/accounts/ann/password {"password":"correct horse"}        → 404 not_found
        admin  DELETE /v1/admin/accounts/ann                                              → 404 not_found
    "#;
    for row in rows(table) {
        cast.play(&row).await;
    }
}
