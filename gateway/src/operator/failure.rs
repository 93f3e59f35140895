//! Why a command was not done, and how the process ends then.

use std::io;
use std::path::PathBuf;

use holdfast_engine::error::EXIT_INVARIANT;
use holdfast_engine::storage::{EXIT_CONFIGURATION, EXIT_DATA, EXIT_IO};
use serde_json::Value;

use super::words;
use crate::config::ConfigError;
use crate::server::{EXIT_UNAVAILABLE, EXIT_USAGE};

/// The exit code for "not now": `EX_TEMPFAIL` of sysexits.h, that of a data directory in use.
const EXIT_LATER: u8 = holdfast_engine::storage::EXIT_LOCKED;
/// The exit code for a token that is missing or may not do this: `EX_NOPERM` of sysexits.h.
const EXIT_FORBIDDEN: u8 = 77;

/// Why a command was not done. What the server says is told without control characters.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The configuration, from which the server's address is taken, cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What the command line or the environment says of the server, its certificate or the token cannot be used.
    #[error("{0}")]
    Setting(String),
    /// No token was given.
    #[error("this needs a token: give one as HOLDFAST_ADMIN_TOKEN, or in a file that --token-file names")]
    NoToken,
    /// A file that was given cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that was given has no JSON object in it.
    #[error("{} has no JSON object in it: {reason}", path.display())]
    FileMalformed {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        reason: String,
    },
    /// The server cannot be reached.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// Its address.
        url: String,
        /// What was tried, and how it ended.
        reason: String,
    },
    /// The server was reached, and no whole answer came.
    #[error("no answer came from {url}: {reason}; whether anything was done is not known")]
    NoAnswer {
        /// Its address.
        url: String,
        /// How it ended.
        reason: String,
    },
    /// What answered is no server of Holdfast.
    #[error("what {url} answers is no answer of Holdfast: {reason}")]
    Unintelligible {
        /// Its address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Some of several things were refused, each of which has been told.
    #[error("not everything was done")]
    Told {
        /// The exit code of the first refusal.
        exit_code: u8,
    },
    /// Standard output cannot be written to.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

impl OperatorError {
    /// The exit code of a process that this error ends.
    pub fn exit_code(&self) -> u8 {
        match self {
            OperatorError::Config(_) | OperatorError::Setting(_) => EXIT_CONFIGURATION,
            OperatorError::NoToken => EXIT_FORBIDDEN,
            OperatorError::FileUnreadable { .. } | OperatorError::Output(_) => EXIT_IO,
            OperatorError::FileMalformed { .. } => EXIT_DATA,
            OperatorError::Unreachable { .. } | OperatorError::NoAnswer { .. } => EXIT_UNAVAILABLE,
            OperatorError::Unintelligible { .. } => EXIT_INVARIANT,
            OperatorError::Refused(refusal) => refusal.exit_code(),
            OperatorError::Told { exit_code } => *exit_code,
        }
    }

    /// Whether all there is to say has been said.
    pub fn is_told(&self) -> bool {
        matches!(self, OperatorError::Told { .. })
    }
}

/// The problem details of a refusal (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {} ({status} {})", words::clean(title), words::clean(detail), words::clean(code))]
pub struct Refusal {
    /// The status of the answer.
    pub status: u16,
    /// The refusal's stable name.
    pub code: String,
    /// The same for people.
    title: String,
    /// What is wrong.
    pub detail: String,
}

impl Refusal {
    /// The refusal that an answer tells, if it tells one.
    pub fn of(status: u16, problem: &Value) -> Option<Refusal> {
        let text = |name| problem.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Refusal { status, code: text("code")?, title: text("title")?, detail: text("detail")? })
    }

    /// Whether it is about the one thing that was asked for, so that the next one may fare better.
    pub fn is_of_one(&self) -> bool {
        self.exit_code() == EXIT_USAGE
    }

    /// Whether the server is there, and cannot do it now.
    pub fn is_for_now(&self) -> bool {
        self.exit_code() == EXIT_LATER
    }

    fn exit_code(&self) -> u8 {
        match self.status {
            401 | 403 => EXIT_FORBIDDEN,
            408 | 429 | 503 | 504 => EXIT_LATER,
            500.. => EXIT_INVARIANT,
            _ => EXIT_USAGE,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Refusal;

    #[test]
    fn a_refusal_has_its_exit_code() {
        for (status, exit_code) in [
            (400, 64),
            (401, 77),
            (403, 77),
            (404, 64),
            (408, 75),
            (409, 64),
            (412, 64),
            (422, 64),
            (429, 75),
            (500, 70),
            (503, 75),
            (504, 75),
        ] {
            let refusal = Refusal::of(status, &json!({ "code": "c", "title": "T", "detail": "d" })).expect("a problem");
            assert_eq!(refusal.exit_code(), exit_code, "{status}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_one_line_without_control_characters() {
        let problem = json!({ "code": "hold_not_found", "title": "Hold not found", "detail": "a\n\u{1b}[2Jb" });
        let refusal = Refusal::of(404, &problem).expect("a problem");
        assert_eq!(refusal.to_string(), "Hold not found: a\\n\\u{1b}[2Jb (404 hold_not_found)");
        assert_eq!(Refusal::of(404, &json!({ "error": "no" })), None);
    }
}
