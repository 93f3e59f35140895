//! Which events there are. The only file that knows that they live in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use dashmap::{DashMap, Entry};

use crate::core::id::{EventNumber, Slug};
use crate::core::status::Status;
use crate::handle::{EventHandle, EventView};

/// Event id → handle. No guard of the maps leaves this type: one held across an await or an insert deadlocks.
#[derive(Default)]
pub struct Directory {
    by_id: DashMap<Slug, Arc<EventHandle>>,
    by_number: DashMap<EventNumber, Arc<EventHandle>>,
    /// The ids of events that are no more, by number: the audit trail names them.
    removed_ids: DashMap<EventNumber, Slug>,
    /// The events that logins without intents are served by, soonest first.
    auto_hold_order: ArcSwap<Vec<Arc<EventHandle>>>,
    /// The order may have changed since it was made.
    order_is_stale: AtomicBool,
}

impl Directory {
    /// The event of this id.
    pub fn find(&self, id: &Slug) -> Option<Arc<EventHandle>> {
        self.by_id.get(id).map(|handle| Arc::clone(&handle))
    }

    /// The event of this number.
    pub fn find_number(&self, number: EventNumber) -> Option<Arc<EventHandle>> {
        self.by_number.get(&number).map(|handle| Arc::clone(&handle))
    }

    /// The id of this number, also of a removed event.
    pub fn id_of(&self, number: EventNumber) -> Option<Slug> {
        let removed = || self.removed_ids.get(&number).map(|id| id.clone());
        self.find_number(number).map(|handle| handle.id.clone()).or_else(removed)
    }

    /// Enters an event, unless its id is taken: then the handle of that one is the error.
    pub fn insert(&self, handle: Arc<EventHandle>) -> Result<(), Arc<EventHandle>> {
        match self.by_id.entry(handle.id.clone()) {
            Entry::Occupied(taken) => Err(Arc::clone(taken.get())),
            Entry::Vacant(vacant) => {
                self.by_number.insert(handle.number, Arc::clone(&handle));
                vacant.insert(handle);
                self.order_changed();
                Ok(())
            }
        }
    }

    /// Remembers the id of an event that exists no more.
    pub fn note_removed(&self, number: EventNumber, id: Slug) {
        self.removed_ids.insert(number, id);
    }

    /// Takes a removed event out.
    pub fn remove(&self, handle: &EventHandle) {
        // First the one: at no moment is the number unknown.
        self.note_removed(handle.number, handle.id.clone());
        self.by_number.remove(&handle.number);
        self.by_id.remove_if(&handle.id, |_, listed| listed.number == handle.number);
        self.order_changed();
    }

    /// All events, by number, which is the order of their creation.
    pub fn all(&self) -> Vec<Arc<EventHandle>> {
        let mut handles: Vec<_> = self.by_number.iter().map(|entry| Arc::clone(entry.value())).collect();
        handles.sort_unstable_by_key(|handle| handle.number);
        handles
    }

    /// Something changed that decides which events serve logins without intents.
    pub fn order_changed(&self) {
        self.order_is_stale.store(true, Ordering::Release);
    }

    /// The events on sale that set tickets aside for logins without intents: soonest start first, those without a start
    /// last, then the order of creation.
    pub fn auto_hold_order(&self) -> Arc<Vec<Arc<EventHandle>>> {
        // The mark is cleared before the look: a change during it marks the order as stale again.
        if self.order_is_stale.swap(false, Ordering::AcqRel) {
            self.auto_hold_order.store(Arc::new(self.sort_by_start()));
        }
        self.auto_hold_order.load_full()
    }

    fn sort_by_start(&self) -> Vec<Arc<EventHandle>> {
        let serves =
            |view: &EventView| view.description.status == Status::OnSale && view.description.settings.auto_hold > 0;
        let handles = self.all().into_iter().filter_map(|handle| Some((handle.view()?, handle)));
        let mut serving: Vec<_> = handles.filter(|(view, _)| serves(view)).collect();
        serving.sort_by_key(|(view, _)| view.description.details.starts_at_ms.unwrap_or(u64::MAX));
        serving.into_iter().map(|(_, handle)| handle).collect()
    }
}
