//! A few series for each of the newest live events. They are written from the durable views at each look, and not kept by
//! the recorder, which could not forget an event that is over: so there are never more than `metrics.events_max` events in
//! them, and what is shown of an event is of one moment.

use std::fmt::Write;
use std::sync::Arc;

use holdfast_engine::core::status::Status;
use holdfast_engine::handle::{EventView, Totals};
use holdfast_engine::metrics::Metric;

use super::names::{EVENT_CAPACITY, EVENT_TICKETS, EVENT_WAITING};

/// All other events together. No event can be called that.
const OTHER: &str = "(other)";

/// Appends the series of `views`, which are in the order of their creation.
pub(super) fn render(views: &[Arc<EventView>], events_max: usize, text: &mut String) {
    let mut shown: Vec<(&str, Totals)> = Vec::with_capacity(events_max.min(views.len()));
    let mut other = Totals::default();
    for view in views.iter().rev() {
        let is_live = matches!(view.description.status, Status::Scheduled | Status::OnSale | Status::Paused);
        if is_live && shown.len() < events_max {
            shown.push((view.description.id.as_str(), view.totals()));
        } else {
            other.add(&view.totals());
        }
    }
    shown.push((OTHER, other));
    let rows = |text: &mut String, metric: &Metric, row: &dyn Fn(&mut String, &str, &Totals)| {
        // As the recorder writes it.
        let _ = writeln!(text, "# HELP {} {}\n# TYPE {} gauge", metric.name, metric.description, metric.name);
        shown.iter().for_each(|(event, totals)| row(text, event, totals));
        text.push('\n');
    };
    rows(text, &EVENT_CAPACITY, &|text, event, totals| {
        let _ = writeln!(text, "{}{{event=\"{event}\"}} {}", EVENT_CAPACITY.name, totals.capacity);
    });
    rows(text, &EVENT_TICKETS, &|text, event, totals| {
        let states = [("available", totals.available), ("held", totals.held), ("booked", totals.booked)];
        for (state, tickets) in states {
            let _ = writeln!(text, "{}{{event=\"{event}\",state=\"{state}\"}} {tickets}", EVENT_TICKETS.name);
        }
    });
    rows(text, &EVENT_WAITING, &|text, event, totals| {
        let _ = writeln!(text, "{}{{event=\"{event}\"}} {}", EVENT_WAITING.name, totals.waiting);
    });
}
