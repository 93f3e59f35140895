//! An engine in process, as benches need it: on a data directory of its own, with events and users who are logged in.

use std::path::Path;
use std::sync::Arc;

use holdfast_engine::clock::Clock;
use holdfast_engine::config::{EngineConfig, SnapshotConfig};
use holdfast_engine::core::command::Wish;
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::settings::{Details, Settings, TicketTypeDefinition};
use holdfast_engine::core::status::Status;
use holdfast_engine::core::{Caller, Command, Outcome, Rejection};
use holdfast_engine::engine::{Engine, Identity, Intent, NewEvent, Wheels};
use holdfast_engine::session_table::LiveSession;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::error::LoadError;
use crate::program::temporary_directory;

/// How many prepare the stage at once: enough for one sync to serve many of them, and far below the bound of an inbox.
const AT_ONCE: usize = 1_024;

/// No snapshot is written unasked: it would be a disturbance of its own.
pub const NO_SNAPSHOTS: SnapshotConfig =
    SnapshotConfig { journal_bytes: 1 << 50, interval_seconds: 30 * 86_400, on_stop: false };

/// A running engine. Its data directory goes with it.
pub struct Venue {
    /// The engine.
    pub engine: Arc<Engine>,
    directory: tempfile::TempDir,
}

impl Venue {
    /// Opens an engine on an empty directory under the temporary one (`TMPDIR` chooses another disk).
    pub fn open(config: EngineConfig, clock: Arc<dyn Clock>) -> Venue {
        Venue::open_in(None, config, clock).expect("a new engine")
    }

    /// The same, with the directory made in `parent`.
    ///
    /// # Errors
    ///
    /// The directory cannot be made, or the engine cannot use it.
    pub fn open_in(parent: Option<&Path>, config: EngineConfig, clock: Arc<dyn Clock>) -> Result<Venue, LoadError> {
        let directory = temporary_directory(parent)?;
        let engine = Engine::open(config, directory.path(), clock, Wheels::ByThread);
        let engine = engine.map_err(|error| LoadError::new(format!("the engine cannot be opened: {error}")))?;
        Ok(Venue { engine: Arc::new(engine), directory })
    }

    /// Where its files are.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Puts an event on sale, with ticket types of these names and capacities.
    pub async fn create_event(&self, id: &Slug, settings: Settings, ticket_types: &[(&str, u32)]) {
        let created = self.engine.create_event("bench", None, new_event(id, settings, ticket_types)).await;
        created.expect("the engine serves").answer.expect("a legal event");
    }

    /// Puts events on sale that are alike but for their ids.
    pub async fn create_events(&self, ids: &[Slug], settings: &Settings, ticket_types: &[(&str, u32)]) {
        let mut tasks = JoinSet::new();
        for first in 0..AT_ONCE.min(ids.len()) {
            let own = ids.iter().skip(first).step_by(AT_ONCE);
            let events: Vec<_> = own.map(|id| new_event(id, settings.clone(), ticket_types)).collect();
            let engine = Arc::clone(&self.engine);
            tasks.spawn(async move {
                for event in events {
                    let created = engine.create_event("bench", None, event).await;
                    created.expect("the engine serves").answer.expect("a legal event");
                }
            });
        }
        tasks.join_all().await;
    }

    /// Logs `count` users in, without any wish.
    pub async fn log_in(&self, prefix: &str, count: u32) -> Arc<[Caller]> {
        self.log_in_for(prefix, count, Some(Vec::new())).await
    }

    /// Logs `count` users in, who want `intents`; `None` is what every login gets.
    pub async fn log_in_for(&self, prefix: &str, count: u32, intents: Option<Vec<Intent>>) -> Arc<[Caller]> {
        let caller = |session: &LiveSession| Caller::User { user: session.user, session: session.number };
        self.each_login(prefix, count, intents, caller).await.concat().into()
    }

    /// Logs `count` users in, without any wish, and keeps nothing of them.
    pub async fn log_in_and_forget(&self, prefix: &str, count: u32) {
        self.each_login(prefix, count, Some(Vec::new()), |_| ()).await;
    }

    /// Logs `count` users in. Returns what `keep` makes of their sessions.
    async fn each_login<T: Send + 'static>(
        &self,
        prefix: &str,
        count: u32,
        intents: Option<Vec<Intent>>,
        keep: fn(&LiveSession) -> T,
    ) -> Vec<Vec<T>> {
        let mut tasks = JoinSet::new();
        for first in 0..AT_ONCE as u32 {
            let (engine, prefix, intents) = (Arc::clone(&self.engine), prefix.to_owned(), intents.clone());
            tasks.spawn(async move {
                let mut kept = Vec::new();
                for number in (first..count).step_by(AT_ONCE) {
                    let login = engine.login(
                        Identity::named(format!("{prefix}-{number}")),
                        token_hash(&prefix, number),
                        intents.clone(),
                    );
                    let session = login.await.expect("the engine keeps up").session;
                    kept.push(keep(&session));
                }
                kept
            });
        }
        tasks.join_all().await
    }

    /// Lets each of `callers` ask for one ticket of the event's first type, or stand in line for it.
    pub async fn hold_each(&self, event: &Slug, callers: &Arc<[Caller]>) {
        let hold = Command::PlaceHold { wish: Wish::default(), wait: true };
        let is_served = |answer: &_| matches!(answer, Ok(Outcome::Held { .. } | Outcome::Queued { .. }));
        self.ask_each(event, callers, hold, is_served).await;
    }

    /// Lets each of `callers` ask the event for the same, which must be answered so.
    pub async fn ask_each(
        &self,
        event: &Slug,
        callers: &Arc<[Caller]>,
        command: Command,
        is_expected: fn(&Result<Outcome, Rejection>) -> bool,
    ) {
        let mut tasks = JoinSet::new();
        for first in 0..AT_ONCE {
            let (engine, event, callers) = (Arc::clone(&self.engine), event.clone(), Arc::clone(callers));
            let command = command.clone();
            tasks.spawn(async move {
                for caller in callers.iter().skip(first).step_by(AT_ONCE) {
                    let answer = ask(&engine, &event, caller.clone(), command.clone()).await;
                    assert!(is_expected(&answer), "{answer:?}");
                }
            });
        }
        tasks.join_all().await;
    }
}

/// The runtime of those who ask. They have one thread, the actors and the journal theirs: on two cores, more would stand in the
/// way.
pub fn runtime_of_clients() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime")
}

/// Asks an event, and waits for the answer.
pub async fn ask(engine: &Engine, event: &Slug, caller: Caller, command: Command) -> Result<Outcome, Rejection> {
    engine.execute(event, caller, None, command).await.expect("the engine keeps up").answer
}

/// The slug of `text`, which must be one.
pub fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

/// An event on sale, with ticket types of these names and capacities.
pub fn new_event(id: &Slug, settings: Settings, ticket_types: &[(&str, u32)]) -> NewEvent {
    let definition = |(name, capacity): &(&str, u32)| TicketTypeDefinition {
        id: slug(name),
        name: (*name).to_owned(),
        capacity: *capacity,
        price: None,
    };
    NewEvent {
        id: id.clone(),
        details: Details { name: id.to_string(), ..Details::default() },
        settings,
        ticket_types: ticket_types.iter().map(definition).collect(),
        status: Status::OnSale,
        reason: None,
    }
}

/// Stands for the hash of a token: other for each user of a prefix that begins with other four letters, and spread as a
/// digest is (SplitMix64, Steele 2014), since tables count on that.
pub fn token_hash(prefix: &str, number: u32) -> [u8; 32] {
    let letters = prefix.bytes().take(4).fold(0, |letters, letter| letters << 8 | u64::from(letter));
    let mut state = letters << 32 | u64::from(number);
    let mut hash = [0; 32];
    for part in hash.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        part.copy_from_slice(&(mixed ^ mixed >> 31).to_le_bytes());
    }
    hash
}

/// A whole number from the environment, or `default`.
pub fn setting(name: &str, default: u32) -> u32 {
    match std::env::var(name) {
        Ok(text) => text.replace('_', "").parse().unwrap_or_else(|_| panic!("{name} must be a number")),
        Err(_) => default,
    }
}
