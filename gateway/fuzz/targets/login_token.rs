//! Login tokens as strangers make them up, against a key of each algorithm: none opens anything.
//!
//! The private halves of the keys are gone. The genuine tokens among the seeds are for another audience.

#![no_main]

use std::io::Write;
use std::sync::LazyLock;

use holdfast::config::JwtConfig;
use holdfast::login::jwt::TokenLogins;
use libfuzzer_sys::fuzz_target;

const KEYS: &[u8] = include_bytes!("../keys.json");
const NOW_MS: u64 = 1_795_341_600_000;

static LOGINS: LazyLock<TokenLogins> = LazyLock::new(|| {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(KEYS).expect("a file");
    let config = JwtConfig {
        jwks_file: file.path().to_owned(),
        issuer: "https://id.example".to_owned(),
        audience: "tickets.example".to_owned(),
        ..JwtConfig::default()
    };
    TokenLogins::new(&config).expect("usable keys")
});

fuzz_target!(|input: &[u8]| {
    let Ok(token) = std::str::from_utf8(input) else { return };
    let refusal = LOGINS.establish(token, None, NOW_MS);
    assert!(refusal.is_err(), "a token that nobody signed was taken");
});
