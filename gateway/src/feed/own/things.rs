//! What one stream tells of a user's things.
//!
//! **Invariant.** A message with an id is told when everything of the user's up to that change has been told, and nothing of
//! any later change that another message with an id would tell again. So who comes back with the id of their newest message
//! misses nothing and hears nothing twice, wherever the stream was cut.

use std::sync::Arc;

use holdfast_engine::core::hold::HoldState;
use holdfast_engine::core::id::UserNumber;
use holdfast_engine::core::outcome::HoldView;
use holdfast_engine::engine::{Absence, Belongings, Engine, MISSED_CHANGES_MAX, Thing, Touches, UserWatch};
use serde_json::json;

use super::news::{self, All, Shown};
use super::resume;
use crate::feed::message::{self, Message};
use crate::feed::programme::Renewed;
use crate::feed::stream::{End, Outlet};
use crate::gateway::Gateway;

/// How often one looks for a moment in which nothing changes: more often than a session may change something at once
/// after a pause, each time with the disk in between.
const LOOKS_MAX: u32 = 64;

/// After how many changes of others a client gets a new number to come back with: a quarter of how far back is read.
const CURSOR_CHANGES: u64 = MISSED_CHANGES_MAX / 4;

/// A place is told again when it has come nearer by this part of its distance, or by one: some hundred messages bring even
/// the last of a million to the front.
const MOVE_PARTS: u64 = 64;

/// What one stream tells of a user's things.
pub struct Things<'a> {
    outlet: &'a Outlet,
    engine: &'a Engine,
    user: UserNumber,
    watch: UserWatch,
    /// Each thing as it was told last.
    told: All,
    /// The newest number that the client was given to come back with.
    cursor_seq: u64,
}

impl<'a> Things<'a> {
    /// Begins to watch the user's things.
    pub fn watch(outlet: &'a Outlet, engine: &'a Engine, user: UserNumber) -> Things<'a> {
        Things { outlet, engine, user, watch: engine.watch_user(user), told: All::new(), cursor_seq: 0 }
    }

    /// Tells what there is, or to one who was told all up to the change `seen`, what has become of it since.
    ///
    /// # Errors
    ///
    /// As [`tell`](Things::tell).
    pub async fn begin(&mut self, gateway: &Arc<Gateway>, seen: Option<u64>) -> Result<(), End> {
        let resumed_seq = match seen {
            Some(after_seq) => self.resume(gateway, after_seq).await?,
            None => None,
        };
        match resumed_seq {
            Some(seq) => self.tell_cursor(seq).await,
            None => self.begin_afresh().await,
        }
    }

    /// Waits until something becomes of the user's things.
    pub async fn touched(&self) -> Touches {
        self.watch.touched().await
    }

    /// Tells what has become of the things that were touched.
    ///
    /// # Errors
    ///
    /// [`End::Left`] if the client has gone, [`End::TooSlow`] if more has happened than is kept for it.
    pub async fn tell(&mut self, mut touches: Touches) -> Result<(), End> {
        let belongings = self.settle(&mut touches).await?;
        self.tell_touched(&touches, &news::index(belongings)).await
    }

    /// Tells what only time and others have done: deadlines that moved with a whole event, and places nearer to the front.
    ///
    /// # Errors
    ///
    /// As [`tell`](Things::tell).
    pub async fn look_again(&mut self, renewed: &Renewed) -> Result<(), End> {
        let concerns = |thing: &Thing| match thing {
            Thing::Hold(event, _) => renewed.versions.contains(event),
            Thing::Place(event, _) => renewed.figures.contains(event),
            Thing::Booking(..) => false,
        };
        let is_cursor_old = self.engine.durable_seq() > self.cursor_seq + CURSOR_CHANGES;
        if !is_cursor_old && !self.told.keys().any(concerns) {
            return Ok(());
        }
        let mut touches = Touches::default();
        let belongings = self.settle(&mut touches).await?;
        let seq = belongings.seq;
        let all = news::index(belongings);
        self.tell_touched(&touches, &all).await?;
        let told = &self.told;
        let moved =
            keys_where(&all, |thing, now| concerns(thing) && told.get(thing).is_some_and(|then| has_moved(then, now)));
        self.tell_unnumbered(&moved, &all).await?;
        if is_cursor_old { self.tell_cursor(seq).await } else { Ok(()) }
    }

    /// All that is the user's, and what has become of it meanwhile added to `touches`: so the two agree.
    ///
    /// # Errors
    ///
    /// [`End::TooSlow`] if something new has come during each of [`LOOKS_MAX`] looks: what came last is in none of them.
    async fn settle(&self, touches: &mut Touches) -> Result<Belongings, End> {
        for _ in 0..LOOKS_MAX {
            let belongings = self.engine.belongings(self.user).await;
            let since = self.watch.take();
            if since.is_empty() {
                return Ok(belongings);
            }
            touches.append(since);
        }
        Err(End::TooSlow)
    }

    async fn begin_afresh(&mut self) -> Result<(), End> {
        let belongings = self.settle(&mut Touches::default()).await?;
        let seq = belongings.seq;
        let all = news::index(belongings);
        self.outlet.send(message::server("fresh")).await?;
        self.tell_unnumbered(&keys_where(&all, |_, _| true), &all).await?;
        self.tell_cursor(seq).await
    }

    /// Tells what has become of the user's things after the change `after_seq`. Returns up to which change; `None`, and nothing
    /// is told, if it is not known.
    async fn resume(&mut self, gateway: &Arc<Gateway>, after_seq: u64) -> Result<Option<u64>, End> {
        let mut since = Touches::default();
        // What was on its way when the watch began is told to nobody. It is in the journal after this.
        let before = news::index(self.settle(&mut since).await?);
        let absence = Absence { user: self.user, after_seq };
        let Some(missed) = resume::missed(gateway, absence).await else { return Ok(None) };
        let resume::Missed { until_seq, mut touches, shifts } = missed;
        let belongings = self.settle(&mut since).await?;
        since.forget_until(until_seq);
        touches.append(since);
        let seq = belongings.seq;
        let all = news::index(belongings);
        let Some(messages) = self.news(&touches, &all) else { return Ok(None) };
        self.outlet.send(message::server("resumed")).await?;
        // What was not touched is known.
        self.told = all.clone();
        self.send(messages).await?;
        let is_shifted = |thing: &Thing, now: &Shown| match (thing, now) {
            (Thing::Hold(event, _), Shown::Hold(_, hold)) => {
                hold.state == HoldState::Held && shifts.has_moved_deadlines(*event, after_seq)
            }
            (Thing::Place(event, ticket_type), Shown::Place(..)) => {
                shifts.has_moved_line(*event, *ticket_type, after_seq)
            }
            _ => false,
        };
        // What was read ends before the look: what others have done in between is seen by looking twice.
        let has_moved_since = |thing: &Thing, now: &Shown| before.get(thing).is_some_and(|then| has_moved(then, now));
        let shifted = keys_where(&all, |thing, now| {
            !touches.things.contains_key(thing) && (is_shifted(thing, now) || has_moved_since(thing, now))
        });
        self.tell_unnumbered(&shifted, &all).await?;
        Ok(Some(seq))
    }

    async fn tell_touched(&mut self, touches: &Touches, all: &All) -> Result<(), End> {
        let messages = self.news(touches, all).ok_or(End::TooSlow)?;
        self.send(messages).await?;
        self.told.retain(|thing, _| all.contains_key(thing));
        let told = touches.things.keys().filter_map(|thing| Some((*thing, all.get(thing)?.clone())));
        self.told.extend(told);
        self.cursor_seq = self.cursor_seq.max(touches.newest_seq().unwrap_or_default());
        Ok(())
    }

    /// The messages that tell what was touched; `None` if it is no longer known.
    fn news(&self, touches: &Touches, all: &All) -> Option<Vec<Message>> {
        if touches.has_overflown {
            return None;
        }
        let mut news = news::of_things(touches, all, &self.told)?;
        for ended in &touches.ended_places {
            // Without the event, there is nothing to tell the place of.
            let Some(event) = self.engine.event_numbered(ended.event) else { continue };
            let before = self.told.get(&Thing::Place(ended.event, ended.ticket_type));
            news.push(news::of_ended_place(&event, ended, before, self.engine.now_ms()));
        }
        Some(news::messages(news))
    }

    /// Tells things as they are now, by messages that nobody comes back with.
    async fn tell_unnumbered(&mut self, things: &[Thing], all: &All) -> Result<(), End> {
        for thing in things {
            let shown = &all[thing];
            self.outlet.send(shown.message()).await?;
            self.told.insert(*thing, shown.clone());
        }
        Ok(())
    }

    /// Tells that all is told, and gives a number to come back with.
    async fn tell_cursor(&mut self, seq: u64) -> Result<(), End> {
        self.cursor_seq = seq;
        self.outlet.send(Message::new("server", seq, &json!({ "status": "current" }))).await
    }

    async fn send(&self, messages: Vec<Message>) -> Result<(), End> {
        for message in messages {
            self.outlet.send(message).await?;
        }
        Ok(())
    }
}

/// The things for which `is_wanted` holds, in the order in which they are told.
fn keys_where(all: &All, is_wanted: impl Fn(&Thing, &Shown) -> bool) -> Vec<Thing> {
    let mut things: Vec<Thing> =
        all.iter().filter(|(thing, now)| is_wanted(thing, now)).map(|(thing, _)| *thing).collect();
    things.sort_unstable();
    things
}

/// Whether something is otherwise than it was told, without a change of its own, and it matters.
fn has_moved(then: &Shown, now: &Shown) -> bool {
    match (then, now) {
        (Shown::Hold(_, then), Shown::Hold(_, now)) => {
            let deadline = |hold: &HoldView| (hold.expires_at_ms, hold.extensions_left);
            now.state == HoldState::Held && deadline(then) != deadline(now)
        }
        (Shown::Place(_, then), Shown::Place(_, now)) => {
            then.ahead.abs_diff(now.ahead) >= (then.ahead / MOVE_PARTS).max(1)
        }
        _ => false,
    }
}
