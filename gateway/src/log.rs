//! The log: a line for whatever an operator should know, on standard error. docs/logs.md says what is in it.
//!
//! [`RequestLog`] gives each line of a request its id, and says what came of the request where that is worth a line:
//! `log/admin_action.rs` what an organiser did, `log/refusals.rs` a sample of what was refused. `log/line_counter.rs` counts,
//! and `log/span_fields.rs` writes what is known of the request.

mod admin_action;
mod line_counter;
mod refusals;
mod request;
mod span_fields;

use std::io::IsTerminal;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogLevel};
use span_fields::SpanFields;

pub use admin_action::ActedOn;
pub use line_counter::count_lines_from_zero;
pub use refusals::RefusalSampler;
pub use request::{RequestLog, note_organiser, standard_method};

/// The most lines that wait to be written. More are lost, rather than that the sale waits for whoever reads the log.
const LINES_WAITING_MAX: usize = 8_192;

/// Begins the log of this process. To be called once. What is returned is to be kept until the end: going away, it has the
/// lines written that wait, for a second at the most.
///
/// Warnings and errors are written at once: the process may be about to end. All else is written by a thread of its own, for
/// the journal's thread, too, has something to log.
pub fn start(config: &LogConfig) -> WorkerGuard {
    let waiting = NonBlockingBuilder::default().buffered_lines_limit(LINES_WAITING_MAX).lossy(true);
    let (aside, guard) = waiting.thread_name("holdfast-log").finish(std::io::stderr());
    let to_terminal = std::io::stderr().is_terminal();
    let writer = std::io::stderr.with_max_level(Level::WARN).or_else(aside);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(to_terminal);
    let lines = if config.format.is_json(to_terminal) {
        // A request has one span, which says all that there is to say: no list of them.
        lines.json().with_span_list(false).fmt_fields(SpanFields).boxed()
    } else {
        lines.boxed()
    };
    tracing_subscriber::registry().with(lines).with(line_counter::LineCounter).with(wanted(config.level)).init();
    guard
}

/// Of our own crates what the operator wants. Of all others warnings and errors at the most: what a library of HTTP or TLS
/// writes in order to be debugged has heads and bodies in it, and with them tokens and passwords.
fn wanted(level: LogLevel) -> Targets {
    let level = LevelFilter::from(level);
    // It stands for the engine's crate too: targets are compared by how they begin.
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("holdfast", level)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::{LogLevel, wanted};

    #[test]
    fn others_write_warnings_and_errors_at_the_most() {
        let rows = [
            (LogLevel::Off, "holdfast::server", Level::ERROR, false),
            (LogLevel::Off, "hyper::proto", Level::ERROR, false),
            (LogLevel::Error, "holdfast::server", Level::ERROR, true),
            (LogLevel::Error, "holdfast::server", Level::WARN, false),
            (LogLevel::Error, "hyper::proto", Level::WARN, false),
            (LogLevel::Info, "holdfast::server", Level::INFO, true),
            (LogLevel::Info, "holdfast_engine::journal", Level::INFO, true),
            (LogLevel::Info, "hyper::proto", Level::INFO, false),
            (LogLevel::Trace, "holdfast_engine::journal", Level::TRACE, true),
            (LogLevel::Trace, "hyper::proto", Level::WARN, true),
            (LogLevel::Trace, "hyper::proto", Level::INFO, false),
            (LogLevel::Trace, "rustls::client", Level::TRACE, false),
        ];
        for (configured, target, level, expected) in rows {
            assert_eq!(wanted(configured).would_enable(target, &level), expected, "{configured:?} {target} {level}");
        }
    }
}
