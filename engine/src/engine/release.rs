//! Giving many holds back at once, for an organiser.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::core::Event;
use crate::core::command::{Caller, Command};
use crate::core::event::{ListWish, PAGE_LOOKS_MAX};
use crate::core::id::{HoldNumber, Slug, UserNumber};
use crate::core::rejection::Rejection;
use crate::error::Unavailable;
use crate::handle::EventHandle;
use crate::inbox::Lane;

use super::{Asked, Engine};

/// How many holds are asked to be given back before the answers are waited for.
const STEP_HOLDS_MAX: usize = 256;

/// Which live holds are to be given back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseWish {
    /// Whose; `None` is everybody's.
    pub user: Option<UserNumber>,
    /// Of which ticket type; `None` is all.
    pub ticket_type: Option<Slug>,
    /// Why, for the audit trail.
    pub reason: String,
    /// Only counts them.
    pub dry_run: bool,
}

/// What became of a [`ReleaseWish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleasedHolds {
    /// The live holds that the wish fitted.
    pub matched: u64,
    /// Those of them that it gave back. The others ended by themselves meanwhile: paid for, given back or expired.
    pub released: u64,
    /// The journal number of the newest change, durable by now.
    pub seq: u64,
}

impl Engine {
    /// Gives back all holds of an event that are live now and fit `wish`, in the name of the organiser `admin`. What comes
    /// free goes to the line as ever; holds that are placed meanwhile, and by that, are left alone.
    ///
    /// This is no one step: each hold is given back by itself, with an audit entry of its own, and others are served in
    /// between. `Err` means that it was given up, and some may have been given back; repeated, it goes on with the rest. An
    /// event or a ticket type that does not exist is refused, and nothing was done.
    pub async fn release_holds(
        &self,
        event: &Slug,
        admin: &str,
        wish: &ReleaseWish,
    ) -> Result<Result<ReleasedHolds, Rejection>, Unavailable> {
        self.check_available_for(Lane::Completion)?;
        let Some(handle) = self.services.directory.find(event) else { return Ok(Err(Rejection::EventNotFound)) };
        let (numbers, seen_seq) = match self.live_numbers(&handle, wish) {
            Ok(found) => found,
            Err(rejection) => return Ok(Err(rejection)),
        };
        self.durable(seen_seq).await;
        let mut done = ReleasedHolds { matched: numbers.len() as u64, released: 0, seq: seen_seq };
        for step in numbers.chunks(STEP_HOLDS_MAX).filter(|_| !wish.dry_run) {
            self.revoke(&handle, admin, &wish.reason, step, &mut done).await?;
        }
        Ok(Ok(done))
    }

    /// The numbers of the live holds that fit, and the journal number that must be durable before anybody is told. The event
    /// goes on between two pages; what it places meanwhile has higher numbers.
    fn live_numbers(&self, handle: &EventHandle, wish: &ReleaseWish) -> Result<(Vec<HoldNumber>, u64), Rejection> {
        let end = self.look(handle, |event, _| event.next_number()).0;
        let ReleaseWish { user, ticket_type, .. } = wish;
        let mut list = ListWish { after: 0, limit: PAGE_LOOKS_MAX, user: *user, ticket_type: ticket_type.clone() };
        let mut numbers = Vec::new();
        loop {
            let live = |event: &Event, now_ms| event.list_holds(now_ms, &list, &|hold| hold.expires_in_ms > 0);
            let (page, seq) = self.look(handle, live);
            let page = page?;
            numbers.extend(page.items.iter().map(|hold| hold.number).filter(|number| *number < end));
            match page.next_after.filter(|after| *after < u64::from(end.0)) {
                Some(after) => list.after = after,
                None => return Ok((numbers, seq)),
            }
        }
    }

    async fn revoke(
        &self,
        handle: &Arc<EventHandle>,
        admin: &str,
        reason: &str,
        numbers: &[HoldNumber],
        done: &mut ReleasedHolds,
    ) -> Result<(), Unavailable> {
        // Once the actors have stopped, nobody would answer any more.
        if self.services.is_stopping.load(Ordering::Acquire) {
            return Err(Unavailable::ShuttingDown);
        }
        let mut answers = Vec::with_capacity(numbers.len());
        for number in numbers {
            let command = Command::RevokeHold { number: *number, reason: Some(reason.to_owned()) };
            let asker = Caller::Admin { name: admin.to_owned() }.into();
            // Few at a time, and each of them asked for when the ones before are done: so they need no bound of the inbox.
            answers.push(self.send(handle, Asked { asker, key: None, command, waits: None }, Lane::Internal)?);
        }
        for answer in answers {
            let reply = answer.await.map_err(|_| Unavailable::ShuttingDown)?;
            done.released += u64::from(reply.answer.is_ok());
            done.seq = done.seq.max(reply.seq);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
