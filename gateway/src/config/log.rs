//! The log's section.

use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;

/// The log on standard error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// How a line looks.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: LogLevel,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON anywhere else.
    #[default]
    Auto,
    /// Text for people.
    Text,
    /// A JSON object a line, for log collectors.
    Json,
}

impl LogFormat {
    /// Whether lines are JSON, given whether the log goes to a terminal.
    pub fn is_json(self, to_terminal: bool) -> bool {
        match self {
            LogFormat::Auto => !to_terminal,
            LogFormat::Text => false,
            LogFormat::Json => true,
        }
    }
}

/// How important a line of the log must be to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// None is.
    Off,
    /// Faults only.
    Error,
    /// Also what an operator should look at.
    Warn,
    /// Also the milestones of a healthy run, what organisers do, and a sample of what is refused.
    #[default]
    Info,
    /// Also what helps to find a fault.
    Debug,
    /// Everything.
    Trace,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> LevelFilter {
        match level {
            LogLevel::Off => LevelFilter::OFF,
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace => LevelFilter::TRACE,
        }
    }
}
