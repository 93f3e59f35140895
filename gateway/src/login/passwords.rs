//! Passwords, and the hashes by which accounts know them: Argon2id, as PHC strings that carry their own parameters.

use std::fmt;

use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::config::AccountsConfig;
use crate::error::ApiError;

/// The longest password, in characters.
const LENGTH_MAX: usize = 128;

/// A password, as it was typed: nothing is trimmed, folded or normalised. Its memory is wiped when it goes.
pub struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(text: String) -> Password {
        Password(Zeroizing::new(text))
    }
}

impl<'de> Deserialize<'de> for Password {
    /// Serde by itself would repeat in its error what it got instead of a text, and a number is a password too.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Password, D::Error> {
        String::deserialize(deserializer).map(Password::from).map_err(|_| D::Error::custom("a password must be a text"))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password")
    }
}

impl Password {
    /// The password, where `user_name` may take it as a new one.
    ///
    /// Length is all that is asked, beside that it is not the name: rules about kinds of characters make passwords worse
    /// (NIST SP 800-63B, 3.1.1.2).
    ///
    /// # Errors
    ///
    /// [`ApiError::Validation`] of `field`.
    pub fn acceptable(self, field: &str, user_name: &str, length_min: u32) -> Result<Password, ApiError> {
        let length = self.0.chars().count();
        if length < length_min as usize || length > LENGTH_MAX {
            return Err(ApiError::invalid(field, format!("must have {length_min} to {LENGTH_MAX} characters")));
        }
        if self.0.to_lowercase() == user_name.to_lowercase() {
            return Err(ApiError::invalid(field, "must not be the user name"));
        }
        Ok(self)
    }
}

/// Makes and checks hashes. A hash takes milliseconds and much memory, by intention: see [`super::password_pool`].
#[derive(Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    /// A hash of nobody's password, checked where there is no account, so that this takes as long as where there is one.
    nobody: PasswordHash,
}

impl Hasher {
    /// A hasher with the parameters of the configuration, which has been checked.
    ///
    /// # Errors
    ///
    /// Where the system has no memory for a single hash, or no random bytes.
    pub fn new(config: &AccountsConfig) -> Result<Hasher, Error> {
        // One lane: a hash runs on one thread, and others are waiting for the next.
        let params = Params::new(config.hash_memory_kib, config.hash_passes, 1, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let nobody = argon2.hash_password(&random)?;
        Ok(Hasher { argon2, nobody })
    }

    /// A new hash of a password, with a salt of its own.
    ///
    /// # Errors
    ///
    /// Where the system has no memory for it, or no random bytes.
    pub fn hash(&self, password: &Password) -> Result<String, Error> {
        self.argon2.hash_password(password.0.as_bytes()).map(|hash| hash.to_string())
    }

    /// Whether `hash` is that of the password. Without a hash, or with one that cannot be read, it takes as long and is not.
    ///
    /// # Errors
    ///
    /// Where the system has no memory for it.
    pub fn verify(&self, password: &Password, hash: Option<&str>) -> Result<bool, Error> {
        let known = hash.and_then(|hash| PasswordHash::new(hash).ok());
        let checked = self.argon2.verify_password(password.0.as_bytes(), known.as_ref().unwrap_or(&self.nobody));
        match checked {
            Ok(()) => Ok(known.is_some()),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(hash_passes: u32) -> Hasher {
        Hasher::new(&AccountsConfig { hash_memory_kib: 8 << 10, hash_passes, ..AccountsConfig::default() })
            .expect("memory")
    }

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    #[test]
    fn a_hash_says_how_it_was_made_and_knows_its_password() {
        let hasher = hasher(1);
        let hash = hasher.hash(&password("correct horse")).expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=8192,t=1,p=1$"), "{hash}");
        assert_ne!(hash, hasher.hash(&password("correct horse")).expect("a hash"), "each has its own salt");
        let verify = |text: &str, hash: Option<&str>| hasher.verify(&password(text), hash).expect("memory");
        assert!(verify("correct horse", Some(&hash)));
        assert!(!verify("correct horsE", Some(&hash)));
        assert!(!verify("correct horse ", Some(&hash)));
        assert!(!verify("correct horse", None));
        assert!(!verify("correct horse", Some("no hash")));
    }

    #[test]
    fn a_hash_of_other_parameters_is_still_known() {
        let hash = hasher(2).hash(&password("correct horse")).expect("a hash");
        assert!(hasher(1).verify(&password("correct horse"), Some(&hash)).expect("memory"));
    }

    #[test]
    fn length_is_all_that_is_asked() {
        let rows = [
            ("ninechars", Some("password must have 10 to 128 characters")),
            ("ten chars.", None),
            ("          ", None),
            ("zehn·äöü·ß", None),
            ("Ann.Example", Some("password must not be the user name")),
        ];
        for (text, refusal) in rows {
            let refused = password(text).acceptable("password", "ann.example", 10).err();
            let told = refused.map(|error| match error {
                ApiError::Validation(errors) => format!("{} {}", errors[0].field, errors[0].message),
                other => panic!("{other:?}"),
            });
            assert_eq!(told.as_deref(), refusal, "{text}");
        }
        let long = |length| password(&"ä".repeat(length)).acceptable("password", "ann", 10);
        assert!(long(128).is_ok());
        assert!(long(129).is_err());
    }

    #[test]
    fn a_password_does_not_show_itself() {
        assert_eq!(format!("{:?}", password("correct horse")), "Password");
    }
}
