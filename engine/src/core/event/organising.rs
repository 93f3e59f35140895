//! What organisers do to an event.

use super::Event;
use crate::core::change::{Change, ShiftReason};
use crate::core::command::{Context, EventPatch};
use crate::core::id::{Slug, TypeIndex};
use crate::core::outcome::{Answer, Outcome};
use crate::core::rejection::Rejection;
use crate::core::settings::{TICKET_TYPES_MAX, check_capacity};
use crate::core::status::Status;

impl Event {
    pub(super) fn decide_change(&mut self, context: &Context, patch: EventPatch, changes: &mut Vec<Change>) -> Answer {
        if patch.if_version.is_some_and(|seen| seen != self.version) {
            return Err(Rejection::VersionConflict);
        }
        let (mut details, mut settings) = (self.details.clone(), self.settings.clone());
        patch.edits.into_iter().for_each(|edit| edit.apply(&mut details, &mut settings));
        details.check()?;
        settings.check()?;
        let capacities = self.check_capacities(&patch.capacities)?;

        // After this point, the command must succeed.
        if details != self.details || settings != self.settings {
            let (details, settings) = (Box::new(details), Box::new(settings));
            self.emit(context.now_ms, Change::EventChanged { details, settings }, changes);
        }
        for (ticket_type, to) in capacities {
            let from = self.ticket_type(ticket_type).capacity.total();
            if from != to {
                self.emit(context.now_ms, Change::CapacityChanged { ticket_type, from, to }, changes);
            }
        }
        self.advance(context.now_ms, std::iter::empty(), context.presence, changes);
        Ok(Outcome::Done)
    }

    pub(super) fn decide_status(
        &mut self,
        context: &Context,
        to: Status,
        reason: Option<String>,
        changes: &mut Vec<Change>,
    ) -> Answer {
        if to == self.status {
            return Ok(Outcome::Done);
        }
        if !self.status.may_become(to) {
            return Err(Rejection::InvalidTransition { from: self.status, to });
        }

        // After this point, the command must succeed.
        self.emit_status(context.now_ms, to, reason, changes);
        self.advance(context.now_ms, std::iter::empty(), context.presence, changes);
        Ok(Outcome::Done)
    }

    pub(super) fn decide_delete(&mut self, context: &Context, changes: &mut Vec<Change>) -> Answer {
        // Who waits is told what becomes of the place: the line is dropped first, by cancelling the event.
        if self.next_number > 1 || self.types.iter().any(|ticket_type| !ticket_type.queue.is_empty()) {
            return Err(Rejection::EventInUse);
        }

        // After this point, the command must succeed.
        self.emit(context.now_ms, Change::EventDeleted, changes);
        Ok(Outcome::Done)
    }

    /// Live holds get back the time the server was down. A paused event needs none: its clocks stood still anyway.
    pub(super) fn decide_credit(&mut self, context: &Context, by_ms: u64, changes: &mut Vec<Change>) -> Outcome {
        let has_live_holds = self.types.iter().any(|ticket_type| ticket_type.capacity.held() > 0);
        if by_ms > 0 && has_live_holds && self.paused_at_ms.is_none() {
            self.emit(context.now_ms, Change::ClocksShifted { by_ms, reason: ShiftReason::Downtime }, changes);
        }
        Outcome::Done
    }

    fn check_capacities(&self, capacities: &[(Slug, u32)]) -> Result<Vec<(TypeIndex, u32)>, Rejection> {
        let check = |(id, capacity): &(Slug, u32)| {
            check_capacity(*capacity)?;
            let index = self.resolve(Some(id))?;
            let min_capacity = self.ticket_type(index).capacity.committed();
            if *capacity < min_capacity {
                return Err(Rejection::CapacityBelowCommitted { min_capacity });
            }
            Ok((index, *capacity))
        };
        let is_twice =
            |(place, (id, _)): (usize, &(Slug, u32))| capacities[..place].iter().any(|(other, _)| other == id);
        if capacities.len() > TICKET_TYPES_MAX || capacities.iter().enumerate().any(is_twice) {
            let message = format!("must name each ticket type at most once, {TICKET_TYPES_MAX} at the most");
            return Err(Rejection::invalid("ticket_types", message));
        }
        capacities.iter().map(check).collect()
    }
}
