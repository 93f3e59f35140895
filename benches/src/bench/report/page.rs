//! The report as one page: tables and plots, without anything from elsewhere.

use std::fmt::Write;

use super::{Report, plot, table};
use crate::bench::scenario::Outcome;
use crate::error::LoadError;

const STYLE: &str = "
:root { color-scheme: light; font: 16px/1.45 system-ui, sans-serif; color: #1c1c1c; background: #fff; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-top: 1px solid #ddd; padding-top: 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0 0 1rem; }
dt { color: #666; } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .3rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #eee; }
th { color: #666; font-weight: 600; } th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
svg { display: block; width: 100%; max-width: 45rem; height: auto; margin: 1rem 0; } code { overflow-wrap: anywhere; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
";

/// The page.
///
/// # Errors
///
/// A plot cannot be drawn.
pub fn of(report: &Report<'_>) -> Result<String, LoadError> {
    let command = format!("holdfast {}", report.machine.command_line.join(" "));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Holdfast under load</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Holdfast under load</h1>\n\
         <p><code>{}</code></p>\n{}",
        escaped(&command),
        list(&report.facts()),
    );
    for outcome in &report.outcomes {
        page += &section(outcome)?;
    }
    Ok(page + "</body>\n</html>\n")
}

fn section(outcome: &Outcome) -> Result<String, LoadError> {
    let cells = |tag: &str, cells: &[String]| {
        let cell = |text: &String| format!("<{tag}>{}</{tag}>", escaped(text));
        format!("<tr>{}</tr>\n", cells.iter().map(cell).collect::<String>())
    };
    let rows: String = outcome.steps.iter().map(|step| cells("td", &table::row(step))).collect();
    Ok(format!(
        "<h2>{}</h2>\n<div class=\"scroll\"><table>\n<thead>{}</thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n\
         <p>Latencies are in milliseconds.</p>\n{}{}{}",
        outcome.scenario.name(),
        cells("th", &table::HEADINGS.map(str::to_owned)),
        list(&table::notes(outcome)),
        plot::latency(outcome)?,
        plot::throughput(outcome)?,
    ))
}

fn list(rows: &[(&'static str, String)]) -> String {
    let mut list = String::from("<dl>\n");
    for (name, value) in rows {
        writeln!(list, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value)).expect("a text takes everything");
    }
    list + "</dl>\n"
}

/// Text as it stands in a page.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_in_a_page_is_taken_for_markup() {
        assert_eq!(escaped("--set a.b=\"<x>&y\""), "--set a.b=&quot;&lt;x&gt;&amp;y&quot;");
    }
}
