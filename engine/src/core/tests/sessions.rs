//! Logins and their order, and accounts: tables for [`Sessions`].

use crate::core::change::{By, Change, SessionEnd};
use crate::core::id::{LoginSeq, UserNumber};
use crate::core::session::{AccountCommand, PasswordOwner, Sessions, TOKENS_PER_SESSION_MAX};
use crate::core::user::UserDetails;

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

/// The hash of a user's account, or none that could be.
fn current_hash(sessions: &Sessions, name: &str) -> String {
    let users = sessions.users();
    users.number(name).and_then(|user| users.password_hash(user)).unwrap_or_default().to_owned()
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
            let login = sessions.decide_login(now_ms, name, [now_ms as u8; 32], None, changes);
            let tokens = sessions.get(login.session).unwrap().token_hashes.len();
            assert_eq!(sessions.of_user(login.user), Some(login.session));
            let opened = if login.fresh { "opened" } else { "there already" };
            format!("session {} of user {} {opened}, tokens {tokens}", login.session.0, login.user.0)
        }
        [name, "login", class, email] => {
            let word = |word: &str| (word != "-").then(|| word.to_owned());
            let details = UserDetails { class: word(class), email: word(email) };
            sessions.decide_login(now_ms, name, [now_ms as u8; 32], Some(details), changes);
            kinds(changes)
        }
        [name, "knows"] => {
            let record =
                sessions.number(name).and_then(|user| sessions.users().record(user)).cloned().unwrap_or_default();
            let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
            let details = record.details;
            let known = [details.class.as_deref(), details.email.as_deref(), record.password_hash.as_deref()];
            known.map(text).join(" ")
        }
        [name, "tokens"] => {
            let session = sessions.number(name).and_then(|user| sessions.of_user(user)).expect("a live session");
            let hashes = &sessions.get(session).expect("a live session").token_hashes;
            hashes.iter().map(|hash| hash[0].to_string()).collect::<Vec<_>>().join(" ")
        }
        [by, verb @ ("add" | "password" | "remove"), name, rest @ ..] => {
            let password_hash = rest.first().map_or(String::new(), |word| (*word).to_owned());
            // The hash that was checked, where it is another one than that of the account.
            let checked_hash = || rest.get(2).map_or_else(|| current_hash(sessions, name), |word| (*word).to_owned());
            let owner =
                |token: &&str| PasswordOwner { kept_token: [token.parse().unwrap(); 32], checked_hash: checked_hash() };
            let owner = rest.get(1).map(owner);
            let command = match *verb {
                "add" => AccountCommand::Add { password_hash },
                "password" => AccountCommand::ChangePassword { password_hash, owner },
                _ => AccountCommand::Remove,
            };
            let (by, action) = (by_of(by), command.name());
            match sessions.decide_account(now_ms, name, command, changes) {
                Ok(outcome) => {
                    sessions.audit(now_ms, &by, action, None, changes);
                    format!("{}, {} tokens revoked", kinds(changes), outcome.revoked.len())
                }
                Err(rejection) => format!("refused {}", rejection.code()),
            }
        }
        ["accounts"] => {
            let accounts = sessions.users().accounts(UserNumber(0), 2);
            accounts.into_iter().map(|(user, name)| format!("{} {name}", user.0)).collect::<Vec<_>>().join(", ")
        }
        other => panic!("no row for {other:?}"),
    }
}

fn by_of(name: &str) -> By {
    if name == "admin" { By::Admin("ops".to_owned()) } else { By::User }
}

fn kinds(changes: &[Change]) -> String {
    changes.iter().map(Change::kind).collect::<Vec<_>>().join(" ")
}

fn describe(sessions: &Sessions, session: LoginSeq, user: u32) -> String {
    format!("{} {}", session.0, sessions.name(UserNumber(user)).expect("a user has a name"))
}

fn portrait(sessions: &Sessions) -> String {
    format!(
        "{:?} {:?} {:?} {}",
        sessions.names().collect::<Vec<_>>(),
        sessions.users().records().collect::<Vec<_>>(),
        sessions.live().collect::<Vec<_>>(),
        sessions.logins()
    )
}

/// The same sessions by way of a snapshot.
fn restored(sessions: &Sessions) -> Sessions {
    let mut copy = Sessions::with_logins(sessions.logins());
    sessions.names().for_each(|name| copy.restore_user(name));
    sessions.users().records().for_each(|(user, record)| copy.restore_record(user, record.clone()));
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
        sessions.decide_login(0, "ann", [token; 32], None, &mut Vec::new());
    }
    let tokens: Vec<u8> = sessions.get(LoginSeq(1)).unwrap().token_hashes.iter().map(|hash| hash[0]).collect();
    assert_eq!(tokens, (2..=logins).collect::<Vec<_>>());
}

#[test]
fn an_account_has_a_password_until_it_is_removed() {
    check(
        "admin add ann first      -> account_added admin_acted, 0 tokens revoked
        admin add ann second     -> refused account_exists
        ann knows                -> - - first
        ann login                -> session 1 of user 1 opened, tokens 1
        admin password ann other -> password_changed admin_acted, 1 tokens revoked
        ann tokens               ->
        ann knows                -> - - other
        ann login                -> session 1 of user 1 there already, tokens 1
        admin remove ann         -> account_removed session_ended admin_acted, 1 tokens revoked
        ann knows                -> - - -
        live                     ->
        admin remove ann         -> refused account_not_found
        ann password ann again   -> refused account_not_found
        admin add ann again      -> account_added admin_acted, 0 tokens revoked",
    );
}

#[test]
fn who_changes_their_own_password_keeps_the_session_and_one_token() {
    check(
        "admin add ann first      -> account_added admin_acted, 0 tokens revoked
        ann login                -> session 1 of user 1 opened, tokens 1
        ann login                -> session 1 of user 1 there already, tokens 2
        ann password ann stale 3 wrong -> refused unauthenticated
        ann password ann other 3 -> password_changed, 1 tokens revoked
        ann tokens               -> 3
        ann password ann again 9 -> password_changed, 1 tokens revoked
        ann tokens               ->
        live                     -> 1 ann",
    );
}

#[test]
fn an_account_can_come_before_and_after_the_first_login() {
    check(
        "ann login           -> session 1 of user 1 opened, tokens 1
        admin add bob hash  -> account_added admin_acted, 0 tokens revoked
        admin add ann hash  -> account_added admin_acted, 0 tokens revoked
        admin add cay hash  -> account_added admin_acted, 0 tokens revoked
        accounts            -> 1 ann, 2 bob
        bob login           -> session 2 of user 2 opened, tokens 1
        admin remove ann    -> account_removed session_ended admin_acted, 1 tokens revoked
        accounts            -> 2 bob, 3 cay",
    );
}

#[test]
fn what_a_login_tells_of_its_user_is_kept_where_it_is_new() {
    check(
        "ann login vip a@b.c -> session_opened user_described
        ann login vip a@b.c -> token_issued
        ann login           -> session 1 of user 1 there already, tokens 3
        ann knows           -> vip a@b.c -
        ann login vip -     -> token_issued user_described
        ann knows           -> vip - -
        ann login - -       -> token_issued user_described
        ann knows           -> - - -
        bob login - -       -> session_opened",
    );
}

#[test]
fn no_hash_of_a_password_is_too_long_or_empty() {
    let long = "x".repeat(513);
    check(&format!(
        "admin add ann      -> refused validation_failed
        admin add ann {long} -> refused validation_failed
        admin add ann {}    -> account_added admin_acted, 0 tokens revoked",
        &long[1..]
    ));
}
