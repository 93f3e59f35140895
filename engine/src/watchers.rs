//! Who is told when something of theirs, or of any event, has become durable.
//!
//! The journal's thread tells, so telling never waits for whoever is told, and costs a load where nobody listens.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::core::change::Change;
use crate::core::id::{EventNumber, UserNumber};
use crate::touches::{Touch, Touches};

/// After how many changes that are of no event those who watch all events are told that the journal has gone on.
pub(crate) const PROGRESS_CHANGES: u64 = 25_000;

/// Who listens.
pub struct Watchers {
    /// How many users are in `users`, to be read without its lock.
    user_count: AtomicUsize,
    /// Only users that somebody watches, with all who do.
    users: Mutex<HashMap<UserNumber, Vec<Arc<Inbox>>>>,
    /// Tells the journal number of the newest view of any event, or how far the journal has gone without one.
    views: watch::Sender<u64>,
}

/// What one who listens has not taken yet.
#[derive(Default)]
struct Inbox {
    untaken: Mutex<Touches>,
    bell: Notify,
}

/// Something of a user's has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    user: UserNumber,
    event: EventNumber,
    at_ms: u64,
    /// Which change of its append it is, from 0 on.
    offset: u32,
    touch: Touch,
}

/// Hears of one user. What was there before is to be looked at after this was made.
pub struct UserWatch {
    user: UserNumber,
    inbox: Arc<Inbox>,
    watchers: Arc<Watchers>,
}

impl Default for Watchers {
    fn default() -> Watchers {
        Watchers { user_count: AtomicUsize::new(0), users: Mutex::default(), views: watch::Sender::new(0) }
    }
}

impl Watchers {
    /// Begins to watch `user`.
    pub(crate) fn watch(self: &Arc<Self>, user: UserNumber) -> UserWatch {
        let inbox = Arc::new(Inbox::default());
        let mut users = self.users.lock();
        users.entry(user).or_default().push(Arc::clone(&inbox));
        self.user_count.store(users.len(), Ordering::Relaxed);
        UserWatch { user, inbox, watchers: Arc::clone(self) }
    }

    /// Whether no user is watched. A turn asks while it has the lock of its event, and who watches looks at the event under
    /// the same lock afterwards: so each change is either told or seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.user_count.load(Ordering::Relaxed) == 0
    }

    /// Tells each user of what concerns them, once it is durable. The first change of the append has this number.
    pub(crate) fn tell(&self, first_seq: u64, notices: impl IntoIterator<Item = Notice>) {
        for Notice { user, event, at_ms, offset, touch } in notices {
            let seq = first_seq + u64::from(offset);
            self.tell_user(user, |untaken| untaken.add_untaken(seq, at_ms, event, touch));
        }
    }

    /// Tells users of their sessions or the tokens of these, once it is durable.
    pub(crate) fn tell_sessions(&self, users: impl IntoIterator<Item = UserNumber>) {
        for user in users {
            self.tell_user(user, |untaken| untaken.is_about_session = true);
        }
    }

    /// The lock is taken anew for each user: a storm of notices keeps nobody waiting.
    fn tell_user(&self, user: UserNumber, tell: impl Fn(&mut Touches)) {
        if self.is_empty() {
            return;
        }
        let users = self.users.lock();
        for inbox in users.get(&user).into_iter().flatten() {
            tell(&mut inbox.untaken.lock());
            inbox.bell.notify_one();
        }
    }

    /// Tells that an event has a newer durable view, or is there no more.
    pub(crate) fn tell_view(&self, seq: u64) {
        // With the fence in `watch_views`: whoever is not counted yet looks later, and finds this view.
        fence(Ordering::SeqCst);
        if self.views.receiver_count() > 0 {
            self.views.send_replace(seq);
        }
    }

    /// Tells that the journal is durable up to `seq`, whatever is in it, where much has come since anybody was told of a
    /// view: who keeps a number to come back with needs a newer one, also while no event changes.
    pub(crate) fn tell_progress(&self, seq: u64) {
        let told = *self.views.borrow();
        if seq >= told + PROGRESS_CHANGES {
            self.tell_view(seq);
        }
    }

    /// Told of every durable view of any event from now on; of several in a row perhaps only the last. Where no event
    /// changes, told now and then that the journal has gone on.
    pub(crate) fn watch_views(&self) -> watch::Receiver<u64> {
        let watching = self.views.subscribe();
        fence(Ordering::SeqCst);
        watching
    }
}

impl Notice {
    /// What a change in an event tells somebody, if it does: that of its append with this offset.
    pub(crate) fn of(event: EventNumber, at_ms: u64, offset: u32, change: &Change) -> Option<Notice> {
        let (user, touch) = Touch::of(change)?;
        Some(Notice { user, event, at_ms, offset, touch })
    }
}

impl UserWatch {
    /// Waits until something of the user's has changed durably that was not taken yet, and takes it. Nothing is lost if the
    /// call is given up.
    pub async fn touched(&self) -> Touches {
        loop {
            let touches = self.take();
            if !touches.is_empty() {
                return touches;
            }
            self.inbox.bell.notified().await;
        }
    }

    /// What has become of the user's things since it was taken last, perhaps nothing.
    pub fn take(&self) -> Touches {
        std::mem::take(&mut *self.inbox.untaken.lock())
    }
}

impl Drop for UserWatch {
    fn drop(&mut self) {
        let mut users = self.watchers.users.lock();
        if let Some(inboxes) = users.get_mut(&self.user) {
            inboxes.retain(|inbox| !Arc::ptr_eq(inbox, &self.inbox));
            if inboxes.is_empty() {
                users.remove(&self.user);
            }
        }
        self.watchers.user_count.store(users.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::HoldNumber;
    use crate::touches::{Thing, Touched};

    fn booked(user: u32) -> Notice {
        let touch = Touch::Booking(HoldNumber(user));
        Notice { user: UserNumber(user), event: EventNumber(1), at_ms: 0, offset: 2, touch }
    }

    #[tokio::test]
    async fn who_watches_hears_of_their_own_and_of_nothing_else() {
        let watchers = Arc::new(Watchers::default());
        watchers.tell(1, [booked(1)]);
        let (ann, again, bob) =
            (watchers.watch(UserNumber(1)), watchers.watch(UserNumber(1)), watchers.watch(UserNumber(2)));
        watchers.tell_sessions([UserNumber(1)]);
        watchers.tell(10, [booked(1)]);
        for touches in [ann.touched().await, again.touched().await] {
            let booking = Thing::Booking(EventNumber(1), HoldNumber(1));
            assert_eq!(touches.things, HashMap::from([(booking, Touched { seq: 12, end: None })]));
            assert!(touches.is_about_session);
        }
        assert!(ann.take().is_empty() && bob.take().is_empty());
    }

    #[test]
    fn a_journal_that_goes_on_without_an_event_is_told_now_and_then() {
        let watchers = Watchers::default();
        let mut watching = watchers.watch_views();
        watchers.tell_view(10);
        assert_eq!(*watching.borrow_and_update(), 10);
        let mut told = Vec::new();
        for seq in 11..=10 + 3 * PROGRESS_CHANGES {
            watchers.tell_progress(seq);
            if watching.has_changed().unwrap() {
                told.push(*watching.borrow_and_update());
            }
        }
        assert_eq!(told, [1, 2, 3].map(|times| 10 + times * PROGRESS_CHANGES));
    }

    #[test]
    fn who_has_gone_is_forgotten() {
        let watchers = Arc::new(Watchers::default());
        let watches = [watchers.watch(UserNumber(1)), watchers.watch(UserNumber(1)), watchers.watch(UserNumber(2))];
        assert!(!watchers.is_empty());
        drop(watches);
        assert!(watchers.is_empty());
        assert!(watchers.users.lock().is_empty());
    }
}
