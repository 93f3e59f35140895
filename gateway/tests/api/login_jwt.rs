//! Logins by a signed token.

use std::path::PathBuf;

use holdfast::config::AuthMode;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Answer, post};
use crate::server::{BEGIN_MS, TestServer};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "tickets.example";
/// When every test begins, as tokens say it.
const NOW: u64 = BEGIN_MS / 1_000;
/// The default of `jwt.leeway_seconds`.
const LEEWAY: u64 = 30;

/// A key of the issuer, made for this test.
struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    encoding: EncodingKey,
    decoding: DecodingKey,
    public_pem: String,
}

impl SigningKey {
    fn new(kid: &str, algorithm: Algorithm) -> SigningKey {
        let (encoding, decoding, public_pem) = match algorithm {
            Algorithm::HS256 => {
                let mut secret = [0; 32];
                getrandom::fill(&mut secret).expect("random bytes");
                (EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret), String::new())
            }
            Algorithm::RS256 => of_pair(&PKCS_RSA_SHA256, EncodingKey::from_rsa_pem, DecodingKey::from_rsa_pem),
            Algorithm::ES256 => of_pair(&PKCS_ECDSA_P256_SHA256, EncodingKey::from_ec_pem, DecodingKey::from_ec_pem),
            Algorithm::EdDSA => of_pair(&PKCS_ED25519, EncodingKey::from_ed_pem, DecodingKey::from_ed_pem),
            other => panic!("{other:?} is not taken"),
        };
        SigningKey { kid: kid.to_owned(), algorithm, encoding, decoding, public_pem }
    }

    /// What the issuer publishes of it.
    fn jwk(&self) -> Value {
        let jwk = Jwk::from_decoding_key(&self.decoding, Some(self.algorithm)).expect("a key");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) }
    }

    /// A token with these claims.
    fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.header(), claims)
    }

    fn sign_with(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.encoding).expect("a token")
    }
}

fn of_pair(
    kind: &'static rcgen::SignatureAlgorithm,
    encoding: fn(&[u8]) -> jsonwebtoken::errors::Result<EncodingKey>,
    decoding: fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>,
) -> (EncodingKey, DecodingKey, String) {
    let pair = KeyPair::generate_for(kind).expect("a key");
    let (private, public) = (pair.serialize_pem(), pair.public_key_pem());
    (encoding(private.as_bytes()).expect("a key"), decoding(public.as_bytes()).expect("a key"), public)
}

/// Claims that log ann in, with these changes; `null` leaves one out.
fn claims(changes: Value) -> Value {
    let mut claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": NOW + 600, "iat": NOW });
    let members = claims.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    members.retain(|_, value| !value.is_null());
    claims
}

/// The issuer's published file, and a server that reads it.
struct Place {
    server: TestServer,
    directory: TempDir,
}

impl Place {
    async fn with(keys: &[&SigningKey]) -> Place {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("jwks.json");
        publish(&path, keys);
        let server = TestServer::start_with(|config| {
            config.auth.mode = AuthMode::Jwt;
            config.jwt.jwks_file = path;
            config.jwt.issuer = ISSUER.to_owned();
            config.jwt.audience = AUDIENCE.to_owned();
        });
        Place { server: server.await, directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("jwks.json")
    }

    async fn log_in(&self, body: Value) -> Answer {
        self.server.visitor().send(post("/v1/sessions", body)).await
    }

    async fn show(&self, token: &str) -> Answer {
        self.log_in(json!({ "token": token })).await
    }
}

fn publish(path: &std::path::Path, keys: &[&SigningKey]) {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    std::fs::write(path, json!({ "keys": keys }).to_string()).expect("a file");
}

#[tokio::test]
async fn each_algorithm_logs_in() {
    let keys = [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA]
        .map(|algorithm| SigningKey::new(&format!("{algorithm:?}"), algorithm));
    let place = Place::with(&keys.each_ref()).await;
    for key in &keys {
        let login = place.show(&key.sign(&claims(json!({ "sub": key.kid })))).await.expect(201);
        assert_eq!((&login["session"]["user"], &login["session"]["class"]), (&json!(key.kid), &json!("standard")));
        let again = place.log_in(json!({ "user": key.kid, "token": key.sign(&claims(json!({ "sub": key.kid }))) }));
        assert_eq!(again.await.expect(200)["session"]["id"], login["session"]["id"]);
    }
}

#[tokio::test]
async fn a_file_of_one_key_logs_in_with_its_one_algorithm() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let key = SigningKey::new("any", algorithm);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("key.pem");
        std::fs::write(&path, &key.public_pem).expect("a file");
        let server = TestServer::start_with(|config| {
            config.auth.mode = AuthMode::Jwt;
            config.jwt.key_file = path;
            config.jwt.algorithm = format!("{algorithm:?}");
            config.jwt.issuer = ISSUER.to_owned();
            config.jwt.audience = AUDIENCE.to_owned();
        });
        let server = server.await;
        let show = async |token: &str| server.visitor().send(post("/v1/sessions", json!({ "token": token }))).await;
        show(&key.sign(&claims(json!({})))).await.expect_status(201);
        let confused = EncodingKey::from_secret(key.public_pem.as_bytes());
        let confused = encode(&Header::new(Algorithm::HS256), &claims(json!({})), &confused).expect("a token");
        show(&confused).await.expect_refusal(401, "unauthenticated");
    }
}

/// The headers, signatures and forms that must not open anything.
fn forged(rsa: &SigningKey, secret: &SigningKey) -> Vec<(&'static str, String)> {
    let good = rsa.sign(&claims(json!({})));
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().expect("three parts");
    let other = rsa.sign(&claims(json!({ "sub": "bob" })));
    let other_payload = other.split('.').nth(1).expect("a payload");
    let stranger = SigningKey::new(&rsa.kid, Algorithm::RS256);
    let with = |change: fn(&mut Header)| {
        let mut header = rsa.header();
        change(&mut header);
        rsa.sign_with(&header, &claims(json!({})))
    };
    let public_as_secret = |public: &str, kid: Option<&str>| {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims(json!({})), &EncodingKey::from_secret(public.as_bytes())).expect("a token")
    };
    let mut embedding = stranger.header();
    embedding.jwk = Some(serde_json::from_value(stranger.jwk()).expect("a key"));
    // {"alg":"none"} and {"alg":"none","kid":"rsa"}
    let [none, named_none] = ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJub25lIiwia2lkIjoicnNhIn0"];
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    vec![
        ("nothing", String::new()),
        ("a word", "token".to_owned()),
        ("dots", "..".to_owned()),
        ("no algorithm", format!("{none}.{payload}.")),
        ("no algorithm, with a kid", format!("{named_none}.{payload}.")),
        ("no algorithm, with a signature", format!("{named_none}.{payload}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("no last part", format!("{header}.{payload}")),
        ("a trailing dot", format!("{good}.")),
        ("trailing dots", format!("{good}...")),
        ("a leading dot", format!(".{good}")),
        ("padding", format!("{good}=")),
        ("a blank at the end", format!("{good} ")),
        ("another payload", format!("{header}.{other_payload}.{signature}")),
        ("another signature", format!("{header}.{payload}.{flipped}{}", &signature[1..])),
        ("a shorter signature", format!("{header}.{payload}.{}", &signature[..signature.len() - 4])),
        ("a stranger's signature", stranger.sign(&claims(json!({})))),
        ("the public key as a secret", public_as_secret(&rsa.public_pem, Some(&rsa.kid))),
        (
            "the public key as a secret, its last line break cut off",
            public_as_secret(rsa.public_pem.trim_end(), Some(&rsa.kid)),
        ),
        ("the public key as a secret, without a kid", public_as_secret(&rsa.public_pem, None)),
        ("the kid of a key with another algorithm", with(|header| header.kid = Some("secret".to_owned()))),
        (
            "a secret's signature under the other's kid",
            secret.sign_with(&Header { kid: Some(rsa.kid.clone()), ..secret.header() }, &claims(json!({}))),
        ),
        ("another algorithm of the same key", with(|header| header.alg = Algorithm::RS512)),
        ("another padding of the same key", with(|header| header.alg = Algorithm::PS256)),
        ("an unknown kid", with(|header| header.kid = Some("other".to_owned()))),
        ("the kid in capital letters", with(|header| header.kid = Some("RSA".to_owned()))),
        ("an empty kid", with(|header| header.kid = Some(String::new()))),
        ("no kid, where there are two keys", with(|header| header.kid = None)),
        ("something critical", with(|header| header.crit = Some(vec!["exp".to_owned()]))),
        ("nothing critical", with(|header| header.crit = Some(Vec::new()))),
        ("where to get the key", with(|header| header.jku = Some("https://evil.example/jwks.json".to_owned()))),
        ("where to get the certificate", with(|header| header.x5u = Some("https://evil.example/cert.pem".to_owned()))),
        ("a certificate", with(|header| header.x5c = Some(vec!["AAAA".to_owned()]))),
        ("the key itself", stranger.sign_with(&embedding, &claims(json!({})))),
        ("too much of everything", rsa.sign(&claims(json!({ "filler": "x".repeat(8 << 10) })))),
    ]
}

#[tokio::test]
async fn a_forged_token_opens_nothing_and_is_told_nothing() {
    let (rsa, secret) = (SigningKey::new("rsa", Algorithm::RS256), SigningKey::new("secret", Algorithm::HS256));
    let place = Place::with(&[&rsa, &secret]).await;
    place.show(&rsa.sign(&claims(json!({})))).await.expect_status(201);
    let missing = place.log_in(json!({})).await.expect_refusal(401, "unauthenticated");
    for (what, token) in forged(&rsa, &secret) {
        let answer = place.show(&token).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        assert_eq!(answer.json(), missing, "{what}");
        assert_eq!(answer.header("set-cookie"), None, "{what}");
    }
    let sessions = place.server.admin().changes().await;
    assert_eq!(sessions.iter().filter(|change| change["kind"] == "session_opened").count(), 1);
}

#[tokio::test]
async fn claims_are_judged_by_the_clock_of_the_engine() {
    let key = SigningKey::new("a", Algorithm::EdDSA);
    let place = Place::with(&[&key]).await;
    let rows = [
        ("at the edge of its time", json!({ "exp": NOW - LEEWAY + 1 }), 200),
        ("expired", json!({ "exp": NOW - LEEWAY }), 401),
        ("expired long ago", json!({ "exp": 0 }), 401),
        ("expired before the epoch", json!({ "exp": -1 }), 401),
        ("fractions of a second", json!({ "exp": NOW as f64 - LEEWAY as f64 + 0.5, "iat": NOW as f64 + 0.25 }), 200),
        ("no end", json!({ "exp": null }), 401),
        ("an end in words", json!({ "exp": "tomorrow" }), 401),
        ("an end in digits in quotes", json!({ "exp": (NOW + 600).to_string() }), 401),
        ("for ever", json!({ "exp": 1e300 }), 200),
        ("valid within the leeway", json!({ "nbf": NOW + LEEWAY }), 200),
        ("not valid yet", json!({ "nbf": NOW + LEEWAY + 1 }), 401),
        ("valid since in words", json!({ "nbf": "now" }), 401),
        ("issued within the leeway", json!({ "iat": NOW + LEEWAY }), 200),
        ("issued in the future", json!({ "iat": NOW + LEEWAY + 1 }), 401),
        ("issued at no time", json!({ "iat": null }), 200),
        ("another issuer", json!({ "iss": "https://id.example/" }), 401),
        ("an issuer in a list", json!({ "iss": [ISSUER] }), 401),
        ("no issuer", json!({ "iss": null }), 401),
        ("among other audiences", json!({ "aud": ["other.example", AUDIENCE] }), 200),
        ("another audience", json!({ "aud": "other.example" }), 401),
        ("other audiences", json!({ "aud": ["other.example"] }), 401),
        ("an audience of nobody", json!({ "aud": [] }), 401),
        ("no audience", json!({ "aud": null }), 401),
        ("no subject", json!({ "sub": null }), 401),
        ("an empty subject", json!({ "sub": "" }), 401),
        ("a subject in blanks", json!({ "sub": " ann" }), 401),
        ("a subject on two lines", json!({ "sub": "an\nn" }), 401),
        ("a subject too long", json!({ "sub": "x".repeat(129) }), 401),
        ("a number for a subject", json!({ "sub": 7 }), 401),
        ("a class", json!({ "class": "member" }), 200),
        ("a class that is none", json!({ "class": "Member!" }), 401),
        ("a class too long", json!({ "class": "x".repeat(65) }), 401),
        ("a number for a class", json!({ "class": 1 }), 401),
        ("an address", json!({ "email": "ann@example.com" }), 200),
        ("an address too long", json!({ "email": "x".repeat(255) }), 401),
        ("an address on two lines", json!({ "email": "ann@example.com\r\nbcc: bob@example.com" }), 401),
        ("an empty address", json!({ "email": "" }), 401),
        ("more than is read", json!({ "roles": ["a"], "azp": { "b": 1 } }), 200),
    ];
    place.show(&key.sign(&claims(json!({})))).await.expect_status(201);
    for (what, changes, status) in rows {
        let answer = place.show(&key.sign(&claims(changes))).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
    }
    for not_claims in [json!([]), json!("ann"), json!(null)] {
        place.show(&key.sign(&not_claims)).await.expect_refusal(401, "unauthenticated");
    }
    let token = key.sign(&claims(json!({})));
    place.server.advance_seconds(600 + LEEWAY - 1);
    place.show(&token).await.expect_status(200);
    place.server.advance_ms(1_000);
    place.show(&token).await.expect_refusal(401, "unauthenticated");
}

#[tokio::test]
async fn a_class_is_the_sessions_until_a_token_tells_another() {
    let key = SigningKey::new("a", Algorithm::EdDSA);
    let place = Place::with(&[&key]).await;
    let mut classes = Vec::new();
    for told in [json!({}), json!({ "class": "member" }), json!({}), json!({ "class": "crew", "email": "a@b.example" })]
    {
        let login = place.show(&key.sign(&claims(told))).await.json();
        classes.push(login["session"]["class"].clone());
    }
    assert_eq!(classes, ["standard", "member", "member", "crew"]);
    let trail = Value::from(place.server.admin().changes().await).to_string();
    assert!(!trail.contains("a@b.example"), "an address is in no audit trail");
}

#[tokio::test]
async fn a_name_beside_the_token_must_be_its_own() {
    let key = SigningKey::new("a", Algorithm::ES256);
    let place = Place::with(&[&key]).await;
    let token = key.sign(&claims(json!({})));
    for user in ["bob", "Ann", "ann ", ""] {
        place.log_in(json!({ "user": user, "token": token })).await.expect_refusal(401, "unauthenticated");
    }
    place.log_in(json!({ "user": "ann" })).await.expect_refusal(401, "unauthenticated");
    place.log_in(json!({ "user": "ann", "password": "correct horse" })).await.expect_refusal(401, "unauthenticated");
    place.log_in(json!({ "token": 7 })).await.expect_refusal(400, "malformed_request");
    place.log_in(json!({ "token": null, "user": null })).await.expect_refusal(401, "unauthenticated");
    place.log_in(json!({ "user": "ann", "token": token })).await.expect_status(201);
    // A token of a session is none that logs in.
    let session = place.show(&token).await.expect(200)["token"].as_str().expect("a token").to_owned();
    place.show(&session).await.expect_refusal(401, "unauthenticated");
}

#[tokio::test]
async fn the_only_key_needs_no_kid() {
    let key = SigningKey::new("a", Algorithm::HS256);
    let place = Place::with(&[&key]).await;
    let unnamed = key.sign_with(&Header::new(Algorithm::HS256), &claims(json!({})));
    place.show(&unnamed).await.expect_status(201);
}

#[tokio::test]
async fn keys_are_exchanged_without_a_restart() {
    let (old, new) = (SigningKey::new("old", Algorithm::ES256), SigningKey::new("new", Algorithm::RS256));
    let place = Place::with(&[&old]).await;
    let (by_old, by_new) = (old.sign(&claims(json!({}))), new.sign(&claims(json!({ "sub": "bob" }))));
    let session = place.show(&by_old).await.expect(201);
    place.show(&by_new).await.expect_refusal(401, "unauthenticated");

    publish(&place.path(), &[&old, &new]);
    place.show(&by_new).await.expect_refusal(401, "unauthenticated");
    place.server.reread_files();
    place.show(&by_new).await.expect_status(201);
    place.show(&by_old).await.expect_status(200);

    publish(&place.path(), &[&new]);
    place.server.reread_files();
    place.show(&by_old).await.expect_refusal(401, "unauthenticated");
    place.show(&by_new).await.expect_status(200);
    // The session that the old key opened is a session like any other.
    let token = format!("Bearer {}", session["token"].as_str().expect("a token"));
    let mine = crate::http::get("/v1/sessions/me").with("authorization", token);
    place.server.visitor().send(mine).await.expect_status(200);
}

#[tokio::test]
async fn a_broken_new_file_keeps_the_old_keys() {
    let (old, new) = (SigningKey::new("old", Algorithm::EdDSA), SigningKey::new("new", Algorithm::EdDSA));
    let place = Place::with(&[&old]).await;
    let by_old = old.sign(&claims(json!({})));
    place.show(&by_old).await.expect_status(201);
    let half = json!({ "keys": [new.jwk(), { "kty": "RSA", "kid": "bad" }] }).to_string();
    for broken in ["", "{", "{\"keys\":[]}", half.as_str()] {
        std::fs::write(place.path(), broken).expect("a file");
        place.server.reread_files();
        place.show(&by_old).await.expect_status(200);
    }
    std::fs::remove_file(place.path()).expect("a file");
    place.server.reread_files();
    place.show(&by_old).await.expect_status(200);
    publish(&place.path(), &[&new]);
    place.server.reread_files();
    place.show(&by_old).await.expect_refusal(401, "unauthenticated");
    place.show(&new.sign(&claims(json!({})))).await.expect_status(200);
}

#[test]
fn a_start_without_usable_keys_is_refused_before_anything_is_done() {
    let place = crate::process::Place::new();
    place.write("bad.json", r#"{"keys":[{"kty":"oct","kid":"weak","k":"c2hvcnQ"}]}"#);
    for (file, words) in [
        ("bad.json", &["jwt.jwks_file cannot be used: bad.json: its key \"weak\" is a secret of 5 bytes"][..]),
        ("missing.json", &["jwt.jwks_file cannot be read: missing.json"]),
    ] {
        let mut command = place.holdfast("data");
        let settings = ["auth.mode=jwt", "jwt.issuer=a", "jwt.audience=b", &format!("jwt.jwks_file={file}")];
        command.args(settings.iter().flat_map(|setting| ["--set", setting]));
        place.refuse(&mut command, 78, words);
    }
}
