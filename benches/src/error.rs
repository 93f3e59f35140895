//! Why a run ended without figures.

use std::fmt;

/// Why a run ended without figures, as one sentence.
#[derive(Debug)]
pub struct LoadError(String);

impl LoadError {
    /// An error with the sentence that tells it.
    pub fn new(sentence: impl Into<String>) -> LoadError {
        LoadError(sentence.into())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

impl From<hyper::Error> for LoadError {
    fn from(error: hyper::Error) -> LoadError {
        LoadError(format!("a connection broke: {error}"))
    }
}

impl From<std::io::Error> for LoadError {
    fn from(error: std::io::Error) -> LoadError {
        LoadError(format!("the server cannot be reached: {error}"))
    }
}
