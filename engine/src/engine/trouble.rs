//! An engine with threads on a disk that is full, or stuck: what it refuses, what it still does, and what it tells.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::clock::ManualClock;
use crate::config::EngineConfig;
use crate::core::command::{Caller, Command, Wish};
use crate::core::id::Slug;
use crate::core::settings::{Details, Settings, TicketTypeDefinition};
use crate::core::status::Status;
use crate::core::{Outcome, Rejection};
use crate::error::Unavailable;
use crate::storage::DataDirectory;
use crate::storage::simulated::SimulatedDisk;

use super::open::Work;
use super::{Engine, Identity, LoginRefusal, NewEvent, Wheels};

const START_MS: u64 = 1_800_000_000_000;

struct Sale {
    disk: SimulatedDisk,
    clock: Arc<ManualClock>,
    engine: Arc<Engine>,
    runtime: Runtime,
}

impl Sale {
    fn open(adjust: impl FnOnce(&mut EngineConfig)) -> Sale {
        let mut config = EngineConfig::default();
        config.journal.segment_bytes = 256 << 10;
        config.journal.batch_bytes_max = 64 << 10;
        adjust(&mut config);
        let disk = SimulatedDisk::new(5);
        let clock = Arc::new(ManualClock::at(START_MS));
        let directory = DataDirectory::open_on(Arc::new(disk.clone()), Path::new("/data")).unwrap();
        let work = Work::Threads(Wheels::ByHand);
        let engine = Arc::new(Engine::open_in(config, directory, Arc::clone(&clock) as _, work).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let sale = Sale { disk, clock, engine, runtime };
        sale.runtime.block_on(sale.engine.create_event("admin", None, gala())).unwrap();
        sale
    }

    fn log_in(&self, number: u16) -> Result<Caller, Unavailable> {
        let mut token_hash = [0; 32];
        token_hash[..2].copy_from_slice(&number.to_le_bytes());
        let user = Identity::named(format!("user-{number}"));
        let login = match self.runtime.block_on(self.engine.login(user, token_hash, Some(Vec::new()))) {
            Ok(login) => login,
            Err(LoginRefusal::Unavailable(unavailable)) => return Err(unavailable),
            Err(LoginRefusal::PasswordReplaced) => unreachable!("nobody showed a password"),
        };
        Ok(Caller::User { user: login.session.user, session: login.session.number })
    }

    fn ask(&self, caller: &Caller, command: Command) -> Result<Result<Outcome, Rejection>, Unavailable> {
        let event = gala().id;
        let asked = self.engine.execute(&event, caller.clone(), None, command);
        Ok(self.runtime.block_on(asked)?.answer)
    }

    fn held(&self, caller: &Caller) -> crate::core::id::HoldNumber {
        let Ok(Ok(Outcome::Held { hold, .. })) = self.ask(caller, hold()) else { panic!("a ticket is free") };
        hold.number
    }

    /// Fills the disk, and writes until the journal has found out.
    fn fill_disk(&self) {
        // The next segment is there, as it is unless the disk fills faster than it is prepared: then all wait for room.
        let segment_bytes = self.engine.services.config.journal.segment_bytes;
        while self.engine.services.journal.reserve_bytes() < segment_bytes {
            std::thread::yield_now();
        }
        self.disk.set_capacity_bytes(self.disk.used_bytes());
        let busy = self.log_in(u16::MAX).unwrap();
        let segments = || self.disk.paths().iter().filter(|path| path.to_string_lossy().ends_with(".segment")).count();
        let before = segments();
        // The disk may turn out to be full between any two of these.
        while segments() == before
            && let Ok(Ok(Outcome::Held { hold, .. })) = self.ask(&busy, hold())
        {
            let _ = self.ask(&busy, Command::LeaveQueue { ticket_type: None });
            self.ask(&busy, Command::ReleaseHold { number: hold.number, reason: None }).unwrap().unwrap();
        }
        while self.engine.check_available().is_ok() {
            std::thread::yield_now();
        }
    }
}

fn gala() -> NewEvent {
    NewEvent {
        id: Slug::new("gala").unwrap(),
        details: Details { name: "Gala".to_owned(), ..Details::default() },
        settings: Settings { auto_hold: 0, ..Settings::default() },
        ticket_types: vec![TicketTypeDefinition {
            id: Slug::new("general").unwrap(),
            name: "General".to_owned(),
            capacity: 4,
            price: None,
        }],
        status: Status::OnSale,
        reason: None,
    }
}

fn hold() -> Command {
    Command::PlaceHold { wish: Wish::default(), wait: false }
}

#[test]
fn a_full_disk_refuses_new_holds_and_lets_the_others_pay_and_give_back() {
    let sale = Sale::open(|_| ());
    let users: Vec<Caller> = (0..4).map(|number| sale.log_in(number).unwrap()).collect();
    let holds: Vec<_> = users[..3].iter().map(|user| sale.held(user)).collect();
    sale.fill_disk();

    assert_eq!(sale.ask(&users[3], hold()), Err(Unavailable::StorageFull));
    assert_eq!(sale.log_in(9).err(), Some(Unavailable::StorageFull));
    assert_eq!(sale.engine.check_ready(), Err(Unavailable::StorageFull));
    let confirm = Command::ConfirmHold { number: holds[0], quantity: None };
    assert!(matches!(sale.ask(&users[0], confirm), Ok(Ok(Outcome::Booked { .. }))));
    let release = Command::ReleaseHold { number: holds[1], reason: None };
    assert!(matches!(sale.ask(&users[1], release), Ok(Ok(Outcome::Hold(_)))));
    let cancel = Command::CancelBooking { number: holds[0], reason: None };
    assert!(matches!(sale.ask(&users[0], cancel), Ok(Ok(Outcome::Cancelled(_)))));
    // Time goes on, too.
    sale.clock.advance(600_000);
    sale.engine.turn_wheels();
    while sale.engine.event(&gala().id).unwrap().figures[0].available < 4 {
        std::thread::yield_now();
    }

    sale.disk.set_capacity_bytes(u64::MAX);
    while sale.engine.check_ready().is_err() {
        std::thread::yield_now();
    }
    sale.held(&users[3]);
}

#[test]
fn who_hangs_up_leaves_their_place_to_nobody_before_the_answer() {
    let sale = Sale::open(|config| config.journal.waiting_max = 64);
    let user = sale.log_in(1).unwrap();
    sale.disk.hold_syncs();
    let Sale { disk, engine, runtime, .. } = &sale;
    let event = gala().id;
    let hang_up = || ask_once(engine.execute(&event, user.clone(), None, hold())).map(|answer| answer.unwrap_err());
    let refused = (0..2_000).filter_map(|_| hang_up()).inspect(|error| assert_eq!(*error, Unavailable::Overloaded));
    assert_eq!(refused.count(), 2_000 - 64);
    disk.release_syncs();
    // The answers leave, though nobody takes them; then there is room again.
    runtime.block_on(async {
        while engine.services.pressure.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    });
    sale.ask(&user, hold()).unwrap().unwrap();
}

/// Asks once, and hangs up.
fn ask_once<T>(asked: impl Future<Output = T>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(asked).poll(&mut context) {
        std::task::Poll::Ready(answer) => Some(answer),
        std::task::Poll::Pending => None,
    }
}

#[test]
fn a_stuck_disk_fills_the_bounds_and_no_more() {
    let sale = Sale::open(|config| {
        config.journal.waiting_max = 64;
        config.journal.backlog_bytes_max = 64 << 10;
    });
    let user = sale.log_in(1).unwrap();
    sale.disk.hold_syncs();
    let Sale { disk, clock, engine, runtime, .. } = &sale;
    let (mut asked, mut refused) = (JoinSet::new(), 0);
    runtime.block_on(async {
        for _ in 0..2_000 {
            let (asker, user) = (Arc::clone(engine), user.clone());
            asked.spawn(async move { asker.execute(&gala().id, user, None, hold()).await });
            tokio::task::yield_now().await;
            while let Some(answer) = asked.try_join_next() {
                assert_eq!(answer.unwrap().unwrap_err(), Unavailable::Overloaded);
                refused += 1;
            }
            assert!(engine.services.pressure.waiting() <= 64 && engine.services.journal.backlog_bytes() <= 64 << 10);
        }
    });
    assert_eq!((refused, asked.len()), (2_000 - 64, 64));
    // Those who pay have as much room again.
    assert!(engine.wait(crate::inbox::Lane::Completion).is_ok());

    while engine.services.journal.frame_in_flight().is_none() {
        std::thread::yield_now();
    }
    engine.turn_wheels();
    assert_eq!(engine.check_ready(), Ok(()), "a write may take its time");
    clock.advance(5_000);
    engine.turn_wheels();
    assert_eq!(engine.check_ready(), Err(Unavailable::DiskSlow { for_ms: 5_000 }));
    disk.release_syncs();
    runtime.block_on(async {
        while let Some(answer) = asked.join_next().await {
            assert!(matches!(answer.unwrap().unwrap().answer, Ok(Outcome::Held { .. })));
        }
    });
    engine.turn_wheels();
    assert_eq!((engine.check_ready(), engine.services.pressure.waiting()), (Ok(()), 0));
}

#[test]
fn who_asks_while_the_disk_is_at_a_write_takes_the_turn() {
    let sale = Sale::open(|_| ());
    let (first, second) = (sale.log_in(1).unwrap(), sale.log_in(2).unwrap());
    let Sale { disk, engine, runtime, .. } = &sale;
    let journal = &engine.services.journal;
    disk.hold_syncs();
    let held = engine.submit(&gala().id, first, None, hold()).unwrap();
    while journal.frame_in_flight().is_none() || journal.appended_seq() == journal.durable_seq() {
        std::thread::yield_now();
    }
    // The actor's turn is over once somebody else gets a look in.
    drop(engine.services.directory.find(&gala().id).unwrap().machine());
    let appended_seq = journal.appended_seq();
    let held_too = engine.submit(&gala().id, second, None, hold()).unwrap();
    assert!(journal.appended_seq() > appended_seq, "nobody else had to be woken");
    disk.release_syncs();
    for answer in [held, held_too] {
        assert!(matches!(runtime.block_on(answer).unwrap().answer, Ok(Outcome::Held { .. })));
    }
}
