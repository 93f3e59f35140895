//! Random commands against the model of [`super::model`]: every answer, every figure, every hold, booking and place
//! after each step, all invariants, and the replay of what was journaled.
//!
//! `HOLDFAST_ORACLE_CASES=20000 cargo test -p holdfast-engine --release oracle` runs the full size; the default fits CI.
//! A failure prints its shrunk story as a table, and its seed, which proptest also keeps in `proptest-regressions`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::model::Model;
use super::row::{Ask, Row, Wish};
use super::shell::{START_MS, Shell};

const USERS: [&str; 5] = ["ann", "bob", "cay", "dan", "eve"];
const CASES: u32 = 512;
/// Stories have 1 to 399 steps: 200 on average.
const STEPS_MAX: usize = 400;

/// What happens next. Numbers of holds are chosen when it happens, among those that are there.
#[derive(Clone, Debug)]
enum Step {
    Row(Row),
    Touch {
        who: &'static str,
        key: Option<String>,
        verb: Verb,
        pick: u16,
    },
    AdvanceToDeadline {
        offset_ms: i64,
    },
    /// The last request that had a key, again.
    Retry,
}

#[derive(Clone, Debug)]
enum Verb {
    Extend,
    Confirm(Option<u32>),
    Release,
    CancelBooking,
    AdminGiveTime(u64),
    AdminRelease,
    AdminCancelBooking,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_core_does_what_the_page_says(event in event(), steps in vec(step(), 1..STEPS_MAX), cut in any::<u16>()) {
        let mut told = vec![format!("event {event}")];
        let story = catch_unwind(AssertUnwindSafe(|| tell(&event, &steps, usize::from(cut), &mut told)));
        let outcome = story.unwrap_or_else(|_| Err("the core panicked".to_owned()));
        prop_assert!(outcome.is_ok(), "{}\n{}", outcome.unwrap_err(), told.join("\n"));
    }
}

fn cases() -> u32 {
    std::env::var("HOLDFAST_ORACLE_CASES").map_or(CASES, |cases| cases.parse().expect("a number of cases"))
}

/// Tells the story to both, and compares.
fn tell(event: &str, steps: &[Step], cut: usize, told: &mut Vec<String>) -> Result<(), String> {
    let (mut shell, mut model) = (Shell::new(event), Model::new(event));
    let mut last_keyed = Row::Advance { by_ms: 0 };
    for step in steps {
        let row = match step {
            Step::Retry => last_keyed.clone(),
            step => resolve(step, &shell, &model),
        };
        if matches!(row, Row::Ask { key: Some(_), .. }) {
            last_keyed = row.clone();
        }
        told.push(format!("  {row}"));
        let (answer, expected) = (shell.run(&row), model.run(&row));
        told.last_mut().expect("just pushed").push_str(&format!(" -> {answer}"));
        if !is_same(&answer, &expected) {
            return Err(format!("the model says: {expected}"));
        }
        shell.event.check_invariants()?;
        compare(&shell, &model)?;
    }
    shell.check_replay(cut % (shell.journal_len() + 1));
    Ok(())
}

/// The row of a step as things are.
fn resolve(step: &Step, shell: &Shell, model: &Model) -> Row {
    match step {
        Step::Row(row) => row.clone(),
        Step::Retry => unreachable!("a retry is what it repeats"),
        Step::AdvanceToDeadline { offset_ms } => Row::Advance { by_ms: shell.until_next_deadline_ms(*offset_ms) },
        Step::Touch { who, key, verb, pick } => {
            let number = choose(who, verb, *pick, model);
            let (who, what) = match verb {
                Verb::Extend => (*who, Ask::Extend(number)),
                Verb::Confirm(quantity) => (*who, Ask::Confirm(number, *quantity)),
                Verb::Release => (*who, Ask::Release(number)),
                Verb::CancelBooking => (*who, Ask::CancelBooking(number)),
                Verb::AdminGiveTime(seconds) => ("admin", Ask::GiveTime(number, *seconds)),
                Verb::AdminRelease => ("admin", Ask::Release(number)),
                Verb::AdminCancelBooking => ("admin", Ask::CancelBooking(number)),
            };
            Row::Ask { who: who.to_owned(), key: key.clone(), what }
        }
    }
}

/// A number to touch: mostly something live or recent of the user's own, sometimes anything, sometimes nothing.
fn choose(who: &str, verb: &Verb, pick: u16, model: &Model) -> u32 {
    let pick = usize::from(pick);
    let numbers: Vec<u32> = match verb {
        Verb::CancelBooking | Verb::AdminCancelBooking => {
            model.bookings.iter().rev().filter(|booking| booking.user == who).map(|booking| booking.number).collect()
        }
        _ => {
            let live = model.holds.iter().filter(|hold| hold.user == who && hold.is_live());
            let ended = model.holds.iter().rev().filter(|hold| hold.user == who && !hold.is_live());
            live.chain(ended.take(2)).map(|hold| hold.number).collect()
        }
    };
    if pick % 8 == 0 || numbers.is_empty() {
        return (pick / 8) as u32 % (model.numbers_given() + 2);
    }
    numbers[pick / 8 % numbers.len()]
}

/// The same answer. The core knows the next expiry to the second, and never says too early.
fn is_same(answer: &str, expected: &str) -> bool {
    let (Some((answer, at)), Some((expected, expected_at))) =
        (answer.split_once(" next "), expected.split_once(" next "))
    else {
        return answer == expected;
    };
    let milliseconds = |text: &str| (text.trim_end_matches('s').parse::<f64>().unwrap() * 1_000.0).round() as u64;
    let late_by_ms = milliseconds(at).checked_sub(milliseconds(expected_at));
    answer == expected && late_by_ms.is_some_and(|late_by_ms| late_by_ms < 1_000)
}

/// Compares all that can be seen.
fn compare(shell: &Shell, model: &Model) -> Result<(), String> {
    same("status", shell.event.status().as_str(), model.status.as_str())?;
    same("deleted", shell.event.is_deleted(), model.deleted)?;
    for (kind, figures) in shell.event.figures().enumerate() {
        same("capacity", figures.capacity, model.types[kind].capacity)?;
        same("available", figures.available, model.available(kind))?;
        same("held", figures.held, model.held(kind))?;
        same("booked", figures.booked, model.booked(kind))?;
        same("waiting", figures.waiting as usize, model.types[kind].line.len())?;
    }
    USERS.iter().try_for_each(|name| compare_user(shell, model, name))
}

fn compare_user(shell: &Shell, model: &Model, name: &str) -> Result<(), String> {
    let Some(user) = shell.user(name) else { return Ok(()) };
    let mut holds = model.holds.iter().filter(|hold| hold.user == name && !hold.forgotten);
    for view in shell.event.holds_of(shell.now_ms, user) {
        let hold = holds.next().ok_or("the model has fewer holds")?;
        same("hold", view.number.0, hold.number)?;
        same("state", view.state.as_str(), model.state_of(hold))?;
        same("source", view.source.as_str(), hold.source)?;
        same("hold's type", usize::from(view.ticket_type.0), hold.kind)?;
        same("hold's quantity", view.quantity, hold.quantity)?;
        same("hold's session", view.session.0, hold.session)?;
        same("created_at", view.created_at_ms - START_MS, hold.created)?;
        same("expires_at", view.expires_at_ms - START_MS, model.expires_at(hold))?;
        same("expires_in", view.expires_in_ms, model.time_left(hold))?;
        same("extensions_left", u64::from(view.extensions_left), model.extensions_left(hold))?;
    }
    same("holds left over", holds.next().map(|hold| hold.number), None)?;

    let mut bookings: Vec<_> = model.bookings.iter().filter(|booking| booking.user == name).collect();
    bookings.sort_by_key(|booking| booking.number);
    let views = shell.event.bookings_of(shell.now_ms, user);
    same("bookings", views.len(), bookings.len())?;
    for (view, booking) in views.iter().zip(bookings) {
        same("booking", view.number.0, booking.number)?;
        same("booking's type", usize::from(view.ticket_type.0), booking.kind)?;
        same("booking's quantity", view.quantity, booking.quantity)?;
        same("booking's session", view.session.0, booking.session)?;
        same("booked_at", view.booked_at_ms - START_MS, booking.booked)?;
        same("cancelled_at", view.cancelled_at_ms.map(|at_ms| at_ms - START_MS), booking.cancelled)?;
    }

    let places = shell.event.places_of(shell.now_ms, user);
    let place_in = |line: &[super::model::Waiting]| line.iter().position(|waiting| waiting.user == name);
    let lines = model.types.iter().enumerate().filter_map(|(kind, ticket_type)| {
        let ahead = place_in(&ticket_type.line)?;
        Some((kind, ahead, &ticket_type.line[ahead]))
    });
    let expected: Vec<_> = lines.collect();
    same("places", places.len(), expected.len())?;
    for (place, (kind, ahead, waiting)) in places.iter().zip(expected) {
        same("place's type", usize::from(place.ticket_type.0), kind)?;
        same("ahead", place.ahead as usize, ahead)?;
        same("place's quantity", place.quantity, waiting.quantity)?;
        same("place's session", place.session.0, waiting.session)?;
        same("passed over", shell.event.is_passed_over(user, place.ticket_type), waiting.passed_over)?;
        same("joined_at", place.joined_at_ms - START_MS, waiting.joined)?;
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, core: T, model: T) -> Result<(), String> {
    if core == model { Ok(()) } else { Err(format!("{what}: the core has {core:?}, the model {model:?}")) }
}

// What is drawn.

fn event() -> impl Strategy<Value = String> {
    let status = prop_oneof![8 => Just("on_sale"), 2 => Just("scheduled"), 1 => Just("draft")];
    let queue_max = prop_oneof![Just(100_u32), 0_u32..3];
    let presence_seconds = prop_oneof![Just(0_u32), Just(300_u32), 1_u32..60];
    (types(), status, limits(), times(), queue_max, presence_seconds, any::<bool>(), damping()).prop_map(
        |(types, status, limits, times, queue_max, presence_seconds, lobby, damping)| {
            let line = format!("queue_max={queue_max} presence_seconds={presence_seconds} lobby={}", u8::from(lobby));
            format!("{types} status={status} {limits} {times} {line} {damping}")
        },
    )
}

fn damping() -> impl Strategy<Value = String> {
    let expiries = prop_oneof![3 => Just(0_u32), 3 => 1_u32..4, 1 => 4_u32..=14];
    let time = || prop_oneof![Just(60_u32), Just(600), Just(1_800), Just(86_400)];
    (expiries, time(), time()).prop_map(|(expiries, window, wait)| {
        format!("damping={expiries} damping_window={window}s damping_wait={wait}s")
    })
}

fn types() -> impl Strategy<Value = String> {
    let names = prop_oneof![Just(vec!["general"]), Just(vec!["general", "vip"]), Just(vec!["general", "vip", "floor"])];
    (names, [0_u32..5, 0..7, 0..4]).prop_map(|(names, capacities)| {
        let types = names.iter().zip(capacities).map(|(name, capacity)| format!("{name}={capacity}"));
        types.collect::<Vec<_>>().join(" ")
    })
}

fn limits() -> impl Strategy<Value = String> {
    (1_u32..=4, 0_u32..=3, 0_u32..=4, 0_u32..=2).prop_map(|(per_hold, more, auto_hold, extensions)| {
        let (per_user, auto_hold) = (per_hold + more, auto_hold.min(per_hold));
        format!("max_per_hold={per_hold} max_per_user={per_user} auto_hold={auto_hold} max_extensions={extensions}")
    })
}

fn times() -> impl Strategy<Value = String> {
    let hold_seconds = prop_oneof![Just(1_u32), Just(60), Just(600), Just(600)];
    let ends = (option::weighted(0.2, 0_u64..2_000), option::weighted(0.1, 2_000_u64..400_000));
    (hold_seconds, 1_u32..=3, ends).prop_map(|(length, lives, (opens_at, closes_at))| {
        let at = |name: &str, at: Option<u64>| at.map_or(String::new(), |at| format!(" {name}={at}s"));
        let ends = at("opens_at", opens_at) + &at("closes_at", closes_at);
        format!("hold_seconds={length} max_hold_lifetime_seconds={}{ends}", length * lives)
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        14 => advance().prop_map(|by_ms| Step::Row(Row::Advance { by_ms })),
        7 => prop_oneof![3 => Just(0), 1 => Just(-1), 1 => Just(1)]
            .prop_map(|offset_ms| Step::AdvanceToDeadline { offset_ms }),
        50 => (user(), key(), ask()).prop_map(|(who, key, what)| {
            // A logout ends the session whatever the event says, so it has no key.
            let key = key.filter(|_| what != Ask::Logout);
            Step::Row(Row::Ask { who: who.to_owned(), key, what })
        }),
        27 => (user(), key(), verb(), any::<u16>())
            .prop_map(|(who, key, verb, pick)| Step::Touch { who, key, verb, pick }),
        12 => (key(), organising()).prop_map(|(key, what)| Step::Row(Row::Ask { who: "admin".to_owned(), key, what })),
        2 => (advance(), 0_u64..=600_000)
            .prop_map(|(by_ms, credit_ms)| Step::Row(Row::Down { by_ms, credit_ms: credit_ms.min(by_ms) })),
        2 => any::<bool>().prop_map(|is_late| Step::Row(Row::Wheel { is_late })),
        4 => Just(Step::Retry),
    ]
}

fn advance() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0_u64..3_000,
        4 => (1_u64..60).prop_map(|seconds| seconds * 1_000),
        2 => 0_u64..700_000,
        1 => (0_u64..30).prop_map(|hours| hours * 3_600_000),
    ]
}

fn user() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(USERS[0]), 4 => Just(USERS[1]), 3 => Just(USERS[2]), 3 => Just(USERS[3]), 2 => Just(USERS[4])]
}

fn key() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.15, (0_u8..6).prop_map(|number| format!("k{number}")))
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        6 => Just(Ask::Login(None)),
        5 => wish().prop_map(|wish| Ask::Login(Some(wish))),
        14 => (wish(), any::<bool>()).prop_map(|(wish, wait)| Ask::Hold(wish, wait)),
        8 => wish().prop_map(Ask::Join),
        7 => wish().prop_map(Ask::Book),
        4 => option::of(type_name()).prop_map(Ask::Leave),
        3 => Just(Ask::Logout),
    ]
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        5 => Just(Verb::Extend),
        9 => option::of(0_u32..4).prop_map(Verb::Confirm),
        6 => Just(Verb::Release),
        5 => Just(Verb::CancelBooking),
        1 => (1_u64..900).prop_map(Verb::AdminGiveTime),
        1 => Just(Verb::AdminRelease),
        1 => Just(Verb::AdminCancelBooking),
    ]
}

fn organising() -> impl Strategy<Value = Ask> {
    prop_oneof![
        40 => (option::of(type_name()), 0_u32..8).prop_map(|(name, capacity)| Ask::Capacity(name, capacity)),
        20 => setting(),
        12 => Just(Ask::Status("paused")),
        40 => Just(Ask::Status("on_sale")),
        2 => Just(Ask::Status("scheduled")),
        1 => Just(Ask::Status("closed")),
        1 => Just(Ask::Status("cancelled")),
        1 => Just(Ask::Delete),
        1 => Just(Ask::Create),
    ]
}

fn setting() -> impl Strategy<Value = Ask> {
    let number = |name: &'static str, range: std::ops::Range<u64>| {
        range.prop_map(move |value| Ask::Set(name.to_owned(), Some(value)))
    };
    let time = |name: &'static str, before_ms: u64| {
        option::of(0..before_ms).prop_map(move |at_ms| Ask::Set(name.to_owned(), at_ms))
    };
    prop_oneof![
        number("hold_seconds", 0..700),
        number("auto_hold", 0..5),
        number("max_per_hold", 0..6),
        number("max_per_user", 0..9),
        number("max_extensions", 0..4),
        number("max_hold_lifetime_seconds", 1..2_000),
        number("queue_max", 0..4),
        number("lobby", 0..2),
        number("presence_seconds", 0..400),
        time("opens_at", 4_000_000),
        time("closes_at", 400_000_000),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    let quantity = prop_oneof![20 => Just(None), 50 => (1_u32..=3).prop_map(Some), 8 => (4_u32..=6).prop_map(Some),
        1 => Just(Some(0))];
    let ticket_type = prop_oneof![3 => Just(None), 4 => type_name().prop_map(Some)];
    let min_quantity = prop_oneof![6 => Just(None), 2 => (1_u32..=2).prop_map(Some)];
    (quantity, ticket_type, min_quantity).prop_map(|(quantity, ticket_type, min_quantity)| Wish {
        quantity,
        ticket_type,
        min_quantity,
    })
}

fn type_name() -> impl Strategy<Value = String> {
    prop_oneof![6 => Just("general"), 2 => Just("vip"), 1 => Just("floor")].prop_map(str::to_owned)
}
