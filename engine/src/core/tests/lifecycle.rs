//! The lifecycle table of the page cell by cell; clocks that stop; time that is given back.

use super::check;

#[test]
fn the_public_does_not_see_a_draft() {
    check(
        "event general=2 status=draft lobby=1
        ann login        -> refused event_not_found
        ann login 1      -> refused event_not_found
        ann join         -> refused event_not_found
        ann hold 1       -> refused event_not_found
        ann hold 1 wait  -> refused event_not_found
        ann book 1       -> refused event_not_found
        ann confirm #1   -> refused event_not_found
        ann release #1   -> refused event_not_found
        ann extend #1    -> refused event_not_found
        ann leave        -> refused event_not_found
        admin capacity 3 -> done
        show             -> available 3 held 0 booked 0 waiting 0",
    );
}

#[test]
fn a_scheduled_event_without_lobby_takes_nobody() {
    check(
        "event general=2 status=scheduled opens_at=100s
        ann login        -> refused not_on_sale opens 100s
        ann join         -> refused not_on_sale opens 100s
        ann hold 1       -> refused not_on_sale opens 100s
        ann hold 1 wait  -> refused not_on_sale opens 100s
        ann book 1       -> refused not_on_sale opens 100s
        ann leave        -> refused queue_entry_not_found
        show             -> available 2 held 0 booked 0 waiting 0",
    );
}

#[test]
fn a_scheduled_event_with_lobby_takes_the_line_and_nothing_else() {
    check(
        "event general=2 status=scheduled lobby=1
        ann login        -> waits at 1 for 1
        bob join 1       -> waits at 2 for 1
        cay hold 1 wait  -> waits at 3 for 1
        dan hold 1       -> refused not_on_sale
        dan book 1       -> refused not_on_sale
        bob leave        -> left at 2 for 1
        show             -> available 2 held 0 booked 0 waiting 2",
    );
}

#[test]
fn the_opening_grants_the_lobby_in_fifo_order() {
    check(
        "event general=2 status=scheduled lobby=1
        ann login
        bob login
        cay login
        open      -> done
        changes   -> status_changed, hold_placed #1 ann, hold_placed #2 bob
        cay place -> at 1 for 1
        ann login -> has #1 1 until 600s left 600s extensions 2 from queue",
    );
}

#[test]
fn opens_at_opens_the_sale_by_itself_at_exactly_that_time() {
    check(
        "event general=1 status=scheduled lobby=1 opens_at=100s
        ann join        -> waits at 1 for 1
        advance 99s
        advance 999ms
        show            -> available 1 held 0 booked 0 waiting 1
        bob hold 1      -> refused not_on_sale opens 100s
        advance 1ms
        changes         -> status_changed, hold_placed #1 ann
        admin see #1    -> held #1 1 until 700s",
    );
}

#[test]
fn a_command_at_the_opening_finds_the_sale_open_even_before_a_timer_fires() {
    check(
        "event general=1 status=draft opens_at=100s
        schedule
        wheel late
        advance 100s
        bob hold 1 -> held #1 1 until 700s",
    );
}

#[test]
fn an_event_on_sale_does_everything() {
    check(
        "event general=2
        ann login          -> held #1 1 until 600s left 600s extensions 2 from login
        bob hold 1         -> held #2 1 until 600s left 600s extensions 2 from request
        cay join           -> waits at 1 for 1
        ann confirm #1     -> booked #1 1 from hold
        bob release #2     -> released #2 1 until 600s
        changes            -> hold_released #2 bob, hold_placed #3 cay
        show               -> available 0 held 1 booked 1 waiting 0",
    );
}

#[test]
fn who_joins_while_tickets_are_free_gets_them_at_once() {
    check(
        "event general=1
        ann join -> held #1 1 until 600s left 600s extensions 2 from queue
        bob join -> waits at 1 for 1",
    );
}

#[test]
fn a_paused_event_takes_the_line_and_grants_nothing() {
    check(
        "event general=3
        ann hold 1
        pause
        bob hold 1       -> refused sale_paused
        bob book 1       -> refused sale_paused
        bob join 1       -> waits at 1 for 1
        cay login        -> waits at 2 for 1
        dan hold 1 wait  -> waits at 3 for 1
        show             -> available 2 held 1 booked 0 waiting 3
        resume           -> done
        changes          -> status_changed, clocks_shifted, hold_placed #2 bob, hold_placed #3 cay
        dan place        -> at 1 for 1",
    );
}

#[test]
fn a_pause_lets_live_holds_be_confirmed_and_released_and_the_ticket_waits() {
    check(
        "event general=2
        ann hold 1
        bob hold 1
        cay join
        pause
        ann confirm #1 -> booked #1 1 from hold
        bob release #2 -> released #2 1
        changes        -> hold_released #2 bob
        show           -> available 1 held 0 booked 1 waiting 1
        ann cancel #1  -> cancelled #1 1
        show           -> available 2 held 0 booked 0 waiting 1
        resume
        changes        -> status_changed, clocks_shifted, hold_placed #3 cay",
    );
}

#[test]
fn a_pause_stops_the_clocks_and_its_end_moves_every_deadline_by_its_length() {
    check(
        "event general=2
        ann hold 1       -> held #1 1 until 600s left 600s
        advance 100s
        bob hold 1       -> held #2 1 until 700s left 600s
        advance 400s
        pause
        advance 1000s
        admin see #1     -> held #1 1 until 1600s left 100s
        admin see #2     -> held #2 1 until 1700s left 200s
        resume
        admin see #1     -> held #1 1 until 1600s left 100s
        advance 99s
        advance 999ms
        admin see #1     -> held #1 1 until 1600s left 0.001s
        advance 1ms
        changes          -> hold_expired #1 ann
        admin see #2     -> held #2 1 until 1700s left 100s",
    );
}

#[test]
fn pauses_add_up() {
    check(
        "event general=1
        ann hold 1   -> held #1 1 until 600s
        pause
        advance 10s
        resume
        pause
        advance 20s
        resume
        admin see #1 -> held #1 1 until 630s left 600s",
    );
}

#[test]
fn a_hold_placed_after_a_pause_has_its_full_length_and_no_more() {
    check(
        "event general=2
        pause
        advance 1000s
        resume
        ann hold 1   -> held #1 1 until 1600s left 600s
        advance 600s
        changes      -> hold_expired #1 ann",
    );
}

#[test]
fn a_hold_released_in_a_pause_keeps_the_deadline_it_showed() {
    check(
        "event general=2
        ann hold 1     -> held #1 1 until 600s
        bob hold 1     -> held #2 1 until 600s
        pause
        advance 50s
        admin see #1   -> held #1 1 until 650s
        ann release #1 -> released #1 1 until 650s
        bob confirm #2 -> booked #2 1 from hold
        admin see #2   -> confirmed #2 1 until 650s
        advance 50s
        resume
        admin see #1   -> released #1 1 until 650s",
    );
}

#[test]
fn an_ended_hold_keeps_its_deadline_through_later_shifts() {
    check(
        "event general=3
        ann hold 1
        bob hold 1
        cay hold 1
        ann release #1 -> released #1 1 until 600s
        bob confirm #2 -> booked #2 1 from hold
        advance 600s
        changes        -> hold_expired #3 cay
        pause
        advance 1000s
        resume
        down 60s
        admin see #1   -> released #1 1 until 600s left 0s extensions 0
        admin see #2   -> confirmed #2 1 until 600s left 0s extensions 0
        admin see #3   -> expired #3 1 until 600s left 0s extensions 0",
    );
}

#[test]
fn a_hold_that_was_over_before_the_pause_gets_nothing_from_it() {
    check(
        "event general=1
        ann hold 1
        wheel late
        advance 650s
        pause
        advance 50s
        admin see #1 -> expired #1 1 until 600s left 0s
        wheel on time
        advance 1s
        changes      -> hold_expired #1 ann
        admin see #1 -> expired #1 1 until 600s",
    );
}

#[test]
fn closing_out_of_a_pause_shifts_the_deadlines_too() {
    check(
        "event general=1
        ann hold 1
        advance 500s
        pause
        advance 300s
        close
        changes        -> status_changed, clocks_shifted
        admin see #1   -> held #1 1 until 900s left 100s
        advance 99s
        ann confirm #1 -> booked #1 1 from hold",
    );
}

#[test]
fn a_closed_event_takes_nobody_and_drops_the_line() {
    check(
        "event general=1
        ann hold 1
        bob join
        cay join
        close            -> done
        changes          -> status_changed, queue_dropped bob, queue_dropped cay
        dan login        -> refused sale_closed
        dan join         -> refused sale_closed
        dan hold 1       -> refused sale_closed
        dan hold 1 wait  -> refused sale_closed
        dan book 1       -> refused sale_closed
        bob leave        -> refused queue_entry_not_found
        show             -> available 0 held 1 booked 0 waiting 0",
    );
}

#[test]
fn a_closed_event_confirms_until_the_deadline_and_releases() {
    check(
        "event general=3
        ann hold 1
        bob hold 1
        cay hold 1
        close
        bob release #2 -> released #2 1
        advance 599s
        advance 999ms
        ann confirm #1 -> booked #1 1 from hold
        advance 1ms
        changes        -> hold_expired #3 cay
        cay confirm #3 -> refused hold_expired at 600s
        show           -> available 2 held 0 booked 1 waiting 0",
    );
}

#[test]
fn closes_at_closes_the_sale_by_itself_at_exactly_that_time() {
    check(
        "event general=1 closes_at=100s
        ann hold 1
        bob join
        advance 99s
        advance 999ms
        show       -> available 0 held 1 booked 0 waiting 1
        advance 1ms
        changes    -> status_changed, queue_dropped bob
        cay hold 1 -> refused sale_closed",
    );
}

#[test]
fn closes_at_passed_in_a_pause_closes_at_the_resume_and_grants_nothing() {
    check(
        "event general=1 closes_at=100s
        ann hold 1
        bob join
        pause
        advance 200s
        ann release #1
        show    -> available 1 held 0 booked 0 waiting 1
        resume
        changes -> status_changed, clocks_shifted, status_changed, queue_dropped bob
        show    -> available 1 held 0 booked 0 waiting 0",
    );
}

#[test]
fn an_opening_and_a_closing_that_both_passed_happen_in_order() {
    check(
        "event general=1 status=scheduled lobby=1 opens_at=100s closes_at=200s
        ann join
        down 300s
        changes -> status_changed, status_changed, queue_dropped ann",
    );
}

#[test]
fn a_cancelled_event_releases_holds_drops_the_line_and_cancels_bookings_with_refund_due() {
    check(
        "event general=2
        ann hold 1
        ann confirm #1
        bob hold 1
        cay join
        cancel         -> done
        changes        -> status_changed, queue_dropped cay, booking_cancelled #1 ann, hold_released #2 bob
        show           -> available 2 held 0 booked 0 waiting 0
        ann cancel #1  -> refused already_cancelled
        bob see #2     -> released #2 1 until 600s
        dan login      -> refused sale_cancelled
        dan join       -> refused sale_cancelled
        dan hold 1     -> refused sale_cancelled
        dan book 1     -> refused sale_cancelled
        bob confirm #2 -> refused already_released
        bob release #2 -> released #2 1",
    );
}

#[test]
fn an_expired_hold_of_a_cancelled_event_is_never_rescued() {
    check(
        "event general=2
        ann hold 1
        advance 600s
        cancel
        ann confirm #1 -> refused sale_cancelled
        ann extend #1  -> refused hold_expired at 600s",
    );
}

#[test]
fn every_status_but_closed_can_be_cancelled() {
    check("event general=1 status=draft\n cancel -> done");
    check("event general=1 status=scheduled\n cancel -> done");
    check("event general=1\n cancel -> done");
    check("event general=1\n pause\n cancel -> done");
    check("event general=1\n close\n cancel -> refused invalid_transition from closed to cancelled");
    check("event general=1\n cancel\n cancel -> done");
}

#[test]
fn impossible_steps_name_both_ends() {
    check(
        "event general=1 status=draft
        pause    -> refused invalid_transition from draft to paused
        close    -> refused invalid_transition from draft to closed
        schedule -> done
        schedule -> done
        pause    -> refused invalid_transition from scheduled to paused
        close    -> refused invalid_transition from scheduled to closed
        open     -> done
        schedule -> refused invalid_transition from on_sale to scheduled
        close    -> done
        open     -> refused invalid_transition from closed to on_sale
        pause    -> refused invalid_transition from closed to paused",
    );
}

#[test]
fn downtime_is_given_back_to_live_holds() {
    check(
        "event general=2
        ann hold 1     -> held #1 1 until 600s
        bob hold 1     -> held #2 1 until 600s
        bob release #2
        advance 500s
        down 200s
        changes        -> clocks_shifted
        admin see #1   -> held #1 1 until 800s left 100s
        admin see #2   -> released #2 1 until 600s
        cay hold 1     -> held #3 1 until 1300s left 600s
        advance 100s
        changes        -> hold_expired #1 ann",
    );
}

#[test]
fn downtime_is_given_back_up_to_its_bound_and_not_at_all_where_switched_off() {
    check(
        "event general=1
        ann hold 1
        down 1000s credit 600s
        admin see #1 -> held #1 1 until 1200s left 200s
        down 100s credit 0s
        admin see #1 -> held #1 1 until 1200s left 100s
        down 200s credit 0s
        changes      -> hold_expired #1 ann",
    );
}

#[test]
fn downtime_in_a_pause_is_part_of_the_pause() {
    check(
        "event general=1
        ann hold 1
        advance 100s
        pause
        advance 100s
        down 1000s credit 600s
        changes      -> none
        advance 100s
        resume
        admin see #1 -> held #1 1 until 1800s left 500s",
    );
}

#[test]
fn a_closed_event_gives_downtime_back() {
    check(
        "event general=1
        ann hold 1
        close
        down 700s credit 600s
        ann confirm #1 -> booked #1 1 from hold",
    );
}

#[test]
fn only_an_event_without_any_hold_or_booking_ever_can_be_removed() {
    check(
        "event general=1
        ann hold 1
        ann release #1
        admin delete -> refused event_in_use",
    );
    check(
        "event general=1
        ann book 1
        ann cancel #1
        admin delete -> refused event_in_use",
    );
    check(
        "event general=1 status=draft
        admin delete     -> done
        changes          -> event_deleted
        ann hold 1       -> refused event_not_found
        admin capacity 2 -> refused event_not_found
        admin create     -> refused event_not_found",
    );
}

#[test]
fn an_event_in_whose_line_somebody_waits_cannot_be_removed_before_it_is_cancelled() {
    check(
        "event general=0
        ann join
        admin delete           -> refused event_in_use
        changes                -> none
        ann place              -> at 1 for 1
        cancel                 -> done
        changes                -> status_changed, queue_dropped ann
        admin delete           -> done",
    );
}

#[test]
fn removing_an_event_with_a_key_and_asking_it_again_breaks_nothing() {
    check(
        "event general=1 status=draft
        admin key=k1 delete     -> done
        changes                 -> event_deleted
        admin key=k1 delete     -> refused event_not_found
        admin key=k2 capacity 2 -> refused event_not_found
        ann key=k1 hold 1       -> refused event_not_found
        changes                 -> none",
    );
}

#[test]
fn an_event_of_the_same_id_cannot_be_created_again() {
    check(
        "event general=1
        admin create -> refused event_exists",
    );
}
