//! What an operator can set. Every key, with its default and unit, is in `config/holdfast.toml`.
//!
//! `config/load.rs` lays the sources over each other; this file says which keys there are and which values can work.

mod check;
mod load;
mod log;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
mod traces;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use holdfast_engine::config::{
    ActorsConfig, DampingConfig, EngineConfig, EventDefaults, JournalConfig, RecoveryConfig, SessionsConfig,
    SnapshotConfig, WheelConfig,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use load::{ConfigError, Override};
pub use log::{LogConfig, LogFormat, LogLevel};
pub use traces::TracesConfig;

/// The whole configuration, a section a field: the server's own sections, then the engine's.
///
/// The engine's sections are listed one by one, because serde cannot both flatten a struct and refuse unknown keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The listener and the data directory.
    pub server: ServerConfig,
    /// The server's certificate.
    pub tls: TlsConfig,
    /// Where and how the server is administered.
    pub admin: AdminConfig,
    /// Who may log in.
    pub auth: AuthConfig,
    /// Logins by user name and password.
    pub accounts: AccountsConfig,
    /// Logins by a signed token.
    pub jwt: JwtConfig,
    /// Which other sites' pages may call the API.
    pub cors: CorsConfig,
    /// What a client may ask of the server.
    pub limits: LimitsConfig,
    /// What happens when more is asked than the server can do.
    pub overload: OverloadConfig,
    /// The log on standard error.
    pub log: LogConfig,
    /// What is counted, and where it is shown.
    pub metrics: MetricsConfig,
    /// Where traces of requests go.
    pub traces: TracesConfig,
    /// What an event has that its organiser did not set.
    pub events: EventDefaults,
    /// Logins.
    pub sessions: SessionsConfig,
    /// Users who let holds expire again and again.
    pub damping: DampingConfig,
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
    /// Whether a proxy in front of the server speaks TLS to the clients.
    pub behind_proxy: bool,
    /// The proxies whose `X-Forwarded-For` is believed: addresses, or networks such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<String>,
    /// How often the files of certificates, keys and tokens are looked at for changes, in seconds, 1 to 3,600.
    pub reread_seconds: u32,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("snapshots"),
            drain_seconds: 10,
            behind_proxy: false,
            trusted_proxies: Vec::new(),
            reread_seconds: 5,
        }
    }
}

/// The server's certificate. Empty paths: the server speaks plain HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The file of the certificate and its chain, PEM.
    pub certificate_file: PathBuf,
    /// The file of its private key, PEM.
    pub key_file: PathBuf,
}

impl TlsConfig {
    /// Whether the server speaks TLS itself.
    pub fn is_on(&self) -> bool {
        is_set(&self.certificate_file)
    }
}

/// Whether a key that names a file has been set: an empty one has not.
pub(crate) fn is_set(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

/// Where and how the server is administered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// An address and port of its own for the admin API, which is then nowhere else, and for the metrics where they have
    /// none; empty: none.
    pub listen: String,
    /// So many wrong admin tokens from one address lock it out, 1 to 1,000 …
    pub lockout_failures_max: u32,
    /// … for so long, in seconds, 1 to 86,400.
    pub lockout_seconds: u32,
}

impl Default for AdminConfig {
    fn default() -> AdminConfig {
        AdminConfig { listen: String::new(), lockout_failures_max: 5, lockout_seconds: 900 }
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Not at all: anybody may log in under any name.
    #[default]
    Open,
    /// By user name and password.
    Accounts,
    /// By a token that the front end or an identity provider has signed.
    Jwt,
    /// Not by themselves: a sale's own back end logs them in, with a service token.
    Service,
}

/// Logins by user name and password, where `auth.mode` is `accounts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountsConfig {
    /// Whether anybody may make an account for themselves.
    pub sign_up: bool,
    /// The shortest password, in characters, 8 to 128.
    pub password_length_min: u32,
    /// What the hash of one password takes, in KiB of memory, 8,192 to 1,048,576 …
    pub hash_memory_kib: u32,
    /// … in how many passes over it, 1 to 100.
    pub hash_passes: u32,
    /// Threads that hash passwords, 0 to 1,024; 0 means half the cores, and one at least.
    pub hash_threads: u32,
    /// The most logins waiting for one of them, 1 to 65,536; more are refused as overloaded.
    pub hash_waiting_max: u32,
}

impl Default for AccountsConfig {
    fn default() -> AccountsConfig {
        // Memory and passes: the first choice of OWASP's password storage cheat sheet for Argon2id.
        AccountsConfig {
            sign_up: true,
            password_length_min: 10,
            hash_memory_kib: 19_456,
            hash_passes: 2,
            hash_threads: 0,
            hash_waiting_max: 64,
        }
    }
}

/// Logins by a signed token, where `auth.mode` is `jwt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwtConfig {
    /// The file of the keys that may sign, a JSON Web Key Set; or else …
    pub jwks_file: PathBuf,
    /// … the file of the one key that may: a public key in PEM, or the secret itself, and …
    pub key_file: PathBuf,
    /// … what it signs with: `HS256`, `RS256`, `ES256` or `EdDSA`.
    pub algorithm: String,
    /// Who must have issued the token, its claim `iss`.
    pub issuer: String,
    /// For whom it must be, its claim `aud`.
    pub audience: String,
    /// How far the clocks of issuer and server may be apart, in seconds, 0 to 300.
    pub leeway_seconds: u32,
}

impl Default for JwtConfig {
    fn default() -> JwtConfig {
        JwtConfig {
            jwks_file: PathBuf::new(),
            key_file: PathBuf::new(),
            algorithm: String::new(),
            issuer: String::new(),
            audience: String::new(),
            leeway_seconds: 30,
        }
    }
}

/// Which other sites' pages may call the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorsConfig {
    /// Their origins, such as `https://tickets.example`.
    pub origins: Vec<String>,
}

/// What a client may ask of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Whether rates and bounds per address hold; off is for benches on a machine of one's own.
    pub enabled: bool,
    /// The most connections at once, at each listener, 16 to 1,000,000.
    pub connections_max: u32,
    /// The most connections at once from one address, 1 to 1,000,000. Loopback and trusted proxies are not counted.
    pub connections_per_address_max: u32,
    /// The most streams and WebSockets of the live feed at once, 1 to 1,000,000. Each has a connection, too.
    pub streams_max: u32,
    /// The most of them at once of one session, 1 to 1,000.
    pub streams_per_session_max: u32,
    /// The longest head of a request, in bytes, 8 KiB to 1 MiB.
    pub head_bytes_max: u32,
    /// The most fields in the head of a request, 8 to 1,024.
    pub head_fields_max: u32,
    /// How long a client may take to send the head of a request, in seconds, 1 to 300. A connection that is idle for so
    /// long is closed too.
    pub header_read_seconds: u32,
    /// The largest request body, in bytes, 1 KiB to 16 MiB.
    pub body_bytes_max: u32,
    /// The largest body of a batch, in bytes, 1 KiB to 16 MiB.
    pub batch_body_bytes_max: u32,
    /// How long a client may take to send the body of a request, in seconds, 1 to 300.
    pub body_read_seconds: u32,
    /// How deep lists and objects of a body may be nested, 1 to 100.
    pub body_depth_max: u32,
    /// How long the answer to a request may take, its body included, in seconds, `body_read_seconds` to 300.
    pub handler_seconds: u32,
    /// How long a client may take none of its answer, in seconds, 1 to 300.
    pub write_stall_seconds: u32,
    /// Requests a session may make a second that change something, 1 to 1,000,000 …
    pub mutations_per_second: u32,
    /// … and how many at once after a pause, 1 to 1,000,000.
    pub mutations_burst: u32,
    /// How often a minute a session may come back to the live feed and hear what it missed, 1 to 1,000,000. More often, it
    /// hears the present state instead.
    pub resumes_per_minute: u32,
    /// The most password logins and sign-ups a minute from one address, 1 to 1,000,000. Loopback and trusted proxies are
    /// not counted.
    pub logins_per_minute_per_address: u32,
    /// The most password logins a minute to one account, 1 to 1,000,000.
    pub logins_per_minute_per_account: u32,
}

impl Default for LimitsConfig {
    fn default() -> LimitsConfig {
        LimitsConfig {
            enabled: true,
            connections_max: 12_000,
            connections_per_address_max: 64,
            streams_max: 10_000,
            streams_per_session_max: 4,
            head_bytes_max: 16 << 10,
            head_fields_max: 64,
            header_read_seconds: 5,
            body_bytes_max: 16 << 10,
            batch_body_bytes_max: 1 << 20,
            body_read_seconds: 10,
            body_depth_max: 16,
            handler_seconds: 30,
            write_stall_seconds: 30,
            mutations_per_second: 20,
            mutations_burst: 40,
            resumes_per_minute: 30,
            logins_per_minute_per_address: 20,
            logins_per_minute_per_account: 5,
        }
    }
}

/// What happens when more is asked than the server can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OverloadConfig {
    /// The most requests under way at once, 16 to 1,000,000.
    pub requests_max: u32,
    /// How long a hold or a confirmation should take at most, in milliseconds, 1 to 60,000, not counting the disk's syncs:
    /// where one in ten takes longer, fewer are let in.
    pub latency_target_ms: u32,
    /// The shortest time after which a client that was refused is told to come back, in seconds, 1 to 3,600.
    pub retry_after_seconds: u32,
}

impl Default for OverloadConfig {
    fn default() -> OverloadConfig {
        OverloadConfig { requests_max: 4_096, latency_target_ms: 5, retry_after_seconds: 1 }
    }
}

/// What is counted, and where it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Whether anything is counted; off is for benches on a machine of one's own.
    pub enabled: bool,
    /// An address and port of its own for `/metrics`, which is then nowhere else; empty: where administration is.
    pub listen: String,
    /// The most live events with series of their own, the newest ones, 0 to 10,000; the others are summed.
    pub events_max: u32,
}

impl Default for MetricsConfig {
    fn default() -> MetricsConfig {
        MetricsConfig { enabled: true, listen: "127.0.0.1:9464".to_owned(), events_max: 100 }
    }
}

impl Config {
    /// The engine's sections.
    pub fn engine(&self) -> EngineConfig {
        EngineConfig {
            events: self.events.clone(),
            sessions: self.sessions.clone(),
            damping: if self.limits.enabled { self.damping.clone() } else { DampingConfig::OFF },
            actors: self.actors.clone(),
            wheel: self.wheel.clone(),
            journal: self.journal.clone(),
            snapshot: self.snapshot.clone(),
            recovery: self.recovery.clone(),
            takes_times: self.metrics.enabled,
        }
    }

    /// Whether clients on other machines can reach the server.
    pub fn listens_beyond_loopback(&self) -> bool {
        !self.server.listen.ip().to_canonical().is_loopback()
    }

    /// Whether clients speak TLS, with the server or with a proxy in front of it.
    pub fn clients_speak_tls(&self) -> bool {
        self.tls.is_on() || self.server.behind_proxy
    }

    /// The configuration as TOML, in the order of this file, ready to be loaded again.
    pub fn to_toml(&self) -> String {
        let json = serde_json::to_value(self).expect("paths came from text, so every value can be written");
        let mut toml = String::new();
        for (section, keys) in json.as_object().into_iter().flatten() {
            let gap = if toml.is_empty() { "" } else { "\n" };
            toml += &format!("{gap}[{section}]\n");
            for (key, value) in keys.as_object().into_iter().flatten() {
                // Texts, numbers, truth values and lists of texts look the same in JSON and in TOML; there are no others.
                toml += &format!("{key} = {value}\n");
            }
        }
        toml
    }
}
