//! The figures of all public events, for the streams of sessions and for sockets: one task for all of them, one
//! encoding of each message.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast_engine::core::id::EventNumber;
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

/// The newest message about each public event, in the order of their creation.
pub type Shown = Arc<BTreeMap<EventNumber, Figure>>;

/// The newest message about one event.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The journal number of the event's last change.
    pub seq: u64,
    /// Which version of the event's settings and status it tells.
    pub version: u32,
    /// The message.
    pub message: Message,
}

/// What one reader has been told: number of the journal and version of each event's last message.
#[derive(Default)]
pub struct Told(HashMap<EventNumber, (u64, u32)>);

/// The events that are otherwise than told before.
#[derive(Debug, Default)]
pub struct Renewed {
    /// Those with other figures.
    pub figures: HashSet<EventNumber>,
    /// Those with other settings or another status.
    pub versions: HashSet<EventNumber>,
}

/// All public events, while somebody reads them.
#[derive(Default)]
pub struct Programme {
    channel: Mutex<Option<Arc<watch::Sender<Shown>>>>,
}

impl Programme {
    fn channel(&self) -> MutexGuard<'_, Option<Arc<watch::Sender<Shown>>>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the channel up if nobody reads it. `false` if somebody has begun to since.
    fn forget_unread(&self, sender: &watch::Sender<Shown>) -> bool {
        // Readers come in under this lock alone.
        let mut channel = self.channel();
        let is_unread = sender.receiver_count() == 0;
        if is_unread {
            *channel = None;
        }
        is_unread
    }
}

/// The newest messages about all public events from now on, the first of which are there.
///
/// # Errors
///
/// Recovering, where there is no engine yet.
pub fn read(gateway: &Arc<Gateway>) -> Result<watch::Receiver<Shown>, ApiError> {
    let engine = gateway.engine()?;
    let mut channel = gateway.feed().programme().channel();
    if let Some(sender) = channel.as_ref() {
        return Ok(sender.subscribe());
    }
    // Watched first, so that no view comes unseen after the look.
    let changes = engine.watch_events();
    let (sender, reader) = watch::channel(renewed(engine, &Shown::default()));
    let sender = Arc::new(sender);
    *channel = Some(Arc::clone(&sender));
    tokio::spawn(keep_current(Arc::clone(gateway), changes, sender));
    Ok(reader)
}

/// Tells the figures of all public events: the present ones, and then each newer message.
pub async fn tell(outlet: Outlet, reader: watch::Receiver<Shown>) -> End {
    tell_on(&outlet, reader).await.map_or_else(|end| end, |()| End::Over)
}

async fn tell_on(outlet: &Outlet, mut reader: watch::Receiver<Shown>) -> Result<(), End> {
    let mut told = Told::default();
    loop {
        let shown = Shown::clone(&reader.borrow_and_update());
        told.renew(&shown, Some(outlet)).await?;
        if outlet.awake_until(reader.changed()).await?.is_err() {
            return Ok(());
        }
    }
}

impl Told {
    /// Takes over the figures that are newer than those before, and tells them where there is an outlet.
    ///
    /// # Errors
    ///
    /// [`End::Left`] if the client has gone.
    pub async fn renew(&mut self, shown: &Shown, outlet: Option<&Outlet>) -> Result<Renewed, End> {
        let mut renewed = Renewed::default();
        for (number, figure) in shown.iter() {
            let (seq, version) = (figure.seq, figure.version);
            let before = self.0.insert(*number, (seq, version));
            if before.map(|(seq, _)| seq) == Some(seq) {
                continue;
            }
            if let Some(outlet) = outlet {
                outlet.send(figure.message.clone()).await?;
            }
            renewed.figures.insert(*number);
            if before.is_some_and(|(_, before)| before != version) {
                renewed.versions.insert(*number);
            }
        }
        self.0.retain(|number, _| shown.contains_key(number));
        Ok(renewed)
    }
}

/// Renews the messages: at once when something changes, and then not before [`PACE`] is over.
async fn keep_current(gateway: Arc<Gateway>, mut changes: watch::Receiver<u64>, sender: Arc<watch::Sender<Shown>>) {
    let Ok(engine) = gateway.engine() else { return };
    loop {
        let is_read = tokio::select! {
            _ = changes.changed() => true,
            () = sender.closed() => false,
        };
        if is_read {
            let newest = renewed(engine, &sender.borrow());
            sender.send_replace(newest);
            wait(PACE).await;
        } else if gateway.feed().programme().forget_unread(&sender) {
            return;
        }
    }
}

/// The messages as they are now; what has not changed is not encoded again.
fn renewed(engine: &Engine, earlier: &Shown) -> Shown {
    let views = engine.events().into_iter().filter(|view| view.description.status != Status::Draft);
    let figure = |view: &EventView| match earlier.get(&view.description.number) {
        Some(figure) if figure.seq == view.seq => figure.clone(),
        _ => Figure { seq: view.seq, version: view.description.version, message: encode(engine, view) },
    };
    Arc::new(views.map(|view| (view.description.number, figure(&view))).collect())
}

/// The message about an event. It has no id: who comes back is told all figures anew.
fn encode(engine: &Engine, view: &EventView) -> Message {
    Message::without_id("stats", &objects::event(view, engine.now_ms()))
}
