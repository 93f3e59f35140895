//! The line, by the rules alone.

use std::hint::black_box;

use holdfast_benches::random::Random;
use holdfast_benches::stage::Stage;
use holdfast_engine::core::id::UserNumber;

/// How many wait, before and besides what is measured.
const WAITING: u32 = 20_000;

/// A new user joins a line at its end.
pub fn join(times: u32) {
    let mut stage = Stage::with_line(1, WAITING);
    (0..times).for_each(|_| stage.join());
}

/// Somebody asks for their place in a line that has moved: how many are ahead, the estimate and the bound.
pub fn place(times: u32) {
    let (stage, mut random) = (Stage::with_moving_line(WAITING), Random::new());
    for _ in 0..times {
        black_box(stage.place_in_moving_line(random.below(u64::from(WAITING)) as u32));
    }
}

/// Somebody leaves from the midst of a line, and joins again at its end.
pub fn leave_and_join_again(times: u32) {
    let (mut stage, mut random) = (Stage::with_line(1, WAITING), Random::new());
    for _ in 0..times {
        // The user of the one hold came before the line.
        let user = UserNumber(2 + random.below(u64::from(WAITING)) as u32);
        stage.leave(user);
        stage.join_as(user);
    }
}

/// A hold is released, and whoever is first in line gets the ticket in the same step.
pub fn release_and_grant(times: u32) {
    let mut stage = Stage::with_line(WAITING, WAITING);
    // Users and holds have the same numbers: users in the order of the line get the next ones.
    (1..=times).for_each(|number| stage.release(number));
    assert_eq!(stage.machine.event().live_hold_count(), WAITING as usize);
}
