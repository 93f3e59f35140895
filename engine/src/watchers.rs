//! Who is told when something of theirs, or of any event, has become durable.
//!
//! The journal's thread tells, so telling never waits for whoever is told, and costs a load where nobody listens.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::core::change::Change;
use crate::core::hold::HoldSource;
use crate::core::id::{EventNumber, TypeIndex, UserNumber};
use crate::core::outcome::QueueState;

/// How a user's last place in each line ended, where one has while they were watched. A place that is gone does not say so
/// itself.
pub type PlaceEnds = HashMap<(EventNumber, TypeIndex), PlaceEnd>;

/// How a place in line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceEnd {
    /// What became of it.
    pub state: QueueState,
    /// How many places of the user's in that line have ended while they were watched, this one included: two ends of the
    /// same kind are told apart by it.
    pub count: u64,
}

/// Who listens.
pub struct Watchers {
    /// How many users are in `users`, to be read without its lock.
    user_count: AtomicUsize,
    /// Only users that somebody watches.
    users: Mutex<HashMap<UserNumber, Watched>>,
    /// Tells the journal number of the newest view of any event.
    views: watch::Sender<u64>,
}

/// A user whom somebody watches.
#[derive(Default)]
struct Watched {
    sender: watch::Sender<PlaceEnds>,
    /// Counted under the lock: the channel counts a watch until after it has let go of the lock.
    watch_count: usize,
}

/// Something that concerns a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    user: UserNumber,
    /// The line in which their place ended, and how.
    place_end: Option<(EventNumber, TypeIndex, QueueState)>,
}

/// Hears of one user. What was there before is to be looked at after this was made.
pub struct UserWatch {
    user: UserNumber,
    told: watch::Receiver<PlaceEnds>,
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
        let mut users = self.users.lock();
        let watched = users.entry(user).or_default();
        watched.watch_count += 1;
        let told = watched.sender.subscribe();
        self.user_count.store(users.len(), Ordering::Relaxed);
        UserWatch { user, told, watchers: Arc::clone(self) }
    }

    /// Whether no user is watched. A turn asks while it has the lock of its event, and who watches looks at the event under
    /// the same lock afterwards: so each change is either told or seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.user_count.load(Ordering::Relaxed) == 0
    }

    /// Tells each user of what concerns them, once it is durable.
    pub(crate) fn tell(&self, notices: impl IntoIterator<Item = Notice>) {
        if self.is_empty() {
            return;
        }
        for Notice { user, place_end } in notices {
            // The lock is taken anew for each: a storm of notices keeps nobody waiting.
            if let Some(watched) = self.users.lock().get(&user) {
                watched.sender.send_modify(|ends| {
                    if let Some((event, ticket_type, state)) = place_end {
                        let count = ends.get(&(event, ticket_type)).map_or(0, |end| end.count) + 1;
                        ends.insert((event, ticket_type), PlaceEnd { state, count });
                    }
                });
            }
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

    /// Told of every durable view of any event from now on; of several in a row perhaps only the last.
    pub(crate) fn watch_views(&self) -> watch::Receiver<u64> {
        let watching = self.views.subscribe();
        fence(Ordering::SeqCst);
        watching
    }
}

impl Notice {
    /// Something about a user's session.
    pub(crate) fn of_session(user: UserNumber) -> Notice {
        Notice { user, place_end: None }
    }

    /// What a change in an event tells somebody, if it does.
    pub(crate) fn of(event: EventNumber, change: &Change) -> Option<Notice> {
        let end = match change {
            Change::QueueLeft { share } => Some((share, QueueState::Left)),
            Change::QueueDropped { share, .. } => Some((share, QueueState::Dropped)),
            Change::HoldPlaced { share, source: HoldSource::Queue, .. } => Some((share, QueueState::Granted)),
            _ => None,
        };
        let place_end = end.map(|(share, state)| (event, share.ticket_type, state));
        Some(Notice { user: change.user()?, place_end })
    }
}

impl UserWatch {
    /// Waits until something of the user's has changed durably since the last call, and says how their places in line
    /// ended that are gone. Nothing is lost if the call is given up.
    pub async fn changed(&mut self) -> PlaceEnds {
        // The sender is there as long as this is.
        let _ = self.told.changed().await;
        self.told.borrow_and_update().clone()
    }
}

impl Drop for UserWatch {
    fn drop(&mut self) {
        let mut users = self.watchers.users.lock();
        if let Some(watched) = users.get_mut(&self.user) {
            watched.watch_count -= 1;
            if watched.watch_count == 0 {
                users.remove(&self.user);
            }
        }
        self.watchers.user_count.store(users.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_end(user: u32) -> Notice {
        let line = (EventNumber(1), TypeIndex(0), QueueState::Left);
        Notice { user: UserNumber(user), place_end: Some(line) }
    }

    #[tokio::test]
    async fn who_watches_hears_of_their_own_and_of_nothing_else() {
        let watchers = Arc::new(Watchers::default());
        watchers.tell([place_end(1)]);
        let (mut ann, bob) = (watchers.watch(UserNumber(1)), watchers.watch(UserNumber(2)));
        watchers.tell([Notice::of_session(UserNumber(1)), place_end(1)]);
        let ends = ann.changed().await;
        assert_eq!(
            ends,
            PlaceEnds::from([((EventNumber(1), TypeIndex(0)), PlaceEnd { state: QueueState::Left, count: 1 })])
        );
        assert!(!bob.told.has_changed().expect("a sender"));
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
