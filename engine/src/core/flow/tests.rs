use proptest::collection::vec;
use proptest::prelude::*;

use super::pattern::Pattern;
use super::{Flow, STEPS_MIN, STRETCHES_MAX, Step};
use crate::core::outcome::WaitEstimate;

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60_000;

/// A line with a step at each of these times, in milliseconds, and holds of ten minutes.
fn line_with_steps(at_ms: impl IntoIterator<Item = u64>) -> Flow {
    let mut flow = Flow::new(600);
    flow.set_waited_in(0, true);
    at_ms.into_iter().for_each(|at_ms| flow.record(at_ms, Step::Served));
    flow
}

/// The range in seconds, for who has `ahead` of a thousand before them.
fn range(flow: &Flow, now_ms: u64, ahead: u64) -> Option<(u64, u64)> {
    flow.estimate(now_ms, ahead, 1_000).map(|range| (range.low_seconds, range.high_seconds))
}

#[test]
fn a_line_that_moves_regularly_gives_a_range_around_the_true_wait() {
    let flow = line_with_steps((1..=120).map(|step| step * 10 * SECOND_MS));
    let now_ms = 20 * MINUTE_MS;
    for (ahead, expected) in
        [(0, (0, 40)), (9, (55, 150)), (59, (450, 780)), (239, (1_980, 2_760)), (11_999, (104_400, 134_100))]
    {
        assert_eq!(range(&flow, now_ms, ahead), Some(expected), "{ahead} ahead");
        let true_seconds = (ahead + 1) * 10;
        assert!(expected.0 <= true_seconds && true_seconds <= expected.1, "{ahead} ahead");
    }
}

#[test]
fn an_erratic_line_gives_a_wider_range() {
    let regular = line_with_steps((1..=120).map(|step| step * 10 * SECOND_MS));
    // As many, but sixty at once every ten minutes.
    let waves = line_with_steps((0..120).map(|step| (step / 60 + 1) * 10 * MINUTE_MS - SECOND_MS));
    let width = |flow: &Flow| range(flow, 20 * MINUTE_MS, 9).map(|(low, high)| high - low).unwrap();
    assert_eq!((width(&regular), width(&waves)), (95, 600));
}

#[test]
fn it_is_measured_over_two_lengths_of_a_hold_however_long_they_are() {
    for hold_seconds in [60, 600, 12 * 3_600, 30 * 86_400] {
        let hold_ms = u64::from(hold_seconds) * SECOND_MS;
        let mut flow = Flow::new(hold_seconds);
        flow.set_waited_in(0, true);
        // Forty at once, when the first holds run out.
        (0..40).for_each(|_| flow.record(hold_ms, Step::Served));
        assert!(flow.estimate(hold_ms * 29 / 10, 0, 1_000).is_some(), "holds of {hold_seconds} s");
        assert!(flow.estimate(hold_ms * 31 / 10, 0, 1_000).is_none(), "holds of {hold_seconds} s");
    }
}

#[test]
fn too_little_is_no_measure() {
    let steps = |count: u64| line_with_steps((1..=count).map(|step| step * 20 * SECOND_MS));
    assert_eq!(range(&steps(STEPS_MIN - 1), 2 * MINUTE_MS, 0), None, "too few steps");
    assert!(range(&steps(STEPS_MIN), 2 * MINUTE_MS, 0).is_some());
    let burst = line_with_steps((0..1_000).map(|step| step * 5));
    assert_eq!(range(&burst, 50 * SECOND_MS, 0), None, "too short a time");
    assert!(range(&burst, 60 * SECOND_MS, 0).is_some());
}

#[test]
fn a_line_that_stops_widens_the_range_and_then_makes_it_unknown() {
    let flow = line_with_steps((1..=120).map(|step| step * 10 * SECOND_MS));
    assert_eq!(range(&flow, 20 * MINUTE_MS, 0), Some((0, 40)));
    assert_eq!(range(&flow, 30 * MINUTE_MS, 0), Some((0, 660)), "silent for ten minutes");
    assert_eq!(range(&flow, 40 * MINUTE_MS, 0), None);
}

#[test]
fn the_time_in_which_nobody_waits_does_not_count() {
    let mut flow = line_with_steps((1..=60).map(|step| step * 10 * SECOND_MS));
    flow.set_waited_in(10 * MINUTE_MS, false);
    flow.set_waited_in(25 * MINUTE_MS, true);
    (1..=60).for_each(|step| flow.record(25 * MINUTE_MS + step * 10 * SECOND_MS, Step::Served));
    let unbroken = line_with_steps((1..=120).map(|step| step * 10 * SECOND_MS));
    assert_eq!(range(&flow, 35 * MINUTE_MS, 9), range(&unbroken, 20 * MINUTE_MS, 9));
}

#[test]
fn after_a_long_time_in_which_nobody_waits_the_measure_begins_anew() {
    let mut flow = line_with_steps((1..=60).map(|step| step * 10 * SECOND_MS));
    flow.set_waited_in(10 * MINUTE_MS, false);
    flow.set_waited_in(40 * MINUTE_MS, true);
    assert_eq!(range(&flow, 41 * MINUTE_MS, 0), None);
}

#[test]
fn who_gives_up_brings_the_earliest_time_forward_and_not_the_latest() {
    let mut flow = line_with_steps((1..=120).map(|step| step * 10 * SECOND_MS));
    let before = range(&flow, 20 * MINUTE_MS, 500).unwrap();
    (1..=400).for_each(|step| flow.record(20 * MINUTE_MS - step, Step::Left));
    let after = range(&flow, 20 * MINUTE_MS, 500).unwrap();
    assert!(after.0 < before.0 && after.1 == before.1, "{before:?}, and then {after:?}");
}

#[test]
fn a_return_takes_back_the_step_of_who_was_passed_over() {
    let mut flow = line_with_steps((1..=120).map(|step| step * 10 * SECOND_MS));
    let before = range(&flow, 20 * MINUTE_MS, 5);
    flow.record(20 * MINUTE_MS - 1, Step::Served);
    flow.record_return(20 * MINUTE_MS - 1);
    assert_eq!(range(&flow, 20 * MINUTE_MS, 5), before);
}

#[test]
fn a_range_is_rounded_outwards_to_what_can_be_meant() {
    let rounded = |low_ms, high_ms| {
        let WaitEstimate { low_seconds, high_seconds } = WaitEstimate::of_ms(low_ms, high_ms);
        (low_seconds, high_seconds)
    };
    assert_eq!(rounded(0, 1), (0, 5));
    assert_eq!(rounded(59_999, 60_001), (55, 90));
    assert_eq!(rounded(119_000, 601_000), (90, 660));
    assert_eq!(rounded(3_599_000, 3_601_000), (3_540, 3_900));
    assert_eq!(rounded(21_599_000, 21_601_000), (21_300, 22_500));
    assert_eq!(rounded(u64::MAX, u64::MAX).1 % 900, 0);
}

proptest! {
    #[test]
    fn the_more_are_ahead_the_longer_is_the_wait(
        gaps in vec((0_u64..60_000, 0_u8..4), 5..300),
        hold_seconds in prop_oneof![Just(1_u32), Just(60), Just(600), Just(86_400)],
        ahead in vec(0_u64..5_000, 2..20),
        silent_ms in 0_u64..600_000,
    ) {
        let (mut flow, mut now_ms) = (Flow::new(hold_seconds), 0);
        flow.set_waited_in(0, true);
        for (gap_ms, kind) in gaps {
            now_ms += gap_ms;
            match kind {
                0 => flow.record(now_ms, Step::Left),
                1 => flow.record_return(now_ms),
                _ => flow.record(now_ms, Step::Served),
            }
        }
        let mut ahead = ahead;
        ahead.sort_unstable();
        let ranges: Vec<_> = ahead.iter().map(|ahead| flow.estimate(now_ms + silent_ms, *ahead, 5_000)).collect();
        for pair in ranges.windows(2) {
            prop_assert_eq!(pair[0].is_some(), pair[1].is_some());
            let (Some(one), Some(other)) = (pair[0], pair[1]) else { continue };
            prop_assert!(one.low_seconds <= one.high_seconds, "{:?}", one);
            prop_assert!(one.low_seconds <= other.low_seconds, "{:?} {:?}", one, other);
            prop_assert!(one.high_seconds <= other.high_seconds, "{:?} {:?}", one, other);
        }
    }
}

proptest! {
    #[test]
    fn a_pattern_is_the_best_and_the_worst_of_all_its_beginnings(
        stretches in vec((0_u64..5, 0_u64..50_000), 4..=STRETCHES_MAX),
        steps in vec(1_u64..500, 1..10),
    ) {
        prop_assume!(stretches.iter().any(|(steps, _)| *steps > 0));
        let pattern = Pattern::new(stretches.iter().copied());
        for steps in steps {
            let waits = (0..stretches.len()).map(|start| wait_from(&stretches, start, steps));
            let (shortest, longest): (Vec<u64>, Vec<u64>) = waits.unzip();
            prop_assert_eq!(Some(pattern.shortest_ms(steps)), shortest.into_iter().min());
            prop_assert_eq!(Some(pattern.longest_ms(steps)), longest.into_iter().max());
        }
    }
}

/// The shortest and the longest wait for `steps` steps that begins with the stretch `start`, walked stretch by stretch.
fn wait_from(stretches: &[(u64, u64)], start: usize, steps: u64) -> (u64, u64) {
    let (mut left, mut passed_ms, mut stretch) = (steps, 0, start);
    while stretches[stretch].0 < left {
        left -= stretches[stretch].0;
        passed_ms += stretches[stretch].1;
        stretch = (stretch + 1) % stretches.len();
    }
    let (steps_last, length_ms) = stretches[stretch];
    let (steps_before, before_ms) = stretches[(start + stretches.len() - 1) % stretches.len()];
    let since_last_ms = before_ms.checked_div(steps_before).unwrap_or(0);
    (passed_ms + length_ms * (left - 1) / steps_last, passed_ms + length_ms * left / steps_last + since_last_ms)
}
