use super::SessionMachine;
use crate::core::Sessions;
use crate::core::change::{Change, SessionEnd};
use crate::core::id::LoginSeq;
use crate::core::session::TOKENS_PER_SESSION_MAX;

const IDLE_MS: u64 = 1_000;

fn machine() -> SessionMachine {
    SessionMachine::new(Sessions::default(), IDLE_MS, 0)
}

fn end_idle(machine: &mut SessionMachine, now_ms: u64, seen_ms: u64) -> Vec<u64> {
    let ended = machine.end_idle(now_ms, &|_| seen_ms, &mut Vec::new());
    ended.into_iter().map(|ended| ended.session.0).collect()
}

#[test]
fn a_session_without_a_request_ends_at_its_time() {
    let mut machine = machine();
    machine.login(0, "ann", [1; 32], &mut Vec::new());
    assert_eq!(end_idle(&mut machine, 999, 0), []);
    assert_eq!(end_idle(&mut machine, 1_000, 0), [1]);
    assert_eq!(machine.next_wake_ms(), None);
}

#[test]
fn a_request_in_between_moves_the_end() {
    let mut machine = machine();
    machine.login(0, "ann", [1; 32], &mut Vec::new());
    assert_eq!(end_idle(&mut machine, 1_000, 600), []);
    assert_eq!(end_idle(&mut machine, 1_599, 600), []);
    assert_eq!(end_idle(&mut machine, 1_600, 600), [1]);
}

#[test]
fn a_further_login_answers_the_live_session_and_a_logout_makes_room_for_a_new_one() {
    let (mut machine, mut changes) = (machine(), Vec::new());
    let first = machine.login(0, "ann", [1; 32], &mut changes);
    let again = machine.login(5, "ann", [2; 32], &mut changes);
    assert!(first.fresh && !again.fresh);
    assert_eq!((first.session, first.user), (again.session, again.user));
    let ended = machine.end(9, first.session, SessionEnd::Logout, &mut changes).unwrap();
    assert_eq!(ended.token_hashes, [[1; 32], [2; 32]]);
    assert_eq!(machine.end(9, first.session, SessionEnd::Logout, &mut changes), None);
    let next = machine.login(9, "ann", [3; 32], &mut changes);
    assert_eq!((next.session, next.user), (LoginSeq(2), first.user));
    let kinds: Vec<_> = changes.iter().map(Change::kind).collect();
    assert_eq!(kinds, ["session_opened", "token_issued", "session_ended", "session_opened"]);
}

#[test]
fn a_token_too_many_takes_the_oldest_ones_place() {
    let mut machine = machine();
    for token in 0..TOKENS_PER_SESSION_MAX as u8 {
        assert_eq!(machine.token_to_drop("ann"), None);
        machine.login(0, "ann", [token; 32], &mut Vec::new());
    }
    assert_eq!(machine.token_to_drop("ann"), Some([0; 32]));
    machine.login(0, "ann", [99; 32], &mut Vec::new());
    let session = machine.sessions().get(LoginSeq(1)).unwrap();
    assert_eq!((session.token_hashes.len(), session.token_hashes[0]), (TOKENS_PER_SESSION_MAX, [1; 32]));
}
