//! The sessions with their idle timers: the state machine the session actor is a shell of. No clock, no IO, no threads.

use crate::core::Sessions;
use crate::core::change::{Change, SessionEnd};
use crate::core::id::{LoginSeq, UserNumber};
use crate::core::number_map::NumberMap;
use crate::core::session::Login;
use crate::wheel::{Due, TimerKey, Wheel};

/// The most sessions looked at in one turn.
const IDLE_PER_TURN_MAX: usize = 256;

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

/// The sessions and a wheel that says when to look whether one has been idle for too long. A user has one live session,
/// so timers go by user.
#[derive(Debug)]
pub struct SessionMachine {
    sessions: Sessions,
    wheel: Wheel,
    timers: NumberMap<UserNumber, TimerKey>,
    idle_ms: u64,
}

impl SessionMachine {
    /// Sets every live session's timer; all of them count as seen now.
    pub fn new(sessions: Sessions, idle_ms: u64, now_ms: u64) -> SessionMachine {
        let wheel = Wheel::new(now_ms);
        let mut machine = SessionMachine { sessions, wheel, timers: NumberMap::default(), idle_ms };
        let users: Vec<UserNumber> = machine.sessions.live().map(|(_, session)| session.user).collect();
        for user in users {
            machine.set_timer(user, now_ms + idle_ms);
        }
        machine
    }

    /// The sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// A login.
    pub fn login(&mut self, now_ms: u64, name: &str, token_hash: [u8; 32], changes: &mut Vec<Change>) -> Login {
        let login = self.sessions.decide_login(now_ms, name, token_hash, changes);
        self.set_timer(login.user, now_ms + self.idle_ms);
        login
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
        let token_hashes = self.sessions.get(session)?.token_hashes.clone();
        let user = self.sessions.decide_end(now_ms, session, why, changes)?;
        if let Some(key) = self.timers.remove(&user) {
            self.wheel.cancel(key);
        }
        Some(Ended { session, user, token_hashes })
    }

    /// Ends the sessions that have been idle for too long. `last_seen_ms` tells when a session made its last request; a
    /// timer that comes before that plus the idle time is set again.
    pub fn end_idle(
        &mut self,
        now_ms: u64,
        last_seen_ms: &dyn Fn(LoginSeq) -> u64,
        changes: &mut Vec<Change>,
    ) -> Vec<Ended> {
        let mut due: Vec<Due> = Vec::new();
        let mut ended = Vec::new();
        let mut has_more = true;
        // Timers that are only set again do not count against the turn.
        while has_more && ended.is_empty() {
            has_more = self.wheel.poll(now_ms, IDLE_PER_TURN_MAX, &mut due);
            for due in due.drain(..) {
                ended.extend(self.end_if_idle(now_ms, UserNumber(due.token), last_seen_ms, changes));
            }
        }
        ended
    }

    fn end_if_idle(
        &mut self,
        now_ms: u64,
        user: UserNumber,
        last_seen_ms: &dyn Fn(LoginSeq) -> u64,
        changes: &mut Vec<Change>,
    ) -> Option<Ended> {
        self.timers.remove(&user);
        let session = self.sessions.of_user(user).expect("a timer of a live session");
        let idle_at_ms = last_seen_ms(session) + self.idle_ms;
        if idle_at_ms > now_ms {
            self.set_timer(user, idle_at_ms);
            return None;
        }
        self.end(now_ms, session, SessionEnd::Idle, changes)
    }

    /// When to take the next turn if nothing happens until then, in milliseconds since the Unix epoch.
    pub fn next_wake_ms(&self) -> Option<u64> {
        self.wheel.next_wake_ms()
    }

    fn set_timer(&mut self, user: UserNumber, at_ms: u64) {
        let key = self.wheel.insert(at_ms, user.0);
        if let Some(earlier) = self.timers.insert(user, key) {
            self.wheel.cancel(earlier);
        }
    }
}

#[cfg(test)]
mod tests;
