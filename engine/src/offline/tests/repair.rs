use crate::offline::OfflineError;
use crate::offline::repair::{RepairOutcome, RepairPlan, repair_in};
use crate::offline::snapshots::hash_of;
use crate::offline::verify::verify_in;
use crate::storage::simulated::SimulatedDisk;
use crate::storage::{EXIT_DATA, EXIT_VERSION};

use super::store::{SEGMENT_BYTES, Stop, Store, segment_file, snapshot_file, state_after};

/// What a repair without an accepted loss, and with a wrong one, says it would do. It must change nothing.
#[track_caller]
fn planned(store: &Store) -> RepairPlan {
    let before = store.files();
    let plan = |accept_loss| match repair_in(&store.look(), accept_loss) {
        Ok(RepairOutcome::NotAccepted(plan)) => plan,
        other => panic!("{other:?}"),
    };
    let planned = plan(None);
    assert_eq!(plan(Some(planned.loss() + 1)), planned);
    assert!(store.files() == before, "a refused repair has changed something");
    planned
}

/// Repairs the store, checks what a start makes of it then, and that no byte is gone.
#[track_caller]
fn repair(store: &Store, plan: &RepairPlan) {
    let before = store.files();
    let outcome = repair_in(&store.open(), Some(plan.loss())).expect("a repair that works");
    assert_eq!(outcome, RepairOutcome::Repaired(plan.clone()));
    for name in &plan.moved {
        let moved = &before[&store.path(name)];
        assert!(quarantined(store).contains(moved), "{name} is not in quarantine");
        assert_eq!(store.disk.contents(&store.path(name)), None);
    }
    assert_eq!(store.read(&plan.file).len() as u64, SEGMENT_BYTES, "the segment is as long as it was made");
    assert_eq!(verify_in(&store.look()).expect("a directory").findings, []);
    let again = repair_in(&store.look(), None).expect("a look");
    assert_eq!(again, RepairOutcome::NothingToRepair { last_seq: plan.last_seq });
    let (state, report) = store.recover();
    assert_eq!(report.last_seq, plan.last_seq);
    assert!(hash_of(&state) == hash_of(&state_after(plan.last_seq)), "another state came out");
}

/// The contents of all files in quarantine.
pub(super) fn quarantined(store: &Store) -> Vec<Vec<u8>> {
    let files = store.files().into_iter();
    files.filter(|(path, _)| path.to_string_lossy().contains("/quarantine/")).map(|(_, bytes)| bytes).collect()
}

#[track_caller]
fn check_unrepairable(store: &Store, exit_code: u8, words: &[&str]) {
    let before = store.files();
    let error = repair_in(&store.look(), Some(0)).expect_err("no repair");
    assert_eq!(error.exit_code(), exit_code, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word:?} is not in: {error}");
    }
    assert!(store.files() == before, "a refused repair has changed something");
}

#[test]
fn what_a_start_accepts_is_left_alone() {
    let store = Store::new();
    let last = *store.frames(3).last().expect("a frame");
    for cut in [false, true] {
        if cut {
            store.change(&segment_file(3), |bytes| bytes[last + 40..].fill(0));
        }
        let before = store.files();
        let outcome = repair_in(&store.look(), Some(7)).expect("a look");
        assert_eq!(outcome, RepairOutcome::NothingToRepair { last_seq: if cut { 59 } else { 60 } });
        assert!(store.files() == before);
    }
}

#[test]
fn a_segment_that_lost_its_end_gets_its_length_back() {
    for more in [0, 100] {
        let store = Store::new();
        let last = *store.frames(3).last().expect("a frame");
        store.change(&segment_file(3), |bytes| bytes.truncate(last + more));
        let plan = planned(&store);
        assert!(plan.refusal.contains("its end is missing"), "{}", plan.refusal);
        assert_eq!((plan.offset, plan.last_seq), (last as u64, 59));
        repair(&store, &plan);
    }
}

#[test]
fn damage_with_valid_frames_behind_it_costs_what_they_tell() {
    let store = Store::new();
    store.damage_frame(3, 5);
    let plan = planned(&store);
    assert_eq!((plan.last_seq, plan.known_seq, plan.loss()), (45, 60, 15));
    assert_eq!((plan.file.as_str(), plan.offset), (segment_file(3).as_str(), store.frames(3)[5] as u64));
    assert_eq!(plan.moved, [""; 0]);
    assert!(plan.refusal.contains("durable up to seq"), "{}", plan.refusal);
    let behind = store.read(&plan.file)[plan.offset as usize..].to_vec();
    repair(&store, &plan);
    let kept = quarantined(&store);
    assert!(kept.len() == 1 && behind.starts_with(&kept[0]), "what was cut off is in quarantine");
}

#[test]
fn a_damaged_last_frame_costs_what_its_header_tells_or_nothing_that_is_known() {
    let store = Store::new();
    let last = store.frames(3).len() - 1;
    store.damage_frame(3, last);
    let plan = planned(&store);
    assert_eq!((plan.last_seq, plan.loss()), (59, 1));
    repair(&store, &plan);

    let store = Store::new();
    let offset = store.frames(3)[last];
    store.change(&segment_file(3), |bytes| bytes[offset + 10] ^= 1);
    let plan = planned(&store);
    assert_eq!((plan.last_seq, plan.loss()), (59, 0));
    repair(&store, &plan);
}

#[test]
fn later_segments_and_newer_snapshots_go_too() {
    let store = Store::new();
    // So close to its end that a start has to read it: the snapshot at 40 stands on the frame behind.
    store.damage_frame(2, 18);
    let plan = planned(&store);
    assert_eq!((plan.last_seq, plan.known_seq), (38, 60));
    assert_eq!(plan.moved, [segment_file(3), snapshot_file(40)]);
    repair(&store, &plan);
}

#[test]
fn without_the_newest_snapshot_earlier_damage_counts_too() {
    let store = Store::new();
    store.damage_frame(1, 10);
    store.damage_frame(2, 18);
    store.change(&snapshot_file(20), |bytes| bytes[50] ^= 1);
    let plan = planned(&store);
    assert_eq!((plan.last_seq, plan.known_seq), (10, 60));
    assert_eq!(plan.moved, [segment_file(2), segment_file(3), snapshot_file(20), snapshot_file(40)]);
    repair(&store, &plan);
}

#[test]
fn a_missing_or_headless_later_segment_costs_all_from_there_on() {
    let store = Store::new();
    store.remove(&segment_file(2));
    let plan = planned(&store);
    assert_eq!((plan.last_seq, plan.known_seq), (20, 60));
    assert_eq!(plan.moved, [segment_file(3), snapshot_file(40)]);
    repair(&store, &plan);

    let store = Store::new();
    store.change(&segment_file(3), |bytes| bytes[30] ^= 1);
    let plan = planned(&store);
    assert_eq!((plan.last_seq, plan.known_seq), (40, 60));
    assert_eq!(plan.moved, [segment_file(3)]);
    repair(&store, &plan);
}

#[test]
fn a_journal_that_ends_before_its_snapshot_is_gone_back_to() {
    let store = Store::new();
    store.remove(&segment_file(3));
    let cut_at = store.frames(2)[15];
    store.change(&segment_file(2), |bytes| bytes[cut_at..].fill(0));
    let plan = planned(&store);
    assert_eq!((plan.last_seq, plan.known_seq), (35, 40));
    assert_eq!(plan.moved, [snapshot_file(40)]);
    repair(&store, &plan);
}

#[test]
fn a_damaged_snapshot_still_tells_by_its_name_how_far_the_journal_went() {
    let store = Store::new();
    store.remove(&segment_file(3));
    let cut_at = store.frames(2)[15];
    store.change(&segment_file(2), |bytes| {
        bytes.truncate(cut_at);
        bytes.resize(SEGMENT_BYTES as usize, 0);
    });
    store.change(&snapshot_file(40), |bytes| bytes[100] ^= 1);
    let plan = planned(&store);
    assert!(plan.refusal.contains("the snapshot stands at seq 40"), "{}", plan.refusal);
    assert_eq!((plan.last_seq, plan.loss()), (35, 5));
    repair(&store, &plan);
}

#[test]
fn a_snapshot_of_another_history_is_moved_out_of_the_way() {
    let store = Store::new();
    store.change(&snapshot_file(20), |bytes| {
        bytes[52] ^= 1;
        let checksum = crc32c::crc32c(&bytes[..72]).to_le_bytes();
        bytes[72..76].copy_from_slice(&checksum);
    });
    store.damage_frame(2, 18);
    let plan = planned(&store);
    assert_eq!((plan.last_seq, plan.known_seq), (38, 60));
    assert_eq!(plan.moved, [segment_file(3), snapshot_file(20), snapshot_file(40)]);
    repair(&store, &plan);
}

#[test]
fn what_truncation_does_not_help_is_refused() {
    let store = Store::new();
    store.change(&segment_file(1), |bytes| bytes[30] ^= 1);
    check_unrepairable(&store, EXIT_DATA, &["cannot be repaired", &segment_file(1), "restore a backup"]);

    // Nothing that the journal reaches back to is left in front of the damage.
    let store = Store::new();
    store.remove(&segment_file(1));
    store.remove(&snapshot_file(20));
    store.damage_frame(2, 18);
    check_unrepairable(&store, EXIT_DATA, &["cannot be repaired", &segment_file(2)]);

    let store = Store::new();
    for file in [segment_file(1), segment_file(2), snapshot_file(20), snapshot_file(40)] {
        store.remove(&file);
    }
    check_unrepairable(&store, EXIT_DATA, &["cannot be repaired", "changes are missing"]);

    let store = Store::new();
    store.change(&segment_file(3), |bytes| {
        bytes[8] = 9;
        let checksum = crc32c::crc32c(&bytes[..88]).to_le_bytes();
        bytes[88..92].copy_from_slice(&checksum);
    });
    check_unrepairable(&store, EXIT_VERSION, &["format 9"]);
}

#[test]
fn files_of_another_store_are_not_repaired() {
    let store = Store::new();
    let other = Store { disk: SimulatedDisk::new(99) };
    drop(other.open());
    store.disk.put(&store.path("STORE"), &other.read("STORE"));
    let error = repair_in(&store.look(), Some(0)).expect_err("no repair");
    assert!(matches!(error, OfflineError::Snapshot(_)), "{error}");
    assert_eq!(error.exit_code(), EXIT_DATA);
}

#[test]
fn a_second_repair_keeps_what_the_first_one_set_aside() {
    let store = Store::new();
    store.change(&segment_file(3), |bytes| bytes[30] ^= 1);
    repair(&store, &planned(&store));
    let first = quarantined(&store);
    // The numbers of segments come again: this writes another segment 3, and others behind it.
    store.run(10, Stop::Killed);
    store.change(&segment_file(3), |bytes| bytes[30] ^= 1);
    repair(&store, &planned(&store));
    let kept = quarantined(&store);
    assert!(kept.len() > first.len() && first.iter().all(|file| kept.contains(file)));
}
