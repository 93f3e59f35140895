//! The world of a simulated sale: disk, clock, process and clients, and what happens to them by chance.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::clock::ManualClock;
use crate::config::EngineConfig;
use crate::core::settings::{Details, Settings, TicketTypeDefinition};
use crate::core::status::Status;
use crate::engine::open::Work;
use crate::engine::{Engine, NewEvent};
use crate::storage::simulated::{Damage, Fault, FaultKind, Operation, SimulatedDisk, SplitMix};
use crate::storage::{DataDirectory, EXIT_IO};

use super::client::{Client, EVENTS, Receipt, slug};
use super::trail::Trail;

const DATA: &str = "/data";
const START_MS: u64 = 1_800_000_000_000;
const USERS: u64 = 7;

pub(super) struct World {
    random: SplitMix,
    disk: SimulatedDisk,
    clock: Arc<ManualClock>,
    engine: Option<Arc<Engine>>,
    clients: Vec<Client>,
    trail: Trail,
    receipts: Vec<Receipt>,
    /// The highest journal number that anybody was told.
    told_seq: u64,
    /// The highest journal number that the engine said was durable.
    durable_seq: u64,
    /// How often disk and process come to harm: 25 in a thousand steps, or fewer.
    harm: u64,
    trace: blake3::Hasher,
    report: Report,
}

/// What a simulation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) changes: u64,
    pub(super) answers: u64,
    pub(super) recoveries: u64,
    pub(super) power_cuts: u64,
    pub(super) faults: u64,
    pub(super) snapshots: u64,
    pub(super) trace_hash: [u8; 32],
}

impl Report {
    pub(super) fn add(&mut self, other: &Report) {
        self.changes += other.changes;
        self.answers += other.answers;
        self.recoveries += other.recoveries;
        self.power_cuts += other.power_cuts;
        self.faults += other.faults;
        self.snapshots += other.snapshots;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { changes, answers, recoveries, power_cuts, faults, snapshots, .. } = self;
        write!(
            formatter,
            "{changes} changes, {answers} answers, {snapshots} snapshots, {recoveries} recoveries after {power_cuts} power \
             cuts and {faults} faults of the disk"
        )
    }
}

/// The configuration of simulated engines: everything so small that its bounds are met.
pub(super) fn config() -> EngineConfig {
    let mut config = EngineConfig::default();
    config.journal.segment_bytes = 24 << 10;
    config.journal.batch_bytes_max = 8 << 10;
    config.actors.inbox_commands_max = 6;
    config.actors.inbox_reserved_for_completions = 2;
    config.actors.slice_commands_max = 3;
    config.sessions.idle_seconds = 1_800;
    config
}

/// The event of this index.
pub(super) fn new_event(index: usize) -> NewEvent {
    let (id, types) = EVENTS[index];
    let define = |(id, capacity): &(&str, u32)| TicketTypeDefinition {
        id: slug(id),
        name: (*id).to_owned(),
        capacity: *capacity,
        price: None,
    };
    NewEvent {
        id: slug(id),
        details: Details { name: id.to_owned(), ..Details::default() },
        settings: Settings { hold_seconds: 120, max_hold_lifetime_seconds: 400, ..Settings::default() },
        ticket_types: types.iter().map(define).collect(),
        status: Status::OnSale,
        reason: None,
    }
}

/// Opens an engine without threads.
pub(super) fn open(disk: &SimulatedDisk, clock: &Arc<ManualClock>) -> Result<Engine, crate::error::OpenError> {
    let directory = DataDirectory::open_on(Arc::new(disk.clone()), Path::new(DATA))?;
    Engine::open_in(config(), directory, Arc::clone(clock) as _, Work::ByHand)
}

/// Creates the events of the sale, durably.
pub(super) fn create_events(engine: &Engine) {
    for index in 0..EVENTS.len() {
        let mut created = Box::pin(engine.create_event("admin", None, new_event(index)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(created.as_mut().poll(&mut context).is_pending());
        engine.write_journal().expect("a disk without faults");
        assert!(matches!(created.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
    }
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let disk = SimulatedDisk::new(seed);
        let clock = Arc::new(ManualClock::at(START_MS));
        let engine = open(&disk, &clock).expect("a new store");
        create_events(&engine);
        let clients = (0..USERS).map(Client::user).chain([Client::admin(USERS)]).collect();
        World {
            // Some sales go on for long, others hardly get anywhere.
            harm: [2, 6, 25][(seed % 3) as usize],
            random: SplitMix(seed ^ 0xD15C),
            disk,
            clock,
            engine: Some(Arc::new(engine)),
            clients,
            trail: Trail::default(),
            receipts: Vec::new(),
            told_seq: 0,
            durable_seq: 0,
            trace: blake3::Hasher::new(),
            report: Report::default(),
        }
    }

    pub(super) fn run(mut self, steps: u32) -> Report {
        for _ in 0..steps {
            self.step();
        }
        self.disk.set_fault(None);
        self.die(None);
        self.report.changes = self.trail.entries.len() as u64;
        self.report.trace_hash = *self.trace.finalize().as_bytes();
        self.report
    }

    /// A world whose disk and process come to no harm before the end.
    pub(super) fn calm(seed: u64) -> World {
        World { harm: 0, ..World::new(seed) }
    }

    /// Takes steps until the disk is as wanted, and stops the process in good order.
    pub(super) fn stopped_when(mut self, is_wanted: impl Fn(&SimulatedDisk) -> bool) -> SimulatedDisk {
        while !is_wanted(&self.disk) {
            self.step();
        }
        self.shut_down();
        self.disk.after_kill()
    }

    /// Takes steps until the disk is as wanted, and kills the process.
    pub(super) fn killed_when(mut self, is_wanted: impl Fn(&SimulatedDisk) -> bool) -> SimulatedDisk {
        while !is_wanted(&self.disk) {
            self.step();
        }
        self.write();
        self.disk.after_kill()
    }

    fn step(&mut self) {
        let choice = self.random.below(975 + self.harm);
        self.note(&choice.to_le_bytes());
        match choice {
            0..=499 => self.step_client(),
            500..=749 => self.step_actor(),
            750..=889 => self.write(),
            890..=899 => self.with_engine(|engine| engine.seal_journal().is_ok()),
            900..=964 => self.pass_time(),
            965..=974 => self.snapshot(),
            _ => self.come_to_harm(),
        }
        self.check();
    }

    fn come_to_harm(&mut self) {
        match self.random.below(25) {
            0..=4 => self.break_disk_soon(),
            5..=8 => self.stop(),
            9..=14 => self.die(None),
            _ => {
                let damage = self.damage();
                self.die(Some(damage));
            }
        }
    }

    fn step_client(&mut self) {
        let index = self.random.below(self.clients.len() as u64) as usize;
        let engine = Arc::clone(self.engine());
        let client = &mut self.clients[index];
        let Some((open, answer)) = client.step(&engine, self.told_seq, &mut self.random) else { return };
        self.report.answers += 1;
        self.trace.update(format!("{index} {:?} {answer:?}", open.request).as_bytes());
        let receipts = client.believe(&open.request, &answer);
        for receipt in &receipts {
            assert!(receipt.seq <= engine.durable_seq(), "told before it was durable: {receipt:?}");
            self.told_seq = self.told_seq.max(receipt.seq);
        }
        if let super::client::Answer::Command(Ok(reply)) = &answer
            && !reply.is_replay
            && let Some(receipt) = receipts.first()
        {
            assert!(receipt.seq > open.sent_after_seq, "ordered before what was known when it was asked: {receipt:?}");
        }
        self.receipts.extend(receipts);
    }

    fn step_actor(&mut self) {
        let rung = self.engine().rung();
        if rung.is_empty() {
            return;
        }
        let number = rung[self.random.below(rung.len() as u64) as usize];
        self.engine().take_turn(number);
        for handle in self.engine().handles().iter().filter(|handle| handle.number == number) {
            let machine = handle.machine();
            machine.event().check_invariants().unwrap();
            assert_eq!(machine.timers(), machine.event().live_holds().count(), "a hold without a timer");
        }
    }

    fn write(&mut self) {
        self.with_engine(|engine| engine.write_journal().is_ok());
    }

    /// Does something to the process that it dies of when it fails.
    fn with_engine(&mut self, work: impl FnOnce(&Engine) -> bool) {
        if !work(self.engine()) {
            // The power goes with it, or the kernel keeps what it has.
            let damage = self.damage();
            let goes_power = self.random.below(2) == 0;
            self.die(goes_power.then_some(damage));
        }
    }

    fn pass_time(&mut self) {
        let by_ms = match self.random.below(20) {
            0 => self.random.below(900_000),
            1..=4 => self.random.below(60_000),
            _ => self.random.below(5_000),
        };
        self.clock.advance(by_ms);
        let engine = Arc::clone(self.engine());
        engine.turn_wheels();
        // A heartbeat that fails is only logged.
        let _ = engine.beat();
    }

    fn snapshot(&mut self) {
        let engine = Arc::clone(self.engine());
        let mut written = Box::pin(engine.snapshot());
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(written) = written.as_mut().poll(&mut context) else {
            unreachable!("a snapshot by hand is written at once");
        };
        if let Ok(snapshot) = written {
            self.report.snapshots += 1;
            assert!(snapshot.info.seq <= engine.durable_seq(), "a snapshot of what is not durable");
        }
    }

    /// An operation to come fails: EIO once or for ever, no space, or the power.
    fn break_disk_soon(&mut self) {
        let kinds = [FaultKind::ErrorOnce, FaultKind::ErrorForEver, FaultKind::FullOnce, FaultKind::PowerCut];
        let kind = kinds[self.random.below(kinds.len() as u64) as usize];
        let only = match self.random.below(4) {
            0 => Some(Operation::Sync),
            1 => Some(Operation::Write),
            _ => None,
        };
        let at = self.random.below(40);
        self.disk.set_fault(Some(Fault { at, only, kind }));
    }

    /// A stop in good order, as far as the disk lets it.
    fn stop(&mut self) {
        self.shut_down();
        self.die(None);
    }

    fn shut_down(&mut self) {
        let engine = Arc::clone(self.engine());
        self.clients.iter_mut().for_each(Client::lose_connection);
        let mut stopped = Box::pin(engine.shutdown());
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..1_000 {
            if stopped.as_mut().poll(&mut context).is_ready() {
                break;
            }
            engine.rung().into_iter().for_each(|number| engine.take_turn(number));
            if engine.write_journal().is_err() {
                break;
            }
        }
        drop(stopped);
    }

    /// The process ends: killed, or with the power. Another one is started, as often as it takes.
    fn die(&mut self, damage: Option<Damage>) {
        self.clients.iter_mut().for_each(Client::lose_connection);
        if let Some(engine) = self.engine.take() {
            self.durable_seq = self.durable_seq.max(engine.durable_seq());
            assert_eq!(Arc::strong_count(&engine), 1, "nobody keeps a dead process");
        }
        self.leave_disk(damage);
        loop {
            self.report.recoveries += 1;
            self.move_clock();
            // A start may meet a fault of the disk, or lose power, at any of its operations.
            if self.random.below(3) == 0 {
                let at = self.random.below(60);
                let kinds = [FaultKind::PowerCut, FaultKind::PowerCut, FaultKind::ErrorOnce, FaultKind::FullOnce];
                let kind = kinds[self.random.below(kinds.len() as u64) as usize];
                self.disk.set_fault(Some(Fault { at, only: None, kind }));
            }
            match open(&self.disk, &self.clock) {
                Ok(engine) => {
                    self.engine = Some(Arc::new(engine));
                    break;
                }
                Err(error) => {
                    assert!(self.disk.has_failed(), "a legal disk is refused: {error}");
                    assert_eq!(error.exit_code(), EXIT_IO, "a disk that fails is taken for damage: {error}");
                    let damage = self.damage();
                    let damage = (self.random.below(3) > 0).then_some(damage);
                    self.leave_disk(damage);
                }
            }
        }
        self.note(b"recovered");
        self.check_recovered();
    }

    fn leave_disk(&mut self, damage: Option<Damage>) {
        self.report.faults += u64::from(self.disk.has_failed());
        self.disk = match damage {
            None => self.disk.after_kill(),
            Some(damage) => {
                self.report.power_cuts += 1;
                self.disk.cut_power(damage)
            }
        };
    }

    /// The next process reads a wall clock that has gone on, jumped, or gone back.
    fn move_clock(&mut self) {
        let now_ms = self.engine_time_ms();
        let at_ms = match self.random.below(10) {
            0 => now_ms.saturating_sub(self.random.below(3_600_000)),
            1 => now_ms + self.random.below(7_200_000),
            _ => now_ms + self.random.below(30_000),
        };
        self.clock = Arc::new(ManualClock::at(at_ms));
    }

    fn engine_time_ms(&self) -> u64 {
        use crate::clock::Clock;
        self.clock.now_ms()
    }

    /// A kind of damage by chance; not the torn sector, which recovery may refuse.
    fn damage(&mut self) -> Damage {
        let legal: Vec<Damage> = Damage::ALL.into_iter().filter(|damage| *damage != Damage::TornSector).collect();
        legal[self.random.below(legal.len() as u64) as usize]
    }

    /// What holds at any time.
    fn check(&mut self) {
        let engine = Arc::clone(self.engine());
        let durable_seq = engine.durable_seq();
        assert!(durable_seq >= self.durable_seq && durable_seq >= self.told_seq, "what is durable went back");
        self.durable_seq = durable_seq;
        for view in engine.events() {
            assert!(view.seq <= durable_seq, "a figure was shown before it was durable");
            for figures in &view.figures {
                assert_eq!(figures.available + figures.held + figures.booked, figures.capacity);
            }
        }
        let known = self.trail.entries.len() as u64;
        if durable_seq > known {
            match engine.changes(known, usize::MAX, None) {
                Ok(page) => self.trail.extend(page.entries),
                Err(error) => assert!(self.disk.has_failed(), "the audit trail cannot be read: {error}"),
            }
        }
    }

    /// What holds after a recovery: all that was durable is there as it was, and what is there is what it leads to.
    fn check_recovered(&mut self) {
        let Ok(page) = self.engine().changes(0, usize::MAX, None) else {
            assert!(self.disk.has_failed(), "the audit trail cannot be read");
            return;
        };
        let mut trail = Trail::default();
        trail.extend(page.entries);
        assert!(trail.entries.len() as u64 >= self.durable_seq, "durable changes are gone");
        let known = &self.trail.entries;
        assert!(trail.entries.starts_with(known), "the past has changed");
        self.receipts.iter().for_each(|receipt| trail.check(receipt));
        self.trail = trail;
        let replayed = self.engine().replay();
        assert!(replayed.is_some() || self.disk.has_failed(), "the journal cannot be replayed");
        if let Some(replayed) = replayed {
            assert_eq!(
                self.engine().sessions_hash(),
                crate::state::sessions_hash(&replayed.sessions),
                "other sessions"
            );
            for handle in self.engine().handles() {
                let machine = handle.machine();
                machine.event().check_invariants().unwrap();
                let replayed = &replayed.events[&handle.number];
                assert_eq!(
                    crate::state::event_hash(machine.event()),
                    crate::state::event_hash(replayed),
                    "the recovered state of {} is not that of a full replay",
                    handle.id
                );
            }
        }
    }

    fn engine(&self) -> &Arc<Engine> {
        self.engine.as_ref().expect("a process runs between two steps")
    }

    fn note(&mut self, bytes: &[u8]) {
        self.trace.update(bytes);
    }
}
