//! What a genuine login token says. Whoever signs it is trusted with the user's name, and with nothing else.
//!
//! The input is the claims, which are signed here.

#![no_main]

use std::io::Write;
use std::sync::LazyLock;

use holdfast::config::JwtConfig;
use holdfast::login::jwt::TokenLogins;
use holdfast::login::user_name;
use holdfast_engine::core::id::Slug;
use jsonwebtoken::{EncodingKey, Header, encode};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;

const SECRET: &[u8] = b"a secret that only fuzzing knows";
const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "tickets.example";
const NOW_MS: u64 = 1_795_341_600_000;
const LEEWAY_MS: f64 = 30_000.0;

static KEY: LazyLock<EncodingKey> = LazyLock::new(|| EncodingKey::from_secret(SECRET));

static LOGINS: LazyLock<TokenLogins> = LazyLock::new(|| {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(SECRET).expect("a file");
    let config = JwtConfig {
        key_file: file.path().to_owned(),
        algorithm: "HS256".to_owned(),
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        leeway_seconds: (LEEWAY_MS / 1_000.0) as u32,
        ..JwtConfig::default()
    };
    TokenLogins::new(&config).expect("a usable key")
});

fuzz_target!(|input: &[u8]| -> Corpus {
    let Ok(claims) = serde_json::from_slice::<Value>(input) else { return Corpus::Reject };
    let token = encode(&Header::default(), &claims, &KEY).expect("a token");
    let Ok(identity) = LOGINS.establish(&token, None, NOW_MS) else { return Corpus::Keep };
    assert_eq!(claims["iss"], ISSUER);
    assert!(claims["aud"] == AUDIENCE || claims["aud"].as_array().is_some_and(|many| many.contains(&AUDIENCE.into())));
    let milliseconds = |claim: &str| claims[claim].as_f64().map(|seconds| seconds * 1_000.0);
    let now_ms = NOW_MS as f64;
    assert!(milliseconds("exp").is_some_and(|at_ms| at_ms + LEEWAY_MS > now_ms), "it had expired");
    for claim in ["nbf", "iat"] {
        // Fractions of a millisecond do not count.
        assert!(milliseconds(claim).is_none_or(|at_ms| at_ms < now_ms + LEEWAY_MS + 1.0), "it was from the future");
    }
    assert_eq!(claims["sub"], identity.user_name);
    assert_eq!(user_name::read(&identity.user_name).ok(), Some(identity.user_name));
    if let Some(details) = identity.details {
        assert!(details.class.is_none_or(|class| Slug::new(&class).is_some()), "an illegal class");
        assert!(details.email.is_none_or(|email| (1..=254).contains(&email.len())), "an illegal address");
    }
    Corpus::Keep
});
