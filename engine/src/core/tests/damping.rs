//! Who lets holds expire again and again waits before the next one.

use super::{check, rows};

#[test]
fn after_three_expiries_a_user_waits_for_the_next_hold() {
    check(
        "event general=3 hold_seconds=60 damping=3
        ann hold 1
        advance 60s
        ann hold 1
        advance 60s
        ann hold 1
        advance 59.999s
        ann hold 2      -> has #3 2
        advance 1ms
        ann hold 1      -> refused rate_limited until 780s
        changes         -> none
        ann hold 1 wait -> refused rate_limited until 780s
        ann join        -> refused rate_limited until 780s
        ann login 1     -> refused rate_limited until 780s
        ann login       -> nothing new
        bob hold 1      -> held #4 1
        advance 599.999s
        ann hold 1      -> refused rate_limited until 780s
        advance 1ms
        ann hold 1      -> held #5 1",
    );
}

#[test]
fn who_pays_is_not_damped() {
    check(
        "event general=3 hold_seconds=60 damping=1
        ann hold 1
        advance 60s
        ann hold 1    -> refused rate_limited until 660s
        ann confirm #1 -> booked #1 1 rescued
        ann hold 1    -> held #2 1
        advance 60s
        ann hold 1    -> refused rate_limited until 720s
        ann book 1    -> booked #3 1 direct",
    );
}

#[test]
fn a_hold_that_is_there_and_a_place_that_is_there_stay() {
    check(
        "event general=1 vip=3 hold_seconds=60 max_extensions=9 damping=1
        bob hold 1 general
        ann join general   -> waits at 1
        ann hold 1 vip
        advance 59s
        ann extend #2
        advance 1s
        changes            -> hold_expired #1 bob, hold_placed #3 ann
        advance 60s
        ann join vip       -> refused rate_limited until 720s
        ann hold 1 general -> refused rate_limited until 720s
        bob hold 1 general -> refused rate_limited until 660s",
    );
    check(
        "event general=1 vip=3 hold_seconds=60 damping=1
        ann hold 1 vip
        cay book 1 general
        ann join general   -> waits at 1
        advance 60s
        ann join vip       -> refused rate_limited until 660s
        ann join general   -> still waits at 1
        cay cancel #2
        changes            -> booking_cancelled #2 cay, hold_placed #3 ann
        ann hold 1 general -> has #3 1
        ann extend #3      -> held #3 1
        ann confirm #3     -> booked #3 1",
    );
}

#[test]
fn expiries_that_are_far_apart_are_nobodys_business() {
    check(
        "event general=3 hold_seconds=60 damping=2 damping_window=5m
        ann hold 1
        advance 60s
        advance 241s
        ann hold 1
        advance 60s
        ann hold 1    -> held #3 1
        advance 60s
        ann hold 1    -> refused rate_limited until 1021s",
    );
}

#[test]
fn holding_and_releasing_does_not_wash_expiries_out() {
    let holds = rows(2..=40, |number| format!("ann hold 1 vip\n ann release #{number}"));
    check(&format!(
        "event general=1 vip=1 damping=1
        ann hold 1 general
        advance 600s
        advance 600s
        {holds}
        ann confirm #1 -> booked #1 1 general rescued"
    ));
    // The same with a wait that is still on: who holds and releases what they had before gets no further.
    let holds = rows(2..=18, |number| format!("ann hold 1 vip\n ann release #{number}"));
    check(&format!(
        "event general=1 vip=1 hold_seconds=60 max_hold_lifetime_seconds=60 damping=2 damping_window=1h damping_wait=1h
        ann hold 1 general
        advance 60s
        {holds}
        ann hold 1 general
        advance 60s
        ann hold 1 general -> refused rate_limited until 3720s"
    ));
}

#[test]
fn of_many_expiries_the_newest_count() {
    let expiries = rows(1..=20, |_| "ann hold 1\n advance 60s\n advance 600s".to_owned());
    check(&format!(
        "event general=1 hold_seconds=60 damping=14 damping_window=24h damping_wait=1ms
        {expiries}
        ann see #4  -> nothing
        ann see #5  -> expired #5 1
        ann hold 1
        advance 60s
        ann hold 1  -> refused rate_limited until 13260.001s"
    ));
}

#[test]
fn a_pause_does_not_move_the_end_of_a_hold_that_is_over() {
    check(
        "event general=1 hold_seconds=60 damping=1
        ann hold 1
        advance 30s
        pause
        advance 100s
        resume
        advance 29.999s
        ann hold 1    -> has #1 1
        advance 1ms
        ann hold 1    -> refused rate_limited until 760s
        pause
        advance 100s
        resume
        down 50s
        ann hold 1    -> refused rate_limited until 760s",
    );
}

#[test]
fn a_refusal_that_passes_is_no_last_word() {
    check(
        "event general=1 hold_seconds=60 damping=1
        ann hold 1
        advance 60s
        ann key=k1 hold 1 -> refused rate_limited until 660s
        changes           -> none
        advance 600s
        ann key=k1 hold 1 -> held #2 1
        ann key=k1 hold 1 -> again: held #2 1",
    );
}

#[test]
fn what_the_users_limits_forbid_is_told_first() {
    check(
        "event general=9 hold_seconds=60 damping=1
        ann hold 1
        advance 60s
        ann hold 5    -> refused limit_reached limit 4 used 0
        ann hold 4    -> refused rate_limited until 660s
        pause
        ann hold 1    -> refused sale_paused
        ann join      -> refused rate_limited until 660s",
    );
}

/// Journals of earlier builds forgot holds by number alone, and have confirmed expired ones that they still knew. An order
/// that forgets another expired hold could not replay them.
#[test]
fn of_expired_holds_the_oldest_number_is_forgotten_first() {
    let expiries = rows(3..=17, |_| "ann hold 1 vip\n advance 60s".to_owned());
    check(&format!(
        "event general=1 vip=1 hold_seconds=60 max_extensions=1
        ann hold 1 general
        ann hold 1 vip
        advance 30s
        ann extend #1
        advance 30s
        advance 30s
        {expiries}
        ann see #1     -> nothing
        ann confirm #2 -> booked #2 1 vip rescued"
    ));
}
