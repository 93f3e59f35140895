//! Why a run ended without figures.

use std::fmt::{self, Display};

use holdfast_benches::error::LoadError;

/// Why a run ended without figures, as one sentence.
#[derive(Debug)]
pub struct PeerError(String);

impl PeerError {
    /// An error with the sentence that tells it.
    pub fn new(sentence: impl Into<String>) -> PeerError {
        PeerError(sentence.into())
    }

    /// `error`, met while `doing`.
    pub fn while_doing(doing: impl Display, error: impl Display) -> PeerError {
        PeerError(format!("{doing}: {error}"))
    }
}

impl Display for PeerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for PeerError {}

impl From<LoadError> for PeerError {
    fn from(error: LoadError) -> PeerError {
        PeerError(error.to_string())
    }
}

impl From<std::io::Error> for PeerError {
    fn from(error: std::io::Error) -> PeerError {
        PeerError(format!("the operating system refused: {error}"))
    }
}

impl From<redis::RedisError> for PeerError {
    fn from(error: redis::RedisError) -> PeerError {
        PeerError(format!("Redis: {error}"))
    }
}

impl From<tokio_postgres::Error> for PeerError {
    fn from(error: tokio_postgres::Error) -> PeerError {
        // The error by itself only says that the database had one.
        let told = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
        PeerError(format!("PostgreSQL: {told}"))
    }
}
