//! What a command prints: words for people, or the API's own objects, a line each.

use std::io::Write;

use serde_json::Value;

use super::client::{Client, Query};
use super::failure::OperatorError;
use super::table::{self, Column};
use super::words::clean_json;

/// How many rows a table has before the next one begins: a list can be longer than memory should be.
const ROWS_PER_TABLE: usize = 1_000;

/// Where a command's report goes, and in which form.
pub struct Report<'streams> {
    output: &'streams mut dyn Write,
    notes: &'streams mut dyn Write,
    is_json: bool,
}

/// How the items of a list are shown.
pub struct Layout {
    /// The headings.
    pub columns: &'static [Column],
    /// The cells of an item, which must be clean.
    pub row: fn(&Value) -> Vec<String>,
    /// What is said of a list without items.
    pub nothing: &'static str,
}

impl<'streams> Report<'streams> {
    /// A report in words, or as JSON.
    pub fn new(output: &'streams mut dyn Write, notes: &'streams mut dyn Write, is_json: bool) -> Report<'streams> {
        Report { output, notes, is_json }
    }

    /// An object of the API, or what `words` makes of it.
    pub fn object(&mut self, value: &Value, words: impl FnOnce(&Value) -> String) -> Result<(), OperatorError> {
        if self.is_json { self.json(value) } else { self.say(&words(value)) }
    }

    /// Something that is done and has no object: nothing as JSON.
    pub fn done(&mut self, words: &str) -> Result<(), OperatorError> {
        if self.is_json { Ok(()) } else { self.say(words) }
    }

    /// A line that goes beside what was asked for.
    pub fn note(&mut self, line: &str) -> Result<(), OperatorError> {
        writeln!(self.notes, "holdfast: {line}").map_err(OperatorError::Output)
    }

    /// All items of a list, or the first `limit`: as JSON a line each, at once.
    pub fn list(
        &mut self,
        client: &Client,
        path: &str,
        query: &Query<'_>,
        limit: Option<u64>,
        layout: &Layout,
    ) -> Result<(), OperatorError> {
        let (mut rows, mut is_empty) = (Vec::new(), true);
        client.each_item(path, query, limit, &mut |item| {
            is_empty = false;
            if self.is_json {
                return self.json(item);
            }
            rows.push((layout.row)(item));
            if rows.len() < ROWS_PER_TABLE { Ok(()) } else { self.flush(&mut rows, layout) }
        })?;
        match (self.is_json, is_empty) {
            (false, true) => self.say(layout.nothing),
            _ => self.flush(&mut rows, layout),
        }
    }

    /// Does the same to several things, and tells of each that is refused; the others are done all the same.
    pub fn each<T: std::fmt::Display>(
        &mut self,
        targets: &[T],
        mut act: impl FnMut(&mut Report<'streams>, &T) -> Result<(), OperatorError>,
    ) -> Result<(), OperatorError> {
        let mut first_exit_code = None;
        for target in targets {
            match act(self, target) {
                Ok(()) => {}
                Err(OperatorError::Refused(refusal)) if refusal.is_of_one() => {
                    self.note(&format!("{target}: {refusal}"))?;
                    first_exit_code = first_exit_code.or(Some(OperatorError::Refused(refusal).exit_code()));
                }
                Err(error) => return Err(error),
            }
        }
        first_exit_code.map_or(Ok(()), |exit_code| Err(OperatorError::Told { exit_code }))
    }

    fn flush(&mut self, rows: &mut Vec<Vec<String>>, layout: &Layout) -> Result<(), OperatorError> {
        if rows.is_empty() {
            return Ok(());
        }
        let text = table::render(layout.columns, rows);
        rows.clear();
        self.say(&text)
    }

    fn json(&mut self, value: &Value) -> Result<(), OperatorError> {
        self.say(&(clean_json(value) + "\n"))
    }

    fn say(&mut self, text: &str) -> Result<(), OperatorError> {
        self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush()).map_err(OperatorError::Output)
    }
}
