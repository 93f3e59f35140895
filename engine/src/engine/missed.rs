//! What became of users' things while nobody told them, read back from the journal: one pass for all who ask together.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::core::change::{Change, Record};
use crate::core::hold::HoldSource;
use crate::core::id::{EventNumber, TypeIndex, UserNumber};
use crate::journal::JournalError;
use crate::record::decode_record;
use crate::touches::{Touch, Touches};
use crate::watchers::PROGRESS_CHANGES;

use super::Engine;

/// How many changes back is read at most: about a tenth of a second's work.
pub const MISSED_CHANGES_MAX: u64 = 200_000;

// Whoever keeps a number to come back with renews it before it is too old, also while no event changes.
const _: () = assert!(PROGRESS_CHANGES <= MISSED_CHANGES_MAX / 8);

/// Somebody who was told all that is theirs up to a change, and nothing since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// Who.
    pub user: UserNumber,
    /// The number of that change.
    pub after_seq: u64,
}

/// What became of users' things.
#[derive(Debug)]
pub struct Missed {
    /// Up to and including this change.
    pub until_seq: u64,
    /// Of each absence, in the order they were given. `None` where it cannot be told: longer ago than
    /// [`MISSED_CHANGES_MAX`] or than the journal reaches back, or not a number of this journal.
    pub touches: Vec<Option<Touches>>,
    /// What happened to everybody meanwhile.
    pub shifts: Shifts,
}

/// What moves a user's things without a change of their own, over the longest of several absences. It is kept once for
/// all who come back: after a restart thousands do, and the deadlines of every event have moved.
#[derive(Debug, Default)]
pub struct Shifts {
    /// The last change that may have moved the deadlines of an event.
    deadlines: HashMap<EventNumber, u64>,
    /// The last end of a place in a line.
    lines: HashMap<(EventNumber, TypeIndex), u64>,
}

impl Shifts {
    /// Whether deadlines of an event may have moved after the change `after_seq`.
    pub fn has_moved_deadlines(&self, event: EventNumber, after_seq: u64) -> bool {
        self.deadlines.get(&event).is_some_and(|seq| *seq > after_seq)
    }

    /// Whether places in a line may have come nearer to the front after the change `after_seq`.
    pub fn has_moved_line(&self, event: EventNumber, ticket_type: TypeIndex, after_seq: u64) -> bool {
        self.lines.get(&(event, ticket_type)).is_some_and(|seq| *seq > after_seq)
    }

    fn add(&mut self, seq: u64, event: EventNumber, change: &Change) {
        match change {
            Change::ClocksShifted { .. } | Change::StatusChanged { .. } | Change::EventChanged { .. } => {
                self.deadlines.insert(event, seq);
            }
            Change::QueueLeft { share }
            | Change::QueueDropped { share, .. }
            | Change::WaiterServed { share }
            | Change::HoldPlaced { share, source: HoldSource::Queue, .. } => {
                self.lines.insert((event, share.ticket_type), seq);
            }
            _ => {}
        }
    }
}

impl Engine {
    /// What became of users' things since they were told last. Reads from disk on the caller's thread.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn missed(&self, absences: &[Absence]) -> Result<Missed, JournalError> {
        let until_seq = self.services.journal.announced_seq();
        let mut oldest_seq = until_seq.saturating_sub(MISSED_CHANGES_MAX);
        loop {
            match self.read_missed(absences, oldest_seq, until_seq) {
                Err(JournalError::Retired { first_seq, .. }) if first_seq - 1 > oldest_seq => {
                    oldest_seq = first_seq - 1
                }
                read => return read,
            }
        }
    }

    fn read_missed(&self, absences: &[Absence], oldest_seq: u64, until_seq: u64) -> Result<Missed, JournalError> {
        let known = oldest_seq..=self.durable_seq();
        let told = |absence: &Absence| known.contains(&absence.after_seq).then(Touches::default);
        let touches = absences.iter().map(told).collect();
        let mut missed = Missed { until_seq, touches, shifts: Shifts::default() };
        let mut by_user: HashMap<UserNumber, Vec<usize>> = HashMap::new();
        let mut first_after = until_seq;
        for (index, absence) in absences.iter().enumerate().filter(|(index, _)| missed.touches[*index].is_some()) {
            by_user.entry(absence.user).or_default().push(index);
            first_after = first_after.min(absence.after_seq);
        }
        self.services.journal.read(first_after, &mut |first_seq, _, bytes| {
            if first_seq > until_seq {
                return ControlFlow::Break(());
            }
            let Ok(record) = decode_record(bytes) else {
                // Recovery has decoded every record there is, and the writer wrote the rest.
                unreachable!("record {first_seq} was readable when the engine opened")
            };
            missed.add(absences, &by_user, first_seq, &record);
            ControlFlow::Continue(())
        })?;
        Ok(missed)
    }
}

impl Missed {
    fn add(
        &mut self,
        absences: &[Absence],
        by_user: &HashMap<UserNumber, Vec<usize>>,
        first_seq: u64,
        record: &Record,
    ) {
        for (seq, change) in (first_seq..).zip(&record.changes) {
            self.shifts.add(seq, record.event, change);
            let Some((user, touch)) = Touch::of(change) else { continue };
            for index in by_user.get(&user).into_iter().flatten().filter(|index| seq > absences[**index].after_seq) {
                let touches = self.touches[*index].as_mut().expect("who is read for");
                touches.add(seq, record.at_ms, record.event, touch);
            }
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::core::command::{Caller, Command, Wish};
    use crate::core::hold::HoldState;
    use crate::core::id::{HoldNumber, Slug};
    use crate::core::outcome::QueueState;
    use crate::core::settings::{Details, Settings, TicketTypeDefinition};
    use crate::core::status::Status;
    use crate::engine::{Identity, NewEvent};
    use crate::touches::{Thing, ThingEnd, Touched};

    const GALA: EventNumber = EventNumber(1);
    const HOLD: HoldNumber = HoldNumber(1);

    fn gala() -> NewEvent {
        let stalls = Slug::new("stalls").unwrap();
        NewEvent {
            id: Slug::new("gala").unwrap(),
            details: Details { name: "Gala".to_owned(), ..Details::default() },
            settings: Settings { auto_hold: 0, presence_seconds: 0, ..Settings::default() },
            ticket_types: vec![TicketTypeDefinition {
                id: stalls,
                name: "Stalls".to_owned(),
                price: None,
                capacity: 1,
            }],
            status: Status::OnSale,
            reason: None,
        }
    }

    fn log_in(engine: &Engine, name: &str, token: u8) -> (UserNumber, Caller) {
        let login = engine.finish(engine.login(Identity::named(name), [token; 32], Some(Vec::new()))).unwrap();
        (login.session.user, Caller::User { user: login.session.user, session: login.session.number })
    }

    fn ask(engine: &Engine, caller: &Caller, command: Command) {
        engine.finish(engine.execute(&gala().id, caller.clone(), None, command)).unwrap().answer.unwrap();
    }

    #[test]
    fn what_happened_since_is_told_and_nothing_else() {
        let engine = Engine::with_event(gala());
        let ((ann, ann_caller), (bob, bob_caller)) = (log_in(&engine, "ann", 1), log_in(&engine, "bob", 2));
        let before = engine.durable_seq();
        ask(&engine, &ann_caller, Command::PlaceHold { wish: Wish::default(), wait: false });
        let held = engine.durable_seq();
        ask(&engine, &bob_caller, Command::PlaceHold { wish: Wish::default(), wait: true });
        let joined = engine.durable_seq();
        ask(&engine, &ann_caller, Command::ReleaseHold { number: HOLD, reason: None });
        let absence = |user, after_seq| Absence { user, after_seq };
        let absences = [absence(ann, before), absence(bob, before), absence(ann, held), absence(bob, joined)];
        let missed = engine.missed(&absences).unwrap();
        assert_eq!(missed.until_seq, engine.durable_seq());
        let [Some(ann_all), Some(bob_all), Some(ann_rest), Some(bob_rest)] = &missed.touches[..] else {
            panic!("{missed:?}")
        };
        for touches in [ann_all, ann_rest] {
            let released = Touched { seq: joined + 1, end: Some(ThingEnd::Hold(HoldState::Released)) };
            assert_eq!(touches.things, HashMap::from([(Thing::Hold(GALA, HOLD), released)]));
        }
        for (touches, quantity, is_joining_seen) in [(bob_all, 1, true), (bob_rest, 1, false)] {
            let ended = touches.ended_places[0];
            assert_eq!((ended.state, ended.ticket_type, ended.quantity), (QueueState::Granted, TypeIndex(0), quantity));
            assert_eq!(ended.joined_at_ms.is_some(), is_joining_seen);
            let granted = Touched { seq: ended.seq, end: None };
            assert_eq!(touches.things, HashMap::from([(Thing::Hold(GALA, HoldNumber(2)), granted)]));
        }
    }

    #[test]
    fn a_pause_shifts_the_event() {
        let engine = Engine::with_event(gala());
        let (ann, caller) = log_in(&engine, "ann", 1);
        ask(&engine, &caller, Command::PlaceHold { wish: Wish::default(), wait: false });
        let after_seq = engine.durable_seq();
        let absence = [Absence { user: ann, after_seq }];
        assert!(!engine.missed(&absence).unwrap().shifts.has_moved_deadlines(GALA, after_seq));
        let admin = Caller::Admin { name: "ops".to_owned() };
        ask(&engine, &admin, Command::SetStatus { to: Status::Paused, reason: None });
        let missed = engine.missed(&absence).unwrap();
        assert!(missed.touches[0].as_ref().unwrap().is_empty(), "nothing became of the hold itself");
        assert!(missed.shifts.has_moved_deadlines(GALA, after_seq));
        assert!(!missed.shifts.has_moved_deadlines(GALA, engine.durable_seq()));
    }

    #[test]
    fn who_leaves_the_line_moves_those_behind() {
        let engine = Engine::with_event(gala());
        let [ann, bob, cay] = [("ann", 1), ("bob", 2), ("cay", 3)].map(|(name, token)| log_in(&engine, name, token));
        for (_, caller) in [&ann, &bob, &cay] {
            ask(&engine, caller, Command::PlaceHold { wish: Wish::default(), wait: true });
        }
        let after_seq = engine.durable_seq();
        let absence = [Absence { user: cay.0, after_seq }];
        let has_moved = || engine.missed(&absence).unwrap().shifts.has_moved_line(GALA, TypeIndex(0), after_seq);
        assert!(!has_moved());
        ask(&engine, &bob.1, Command::LeaveQueue { ticket_type: None });
        assert!(has_moved());
    }

    #[test]
    fn who_watches_all_events_hears_that_the_journal_goes_on_while_only_sessions_change() {
        let engine = Engine::with_event(gala());
        let mut watching = engine.watch_events();
        // Nobody was told of anything before.
        log_in(&engine, "ann", 1);
        watching.borrow_and_update();
        let first_seq = engine.durable_seq();
        let mut told = Vec::new();
        while told.len() < 2 {
            log_in(&engine, "ann", (engine.durable_seq() % 250) as u8);
            if watching.has_changed().unwrap() {
                told.push(*watching.borrow_and_update());
            }
            assert!(engine.durable_seq() <= first_seq + 2 * PROGRESS_CHANGES, "told of {told:?}");
        }
        assert_eq!(told[1], engine.durable_seq());
    }

    #[test]
    fn a_number_of_another_journal_tells_nothing() {
        let engine = Engine::with_event(gala());
        let (ann, _) = log_in(&engine, "ann", 1);
        let after_seq = engine.durable_seq() + 1;
        assert!(engine.missed(&[Absence { user: ann, after_seq }]).unwrap().touches[0].is_none());
    }
}
