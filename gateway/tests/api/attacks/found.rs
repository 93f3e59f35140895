//! What somebody who looked for holes has found, and what they tried at the doors that no other table tries.

use serde_json::json;

use super::{Attack, try_all};
use crate::http::{delete, get, post, put, send_raw};
use crate::login_accounts::{PASSWORD, login_request, sign_up, with_accounts};
use crate::people::Buyer;
use crate::server::TestServer;
use crate::stage::Stage;

const STOLEN_ACCOUNT: &str = "battery staple";
const GIVEN_BY_ORGANISERS: &str = "given by organisers";

const ADMINISTRATION_SPELT_OTHERWISE: &[Attack] = &[
    ("a letter", "GET /v1/%61dmin/events\nauthorization: Bearer {admin}", "404 not_found"),
    ("a slash", "GET /v1/admin%2Fevents\nauthorization: Bearer {admin}", "404 not_found"),
    ("the slash before it", "GET /v1%2Fadmin/events\nauthorization: Bearer {admin}", "404 not_found"),
    ("two slashes", "GET /v1//admin/events\nauthorization: Bearer {admin}", "404 not_found"),
    ("a slash at the end", "GET /v1/admin/events/\nauthorization: Bearer {admin}", "404 not_found"),
    ("capital letters", "GET /v1/Admin/events\nauthorization: Bearer {admin}", "404 not_found"),
    ("through another path", "GET /v1/events/../admin/events\nauthorization: Bearer {admin}", "404 not_found"),
    ("through itself", "GET /v1/./admin/events\nauthorization: Bearer {admin}", "404 not_found"),
    ("with a parameter", "GET /v1/admin;x=1/events\nauthorization: Bearer {admin}", "404 not_found"),
    ("metrics", "GET /%6detrics", "404 not_found"),
    ("metrics with a slash", "GET /metrics/", "404 not_found"),
    ("metrics with two", "GET //metrics", "404 not_found"),
];

#[tokio::test]
async fn a_path_is_there_under_one_spelling_only() {
    try_all(&Stage::set().await, ADMINISTRATION_SPELT_OTHERWISE).await;
}

/// The side of a listener is decided by the path as it is sent, and so is the route: the two cannot differ.
#[tokio::test]
async fn no_spelling_leads_from_the_public_listener_to_administration() {
    let server = TestServer::start_with(|config| config.admin.listen = "127.0.0.1:0".to_owned()).await;
    let address = server.address();
    let paths = [
        "/v1/admin/events",
        "/v1/admin/events?x=/v1/events",
        "/v1/%61dmin/events",
        "/v1/admin%2Fevents",
        "/v1//admin/events",
        "/v1/events/../admin/events",
        "/metrics",
        "/metrics?name[]=up",
        "/%6detrics",
        "/metrics/",
    ];
    for target in paths.iter().flat_map(|path| [(*path).to_owned(), format!("http://{address}{path}")]) {
        for method in ["GET", "HEAD", "OPTIONS", "POST"] {
            let request = format!(
                "{method} {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nconnection: \
                 close\r\n\r\n",
                crate::server::ADMIN_TOKEN
            );
            let answer = send_raw(address, request.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 404 "), "{method} {target}: {answer}");
        }
    }
}

/// Somebody with a stolen password and a session changes the password in the moment in which an organiser, who was called
/// by the owner, gives the account another one.
#[tokio::test]
async fn a_change_of_password_under_way_does_not_undo_that_of_an_organiser() {
    let server = TestServer::start_with(|config| {
        with_accounts(config);
        // One thread and long hashes: what is asked during the first one comes after it, in the order of the asking.
        config.accounts.hash_threads = 1;
        config.accounts.hash_passes = 20;
    })
    .await;
    sign_up(&server, "ann").await.expect_status(201);
    let thief = Buyer::log_in_by(server.connection(), login_request("ann", PASSWORD)).await;
    let admin = server.admin();
    admin.get("/v1/admin/accounts").await.expect(200);

    let change = json!({ "password": PASSWORD, "new_password": STOLEN_ACCOUNT });
    let reset = json!({ "password": GIVEN_BY_ORGANISERS, "reason": "stolen" });
    let (changed, reset) = tokio::join!(
        thief.send(put("/v1/accounts/me/password", change)),
        admin.send(put("/v1/admin/accounts/ann/password", reset)),
    );
    reset.expect_status(204);
    server.visitor().send(login_request("ann", STOLEN_ACCOUNT)).await.expect_refusal(401, "unauthenticated");
    server.visitor().send(login_request("ann", GIVEN_BY_ORGANISERS)).await.expect_status(200);
    changed.expect_refusal(401, "unauthenticated");
}

#[tokio::test]
async fn nobody_inherits_bookings_by_signing_up_under_the_name_of_an_account_that_was_removed() {
    let server = TestServer::start_with(with_accounts).await;
    let admin = server.admin();
    admin.put_on_sale("gala", 5).await;
    sign_up(&server, "ann").await.expect_status(201);
    let ann = Buyer::log_in_by(server.connection(), login_request("ann", PASSWORD)).await;
    ann.book("gala", json!({})).await.expect_status(201);
    admin.send(delete("/v1/admin/accounts/ann")).await.expect_status(204);

    sign_up(&server, "ann").await.expect_refusal(409, "account_exists");
    server.visitor().send(login_request("ann", PASSWORD)).await.expect_refusal(401, "unauthenticated");
    // Organisers know who it is, and may give the name back.
    admin.send(post("/v1/admin/accounts", json!({ "user": "ann", "password": PASSWORD }))).await.expect_status(201);
    let again = Buyer::log_in_by(server.connection(), login_request("ann", PASSWORD)).await;
    assert_eq!(again.mine().await["bookings"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn a_password_of_the_wrong_type_is_not_repeated() {
    let server = TestServer::start_with(with_accounts).await;
    sign_up(&server, "ann").await.expect_status(201);
    let ann = Buyer::log_in_by(server.connection(), login_request("ann", PASSWORD)).await;
    let pin = 4_711_471_147_u64;
    let requests = [
        post("/v1/sessions", json!({ "user": "ann", "password": pin })),
        post("/v1/accounts", json!({ "user": "bob", "password": pin })),
        put("/v1/accounts/me/password", json!({ "password": PASSWORD, "new_password": pin })),
    ];
    for request in requests {
        let answer = ann.send(request).await;
        answer.expect_refusal(400, "malformed_request");
        assert!(!answer.text.contains("4711471147"), "{}", answer.text);
    }
    ann.send(get("/v1/sessions/me")).await.expect_status(200);
}
