//! Accounts, the ends of sessions and their audit entries, by the whole engine: what is durable, when, and what a crash
//! leaves.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::clock::ManualClock;
use crate::core::change::{AdminAct, By, Change, SessionEnd};
use crate::core::command::{Caller, Command, Wish};
use crate::core::id::{LoginSeq, UserNumber};
use crate::core::session::PasswordOwner;
use crate::core::user::UserDetails;
use crate::core::{Outcome, Rejection};
use crate::engine::{Engine, Identity, LoginRefusal};
use crate::session_table::Authentication;
use crate::state::SESSIONS;
use crate::storage::simulated::SimulatedDisk;

use super::client::slug;
use super::world::{create_events, open};

const START_MS: u64 = 1_800_000_000_000;
/// `sessions.idle_seconds` of simulated engines, in milliseconds.
const IDLE_MS: u64 = 1_800_000;

struct House {
    disk: SimulatedDisk,
    clock: Arc<ManualClock>,
    engine: Engine,
}

impl House {
    fn new() -> House {
        let (disk, clock) = (SimulatedDisk::new(1), Arc::new(ManualClock::at(START_MS)));
        let engine = open(&disk, &clock).unwrap();
        create_events(&engine);
        House { disk, clock, engine }
    }

    /// The process is killed, and another one starts.
    fn killed(self) -> House {
        let House { disk, clock, engine } = self;
        drop(engine);
        let disk = disk.after_kill();
        let engine = open(&disk, &clock).unwrap();
        House { disk, clock, engine }
    }

    fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        self.engine.finish(future)
    }

    fn log_in(&self, name: &str, token: u8) -> Caller {
        let login = self.finish(self.engine.login(Identity::named(name), [token; 32], Some(Vec::new()))).unwrap();
        Caller::User { user: login.session.user, session: login.session.number }
    }

    fn ask(&self, caller: &Caller, command: Command) -> Result<Outcome, Rejection> {
        self.finish(self.engine.execute(&slug("gala"), caller.clone(), None, command)).unwrap().answer
    }

    fn opens(&self, token: u8) -> &'static str {
        match self.engine.authenticate(&[token; 32]) {
            Authentication::Live(_) => "live",
            Authentication::Ended => "ended",
            Authentication::Unknown => "unknown",
        }
    }

    /// The kinds of the changes from number `after` on.
    fn kinds(&self, after: u64) -> Vec<&'static str> {
        self.engine.changes(after, usize::MAX, None).unwrap().entries.iter().map(|entry| entry.change.kind()).collect()
    }
}

fn ops() -> By {
    By::Admin("ops".to_owned())
}

fn why() -> Option<String> {
    Some("a reason".to_owned())
}

fn hash(text: &str) -> String {
    format!("hash of {text}")
}

/// Whoever has shown the password `text` and comes with the token of `number`.
fn owner(text: &str, number: u8) -> Option<PasswordOwner> {
    Some(PasswordOwner { checked_hash: hash(text), kept_token: [number; 32] })
}

/// An account that is added, gets another password and is described by a login, and one that is added and removed.
pub(super) fn keep_house(engine: &Engine) {
    engine.finish(engine.add_account("ann", hash("first"), ops(), why())).unwrap().unwrap();
    engine.finish(engine.add_account("zoe", hash("zoe"), ops(), None)).unwrap().unwrap();
    let details = UserDetails { class: Some("vip".to_owned()), email: Some("ann@example.org".to_owned()) };
    let identity = Identity { user_name: "ann".to_owned(), details: Some(details), checked_hash: None };
    engine.finish(engine.login(identity, [101; 32], Some(Vec::new()))).unwrap();
    let changed = engine.change_password("ann", hash("second"), owner("first", 101), By::User, None);
    engine.finish(changed).unwrap().unwrap();
    engine.finish(engine.remove_account("zoe", ops(), why())).unwrap().unwrap();
}

#[test]
fn accounts_outlive_the_process() {
    let house = House::new();
    keep_house(&house.engine);
    let before = house.engine.sessions_hash();
    assert_eq!(
        house.finish(house.engine.add_account("ann", hash("x"), ops(), None)),
        Ok(Err(Rejection::AccountExists))
    );
    let house = house.killed();
    assert_eq!(house.engine.sessions_hash(), before);
    assert_eq!(house.engine.password_hash("ann"), Some(hash("second")));
    assert_eq!(house.engine.password_hash("zoe"), None);
    let ann = house.engine.user_number("ann").unwrap();
    assert_eq!(house.engine.accounts(UserNumber(0), 9), [(ann, "ann".to_owned())]);
    assert_eq!(house.engine.accounts(ann, 9), []);
    let Authentication::Live(session) = house.engine.authenticate(&[101; 32]) else {
        panic!("the kept token opens it")
    };
    assert_eq!(&*session.class(), "vip");
    let unknown = house.finish(house.engine.remove_account("zoe", ops(), None));
    assert_eq!(unknown, Ok(Err(Rejection::AccountNotFound)));
}

#[test]
fn a_snapshot_has_the_accounts() {
    let house = House::new();
    keep_house(&house.engine);
    let before = house.engine.sessions_hash();
    assert!(matches!(
        std::pin::pin!(house.engine.snapshot()).poll(&mut Context::from_waker(Waker::noop())),
        Poll::Ready(Ok(_))
    ));
    let house = house.killed();
    assert_eq!((house.engine.sessions_hash(), house.engine.password_hash("ann")), (before, Some(hash("second"))));
}

#[test]
fn a_password_that_was_replaced_meanwhile_opens_nothing_and_changes_nothing() {
    let house = House::new();
    house.finish(house.engine.add_account("ann", hash("first"), ops(), None)).unwrap().unwrap();
    house.log_in("ann", 1);
    house.finish(house.engine.change_password("ann", hash("second"), None, ops(), None)).unwrap().unwrap();
    let shown = |text| Identity { checked_hash: Some(hash(text)), ..Identity::named("ann") };
    let log_in = |text, token| house.finish(house.engine.login(shown(text), [token; 32], Some(Vec::new())));
    assert_eq!(log_in("first", 2).unwrap_err(), LoginRefusal::PasswordReplaced);
    let stale = house.engine.change_password("ann", hash("third"), owner("first", 1), By::User, None);
    assert_eq!(house.finish(stale), Ok(Err(Rejection::PasswordReplaced)));
    assert_eq!(house.engine.password_hash("ann"), Some(hash("second")));
    assert!(log_in("second", 3).is_ok());
    assert_eq!((house.opens(1), house.opens(2), house.opens(3)), ("unknown", "unknown", "live"));
    house.finish(house.engine.remove_account("ann", ops(), None)).unwrap().unwrap();
    assert_eq!(log_in("second", 4).unwrap_err(), LoginRefusal::PasswordReplaced);
}

#[test]
fn a_new_password_revokes_the_other_tokens_once_it_is_durable() {
    let house = House::new();
    house.finish(house.engine.add_account("ann", hash("first"), ops(), None)).unwrap().unwrap();
    let ann = house.log_in("ann", 1);
    house.log_in("ann", 2);
    let Ok(Outcome::Held { hold, .. }) = house.ask(&ann, Command::PlaceHold { wish: Wish::default(), wait: false })
    else {
        panic!("a ticket is free")
    };
    let mut changing = Box::pin(house.engine.change_password("ann", hash("second"), owner("first", 2), By::User, None));
    assert!(changing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    house.engine.take_turn(SESSIONS);
    assert_eq!((house.opens(1), house.opens(2)), ("live", "live"), "nothing is shown that is not on disk");
    assert!(house.finish(changing).unwrap().is_ok());
    assert_eq!((house.opens(1), house.opens(2)), ("unknown", "live"));
    let Caller::User { user, .. } = ann else { unreachable!("a user") };
    assert_eq!(
        house.finish(house.engine.belongings(user)).holds[0].1.number,
        hold.number,
        "the session has what it had"
    );
    let house = house.killed();
    assert_eq!((house.opens(1), house.opens(2)), ("unknown", "live"));
}

#[test]
fn what_goes_with_an_account_is_the_session_and_not_the_bookings() {
    let house = House::new();
    house.finish(house.engine.add_account("ann", hash("first"), ops(), None)).unwrap().unwrap();
    let ann = house.log_in("ann", 1);
    house.ask(&ann, Command::Book { wish: Wish::default() }).unwrap();
    house.ask(&ann, Command::PlaceHold { wish: Wish::default(), wait: false }).unwrap();
    let before = house.engine.durable_seq();
    let seq = house.finish(house.engine.remove_account("ann", ops(), why())).unwrap().unwrap();
    assert_eq!(house.kinds(before), ["account_removed", "session_ended", "admin_acted", "hold_released"]);
    assert_eq!(seq, before + 4, "the number of the newest change that it came to");
    assert_eq!(house.opens(1), "ended");
    let Caller::User { user, .. } = ann else { unreachable!("a user") };
    let left = house.finish(house.engine.belongings(user));
    assert!(left.bookings[0].1.cancelled_at_ms.is_none() && left.holds.iter().all(|(_, hold)| hold.expires_in_ms == 0));
}

#[test]
fn an_organiser_who_ends_a_session_leaves_an_audit_entry() {
    let house = House::new();
    house.log_in("ann", 1);
    let before = house.engine.durable_seq();
    let ended = house.engine.end_session(LoginSeq(1), SessionEnd::Admin, ops(), why());
    assert_eq!(house.finish(ended).unwrap(), Some(before + 2));
    let entries = house.engine.changes(before, 9, None).unwrap().entries;
    let Change::AdminActed(act) = &entries[1].change else { panic!("{entries:?}") };
    let AdminAct { admin, action, reason, .. } = &**act;
    assert_eq!((admin.as_str(), action.as_str(), reason.clone()), ("ops", "end_session", why()));
    assert_eq!(entries[1].change.user(), Some(UserNumber(1)));
    // Nobody audits a logout.
    house.log_in("ann", 2);
    let before = house.engine.durable_seq();
    house.finish(house.engine.end_session(LoginSeq(2), SessionEnd::Logout, By::User, None)).unwrap();
    assert_eq!(house.kinds(before), ["session_ended"]);
}

#[test]
fn an_event_begins_with_the_audit_entry_of_its_creation() {
    let house = House::new();
    assert_eq!(house.kinds(0)[..2], ["event_created", "admin_acted"]);
}

#[test]
fn a_request_after_its_time_does_not_bring_a_session_back() {
    let house = House::new();
    house.log_in("ann", 1);
    house.clock.advance(IDLE_MS - 1);
    assert_eq!(house.opens(1), "live");
    // The wheel does not turn.
    house.clock.advance(IDLE_MS);
    assert_eq!(house.opens(1), "ended");
    assert_eq!(house.opens(1), "ended");
    let before = house.engine.durable_seq();
    let login = house.finish(house.engine.login(Identity::named("ann"), [2; 32], Some(Vec::new()))).unwrap();
    assert!(login.fresh, "nor does a login");
    assert_eq!(house.kinds(before), ["session_ended", "session_opened"]);
    assert_eq!((house.opens(1), house.opens(2)), ("ended", "live"));
}

#[test]
fn no_session_outlives_its_lifetime_however_busy_it_is() {
    let mut house = House::new();
    house.log_in("ann", 1);
    let lifetime_ms = u64::from(house.engine.config().sessions.lifetime_seconds) * 1_000;
    for _ in 0..lifetime_ms / IDLE_MS * 2 - 1 {
        house.clock.advance(IDLE_MS / 2);
        assert_eq!(house.opens(1), "live");
    }
    house = house.killed();
    assert_eq!(house.opens(1), "live");
    let Authentication::Live(session) = house.engine.authenticate(&[1; 32]) else { panic!("a live session") };
    let lengths = house.engine.config().sessions.lengths();
    assert_eq!(session.expires_at_ms(&lengths), START_MS + lifetime_ms, "a restart gives it no more");
    house.clock.advance(START_MS + lifetime_ms - house.engine.now_ms());
    assert_eq!(house.opens(1), "ended");
    house.engine.turn_wheels();
    house.finish(house.engine.cleanup(false)).unwrap();
    let entries = house.engine.changes(0, usize::MAX, None).unwrap().entries;
    let is_end = |change: &Change| matches!(change, Change::SessionEnded { reason: SessionEnd::Lifetime, .. });
    assert!(entries.iter().any(|entry| is_end(&entry.change)));
}

#[test]
fn the_operator_sets_who_is_damped() {
    let house = House::new();
    let ann = house.log_in("ann", 1);
    let hold = || Command::PlaceHold { wish: Wish::default(), wait: false };
    for _ in 0..house.engine.config().damping.expiries_max {
        house.ask(&ann, hold()).unwrap();
        house.clock.advance(120_000);
    }
    assert_eq!(house.ask(&ann, hold()), Err(Rejection::Damped { until_ms: house.engine.now_ms() + 600_000 }));
    let before = house.engine.replay().unwrap();
    let event = crate::core::id::EventNumber(1);
    let hashes = |state: &crate::state::State| crate::state::event_hash(&state.events[&event]);
    let live = house.engine.handles().iter().map(|handle| crate::state::event_hash(handle.machine().event())).next();
    assert_eq!(Some(hashes(&before)), live, "what was decided is replayed whatever is set");
}
