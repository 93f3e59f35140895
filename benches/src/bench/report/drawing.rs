//! Drawing a plot as SVG.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;

use crate::error::LoadError;

/// The size of a plot, in pixels: so small that a phone shows its words large enough.
pub const SIZE: (u32, u32) = (600, 420);
/// Colours that people who see few of them tell apart, too: those of Okabe and Ito, and grey.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(70, 70, 70),
];
/// The font of all words: whatever the reader has.
const FONT: &str = "sans-serif";
/// The size of words beside the title, in pixels.
const WORDS: u32 = 16;
/// The height of a row of the legend, in pixels.
const ROW: i32 = 22;
/// How long the line beside a name of the legend is, in pixels.
const DASH: i32 = 24;
/// About how wide a character is, in pixels.
const CHARACTER: i32 = 8;
/// The lengths of a decade that ticks are at.
const TICKS_OF_A_DECADE: [f64; 3] = [1.0, 2.0, 5.0];
/// More ticks than these are not read.
const TICKS_MAX: usize = 8;

/// A line of a plot.
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// An axis of a plot.
pub struct Axis {
    /// What it shows, with the unit.
    pub name: String,
    /// Whether equal distances are equal factors. All values are above 0 then.
    pub is_log: bool,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Where it has lines, and what stands there.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis with ticks at round numbers.
    pub fn new(name: &str, is_log: bool, from: f64, to: f64) -> Axis {
        let ticks = if is_log { ticks_of_factors(from, to) } else { ticks_of_distances(from, to) };
        let ticks = ticks.into_iter().map(|at| (at, short(at))).collect();
        Axis { name: name.to_owned(), is_log, from, to, ticks }
    }

    /// The upward axis that has room for all of `lines`; from 0 on where it is not logarithmic.
    pub fn of_values(name: &str, is_log: bool, lines: &[Line]) -> Axis {
        let values = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).filter(|y| !is_log || *y > 0.0);
        let (lowest, highest) = values.fold((f64::MAX, 0.0_f64), |(low, high), y| (low.min(y), high.max(y)));
        let highest = if highest > 0.0 { highest } else { 1.0 };
        match is_log {
            true => Axis::new(name, true, lowest.min(highest) / 1.5, highest * 1.5),
            false => Axis::new(name, false, 0.0, highest * 1.1),
        }
    }

    /// What stands at a tick.
    fn word(&self, at: f64) -> String {
        self.ticks.iter().find(|(tick, _)| *tick == at).map_or(String::new(), |(_, word)| word.clone())
    }
}

/// An axis as plotters takes it.
struct Scale<'a>(&'a Axis);

impl Ranged for Scale<'_> {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let Axis { is_log, from, to, .. } = self.0;
        let place = |value: f64| if *is_log { value.log10() } else { value };
        let share = (place(*value) - place(*from)) / (place(*to) - place(*from));
        first + (share * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Only the ticks have lines; nothing is between them.
        let has_lines = !hint.weight().allow_light_points();
        self.0.ticks.iter().map(|(at, _)| *at).filter(|_| has_lines).collect()
    }

    fn range(&self) -> Range<f64> {
        self.0.from..self.0.to
    }
}

/// A plot that is to be drawn.
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// The axis to the right.
    pub x: Axis,
    /// The axis upwards.
    pub y: Axis,
    /// What is drawn.
    pub lines: Vec<Line>,
}

impl Plot {
    /// Draws it.
    ///
    /// # Errors
    ///
    /// What cannot be drawn, as a sentence.
    pub fn draw(&self) -> Result<String, LoadError> {
        let mut text = String::new();
        let drawn = self.draw_into(&mut text);
        drawn.map_err(|error| LoadError::new(format!("{} cannot be drawn: {error}", self.title)))?;
        Ok(text)
    }

    fn draw_into(&self, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let whole = SVGBackend::with_string(text, SIZE).into_drawing_area();
        whole.fill(&WHITE)?;
        let area = self.draw_legend(&whole.titled(&self.title, (FONT, 19))?)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(24)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d(Scale(&self.x), Scale(&self.y))?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.12))
            .label_style((FONT, WORDS))
            .axis_desc_style((FONT, WORDS))
            .x_desc(&self.x.name)
            .y_desc(&self.y.name)
            .x_label_formatter(&|at| self.x.word(*at))
            .y_label_formatter(&|at| self.y.word(*at))
            .draw()?;
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            chart.draw_series(LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)))?;
        }
        whole.present()?;
        Ok(())
    }

    /// Draws the names of the lines, where there are several, in rows at the top of `area`. Returns what is left below.
    fn draw_legend<'text>(&self, area: &Area<'text>) -> Result<Area<'text>, Box<dyn std::error::Error>> {
        if self.lines.len() < 2 {
            return Ok(area.clone());
        }
        let (mut across, mut down) = (ROW, 0);
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            let width = DASH + CHARACTER * line.name.len() as i32 + ROW;
            if across + width > SIZE.0 as i32 {
                (across, down) = (ROW, down + ROW);
            }
            let dash = vec![(across, down + ROW / 2), (across + DASH, down + ROW / 2)];
            area.draw(&PathElement::new(dash, colour.stroke_width(3)))?;
            area.draw(&Text::new(line.name.clone(), (across + DASH + 6, down + 3), (FONT, WORDS)))?;
            across += width;
        }
        Ok(area.split_vertically(down + ROW).1)
    }
}

/// What is drawn on.
type Area<'text> = DrawingArea<SVGBackend<'text>, Shift>;

/// Plots one below the other, as one picture.
pub fn stacked(plots: &[String]) -> String {
    let (width, height) = (SIZE.0, SIZE.1 * plots.len() as u32);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n"
    );
    for (number, plot) in (0..).zip(plots) {
        text += &plot.replacen("<svg ", &format!("<svg y=\"{}\" ", number * SIZE.1), 1);
    }
    text + "</svg>\n"
}

/// Ticks at round numbers, equally far apart.
fn ticks_of_distances(from: f64, to: f64) -> Vec<f64> {
    let least = (to - from) / TICKS_MAX as f64;
    let decade = 10_f64.powf(least.log10().floor());
    let step = TICKS_OF_A_DECADE.iter().chain([&10.0]).map(|length| length * decade).find(|step| *step >= least);
    let step = step.unwrap_or(10.0 * decade);
    let first = (from / step).ceil() as i64;
    (first..).map(|number| number as f64 * step).take_while(|at| *at <= to).collect()
}

/// Ticks at 1, 10, 100 …, and between them where there are few.
fn ticks_of_factors(from: f64, to: f64) -> Vec<f64> {
    let decades = from.log10().floor() as i32..=to.log10().ceil() as i32;
    let within = |at: &f64| (from..=to).contains(at);
    let all: Vec<f64> = decades
        .clone()
        .flat_map(|decade| TICKS_OF_A_DECADE.map(|length| length * 10_f64.powi(decade)))
        .filter(within)
        .collect();
    if all.len() <= TICKS_MAX {
        return all;
    }
    decades.map(|decade| 10_f64.powi(decade)).filter(within).collect()
}

/// A round number in few characters.
fn short(value: f64) -> String {
    let (value, unit) = match value.abs() {
        million if million >= 1e6 => (value / 1e6, " M"),
        thousand if thousand >= 1e3 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    // As many digits as a tick has, without those that nothing stands behind.
    let text = format!("{value:.4}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_at_round_numbers() {
        let words = |axis: Axis| axis.ticks.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ");
        assert_eq!(words(Axis::new("x", false, 0.0, 10.0)), "0 2 4 6 8 10");
        assert_eq!(words(Axis::new("x", false, 0.0, 27_500.0)), "0 5 k 10 k 15 k 20 k 25 k");
        assert_eq!(words(Axis::new("x", true, 0.4, 25.0)), "0.5 1 2 5 10 20");
        assert_eq!(words(Axis::new("x", true, 0.01, 2e6)), "0.01 0.1 1 10 100 1 k 10 k 100 k 1 M");
    }

    #[test]
    fn a_plot_has_its_title_axes_and_legend() {
        let line = |name: &str, factor: f64| Line {
            name: name.to_owned(),
            points: (1..=4).map(|x| (f64::from(x), factor * f64::from(x))).collect(),
        };
        let lines = vec![line("hold", 1.0), line("confirm", 20.0)];
        let y = Axis::of_values("latency, ms", true, &lines);
        let plot = Plot { title: "a plot".to_owned(), x: Axis::new("time, s", false, 0.0, 4.0), y, lines };
        let drawn = plot.draw().expect("a plot");
        assert!(drawn.starts_with("<svg ") && drawn.trim_end().ends_with("</svg>"));
        for word in ["a plot", "time, s", "latency, ms", "hold", "confirm", "50"] {
            assert!(drawn.contains(&format!("\n{word}\n")), "{word} is missing in {drawn}");
        }
        for colour in ["#0072B2", "#D55E00"] {
            let drawn_in = drawn.matches(&format!("stroke=\"{colour}\"")).count();
            assert_eq!(drawn_in, 2, "a line and its part of the legend in {colour}: {drawn}");
        }
    }
}
