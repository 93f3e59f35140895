//! Tables for people.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

/// How wide a table may get, in columns; longer cells are wrapped.
const WIDTH_MAX: u16 = 120;

/// A column: its heading, and whether it has numbers.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    heading: &'static str,
    alignment: CellAlignment,
}

/// A column of texts.
pub const fn text(heading: &'static str) -> Column {
    Column { heading, alignment: CellAlignment::Left }
}

/// A column of numbers.
pub const fn number(heading: &'static str) -> Column {
    Column { heading, alignment: CellAlignment::Right }
}

/// Rows under their headings, aligned. The cells must be clean.
pub fn render(columns: &[Column], rows: &[Vec<String>]) -> String {
    let mut table = plain();
    table.set_header(columns.iter().map(|column| cell(column.heading, column)));
    table.add_rows(rows.iter().map(|row| row.iter().zip(columns).map(|(text, column)| cell(text, column))));
    finished(&table)
}

/// Names with their values, a line each. The values must be clean.
pub fn pairs(rows: &[(&str, String)]) -> String {
    let mut table = plain();
    table.add_rows(rows.iter().map(|(name, value)| [Cell::new(name), Cell::new(value)]));
    finished(&table)
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH_MAX);
    table
}

fn cell(text: &str, column: &Column) -> Cell {
    Cell::new(text).set_alignment(column.alignment)
}

fn finished(table: &Table) -> String {
    table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::{number, pairs, render, text};

    #[test]
    fn columns_are_aligned_by_what_they_have() {
        let rows = [vec!["gala".to_owned(), "5".to_owned()], vec!["ball".to_owned(), "1000".to_owned()]];
        assert_eq!(render(&[text("EVENT"), number("FREE")], &rows), "EVENT  FREE\ngala      5\nball   1000\n");
        assert_eq!(
            pairs(&[("status", "on_sale".to_owned()), ("held", "2".to_owned())]),
            "status  on_sale\nheld    2\n"
        );
    }

    #[test]
    fn long_cells_are_wrapped() {
        let rows = [vec!["x ".repeat(200), "1".to_owned()]];
        let table = render(&[text("NAME"), number("FREE")], &rows);
        assert!(table.lines().count() > 2 && table.lines().all(|line| line.len() <= 120), "{table}");
    }
}
