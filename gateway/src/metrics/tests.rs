use std::fmt::Write;
use std::sync::Arc;

use holdfast_engine::core::event::Figures;
use holdfast_engine::core::id::{EventNumber, Slug};
use holdfast_engine::core::settings::{Details, Settings};
use holdfast_engine::core::status::Status;
use holdfast_engine::handle::{EventDescription, EventView};
use holdfast_engine::metrics::{Kind, Metric};

use super::*;

/// The list in docs/metrics.md, of these metrics.
fn listed(metrics: &[Metric]) -> String {
    let mut list = String::from("| name | kind | labels | what it means |\n| --- | --- | --- | --- |\n");
    for Metric { name, kind, labels, description, .. } in metrics {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(list, "| `{name}` | {kind} | {} | {description} |", labels.join(", "));
    }
    list
}

#[test]
fn the_documentation_lists_all_metrics() {
    let page = include_str!("../../../docs/metrics.md");
    for metrics in [holdfast_engine::metrics::names::ALL, names::ALL] {
        let expected = listed(metrics);
        assert!(page.contains(&expected), "docs/metrics.md must have this list:\n\n{expected}");
    }
}

#[test]
fn names_follow_the_conventions() {
    let all = holdfast_engine::metrics::names::ALL.iter().chain(names::ALL);
    let mut seen = std::collections::BTreeSet::new();
    for Metric { name, kind, unit, labels, .. } in all {
        assert!(seen.insert(name), "{name} is there twice");
        assert!(name.starts_with("holdfast_"), "{name}");
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        if let Some(unit) = unit {
            let unit = unit.as_str();
            assert!(name.trim_end_matches("_total").ends_with(&format!("_{unit}")), "{name} is in {unit}");
        }
        for label in *labels {
            assert!(!["user", "session", "hold", "booking", "address"].contains(label), "{name} by {label}");
        }
    }
}

fn view(id: &str, status: Status, (available, held, booked, waiting): (u32, u32, u32, u32)) -> Arc<EventView> {
    let description = EventDescription {
        number: EventNumber(1),
        id: Slug::new(id).expect("a slug"),
        details: Details::default(),
        settings: Settings::default(),
        status,
        version: 1,
        ticket_types: Box::new([]),
    };
    let figures = Figures { capacity: available + held + booked, available, held, booked, waiting };
    Arc::new(EventView {
        description: Arc::new(description),
        figures: Box::new([figures, figures]),
        standing: Default::default(),
        next_expiry_at_ms: None,
        seq: 1,
    })
}

#[test]
fn the_newest_live_events_have_series_and_the_others_are_summed() {
    let views = [
        view("oldest", Status::OnSale, (1, 0, 0, 0)),
        view("gala", Status::OnSale, (5, 3, 2, 7)),
        view("over", Status::Closed, (0, 0, 4, 0)),
        view("next", Status::Scheduled, (6, 0, 0, 1)),
    ];
    let mut text = String::new();
    events::render(&views, 2, &mut text);
    let series: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let expected = [
        r#"holdfast_event_capacity_tickets{event="next"} 12"#,
        r#"holdfast_event_capacity_tickets{event="gala"} 20"#,
        r#"holdfast_event_capacity_tickets{event="(other)"} 10"#,
        r#"holdfast_event_tickets{event="next",state="available"} 12"#,
        r#"holdfast_event_tickets{event="next",state="held"} 0"#,
        r#"holdfast_event_tickets{event="next",state="booked"} 0"#,
        r#"holdfast_event_tickets{event="gala",state="available"} 10"#,
        r#"holdfast_event_tickets{event="gala",state="held"} 6"#,
        r#"holdfast_event_tickets{event="gala",state="booked"} 4"#,
        r#"holdfast_event_tickets{event="(other)",state="available"} 2"#,
        r#"holdfast_event_tickets{event="(other)",state="held"} 0"#,
        r#"holdfast_event_tickets{event="(other)",state="booked"} 8"#,
        r#"holdfast_event_waiting_users{event="next"} 2"#,
        r#"holdfast_event_waiting_users{event="gala"} 14"#,
        r#"holdfast_event_waiting_users{event="(other)"} 0"#,
    ];
    assert_eq!(series, expected);
}

#[test]
fn no_event_can_be_called_as_the_others_are() {
    assert!(Slug::new("(other)").is_none());
}
