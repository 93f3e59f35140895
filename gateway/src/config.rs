//! What an operator can set. Every key, with its default and unit, is in `config/holdfast.toml`.
//!
//! `config/load.rs` lays the sources over each other; this file says which keys there are and which values can work.

mod load;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;

use holdfast_engine::config::{
    ActorsConfig, EngineConfig, EventDefaults, JournalConfig, RecoveryConfig, SessionsConfig, SnapshotConfig,
    WheelConfig,
};
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;

pub use load::{ConfigError, Override};

/// The whole configuration, a section a field: the server's own sections, then the engine's.
///
/// The engine's sections are listed one by one, because serde cannot both flatten a struct and refuse unknown keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The listener and the data directory.
    pub server: ServerConfig,
    /// Who may log in.
    pub auth: AuthConfig,
    /// What a client may ask of the server.
    pub limits: LimitsConfig,
    /// The log on standard error.
    pub log: LogConfig,
    /// What an event has that its organiser did not set.
    pub events: EventDefaults,
    /// Logins.
    pub sessions: SessionsConfig,
    /// The event actors.
    pub actors: ActorsConfig,
    /// The timer wheels.
    pub wheel: WheelConfig,
    /// The journal.
    pub journal: JournalConfig,
    /// The snapshots.
    pub snapshot: SnapshotConfig,
    /// Recovery after a stop.
    pub recovery: RecoveryConfig,
}

/// The listener and the data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// The address and port to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The directory of the journal and the snapshots, relative to the working directory.
    pub data: PathBuf,
    /// How long requests under way may take to finish at a stop, in seconds, 0 to 3,600.
    pub drain_seconds: u32,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("snapshots"),
            drain_seconds: 10,
        }
    }
}

/// Who may log in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// How a login proves who it is.
    pub mode: AuthMode,
    /// Whether open mode is allowed where other machines can reach the server.
    pub open_beyond_loopback: bool,
}

/// How a login proves who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Not at all: anybody may log in under any name.
    #[default]
    Open,
}

/// What a client may ask of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Whether the limits hold; off is for benches on a machine of one's own.
    pub enabled: bool,
    /// The largest request body, in bytes, 1 KiB to 16 MiB.
    pub body_bytes_max: u32,
    /// How long a client may take to send the head of a request, in seconds, 1 to 300.
    pub header_read_seconds: u32,
}

impl Default for LimitsConfig {
    fn default() -> LimitsConfig {
        LimitsConfig { enabled: true, body_bytes_max: 16 << 10, header_read_seconds: 5 }
    }
}

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
    /// Faults only.
    Error,
    /// Also what an operator should look at.
    Warn,
    /// Also the milestones of a healthy run.
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
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace => LevelFilter::TRACE,
        }
    }
}

impl Config {
    /// The engine's sections.
    pub fn engine(&self) -> EngineConfig {
        EngineConfig {
            events: self.events.clone(),
            sessions: self.sessions.clone(),
            actors: self.actors.clone(),
            wheel: self.wheel.clone(),
            journal: self.journal.clone(),
            snapshot: self.snapshot.clone(),
            recovery: self.recovery.clone(),
        }
    }

    /// Whether clients on other machines can reach the server.
    pub fn listens_beyond_loopback(&self) -> bool {
        !self.server.listen.ip().to_canonical().is_loopback()
    }

    /// The configuration as TOML, in the order of this file, ready to be loaded again.
    pub fn to_toml(&self) -> String {
        let json = serde_json::to_value(self).expect("paths came from text, so every value can be written");
        let mut toml = String::new();
        for (section, keys) in json.as_object().into_iter().flatten() {
            let gap = if toml.is_empty() { "" } else { "\n" };
            toml += &format!("{gap}[{section}]\n");
            for (key, value) in keys.as_object().into_iter().flatten() {
                // Texts, numbers and truth values look the same in JSON and in TOML; a section has no others.
                toml += &format!("{key} = {value}\n");
            }
        }
        toml
    }

    /// Refuses values that cannot work. The sentence begins with the key.
    fn check(&self) -> Result<(), String> {
        let within = |key: &str, value: u32, min: u32, max: u32| {
            if (min..=max).contains(&value) {
                return Ok(());
            }
            Err(format!("{key} must be {min} to {max}, but is {value}"))
        };
        if self.server.data.as_os_str().is_empty() {
            return Err("server.data must name a directory, but is empty".to_owned());
        }
        within("server.drain_seconds", self.server.drain_seconds, 0, 3_600)?;
        within("limits.body_bytes_max", self.limits.body_bytes_max, 1 << 10, 16 << 20)?;
        within("limits.header_read_seconds", self.limits.header_read_seconds, 1, 300)?;
        self.engine().check()?;
        self.check_open_mode()
    }

    /// Open mode lets anybody act as anybody, so it stays on this machine unless the operator says otherwise.
    fn check_open_mode(&self) -> Result<(), String> {
        match self.auth.mode {
            AuthMode::Open if self.listens_beyond_loopback() && !self.auth.open_beyond_loopback => Err(format!(
                "server.listen must be a loopback address while auth.mode is \"open\", which lets anybody log in under \
                 any name, unless auth.open_beyond_loopback is true, but is {}",
                self.server.listen
            )),
            AuthMode::Open => Ok(()),
        }
    }
}
