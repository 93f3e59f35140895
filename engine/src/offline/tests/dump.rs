use std::ops::ControlFlow;

use crate::core::id::Slug;
use crate::offline::OfflineError;
use crate::offline::dump::{DumpFilter, dump_from};
use crate::storage::EXIT_DATA;

use super::store::{Store, segment_file, snapshot_file};

/// A line for each change: seq, kind, event, ticket type, user.
fn dumped(store: &Store, filter: &DumpFilter) -> (Vec<String>, Result<(), OfflineError>) {
    let before = store.files();
    let mut lines = Vec::new();
    let result = dump_from(&store.look(), filter, &mut |dumped| {
        let entry = dumped.entry;
        let event = entry.event.as_ref().map_or("-", Slug::as_str);
        let share = entry.change.share();
        let ticket_type = dumped.event.zip(share);
        let ticket_type =
            ticket_type.map_or("-", |(event, share)| event.ticket_types()[share.ticket_type.0 as usize].id.as_str());
        let (kind, user) = (entry.change.kind(), dumped.user_name.unwrap_or("-"));
        lines.push(format!("{} {kind} {event} {ticket_type} {user}", entry.seq));
        ControlFlow::Continue(())
    });
    assert!(store.files() == before, "dump has changed something");
    (lines, result)
}

fn all(store: &Store) -> Vec<String> {
    let (lines, result) = dumped(store, &DumpFilter::default());
    result.expect("a whole journal");
    lines
}

#[test]
fn every_change_is_told_with_its_names() {
    let lines = all(&Store::new());
    assert_eq!(lines.len(), 60);
    assert_eq!(
        lines[..4],
        [
            "1 event_created gala - -",
            "2 session_opened - - user-1",
            "3 hold_placed gala general user-1",
            "4 session_opened - - user-2"
        ]
    );
    assert_eq!(lines[59], "60 session_opened - - user-30");
}

#[test]
fn an_event_and_a_range_can_be_asked_for() {
    let store = Store::new();
    let gala = DumpFilter { event: Slug::new("gala"), ..DumpFilter::default() };
    assert_eq!(dumped(&store, &gala).0.len(), 30);
    let other = DumpFilter { event: Slug::new("other"), ..DumpFilter::default() };
    assert_eq!(dumped(&store, &other).0.len(), 0);
    let range = DumpFilter { from_seq: 19, to_seq: Some(22), ..DumpFilter::default() };
    assert_eq!(dumped(&store, &range).0, all(&store)[18..22]);
    let gala_range = DumpFilter { from_seq: 59, ..gala };
    assert_eq!(dumped(&store, &gala_range).0, ["59 hold_placed gala general user-29"]);
}

#[test]
fn the_names_of_dropped_segments_come_from_a_snapshot() {
    let store = Store::new();
    let whole = all(&store);
    store.remove(&segment_file(1));
    // The snapshot of seq 40 knows the users of 21 to 40 as well.
    assert_eq!(all(&store), whole[20..]);
    store.remove(&snapshot_file(40));
    let (lines, result) = dumped(&store, &DumpFilter::default());
    let error = result.expect_err("nothing to begin with");
    assert!(lines.is_empty() && error.to_string().contains("changes are missing"), "{error}");
}

#[test]
fn what_is_valid_is_told_before_a_refusal() {
    let store = Store::new();
    store.damage_frame(3, 5);
    let (lines, result) = dumped(&store, &DumpFilter::default());
    let error = result.expect_err("damaged");
    assert_eq!((lines.len(), error.exit_code()), (45, EXIT_DATA));
    assert!(error.to_string().contains(&segment_file(3)), "{error}");

    // Who asks for less than that is not bothered with it.
    let range = DumpFilter { to_seq: Some(45), ..DumpFilter::default() };
    let (lines, result) = dumped(&store, &range);
    assert!(lines.len() == 45 && result.is_ok(), "{result:?}");

    let store = Store::new();
    store.change(&segment_file(3), |bytes| bytes[30] ^= 1);
    let (lines, result) = dumped(&store, &DumpFilter::default());
    assert_eq!((lines.len(), result.expect_err("damaged").exit_code()), (40, EXIT_DATA));
}

#[test]
fn who_has_seen_enough_ends_it() {
    let store = Store::new();
    store.damage_frame(3, 5);
    let mut seen = 0;
    let result = dump_from(&store.look(), &DumpFilter::default(), &mut |_| {
        seen += 1;
        if seen < 7 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert!(result.is_ok());
    assert_eq!(seen, 7);
}
