//! The keys that sign login tokens: which ones are taken, and which one a token is to be checked with.
//!
//! A key signs with one algorithm only, which its type settles, and not the token (RFC 8725, 3.1): a token cannot choose how
//! it is checked. A file with one key that cannot be used is refused as a whole: half a set would lock users out unseen.

use aws_lc_rs::rsa::{PublicEncryptingKey, PublicKeyComponents};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde_json::Value;

/// The shortest secret of HS256, in bytes: as long as its hash (RFC 7518, 3.2).
const SECRET_BYTES_MIN: usize = 32;
/// The shortest modulus of an RSA key, in bits (RFC 7518, 3.3).
const MODULUS_BITS_MIN: usize = 2_048;

/// Members of a JSON Web Key that are nobody's business but the issuer's.
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Why a file of keys is refused. No text has anything of a key itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is not what RFC 7517 says.
    #[error("it is no JSON Web Key Set: an object with a list \"keys\"")]
    NotAKeySet,
    /// Nothing in it signs.
    #[error("it has no key that signs")]
    Empty,
    /// A token could not say which one it means.
    #[error("two of its keys have the kid {0:?}")]
    Duplicate(String),
    /// A token could not say that it means this one.
    #[error("its key {0} must have a kid, because it is not the only one")]
    Unnamed(String),
    /// A key cannot be used.
    #[error("its key {name} {fault}")]
    Key {
        /// The key's kid, or its place in the file.
        name: String,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// The one key of a file cannot be used.
    #[error("its key {0}")]
    OnlyKey(KeyFault),
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Another type, or something of it is missing.
    #[error("is no whole key of type oct, RSA, EC with curve P-256, or OKP with curve Ed25519")]
    UnknownType,
    /// The file says that it signs otherwise.
    #[error("is for another algorithm than {}, with which keys of its type sign here", algorithm_name(*.0))]
    OtherAlgorithm(Algorithm),
    /// A server that only checks must not have it.
    #[error("has private parts: leave only the public ones here")]
    Private,
    /// A text that only looks like a key.
    #[error("is no valid key")]
    Invalid,
    /// Not in the form of a file of one key.
    #[error("must be a public key in PEM, beginning with -----BEGIN PUBLIC KEY----- or -----BEGIN RSA PUBLIC KEY-----")]
    NotPublicPem,
    /// A key in PEM taken for a secret: it may be a public one, and then everybody could sign.
    #[error("is a PEM file and no secret, as HS256 needs")]
    PemAsSecret,
    /// The secret could be guessed.
    #[error("is a secret of {0} bytes, but must have {SECRET_BYTES_MIN} or more")]
    SecretTooShort(usize),
    /// The modulus could be factored.
    #[error("is an RSA key of {0} bits, but must have {MODULUS_BITS_MIN} or more")]
    ModulusTooShort(usize),
}

fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HS256 => "HS256",
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        _ => "EdDSA",
    }
}

/// The keys that may sign, at least one.
pub struct KeySet {
    keys: Vec<Key>,
}

/// A key that may sign.
pub struct Key {
    /// Its name in the header of a token; `None` only where it is the only one.
    kid: Option<String>,
    /// What it signs with, and nothing else.
    pub algorithm: Algorithm,
    /// What a signature is checked with.
    pub decoding: DecodingKey,
}

impl KeySet {
    /// The keys of a JSON Web Key Set that are for signatures. Those whose `use` or `key_ops` says otherwise are passed over.
    pub fn from_jwks(text: &[u8]) -> Result<KeySet, KeySetError> {
        let set: Value = serde_json::from_slice(text).map_err(|_| KeySetError::NotAKeySet)?;
        let items = set.get("keys").and_then(Value::as_array).ok_or(KeySetError::NotAKeySet)?;
        let mut keys = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let kid = item.get("kid").and_then(Value::as_str);
            let name = kid.map_or_else(|| format!("number {}", index + 1), |kid| format!("{kid:?}"));
            let key = read_item(item).map_err(|fault| KeySetError::Key { name: name.clone(), fault })?;
            keys.extend(key.map(|key| (name, key)));
        }
        KeySet::of(keys)
    }

    /// The one key of a file, which signs with `algorithm`: a public key in PEM, or the secret of HS256, without the line
    /// break at its end.
    pub fn from_key_file(text: &[u8], algorithm: Algorithm) -> Result<KeySet, KeySetError> {
        let key = match algorithm {
            Algorithm::HS256 => read_secret_file(text),
            _ => read_pem(text, algorithm),
        };
        Ok(KeySet { keys: vec![key.map_err(KeySetError::OnlyKey)?] })
    }

    /// The key that a token with this `kid` is to be checked with. A token without one means the only key; and where the
    /// only key has no name, whatever name the issuer gives it is taken.
    pub fn pick(&self, kid: Option<&str>) -> Option<&Key> {
        if let [key] = self.keys.as_slice()
            && (kid.is_none() || key.kid.is_none())
        {
            return Some(key);
        }
        self.keys.iter().find(|key| kid.is_some() && key.kid.as_deref() == kid)
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Never: see [`KeySetError::Empty`].
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn of(named: Vec<(String, Key)>) -> Result<KeySet, KeySetError> {
        for (index, (name, key)) in named.iter().enumerate() {
            match &key.kid {
                Some(kid) if named[..index].iter().any(|(_, other)| other.kid.as_ref() == Some(kid)) => {
                    return Err(KeySetError::Duplicate(kid.clone()));
                }
                None if named.len() > 1 => return Err(KeySetError::Unnamed(name.clone())),
                _ => {}
            }
        }
        if named.is_empty() {
            return Err(KeySetError::Empty);
        }
        Ok(KeySet { keys: named.into_iter().map(|(_, key)| key).collect() })
    }
}

/// A key of a set; `None` where it is for something else than signatures.
fn read_item(item: &Value) -> Result<Option<Key>, KeyFault> {
    if item.get("use").is_some_and(|purpose| purpose != "sig") {
        return Ok(None);
    }
    if PRIVATE_MEMBERS.iter().any(|member| item.get(member).is_some()) {
        return Err(KeyFault::Private);
    }
    let jwk: Jwk = serde_json::from_value(item.clone()).map_err(|_| KeyFault::UnknownType)?;
    if jwk.common.key_operations.as_ref().is_some_and(|allowed| !allowed.contains(&KeyOperations::Verify)) {
        return Ok(None);
    }
    let (algorithm, decoding) = read_parameters(&jwk)?;
    if jwk.common.key_algorithm.is_some_and(|said| said != KeyAlgorithm::from(algorithm)) {
        return Err(KeyFault::OtherAlgorithm(algorithm));
    }
    Ok(Some(Key { kid: jwk.common.key_id, algorithm, decoding }))
}

/// The key, and the one algorithm that keys of its type sign with here.
fn read_parameters(jwk: &Jwk) -> Result<(Algorithm, DecodingKey), KeyFault> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::OctetKey(_) => Algorithm::HS256,
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return Err(KeyFault::UnknownType),
    };
    let decoding = DecodingKey::from_jwk(jwk).map_err(|_| KeyFault::Invalid)?;
    check(algorithm, &decoding)?;
    Ok((algorithm, decoding))
}

fn read_secret_file(text: &[u8]) -> Result<Key, KeyFault> {
    if text.trim_ascii_start().starts_with(b"-----BEGIN") {
        return Err(KeyFault::PemAsSecret);
    }
    let secret = text.strip_suffix(b"\n").unwrap_or(text);
    let decoding = DecodingKey::from_secret(secret.strip_suffix(b"\r").unwrap_or(secret));
    check(Algorithm::HS256, &decoding)?;
    Ok(Key { kid: None, algorithm: Algorithm::HS256, decoding })
}

fn read_pem(text: &[u8], algorithm: Algorithm) -> Result<Key, KeyFault> {
    let begins = |with: &str| text.trim_ascii_start().starts_with(with.as_bytes());
    if !begins("-----BEGIN PUBLIC KEY-----") && !begins("-----BEGIN RSA PUBLIC KEY-----") {
        return Err(KeyFault::NotPublicPem);
    }
    let decoding = match algorithm {
        Algorithm::RS256 => DecodingKey::from_rsa_pem(text),
        Algorithm::ES256 => DecodingKey::from_ec_pem(text),
        _ => DecodingKey::from_ed_pem(text),
    };
    // As parameters, so that a key is judged alike whatever file it came in.
    let jwk = decoding.and_then(|decoding| Jwk::from_decoding_key(&decoding, Some(algorithm)));
    let (own_algorithm, decoding) = read_parameters(&jwk.map_err(|_| KeyFault::Invalid)?)?;
    if own_algorithm != algorithm {
        return Err(KeyFault::OtherAlgorithm(own_algorithm));
    }
    Ok(Key { kid: None, algorithm, decoding })
}

/// Refuses what is too weak, and what no signature could ever be checked with.
fn check(algorithm: Algorithm, key: &DecodingKey) -> Result<(), KeyFault> {
    match (algorithm, key.kind()) {
        (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) if secret.len() < SECRET_BYTES_MIN => {
            Err(KeyFault::SecretTooShort(secret.len()))
        }
        (Algorithm::HS256, DecodingKeyKind::SecretOrDer(_)) => Ok(()),
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => check_rsa(n, e),
        (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map(drop).map_err(|_| KeyFault::Invalid)
        }
        (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(point)) => {
            ParsedPublicKey::new(&ED25519, point).map(drop).map_err(|_| KeyFault::Invalid)
        }
        _ => Err(KeyFault::Invalid),
    }
}

fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyFault> {
    let leading_zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let bits = modulus[leading_zeros..]
        .first()
        .map_or(0, |first| 8 * (modulus.len() - leading_zeros) - first.leading_zeros() as usize);
    if bits < MODULUS_BITS_MIN {
        return Err(KeyFault::ModulusTooShort(bits));
    }
    let key: Result<PublicEncryptingKey, _> = PublicKeyComponents { n: modulus, e: exponent }.try_into();
    key.map(drop).map_err(|_| KeyFault::Invalid)
}

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256};
    use serde_json::json;

    use super::*;

    const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

    fn pem(algorithm: &'static rcgen::SignatureAlgorithm) -> String {
        KeyPair::generate_for(algorithm).expect("a key").public_key_pem()
    }

    /// The public parts of a new key, as an item of a set.
    fn item(algorithm: Algorithm) -> Value {
        let decoding = match algorithm {
            Algorithm::RS256 => DecodingKey::from_rsa_pem(pem(&PKCS_RSA_SHA256).as_bytes()),
            Algorithm::ES256 => DecodingKey::from_ec_pem(pem(&PKCS_ECDSA_P256_SHA256).as_bytes()),
            Algorithm::ES384 => DecodingKey::from_ec_pem(pem(&PKCS_ECDSA_P384_SHA384).as_bytes()),
            _ => DecodingKey::from_ed_pem(pem(&PKCS_ED25519).as_bytes()),
        };
        let jwk = Jwk::from_decoding_key(&decoding.expect("a key"), None).expect("a key");
        serde_json::to_value(jwk).expect("JSON")
    }

    fn with(mut item: Value, members: Value) -> Value {
        let item_members = item.as_object_mut().expect("an object");
        item_members.extend(members.as_object().expect("an object").clone());
        item
    }

    fn read(items: &[Value]) -> Result<KeySet, KeySetError> {
        KeySet::from_jwks(json!({ "keys": items }).to_string().as_bytes())
    }

    fn refusal(items: &[Value]) -> String {
        read(items).err().expect("a refusal").to_string()
    }

    #[test]
    fn each_type_of_key_has_its_one_algorithm() {
        let secret = json!({ "kty": "oct", "k": SECRET });
        let rows = [
            (secret, Algorithm::HS256, "HS256"),
            (item(Algorithm::RS256), Algorithm::RS256, "RS256"),
            (item(Algorithm::ES256), Algorithm::ES256, "ES256"),
            (item(Algorithm::EdDSA), Algorithm::EdDSA, "EdDSA"),
        ];
        for (item, algorithm, name) in rows {
            for members in [json!({}), json!({ "alg": name, "use": "sig", "key_ops": ["verify"], "x5t": "abc" })] {
                let set = read(&[with(item.clone(), members)]).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(set.pick(None).expect("a key").algorithm, algorithm, "{name}");
            }
            let other = read(&[with(item, json!({ "alg": "PS256", "kid": "a" }))]).err().expect("a refusal");
            assert_eq!(
                other.to_string(),
                format!("its key \"a\" is for another algorithm than {name}, with which keys of its type sign here")
            );
        }
    }

    #[test]
    fn the_kid_picks_the_key() {
        let key = |kid: Option<&str>| with(item(Algorithm::EdDSA), kid.map_or(json!({}), |kid| json!({ "kid": kid })));
        let picked = |set: &KeySet, kid| set.pick(kid).map(|key| key.kid.clone());
        let two = read(&[key(Some("a")), key(Some("b"))]).expect("a set");
        assert_eq!(two.len(), 2);
        assert_eq!(picked(&two, Some("b")), Some(Some("b".to_owned())));
        assert_eq!((picked(&two, Some("c")), picked(&two, None)), (None, None));
        let one = read(&[key(Some("a"))]).expect("a set");
        assert_eq!((picked(&one, None), picked(&one, Some("b"))), (Some(Some("a".to_owned())), None));
        let unnamed = read(&[key(None)]).expect("a set");
        assert_eq!((picked(&unnamed, None), picked(&unnamed, Some("b"))), (Some(None), Some(None)));
        assert_eq!(refusal(&[key(Some("a")), key(Some("a"))]), "two of its keys have the kid \"a\"");
        assert_eq!(
            refusal(&[key(Some("a")), key(None)]),
            "its key number 2 must have a kid, because it is not the only one"
        );
    }

    #[test]
    fn what_is_for_something_else_is_passed_over() {
        let encrypts = with(item(Algorithm::RS256), json!({ "use": "enc", "alg": "RSA-OAEP", "kid": "a" }));
        let wraps = with(item(Algorithm::RS256), json!({ "key_ops": ["wrapKey"], "kid": "a" }));
        let signs = with(item(Algorithm::ES256), json!({ "kid": "a" }));
        assert_eq!(read(&[encrypts.clone(), wraps.clone(), signs]).expect("a set").len(), 1);
        assert_eq!(refusal(&[encrypts, wraps]), "it has no key that signs");
        assert_eq!(refusal(&[]), "it has no key that signs");
    }

    #[test]
    fn a_key_that_cannot_be_used_refuses_the_file_by_its_name() {
        let unknown = "is no whole key of type oct, RSA, EC with curve P-256, or OKP with curve Ed25519";
        let private = "has private parts: leave only the public ones here";
        let zeros = "A".repeat(43);
        let short_modulus = format!("gAAA{}", "A".repeat(166));
        let rows = [
            (json!({ "kty": "oct", "k": "c2hvcnQ" }), "is a secret of 5 bytes, but must have 32 or more"),
            (json!({ "kty": "oct", "k": "?" }), "is no valid key"),
            (json!({ "kty": "oct" }), unknown),
            (
                json!({ "kty": "RSA", "n": short_modulus, "e": "AQAB" }),
                "is an RSA key of 1016 bits, but must have 2048 or more",
            ),
            (with(item(Algorithm::RS256), json!({ "e": "AA" })), "is no valid key"),
            (with(item(Algorithm::RS256), json!({ "d": "AQAB" })), private),
            (with(item(Algorithm::EdDSA), json!({ "d": "AQAB" })), private),
            (with(item(Algorithm::ES256), json!({ "x": zeros })), "is no valid key"),
            (item(Algorithm::ES384), unknown),
            (with(item(Algorithm::EdDSA), json!({ "crv": "X25519" })), unknown),
            (with(item(Algorithm::EdDSA), json!({ "x": "AQAB" })), "is no valid key"),
            (json!({ "kty": "AKP" }), unknown),
        ];
        for (item, fault) in rows {
            let good = with(super::tests::item(Algorithm::EdDSA), json!({ "kid": "good" }));
            assert_eq!(
                refusal(&[good, with(item.clone(), json!({ "kid": "bad" }))]),
                format!("its key \"bad\" {fault}"),
                "{item}"
            );
        }
        assert_eq!(refusal(&[json!("a")]), format!("its key number 1 {unknown}"));
    }

    #[test]
    fn what_is_no_key_set_is_refused_without_repeating_it() {
        for text in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]} x", "\"secret\""] {
            assert_eq!(KeySet::from_jwks(text.as_bytes()).err(), Some(KeySetError::NotAKeySet), "{text}");
        }
    }

    #[test]
    fn a_file_of_one_key_has_a_public_one_or_a_secret() {
        let read = |text: &str, algorithm| KeySet::from_key_file(text.as_bytes(), algorithm);
        let refusal = |text: &str, algorithm| read(text, algorithm).err().expect("a refusal").to_string();
        for (kind, algorithm) in [
            (&PKCS_RSA_SHA256, Algorithm::RS256),
            (&PKCS_ECDSA_P256_SHA256, Algorithm::ES256),
            (&PKCS_ED25519, Algorithm::EdDSA),
        ] {
            let pair = KeyPair::generate_for(kind).expect("a key");
            let set = read(&pair.public_key_pem(), algorithm).expect("a set");
            assert!(set.pick(Some("any")).is_some_and(|key| key.algorithm == algorithm));
            assert_eq!(
                read(&pair.serialize_pem(), algorithm).err(),
                Some(KeySetError::OnlyKey(KeyFault::NotPublicPem))
            );
            assert_eq!(
                refusal(&pair.public_key_pem(), Algorithm::HS256),
                "its key is a PEM file and no secret, as HS256 needs"
            );
        }
        for (kind, algorithm) in [
            (&PKCS_RSA_SHA256, Algorithm::ES256),
            (&PKCS_ECDSA_P256_SHA256, Algorithm::RS256),
            (&PKCS_ECDSA_P256_SHA256, Algorithm::EdDSA),
        ] {
            assert!(read(&pem(kind), algorithm).is_err(), "{algorithm:?}");
        }
        assert!(read(&pem(&PKCS_ECDSA_P384_SHA384), Algorithm::ES256).is_err());
        assert_eq!(
            refusal(&format!("{}\n", "x".repeat(31)), Algorithm::HS256),
            "its key is a secret of 31 bytes, but must have 32 or more"
        );
        assert!(read(&format!("{}\r\n", "x".repeat(32)), Algorithm::HS256).is_ok());
    }
}
