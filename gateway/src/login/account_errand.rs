//! `holdfast account add | remove | reset`: accounts of a data directory that no server uses. A running server has the
//! admin API for that.

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use holdfast_engine::clock::SystemClock;
use holdfast_engine::core::change::By;
use holdfast_engine::core::rejection::Rejection;
use holdfast_engine::engine::{AccountAnswer, Engine, Wheels};
use holdfast_engine::error::{OpenError, Unavailable};
use holdfast_engine::storage::{DataDirectory, EXIT_IO, StorageError};
use zeroize::Zeroizing;

use super::passwords::{Hasher, Password};
use super::user_name;
use crate::config::Config;
use crate::error::ApiError;
use crate::secret;
use crate::server::{EXIT_OS, EXIT_USAGE};

/// Who did it, in the audit trail.
const ACTOR: &str = "command-line";
/// How much chance is in a password that is made here, in bytes.
const MADE_PASSWORD_BYTES: usize = 16;

/// What is to be done with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountErrand {
    /// Whose.
    pub user: String,
    /// What.
    pub action: AccountAction,
}

/// What is to be done with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAction {
    /// It is made.
    Add(PasswordSource),
    /// It gets another password, and no token of the user opens anything any more.
    Reset(PasswordSource),
    /// It goes, and the user's session with it.
    Remove,
}

/// Where a password comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// It is made, and printed this once.
    Made,
    /// The first line of standard input.
    Input,
}

/// Why an errand was not done. Nothing has changed then, except where a password that was made could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A server uses the data directory.
    #[error(
        "{0}; a running server changes accounts by POST /v1/admin/accounts, PUT /v1/admin/accounts/NAME/password and \
         DELETE /v1/admin/accounts/NAME"
    )]
    Locked(StorageError),
    /// There is no data directory.
    #[error(transparent)]
    DataDirectory(StorageError),
    /// The engine cannot be opened.
    #[error(transparent)]
    Open(OpenError),
    /// The name or the password cannot be one.
    #[error("{0}")]
    Unfit(String),
    /// The rules refuse it.
    #[error("{user}: {}", rejection_text(.rejection))]
    Rejected {
        /// Whose account.
        user: String,
        /// The refusal.
        rejection: Rejection,
    },
    /// The journal does not take it.
    #[error("the account cannot be changed: {0}")]
    Unavailable(#[from] Unavailable),
    /// The system has no memory, thread or random bytes.
    #[error("a password cannot be hashed: {0}")]
    System(io::Error),
    /// Standard input or output does not work.
    #[error("cannot read standard input or write standard output: {0}")]
    Stream(io::Error),
}

fn rejection_text(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::AccountExists => "there is an account of this name already",
        Rejection::AccountNotFound => "there is no account of this name",
        _ => "the account cannot be changed like this",
    }
}

impl AccountError {
    /// The exit code of a process that this error ends.
    pub fn exit_code(&self) -> u8 {
        match self {
            AccountError::Locked(error) | AccountError::DataDirectory(error) => error.exit_code(),
            AccountError::Open(error) => error.exit_code(),
            AccountError::Unfit(_) | AccountError::Rejected { .. } => EXIT_USAGE,
            AccountError::Unavailable(_) | AccountError::Stream(_) => EXIT_IO,
            AccountError::System(_) => EXIT_OS,
        }
    }
}

impl From<OpenError> for AccountError {
    fn from(error: OpenError) -> AccountError {
        match error {
            OpenError::Storage(error @ StorageError::Locked { .. }) => AccountError::Locked(error),
            error => AccountError::Open(error),
        }
    }
}

/// Does an errand in the data directory of the configuration. A password that is made goes to `output`; what was done, to
/// `notes`.
///
/// # Errors
///
/// [`AccountError`].
pub fn run(
    errand: &AccountErrand,
    config: &Config,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<(), AccountError> {
    let user = user_name::read(&errand.user).map_err(unfit)?;
    // A directory that is misspelt must not become a new store.
    DataDirectory::open_beside(&config.server.data).map_err(AccountError::DataDirectory)?;
    let password = match errand.action {
        AccountAction::Add(source) | AccountAction::Reset(source) => Some(new_password(source, &user, config, input)?),
        AccountAction::Remove => None,
    };
    let hash = password.as_ref().map(|new| hash(&new.text, config)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AccountError::System)?;
    let changed = runtime.block_on(change(errand.action, &user, hash, config))?;
    changed.map_err(|rejection| AccountError::Rejected { user: user.clone(), rejection })?;
    if let Some(NewPassword { text, is_made: true }) = &password {
        say(output, &format!("{}\n", **text))?;
    }
    say(notes, &format!("{user}: {}\n", told(errand.action)))
}

struct NewPassword {
    text: Zeroizing<String>,
    is_made: bool,
}

fn new_password(
    source: PasswordSource,
    user: &str,
    config: &Config,
    input: &mut dyn BufRead,
) -> Result<NewPassword, AccountError> {
    let (text, is_made) = match source {
        PasswordSource::Made => (make_password(config)?, true),
        PasswordSource::Input => (read_password(input)?, false),
    };
    let length_min = config.accounts.password_length_min;
    Password::from(text.to_string()).acceptable("the password", user, length_min).map_err(unfit)?;
    Ok(NewPassword { text, is_made })
}

fn make_password(config: &Config) -> Result<Zeroizing<String>, AccountError> {
    // Two digits a byte: as long as asked, and never easier to guess than a token.
    let bytes = MADE_PASSWORD_BYTES.max(config.accounts.password_length_min.div_ceil(2) as usize);
    secret::make(bytes).map(Zeroizing::new).map_err(|error| AccountError::System(io::Error::other(error)))
}

fn read_password(input: &mut dyn BufRead) -> Result<Zeroizing<String>, AccountError> {
    let mut line = Zeroizing::new(String::new());
    input.read_line(&mut line).map_err(AccountError::Stream)?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

fn hash(text: &str, config: &Config) -> Result<String, AccountError> {
    let hasher = Hasher::new(&config.accounts).map_err(|error| AccountError::System(io::Error::other(error)))?;
    hasher.hash(&Password::from(text.to_owned())).map_err(|error| AccountError::System(io::Error::other(error)))
}

async fn change(
    action: AccountAction,
    user: &str,
    hash: Option<String>,
    config: &Config,
) -> Result<AccountAnswer, AccountError> {
    let clock = Arc::new(SystemClock::start());
    let engine = Engine::open(config.engine(), &config.server.data, clock, Wheels::ByHand)?;
    let (hash, by) = (hash.unwrap_or_default(), By::Admin(ACTOR.to_owned()));
    let changed = match action {
        AccountAction::Add(_) => engine.add_account(user, hash, by, None).await,
        AccountAction::Reset(_) => engine.change_password(user, hash, None, by, None).await,
        AccountAction::Remove => engine.remove_account(user, by, None).await,
    };
    engine.shutdown().await;
    Ok(changed?)
}

fn told(action: AccountAction) -> &'static str {
    match action {
        AccountAction::Add(_) => "the account is made",
        AccountAction::Reset(_) => "the account has another password, and the user is to log in again",
        AccountAction::Remove => "the account is gone; bookings stay",
    }
}

fn unfit(error: ApiError) -> AccountError {
    AccountError::Unfit(error.detail())
}

fn say(output: &mut dyn Write, text: &str) -> Result<(), AccountError> {
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(AccountError::Stream)
}
