//! Files of keys: a JSON Web Key Set, or one key by itself. What is taken can be used.

#![no_main]

use holdfast::login::key_set::{KeySet, KeySetError};
use jsonwebtoken::Algorithm::{ES256, EdDSA, HS256, RS256};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    check(KeySet::from_jwks(input));
    for algorithm in [HS256, RS256, ES256, EdDSA] {
        let Some(keys) = check(KeySet::from_key_file(input, algorithm)) else { continue };
        assert_eq!(keys.pick(None).map(|key| key.algorithm), Some(algorithm), "a key of another algorithm");
    }
});

fn check(read: Result<KeySet, KeySetError>) -> Option<KeySet> {
    match read {
        Ok(keys) => {
            assert!(!keys.is_empty(), "a set of no keys was taken");
            assert_eq!(keys.pick(None).is_some(), keys.len() == 1, "a token without a kid means the only key");
            Some(keys)
        }
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            None
        }
    }
}
