//! Who is logged in, to those who serve requests: token → session, and what each user has touched.

use std::collections::VecDeque;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;
use parking_lot::RwLock;

use crate::core::id::{EventNumber, LoginSeq, NumberHasher, UserNumber};
use crate::core::planted::{Bug, is_planted};
use crate::core::presence::Presence;
use crate::core::row_chunk::RowChunk;
use crate::core::row_map::place;
use crate::core::session::{Session, SessionLengths};
use crate::core::user::STANDARD_CLASS;
use crate::core::user_map::{NEIGHBOURS, UserMap};

/// How many tokens of ended sessions are remembered, so that their owners learn why they are refused.
const ENDED_TOKENS_MAX: usize = 65_536;

/// A live session, shared by all requests that come with one of its tokens.
#[derive(Debug)]
pub struct LiveSession {
    /// The session's number.
    pub number: LoginSeq,
    /// Who.
    pub user: UserNumber,
    /// Their name.
    pub user_name: Arc<str>,
    /// When they logged in, in milliseconds since the Unix epoch.
    pub logged_in_at_ms: u64,
    /// What kind of user, where it is not [`STANDARD_CLASS`]. In a box, since hardly anybody has one.
    class: RwLock<Option<Box<Arc<str>>>>,
    last_seen_at_ms: AtomicU64,
    /// The streams it has open: as long as there is one, the user is there.
    open_streams: AtomicU32,
    /// When its last stream was closed, in milliseconds since the Unix epoch; 0 for never. Unlike a request, a stream keeps a
    /// place in line and not the session.
    last_stream_at_ms: AtomicU64,
    /// Somewhere its user is passed over in line: the next sign of life has to be told there.
    is_passed_over: AtomicBool,
    /// Its end is decided: nothing more is taken on its behalf.
    is_ending: AtomicBool,
    /// Its end is durable: its tokens open nothing.
    has_ended: AtomicBool,
}

impl LiveSession {
    /// When the session made its last request, in milliseconds since the Unix epoch.
    pub fn last_seen_at_ms(&self) -> u64 {
        self.last_seen_at_ms.load(Ordering::Relaxed)
    }

    /// What kind of user it is, as the newest durable login has it.
    pub fn class(&self) -> Arc<str> {
        self.class.read().as_deref().cloned().unwrap_or_else(|| STANDARD_CLASS.into())
    }

    /// A login has told another class, and is durable.
    pub(crate) fn set_class(&self, class: Option<Arc<str>>) {
        *self.class.write() = class.map(Box::new);
    }

    /// When the session ends if it makes no further request, in milliseconds since the Unix epoch.
    pub fn expires_at_ms(&self, lengths: &SessionLengths) -> u64 {
        lengths.end(self.logged_in_at_ms, self.last_seen_at_ms()).0
    }

    /// Whether something may still be taken on its behalf.
    pub fn is_open(&self) -> bool {
        !self.is_ending.load(Ordering::Acquire) && !self.has_ended.load(Ordering::Acquire)
    }

    /// A sign of life.
    pub(crate) fn seen(&self, now_ms: u64) {
        self.last_seen_at_ms.fetch_max(now_ms, Ordering::SeqCst);
    }

    /// When the session last made a request or had a stream open, in milliseconds since the Unix epoch; [`u64::MAX`] while it
    /// has one.
    pub(crate) fn last_present_ms(&self) -> u64 {
        if self.open_streams.load(Ordering::SeqCst) > 0 {
            return u64::MAX;
        }
        let last_seen_at_ms = self.last_seen_at_ms.load(Ordering::SeqCst);
        last_seen_at_ms.max(self.last_stream_at_ms.load(Ordering::SeqCst))
    }

    /// The session has one stream more.
    pub(crate) fn stream_opened(&self) {
        self.open_streams.fetch_add(1, Ordering::SeqCst);
    }

    /// One of the session's streams was closed.
    pub(crate) fn stream_closed(&self, now_ms: u64) {
        // First the time: at no moment may the session look as if it had had no stream.
        self.last_stream_at_ms.fetch_max(now_ms, Ordering::SeqCst);
        self.open_streams.fetch_sub(1, Ordering::SeqCst);
    }

    /// Somewhere the user was passed over in line. Whoever sees a sign of life after this finds it out by
    /// [`LiveSession::take_passed_over`].
    pub(crate) fn pass_over(&self) {
        self.is_passed_over.store(true, Ordering::SeqCst);
    }

    /// Whether the user was passed over somewhere since this was asked last.
    pub(crate) fn take_passed_over(&self) -> bool {
        self.is_passed_over.load(Ordering::SeqCst) && self.is_passed_over.swap(false, Ordering::SeqCst)
    }
}

/// Takes eight bytes of a SHA-256 as they are: they are spread as well as can be. What is entered are tokens that the server
/// has made itself, so nobody outside can choose colliding ones.
#[derive(Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, digest: &[u8]) {
        self.0 = u64::from_le_bytes(*digest.first_chunk().expect("a digest is longer than that"));
    }

    fn write_usize(&mut self, _length: usize) {}
}

/// A token in the table: the first half of its SHA-256. To find another token with the same half takes as much work as to
/// guess a key of 128 bits.
type TokenKey = [u8; 16];

fn key_of(token_hash: &[u8; 32]) -> TokenKey {
    *token_hash.first_chunk().expect("a half is shorter than the whole")
}

/// What a token opens.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// A live session.
    Live(Arc<LiveSession>),
    /// A session that has ended.
    Ended,
    /// Nothing.
    Unknown,
}

impl Presence for SessionTable {
    fn last_seen_ms(&self, session: LoginSeq) -> Option<u64> {
        self.look(session, |session| session.last_present_ms())
    }
}

/// Into how many parts a table that has an entry for each user or session is divided. With a million of them, a part that
/// doubles moves some thousand, in less than a tenth of a millisecond.
const SHARDS: usize = 256;

/// In which events each user has, or had, something, in the order of the first touch. For most it is one.
#[derive(Debug, Default)]
struct Touched {
    first: UserMap<EventNumber>,
    /// Of those who have touched several.
    further: UserMap<Vec<EventNumber>>,
}

impl Touched {
    fn of(&self, user: UserNumber) -> impl Iterator<Item = EventNumber> {
        let further = self.further.get(user).into_iter().flatten();
        self.first.get(user).into_iter().chain(further).copied()
    }

    fn add(&mut self, user: UserNumber, event: EventNumber) {
        if self.first.get(user).is_none() {
            self.first.insert(user, event);
        } else if !self.of(user).any(|known| known == event) {
            self.further.get_or_default(user).push(event);
        }
    }
}

/// The table of sessions. No guard of its maps leaves it.
#[derive(Debug)]
pub struct SessionTable {
    by_token: DashMap<TokenKey, Arc<LiveSession>, BuildHasherDefault<DigestHasher>>,
    /// Those with neighbouring numbers stand together, which takes a third of what each by itself would: see [`place`].
    by_number: DashMap<u64, Box<RowChunk<Arc<LiveSession>>>, BuildHasherDefault<NumberHasher>>,
    /// How many sessions are live.
    live: AtomicUsize,
    /// In which events a user has, or had, something: where to look for what is theirs, and what to release.
    /// Users whose numbers follow each other are in the same part, so that they stand together there.
    touched: Box<[RwLock<Touched>]>,
    ended_tokens: Mutex<VecDeque<TokenKey>>,
}

impl Default for SessionTable {
    fn default() -> SessionTable {
        SessionTable {
            by_token: DashMap::with_hasher_and_shard_amount(BuildHasherDefault::default(), SHARDS),
            by_number: DashMap::default(),
            live: AtomicUsize::new(0),
            touched: (0..SHARDS).map(|_| RwLock::default()).collect(),
            ended_tokens: Mutex::default(),
        }
    }
}

impl SessionTable {
    /// The session of a token, by the token's SHA-256. A sign of life, unless it comes after the session's time: then the
    /// session is over, even where the wheel is late and has not ended it yet.
    pub fn authenticate(&self, token_hash: &[u8; 32], now_ms: u64, lengths: &SessionLengths) -> Authentication {
        let Some(session) = self.by_token.get(&key_of(token_hash)).map(|session| Arc::clone(&session)) else {
            return Authentication::Unknown;
        };
        let is_overdue = session.expires_at_ms(lengths) <= now_ms && !is_planted(Bug::OverdueSessionRevived);
        if is_overdue || session.has_ended.load(Ordering::Acquire) {
            return Authentication::Ended;
        }
        session.seen(now_ms);
        Authentication::Live(session)
    }

    /// A session by its number.
    pub fn find(&self, number: LoginSeq) -> Option<Arc<LiveSession>> {
        self.look(number, Arc::clone)
    }

    /// How many sessions are live.
    pub fn len(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// Whether nobody is logged in.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sessions that are there although their time is over, in the order of their logins.
    pub fn overdue(&self, now_ms: u64, lengths: &SessionLengths) -> Vec<Arc<LiveSession>> {
        let mut overdue = Vec::new();
        for chunk in &self.by_number {
            let sessions = chunk.iter().map(|(_, session)| session);
            overdue.extend(sessions.filter(|session| session.expires_at_ms(lengths) <= now_ms).cloned());
        }
        overdue.sort_unstable_by_key(|session| session.number);
        overdue
    }

    /// Enters a session of a user of [`STANDARD_CLASS`]; its tokens open nothing until [`SessionTable::admit`].
    pub fn open(&self, number: LoginSeq, row: &Session, user_name: Arc<str>, seen_at_ms: u64) -> Arc<LiveSession> {
        let session = Arc::new(LiveSession {
            number,
            user: row.user,
            user_name,
            logged_in_at_ms: row.logged_in_at_ms,
            class: RwLock::default(),
            last_seen_at_ms: AtomicU64::new(seen_at_ms),
            open_streams: AtomicU32::new(0),
            last_stream_at_ms: AtomicU64::new(0),
            is_passed_over: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
        });
        let (chunk, row) = place(number.0);
        let earlier = self.by_number.entry(chunk).or_default().insert(row, Arc::clone(&session));
        self.live.fetch_add(usize::from(earlier.is_none()), Ordering::Relaxed);
        session
    }

    /// The session's end is decided. To be called before the events are asked to release what it has: a command that
    /// reaches an event after that finds this mark, and one that came before is undone by it.
    pub fn begin_end(&self, number: LoginSeq) {
        if let Some(session) = self.find(number) {
            session.is_ending.store(true, Ordering::Release);
        }
    }

    /// From now on, the token opens the session: the login is durable. `dropped` is the token whose place it took.
    pub fn admit(&self, token_hash: [u8; 32], dropped: Option<[u8; 32]>, session: Arc<LiveSession>) {
        self.by_token.insert(key_of(&token_hash), session);
        if let Some(dropped) = dropped {
            self.by_token.remove(&key_of(&dropped));
        }
    }

    /// These tokens open nothing any more: what revoked them is durable. Returns whose they were, once for each token.
    pub fn revoke(&self, token_hashes: &[[u8; 32]]) -> Vec<UserNumber> {
        let removed = token_hashes.iter().filter_map(|token_hash| self.by_token.remove(&key_of(token_hash)));
        removed.map(|(_, session)| session.user).collect()
    }

    /// Whether a token, by its SHA-256, opens a live session. No sign of life.
    pub fn is_opened_by(&self, token_hash: &[u8; 32]) -> bool {
        self.by_token.get(&key_of(token_hash)).is_some_and(|session| !session.has_ended.load(Ordering::Acquire))
    }

    /// The session's end is durable: its tokens open nothing any more.
    pub fn end(&self, number: LoginSeq, token_hashes: &[[u8; 32]]) {
        // First the mark: whoever does not find the session any more knows that all who have it find the mark.
        if let Some(session) = self.find(number) {
            session.has_ended.store(true, Ordering::Release);
            self.forget(number);
        }
        let mut ended = self.ended_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        ended.extend(token_hashes.iter().map(key_of));
        while ended.len() > ENDED_TOKENS_MAX {
            if let Some(oldest) = ended.pop_front() {
                self.by_token.remove(&oldest);
            }
        }
    }

    fn look<T>(&self, number: LoginSeq, look: impl FnOnce(&Arc<LiveSession>) -> T) -> Option<T> {
        let (chunk, row) = place(number.0);
        self.by_number.get(&chunk)?.get(row).map(look)
    }

    fn forget(&self, number: LoginSeq) {
        let (chunk, row) = place(number.0);
        let is_removed = |rows: &mut RowChunk<Arc<LiveSession>>| rows.remove(row).is_some();
        if self.by_number.get_mut(&chunk).is_some_and(|mut rows| is_removed(&mut rows)) {
            self.live.fetch_sub(1, Ordering::Relaxed);
            self.by_number.remove_if(&chunk, |_, rows| rows.is_empty());
        }
    }

    /// The user may have something in this event from now on.
    pub fn touch(&self, user: UserNumber, event: EventNumber) {
        let touched = self.touched_with(user);
        // Nearly always it is known, and who only looks keeps nobody waiting.
        let is_known = touched.read().of(user).any(|known| known == event);
        if !is_known {
            touched.write().add(user, event);
        }
    }

    /// Where the user may have something, in the order of the first touch.
    pub fn touched(&self, user: UserNumber) -> Vec<EventNumber> {
        self.touched_with(user).read().of(user).collect()
    }

    fn touched_with(&self, user: UserNumber) -> &RwLock<Touched> {
        &self.touched[user.0 as usize / NEIGHBOURS as usize % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Authentication, LiveSession, SessionTable};
    use crate::core::few::Few;
    use crate::core::id::{LoginSeq, UserNumber};
    use crate::core::session::{Session, SessionLengths};

    const LENGTHS: SessionLengths = SessionLengths { idle_ms: 1_000, lifetime_ms: 1_000 };

    fn open(table: &SessionTable, number: u64) -> Arc<LiveSession> {
        let token_hash = [number as u8; 32];
        let row = Session { user: UserNumber(number as u32), logged_in_at_ms: 0, token_hashes: Few::One(token_hash) };
        let session = table.open(LoginSeq(number), &row, "ann".into(), 0);
        table.admit(token_hash, None, Arc::clone(&session));
        session
    }

    #[test]
    fn nothing_is_taken_for_a_session_whose_end_is_decided_or_durable() {
        let table = SessionTable::default();
        let (ending, ended) = (open(&table, 1), open(&table, 2));
        assert!(ending.is_open() && ended.is_open());
        table.begin_end(LoginSeq(1));
        table.end(LoginSeq(2), &[[2; 32]]);
        // Too late to be marked: it is out of the table, and not open to whoever has it still.
        table.begin_end(LoginSeq(2));
        assert!(!ending.is_open() && !ended.is_open());
        assert!(matches!(table.authenticate(&[2; 32], 1, &LENGTHS), Authentication::Ended));
    }

    #[test]
    fn a_session_goes_without_its_neighbours() {
        let table = SessionTable::default();
        (1..=40).for_each(|number| drop(open(&table, number)));
        (2..=40).for_each(|number| table.end(LoginSeq(number), &[[number as u8; 32]]));
        table.end(LoginSeq(40), &[]);
        assert_eq!((table.len(), table.by_number.len()), (1, 1));
        assert_eq!(table.find(LoginSeq(1)).map(|session| session.user), Some(UserNumber(1)));
        assert!(table.find(LoginSeq(2)).is_none());
        assert_eq!(table.overdue(1_000, &LENGTHS).len(), 1);
    }
}
