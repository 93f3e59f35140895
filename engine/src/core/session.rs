//! Logins: who is logged in, and in which order they came.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::change::{Change, SessionEnd};
use super::id::{LoginSeq, UserNumber};
use super::number_map::NumberMap;

/// The most tokens a session has at once. A further login takes the oldest one's place.
pub const TOKENS_PER_SESSION_MAX: usize = 16;

/// One user's login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who.
    pub user: UserNumber,
    /// When, in milliseconds since the Unix epoch.
    pub logged_in_at_ms: u64,
    /// SHA-256 of each of its tokens, oldest first. The tokens themselves are stored nowhere.
    pub token_hashes: Vec<[u8; 32]>,
}

/// All users and live sessions. The login sequencer: `login_seq` counts 1, 2, 3 … without a gap.
#[derive(Debug, Default)]
pub struct Sessions {
    /// The name of user `i + 1`. Users are never forgotten: the audit trail names them.
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, UserNumber>,
    /// By number, which is their order.
    live: BTreeMap<LoginSeq, Session>,
    by_user: NumberMap<UserNumber, LoginSeq>,
    logins: u64,
}

/// What a login came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// The session.
    pub session: LoginSeq,
    /// Whose.
    pub user: UserNumber,
    /// It was opened by this login; otherwise the user was logged in already.
    pub fresh: bool,
}

impl Sessions {
    /// A login of `name`: opens a session, or adds a token to the live one.
    pub fn decide_login(&mut self, now_ms: u64, name: &str, token_hash: [u8; 32], changes: &mut Vec<Change>) -> Login {
        let known = self.numbers.get(name).copied();
        if let Some((user, session)) = known.and_then(|user| Some((user, *self.by_user.get(&user)?))) {
            self.emit(now_ms, Change::TokenIssued { session, token_hash }, changes);
            return Login { session, user, fresh: false };
        }
        let next_user = || UserNumber(u32::try_from(self.names.len() + 1).expect("fewer than 2^32 users"));
        let user = known.unwrap_or_else(next_user);
        let session = LoginSeq(self.logins + 1);
        let name = name.to_owned();
        self.emit(now_ms, Change::SessionOpened { session, user, name, token_hash }, changes);
        Login { session, user, fresh: true }
    }

    /// The token whose place the next login of `name` takes, if their session has as many as it may have.
    pub fn token_to_drop(&self, name: &str) -> Option<[u8; 32]> {
        let session = self.live.get(self.by_user.get(self.numbers.get(name)?)?)?;
        session.token_hashes.first().copied().filter(|_| session.token_hashes.len() == TOKENS_PER_SESSION_MAX)
    }

    /// Ends a session, if it is live. Returns whose it was.
    pub fn decide_end(
        &mut self,
        now_ms: u64,
        session: LoginSeq,
        reason: SessionEnd,
        changes: &mut Vec<Change>,
    ) -> Option<UserNumber> {
        let user = self.live.get(&session)?.user;
        self.emit(now_ms, Change::SessionEnded { session, user, reason }, changes);
        Some(user)
    }

    /// Applies a change that happened at `at_ms`. The only mutator; live traffic and recovery run the same lines.
    pub fn evolve(&mut self, at_ms: u64, change: &Change) {
        match change {
            Change::SessionOpened { session, user, name, token_hash } => {
                assert!(session.0 == self.logins + 1, "session {} after {}", session.0, self.logins);
                self.logins = session.0;
                self.introduce(*user, name);
                let opened = Session { user: *user, logged_in_at_ms: at_ms, token_hashes: vec![*token_hash] };
                self.insert(*session, opened);
            }
            Change::TokenIssued { session, token_hash } => {
                let session = self.live.get_mut(session).expect("a token is issued to a live session");
                if session.token_hashes.len() == TOKENS_PER_SESSION_MAX {
                    session.token_hashes.remove(0);
                }
                session.token_hashes.push(*token_hash);
            }
            Change::SessionEnded { session, user, .. } => {
                let ended = self.live.remove(session);
                let by_user = self.by_user.remove(user);
                assert!(ended.is_some() && by_user == Some(*session), "session {} ended twice", session.0);
            }
            other => panic!("{} cannot happen to the sessions", other.kind()),
        }
    }

    /// A live session.
    pub fn get(&self, session: LoginSeq) -> Option<&Session> {
        self.live.get(&session)
    }

    /// The live session of a user.
    pub fn of_user(&self, user: UserNumber) -> Option<LoginSeq> {
        self.by_user.get(&user).copied()
    }

    /// All live sessions in the order of their logins.
    pub fn live(&self) -> impl ExactSizeIterator<Item = (LoginSeq, &Session)> {
        self.live.iter().map(|(session, row)| (*session, row))
    }

    /// The name of a user.
    pub fn name(&self, user: UserNumber) -> Option<&str> {
        self.names.get((user.0 as usize).checked_sub(1)?).map(AsRef::as_ref)
    }

    /// The number of a user.
    pub fn number(&self, name: &str) -> Option<UserNumber> {
        self.numbers.get(name).copied()
    }

    /// All users' names, by number.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// How many logins have opened a session so far: the newest `login_seq`.
    pub fn logins(&self) -> u64 {
        self.logins
    }

    /// The sessions of a snapshot, without its rows.
    pub fn with_logins(logins: u64) -> Sessions {
        Sessions { logins, ..Sessions::default() }
    }

    /// Puts a user back; users come in the order of their numbers.
    pub fn restore_user(&mut self, name: &str) {
        self.introduce(UserNumber(self.names.len() as u32 + 1), name);
    }

    /// Puts a live session back.
    pub fn restore_session(&mut self, session: LoginSeq, row: Session) {
        assert!(session.0 <= self.logins, "session {} was not opened yet", session.0);
        self.insert(session, row);
    }

    /// Names the first thing that does not add up. Walks all sessions: for recovery, snapshots and tests.
    pub fn check_invariants(&self) -> Result<(), String> {
        for (session, row) in &self.live {
            let is_found = self.by_user.get(&row.user) == Some(session);
            let is_sound = is_found && session.0 <= self.logins && self.name(row.user).is_some();
            if !is_sound || row.token_hashes.len() > TOKENS_PER_SESSION_MAX {
                return Err(format!("session {} contradicts the tables around it", session.0));
            }
        }
        let is_one_each = self.by_user.len() == self.live.len() && self.numbers.len() == self.names.len();
        if is_one_each { Ok(()) } else { Err("the tables of sessions and users have other sizes".to_owned()) }
    }

    fn introduce(&mut self, user: UserNumber, name: &str) {
        if user.0 as usize <= self.names.len() {
            assert!(self.name(user) == Some(name), "user {} changed their name", user.0);
            return;
        }
        assert!(user.0 as usize == self.names.len() + 1, "user {} after {}", user.0, self.names.len());
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, user);
    }

    fn insert(&mut self, session: LoginSeq, row: Session) {
        let other = self.by_user.insert(row.user, session);
        assert!(other.is_none(), "user {} has two live sessions", row.user.0);
        self.live.insert(session, row);
    }

    fn emit(&mut self, at_ms: u64, change: Change, changes: &mut Vec<Change>) {
        self.evolve(at_ms, &change);
        changes.push(change);
    }
}
