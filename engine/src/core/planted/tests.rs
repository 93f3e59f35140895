//! Each planted bug is caught by the test that is named for it.

use std::process::Command;

use super::Bug;

const SIMULATION: &str = "simulation::a_simulated_sale_keeps_every_promise";
const SCRIPT: &str = "simulation::script::the_power_is_cut_at_every_operation_with_every_damage";
const ERRORS: &str = "simulation::script::an_error_at_every_operation_costs_nothing_that_was_shown";
const RETIRED: &str = "simulation::restarts::what_was_retired_is_never_missed";

/// The bugs, and which test catches each.
const CAUGHT_BY: [(Bug, &str); 40] = [
    (Bug::AnswerBeforeSync, SCRIPT),
    (Bug::FailedSyncTriedAgain, ERRORS),
    (Bug::SegmentEntryNotSynced, SCRIPT),
    (Bug::SnapshotNotSynced, RETIRED),
    (Bug::SnapshotOfUndurable, SIMULATION),
    (Bug::KeysNotInSnapshot, SIMULATION),
    (Bug::HashOrderInSnapshot, "state::tests::equal_states_have_equal_bytes"),
    (Bug::NumbersBeginAnew, SIMULATION),
    (Bug::RetiredTooEarly, RETIRED),
    (Bug::NoSealWhenIdle, "journal::tests::trouble::the_last_batch_of_an_idle_journal_has_a_witness"),
    (Bug::ChainNotChecked, "journal::tail::tests::a_whole_frame_of_another_chain_is_refused"),
    (Bug::ChecksumNotChecked, "storage::tests::every_flip_in_the_store_file_is_refused"),
    (Bug::DamageIsTheEnd, "journal::tail::tests::anything_else_is_refused"),
    (Bug::TailNotMadeDurable, SIMULATION),
    (Bug::SeqCountsRecords, "journal::tests::what_was_appended_is_replayed_after_a_clean_stop"),
    (Bug::ViewBeforeDurable, SIMULATION),
    (Bug::RepeatDoesNotWait, SIMULATION),
    (Bug::ClockStartsBehind, SIMULATION),
    (Bug::DowntimeCreditedTwice, "simulation::restarts::a_second_crash_costs_no_hold_its_downtime"),
    (Bug::GrantGetsDowntime, "simulation::restarts::what_the_line_gets_after_a_restart_has_its_full_time_and_no_more"),
    (Bug::StrayPlaceKept, "simulation::restarts::a_place_under_an_ended_session_is_not_kept_by_a_new_login"),
    (Bug::DeadlineIncluded, "core::tests::booking::the_deadline_decides_even_where_nobody_expired_the_hold_first"),
    (Bug::WheelDecides, "machine::tests::a_late_wheel_makes_no_expired_hold_confirmable"),
    (Bug::WheelEarly, "wheel::tests::every_level_boundary_is_exact"),
    (Bug::TimerLost, SIMULATION),
    (Bug::BookedShownTwice, "core::tests::oracle::the_core_does_what_the_page_says"),
    (Bug::ReleaseFreesTwice, "core::tests::oracle::the_core_does_what_the_page_says"),
    (Bug::PasserByJumpsLine, "core::tests::queue::no_passer_by_takes_a_ticket_while_somebody_waits"),
    (Bug::LastInLineServed, SIMULATION),
    (Bug::AbsentServed, "core::tests::presence::who_is_absent_is_passed_over_and_first_again_on_return"),
    (Bug::ReturnLosesPlace, "core::tests::presence::who_is_absent_is_passed_over_and_first_again_on_return"),
    (Bug::PassedOverNotInSnapshot, SIMULATION),
    (Bug::LimitPlusOne, "core::tests::holds::max_per_user_counts_held_and_booked_over_the_whole_event"),
    (Bug::KeyForgotten, SIMULATION),
    (Bug::DampedRemembered, "core::tests::damping::a_refusal_that_passes_is_no_last_word"),
    (Bug::ExpiriesWashedOut, "core::tests::damping::holding_and_releasing_does_not_wash_expiries_out"),
    (Bug::BoundWithoutExtensions, "core::tests::waiting::no_wait_outlasts_its_bound"),
    (Bug::ActNotAudited, "core::tests::auditing::an_entry_comes_after_the_changes_and_before_the_answer"),
    (Bug::TokenNotRevoked, "simulation::accounts::a_new_password_revokes_the_other_tokens_once_it_is_durable"),
    (Bug::OverdueSessionRevived, "simulation::accounts::a_request_after_its_time_does_not_bring_a_session_back"),
];

#[test]
fn the_documentation_lists_them() {
    let page = include_str!("../../../../docs/durability.md");
    let listed = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(listed, CAUGHT_BY.len());
    for (bug, test) in CAUGHT_BY {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{bug:?}` |")));
        assert!(row.is_some_and(|row| row.ends_with(&format!("| `{test}` |"))), "{bug:?}");
    }
}

#[test]
fn every_bug_is_caught() {
    let program = std::env::current_exe().expect("the test's own program");
    let mut missed = Vec::new();
    for (bug, test) in CAUGHT_BY {
        let mut run = Command::new(&program);
        run.args(["--exact", test, "--nocapture"]).env("HOLDFAST_PLANTED_BUG", format!("{bug:?}"));
        let output = run.output().expect("the test runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("running 1 test"), "no test is named {test}");
        // A failed test, or an invariant broken in a turn, which ends the process.
        if !matches!(output.status.code(), Some(101 | 70)) {
            missed.push((bug, test, output.status));
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
    println!("{} planted bugs, all caught", CAUGHT_BY.len());
}
