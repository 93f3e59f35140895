//! The unit of work, refusals and expiry, by the rules alone, with their timers.

use holdfast_benches::stage::{HOLD_SECONDS, Stage, hold_one};
use holdfast_engine::core::Rejection;
use holdfast_engine::core::presence::AllPresent;

/// How many holds there are to expire. Timers have places by their deadlines, so it is the same for each number of times.
const EXPIRING: u32 = 20_000;

/// One user holds one ticket, then confirms the hold, beside `live` other holds.
pub fn hold_and_confirm(live: u32, times: u32) {
    let mut stage = Stage::with_holds(live, u32::MAX);
    (0..times).for_each(|_| stage.unit());
}

/// A hold is asked for where all tickets are held.
pub fn refuse_sold_out(times: u32) {
    let mut stage = Stage::with_holds(1_000, 0);
    let stranger = stage.next_user();
    for _ in 0..times {
        let answer = stage.ask(stranger, hold_one(false));
        assert!(matches!(answer, Err(Rejection::SoldOut { .. })), "not sold out, but {answer:?}");
    }
}

/// Holds expire, as many in a turn as an event takes: `times` are whole turns.
pub fn expire(times: u32) {
    let mut stage = Stage::with_holds(EXPIRING, 0);
    let mut expired = stage.advance(2 * 1_000 * u64::from(HOLD_SECONDS)).len();
    while expired < times as usize {
        // Not every turn expires something: in some, the wheel only brings its timers nearer.
        assert!(stage.machine.has_more_to_do(stage.now_ms, &AllPresent), "{expired} have expired, and no more do");
        expired += stage.advance(0).len();
    }
}
