//! Logins by a signed token (RFC 7519), which the front end or an identity provider has made.
//!
//! The signature is the library's business; what the token must say is checked here, against the engine's clock and nobody
//! else's. Neither the token nor a claim of it gets into the log.

use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use holdfast_engine::core::id::Slug;
use holdfast_engine::core::user::UserDetails;
use holdfast_engine::engine::Identity;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Deserialize;

use super::LoginError;
use super::key_set::{KeySet, KeySetError};
use super::user_name;
use crate::config::{self, JwtConfig};
use crate::watched_file::WatchedFile;

/// The longest token, in bytes.
const TOKEN_BYTES_MAX: usize = 8 << 10;
/// The longest e-mail address, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
const EMAIL_BYTES_MAX: usize = 254;

/// Why a token opens nothing. For the log of those who set up the issuer; whoever shows the token is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// More than `TOKEN_BYTES_MAX`.
    #[error("it is too long")]
    TooLong,
    /// It is no token, or its header asks for something that is not done here.
    #[error("its header is none that is taken here")]
    Header,
    /// No key has its `kid`.
    #[error("no key has its kid")]
    UnknownKey,
    /// The key signs with another algorithm than the header says.
    #[error("its algorithm is not that of its key")]
    OtherAlgorithm,
    /// Somebody else signed it, or it was changed; or its claims are not those of a login.
    #[error("its signature or the form of its claims is wrong")]
    SignatureOrClaims,
    /// See [`JwtConfig::issuer`].
    #[error("it has another issuer")]
    OtherIssuer,
    /// See [`JwtConfig::audience`].
    #[error("it is for another audience")]
    OtherAudience,
    /// `exp` is past.
    #[error("it has expired")]
    Expired,
    /// `nbf` or `iat` is to come.
    #[error("it is not valid yet, or from the future")]
    NotYetValid,
    /// `sub` is no legal user name, or not the one given beside the token.
    #[error("its sub is no user name, or not the given one")]
    Subject,
    /// `class` or `email` cannot be one.
    #[error("its class or email cannot be one")]
    Details,
}

/// Checks login tokens.
pub struct TokenLogins {
    file: WatchedFile,
    /// The key of the configuration that names the file.
    setting: &'static str,
    /// What the one key of the file signs with; `None` where the file is a key set.
    algorithm: Option<Algorithm>,
    /// The keys of the newest file that could be used.
    keys: RwLock<Arc<KeySet>>,
    issuer: String,
    audience: String,
    leeway_ms: u64,
}

/// What a token must say. Whatever else it says is not read.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    aud: Audience,
    /// Like the other times in seconds since the Unix epoch, perhaps with a fraction.
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    class: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl TokenLogins {
    /// Reads the keys.
    ///
    /// # Errors
    ///
    /// [`LoginError`] where the file cannot be read or used.
    pub fn new(config: &JwtConfig) -> Result<TokenLogins, LoginError> {
        let is_key_set = config::is_set(&config.jwks_file);
        let (setting, path) =
            if is_key_set { ("jwt.jwks_file", &config.jwks_file) } else { ("jwt.key_file", &config.key_file) };
        let file = WatchedFile::new(path);
        // The configuration has been checked: where there is no key set, there is an algorithm.
        let algorithm = if is_key_set { None } else { Algorithm::from_str(&config.algorithm).ok() };
        let keys = load_keys(&file, setting, algorithm)?.expect("a file has changed at the first look");
        Ok(TokenLogins {
            file,
            setting,
            algorithm,
            keys: RwLock::new(Arc::new(keys)),
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            leeway_ms: u64::from(config.leeway_seconds) * 1_000,
        })
    }

    /// Looks at the file again, and says whether it has changed. Keys that were taken out of it open nothing from now on. A
    /// file that cannot be used changes nothing.
    pub fn reread(&self) -> Result<bool, LoginError> {
        let Some(keys) = load_keys(&self.file, self.setting, self.algorithm)? else { return Ok(false) };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(true)
    }

    /// Whom the token names. `user` is the name given beside it, which must be the same.
    ///
    /// # Errors
    ///
    /// [`TokenRefusal`], the first that applies.
    pub fn establish(&self, token: &str, user: Option<&str>, now_ms: u64) -> Result<Identity, TokenRefusal> {
        let claims = self.open(token)?;
        if claims.iss != self.issuer {
            return Err(TokenRefusal::OtherIssuer);
        }
        if !claims.aud.has(&self.audience) {
            return Err(TokenRefusal::OtherAudience);
        }
        self.check_times(&claims, now_ms)?;
        let user_name = user_name::read(&claims.sub).map_err(|_| TokenRefusal::Subject)?;
        if user.is_some_and(|user| user != user_name) {
            return Err(TokenRefusal::Subject);
        }
        let details = read_details(claims.class, claims.email)?;
        Ok(Identity { user_name, details, checked_hash: None })
    }

    /// The claims of a token whose signature is right.
    fn open(&self, token: &str) -> Result<Claims, TokenRefusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefusal::TooLong);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenRefusal::Header)?;
        if brings_its_own_rules(&header) {
            return Err(TokenRefusal::Header);
        }
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let key = keys.pick(header.kid.as_deref()).ok_or(TokenRefusal::UnknownKey)?;
        if header.alg != key.algorithm {
            return Err(TokenRefusal::OtherAlgorithm);
        }
        // The library knows the wall clock only, and takes a token without an issuer for one of the right issuer: so it
        // checks the signature, and the rest is checked here.
        let mut signature_only = Validation::new(key.algorithm);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_nbf = false;
        signature_only.validate_aud = false;
        let opened = jsonwebtoken::decode::<Claims>(token, &key.decoding, &signature_only);
        opened.map(|token| token.claims).map_err(|_| TokenRefusal::SignatureOrClaims)
    }

    fn check_times(&self, claims: &Claims, now_ms: u64) -> Result<(), TokenRefusal> {
        if milliseconds(claims.exp).saturating_add(self.leeway_ms) <= now_ms {
            return Err(TokenRefusal::Expired);
        }
        let is_to_come = |time: f64| milliseconds(time) > now_ms.saturating_add(self.leeway_ms);
        if claims.nbf.is_some_and(is_to_come) || claims.iat.is_some_and(is_to_come) {
            return Err(TokenRefusal::NotYetValid);
        }
        Ok(())
    }
}

impl Audience {
    fn has(&self, audience: &str) -> bool {
        match self {
            Audience::One(one) => one == audience,
            Audience::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

fn read_keys(text: &[u8], algorithm: Option<Algorithm>) -> Result<KeySet, KeySetError> {
    algorithm.map_or_else(|| KeySet::from_jwks(text), |algorithm| KeySet::from_key_file(text, algorithm))
}

/// The keys in the file, where it has changed since the last look.
fn load_keys(
    file: &WatchedFile,
    setting: &'static str,
    algorithm: Option<Algorithm>,
) -> Result<Option<KeySet>, LoginError> {
    let path = || file.path().to_owned();
    let text = file.changed().map_err(|source| LoginError::KeysUnreadable { setting, path: path(), source })?;
    let keys = text.map(|text| read_keys(&text, algorithm)).transpose();
    keys.map_err(|source| LoginError::KeysUnusable { setting, path: path(), source })
}

/// Whether the header says how or with which key it wants to be checked. That is for the server to say; and what is marked
/// as critical must be refused where it is not known (RFC 7515, 4.1.11).
fn brings_its_own_rules(header: &Header) -> bool {
    let asks =
        [header.crit.is_some(), header.jku.is_some(), header.jwk.is_some(), header.x5u.is_some(), header.x5c.is_some()];
    asks.contains(&true) || header.enc.is_some() || header.zip.is_some()
}

/// Seconds as milliseconds. What is before the epoch or beyond all bounds is at the bound.
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1_000.0) as u64
}

fn read_details(class: Option<String>, email: Option<String>) -> Result<Option<UserDetails>, TokenRefusal> {
    if class.as_ref().is_some_and(|class| Slug::new(class).is_none()) {
        return Err(TokenRefusal::Details);
    }
    let is_address =
        |email: &String| (1..=EMAIL_BYTES_MAX).contains(&email.len()) && !email.chars().any(char::is_control);
    if email.as_ref().is_some_and(|email| !is_address(email)) {
        return Err(TokenRefusal::Details);
    }
    let is_told = class.is_some() || email.is_some();
    Ok(is_told.then_some(UserDetails { class, email }))
}
