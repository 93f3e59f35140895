//! Counts the lines that an operator should look at.

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::metrics::names::LOG_LINES;

/// Counts warnings and errors that are written.
pub(super) struct LineCounter;

impl<S: Subscriber> Layer<S> for LineCounter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if let Some(level) = counted(*event.metadata().level()) {
            LOG_LINES.count(&[("level", level)]).increment(1);
        }
    }
}

/// Shows both counts from the start, so that their first lines are a rise. To be called once there is a recorder.
pub fn count_lines_from_zero() {
    for level in [Level::ERROR, Level::WARN].into_iter().filter_map(counted) {
        LOG_LINES.count(&[("level", level)]).increment(0);
    }
}

fn counted(level: Level) -> Option<&'static str> {
    match level {
        Level::ERROR => Some("error"),
        Level::WARN => Some("warn"),
        _ => None,
    }
}
