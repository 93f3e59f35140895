//! The line: strictly first come, first served.

use super::{check, rows};

#[test]
fn a_user_has_one_entry_a_type_and_never_an_earlier_place() {
    check(
        "event general=0 vip=0
        ann join        -> waits at 1 for 1 general
        bob join 2      -> waits at 2 for 2 general
        ann join        -> still waits at 1 for 1 general
        bob join 1      -> still waits at 2 for 2 general
        bob hold 1 wait -> still waits at 2 for 2 general
        ann join vip    -> waits at 1 for 1 vip
        ann leave       -> left at 1 for 1 general
        ann join        -> waits at 2 for 1 general
        bob place       -> at 1 for 2 general",
    );
}

#[test]
fn every_way_in_which_tickets_come_free_grants_to_the_head_in_the_same_step() {
    check(
        "event general=3
        ann hold 1
        bob hold 1
        cay book 1
        dan join
        eve join
        fay join
        gil join
        ann release #1   -> released #1 1
        changes          -> hold_released #1 ann, hold_placed #4 dan
        cay cancel #3    -> cancelled #3 1
        changes          -> booking_cancelled #3 cay, hold_placed #5 eve
        advance 600s
        changes          -> hold_expired #2 bob, hold_expired #4 dan, hold_expired #5 eve, hold_placed #6 fay, hold_placed #7 gil
        hal hold 1
        ian join
        admin capacity 4 -> done
        changes          -> capacity_changed, hold_placed #9 ian",
    );
}

#[test]
fn a_grant_is_a_full_length_hold_counted_from_the_grant() {
    check(
        "event general=1
        ann hold 1
        bob join
        advance 250s
        ann release #1
        admin see #2 -> held #2 1 until 850s left 600s extensions 2 from queue, bob session 2 since 250s",
    );
}

#[test]
fn no_passer_by_takes_a_ticket_while_somebody_waits() {
    check(
        "event general=2
        ann hold 1
        bob join 2
        cay join 2
        dan hold 1       -> refused queue_ahead ahead 2
        dan book 1       -> refused queue_ahead ahead 2
        cay hold 1       -> refused queue_ahead ahead 1
        cay book 1       -> refused queue_ahead ahead 1
        dan hold 1 wait  -> waits at 3 for 1
        show             -> available 1 held 1 booked 0 waiting 3",
    );
}

#[test]
fn a_line_of_one_type_holds_up_nobody_of_another() {
    check(
        "event general=0 vip=2
        ann join
        bob hold 1     -> refused queue_ahead ahead 1
        bob hold 1 vip -> held #1 1 vip
        ann hold 1 vip -> held #2 1 vip",
    );
}

#[test]
fn a_head_that_wants_more_than_is_free_blocks_those_behind() {
    check(
        "event general=3
        ann hold 3
        bob join 2
        cay join 1
        ann hold 2     -> has #1 2 until 600s
        show           -> available 1 held 2 booked 0 waiting 2
        ann hold 1     -> has #1 1 until 600s
        changes        -> hold_amended #1 ann, hold_placed #2 bob
        show           -> available 0 held 3 booked 0 waiting 1
        ann release #1
        changes        -> hold_released #1 ann, hold_placed #3 cay",
    );
}

#[test]
fn a_head_with_a_minimum_takes_fewer() {
    check(
        "event general=3
        ann hold 3
        bob join 3 min 2
        cay join 1
        ann hold 2   -> has #1 2
        show         -> available 1 held 2 booked 0 waiting 2
        ann hold 1   -> has #1 1
        admin see #2 -> held #2 2
        show         -> available 0 held 3 booked 0 waiting 1",
    );
}

#[test]
fn who_is_first_in_line_may_take_fewer_and_the_next_ones_turn_comes_in_the_same_step() {
    check(
        "event general=4
        ann hold 2
        bob join 3
        cay join 1
        dan join 1
        bob hold 1 -> held #2 1 until 600s left 600s extensions 2 from request
        changes    -> hold_placed #2 bob, waiter_served bob, hold_placed #3 cay
        dan place  -> at 1 for 1
        show       -> available 0 held 4 booked 0 waiting 1",
    );
}

#[test]
fn who_is_first_in_line_may_book_fewer_and_the_next_ones_turn_comes_in_the_same_step() {
    check(
        "event general=4
        ann hold 2
        bob join 3
        cay join 1
        bob book 1 -> booked #2 1 direct
        changes    -> booking_placed #2 bob, waiter_served bob, hold_placed #3 cay
        show       -> available 0 held 3 booked 1 waiting 0",
    );
}

#[test]
fn leaving_lets_those_behind_come_forward() {
    check(
        "event general=2
        ann hold 1
        bob join 2
        cay join 1
        dan join 1
        cay place -> at 2 for 1
        bob leave -> left at 1 for 2
        changes   -> queue_left bob, hold_placed #2 cay
        dan place -> at 1 for 1
        bob leave -> refused queue_entry_not_found",
    );
}

#[test]
fn leaving_without_a_type_leaves_the_first_line_in_which_the_user_stands() {
    check(
        "event general=1 vip=0
        ann join vip
        ann leave general -> refused queue_entry_not_found
        ann leave nowhere -> refused ticket_type_not_found
        ann leave         -> left at 1 for 1 vip",
    );
}

#[test]
fn who_was_granted_and_let_it_expire_goes_to_the_end() {
    check(
        "event general=1
        ann hold 1
        bob join
        cay join
        advance 600s
        changes      -> hold_expired #1 ann, hold_placed #2 bob
        ann place    -> nothing
        ann join     -> waits at 2 for 1
        advance 600s
        changes      -> hold_expired #2 bob, hold_placed #3 cay
        bob place    -> nothing
        bob join     -> waits at 2 for 1",
    );
}

#[test]
fn who_has_a_hold_does_not_stand_in_line_for_that_type() {
    check(
        "event general=1
        ann hold 1
        bob join
        ann join        -> has #1 1
        ann hold 1 wait -> has #1 1
        show            -> available 0 held 1 booked 0 waiting 1",
    );
}

#[test]
fn a_wish_must_fit_the_limits_to_join() {
    check(
        "event general=0 vip=9
        ann join 5      -> refused limit_reached limit 4 used 0
        ann hold 3 vip
        ann join 2      -> refused limit_reached limit 4 used 3
        ann join 1      -> waits at 1 for 1 general
        ann join 0      -> refused validation_failed quantity
        bob join 2 min 3 -> refused validation_failed min_quantity
        bob join 2 floor -> refused ticket_type_not_found",
    );
}

#[test]
fn a_grant_that_would_break_the_users_limit_drops_the_entry_and_goes_on() {
    check(
        "event general=1 vip=9
        ann hold 1
        bob join 1
        bob hold 4 vip -> held #2 4 vip
        cay join 1
        ann release #1
        changes        -> hold_released #1 ann, queue_dropped bob, hold_placed #3 cay",
    );
}

#[test]
fn a_minimum_does_not_save_an_entry_whose_share_would_break_the_limit() {
    check(
        "event general=2 vip=9
        ann hold 2
        bob join 2 min 1
        bob hold 3 vip   -> held #2 3 vip
        ann release #1
        changes          -> hold_released #1 ann, queue_dropped bob",
    );
}

#[test]
fn the_line_is_bounded() {
    check(
        "event general=0 vip=0 queue_max=2
        ann join        -> waits at 1 for 1 general
        bob join        -> waits at 2 for 1 general
        cay join        -> refused queue_full
        cay hold 1 wait -> refused queue_full
        cay join vip    -> waits at 1 for 1 vip
        ann join        -> still waits at 1 for 1 general
        ann leave
        cay join        -> waits at 2 for 1 general",
    );
}

#[test]
fn more_than_1024_grants_take_several_steps_and_keep_the_order() {
    let joins = rows(1..=1_500, |user| format!("u{user} join"));
    check(&format!(
        "event general=0
        {joins}
        admin capacity 2000 -> done
        show                -> available 976 held 1024 booked 0 waiting 476
        u1025 place         -> at 1 for 1
        advance 0s
        show                -> available 500 held 1500 booked 0 waiting 0
        admin see #1        -> held #1 1 until 600s left 600s extensions 2 from queue, u1 session
        admin see #1500     -> held #1500 1 until 600s left 600s extensions 2 from queue, u1500 session"
    ));
}

#[test]
fn no_passer_by_slips_in_between_two_steps_of_a_long_grant() {
    let joins = rows(1..=3_000, |user| format!("u{user} join"));
    check(&format!(
        "event general=0
        {joins}
        admin capacity 2500 -> done
        show                -> available 1476 held 1024 booked 0 waiting 1976
        ann hold 1          -> refused queue_ahead ahead 952
        ann book 1          -> refused queue_ahead ahead 500
        show                -> available 0 held 2500 booked 0 waiting 500"
    ));
}

#[test]
fn more_than_1024_drops_take_several_steps_and_nobody_joins_meanwhile() {
    let joins = rows(1..=1_500, |user| format!("u{user} join"));
    check(&format!(
        "event general=0
        {joins}
        close      -> done
        show       -> available 0 held 0 booked 0 waiting 476
        ann join   -> refused sale_closed
        show       -> available 0 held 0 booked 0 waiting 0"
    ));
}

#[test]
fn cancelling_an_event_with_more_than_1024_holds_bookings_and_entries_takes_several_steps() {
    let holds = rows(1..=900, |user| format!("u{user} hold 1"));
    let bookings = rows(901..=1_800, |user| format!("u{user} book 1"));
    let joins = rows(1_801..=2_700, |user| format!("u{user} join"));
    check(&format!(
        "event general=1800
        {holds}
        {bookings}
        {joins}
        cancel         -> done
        show           -> available 124 held 776 booked 900 waiting 0
        advance 0s
        show           -> available 1148 held 0 booked 652 waiting 0
        advance 0s
        advance 0s
        changes        -> none
        show           -> available 1800 held 0 booked 0 waiting 0"
    ));
}
