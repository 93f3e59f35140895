//! Forged, stale and misplaced credentials.

use serde_json::json;

use super::{Attack, try_all};
use crate::http::post;
use crate::stage::Stage;

const CREDENTIALS: &[Attack] = &[
    ("none", "GET /v1/sessions/me", "401 unauthenticated"),
    (
        "made up",
        "GET /v1/sessions/me\nauthorization: Bearer 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "401 unauthenticated",
    ),
    ("of a session that has ended", "GET /v1/sessions/me\nauthorization: Bearer {dora}", "410 session_expired"),
    ("nothing after the scheme", "GET /v1/sessions/me\nauthorization: Bearer", "401 unauthenticated"),
    ("another scheme", "GET /v1/sessions/me\nauthorization: Basic {ann}", "401 unauthenticated"),
    ("a token and more", "GET /v1/sessions/me\nauthorization: Bearer {ann}, Bearer {bob}", "401 unauthenticated"),
    (
        "two fields",
        "GET /v1/sessions/me\nauthorization: Bearer {ann}\nauthorization: Bearer {bob}",
        "400 malformed_request",
    ),
    ("in the query", "GET /v1/sessions/me?token={ann}", "401 unauthenticated"),
    ("in the query of a list", "GET /v1/holds?token={ann}\nauthorization: Bearer {ann}", "400 malformed_request"),
    (
        "another's behind a bad one of one's own",
        "GET /v1/sessions/me\nauthorization: Bearer bad\ncookie: holdfast_session={ann}",
        "401 unauthenticated",
    ),
    ("a cookie of another name", "GET /v1/sessions/me\ncookie: Holdfast_session={ann}", "401 unauthenticated"),
    ("a buyer's on the admin API", "GET /v1/admin/events\nauthorization: Bearer {ann}", "403 forbidden"),
    ("a buyer's in the organiser's cookie", "GET /v1/admin/events\ncookie: holdfast_admin={ann}", "403 forbidden"),
    ("none on the admin API", "DELETE /v1/admin/events/gala", "401 unauthenticated"),
    (
        "an organiser's on a buyer's path",
        "POST /v1/events/gala/holds\nauthorization: Bearer {admin}",
        "401 unauthenticated",
    ),
    (
        "the hash of a token",
        "GET /v1/sessions/me\nauthorization: Bearer e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "401 unauthenticated",
    ),
    (
        "a user with a line break",
        "POST /v1/sessions\n\n{\"user\":\"eve\\nINFO admin logged in\"}",
        "422 validation_failed",
    ),
    ("a user who paints the terminal", "POST /v1/sessions\n\n{\"user\":\"\\u001b[2Jeve\"}", "422 validation_failed"),
    ("a user who looks like another", "POST /v1/sessions\n\n{\"user\":\"ann \"}", "422 validation_failed"),
    ("a user without a name", "POST /v1/sessions\n\n{\"user\":\"\"}", "422 validation_failed"),
];

#[tokio::test]
async fn a_credential_opens_what_it_is_for_and_nothing_else() {
    try_all(&Stage::set().await, CREDENTIALS).await;
}

#[tokio::test]
async fn a_token_in_lower_case_is_not_one_in_upper_case() {
    let stage = Stage::set().await;
    let shouted = stage.cast.token("ann").to_uppercase();
    let request = crate::http::get("/v1/sessions/me").with("authorization", format!("Bearer {shouted}"));
    stage.visitor.send(request).await.expect_refusal(401, "unauthenticated");
}

/// Whoever plants a token in somebody's browser beforehand does not share their session.
#[tokio::test]
async fn a_login_never_takes_over_a_token_that_was_there_before() {
    let stage = Stage::set().await;
    let planted = "f".repeat(64);
    let login = post("/v1/sessions", json!({ "user": "eve", "token": planted, "intents": [] }))
        .with("cookie", format!("holdfast_session={planted}"));
    let answer = stage.visitor.send(login).await.expect(201);
    assert_ne!(answer["token"], planted.as_str());
    let with_planted = crate::http::get("/v1/sessions/me").with("authorization", format!("Bearer {planted}"));
    stage.visitor.send(with_planted).await.expect_refusal(401, "unauthenticated");
}
