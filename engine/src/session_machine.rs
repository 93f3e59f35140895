//! The sessions with their timers: the state machine the session actor is a shell of. No clock, no IO, no threads.

use crate::core::change::{By, Change, SessionEnd};
use crate::core::id::{LoginSeq, UserNumber};
use crate::core::session::{AccountCommand, AccountOutcome, Login, SessionLengths};
use crate::core::table::NumberedTable;
use crate::core::user::UserDetails;
use crate::core::{Rejection, Sessions};
use crate::wheel::{Due, TimerKey, Wheel};

/// The most sessions looked at in one turn.
const OVERDUE_PER_TURN_MAX: usize = 256;

/// Tells when a session made its last request, in milliseconds since the Unix epoch.
pub type LastSeen<'a> = dyn Fn(LoginSeq) -> u64 + 'a;

/// A session that has ended, and what its end must undo elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The session.
    pub session: LoginSeq,
    /// Whose it was.
    pub user: UserNumber,
    /// The hashes of its tokens, which open nothing any more.
    pub token_hashes: Vec<[u8; 32]>,
}

/// The sessions and a wheel that says when to look whether one has been idle or alive for too long. A user has one live
/// session, so timers go by user.
#[derive(Debug)]
pub struct SessionMachine {
    sessions: Sessions,
    wheel: Wheel,
    /// By user.
    timers: NumberedTable<TimerKey>,
    lengths: SessionLengths,
}

impl SessionMachine {
    /// Sets every live session's timer; all of them count as seen now.
    pub fn new(sessions: Sessions, lengths: SessionLengths, now_ms: u64) -> SessionMachine {
        let wheel = Wheel::new(now_ms);
        let mut machine = SessionMachine { sessions, wheel, timers: NumberedTable::default(), lengths };
        let live: Vec<LoginSeq> = machine.sessions.live().map(|(session, _)| session).collect();
        for session in live {
            machine.set_timer(session, now_ms);
        }
        machine
    }

    /// The sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// A login. `details` is what the identity check told of the user; `None` leaves what is known.
    pub fn login(
        &mut self,
        now_ms: u64,
        name: &str,
        token_hash: [u8; 32],
        details: Option<UserDetails>,
        changes: &mut Vec<Change>,
    ) -> Login {
        let login = self.sessions.decide_login(now_ms, name, token_hash, details, changes);
        self.set_timer(login.session, now_ms);
        login
    }

    /// What is done to the account of `name`: the tokens that open nothing any more, and the session that ended.
    pub fn account(
        &mut self,
        now_ms: u64,
        name: &str,
        command: AccountCommand,
        changes: &mut Vec<Change>,
    ) -> Result<(Vec<[u8; 32]>, Option<Ended>), Rejection> {
        let user = self.sessions.number(name);
        let AccountOutcome { revoked, ended } = self.sessions.decide_account(now_ms, name, command, changes)?;
        let Some((session, user)) = ended.zip(user) else { return Ok((revoked, None)) };
        self.cancel_timer(user);
        Ok((Vec::new(), Some(Ended { session, user, token_hashes: revoked })))
    }

    /// The audit entry of what an organiser has just done; see [`Sessions::audit`].
    pub fn audit(&mut self, now_ms: u64, by: &By, action: &str, reason: Option<String>, changes: &mut Vec<Change>) {
        self.sessions.audit(now_ms, by, action, reason, changes);
    }

    /// Whether a user of this name has a live session.
    pub fn is_logged_in(&self, name: &str) -> bool {
        self.sessions.number(name).is_some_and(|user| self.sessions.of_user(user).is_some())
    }

    /// The token whose place the next login of `name` takes, if their session has as many as it may have.
    pub fn token_to_drop(&self, name: &str) -> Option<[u8; 32]> {
        self.sessions.token_to_drop(name)
    }

    /// Ends a session, if it is live.
    pub fn end(&mut self, now_ms: u64, session: LoginSeq, why: SessionEnd, changes: &mut Vec<Change>) -> Option<Ended> {
        let token_hashes = self.sessions.get(session)?.token_hashes.to_vec();
        let user = self.sessions.decide_end(now_ms, session, why, changes)?;
        self.cancel_timer(user);
        Some(Ended { session, user, token_hashes })
    }

    /// Ends the sessions whose time is over. A timer that comes early, since the session has made a request after it was
    /// set, is set again.
    pub fn end_overdue(&mut self, now_ms: u64, last_seen: &LastSeen<'_>, changes: &mut Vec<Change>) -> Vec<Ended> {
        let mut due: Vec<Due> = Vec::new();
        let mut ended = Vec::new();
        let mut has_more = true;
        // Timers that are only set again do not count against the turn.
        while has_more && ended.is_empty() {
            has_more = self.wheel.poll(now_ms, OVERDUE_PER_TURN_MAX, &mut due);
            for due in due.drain(..) {
                self.timers.remove(due.token);
                let session = self.sessions.of_user(UserNumber(due.token)).expect("a timer of a live session");
                ended.extend(self.end_if_overdue(now_ms, session, last_seen, changes));
            }
        }
        ended
    }

    /// Ends the live session of `name` if its time is over, whether or not the wheel has come to it: a login must not
    /// bring it back to life.
    pub fn end_overdue_of(
        &mut self,
        now_ms: u64,
        name: &str,
        last_seen: &LastSeen<'_>,
        changes: &mut Vec<Change>,
    ) -> Option<Ended> {
        let session = self.sessions.of_user(self.sessions.number(name)?)?;
        self.end_if_overdue(now_ms, session, last_seen, changes)
    }

    fn end_if_overdue(
        &mut self,
        now_ms: u64,
        session: LoginSeq,
        last_seen: &LastSeen<'_>,
        changes: &mut Vec<Change>,
    ) -> Option<Ended> {
        let last_seen_ms = last_seen(session);
        let (end_ms, why) = self.lengths.end(self.sessions.get(session)?.logged_in_at_ms, last_seen_ms);
        if end_ms > now_ms {
            self.set_timer(session, last_seen_ms);
            return None;
        }
        self.end(now_ms, session, why, changes)
    }

    /// When to take the next turn if nothing happens until then, in milliseconds since the Unix epoch.
    pub fn next_wake_ms(&self) -> Option<u64> {
        self.wheel.next_wake_ms()
    }

    /// Sets a live session's timer to the end of its time, if it makes no request after `last_seen_ms`.
    fn set_timer(&mut self, session: LoginSeq, last_seen_ms: u64) {
        let row = self.sessions.get(session).expect("a timer of a live session");
        let user = row.user;
        let (end_ms, _) = self.lengths.end(row.logged_in_at_ms, last_seen_ms);
        self.cancel_timer(user);
        self.timers.insert(user.0, self.wheel.insert(end_ms, user.0));
    }

    fn cancel_timer(&mut self, user: UserNumber) {
        if let Some(key) = self.timers.remove(user.0) {
            self.wheel.cancel(key);
        }
    }
}

#[cfg(test)]
mod tests;
