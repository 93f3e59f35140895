//! The figures of events that somebody reads: one task an event, one encoding of each message, however many readers.
//!
//! A reader has the newest message or waits for a newer one. So who is slow misses what was in between, and nobody else
//! notices.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast_engine::core::id::{EventNumber, Slug};
use holdfast_engine::core::status::Status;
use holdfast_engine::engine::Engine;
use holdfast_engine::handle::EventView;
use tokio::sync::watch;

use super::message::Message;
use super::stream::{End, Outlet};
use super::{PACE, wait};
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::objects;

/// The newest message about an event; `None` once the public does not see it any more.
pub type Newest = Option<Message>;

/// The events that somebody reads.
#[derive(Default)]
pub struct Figures {
    channels: Mutex<HashMap<EventNumber, Arc<watch::Sender<Newest>>>>,
}

impl Figures {
    fn channels(&self) -> MutexGuard<'_, HashMap<EventNumber, Arc<watch::Sender<Newest>>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets an event that nobody reads. `false` if somebody has begun to since.
    fn forget_unread(&self, number: EventNumber, channel: &watch::Sender<Newest>) -> bool {
        // Readers come in under this lock alone.
        let mut channels = self.channels();
        let is_unread = channel.receiver_count() == 0;
        if is_unread {
            channels.remove(&number);
        }
        is_unread
    }
}

/// The newest messages about an event from now on, the first of which is there.
///
/// # Errors
///
/// Not found, where the public does not see the event.
pub fn read(gateway: &Arc<Gateway>, event: &Slug) -> Result<watch::Receiver<Newest>, ApiError> {
    let not_found = || ApiError::NotFound("event_not_found");
    let engine = gateway.engine()?;
    // Watched first, so that no view comes unseen after the look.
    let changes = engine.watch_event(event).ok_or_else(not_found)?;
    let view = public_view(engine, event).ok_or_else(not_found)?;
    let number = view.description.number;
    let mut channels = gateway.feed().figures().channels();
    if let Some(channel) = channels.get(&number) {
        return Ok(channel.subscribe());
    }
    let (channel, reader) = watch::channel(Some(encode(engine, &view)));
    let channel = Arc::new(channel);
    channels.insert(number, Arc::clone(&channel));
    tokio::spawn(keep_current(Arc::clone(gateway), view.description.id.clone(), number, changes, channel));
    Ok(reader)
}

/// Whether messages have the journal number of the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// They have, and the client has those of this number.
    After(Option<u64>),
    /// They have none: the client counts by those of something else.
    Without,
}

/// Tells the figures of an event as long as the public sees it: the present ones, unless the client has them, and then each
/// newer message.
pub async fn tell(outlet: Outlet, mut reader: watch::Receiver<Newest>, numbers: Numbers) -> End {
    let told = tell_on(&outlet, &mut reader, numbers).await;
    told.map_or_else(|end| end, |()| End::Over)
}

async fn tell_on(outlet: &Outlet, reader: &mut watch::Receiver<Newest>, numbers: Numbers) -> Result<(), End> {
    let mut seen = if let Numbers::After(seen) = numbers { seen } else { None };
    loop {
        let Some(newest) = reader.borrow_and_update().clone() else { return Ok(()) };
        if seen != newest.seq() {
            seen = newest.seq();
            outlet.send(if numbers == Numbers::Without { newest.unnumbered() } else { newest }).await?;
        }
        if outlet.awake_until(reader.changed()).await?.is_err() {
            return Ok(());
        }
    }
}

/// Renews the message about an event: at once when something changes, and then not before [`PACE`] is over, so that the last
/// state always gets out.
async fn keep_current(
    gateway: Arc<Gateway>,
    event: Slug,
    number: EventNumber,
    mut changes: watch::Receiver<u64>,
    channel: Arc<watch::Sender<Newest>>,
) {
    loop {
        let is_changed = tokio::select! {
            changed = changes.changed() => changed.is_ok(),
            () = channel.closed() => {
                if gateway.feed().figures().forget_unread(number, &channel) {
                    return;
                }
                continue;
            }
        };
        let newest = gateway.engine().ok().filter(|_| is_changed).and_then(|engine| newest(engine, &event, number));
        let is_over = newest.is_none();
        channel.send_replace(newest);
        if is_over {
            gateway.feed().figures().channels().remove(&number);
            return;
        }
        wait(PACE).await;
    }
}

/// The message about an event as it is now, unless the public does not see it, or its id is another event's since.
fn newest(engine: &Engine, event: &Slug, number: EventNumber) -> Newest {
    let view = public_view(engine, event).filter(|view| view.description.number == number)?;
    Some(encode(engine, &view))
}

/// The message about an event.
pub(super) fn encode(engine: &Engine, view: &EventView) -> Message {
    Message::new("stats", view.seq, &objects::event(view, engine.now_ms()))
}

fn public_view(engine: &Engine, event: &Slug) -> Option<Arc<EventView>> {
    engine.event(event).filter(|view| view.description.status != Status::Draft)
}
