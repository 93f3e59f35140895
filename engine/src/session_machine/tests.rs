use super::SessionMachine;
use crate::core::Sessions;
use crate::core::change::{Change, SessionEnd};
use crate::core::id::LoginSeq;
use crate::core::session::{AccountCommand, SessionLengths, TOKENS_PER_SESSION_MAX};

const LENGTHS: SessionLengths = SessionLengths { idle_ms: 1_000, lifetime_ms: 5_000 };

fn machine() -> SessionMachine {
    SessionMachine::new(Sessions::default(), LENGTHS, 0)
}

fn end_overdue(machine: &mut SessionMachine, now_ms: u64, seen_ms: u64) -> Vec<u64> {
    let ended = machine.end_overdue(now_ms, &|_| seen_ms, &mut Vec::new());
    ended.into_iter().map(|ended| ended.session.0).collect()
}

fn why(changes: &[Change]) -> Option<SessionEnd> {
    changes
        .iter()
        .find_map(|change| if let Change::SessionEnded { reason, .. } = change { Some(*reason) } else { None })
}

#[test]
fn a_session_without_a_request_ends_at_its_time() {
    let mut machine = machine();
    machine.login(0, "ann", [1; 32], None, &mut Vec::new());
    assert_eq!(end_overdue(&mut machine, 999, 0), []);
    assert_eq!(end_overdue(&mut machine, 1_000, 0), [1]);
    assert_eq!(machine.next_wake_ms(), None);
}

#[test]
fn a_request_in_between_moves_the_end() {
    let mut machine = machine();
    machine.login(0, "ann", [1; 32], None, &mut Vec::new());
    assert_eq!(end_overdue(&mut machine, 1_000, 600), []);
    assert_eq!(end_overdue(&mut machine, 1_599, 600), []);
    assert_eq!(end_overdue(&mut machine, 1_600, 600), [1]);
}

#[test]
fn a_further_login_answers_the_live_session_and_a_logout_makes_room_for_a_new_one() {
    let (mut machine, mut changes) = (machine(), Vec::new());
    let first = machine.login(0, "ann", [1; 32], None, &mut changes);
    let again = machine.login(5, "ann", [2; 32], None, &mut changes);
    assert!(first.fresh && !again.fresh);
    assert_eq!((first.session, first.user), (again.session, again.user));
    let ended = machine.end(9, first.session, SessionEnd::Logout, &mut changes).unwrap();
    assert_eq!(ended.token_hashes, [[1; 32], [2; 32]]);
    assert_eq!(machine.end(9, first.session, SessionEnd::Logout, &mut changes), None);
    let next = machine.login(9, "ann", [3; 32], None, &mut changes);
    assert_eq!((next.session, next.user), (LoginSeq(2), first.user));
    let kinds: Vec<_> = changes.iter().map(Change::kind).collect();
    assert_eq!(kinds, ["session_opened", "token_issued", "session_ended", "session_opened"]);
}

#[test]
fn a_token_too_many_takes_the_oldest_ones_place() {
    let mut machine = machine();
    for token in 0..TOKENS_PER_SESSION_MAX as u8 {
        assert_eq!(machine.token_to_drop("ann"), None);
        machine.login(0, "ann", [token; 32], None, &mut Vec::new());
    }
    assert_eq!(machine.token_to_drop("ann"), Some([0; 32]));
    machine.login(0, "ann", [99; 32], None, &mut Vec::new());
    let session = machine.sessions().get(LoginSeq(1)).unwrap();
    assert_eq!((session.token_hashes.len(), session.token_hashes[0]), (TOKENS_PER_SESSION_MAX, [1; 32]));
}

#[test]
fn no_request_moves_a_session_past_its_lifetime() {
    let (mut machine, mut changes) = (machine(), Vec::new());
    machine.login(100, "ann", [1; 32], None, &mut changes);
    assert_eq!(end_overdue(&mut machine, 1_100, 900), []);
    assert_eq!(end_overdue(&mut machine, 5_099, 5_099), []);
    machine.login(5_099, "ann", [2; 32], None, &mut changes);
    assert_eq!(machine.next_wake_ms(), Some(5_100));
    changes.clear();
    assert_eq!(machine.end_overdue(5_100, &|_| 5_099, &mut changes).len(), 1);
    assert_eq!(why(&changes), Some(SessionEnd::Lifetime));
}

#[test]
fn a_restart_gives_no_session_a_longer_lifetime() {
    let mut before = machine();
    before.login(0, "ann", [1; 32], None, &mut Vec::new());
    let mut sessions = Sessions::with_logins(1);
    sessions.restore_user("ann");
    sessions.restore_session(LoginSeq(1), before.sessions().get(LoginSeq(1)).unwrap().clone());
    let mut after = SessionMachine::new(sessions, LENGTHS, 4_500);
    assert_eq!(end_overdue(&mut after, 4_999, 4_500), []);
    assert_eq!(end_overdue(&mut after, 5_000, 4_500), [1]);
}

#[test]
fn a_login_ends_the_users_overdue_session_even_where_the_wheel_is_late() {
    let (mut machine, mut changes) = (machine(), Vec::new());
    machine.login(0, "ann", [1; 32], None, &mut Vec::new());
    assert_eq!(machine.end_overdue_of(999, "ann", &|_| 0, &mut changes), None);
    assert_eq!(machine.end_overdue_of(1_000, "bob", &|_| 0, &mut changes), None);
    assert_eq!(
        machine.end_overdue_of(1_000, "ann", &|_| 0, &mut changes).map(|ended| ended.session),
        Some(LoginSeq(1))
    );
    assert_eq!(why(&changes), Some(SessionEnd::Idle));
    assert!(machine.login(1_000, "ann", [2; 32], None, &mut changes).fresh);
    assert_eq!(end_overdue(&mut machine, 1_001, 1_000), [], "the timer of the ended session is gone");
}

#[test]
fn the_session_ends_with_the_account_and_its_timer_with_it() {
    let (mut machine, mut changes) = (machine(), Vec::new());
    let password_hash = "hash".to_owned();
    machine.account(0, "ann", AccountCommand::Add { password_hash }, &mut changes).unwrap();
    machine.login(0, "ann", [1; 32], None, &mut changes);
    let (revoked, ended) = machine.account(5, "ann", AccountCommand::Remove, &mut changes).unwrap();
    assert_eq!((revoked, ended.unwrap().token_hashes), (Vec::new(), vec![[1; 32]]));
    assert_eq!(why(&changes), Some(SessionEnd::AccountRemoved));
    assert_eq!(machine.next_wake_ms(), None);
}
