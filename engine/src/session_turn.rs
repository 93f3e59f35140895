//! A turn of the session actor, the login sequencer: logins get their `login_seq` here, and reach every event from here,
//! in that order.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::asker::Asker;
use crate::clock::Stopwatch;
use crate::core::change::{By, Change, SessionEnd};
use crate::core::command::{Caller, Command, Wish};
use crate::core::id::{LoginSeq, Slug, UserNumber};
use crate::core::rejection::Rejection;
use crate::core::session::{AccountCommand, Login};
use crate::core::user::UserDetails;
use crate::error::Unavailable;
use crate::handle::{Envelope, EventHandle, Reply};
use crate::inbox::{Full, Inbox, Lane};
use crate::journal::RecordBuffer;
use crate::pressure::Waits;
use crate::record::encode_record;
use crate::services::{AbortOnPanic, Services};
use crate::session_machine::{Ended, SessionMachine};
use crate::session_table::LiveSession;
use crate::state::SESSIONS;
use crate::tally::Tally;

/// Who logs in, as the caller has established.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user's name.
    pub user_name: String,
    /// What else was told of them; `None` leaves what is known. What leaves its bounds ([`UserDetails::check`]) counts as
    /// not told.
    pub details: Option<UserDetails>,
    /// The hash that their password was checked with, where they showed one. If it is not the account's any more, they are
    /// not logged in: what they showed may be a password that has been replaced meanwhile.
    pub checked_hash: Option<String>,
}

impl Identity {
    /// A name, and nothing else.
    pub fn named(user_name: impl Into<String>) -> Identity {
        Identity { user_name: user_name.into(), details: None, checked_hash: None }
    }
}

/// What a user wants from one event with their login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The event.
    pub event: Slug,
    /// What to set aside there.
    pub wish: Wish,
}

/// What can be asked of the session actor.
#[derive(Debug)]
pub enum SessionRequest {
    /// A login.
    Login {
        /// Who, as the identity check has established.
        identity: Identity,
        /// SHA-256 of the token they will get.
        token_hash: [u8; 32],
        /// What they want; `None` means what every login gets.
        intents: Option<Vec<Intent>>,
        /// Where the answer goes once the login is durable.
        reply: oneshot::Sender<Result<LoginReply, LoginRefusal>>,
        /// The place among those who wait, until the answer is sent.
        waits: Waits,
        /// Runs since it was sent, where that is measured.
        sent: Option<Stopwatch>,
    },
    /// The end of a session.
    End {
        /// Which.
        session: LoginSeq,
        /// What ends it.
        end: SessionEnd,
        /// On whose behalf.
        by: By,
        /// Why, from an organiser.
        reason: Option<String>,
        /// Where the answer goes once the end is durable; `None` if the session was not live.
        reply: oneshot::Sender<Option<EndReply>>,
    },
    /// Something to be done to an account.
    Account {
        /// Whose.
        user_name: String,
        /// What.
        command: AccountCommand,
        /// On whose behalf.
        by: By,
        /// Why, from an organiser.
        reason: Option<String>,
        /// Where the answer goes once it is durable.
        reply: oneshot::Sender<Result<EndReply, Rejection>>,
        /// The place among those who wait, until the answer is sent.
        waits: Waits,
    },
    /// Look for sessions whose time is over now. The answer has one item for each that this turn ended: the events'
    /// answers to come.
    EndOverdue {
        /// Where the answer goes once the ends are durable.
        reply: oneshot::Sender<Vec<Released>>,
    },
}

/// Why nobody was logged in. Nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// The engine cannot take it now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The password that was shown is the account's no more. See [`Identity::checked_hash`].
    #[error("the password was replaced meanwhile")]
    PasswordReplaced,
}

/// A durable login. What the events say to it comes separately.
#[derive(Debug)]
pub struct LoginReply {
    /// What the login came to.
    pub login: Login,
    /// The session.
    pub session: Arc<LiveSession>,
    /// The journal number of the login.
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The events that were asked, in order.
    pub asked: Vec<Asked>,
}

/// An event that was asked on behalf of a login.
#[derive(Debug)]
pub struct Asked {
    /// The event's id, as the user gave it.
    pub event: Slug,
    /// The event's answer is to come; or there is no such event.
    pub answer: Result<oneshot::Receiver<Reply>, Rejection>,
}

/// The answers of the events that release what an ended session's user had there.
pub type Released = Vec<oneshot::Receiver<Reply>>;

/// A durable end of a session, or change of an account, which may have ended one.
#[derive(Debug)]
pub struct EndReply {
    /// The journal number of the step's last change.
    pub seq: u64,
    /// What the events answer.
    pub released: Released,
}

/// The session actor, to those who are not it.
pub struct SessionHandle {
    inbox: Inbox<SessionRequest>,
    machine: Mutex<SessionMachine>,
    doorbell: std::sync::OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// A command that leaves for an event once the turn's records are with the journal, so that no event's record can come
/// before that of the login it belongs to.
type Dispatch = (Arc<EventHandle>, Envelope, Lane);

/// What is done once the turn is durable.
type Delivery = Box<dyn FnOnce(u64) + Send>;

/// A turn in the making.
struct Turn<'a> {
    services: &'a Services,
    now_ms: u64,
    changes: Vec<Change>,
    records: RecordBuffer,
    dispatches: Vec<Dispatch>,
    deliveries: Vec<Delivery>,
    /// Sessions that this turn ends.
    ending: Vec<LoginSeq>,
    /// What the turn adds to the sums.
    tally: Tally,
}

impl SessionHandle {
    /// The handle of a session actor.
    pub fn new(machine: SessionMachine, capacity: u32) -> SessionHandle {
        let machine = Mutex::new(machine);
        // Ends of sessions free tickets, and are few: they take the internal lane, so nothing is reserved.
        SessionHandle { inbox: Inbox::new(capacity, 0), machine, doorbell: std::sync::OnceLock::new() }
    }

    /// Puts a request in the inbox.
    pub fn send(&self, request: SessionRequest, lane: Lane) -> Result<(), Full> {
        if self.inbox.push(request, lane)? {
            self.ring();
        }
        Ok(())
    }

    /// The hash of a user's password, if they have an account.
    pub fn password_hash(&self, name: &str) -> Option<String> {
        let machine = self.machine();
        let users = machine.sessions().users();
        users.password_hash(users.number(name)?).map(str::to_owned)
    }

    /// Up to `limit` users with an account and a number above `after`, by number.
    pub fn accounts(&self, after: UserNumber, limit: usize) -> Vec<(UserNumber, String)> {
        self.machine().sessions().users().accounts(after, limit)
    }

    /// Up to `limit` live sessions with a number above `after`, in the order of their logins: all, or that of `user`.
    pub fn live_after(&self, after: LoginSeq, limit: usize, user: Option<UserNumber>) -> Vec<LoginSeq> {
        let machine = self.machine();
        match user {
            Some(user) => machine.sessions().of_user(user).filter(|session| *session > after).into_iter().collect(),
            None => machine.sessions().live_after(after, limit),
        }
    }

    /// How many requests wait in the inbox.
    pub fn inbox_len(&self) -> usize {
        self.inbox.len()
    }

    /// Asks the actor for a turn: a session's time may be over.
    pub fn nudge(&self) {
        if self.inbox.nudge() {
            self.ring();
        }
    }

    /// Connects the actor.
    pub fn connect(&self, doorbell: Box<dyn Fn() + Send + Sync>) {
        assert!(self.doorbell.set(doorbell).is_ok(), "two session actors");
        self.ring();
    }

    /// The name of a user.
    pub fn user_name(&self, user: UserNumber) -> Option<String> {
        self.machine().sessions().name(user).map(str::to_owned)
    }

    /// The number of a user.
    pub fn user_number(&self, name: &str) -> Option<UserNumber> {
        self.machine().sessions().number(name)
    }

    /// Looks at the sessions between two turns.
    #[cfg(test)]
    pub(crate) fn look<T>(&self, look: impl FnOnce(&crate::core::Sessions) -> T) -> T {
        look(self.machine().sessions())
    }

    fn machine(&self) -> std::sync::MutexGuard<'_, SessionMachine> {
        // A panic in a turn aborts the process, so nobody ever sees a half-made turn behind a poisoned lock.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        if let Some(doorbell) = self.doorbell.get() {
            doorbell();
        }
    }
}

/// Takes a turn. `true` asks for another one.
pub fn take_turn(handle: &SessionHandle, services: &Arc<Services>, batch: &mut Vec<SessionRequest>) -> bool {
    let _guard = AbortOnPanic(services);
    let has_more = handle.inbox.take(services.config.actors.slice_commands_max as usize, batch);
    let mut machine = handle.machine();
    let mut turn = Turn {
        services,
        now_ms: services.clock.now_ms(),
        changes: Vec::new(),
        records: RecordBuffer::default(),
        dispatches: Vec::new(),
        deliveries: Vec::new(),
        ending: Vec::new(),
        tally: Tally::default(),
    };
    let mut overdue = turn.end_overdue(&mut machine, services);
    for request in batch.drain(..) {
        turn.serve(&mut machine, services, request, &mut overdue);
    }
    let Turn { records, dispatches, deliveries, ending, tally, .. } = turn;
    let (change_count, delivering) = (u64::from(records.change_count()), Arc::clone(services));
    let deliver = move |first_seq| {
        delivering.tally.add(&tally);
        deliveries.into_iter().for_each(|deliver| deliver(first_seq));
        delivering.watchers.tell_progress((first_seq + change_count).saturating_sub(1));
    };
    services.journal.append_slice(&records, Box::new(deliver));
    // Not before: an event that refuses because of an end must find that end in the journal's way.
    ending.into_iter().for_each(|session| services.sessions.begin_end(session));
    dispatches.into_iter().for_each(send);
    services.alarms.set(SESSIONS, machine.next_wake_ms());
    has_more
}

/// When a session made its last request. One that is not in the table has only just been opened.
fn last_seen(services: &Services, now_ms: u64) -> impl Fn(LoginSeq) -> u64 {
    move |session| services.sessions.find(session).map_or(now_ms, |live| live.last_seen_at_ms())
}

/// Sends a command on to its event. Where the inbox is full, the envelope and with it the way back are dropped: whoever
/// waits for the answer learns that nothing was done.
fn send((event, envelope, lane): Dispatch) {
    let _ = event.send(envelope, lane);
}

impl Turn<'_> {
    fn serve(
        &mut self,
        machine: &mut SessionMachine,
        services: &Arc<Services>,
        request: SessionRequest,
        overdue: &mut Vec<Released>,
    ) {
        match request {
            SessionRequest::Login { identity, token_hash, intents, reply, waits, sent } => {
                self.login(machine, services, identity, token_hash, intents, (reply, waits, sent));
            }
            SessionRequest::Account { user_name, command, by, reason, reply, waits } => {
                self.account(machine, services, (&user_name, command), (&by, reason), (reply, waits));
            }
            SessionRequest::End { session, end, by, reason, reply } => {
                let Some(ended) = machine.end(self.now_ms, session, end, &mut self.changes) else {
                    self.deliveries.push(Box::new(move |_| drop(reply.send(None))));
                    return;
                };
                machine.audit(self.now_ms, &by, "end_session", reason, &mut self.changes);
                let seq_offset = self.push_record(&by);
                let released = self.end(services, ended);
                let answer =
                    move |first_seq| drop(reply.send(Some(EndReply { seq: first_seq + seq_offset, released })));
                self.deliveries.push(Box::new(answer));
            }
            SessionRequest::EndOverdue { reply } => {
                let ended = std::mem::take(overdue);
                self.deliveries.push(Box::new(move |_| drop(reply.send(ended))));
            }
        }
    }

    fn login(
        &mut self,
        machine: &mut SessionMachine,
        services: &Arc<Services>,
        Identity { user_name, details, checked_hash }: Identity,
        token_hash: [u8; 32],
        intents: Option<Vec<Intent>>,
        (reply, waits, sent): (oneshot::Sender<Result<LoginReply, LoginRefusal>>, Waits, Option<Stopwatch>),
    ) {
        let user_name = user_name.as_str();
        self.end_overdue_of(machine, services, user_name);
        let is_full = machine.sessions().live_count() >= services.config.sessions.live_max as usize;
        if is_full && !machine.is_logged_in(user_name) {
            drop(reply.send(Err(LoginRefusal::Unavailable(Unavailable::Overloaded))));
            return;
        }
        let is_stale = |hash: &String| !machine.sessions().users().has_password_hash(user_name, hash);
        if checked_hash.as_ref().is_some_and(is_stale) {
            drop(reply.send(Err(LoginRefusal::PasswordReplaced)));
            return;
        }
        let dropped = machine.token_to_drop(user_name);
        let login = machine.login(self.now_ms, user_name, token_hash, details, &mut self.changes);
        let seq_offset = self.push_record(&By::User);
        let row = machine.sessions().get(login.session).expect("a session that has just been opened");
        let session = match services.sessions.find(login.session) {
            Some(session) => session,
            None => {
                let name = machine.sessions().shared_name(login.user).expect("every user has a name");
                services.sessions.open(login.session, row, name, self.now_ms)
            }
        };
        session.seen(self.now_ms);
        let class = machine.sessions().class(login.user);
        let asked = self.ask_events(&login, &session, intents);
        let (at_ms, services) = (self.now_ms, Arc::clone(services));
        self.deliveries.push(Box::new(move |first_seq| {
            session.set_class(class);
            services.sessions.admit(token_hash, dropped, Arc::clone(&session));
            // Whoever listens with the token that was dropped for this one hears no more.
            services.watchers.tell_sessions(dropped.map(|_| session.user));
            services.metrics.login(login.fresh, sent);
            let answer = LoginReply { login, session, seq: first_seq + seq_offset, at_ms, asked };
            // Before the answer: whoever has it no longer waits. They may have gone; their session stays until it is idle.
            drop(waits);
            drop(reply.send(Ok(answer)));
        }));
    }

    /// Does something to an account. A session that goes with it ends like any other.
    fn account(
        &mut self,
        machine: &mut SessionMachine,
        services: &Arc<Services>,
        (user_name, command): (&str, AccountCommand),
        (by, reason): (&By, Option<String>),
        (reply, waits): (oneshot::Sender<Result<EndReply, Rejection>>, Waits),
    ) {
        let action = command.name();
        let (revoked, ended) = match machine.account(self.now_ms, user_name, command, &mut self.changes) {
            Ok(done) => done,
            Err(rejection) => {
                self.deliveries.push(Box::new(move |_| {
                    drop(waits);
                    drop(reply.send(Err(rejection)));
                }));
                return;
            }
        };
        machine.audit(self.now_ms, by, action, reason, &mut self.changes);
        let seq_offset = self.push_record(by);
        let table = Arc::clone(services);
        self.deliveries.push(Box::new(move |_| {
            let users = table.sessions.revoke(&revoked);
            table.watchers.tell_sessions(users);
        }));
        let released = ended.map(|ended| self.end(services, ended)).unwrap_or_default();
        self.deliveries.push(Box::new(move |first_seq| {
            drop(waits);
            drop(reply.send(Ok(EndReply { seq: first_seq + seq_offset, released })));
        }));
    }

    /// Asks the events that the login names; or, where it names none, those that serve every login, and those where the
    /// user has something already.
    fn ask_events(&mut self, login: &Login, session: &Arc<LiveSession>, intents: Option<Vec<Intent>>) -> Vec<Asked> {
        if let Some(intents) = intents {
            return intents.into_iter().map(|intent| self.ask_named(session, intent)).collect();
        }
        let directory = &self.services.directory;
        let touched = if login.fresh { Vec::new() } else { self.services.sessions.touched(login.user) };
        let mut events: Vec<_> = touched.into_iter().filter_map(|number| directory.find_number(number)).collect();
        let most = self.services.config.sessions.max_auto_holds as usize;
        for event in directory.auto_hold_order().iter().take(most) {
            if !events.iter().any(|known| known.number == event.number) {
                events.push(Arc::clone(event));
            }
        }
        events.into_iter().map(|event| self.ask(session, event, Wish::default(), false)).collect()
    }

    fn ask_named(&mut self, session: &Arc<LiveSession>, intent: Intent) -> Asked {
        match self.services.directory.find(&intent.event) {
            Some(event) => self.ask(session, event, intent.wish, true),
            None => Asked { event: intent.event, answer: Err(Rejection::EventNotFound) },
        }
    }

    fn ask(&mut self, session: &Arc<LiveSession>, event: Arc<EventHandle>, wish: Wish, explicit: bool) -> Asked {
        let id = event.id.clone();
        self.services.sessions.touch(session.user, event.number);
        let asker = Asker::from(Arc::clone(session));
        let answer = self.dispatch(event, asker, Command::Login { wish, explicit }, Lane::Ordinary);
        Asked { event: id, answer: Ok(answer) }
    }

    fn end_overdue(&mut self, machine: &mut SessionMachine, services: &Arc<Services>) -> Vec<Released> {
        let last_seen = last_seen(services, self.now_ms);
        let ended = machine.end_overdue(self.now_ms, &last_seen, &mut self.changes);
        if !ended.is_empty() {
            self.push_record(&By::System);
        }
        ended.into_iter().map(|ended| self.end(services, ended)).collect()
    }

    /// Ends the session of a user who logs in when its time is over and the wheel has not come to it yet.
    fn end_overdue_of(&mut self, machine: &mut SessionMachine, services: &Arc<Services>, user_name: &str) {
        let last_seen = last_seen(services, self.now_ms);
        if let Some(ended) = machine.end_overdue_of(self.now_ms, user_name, &last_seen, &mut self.changes) {
            self.push_record(&By::System);
            // Nobody waits for what the events say to it.
            drop(self.end(services, ended));
        }
    }

    /// Once the end is durable, the session's tokens open nothing; and every event gives back what the user had there.
    fn end(&mut self, services: &Arc<Services>, ended: Ended) -> Released {
        let Ended { session, user, token_hashes } = ended;
        let table = Arc::clone(services);
        self.deliveries.push(Box::new(move |_| {
            table.sessions.end(session, &token_hashes);
            table.watchers.tell_sessions([user]);
        }));
        self.ending.push(session);
        let touched = services.sessions.touched(user);
        let events = touched.into_iter().filter_map(|number| services.directory.find_number(number));
        let caller = Caller::User { user, session };
        events.map(|event| self.dispatch(event, caller.clone().into(), Command::EndSession, Lane::Internal)).collect()
    }

    fn dispatch(
        &mut self,
        event: Arc<EventHandle>,
        Asker { caller, session }: Asker,
        command: Command,
        lane: Lane,
    ) -> oneshot::Receiver<Reply> {
        let (reply, answer) = oneshot::channel();
        let sent = self.services.metrics.stopwatch();
        self.dispatches.push((event, Envelope { caller, session, key: None, command, reply, waits: None, sent }, lane));
        answer
    }

    /// Returns the offset of the record's last change from the turn's first.
    fn push_record(&mut self, by: &By) -> u64 {
        self.tally.count(by, &self.changes);
        let encode = |bytes: &mut Vec<u8>| encode_record(SESSIONS, self.now_ms, by, &self.changes, bytes);
        self.records.push(self.changes.len() as u32, encode);
        self.changes.clear();
        u64::from(self.records.change_count()) - 1
    }
}
