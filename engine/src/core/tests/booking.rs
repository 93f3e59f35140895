//! Bookings: confirmed once, rescued when late, direct, cancelled.

use super::{Row, Shell, check};
use crate::core::command::{Caller, Command, Context};
use crate::core::damping::Damping;
use crate::core::id::{HoldNumber, LoginSeq, UserNumber};
use crate::core::presence::AllPresent;
use crate::core::rejection::Rejection;

#[test]
fn confirming_works_exactly_once() {
    check(
        "event general=2
        ann hold 2
        ann confirm #1 -> booked #1 2 from hold
        ann confirm #1 -> refused already_confirmed #1
        changes        -> none
        show           -> available 0 held 0 booked 2 waiting 0",
    );
}

#[test]
fn confirming_fewer_releases_the_rest_in_the_same_step() {
    check(
        "event general=4
        ann hold 4
        bob join 1
        ann confirm #1 3 -> booked #1 3 from hold
        changes          -> hold_confirmed #1 ann, hold_placed #2 bob
        show             -> available 0 held 1 booked 3 waiting 0",
    );
}

#[test]
fn confirming_more_than_held_or_nothing_is_refused() {
    check(
        "event general=4
        ann hold 2
        ann confirm #1 3 -> refused validation_failed quantity
        ann confirm #1 0 -> refused validation_failed quantity
        show             -> available 2 held 2 booked 0 waiting 0",
    );
}

#[test]
fn confirming_needs_a_hold_of_ones_own() {
    check(
        "event general=2
        ann hold 1
        bob confirm #1 -> refused hold_not_found
        bob confirm #2 -> refused hold_not_found
        ann release #1
        ann confirm #1 -> refused already_released",
    );
}

#[test]
fn confirming_a_millisecond_before_the_deadline_needs_no_rescue() {
    check(
        "event general=1
        ann hold 1
        advance to deadline -1ms
        ann confirm #1 -> booked #1 1 from hold",
    );
}

#[test]
fn the_deadline_decides_even_where_nobody_expired_the_hold_first() {
    let mut shell = Shell::new("general=1");
    shell.run(&Row::parse("ann hold 1"));
    let expired_at_ms = shell.now_ms + 600_000;
    let caller = Caller::User { user: UserNumber(1), session: LoginSeq(1) };
    let context = Context { now_ms: expired_at_ms, caller, key: None, damping: Damping::OFF, presence: &AllPresent };
    let number = HoldNumber(1);
    for command in [Command::ConfirmHold { number, quantity: None }, Command::ExtendHold { number }] {
        let mut changes = Vec::new();
        let decision = shell.event.decide(&context, command, &mut changes);
        assert_eq!(decision.answer, Err(Rejection::HoldExpired { expired_at_ms }));
        assert!(changes.is_empty());
    }
}

#[test]
fn confirming_at_the_deadline_is_a_rescue_while_the_tickets_are_free() {
    check(
        "event general=1
        ann hold 1
        advance to deadline
        ann confirm #1 -> booked #1 1 rescued
        show           -> available 0 held 0 booked 1 waiting 0
        ann confirm #1 -> refused already_confirmed #1
        admin see #1   -> confirmed #1 1 until 600s",
    );
}

#[test]
fn a_rescue_takes_nothing_that_somebody_else_has() {
    check(
        "event general=2
        ann hold 2
        advance 600s
        bob hold 1
        ann confirm #1   -> refused hold_expired at 600s
        ann confirm #1 1 -> booked #1 1 rescued
        show             -> available 0 held 1 booked 1 waiting 0",
    );
}

#[test]
fn no_rescue_while_somebody_waits() {
    check(
        "event general=2
        ann hold 1
        bob hold 1
        cay join 2
        advance 500s
        bob extend #2
        advance 100s
        changes        -> hold_expired #1 ann
        show           -> available 1 held 1 booked 0 waiting 1
        ann confirm #1 -> refused hold_expired at 600s",
    );
}

#[test]
fn no_rescue_beyond_the_users_limit() {
    check(
        "event general=9 vip=9
        ann hold 3
        advance 600s
        ann hold 2 vip
        ann confirm #1   -> refused hold_expired at 600s
        ann confirm #1 2 -> booked #1 2 general rescued",
    );
}

#[test]
fn no_rescue_in_a_pause_or_after_the_close() {
    check(
        "event general=2
        ann hold 1
        advance 600s
        pause
        ann confirm #1 -> refused hold_expired at 600s
        close
        ann confirm #1 -> refused hold_expired at 600s",
    );
}

#[test]
fn a_rescue_with_a_late_wheel_expires_first() {
    check(
        "event general=1
        ann hold 1
        wheel late
        advance 600s
        ann confirm #1 -> booked #1 1 rescued
        changes        -> hold_expired #1 ann, hold_confirmed #1 ann",
    );
}

#[test]
fn a_rescue_works_beside_a_new_hold_of_the_same_type() {
    check(
        "event general=3
        ann hold 1
        advance 600s
        ann hold 1     -> held #2 1
        ann confirm #1 -> booked #1 1 rescued
        ann confirm #2 -> booked #2 1 from hold",
    );
}

#[test]
fn book_converts_my_live_hold_first() {
    check(
        "event general=3 vip=4
        ann hold 2 vip
        ann book       -> booked #1 2 vip from hold
        ann hold 1 vip
        ann book vip   -> booked #2 1 vip from hold
        ann book vip   -> booked #3 1 vip direct",
    );
}

#[test]
fn book_of_fewer_than_held_releases_the_rest() {
    check(
        "event general=3
        ann hold 3
        ann book 2 -> booked #1 2 from hold
        show       -> available 1 held 0 booked 2 waiting 0",
    );
}

#[test]
fn book_of_more_than_held_is_refused() {
    check(
        "event general=3
        ann hold 1
        ann book 2 -> refused validation_failed quantity",
    );
}

#[test]
fn book_names_a_type_and_leaves_the_hold_of_another_alone() {
    check(
        "event general=3 vip=3
        ann hold 2 vip
        ann book general -> booked #2 1 general direct
        show vip         -> available 1 held 2 booked 0 waiting 0",
    );
}

#[test]
fn book_without_a_hold_is_direct_if_tickets_are_free_and_nobody_waits() {
    check(
        "event general=3
        ann book 2       -> booked #1 2 direct
        bob book 2       -> refused insufficient_capacity available 1 requested 2
        bob book 2 min 1 -> booked #2 1 direct
        cay book 1       -> refused sold_out held 0
        cay join
        dan book 1       -> refused queue_ahead ahead 1
        dan book 0       -> refused validation_failed quantity",
    );
}

#[test]
fn book_after_the_deadline_is_a_direct_booking() {
    check(
        "event general=1
        ann hold 1
        wheel late
        advance 600s
        ann book 1 -> booked #2 1 direct
        changes    -> hold_expired #1 ann, booking_placed #2 ann",
    );
}

#[test]
fn book_in_a_pause_converts_a_hold_and_nothing_else() {
    check(
        "event general=3
        ann hold 1
        pause
        ann book -> booked #1 1 from hold
        ann book -> refused sale_paused",
    );
}

#[test]
fn a_booking_has_the_number_of_its_hold_and_no_number_comes_twice() {
    check(
        "event general=9 max_per_user=9
        ann hold 1     -> held #1 1
        ann confirm #1 -> booked #1 1 from hold
        ann book 1     -> booked #2 1 direct
        ann hold 1     -> held #3 1
        ann release #3
        ann hold 1     -> held #4 1",
    );
}

#[test]
fn cancelling_frees_the_tickets_to_the_line_and_marks_the_refund() {
    check(
        "event general=2
        ann book 2
        bob join 1
        advance 5s
        ann cancel #1  -> cancelled #1 2 at 5s
        changes        -> booking_cancelled #1 ann, hold_placed #2 bob
        ann cancel #1  -> refused already_cancelled
        bob cancel #1  -> refused booking_not_found
        bob cancel #2  -> refused booking_not_found
        show           -> available 1 held 1 booked 0 waiting 0",
    );
}

#[test]
fn an_organiser_cancels_anybodys_booking_even_in_a_closed_sale() {
    check(
        "event general=2
        ann book 2
        close
        admin cancel #1 -> cancelled #1 2 at 0s
        show            -> available 2 held 0 booked 0 waiting 0",
    );
}
