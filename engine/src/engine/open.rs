//! Opening: lock, newest valid snapshot, replay, all invariants; then what the stop made necessary; then the actors.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, mpsc};

use crate::actor::ActorSystem;
use crate::alarms::Alarms;
use crate::clock::Clock;
use crate::config::EngineConfig;
use crate::core::change::{By, Change};
use crate::core::command::{Caller, Command, Context};
use crate::core::damping::Damping;
use crate::core::event::STEP_CHANGES_MAX;
use crate::core::id::EventNumber;
use crate::core::planted::{Bug, is_planted};
use crate::core::presence::AllPresent;
use crate::core::session::Sessions;
use crate::core::{Event, Outcome};
use crate::directory::Directory;
use crate::error::OpenError;
use crate::handle::{EventHandle, EventView};
use crate::heartbeat::Heartbeat;
use crate::history::History;
use crate::journal::{self, Journal, JournalError, JournalOptions, RecordBuffer, RecoveryReport, SnapshotPoint};
use crate::machine::EventMachine;
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::record::encode_record;
use crate::services::Services;
use crate::session_machine::SessionMachine;
use crate::session_table::SessionTable;
use crate::session_turn::SessionHandle;
use crate::snapshot;
use crate::snapshotter::{SnapshotsSoFar, Snapshotter, check_snapshots_reached, newest_snapshot_with_point};
use crate::state::State;
use crate::storage::{DataDirectory, StorageError, Violations};
use crate::tally::RunningTally;

#[cfg(test)]
use super::by_hand::Steps;
use super::ticker::{Ticker, Wheels};
use super::{Engine, Workers};

impl Engine {
    /// Opens the data directory at `path`, creating it where there is none, and recovers what is in it.
    ///
    /// # Errors
    ///
    /// [`OpenError`], whose text is one clear sentence. No data was changed then.
    pub fn open(config: EngineConfig, path: &Path, clock: Arc<dyn Clock>, wheels: Wheels) -> Result<Engine, OpenError> {
        config.check().map_err(OpenError::Configuration)?;
        Engine::open_in(config, DataDirectory::open(path)?, clock, Work::Threads(wheels))
    }

    /// Opens what is in `directory`, on whatever disk that is.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Engine::open).
    pub(crate) fn open_in(
        config: EngineConfig,
        directory: DataDirectory,
        clock: Arc<dyn Clock>,
        work: Work,
    ) -> Result<Engine, OpenError> {
        let metrics = Metrics::new(config.takes_times);
        let violations = Violations::open(&directory);
        snapshot::remove_unfinished(&directory)?;
        let Recovered { mut state, journal, report, point } = recover(&config, &directory, &metrics, work)?;
        metrics.recovered(&report);

        let last_alive_ms = Heartbeat::last(&directory).unwrap_or(0).max(state.served_ms);
        if !is_planted(Bug::ClockStartsBehind) {
            clock.start_at_least(last_alive_ms.max(state.newest_ms));
        }
        let now_ms = clock.now_ms();
        make_good(&config, &mut state, &journal, now_ms, last_alive_ms);
        wait_until_durable(&journal)?;

        let event_count = state.event_ids.len() as u32;
        let State { sessions, events, event_ids, .. } = state;
        let services = Arc::new(Services {
            clock,
            directory: Directory::default(),
            sessions: SessionTable::default(),
            watchers: Arc::default(),
            alarms: Alarms::new(now_ms),
            pressure: Arc::default(),
            pulse: Pulse::new(now_ms),
            snapshots: Mutex::new(SnapshotsSoFar::from_point(point)),
            tally: RunningTally::default(),
            history: History::default(),
            path: directory.path().to_owned(),
            violations,
            metrics,
            is_stopping: AtomicBool::new(false),
            config,
            journal,
        });
        let removed = (1..).map(EventNumber).zip(event_ids).filter(|(number, _)| !events.contains_key(number));
        removed.for_each(|(number, id)| services.directory.note_removed(number, id));
        enter_sessions(&services, &sessions, now_ms);
        let machine = SessionMachine::new(sessions, services.config.sessions.lengths(), now_ms);
        let sessions = Arc::new(SessionHandle::new(machine, services.config.actors.inbox_commands_max));

        let heartbeat = Heartbeat::start(&directory, now_ms)?;
        let workers = start_work(work, &services, &sessions, heartbeat, directory)?;
        let newest_event = Mutex::new(EventNumber(event_count));
        let engine = Engine { newest_event, workers, recovery: report, opened_at_ms: now_ms, services, sessions };
        events.into_values().for_each(|event| engine.enter_event(event, now_ms));
        Ok(engine)
    }

    /// Enters a recovered event, with its view, and connects its actor.
    fn enter_event(&self, mut event: Event, now_ms: u64) {
        // How fast a line moved before the stop says little of how it moves after it.
        event.measure_anew(now_ms);
        let actors = &self.services.config.actors;
        let (capacity, reserved) = (actors.inbox_commands_max, actors.inbox_reserved_for_completions);
        let number = event.number();
        event.users().for_each(|user| self.services.sessions.touch(user, number));
        for session in event.passed_over() {
            if let Some(session) = self.services.sessions.find(session) {
                session.pass_over();
            }
        }
        // The number of an event's own newest change is not kept; that of the whole recovered journal is as good.
        let seq = self.services.journal.appended_seq();
        let view = EventView::of(&event, seq, None);
        let machine = EventMachine::new(event, now_ms);
        let handle = Arc::new(EventHandle::new(machine, seq, capacity, reserved));
        handle.publish(Arc::new(view));
        let entered = self.services.directory.insert(Arc::clone(&handle));
        assert!(entered.is_ok(), "two recovered events of one id");
        self.connect_actor(&handle);
    }
}

/// Who is to do the engine's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Threads of its own, and whoever is to turn the wheels.
    Threads(Wheels),
    /// Whoever calls its steps.
    #[cfg(test)]
    ByHand,
}

fn start_work(
    work: Work,
    services: &Arc<Services>,
    sessions: &Arc<SessionHandle>,
    heartbeat: Heartbeat,
    directory: DataDirectory,
) -> Result<Workers, OpenError> {
    match work {
        Work::Threads(wheels) => {
            let actors = ActorSystem::start(arbiters(&services.config))?;
            actors.start_sessions(sessions, services);
            Ok(Workers::Threads {
                actors: Mutex::new(Some(actors)),
                ticker: Ticker::start(wheels, services, sessions, heartbeat)?,
                snapshotter: Mutex::new(Snapshotter::start(Arc::clone(services), directory)?),
            })
        }
        #[cfg(test)]
        Work::ByHand => Ok(Workers::ByHand(Steps::new(sessions, heartbeat, directory))),
    }
}

struct Recovered {
    state: State,
    journal: Arc<Journal>,
    report: RecoveryReport,
    /// Where the snapshot stands that it began with.
    point: Option<SnapshotPoint>,
}

fn recover(
    config: &EngineConfig,
    directory: &DataDirectory,
    metrics: &Metrics,
    work: Work,
) -> Result<Recovered, OpenError> {
    let (mut state, point) = newest_snapshot_with_point(directory)?;
    let options = JournalOptions {
        segment_bytes: config.journal.segment_bytes,
        batch_bytes_max: config.journal.batch_bytes_max as usize,
        seal_after_ms: config.journal.seal_after_ms,
        retain_days: config.journal.retain_days,
        retain_bytes: config.journal.retain_bytes,
        has_threads: matches!(work, Work::Threads(_)),
        observe: metrics.journal_observer(),
    };
    let replayed = RefCell::new(&mut state);
    let mut apply = |first_seq: u64, _: u32, bytes: &[u8]| replayed.borrow_mut().apply_bytes(first_seq, bytes);
    let mut check = |last_seq| {
        check_snapshots_reached(directory, last_seq)?;
        replayed.borrow().check_invariants().map_err(JournalError::State)
    };
    let (journal, report) = journal::open_checked(directory, options, point, &mut apply, &mut check)?;
    metrics.replayed(report.bytes);
    Ok(Recovered { state, journal, report, point })
}

/// Journals what the stop made necessary: live holds get back the time the server was down, and what belonged to
/// sessions whose end was durable, but not yet its consequences, is released. What comes free goes to the line in each
/// event's first turn, with its full time.
///
/// A crash may come in between. The credits come first, each a record of its own that says of its event how far it is
/// made good: so the next start gives every event what it still lacks, and neither more nor less.
fn make_good(config: &EngineConfig, state: &mut State, journal: &Journal, now_ms: u64, last_alive_ms: u64) {
    let most_ms = config.recovery.credit_downtime_max_seconds * 1_000;
    let State { sessions, events, credited_ms, .. } = state;
    for (number, event) in events.iter_mut() {
        expire_before_the_stop(event, journal, last_alive_ms);
        if is_planted(Bug::GrantGetsDowntime) {
            let mut changes = Vec::new();
            event.advance(now_ms, std::iter::empty(), &AllPresent, &mut changes);
            append(event, journal, now_ms, &changes);
        }
        let credited_ms = credited_ms.get(number).copied().filter(|_| !is_planted(Bug::DowntimeCreditedTwice));
        let made_good_ms = credited_ms.unwrap_or(0).max(last_alive_ms);
        let by_ms = now_ms.saturating_sub(made_good_ms).min(most_ms);
        take_step(event, journal, now_ms, Caller::System, Command::CreditDowntime { by_ms });
    }
    for event in events.values_mut() {
        for caller in callers_without_session(event, sessions) {
            take_step(event, journal, now_ms, caller, Command::EndSession);
        }
    }
}

/// What was over before the stop has shown as over, and gets no time back.
fn expire_before_the_stop(event: &mut Event, journal: &Journal, last_alive_ms: u64) {
    let clock_ms = event.sale_clock_ms(last_alive_ms);
    let mut due: Vec<_> = event.live_holds().filter(|(_, deadline_ms)| clock_ms >= *deadline_ms).collect();
    due.sort_unstable_by_key(|(number, deadline_ms)| (*deadline_ms, *number));
    for step in due.chunks(STEP_CHANGES_MAX) {
        let mut changes = Vec::new();
        event.expire(last_alive_ms, step.iter().map(|(number, _)| *number), &mut changes);
        append(event, journal, last_alive_ms, &changes);
    }
}

/// Decides and journals one command, as a record of its own: a crash may have left a great many to do.
fn take_step(event: &mut Event, journal: &Journal, now_ms: u64, caller: Caller, command: Command) {
    let mut changes = Vec::new();
    // Nobody takes anything here.
    let context = Context { now_ms, caller, key: None, damping: Damping::OFF, presence: &AllPresent };
    let decision = event.decide(&context, command, &mut changes);
    debug_assert!(matches!(decision.answer, Ok(Outcome::Done | Outcome::SessionEnded { .. })));
    append(event, journal, now_ms, &changes);
}

fn append(event: &Event, journal: &Journal, now_ms: u64, changes: &[Change]) {
    if !changes.is_empty() {
        let mut record = Vec::new();
        encode_record(event.number(), now_ms, &By::System, changes, &mut record);
        journal.append(&record, changes.len() as u32, Box::new(|_| ()));
    }
}

/// Nothing of what was made good is shown before it is on disk.
fn wait_until_durable(journal: &Journal) -> Result<(), StorageError> {
    let (sender, receiver) = mpsc::channel();
    journal.append_slice(&RecordBuffer::new(), Box::new(move |_| sender.send(()).unwrap_or_default()));
    journal.catch_up()?;
    // The journal's thread answers, or ends the process.
    let _ = receiver.recv();
    Ok(())
}

/// Who has live holds or places under a session that has ended.
fn callers_without_session(event: &Event, sessions: &Sessions) -> Vec<Caller> {
    let mut users: Vec<_> = event.users_with_something_live().collect();
    users.sort_unstable();
    users.dedup_by_key(|(user, _)| *user);
    let is_stray = |(user, session): &(_, _)| match sessions.of_user(*user) {
        Some(live) => live != *session && !is_planted(Bug::StrayPlaceKept),
        None => true,
    };
    users.into_iter().filter(is_stray).map(|(user, session)| Caller::User { user, session }).collect()
}

/// Every live session's tokens open it again.
fn enter_sessions(services: &Services, sessions: &Sessions, now_ms: u64) {
    for (number, session) in sessions.live() {
        let name = sessions.shared_name(session.user).expect("every user has a name");
        let live = services.sessions.open(number, session, name, now_ms);
        live.set_class(sessions.class(session.user));
        for token_hash in session.token_hashes.iter() {
            services.sessions.admit(*token_hash, None, Arc::clone(&live));
        }
    }
}

fn arbiters(config: &EngineConfig) -> usize {
    match config.actors.arbiters {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        arbiters => arbiters as usize,
    }
}
