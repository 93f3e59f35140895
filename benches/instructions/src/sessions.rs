//! Logins in the core, and the look-up of a session by its token.

use std::hint::black_box;

use holdfast_benches::random::Random;
use holdfast_benches::sessions::{full_table, token_of};
use holdfast_benches::stage::START_MS;
use holdfast_engine::config::SessionsConfig;
use holdfast_engine::core::Sessions;
use holdfast_engine::core::id::UserNumber;
use holdfast_engine::session_table::Authentication;

/// Sessions that are live besides what is measured.
const LIVE: u32 = 20_000;

/// A user who is not known logs in: a number, a session, its change.
pub fn login(times: u32) {
    let (mut sessions, mut changes) = (Sessions::default(), Vec::new());
    for number in 0..LIVE + times {
        changes.clear();
        let login = sessions.decide_login(START_MS, &format!("user-{number}"), token_of(number), None, &mut changes);
        assert!(login.fresh && changes.len() == 1, "a new user logs in");
    }
    assert_eq!(sessions.logins(), u64::from(LIVE + times));
}

/// A request comes with the token of one of many sessions.
pub fn authenticate(times: u32) {
    let table = full_table(LIVE);
    let (lengths, mut random) = (SessionsConfig::default().lengths(), Random::new());
    for _ in 0..times {
        let number = 1 + random.below(u64::from(LIVE)) as u32;
        let found = black_box(table.authenticate(&token_of(number), START_MS, &lengths));
        assert!(matches!(found, Authentication::Live(session) if session.user == UserNumber(number)));
    }
}
