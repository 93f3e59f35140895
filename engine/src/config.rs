//! What an operator can set on the engine. Every key, with its default and unit, is in `config/holdfast.toml`.

use serde::{Deserialize, Serialize};

use crate::core::damping::Damping;
use crate::core::idempotency::REMEMBERED_MAX;
use crate::core::party::EXPIRED_HOLDS_REMEMBERED_MIN;
use crate::core::session::SessionLengths;
use crate::core::settings::Settings;

/// The engine's part of the configuration, a section a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
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
    /// Whether it is measured how long commands take: where somebody looks at the metrics.
    pub takes_times: bool,
}

/// The defaults of an event's settings. See [`Settings`] for what each means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventDefaults {
    /// How long a hold lasts, in seconds.
    pub hold_seconds: u32,
    /// Tickets set aside for each login; 0 switches that off.
    pub auto_hold: u32,
    /// The most tickets in one hold.
    pub max_per_hold: u32,
    /// The most tickets a user may have in one event, held and booked.
    pub max_per_user: u32,
    /// How often a hold may be extended.
    pub max_extensions: u32,
    /// The longest a hold may live with its extensions, in seconds.
    pub max_hold_lifetime_seconds: u32,
    /// The most entries in the queue of a ticket type.
    pub queue_max: u32,
    /// Whether the queue may be joined before the sale opens.
    pub lobby: bool,
    /// How long a waiting user may be silent, in seconds; 0 means for ever.
    pub presence_seconds: u32,
    /// The most events on this server, removed ones counted.
    pub events_max: u32,
}

impl Default for EventDefaults {
    fn default() -> EventDefaults {
        let Settings {
            hold_seconds,
            auto_hold,
            max_per_hold,
            max_per_user,
            max_extensions,
            max_hold_lifetime_seconds,
            queue_max,
            lobby,
            presence_seconds,
            opens_at_ms: _,
            closes_at_ms: _,
        } = Settings::default();
        EventDefaults {
            hold_seconds,
            auto_hold,
            max_per_hold,
            max_per_user,
            max_extensions,
            max_hold_lifetime_seconds,
            queue_max,
            lobby,
            presence_seconds,
            events_max: 200_000,
        }
    }
}

impl EventDefaults {
    /// The settings of an event whose organiser set nothing.
    pub fn settings(&self) -> Settings {
        Settings {
            hold_seconds: self.hold_seconds,
            auto_hold: self.auto_hold,
            max_per_hold: self.max_per_hold,
            max_per_user: self.max_per_user,
            max_extensions: self.max_extensions,
            max_hold_lifetime_seconds: self.max_hold_lifetime_seconds,
            queue_max: self.queue_max,
            lobby: self.lobby,
            presence_seconds: self.presence_seconds,
            opens_at_ms: None,
            closes_at_ms: None,
        }
    }
}

/// Logins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionsConfig {
    /// A session without a request for so long ends by itself, in seconds.
    pub idle_seconds: u32,
    /// A session ends after so long whatever happens, in seconds.
    pub lifetime_seconds: u32,
    /// The most events for which a login without intents sets tickets aside.
    pub max_auto_holds: u32,
    /// The most live sessions; a login beyond them is refused as overloaded.
    pub live_max: u32,
}

impl Default for SessionsConfig {
    fn default() -> SessionsConfig {
        SessionsConfig { idle_seconds: 86_400, lifetime_seconds: 604_800, max_auto_holds: 20, live_max: 10_000_000 }
    }
}

impl SessionsConfig {
    /// For how long sessions live.
    pub fn lengths(&self) -> SessionLengths {
        SessionLengths {
            idle_ms: u64::from(self.idle_seconds) * 1_000,
            lifetime_ms: u64::from(self.lifetime_seconds) * 1_000,
        }
    }
}

/// Users who let holds expire again and again wait before the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DampingConfig {
    /// So many holds of a user that expired unpaid in one event, 0 for no damping …
    pub expiries_max: u32,
    /// … within so long, in seconds …
    pub window_seconds: u32,
    /// … make the user wait for so long, in seconds.
    pub wait_seconds: u32,
}

impl DampingConfig {
    /// Nobody waits.
    pub const OFF: DampingConfig = DampingConfig { expiries_max: 0, window_seconds: 1_800, wait_seconds: 600 };

    /// The same, as commands carry it.
    pub fn damping(&self) -> Damping {
        Damping {
            expiries_max: self.expiries_max,
            window_ms: u64::from(self.window_seconds) * 1_000,
            wait_ms: u64::from(self.wait_seconds) * 1_000,
        }
    }
}

impl Default for DampingConfig {
    fn default() -> DampingConfig {
        DampingConfig { expiries_max: 3, ..DampingConfig::OFF }
    }
}

/// The event actors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActorsConfig {
    /// Threads that run actors; 0 means one a core.
    pub arbiters: u32,
    /// The most commands waiting at one event, and the most logins waiting at the sequencer.
    pub inbox_commands_max: u32,
    /// How many of those places only confirmations, releases, cancellations and leaving the line may take.
    pub inbox_reserved_for_completions: u32,
    /// The most commands an actor decides before others on its thread have a turn.
    pub slice_commands_max: u32,
}

impl Default for ActorsConfig {
    fn default() -> ActorsConfig {
        ActorsConfig {
            arbiters: 0,
            inbox_commands_max: 32_768,
            inbox_reserved_for_completions: 4_096,
            slice_commands_max: 256,
        }
    }
}

/// The timer wheels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WheelConfig {
    /// How often the wheels are turned, in milliseconds. A late turn makes tickets come back late, never an expired hold
    /// confirmable.
    pub tick_ms: u64,
}

impl Default for WheelConfig {
    fn default() -> WheelConfig {
        WheelConfig { tick_ms: 10 }
    }
}

/// The journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JournalConfig {
    /// The size of a segment file, in bytes.
    pub segment_bytes: u64,
    /// The most bytes made durable in one go.
    pub batch_bytes_max: u64,
    /// More bytes than this waiting for the disk: new commands are refused as overloaded.
    pub backlog_bytes_max: u64,
    /// More requests than this waiting for the disk: new commands are refused as overloaded.
    pub waiting_max: u32,
    /// An idle journal seals its last batch after so long, in milliseconds.
    pub seal_after_ms: u64,
    /// Segments younger than this are kept as the audit trail, in days …
    pub retain_days: u32,
    /// … and as long as all segments together are smaller than this, in bytes.
    pub retain_bytes: u64,
}

impl Default for JournalConfig {
    fn default() -> JournalConfig {
        JournalConfig {
            segment_bytes: 64 << 20,
            batch_bytes_max: 4 << 20,
            backlog_bytes_max: 64 << 20,
            waiting_max: 262_144,
            seal_after_ms: 30,
            retain_days: 30,
            retain_bytes: 10 << 30,
        }
    }
}

/// The snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotConfig {
    /// A snapshot is written after so many bytes of journal …
    pub journal_bytes: u64,
    /// … and after so long, if anything has changed, in seconds.
    pub interval_seconds: u64,
    /// Whether one is written at a clean stop.
    pub on_stop: bool,
}

impl Default for SnapshotConfig {
    fn default() -> SnapshotConfig {
        SnapshotConfig { journal_bytes: 512 << 20, interval_seconds: 900, on_stop: true }
    }
}

/// Recovery after a stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecoveryConfig {
    /// Live holds get back the time the server was down, at most so much, in seconds; 0 switches that off.
    pub credit_downtime_max_seconds: u64,
}

impl Default for RecoveryConfig {
    fn default() -> RecoveryConfig {
        RecoveryConfig { credit_downtime_max_seconds: 600 }
    }
}

impl EngineConfig {
    /// Refuses values that cannot work, naming section and key.
    pub fn check(&self) -> Result<(), String> {
        if let Err(crate::core::Rejection::Invalid { field, message }) = self.events.settings().check() {
            return Err(format!("events.{field} {message}"));
        }
        let within = |key: &str, value: u64, min: u64, max: u64| {
            if (min..=max).contains(&value) {
                return Ok(());
            }
            Err(format!("{key} must be {min} to {max}, but is {value}"))
        };
        within("events.events_max", u64::from(self.events.events_max), 1, 10_000_000)?;
        within("sessions.idle_seconds", u64::from(self.sessions.idle_seconds), 1, 10 * 365 * 86_400)?;
        within("sessions.lifetime_seconds", u64::from(self.sessions.lifetime_seconds), 1, 10 * 365 * 86_400)?;
        let expiries_most = EXPIRED_HOLDS_REMEMBERED_MIN as u64;
        within("damping.expiries_max", u64::from(self.damping.expiries_max), 0, expiries_most)?;
        within("damping.window_seconds", u64::from(self.damping.window_seconds), 1, 30 * 86_400)?;
        within("damping.wait_seconds", u64::from(self.damping.wait_seconds), 1, 30 * 86_400)?;
        within("sessions.max_auto_holds", u64::from(self.sessions.max_auto_holds), 0, 1_000)?;
        within("sessions.live_max", u64::from(self.sessions.live_max), 1, 1_000_000_000)?;
        within("actors.arbiters", u64::from(self.actors.arbiters), 0, 1_024)?;
        let inbox = u64::from(self.actors.inbox_commands_max);
        within("actors.inbox_commands_max", inbox, 2, 1 << 24)?;
        let reserved = u64::from(self.actors.inbox_reserved_for_completions);
        within("actors.inbox_reserved_for_completions", reserved, 0, inbox - 1)?;
        within("actors.slice_commands_max", u64::from(self.actors.slice_commands_max), 1, REMEMBERED_MAX as u64)?;
        within("wheel.tick_ms", self.wheel.tick_ms, 1, 1_000)?;
        within("journal.segment_bytes", self.journal.segment_bytes, 1 << 20, 4 << 30)?;
        within("journal.batch_bytes_max", self.journal.batch_bytes_max, 512 << 10, self.journal.segment_bytes / 2)?;
        within("journal.waiting_max", u64::from(self.journal.waiting_max), 16, 1 << 24)?;
        within("journal.backlog_bytes_max", self.journal.backlog_bytes_max, 64 << 10, 64 << 30)?;
        within("journal.seal_after_ms", self.journal.seal_after_ms, 1, 60_000)?;
        within("snapshot.journal_bytes", self.snapshot.journal_bytes, 1 << 20, 1 << 50)?;
        within("snapshot.interval_seconds", self.snapshot.interval_seconds, 1, 30 * 86_400)?;
        within("recovery.credit_downtime_max_seconds", self.recovery.credit_downtime_max_seconds, 0, 30 * 86_400)
    }
}
