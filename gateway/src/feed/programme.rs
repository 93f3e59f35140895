//! The figures of all public events, for the streams of sessions and for sockets: one task for all of them, one
//! encoding of each message.

use std::collections::{HashMap, HashSet};
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

/// The newest message about each public event, and what has changed since when: a reader looks at what is new to it, and
/// at nothing else, however many events there are.
#[derive(Clone, Debug, Default)]
pub struct Shown(Arc<Newest>);

#[derive(Debug, Default)]
struct Newest {
    /// How often the messages have been renewed.
    step: u64,
    /// What was renewed last comes last.
    figures: Vec<Figure>,
}

/// Which state of an event a message tells.
#[derive(Clone, Copy, Debug)]
struct State {
    event: EventNumber,
    /// The journal number of the event's last change.
    seq: u64,
    /// The version of the event's settings and status.
    version: u32,
}

/// The newest message about one event.
#[derive(Clone, Debug)]
struct Figure {
    state: State,
    /// The step at which the message was made.
    step: u64,
    /// The step since which the event has this version.
    version_step: u64,
    message: Message,
}

impl Shown {
    /// What was renewed after `step`, in the order of the events' creation.
    fn since(&self, step: u64) -> Vec<&Figure> {
        let figures = &self.0.figures;
        let first = figures.partition_point(|figure| figure.step <= step);
        let mut newer: Vec<&Figure> = figures[first..].iter().collect();
        newer.sort_unstable_by_key(|figure| figure.state.event);
        newer
    }

    /// The same one step later, when these are the public events. Only what has changed is encoded again.
    fn renewed<V>(&self, events: impl IntoIterator<Item = (State, V)>, encode: impl Fn(V) -> Message) -> Shown {
        let step = self.0.step + 1;
        let earlier: HashMap<EventNumber, &Figure> =
            self.0.figures.iter().map(|figure| (figure.state.event, figure)).collect();
        let figure = |(state, view): (State, V)| match earlier.get(&state.event) {
            Some(figure) if figure.state.seq == state.seq => Figure::clone(figure),
            before => {
                let same = before.filter(|before| before.state.version == state.version);
                let version_step = same.map_or(step, |before| before.version_step);
                Figure { state, step, version_step, message: encode(view) }
            }
        };
        let mut figures: Vec<Figure> = events.into_iter().map(figure).collect();
        figures.sort_unstable_by_key(|figure| figure.step);
        Shown(Arc::new(Newest { step, figures }))
    }
}

/// Up to which step one reader has been told.
#[derive(Debug, Default)]
pub struct Told(u64);

/// The events that are otherwise than told before.
#[derive(Debug, Default)]
pub struct Renewed {
    /// Those with other figures.
    pub figures: HashSet<EventNumber>,
    /// Those with other settings or another status, and new ones.
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
        let shown = reader.borrow_and_update().clone();
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
        for figure in shown.since(self.0) {
            if let Some(outlet) = outlet {
                outlet.send(figure.message.clone()).await?;
            }
            renewed.figures.insert(figure.state.event);
            if figure.version_step > self.0 {
                renewed.versions.insert(figure.state.event);
            }
        }
        self.0 = shown.0.step;
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

/// The messages as they are now.
fn renewed(engine: &Engine, earlier: &Shown) -> Shown {
    let views = engine.events().into_iter().filter(|view| view.description.status != Status::Draft);
    let event = |view: Arc<EventView>| {
        let state = State { event: view.description.number, seq: view.seq, version: view.description.version };
        (state, view)
    };
    earlier.renewed(views.map(event), |view| encode(engine, &view))
}

/// The message about an event. It has no id: who comes back is told all figures anew.
fn encode(engine: &Engine, view: &EventView) -> Message {
    Message::without_id("stats", &objects::event(view, engine.now_ms()))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use serde_json::json;

    use super::*;

    /// One step later, with these events: number, journal number of the last change, version.
    fn renew(shown: &Shown, events: &[(u32, u64, u32)]) -> Shown {
        let states = events.iter().map(|(event, seq, version)| State {
            event: EventNumber(*event),
            seq: *seq,
            version: *version,
        });
        shown.renewed(states.map(|state| (state, state.seq)), |seq| Message::new("stats", seq, &json!({})))
    }

    fn since(shown: &Shown, step: u64) -> Vec<u32> {
        shown.since(step).iter().map(|figure| figure.state.event.0).collect()
    }

    fn sorted(events: &HashSet<EventNumber>) -> Vec<u32> {
        let mut events: Vec<u32> = events.iter().map(|event| event.0).collect();
        events.sort_unstable();
        events
    }

    #[test]
    fn a_reader_finds_what_is_new_to_it_and_nothing_else() {
        let first = renew(&Shown::default(), &[(1, 10, 1), (2, 11, 1), (3, 12, 1)]);
        let second = renew(&first, &[(1, 13, 1), (2, 11, 1), (3, 12, 1)]);
        let third = renew(&second, &[(4, 15, 1), (3, 14, 1), (1, 13, 1)]);
        assert_eq!(since(&first, 0), [1, 2, 3]);
        assert_eq!([since(&second, 0), since(&second, 1), since(&second, 2)], [vec![1, 2, 3], vec![1], vec![]]);
        assert_eq!([since(&third, 1), since(&third, 2)], [vec![1, 3, 4], vec![3, 4]], "the second is public no more");
        let kept = |shown: &Shown| {
            shown
                .0
                .figures
                .iter()
                .find(|figure| figure.state.event.0 == 1)
                .map(|figure| figure.message.block().as_ptr())
        };
        assert_eq!(kept(&second), kept(&third), "what has not changed is not encoded again");
    }

    #[test]
    fn a_reader_knows_where_settings_changed_since_it_looked() {
        let first = renew(&Shown::default(), &[(1, 10, 1), (2, 11, 1), (3, 12, 1)]);
        let mut told = Told::default();
        let mut look = |shown: &Shown| {
            let renewed = told.renew(shown, None).now_or_never().expect("nobody to wait for").expect("nobody to leave");
            [sorted(&renewed.figures), sorted(&renewed.versions)]
        };
        assert_eq!(look(&first), [[1, 2, 3], [1, 2, 3]]);
        let second = renew(&first, &[(1, 20, 2), (2, 21, 1), (3, 12, 1)]);
        let third = renew(&second, &[(1, 30, 2), (2, 21, 1), (3, 12, 1)]);
        assert_eq!(look(&third), [[1, 2].to_vec(), [1].to_vec()], "seen also by one who missed the step");
        assert_eq!(look(&third), [[], []].map(|none: [u32; 0]| none.to_vec()));
        let fourth = renew(&third, &[(1, 40, 2), (2, 21, 1), (3, 12, 1)]);
        assert_eq!(look(&fourth), [[1].to_vec(), [].to_vec()]);
    }
}
