//! An event with its timers: the state machine an event actor is a shell of. No clock, no IO, no threads.

use crate::core::Event;
use crate::core::change::Change;
use crate::core::command::{Caller, Command, Context};
use crate::core::event::{Decision, Lasted};
use crate::core::id::HoldNumber;
use crate::core::planted::{Bug, is_planted};
use crate::core::presence::Presence;
use crate::core::table::NumberedTable;
use crate::wheel::{Due, TimerKey, Wheel};

/// The most holds one turn expires. The next turn goes on; other commands come between. Such a turn takes about 0.1 ms, as
/// long as a sync: with 1,024, those who ask the same event wait several times as long (the bench `storm`).
const EXPIRIES_PER_TURN_MAX: usize = 256;

/// The same in a turn that also has commands to serve: their answers wait for the disk together with what the storm writes.
const EXPIRIES_BESIDE_COMMANDS_MAX: usize = 32;

/// An event and the wheel that says when to look at its holds again. The wheel counts on the event's sale clock, so a
/// pause moves no timer. Every live hold is in the wheel exactly once, with its deadline.
#[derive(Debug)]
pub struct EventMachine {
    event: Event,
    wheel: Wheel,
    /// The timer of each live hold.
    timers: NumberedTable<TimerKey>,
    /// The wheel had more due holds than a turn takes.
    has_more_due: bool,
    /// How many holds have expired since this machine was made.
    expired_holds: u64,
}

impl EventMachine {
    /// Sets every live hold's timer.
    pub fn new(event: Event, now_ms: u64) -> EventMachine {
        let wheel = Wheel::new(event.sale_clock_ms(now_ms));
        let mut machine =
            EventMachine { event, wheel, timers: NumberedTable::default(), has_more_due: false, expired_holds: 0 };
        for (number, deadline_ms) in machine.event.live_holds() {
            machine.timers.insert(number.0, machine.wheel.insert(deadline_ms, number.0));
        }
        machine
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Does what time and free tickets demand, less of it where commands wait behind it: see [`Event::advance`].
    pub fn advance(&mut self, now_ms: u64, has_commands: bool, presence: &dyn Presence, changes: &mut Vec<Change>) {
        let mut due: Vec<Due> = Vec::new();
        let clock_ms = self.event.sale_clock_ms(now_ms);
        let most = if has_commands { EXPIRIES_BESIDE_COMMANDS_MAX } else { EXPIRIES_PER_TURN_MAX };
        self.has_more_due = self.wheel.poll(clock_ms, most, &mut due);
        for due in &due {
            self.timers.remove(due.token);
        }
        let numbers = due.iter().map(|due| HoldNumber(due.token));
        self.event.advance(now_ms, numbers, presence, changes);
        self.set_timers(changes);
        self.keep_early_timers(&due);
    }

    /// Decides one command. What the passing of time demands for its caller goes to `upkeep`, what the command itself
    /// does to `changes`: they are records of their own, since they happen on behalf of others.
    pub fn execute(
        &mut self,
        context: &Context<'_>,
        command: Command,
        upkeep: &mut Vec<Change>,
        changes: &mut Vec<Change>,
    ) -> Decision {
        if let Caller::User { user, .. } = context.caller
            && !is_planted(Bug::WheelDecides)
        {
            let before = upkeep.len();
            self.event.expire_due_of(context.now_ms, user, context.presence, upkeep);
            // The end of a session is no sign of life.
            if !matches!(command, Command::EndSession) {
                self.event.welcome_back(context.now_ms, user, context.presence, upkeep);
            }
            self.set_timers(&upkeep[before..]);
        }
        let before = changes.len();
        let decision = self.event.decide(context, command, changes);
        self.set_timers(&changes[before..]);
        decision
    }

    /// Tells the oldest remembered answer of `scope` that has none its journal number.
    pub fn journaled(&mut self, scope: crate::core::idempotency::KeyScope, seq: u64) {
        self.event.journaled(scope, seq);
    }

    /// Whether another turn is wanted now.
    pub fn has_more_to_do(&self, now_ms: u64, presence: &dyn Presence) -> bool {
        self.has_more_due || self.event.has_more_to_do(now_ms, presence)
    }

    /// When to take the next turn if nothing happens until then, in milliseconds since the Unix epoch.
    pub fn next_wake_ms(&self, now_ms: u64, presence: &dyn Presence) -> Option<u64> {
        let next_due = self.wheel.next_wake_ms().and_then(|clock_ms| self.event.engine_time_of(clock_ms));
        let next_transition = self.event.next_transition_ms();
        let next_absence = self.event.next_absence_ms(now_ms, presence);
        next_due.into_iter().chain(next_transition).chain(next_absence).min()
    }

    /// How many holds have expired since this machine was made.
    pub fn expired_holds(&self) -> u64 {
        self.expired_holds
    }

    /// Whether event and wheel can be true together, at a cost that every turn can bear.
    pub fn check_counters(&self) -> Result<(), String> {
        self.event.check_counters()?;
        let (live, timers) = (self.event.live_hold_count(), self.timers.len());
        if live == timers {
            Ok(())
        } else {
            Err(format!("event {}: {live} live holds have {timers} timers", self.event.id()))
        }
    }

    /// Takes how long what has ended since the last call had lasted.
    pub fn take_lasted(&mut self) -> Vec<Lasted> {
        self.event.take_lasted()
    }

    /// How many timers are set: one for each live hold.
    pub fn timers(&self) -> usize {
        self.wheel.len()
    }

    /// Brings the wheel in line with what has happened.
    fn set_timers(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::HoldPlaced { number, deadline_ms, .. } => self.set_timer(*number, *deadline_ms),
                Change::HoldExtended { number, deadline_ms, .. } => {
                    self.cancel_timer(*number);
                    if !is_planted(Bug::TimerLost) {
                        self.set_timer(*number, *deadline_ms);
                    }
                }
                Change::HoldConfirmed { number, .. } | Change::HoldReleased { number, .. } => {
                    self.cancel_timer(*number)
                }
                Change::HoldExpired { number, .. } => {
                    self.cancel_timer(*number);
                    self.expired_holds += 1;
                }
                _ => {}
            }
        }
    }

    fn set_timer(&mut self, number: HoldNumber, deadline_ms: u64) {
        self.timers.insert(number.0, self.wheel.insert(deadline_ms, number.0));
    }

    fn cancel_timer(&mut self, number: HoldNumber) {
        if let Some(key) = self.timers.remove(number.0) {
            self.wheel.cancel(key);
        }
    }

    /// The wheel only proposes. A hold that the core did not end keeps a timer.
    fn keep_early_timers(&mut self, due: &[Due]) {
        for due in due {
            let deadline_ms = self.event.live_deadline_ms(HoldNumber(due.token));
            if let Some(deadline_ms) = deadline_ms.filter(|_| self.timers.get(due.token).is_none()) {
                self.timers.insert(due.token, self.wheel.insert(deadline_ms, due.token));
            }
        }
    }
}

#[cfg(test)]
mod tests;
