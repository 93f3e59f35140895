//! A table of sessions by itself, as requests look into it.

use holdfast_engine::core::few::Few;
use holdfast_engine::core::id::{LoginSeq, UserNumber};
use holdfast_engine::core::session::Session;
use holdfast_engine::session_table::SessionTable;

use crate::stage::START_MS;
use crate::venue::token_hash;

/// A table with `count` sessions, of users 1, 2, 3 …; [`token_of`] opens them.
pub fn full_table(count: u32) -> SessionTable {
    let table = SessionTable::default();
    for number in 1..=count {
        let token_hashes = Few::One(token_of(number));
        let row = Session { user: UserNumber(number), logged_in_at_ms: START_MS, token_hashes };
        let session = table.open(LoginSeq(u64::from(number)), &row, "user".into(), START_MS);
        table.admit(token_of(number), None, session);
    }
    table
}

/// Stands for the hash of the token of a user.
pub fn token_of(user: u32) -> [u8; 32] {
    token_hash("user", user)
}
