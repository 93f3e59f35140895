//! After a run with everything on, none of the secrets that were used is anywhere but where it must be.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::http::{Request, get, post, put};
use crate::process::{Place, Process};
use crate::server::ADMIN_TOKEN;
use crate::subscriber::Subscriber;

/// A secret, and what it is.
type Secret = (&'static str, String);

const PASSWORD: &str = "correct horse battery staple";
const NEW_PASSWORD: &str = "another horse in another stable";
const WRONG_PASSWORD: &str = "incorrect horse battery staple";
const SIGNING_SECRET: &str = "a secret of thirty-two characters";
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

/// A log of everything, while people come in by all doors: signed tokens, cookies, sockets, service tokens; and by none.
#[tokio::test]
async fn no_secret_is_logged_at_the_other_doors() {
    let place = Place::new();
    place.write("key", SIGNING_SECRET);
    let mut command = place.holdfast("data");
    let settings = [
        "auth.mode=jwt",
        "jwt.key_file=key",
        "jwt.algorithm=HS256",
        "jwt.issuer=issuer",
        "jwt.audience=audience",
        "log.level=trace",
        "traces.endpoint=http://127.0.0.1:9/v1/traces",
        "traces.requests_per_mille=1000",
    ];
    command.args(settings.iter().flat_map(|setting| ["--set", setting])).env("HOLDFAST_ADMIN_TOKEN", ADMIN_TOKEN);
    let process = Process::start_with_log(&mut command, &place.path("log"));
    let visitor = process.visitor();
    let send = |request: Request| visitor.send(request);

    let cookie = format!("holdfast_admin={ADMIN_TOKEN}");
    send(bearer(post("/v1/admin/login", json!({})), ADMIN_TOKEN)).await.expect(200);
    let event = json!({ "id": "gala", "name": "Gala", "capacity": 5, "status": "on_sale" });
    let own_page = |request: Request| request.with("cookie", &cookie).with("sec-fetch-site", "same-origin");
    send(own_page(post("/v1/admin/events", event))).await.expect(201);
    let [signed, stale] = [4_000_000_000_u64, 1_000_000_000].map(|expiry| {
        let claims = json!({ "iss": "issuer", "aud": "audience", "sub": "ann", "iat": 1_000_000_000, "exp": expiry });
        let key = jsonwebtoken::EncodingKey::from_secret(SIGNING_SECRET.as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("a token")
    });
    let login = send(post("/v1/sessions", json!({ "token": signed }))).await.expect(201);
    let token = login["token"].as_str().expect("a token").to_owned();
    send(post("/v1/sessions", json!({ "token": stale }))).await.expect_refusal(401, "unauthenticated");
    let hold = get("/v1/sessions/me").with("cookie", format!("holdfast_session={token}"));
    send(hold).await.expect(200);
    // Where no secret belongs: in a query, in a path, in a body that is no JSON, in headers that are looked at and not.
    send(get(format!("/v1/events?token={token}"))).await.expect_status(400);
    send(get(format!("/v1/events/{token}"))).await.expect_status(404);
    send(get(format!("/{token}"))).await.expect_status(404);
    send(post("/v1/sessions", json!({})).json(format!("{{\"password\": {PASSWORD}"))).await.expect_status(400);
    send(bearer(post("/v1/batch", json!({ "operations": [] })), &token)).await.expect_status(403);
    let odd = bearer(get("/v1/admin/events"), WRONG_TOKEN).with("traceparent", PASSWORD).with("accept", PASSWORD);
    send(odd).await.expect_status(406);
    let mut socket = Subscriber::open_at(process.address(), &[]).await;
    socket.say(json!({ "subscribe": ["me"], "token": token })).await;
    socket.next().await.expect("a message");
    process.stop();

    let log = fs::read(place.path("log")).expect("the log");
    let said = String::from_utf8_lossy(&log).into_owned();
    for expected in ["a login token opens nothing", "an organiser did something", "a request was refused"] {
        assert!(said.contains(expected), "{expected:?} was not logged, so nothing was shown: {said}");
    }
    let foreign = said.lines().filter(|line| !line.contains("\"target\":\"holdfast")).collect::<Vec<_>>();
    assert!(foreign.is_empty(), "libraries wrote {foreign:?}");
    let signature = |token: &str| token.rsplit('.').next().expect("a signature").to_owned();
    let secrets: Vec<Secret> = vec![
        ("the admin token", ADMIN_TOKEN.to_owned()),
        ("a session token", token),
        ("the signature of a login token", signature(&signed)),
        ("the signature of a stale login token", signature(&stale)),
        ("the claims of a login token", signed.split('.').nth(1).expect("claims").to_owned()),
        ("a token that was made up", WRONG_TOKEN.to_owned()),
        ("the key of the login tokens", SIGNING_SECRET.to_owned()),
        ("a password", PASSWORD.to_owned()),
    ];
    expect_none(&secrets, "the log", &log);
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
