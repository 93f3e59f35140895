//! The tokens of organisers, of those who only look, and of a sale's own back end: who holds which, and with which role.
//!
//! `tokens/file.rs` reads and replaces the file of them, `tokens/errand.rs` is `holdfast token add | remove | list`.
//!
//! **Architecture invariant:** a token itself is never written anywhere; memory and disk have its SHA-256 only.

mod errand;
pub mod file;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use clap::ValueEnum;
use holdfast_engine::core::id::Slug;
use holdfast_engine::storage::{EXIT_CONFIGURATION, EXIT_DATA, EXIT_IO, StorageError};
use subtle::ConstantTimeEq;

use crate::secret::{self, TOKEN_BYTES, digest};
use crate::server::{EXIT_OS, EXIT_USAGE};
use crate::watched_file::WatchedFile;

pub use errand::{TokenErrand, run};
pub use file::{FILE_NAME, FORMER_FILE_NAME};

/// The variable that gives a token for one run.
pub const VARIABLE: &str = "HOLDFAST_ADMIN_TOKEN";

/// The name of the token that the first start makes, and of the one that the environment gives.
const FIRST_NAME: &str = "admin";

/// The shortest token the environment may give, in characters.
const LENGTH_MIN: usize = 16;

/// The most tokens in the file: each is compared at every request of an organiser.
const TOKENS_MAX: usize = 1_000;

/// What the holder of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Read the admin API.
    Viewer,
    /// Everything that the admin API has, and batches.
    Operator,
    /// Log users in, where `auth.mode` is "service", and send batches. Nothing of the admin API.
    Service,
}

impl Role {
    /// The role's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Service => "service",
        }
    }

    fn from_name(name: &str) -> Option<Role> {
        [Role::Viewer, Role::Operator, Role::Service].into_iter().find(|role| role.as_str() == name)
    }
}

/// Who shows a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The token's name, by which the audit trail knows its holder.
    pub name: Slug,
    /// What they may do.
    pub role: Role,
}

/// A token, as far as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    holder: Holder,
    /// The token's SHA-256; the token itself is nobody's to keep.
    digest: [u8; 32],
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.holder.fmt(formatter)
    }
}

/// The tokens in force: those of the file, as it was when it could last be read, and that of the environment.
#[derive(Debug)]
pub struct Tokens {
    /// What the environment gave, for this run only.
    given: Option<Entry>,
    file: WatchedFile,
    /// What the file had.
    stored: RwLock<Vec<Entry>>,
    /// What the file had earlier in this run and has no more; the newest [`TOKENS_MAX`].
    revoked: RwLock<Vec<Entry>>,
}

/// Why there are no tokens, or why they are not changed. Nothing has been overwritten when it is reported.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The environment's token is too short or has characters that do not fit a header or a cookie.
    #[error("{VARIABLE} must have at least {LENGTH_MIN} characters, all of them visible ASCII, and no semicolon")]
    Unusable,
    /// The file is not what was written.
    #[error(
        "the token file {} is damaged at line {line}: {what}; restore it, or remove it to have a new token made at the \
         next start",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first line that is wrong, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The file cannot be read or written.
    #[error("the token file {} cannot be used: {source}", path.display())]
    Storage {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system has no random bytes.
    #[error("the system gives no random bytes for a token: {0}")]
    Randomness(getrandom::Error),
    /// There is no data directory to keep tokens in.
    #[error(transparent)]
    DataDirectory(#[from] StorageError),
    /// A token to be added has a name that is in use.
    #[error("there is a token named {name} already; remove it first, or choose another name")]
    NameInUse {
        /// The name.
        name: Slug,
    },
    /// A token to be removed is not there.
    #[error("there is no token named {name}; holdfast token list shows those there are")]
    NameUnknown {
        /// The name.
        name: Slug,
    },
    /// A token to be added would be one too many.
    #[error("there are {TOKENS_MAX} tokens already, the most there can be; remove one first")]
    TooMany,
    /// Standard output cannot be written to.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

impl TokensError {
    /// The exit code of a process that this error ends.
    pub fn exit_code(&self) -> u8 {
        match self {
            TokensError::Unusable => EXIT_CONFIGURATION,
            TokensError::Damaged { .. } => EXIT_DATA,
            TokensError::DataDirectory(error) => error.exit_code(),
            TokensError::Storage { .. } | TokensError::Output(_) => EXIT_IO,
            TokensError::Randomness(_) => EXIT_OS,
            TokensError::NameInUse { .. } | TokensError::NameUnknown { .. } | TokensError::TooMany => EXIT_USAGE,
        }
    }
}

impl Tokens {
    /// The tokens of the data directory `data`, and besides them that of the environment, an operator's.
    ///
    /// Where there is neither, an operator's is made and answered beside, for the caller to print once; its digest is on
    /// disk before that. The environment's token holds for this run only and is not stored. The file of an earlier version is
    /// taken over. The caller holds the lock of `data`, which must exist.
    pub fn open(environment: Option<&str>, data: &Path) -> Result<(Tokens, Option<String>), TokensError> {
        let given = environment.map(given).transpose()?;
        let made = file::prepare(data, given.is_none())?;
        let file = WatchedFile::new(data.join(FILE_NAME));
        let tokens = Tokens { given, file, stored: RwLock::default(), revoked: RwLock::default() };
        if let Some(stored) = tokens.look()? {
            tokens.set_stored(stored);
        }
        Ok((tokens, made))
    }

    /// Refuses an environment's token that could not be used, before anything is bound or touched.
    pub fn check_environment(environment: Option<&str>) -> Result<(), TokensError> {
        environment.map_or(Ok(()), |token| given(token).map(drop))
    }

    /// Who holds the token `candidate`. The time it takes tells nothing about any token: all are compared, each in constant
    /// time.
    pub fn find(&self, candidate: &str) -> Option<Holder> {
        let digest = digest(candidate);
        let stored = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for entry in self.given.iter().chain(stored.iter()) {
            if entry.digest.ct_eq(&digest).into() {
                found = found.or(Some(&entry.holder));
            }
        }
        found.cloned()
    }

    /// Whether `candidate` was a token of the file earlier in this run: browsers go on to show it for a while. Compared
    /// as by [`Tokens::find`].
    pub fn was_in_force(&self, candidate: &str) -> bool {
        let digest = digest(candidate);
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        revoked.iter().fold(false, |found, known| found | bool::from(known.digest.ct_eq(&digest)))
    }

    /// Looks at the file, takes its tokens up where it has changed, and says whether it has. Where it cannot be read, or is
    /// damaged, the tokens that were in force stay in force.
    pub fn reread(&self) -> Result<bool, TokensError> {
        let stored = self.look()?;
        let is_changed = stored.is_some();
        stored.into_iter().for_each(|stored| self.set_stored(stored));
        Ok(is_changed)
    }

    /// The tokens of the file, if it has changed since the last look. One that never was there has none.
    fn look(&self) -> Result<Option<Vec<Entry>>, TokensError> {
        let path = self.file.path();
        match self.file.changed() {
            Ok(content) => content.map(|content| file::parse(path, &content)).transpose(),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.has_none_stored() => Ok(None),
            Err(source) => Err(TokensError::Storage { path: path.to_owned(), source }),
        }
    }

    fn has_none_stored(&self) -> bool {
        self.stored.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn set_stored(&self, stored: Vec<Entry>) {
        let is_operator = |entry: &Entry| entry.holder.role == Role::Operator;
        if self.given.is_none() && !stored.iter().any(is_operator) {
            tracing::warn!("no operator has a token; holdfast token add NAME --role operator makes one");
        }
        let mut in_force = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        let is_gone = |entry: &&Entry| stored.iter().all(|other| other.digest != entry.digest);
        revoked.extend(in_force.iter().filter(is_gone).cloned());
        let too_many = revoked.len().saturating_sub(TOKENS_MAX);
        revoked.drain(..too_many);
        *in_force = stored;
    }
}

/// The environment's token.
fn given(token: &str) -> Result<Entry, TokensError> {
    if token.len() < LENGTH_MIN || !token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';') {
        return Err(TokensError::Unusable);
    }
    Ok(Entry { holder: first_holder(), digest: digest(token) })
}

fn first_holder() -> Holder {
    Holder { name: Slug::new(FIRST_NAME).expect("a legal slug"), role: Role::Operator }
}

/// A new token for `holder`, 32 random bytes as 64 hexadecimal digits, and what is kept of it.
fn new_token(holder: Holder) -> Result<(String, Entry), TokensError> {
    let token = secret::make(TOKEN_BYTES).map_err(TokensError::Randomness)?;
    let digest = digest(&token);
    Ok((token, Entry { holder, digest }))
}
