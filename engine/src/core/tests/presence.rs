//! Who is not there is passed over, keeps the place, and is first again on return.

use super::check;

#[test]
fn who_is_absent_is_passed_over_and_first_again_on_return() {
    check(
        "event general=2 presence_seconds=300
        ann hold 1
        zoe hold 1
        bob join          -> waits at 1 for 1
        cay join          -> waits at 2 for 1
        advance 299s
        cay place
        advance 1s
        dan join          -> waits at 3 for 1
        cay join          -> still waits at 2 for 1
        ann release #1    -> released #1 1
        changes           -> hold_released #1 ann, waiter_skipped bob, hold_placed #3 cay
        bob place         -> at 1 for 1
        dan place         -> at 2 for 1
        bob join          -> still waits at 1 for 1
        changes           -> waiter_returned bob
        zoe release #2    -> released #2 1
        changes           -> hold_released #2 zoe, hold_placed #4 bob",
    );
}

#[test]
fn presence_ends_at_the_very_millisecond() {
    check(
        "event general=1 presence_seconds=300
        ann hold 1
        bob join
        cay join
        advance 299.999s
        ann release #1
        changes           -> hold_released #1 ann, hold_placed #2 bob",
    );
    check(
        "event general=1 presence_seconds=300
        ann hold 1
        bob join
        cay join
        advance 300s
        ann release #1
        changes           -> hold_released #1 ann, waiter_skipped bob, waiter_skipped cay",
    );
}

#[test]
fn zero_seconds_pass_nobody_over() {
    check(
        "event general=1 presence_seconds=0 hold_seconds=600
        ann hold 1
        bob join
        advance 600s
        changes           -> hold_expired #1 ann, hold_placed #2 bob",
    );
}

#[test]
fn while_nobody_in_line_is_there_passers_by_are_served() {
    check(
        "event general=1 presence_seconds=60
        ann hold 1
        bob join
        advance 60s
        ann release #1    -> released #1 1
        changes           -> hold_released #1 ann, waiter_skipped bob
        cay book 1        -> booked #2 1 direct",
    );
}

#[test]
fn a_return_is_served_at_once_where_tickets_are_free() {
    check(
        "event general=1 presence_seconds=60
        ann hold 1
        bob join
        advance 60s
        ann release #1
        bob join          -> has #2 1 until 660s left 600s extensions 2 from queue
        changes           -> waiter_returned bob, hold_placed #2 bob",
    );
}

#[test]
fn an_absent_head_that_wants_more_than_is_free_blocks_nobody() {
    check(
        "event general=2 presence_seconds=60
        ann hold 1
        zoe book 1
        bob join 2
        advance 30s
        cay join 1
        ann release #1
        changes           -> hold_released #1 ann
        advance 30s
        changes           -> waiter_skipped bob, hold_placed #3 cay",
    );
}

#[test]
fn the_end_of_a_session_is_no_return() {
    check(
        "event general=1 presence_seconds=60
        ann hold 1
        bob join
        advance 60s
        ann release #1
        bob logout        -> ended, 0 holds and 1 places given back
        changes           -> queue_left bob",
    );
}
