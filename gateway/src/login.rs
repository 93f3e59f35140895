//! How a login proves who it is. Every mode of `auth.mode` ends with an [`Identity`], and all that follows is the same.
//!
//! `login/jwt.rs` checks signed tokens, `login/key_set.rs` has the keys for that; `login/passwords.rs` hashes passwords,
//! `login/password_pool.rs` bounds what that may cost; `login/user_name.rs` says what a name is.
//!
//! **Architecture invariant:** a proof is in no log, metric, journal or snapshot; of passwords the journal has hashes.

pub mod account_errand;
pub mod jwt;
pub mod key_set;
pub mod password_pool;
pub mod passwords;
pub mod user_name;

use std::io;
use std::path::PathBuf;

use holdfast_engine::engine::{Engine, Identity};
use holdfast_engine::storage::EXIT_CONFIGURATION;

use crate::client::Client;
use crate::config::{AuthMode, Config};
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::server::EXIT_OS;
use jwt::TokenLogins;
use key_set::KeySetError;
use password_pool::PasswordPool;
use passwords::Password;

/// How a login proves who it is, with all that is needed to check it.
pub enum Login {
    /// Not at all.
    Open,
    /// By user name and password.
    Accounts(PasswordPool),
    /// By a signed token.
    Jwt(Box<TokenLogins>),
    /// Not by itself: the caller is a sale's own back end, which has shown its own token before.
    Service,
}

/// What a login shows. What its mode does not ask for is not looked at.
#[derive(Debug, Default)]
pub struct Proof {
    /// The user's name.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<Password>,
    /// A token that somebody has signed for them.
    pub token: Option<String>,
}

/// Why logins cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The file of keys cannot be read.
    #[error("{setting} cannot be read: {}: {source}", path.display())]
    KeysUnreadable {
        /// The key of the configuration.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file of keys cannot be used.
    #[error("{setting} cannot be used: {}: {source}", path.display())]
    KeysUnusable {
        /// The key of the configuration.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeySetError,
    },
    /// Passwords cannot be hashed.
    #[error("passwords cannot be hashed: {0}")]
    Passwords(io::Error),
}

impl LoginError {
    /// The exit code of a process that this error ends.
    pub fn exit_code(&self) -> u8 {
        match self {
            LoginError::KeysUnreadable { .. } | LoginError::KeysUnusable { .. } => EXIT_CONFIGURATION,
            LoginError::Passwords(_) => EXIT_OS,
        }
    }
}

impl Login {
    /// The mode of the configuration, which has been checked, with its keys or threads.
    ///
    /// # Errors
    ///
    /// [`LoginError`].
    pub fn start(config: &Config) -> Result<Login, LoginError> {
        Ok(match config.auth.mode {
            AuthMode::Open => Login::Open,
            AuthMode::Accounts => {
                Login::Accounts(PasswordPool::start(&config.accounts).map_err(LoginError::Passwords)?)
            }
            AuthMode::Jwt => Login::Jwt(Box::new(TokenLogins::new(&config.jwt)?)),
            AuthMode::Service => Login::Service,
        })
    }

    /// Who logs in.
    ///
    /// # Errors
    ///
    /// `unauthenticated`, whichever part of the proof is wrong or missing; `malformed_request` or `validation_failed` where
    /// `user` is none; `rate_limited` where `client` or the account has had too many password logins lately; `overloaded`
    /// where too many passwords wait to be checked.
    pub async fn establish(&self, gateway: &Gateway, client: &Client, proof: Proof) -> Result<Identity, ApiError> {
        match self {
            Login::Open | Login::Service => Ok(Identity::named(required_user(proof.user)?)),
            Login::Accounts(pool) => {
                let user_name = required_user(proof.user)?;
                let password = proof.password.ok_or(ApiError::Unauthenticated)?;
                check_password(gateway, pool, client, &user_name, password).await?;
                Ok(Identity::named(user_name))
            }
            Login::Jwt(tokens) => by_token(gateway.engine()?, tokens, &proof),
        }
    }

    /// The threads that hash passwords.
    ///
    /// # Errors
    ///
    /// `not_found` in modes without accounts.
    pub fn accounts(&self) -> Result<&PasswordPool, ApiError> {
        match self {
            Login::Accounts(pool) => Ok(pool),
            _ => Err(ApiError::NotFound("not_found")),
        }
    }

    /// Looks at the file of keys again, and says whether it has changed; to be called every few seconds, where it may block.
    ///
    /// # Errors
    ///
    /// Where the file cannot be used. The keys that were in force stay in force.
    pub fn reread(&self) -> Result<bool, LoginError> {
        match self {
            Login::Jwt(tokens) => tokens.reread(),
            _ => Ok(false),
        }
    }
}

/// Whether it is the password of the user's account. Answers the hash that says so, for whoever acts on it later.
///
/// # Errors
///
/// `unauthenticated` where it is not, and where there is no account, after the same time; `rate_limited` where `client` or the
/// account has been tried too often lately; `overloaded` where too many wait.
pub async fn check_password(
    gateway: &Gateway,
    pool: &PasswordPool,
    client: &Client,
    user_name: &str,
    password: Password,
) -> Result<String, ApiError> {
    let engine = gateway.engine()?;
    gateway.rates().login(client, user_name)?;
    let hash = engine.password_hash(user_name);
    let is_right = pool.verify(password, hash.clone()).await?;
    // While it was hashed, the account may have got another password, or gone.
    hash.filter(|hash| is_right && engine.password_hash(user_name).as_ref() == Some(hash))
        .ok_or(ApiError::Unauthenticated)
}

fn by_token(engine: &Engine, tokens: &TokenLogins, proof: &Proof) -> Result<Identity, ApiError> {
    let token = proof.token.as_deref().ok_or(ApiError::Unauthenticated)?;
    tokens.establish(token, proof.user.as_deref(), engine.now_ms()).map_err(|reason| {
        tracing::debug!(%reason, "a login token opens nothing");
        ApiError::Unauthenticated
    })
}

fn required_user(user: Option<String>) -> Result<String, ApiError> {
    user_name::read(&user.ok_or_else(|| ApiError::Malformed("missing field `user`".to_owned()))?)
}
