//! Logins and their order: tables for [`Sessions`].

use crate::core::change::{Change, SessionEnd};
use crate::core::id::{LoginSeq, UserNumber};
use crate::core::session::{Sessions, TOKENS_PER_SESSION_MAX};

/// Runs a table of `ann login -> …` and `end 1 -> …`; then replays it, whole and from a snapshot after every row.
#[track_caller]
fn check(table: &str) {
    let mut sessions = Sessions::default();
    let mut journal = Vec::new();
    let mut snapshots = vec![restored(&sessions)];
    for (now_ms, row) in (1..).zip(table.lines().map(str::trim).filter(|row| !row.is_empty())) {
        let (asked, expected) = row.split_once("->").expect("every row has an answer");
        let mut changes = Vec::new();
        let answer = answer(&mut sessions, now_ms, asked.trim(), &mut changes);
        assert_eq!(answer, expected.trim(), "{row}");
        snapshots.push(restored(&sessions));
        journal.push((now_ms, changes));
    }
    for (cut, mut snapshot) in snapshots.into_iter().enumerate() {
        for (at_ms, changes) in &journal[cut..] {
            changes.iter().for_each(|change| snapshot.evolve(*at_ms, change));
        }
        assert_eq!(portrait(&snapshot), portrait(&sessions), "snapshot after {cut} rows and tail");
    }
}

fn answer(sessions: &mut Sessions, now_ms: u64, asked: &str, changes: &mut Vec<Change>) -> String {
    match asked.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["end", session] => {
            let ended = sessions.decide_end(now_ms, LoginSeq(session.parse().unwrap()), SessionEnd::Logout, changes);
            ended.map_or("not live".to_owned(), |user| format!("ended user {}", user.0))
        }
        ["live"] => {
            let live: Vec<String> =
                sessions.live().map(|(session, row)| describe(sessions, session, row.user.0)).collect();
            live.join(", ")
        }
        ["logins"] => sessions.logins().to_string(),
        [name, "login"] => {
            let login = sessions.decide_login(now_ms, name, [now_ms as u8; 32], changes);
            let tokens = sessions.get(login.session).unwrap().token_hashes.len();
            assert_eq!(sessions.of_user(login.user), Some(login.session));
            let opened = if login.fresh { "opened" } else { "there already" };
            format!("session {} of user {} {opened}, tokens {tokens}", login.session.0, login.user.0)
        }
        other => panic!("no row for {other:?}"),
    }
}

fn describe(sessions: &Sessions, session: LoginSeq, user: u32) -> String {
    format!("{} {}", session.0, sessions.name(UserNumber(user)).expect("a user has a name"))
}

fn portrait(sessions: &Sessions) -> String {
    format!(
        "{:?} {:?} {}",
        sessions.names().collect::<Vec<_>>(),
        sessions.live().collect::<Vec<_>>(),
        sessions.logins()
    )
}

/// The same sessions by way of a snapshot.
fn restored(sessions: &Sessions) -> Sessions {
    let mut copy = Sessions::with_logins(sessions.logins());
    sessions.names().for_each(|name| copy.restore_user(name));
    sessions.live().for_each(|(session, row)| copy.restore_session(session, row.clone()));
    copy
}

#[test]
fn logins_count_1_2_3_and_a_live_session_answers_again_with_a_further_token() {
    check(
        "ann login -> session 1 of user 1 opened, tokens 1
        bob login -> session 2 of user 2 opened, tokens 1
        ann login -> session 1 of user 1 there already, tokens 2
        cay login -> session 3 of user 3 opened, tokens 1
        logins    -> 3
        live      -> 1 ann, 2 bob, 3 cay",
    );
}

#[test]
fn a_login_after_the_end_is_a_new_session_of_the_same_user() {
    check(
        "ann login -> session 1 of user 1 opened, tokens 1
        bob login -> session 2 of user 2 opened, tokens 1
        end 1     -> ended user 1
        ann login -> session 3 of user 1 opened, tokens 1
        live      -> 2 bob, 3 ann",
    );
}

#[test]
fn a_session_ends_once() {
    check(
        "ann login -> session 1 of user 1 opened, tokens 1
        end 1     -> ended user 1
        end 1     -> not live
        end 2     -> not live
        live      ->",
    );
}

#[test]
fn no_number_comes_twice_even_when_every_session_has_ended() {
    check(
        "ann login -> session 1 of user 1 opened, tokens 1
        end 1     -> ended user 1
        logins    -> 1
        bob login -> session 2 of user 2 opened, tokens 1",
    );
}

#[test]
fn a_further_login_takes_the_place_of_the_oldest_token() {
    let mut sessions = Sessions::default();
    let logins = TOKENS_PER_SESSION_MAX as u8 + 1;
    for token in 1..=logins {
        sessions.decide_login(0, "ann", [token; 32], &mut Vec::new());
    }
    let tokens: Vec<u8> = sessions.get(LoginSeq(1)).unwrap().token_hashes.iter().map(|hash| hash[0]).collect();
    assert_eq!(tokens, (2..=logins).collect::<Vec<_>>());
}
