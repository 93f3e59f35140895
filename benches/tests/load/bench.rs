//! Every scenario of `holdfast bench` with a few units of work: what is measured, what is told, and that books which differ
//! from the event's figures are an error.

use std::collections::BTreeMap;

use holdfast_benches::bench::arguments::BenchArguments;
use holdfast_benches::bench::books::Books;
use holdfast_benches::bench::machine::Machine;
use holdfast_benches::bench::report::{Report, json, page, plot, table};
use holdfast_benches::bench::request::{Meaning, Offer, Request};
use holdfast_benches::bench::scenario::{self, Outcome};
use holdfast_benches::bench::scenarios::Scenario;
use holdfast_benches::bench::target::Target;
use holdfast_benches::program::ADMIN_TOKEN;
use holdfast_benches::sale::Offering;
use holdfast_benches::venue::slug;

use crate::server;

/// A little of everything; a test adds what it is about.
const LITTLE: &str = "--connections 4 --users 20 --tickets 6 --streams 4 --progress never";

/// The arguments in `words`, with the little.
fn arguments(words: &str) -> BenchArguments {
    let words = format!("{LITTLE} {words}");
    BenchArguments::parse(&words.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>()).expect("legal words")
}

/// The same words, and how many units there are where they do not say it.
fn with_units(words: &str) -> String {
    if words.contains("--units") { words.to_owned() } else { format!("{words} --units 24") }
}

/// Runs a scenario on an engine in this process.
async fn run_in_process(scenario: Scenario, words: &str) -> Outcome {
    let arguments = arguments(&format!("--in-process {}", with_units(words)));
    let target = Target::open(&arguments, None).expect("an engine");
    let outcome = scenario::run(scenario, &arguments, &target).await.expect("an outcome");
    target.close().await;
    outcome
}

/// Runs a scenario on a server in this process.
async fn run_over_http(scenario: Scenario, words: &str) -> Outcome {
    let data = tempfile::tempdir().expect("a temporary directory");
    let server = server::start(&data).await;
    let arguments = arguments(&format!("--address {} {}", server.address(), with_units(words)));
    let target = Target::open(&arguments, Some(ADMIN_TOKEN)).expect("a server");
    let outcome = scenario::run(scenario, &arguments, &target).await.expect("an outcome");
    server.stop().await;
    outcome
}

/// How many of each step were measured.
fn counts(outcome: &Outcome) -> BTreeMap<&'static str, u64> {
    outcome.steps.iter().map(|step| (step.label, step.count())).collect()
}

#[track_caller]
fn check_counts(outcome: &Outcome, expected: &[(&'static str, u64)]) {
    assert_eq!(counts(outcome), expected.iter().copied().collect());
    for step in &outcome.steps {
        assert_eq!(step.statuses.values().sum::<u64>(), step.count(), "{} has statuses for all", step.label);
    }
}

#[track_caller]
fn check_ledger(outcome: &Outcome, expected: &str) {
    assert!(outcome.ledger.ends_with(expected), "{}, not {expected}", outcome.ledger);
}

#[tokio::test]
async fn a_hot_event_is_held_and_confirmed() {
    for outcome in [run_in_process(Scenario::HotEvent, "").await, run_over_http(Scenario::HotEvent, "").await] {
        check_counts(&outcome, &[("hold", 24), ("confirm", 24)]);
        check_ledger(&outcome, "24 booked, 0 held, 0 waiting");
    }
}

#[tokio::test]
async fn batches_keys_and_an_open_loop_do_the_same_work() {
    for words in ["--batch 3", "--keys", "--batch 5 --keys", "--rate 2000", "--rate 2000 --batch 2"] {
        for outcome in [run_in_process(Scenario::HotEvent, words).await, run_over_http(Scenario::HotEvent, words).await]
        {
            check_counts(&outcome, &[("hold", 24), ("confirm", 24)]);
            check_ledger(&outcome, "24 booked, 0 held, 0 waiting");
        }
    }
}

#[tokio::test]
async fn the_load_goes_on_beside_live_holds_and_a_line() {
    let words = "--live-holds 300 --waiting 7";
    for outcome in [run_in_process(Scenario::HotEvent, words).await, run_over_http(Scenario::HotEvent, words).await] {
        check_counts(&outcome, &[("hold", 24), ("confirm", 24)]);
        check_ledger(&outcome, "24 booked, 300 held, 7 waiting");
    }
}

#[tokio::test]
async fn many_events_are_all_looked_at_in_the_end() {
    let words = "--events 10";
    for outcome in [run_in_process(Scenario::ManyEvents, words).await, run_over_http(Scenario::ManyEvents, words).await]
    {
        check_counts(&outcome, &[("hold", 24), ("confirm", 24)]);
        check_ledger(&outcome, "all 10 events have what was acknowledged: 24 booked, 0 held, 0 waiting");
    }
}

#[tokio::test]
async fn a_wave_of_logins_gets_all_tickets_and_a_line() {
    for outcome in [run_in_process(Scenario::LoginWave, "").await, run_over_http(Scenario::LoginWave, "").await] {
        check_counts(&outcome, &[("login", 20)]);
        let statuses: Vec<_> = outcome.steps[0].statuses.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(statuses, [("held", 6), ("queued", 14)]);
        check_ledger(&outcome, "0 booked, 6 held, 14 waiting");
    }
}

#[tokio::test]
async fn a_sale_with_a_line_ends_with_its_last_ticket() {
    let words = "--waiting 3";
    for outcome in [run_in_process(Scenario::SellOut, words).await, run_over_http(Scenario::SellOut, words).await] {
        let counts = counts(&outcome);
        assert_eq!(counts["hold or join the line"], 20);
        assert_eq!(counts["confirm"], 6, "each ticket is booked once: {counts:?}");
        let given_back = counts.get("release").copied().unwrap_or_default();
        assert_eq!(counts.get("release until granted").copied().unwrap_or_default(), given_back, "{counts:?}");
        let waiting = 14 + 3 - given_back;
        check_ledger(&outcome, &format!("6 booked, 0 held, {waiting} waiting"));
    }
}

#[tokio::test]
async fn holds_that_end_together_leave_their_tickets_to_others() {
    for (waiting, held) in [(0, 0), (4, 4), (9, 6)] {
        let outcome = run_in_process(Scenario::ExpiryCliff, &format!("--waiting {waiting}")).await;
        let counts = counts(&outcome);
        for label in ["before, same event", "before, neighbour", "after, same event", "after, neighbour"] {
            assert_eq!(counts[label], 24, "12 units of two steps: {counts:?}");
        }
        let booked: u64 =
            outcome.ledger.split(' ').find_map(|word| word.parse().ok().filter(|count| *count > 6)).expect("bookings");
        check_ledger(&outcome, &format!("{booked} booked, {held} held, {} waiting", waiting - held));
        assert!(outcome.notes.contains(&("granted to the line", held.to_string())), "{:?}", outcome.notes);
    }
}

#[tokio::test]
async fn most_of_a_mixed_load_is_looks() {
    let words = "--units 400 --waiting 5 --events 3";
    for outcome in [run_in_process(Scenario::Mixed, words).await, run_over_http(Scenario::Mixed, words).await] {
        let counts = counts(&outcome);
        assert_eq!(counts.values().sum::<u64>(), 400, "{counts:?}");
        let looks: u64 = counts.iter().filter(|(label, _)| label.starts_with("look")).map(|(_, count)| count).sum();
        assert!((320..400).contains(&looks), "nine of ten: {counts:?}");
        let refused = outcome.steps.iter().flat_map(|step| step.statuses.keys()).find(|status| status.starts_with('4'));
        assert_eq!(refused, None);
        assert!(outcome.ledger.ends_with("5 waiting"), "{}", outcome.ledger);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_told_what_is_booked() {
    let outcome = run_over_http(Scenario::Streams, "--units 40").await;
    let bookings = outcome.notes.iter().find(|(name, _)| *name == "bookings").map(|(_, count)| count.clone());
    let bookings: u64 = bookings.and_then(|count| count.parse().ok()).expect("a number");
    assert_eq!(counts(&outcome)["any change told"], 4 * bookings, "each change to each of four streams");
    check_ledger(&outcome, &format!("{bookings} booked, 0 held, 0 waiting"));
}

#[tokio::test]
async fn syncs_are_counted_in_process() {
    let outcome = run_in_process(Scenario::HotEvent, "").await;
    let durability = outcome.durability.expect("the engine's own metrics");
    assert_eq!(durability.changes, 48, "a hold and a booking for each of 24 units");
    assert!((1..=48).contains(&durability.syncs), "{durability:?}");
}

#[tokio::test]
async fn what_was_acknowledged_and_is_not_there_is_an_error() {
    let arguments = arguments("--in-process --units 24");
    let target = Target::open(&arguments, None).expect("an engine");
    let offering = Offering::new("gala");
    target.organiser().await.expect("an organiser").put_on_sale(&offering).await.expect("a legal event");
    let books = Books::new(&[offering]);
    books.check(&target).await.expect("nothing is sold on either side");
    let offer = Offer { account: 0, event: slug("gala"), ticket_type: None };
    books.enter(&Request::Hold { offer: &offer, wait: false }, Meaning::Held { number: 1, is_fresh: true });
    let error = books.check(&target).await.expect_err("a hold that never was").to_string();
    assert!(error.contains("gala") && error.contains("were acknowledged"), "{error}");
    target.close().await;
}

#[tokio::test]
async fn a_report_tells_everything_as_table_json_page_and_plot() {
    let arguments = arguments("--in-process --units 24");
    let machine = Machine { command_line: vec!["bench".into(), "--<x>".into()], ..Machine::of_this_process("9.8.7") };
    let target = Target::open(&arguments, None).expect("an engine");
    let mut report = Report::new(&arguments, &machine, &target);
    for scenario in [Scenario::HotEvent, Scenario::LoginWave] {
        report.outcomes.push(scenario::run(scenario, &arguments, &target).await.expect("an outcome"));
    }
    target.close().await;

    assert!(report.head().contains("Holdfast 9.8.7") && report.head().contains("closed loop, 4 connections, 24 units"));
    let told = table::of(&report.outcomes[0]);
    for words in ["hot-event", "p99.9", "hold ", "done: 24", "syncs of the disk", "24 booked, 0 held"] {
        assert!(told.contains(words), "{words} is missing in {told}");
    }
    let told = json::of(&report);
    assert_eq!((&told["version"], &told["scenarios"][0]["steps"][1]["step"]), (&"9.8.7".into(), &"confirm".into()));
    assert_eq!(told["scenarios"][0]["steps"][0]["statuses"]["done"], 24);
    assert_eq!(told["scenarios"][1]["steps"][0]["statuses"]["queued"], 14);
    let percentiles = told["scenarios"][0]["steps"][0]["latency_percentiles_ms"].as_array().expect("a list");
    assert_eq!(percentiles.last().map(|pair| pair[0].clone()), Some(100.0.into()));
    assert!(percentiles.is_sorted_by_key(|pair| pair[1].as_f64().map(|value| (value * 1e6) as u64)));
    let told = page::of(&report).expect("a page");
    for words in ["<title>Holdfast under load</title>", "--&lt;x&gt;", "<h2>login-wave</h2>", "held: 6, queued: 14"] {
        assert!(told.contains(words), "{words} is missing");
    }
    assert_eq!(told.matches("<svg ").count(), 4, "two plots for each scenario");
    assert!(!told.contains("src=") && !told.contains("href="), "nothing comes from elsewhere");
    let told = plot::all(&report).expect("plots");
    assert_eq!(told.matches("<svg ").count(), 5, "four, and the one they are in");
}
