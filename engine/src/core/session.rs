//! Logins: who is logged in, and in which order they came; and who has an account to log in with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::change::{AdminAct, By, Change, Difference, SessionEnd, Subject};
use super::few::Few;
use super::id::{LoginSeq, UserNumber};
use super::planted::{Bug, is_planted};
use super::rejection::Rejection;
use super::row_map::RowMap;
use super::user::{UserDetails, UserRecord, Users, check_password_hash};
use super::user_map::UserMap;

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
    pub token_hashes: Few<[u8; 32]>,
}

/// For how long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLengths {
    /// Without a request, in milliseconds.
    pub idle_ms: u64,
    /// Whatever happens, in milliseconds.
    pub lifetime_ms: u64,
}

impl SessionLengths {
    /// When a session ends that makes no further request, in milliseconds since the Unix epoch, and why. From that very
    /// millisecond on it is over, whether or not a timer has noticed.
    pub fn end(&self, logged_in_at_ms: u64, last_seen_at_ms: u64) -> (u64, SessionEnd) {
        let lifetime_end_ms = logged_in_at_ms.saturating_add(self.lifetime_ms);
        let idle_end_ms = last_seen_at_ms.saturating_add(self.idle_ms);
        if lifetime_end_ms <= idle_end_ms {
            (lifetime_end_ms, SessionEnd::Lifetime)
        } else {
            (idle_end_ms, SessionEnd::Idle)
        }
    }
}

/// What is done to a user's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountCommand {
    /// A user gets one.
    Add {
        /// The hash of the password, with algorithm and salt.
        password_hash: String,
    },
    /// It gets another password.
    ChangePassword {
        /// The hash of the new password, with algorithm and salt.
        password_hash: String,
        /// The user, where it is they who change it; `None` where nobody's token survives the change.
        owner: Option<PasswordOwner>,
    },
    /// It goes, and the live session with it.
    Remove,
}

/// A user who has shown their password, to change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordOwner {
    /// The hash that the password shown was checked with. It must still be the account's: what was shown may be a password
    /// that has been replaced meanwhile.
    pub checked_hash: String,
    /// SHA-256 of their token, the only one that still opens the live session afterwards.
    pub kept_token: [u8; 32],
}

impl AccountCommand {
    /// The command's name, as the audit trail has it.
    pub fn name(&self) -> &'static str {
        match self {
            AccountCommand::Add { .. } => "add_account",
            AccountCommand::ChangePassword { .. } => "change_password",
            AccountCommand::Remove => "remove_account",
        }
    }
}

/// What a command to an account came to, besides its changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountOutcome {
    /// The hashes of tokens that open nothing any more.
    pub revoked: Vec<[u8; 32]>,
    /// The live session that ended with the account.
    pub ended: Option<LoginSeq>,
}

/// All users and live sessions. The login sequencer: `login_seq` counts 1, 2, 3 … without a gap.
#[derive(Debug, Default)]
pub struct Sessions {
    users: Users,
    /// By number, which is their order.
    live: RowMap<Session>,
    by_user: UserMap<LoginSeq>,
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
    /// A login of `name`: opens a session, or adds a token to the live one. `details` is what the identity check told;
    /// `None` leaves what is known.
    pub fn decide_login(
        &mut self,
        now_ms: u64,
        name: &str,
        token_hash: [u8; 32],
        details: Option<UserDetails>,
        changes: &mut Vec<Change>,
    ) -> Login {
        let user = self.users.number_or_next(name);
        let live = self.of_user(user);
        let session = live.unwrap_or(LoginSeq(self.logins + 1));
        let change = match live {
            Some(session) => Change::TokenIssued { session, token_hash },
            None => Change::SessionOpened { session, user, name: name.to_owned(), token_hash },
        };
        self.emit(now_ms, change, changes);
        if let Some(UserDetails { class, email }) = details.filter(|told| *told != self.details(user)) {
            self.emit(now_ms, Change::UserDescribed { user, class, email }, changes);
        }
        Login { session, user, fresh: live.is_none() }
    }

    /// What is done to the account of `name`. A refusal has changed nothing.
    pub fn decide_account(
        &mut self,
        now_ms: u64,
        name: &str,
        command: AccountCommand,
        changes: &mut Vec<Change>,
    ) -> Result<AccountOutcome, Rejection> {
        let account = self.users.number(name).filter(|user| self.users.password_hash(*user).is_some());
        match command {
            AccountCommand::Add { password_hash } => {
                check_password_hash(&password_hash)?;
                if account.is_some() {
                    return Err(Rejection::AccountExists);
                }
                let (user, name) = (self.users.number_or_next(name), name.to_owned());
                self.emit(now_ms, Change::AccountAdded { user, name, password_hash }, changes);
                Ok(AccountOutcome::default())
            }
            AccountCommand::ChangePassword { password_hash, owner } => {
                check_password_hash(&password_hash)?;
                let user = account.ok_or(Rejection::AccountNotFound)?;
                if owner.as_ref().is_some_and(|owner| !self.users.has_password_hash(name, &owner.checked_hash)) {
                    return Err(Rejection::PasswordReplaced);
                }
                let kept_token = owner.map(|owner| owner.kept_token);
                let before = self.tokens_of(user);
                self.emit(now_ms, Change::PasswordChanged { user, password_hash, kept_token }, changes);
                let is_revoked = |token: &[u8; 32]| kept_token != Some(*token) && !is_planted(Bug::TokenNotRevoked);
                Ok(AccountOutcome { revoked: before.into_iter().filter(is_revoked).collect(), ended: None })
            }
            AccountCommand::Remove => {
                let user = account.ok_or(Rejection::AccountNotFound)?;
                let outcome = AccountOutcome { revoked: self.tokens_of(user), ended: self.of_user(user) };
                self.emit(now_ms, Change::AccountRemoved { user }, changes);
                if let Some(session) = outcome.ended {
                    let reason = SessionEnd::AccountRemoved;
                    self.emit(now_ms, Change::SessionEnded { session, user, reason }, changes);
                }
                Ok(outcome)
            }
        }
    }

    /// The audit entry of what an organiser has just done: to the session or account that the first of `changes` is about.
    /// Nothing where somebody else did it.
    pub fn audit(&mut self, now_ms: u64, by: &By, action: &str, reason: Option<String>, changes: &mut Vec<Change>) {
        let By::Admin(admin) = by else { return };
        let (about, field, before, after) = match changes.first() {
            Some(Change::SessionEnded { session, user, .. }) => {
                (Subject::Session { session: *session, user: *user }, "state", Some("live"), Some("ended"))
            }
            // That it is another one is all that may be told.
            Some(Change::PasswordChanged { user, .. }) => {
                (Subject::Account { user: *user }, "password", None, Some("changed"))
            }
            Some(Change::AccountAdded { user, .. }) => {
                (Subject::Account { user: *user }, "account", None, Some("active"))
            }
            Some(Change::AccountRemoved { user }) => {
                (Subject::Account { user: *user }, "account", Some("active"), None)
            }
            _ => return,
        };
        let (before, after) = (before.map(str::to_owned), after.map(str::to_owned));
        let differences = vec![Difference { field: field.to_owned(), before, after }];
        let act = AdminAct { admin: admin.clone(), action: action.to_owned(), about, differences, reason };
        if !is_planted(Bug::ActNotAudited) {
            self.emit(now_ms, Change::AdminActed(Box::new(act)), changes);
        }
    }

    /// The token whose place the next login of `name` takes, if their session has as many as it may have.
    pub fn token_to_drop(&self, name: &str) -> Option<[u8; 32]> {
        let session = self.live.get(self.by_user.get(self.users.number(name)?)?.0)?;
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
        let user = self.live.get(session.0)?.user;
        self.emit(now_ms, Change::SessionEnded { session, user, reason }, changes);
        Some(user)
    }

    /// Applies a change that happened at `at_ms`. The only mutator; live traffic and recovery run the same lines.
    pub fn evolve(&mut self, at_ms: u64, change: &Change) {
        match change {
            Change::SessionOpened { session, user, name, token_hash } => {
                assert!(session.0 == self.logins + 1, "session {} after {}", session.0, self.logins);
                self.logins = session.0;
                self.users.introduce(*user, name);
                let opened = Session { user: *user, logged_in_at_ms: at_ms, token_hashes: Few::One(*token_hash) };
                self.insert(*session, opened);
            }
            Change::TokenIssued { session, token_hash } => {
                let session = self.live.get_mut(session.0).expect("a token is issued to a live session");
                if session.token_hashes.len() == TOKENS_PER_SESSION_MAX {
                    session.token_hashes.remove_first();
                }
                session.token_hashes.push(*token_hash);
            }
            Change::SessionEnded { session, user, .. } => {
                let ended = self.live.remove(session.0);
                let by_user = self.by_user.remove(*user);
                assert!(ended.is_some() && by_user == Some(*session), "session {} ended twice", session.0);
            }
            Change::AccountAdded { user, name, password_hash } => {
                self.users.introduce(*user, name);
                self.users.amend(*user, |record| record.password_hash = Some(password_hash.as_str().into()));
            }
            Change::PasswordChanged { user, password_hash, kept_token } => {
                self.users.amend(*user, |record| record.password_hash = Some(password_hash.as_str().into()));
                if let Some(session) = self.by_user.get(*user).and_then(|session| self.live.get_mut(session.0)) {
                    session.token_hashes.retain(|token| *kept_token == Some(*token));
                }
            }
            Change::AccountRemoved { user } => self.users.amend(*user, |record| record.password_hash = None),
            Change::UserDescribed { user, class, email } => {
                let details = UserDetails { class: class.clone(), email: email.clone() };
                self.users.amend(*user, |record| record.details = details);
            }
            Change::AdminActed(_) => {}
            other => panic!("{} cannot happen to the sessions", other.kind()),
        }
    }

    /// A live session.
    pub fn get(&self, session: LoginSeq) -> Option<&Session> {
        self.live.get(session.0)
    }

    /// The live session of a user.
    pub fn of_user(&self, user: UserNumber) -> Option<LoginSeq> {
        self.by_user.get(user).copied()
    }

    /// All live sessions in the order of their logins.
    pub fn live(&self) -> impl Iterator<Item = (LoginSeq, &Session)> {
        self.live.iter().map(|(session, row)| (LoginSeq(session), row))
    }

    /// How many sessions are live.
    pub fn live_count(&self) -> usize {
        self.live.len()
    }

    /// Up to `limit` live sessions with a number above `after`, in the order of their logins.
    pub fn live_after(&self, after: LoginSeq, limit: usize) -> Vec<LoginSeq> {
        let later = self.live.iter_from(after.0.saturating_add(1));
        later.map(|(session, _)| LoginSeq(session)).filter(|session| *session > after).take(limit).collect()
    }

    /// All users.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// The name of a user.
    pub fn name(&self, user: UserNumber) -> Option<&str> {
        self.users.name(user)
    }

    /// The same, to be kept: there is one copy of a name.
    pub fn shared_name(&self, user: UserNumber) -> Option<Arc<str>> {
        self.users.shared_name(user)
    }

    /// The number of a user.
    pub fn number(&self, name: &str) -> Option<UserNumber> {
        self.users.number(name)
    }

    /// All users' names, by number.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.users.names()
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
        self.users.restore(name);
    }

    /// Puts back what is known of a user besides the name.
    pub fn restore_record(&mut self, user: UserNumber, row: UserRecord) {
        self.users.amend(user, |record| *record = row);
    }

    /// Puts a live session back.
    pub fn restore_session(&mut self, session: LoginSeq, row: Session) {
        assert!(session.0 <= self.logins, "session {} was not opened yet", session.0);
        self.insert(session, row);
    }

    /// Names the first thing that does not add up. Walks all sessions: for recovery, snapshots and tests.
    pub fn check_invariants(&self) -> Result<(), String> {
        for (session, row) in self.live() {
            let is_found = self.by_user.get(row.user) == Some(&session);
            let is_sound = is_found && session.0 <= self.logins && self.name(row.user).is_some();
            if !is_sound || row.token_hashes.len() > TOKENS_PER_SESSION_MAX {
                return Err(format!("session {} contradicts the tables around it", session.0));
            }
        }
        if self.by_user.len() != self.live.len() {
            return Err("the tables of sessions have other sizes".to_owned());
        }
        self.users.check_invariants()
    }

    /// What kind of user it is, where that is known.
    pub fn class(&self, user: UserNumber) -> Option<Arc<str>> {
        self.users.record(user)?.details.class.as_deref().map(Arc::from)
    }

    fn details(&self, user: UserNumber) -> UserDetails {
        self.users.record(user).map(|record| record.details.clone()).unwrap_or_default()
    }

    /// The hashes of the tokens that open the user's live session.
    fn tokens_of(&self, user: UserNumber) -> Vec<[u8; 32]> {
        let session = self.by_user.get(user).and_then(|session| self.live.get(session.0));
        session.map(|session| session.token_hashes.to_vec()).unwrap_or_default()
    }

    fn insert(&mut self, session: LoginSeq, row: Session) {
        let other = self.by_user.insert(row.user, session);
        assert!(other.is_none(), "user {} has two live sessions", row.user.0);
        self.live.insert(session.0, row);
    }

    fn emit(&mut self, at_ms: u64, change: Change, changes: &mut Vec<Change>) {
        self.evolve(at_ms, &change);
        changes.push(change);
    }
}
