//! What is printed: one table in Markdown, a row a goal.

use crate::goals::goal::{Bound, Goal, Measured, Unit, Value};
use crate::statistics::Spread;

/// The head of the table.
pub const HEAD: &str = "| level | goal | measured, median (lowest–highest) | ratio | | command |\n\
                        | --- | --- | ---: | ---: | --- | --- |";

/// The row of a goal. The ratio is that to what it is compared with, or else to the bound.
pub fn row(goal: &Goal, measured: Option<&Measured>) -> String {
    let (figure, ratio, verdict) = match (&goal.value, measured) {
        (_, None) => (String::new(), String::new(), "not measured: see the command".to_owned()),
        (Value::Figure(_, unit) | Value::Ratio(_, _, unit), Some(measured)) => {
            (shown(measured.figure, *unit), ratio(goal, measured, *unit), verdict(goal.bound, measured))
        }
    };
    let mut commands: Vec<String> = Vec::new();
    for source in goal.value.sources() {
        let command = format!("`{}`", source.run);
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    format!("| {} | {} | {figure} | {ratio} | {verdict} | {} |", goal.level, goal.text, commands.join(", "))
}

fn shown(figure: Spread, Unit { name, size, digits }: Unit) -> String {
    let in_unit = |value: f64| value / size;
    let Spread { median, lowest, highest } = figure;
    let figure = Spread { median: in_unit(median), lowest: in_unit(lowest), highest: in_unit(highest) };
    format!("{figure:.digits$} {name}")
}

fn ratio(goal: &Goal, measured: &Measured, unit: Unit) -> String {
    match (measured.ratio, goal.bound) {
        (Some(ratio), _) => format!("{ratio:.2}"),
        (None, Bound::AtLeast(bound) | Bound::AtMost(bound)) => {
            format!("{:.2} of {} {}", measured.figure.median / bound, bound / unit.size, unit.name)
        }
        (None, Bound::Told) => String::new(),
    }
}

fn verdict(bound: Bound, measured: &Measured) -> String {
    match bound.is_met(measured) {
        Some(true) => "met".to_owned(),
        Some(false) => "**missed**".to_owned(),
        None => "told".to_owned(),
    }
}
