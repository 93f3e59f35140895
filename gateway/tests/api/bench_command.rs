//! `holdfast bench`: a server of its own, what it writes, and how it ends.

use serde_json::Value;

use crate::process::Place;

#[test]
fn a_server_of_its_own_is_loaded_and_told_of_in_all_ways() {
    let place = Place::new();
    let words = "bench --scenario hot-event,login-wave --units 20 --connections 2 --users 20 --tickets 5 --data . \
                 --set log.level=off --json report.json --report report.html --progress always";
    let output = place.bare_holdfast().args(words.split_whitespace()).output().expect("a program that runs");
    let [printed, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text"));
    assert_eq!(output.status.code(), Some(0), "{said}");
    for words in ["a server of its own", "20 booked, 0 held", "0 booked, 5 held, 15 waiting", "syncs of the disk"] {
        assert!(printed.contains(words), "{words} is missing in {printed}");
    }
    let report = std::fs::read(place.path("report.json")).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["command"][0], "bench");
    let [sale, wave] = [0, 1].map(|index| &report["scenarios"][index]);
    assert_eq!(sale["steps"][1]["statuses"]["201"], 20, "{sale}");
    // An event and its twenty holds and bookings, a line for each change.
    assert_eq!(sale["durability"]["changes"], 40, "{sale}");
    assert_eq!(wave["steps"][0]["statuses"]["queued"], 15, "{wave}");
    let page = std::fs::read_to_string(place.path("report.html")).expect("a page");
    assert!(page.contains("<svg ") && page.contains("--units 20"), "{page}");
    let left: Vec<_> = place.listing().into_keys().collect();
    assert_eq!(left.len(), 2, "the data directory goes with the server: {left:?}");
}

#[test]
fn what_cannot_be_run_is_refused_in_a_line() {
    let place = Place::new();
    for (words, said) in [
        ("bench --address 127.0.0.1:9", "HOLDFAST_ADMIN_TOKEN"),
        ("bench --in-process --scenario streams", "live streams are HTTP"),
        ("bench --set no.such=key --progress never", "no server: holdfast: no is not in the configuration (--set)"),
        ("bench --in-process --data missing", "a data directory cannot be made"),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        place.refuse(place.bare_holdfast().args(words), 1, &[said]);
    }
}
