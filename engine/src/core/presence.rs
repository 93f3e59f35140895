//! Who is there: a user in line who shows no sign of life is passed over.

use std::fmt::Debug;

use super::id::LoginSeq;

/// Tells when sessions last gave a sign of life. The core asks it at a grant, and never keeps what it says: what follows
/// from an absence is a change like any other.
pub trait Presence: Debug {
    /// When `session` last made a request or had a stream open, in milliseconds since the Unix epoch; [`u64::MAX`] while it
    /// has one. `None` for a session that is not live.
    fn last_seen_ms(&self, session: LoginSeq) -> Option<u64>;
}

/// Everybody is there: where nobody is served, and nobody can have shown a sign of life yet.
#[derive(Clone, Copy, Debug)]
pub struct AllPresent;

impl Presence for AllPresent {
    fn last_seen_ms(&self, _: LoginSeq) -> Option<u64> {
        Some(u64::MAX)
    }
}
