//! After a run with everything on, none of the secrets that were used is anywhere but where it must be.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::http::{Request, get, post, put};
use crate::process::{Place, Process};

/// A secret, and what it is.
type Secret = (&'static str, String);

const PASSWORD: &str = "correct horse battery staple";
const NEW_PASSWORD: &str = "another horse in another stable";
const WRONG_PASSWORD: &str = "incorrect horse battery staple";
const WRONG_TOKEN: &str = "5f1e5f1e5f1e5f1e5f1e5f1e5f1e5f1e5f1e5f1e5f1e5f1e5f1e5f1e5f1e5f1e";

/// The program in accounts mode, with a log of everything.
fn holdfast(place: &Place) -> Command {
    let mut command = place.holdfast("data");
    let settings = ["auth.mode=accounts", "accounts.hash_memory_kib=8192", "accounts.hash_passes=1", "log.level=trace"];
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    command
}

fn bearer(request: Request, token: &str) -> Request {
    request.with("authorization", format!("Bearer {token}"))
}

#[tokio::test]
async fn no_secret_is_in_any_file_log_metric_or_audit_entry() {
    let place = Place::new();
    let mut process = Process::start_with_log(&mut holdfast(&place), &place.path("log"));
    let admin = process.shown_admin_token();
    let visitor = process.visitor();
    let send = |request: Request| visitor.send(request);

    let event = json!({ "id": "gala", "name": "Gala", "capacity": 5, "status": "on_sale" });
    send(bearer(post("/v1/admin/events", event), &admin)).await.expect(201);
    send(post("/v1/accounts", json!({ "user": "ann", "password": PASSWORD }))).await.expect(201);
    let wrong = send(post("/v1/sessions", json!({ "user": "ann", "password": WRONG_PASSWORD }))).await;
    wrong.expect_refusal(401, "unauthenticated");
    let login = send(post("/v1/sessions", json!({ "user": "ann", "password": PASSWORD }))).await.expect(201);
    let token = login["token"].as_str().expect("a token").to_owned();
    send(bearer(post("/v1/events/gala/bookings", json!({})), &token)).await.expect(201);
    let change = json!({ "password": PASSWORD, "new_password": NEW_PASSWORD });
    send(bearer(put("/v1/accounts/me/password", change), &token)).await.expect_status(204);
    let again = send(post("/v1/sessions", json!({ "user": "ann", "password": NEW_PASSWORD }))).await.expect(200);
    let second_token = again["token"].as_str().expect("a token").to_owned();
    send(get("/v1/sessions/me").with("cookie", format!("holdfast_session={second_token}"))).await.expect(200);
    for path in ["/v1/sessions/me", "/v1/admin/events"] {
        send(bearer(get(path), WRONG_TOKEN)).await.expect_refusal(401, "unauthenticated");
    }
    // A token where none belongs: in a path, and in a header that is logged.
    send(get(format!("/v1/holds/{token}")).with("x-request-id", "leak-test"))
        .await
        .expect_refusal(401, "unauthenticated");
    send(bearer(post("/v1/admin/snapshot", json!({})), &admin)).await.expect(200);
    let metrics = send(get("/metrics")).await.text;
    let changes = send(bearer(get("/v1/admin/changes?limit=200"), &admin)).await.text;
    process.stop();
    let dump = place.bare_holdfast().args(["dump", "--data", "data"]).output().expect("a program that runs");

    let secrets: Vec<Secret> = vec![
        ("the admin token", admin),
        ("a session token", token),
        ("another session token", second_token),
        ("a token that was made up", WRONG_TOKEN.to_owned()),
        ("a password", PASSWORD.to_owned()),
        ("the new password", NEW_PASSWORD.to_owned()),
        ("a mistyped password", WRONG_PASSWORD.to_owned()),
    ];
    assert!(!fs::read(place.path("log")).expect("the log").is_empty(), "nothing was logged, so nothing was shown");
    for (path, content) in place.listing() {
        expect_none(&secrets, &path.display().to_string(), &content.unwrap_or_default());
    }
    expect_none(&secrets, "the metrics", metrics.as_bytes());
    expect_none(&secrets, "the audit trail", changes.as_bytes());
    expect_none(&secrets, "the dump", &dump.stdout);
    assert!(
        !changes.contains("argon2") && !String::from_utf8_lossy(&dump.stdout).contains("argon2"),
        "a hash was shown"
    );
    let kinds: Value = serde_json::from_str(&changes).expect("JSON");
    assert!(kinds["items"].as_array().is_some_and(|items| items.len() > 5), "{changes}");
}

/// As text, and, where it is hexadecimal, as the bytes it stands for.
fn expect_none(secrets: &[Secret], place: &str, content: &[u8]) {
    for (what, secret) in secrets {
        let forms = [Some(secret.clone().into_bytes()), bytes_of_hexadecimal(secret)];
        for form in forms.into_iter().flatten() {
            assert!(!content.windows(form.len()).any(|part| part == form), "{what} is in {place}");
        }
    }
}

fn bytes_of_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.is_ascii().then(|| text.as_bytes().chunks(2))?;
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
