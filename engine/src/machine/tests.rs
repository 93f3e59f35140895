use proptest::prelude::*;

use super::EventMachine;
use crate::core::change::{Change, EventCreated};
use crate::core::command::{Caller, Command, Context, Wish};
use crate::core::damping::Damping;
use crate::core::id::{EventNumber, HoldNumber, LoginSeq, Slug, UserNumber};
use crate::core::outcome::{Answer, Outcome};
use crate::core::presence::AllPresent;
use crate::core::settings::{Details, Settings, TicketTypeDefinition};
use crate::core::status::Status;
use crate::core::{Event, Rejection};

const START_MS: u64 = 1_000_000;

fn machine(capacity: u32) -> EventMachine {
    let general = Slug::new("general").unwrap();
    let created = EventCreated {
        id: Slug::new("spring-gala").unwrap(),
        details: Details { name: "Spring Gala".to_owned(), ..Details::default() },
        settings: Settings { hold_seconds: 1, ..Settings::default() },
        ticket_types: vec![TicketTypeDefinition { id: general, name: "General".to_owned(), capacity, price: None }],
        status: Status::OnSale,
    };
    EventMachine::new(Event::new(EventNumber(1), &created), START_MS)
}

fn ask(machine: &mut EventMachine, now_ms: u64, user: u32, command: Command) -> Answer {
    let caller = Caller::User { user: UserNumber(user), session: LoginSeq(u64::from(user)) };
    execute(machine, now_ms, caller, command)
}

fn execute(machine: &mut EventMachine, now_ms: u64, caller: Caller, command: Command) -> Answer {
    let context = Context { now_ms, caller, key: None, damping: Damping::OFF, presence: &AllPresent };
    machine.execute(&context, command, &mut Vec::new(), &mut Vec::new()).answer
}

fn hold() -> Command {
    Command::PlaceHold { wish: Wish::default(), wait: true }
}

fn confirm(number: u32) -> Command {
    Command::ConfirmHold { number: HoldNumber(number), quantity: None }
}

fn turn(machine: &mut EventMachine, now_ms: u64) -> Vec<Change> {
    let mut changes = Vec::new();
    machine.advance(now_ms, false, &AllPresent, &mut changes);
    changes
}

#[test]
fn a_late_wheel_makes_no_expired_hold_confirmable() {
    let mut machine = machine(1);
    assert!(ask(&mut machine, START_MS, 1, hold()).is_ok());
    assert!(matches!(ask(&mut machine, START_MS, 2, hold()), Ok(Outcome::Queued { .. })));
    // Nobody turns the wheel. The deadline passes.
    let answer = ask(&mut machine, START_MS + 1_000, 1, confirm(1));
    assert_eq!(answer, Err(Rejection::HoldExpired { expired_at_ms: START_MS + 1_000 }));
    assert_eq!(machine.event().holds_of(START_MS + 1_000, UserNumber(2)).len(), 1, "the ticket went to the line");
}

#[test]
fn the_last_millisecond_before_the_deadline_still_counts() {
    let mut machine = machine(1);
    assert!(ask(&mut machine, START_MS, 1, hold()).is_ok());
    assert!(turn(&mut machine, START_MS + 999).is_empty());
    assert!(matches!(ask(&mut machine, START_MS + 999, 1, confirm(1)), Ok(Outcome::Booked { rescued: false, .. })));
}

#[test]
fn a_turn_expires_and_grants_in_order() {
    let mut machine = machine(2);
    for user in 1..=5 {
        assert!(ask(&mut machine, START_MS, user, hold()).is_ok());
    }
    let kinds: Vec<_> = turn(&mut machine, START_MS + 1_000).iter().map(Change::kind).collect();
    assert_eq!(kinds, ["hold_expired", "hold_expired", "hold_placed", "hold_placed"]);
    assert_eq!(machine.next_wake_ms(START_MS + 1_000, &AllPresent).map(|at_ms| at_ms <= START_MS + 2_000), Some(true));
}

#[test]
fn a_storm_of_deadlines_is_taken_in_slices() {
    let mut machine = machine(5_000);
    for user in 1..=5_000 {
        assert!(ask(&mut machine, START_MS, user, hold()).is_ok());
    }
    let (mut turns, mut expired) = (0, 0);
    loop {
        let changes = turn(&mut machine, START_MS + 1_000);
        assert!(changes.len() <= 2_048, "one turn does not do it all");
        expired += changes.len();
        turns += 1;
        if !machine.has_more_to_do(START_MS + 1_000, &AllPresent) {
            break;
        }
    }
    assert_eq!((expired, machine.timers(), machine.expired_holds()), (5_000, 0, 5_000));
    assert!(turns >= 5);
}

#[test]
fn a_pause_stops_the_wheel_and_the_resume_goes_on_with_the_time_left() {
    let mut machine = machine(1);
    let admin = || Caller::Admin { name: "admin".to_owned() };
    assert!(ask(&mut machine, START_MS, 1, hold()).is_ok());
    let status = |to| Command::SetStatus { to, reason: None };
    execute(&mut machine, START_MS + 400, admin(), status(Status::Paused)).unwrap();
    assert_eq!(machine.next_wake_ms(START_MS + 400, &AllPresent), None);
    assert!(turn(&mut machine, START_MS + 50_000).is_empty());
    execute(&mut machine, START_MS + 50_400, admin(), status(Status::OnSale)).unwrap();
    assert!(turn(&mut machine, START_MS + 50_999).is_empty());
    assert_eq!(turn(&mut machine, START_MS + 51_000).iter().map(Change::kind).collect::<Vec<_>>(), ["hold_expired"]);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Hold(u32),
    Release(u32),
    Confirm(u32),
    Extend(u32),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u32..40).prop_map(Step::Hold),
        2 => (1_u32..60).prop_map(Step::Release),
        2 => (1_u32..60).prop_map(Step::Confirm),
        1 => (1_u32..60).prop_map(Step::Extend),
        3 => prop_oneof![Just(0_u64), 1_u64..1_200, Just(1_000)].prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever happens: every live hold has exactly one timer, and after a turn none has outlived its deadline.
    #[test]
    fn every_live_hold_is_in_the_wheel_exactly_once(steps in prop::collection::vec(step(), 1..200)) {
        let (mut machine, mut now_ms) = (machine(12), START_MS);
        for step in steps {
            // A hold is released, confirmed or extended by whoever guesses its number: mostly refused, sometimes not.
            let guess = |machine: &mut EventMachine, number: u32, command: Command| {
                let owner = machine.event().hold(now_ms, HoldNumber(number), None).map(|hold| hold.user.0);
                ask(machine, now_ms, owner.unwrap_or(1), command).is_ok()
            };
            match step {
                Step::Hold(user) => drop(ask(&mut machine, now_ms, user, hold())),
                Step::Release(number) => {
                    guess(&mut machine, number, Command::ReleaseHold { number: HoldNumber(number), reason: None });
                }
                Step::Confirm(number) => drop(guess(&mut machine, number, confirm(number))),
                Step::Extend(number) => {
                    guess(&mut machine, number, Command::ExtendHold { number: HoldNumber(number) });
                }
                Step::Wait(by_ms) => {
                    now_ms += by_ms;
                    turn(&mut machine, now_ms);
                    let clock_ms = machine.event().sale_clock_ms(now_ms);
                    prop_assert!(machine.event().live_holds().all(|(_, deadline_ms)| deadline_ms > clock_ms));
                }
            }
            prop_assert_eq!(machine.timers(), machine.event().live_holds().count());
            prop_assert_eq!(machine.event().check_invariants(), Ok(()));
        }
    }
}
