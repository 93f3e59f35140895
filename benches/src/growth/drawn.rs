//! A curve as a plot, and its figures as JSON.

use serde_json::{Value, json};

use crate::bench::report::drawing::{Axis, Line, Plot, stacked};
use crate::error::LoadError;
use crate::growth::curve::Curve;
use crate::growth::measuring::Round;
use crate::statistics::median;

/// All rounds of one point.
#[derive(Clone, Debug)]
pub struct Point {
    /// How far it had grown.
    pub at: u32,
    /// The command, behind `holdfast bench`.
    pub command: String,
    /// What each round came to.
    pub rounds: Vec<Round>,
}

impl Point {
    /// The median of a figure of all rounds.
    fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median(&self.rounds.iter().map(figure).collect::<Vec<f64>>())
    }
}

/// The plot: answers a second, and below them p99 of each step; medians of the rounds.
///
/// # Errors
///
/// It cannot be drawn.
pub fn plot(curve: Curve, points: &[Point]) -> Result<String, LoadError> {
    let line = |name: &str, figure: &dyn Fn(&Round) -> f64| Line {
        name: name.to_owned(),
        points: points.iter().map(|point| (place(curve, point.at), point.median(figure))).collect(),
    };
    let rates = vec![line("answers a second", &|round| round.per_second)];
    let latencies: Vec<Line> =
        (0..).zip(curve.timed()).map(|(index, label)| line(label, &|round: &Round| round.p99_ms[index])).collect();
    let above = Plot {
        title: curve.title().to_owned(),
        x: axis(curve, points),
        y: Axis::of_values("answers a second", false, &rates),
        lines: rates,
    };
    let below = Plot {
        title: "What 99 of 100 answers stay below".to_owned(),
        x: axis(curve, points),
        y: Axis::of_values("p99, ms", false, &latencies),
        lines: latencies,
    };
    Ok(stacked(&[above.draw()?, below.draw()?]))
}

/// The figures: for each point the medians, and each round with its whole report.
pub fn figures(curve: Curve, points: &[Point]) -> Value {
    let round =
        |round: &Round| json!({ "per_second": round.per_second, "p99_ms": p99(curve, &|index| round.p99_ms[index]) });
    let point = |point: &Point| {
        json!({
            "at": point.at,
            "command": format!("holdfast bench {}", point.command),
            "per_second": point.median(|round| round.per_second),
            "p99_ms": p99(curve, &|index| point.median(|round| round.p99_ms[index])),
            "rounds": point.rounds.iter().map(round).collect::<Vec<Value>>(),
        })
    };
    let of_first =
        |name: &str| points.first().and_then(|point| point.rounds.first()).map(|round| round.report[name].clone());
    json!({
        "curve": curve.name(),
        "title": curve.title(),
        "grows": curve.axis(),
        "counted": curve.counted(),
        "version": of_first("version"),
        "date": of_first("date"),
        "machine": of_first("machine"),
        "durable": of_first("durable"),
        "points": points.iter().map(point).collect::<Vec<Value>>(),
    })
}

/// The latencies of the steps that are shown, by name.
fn p99(curve: Curve, figure: &dyn Fn(usize) -> f64) -> Value {
    curve.timed().iter().enumerate().map(|(index, label)| ((*label).to_owned(), json!(figure(index)))).collect()
}

/// Where a point stands: nothing at all stands a factor of ten before the first that is something.
fn place(curve: Curve, at: u32) -> f64 {
    match (curve, at) {
        (Curve::Waiting, 0) => 100.0,
        _ => f64::from(at),
    }
}

fn axis(curve: Curve, points: &[Point]) -> Axis {
    let places: Vec<f64> = points.iter().map(|point| place(curve, point.at)).collect();
    let (first, last) = (places.first().copied().unwrap_or(1.0), places.last().copied().unwrap_or(2.0));
    let mut axis = Axis::new(curve.axis(), curve.is_log(), first, last);
    for (at, word) in &mut axis.ticks {
        if points.iter().any(|point| point.at == 0 && place(curve, 0) == *at) {
            *word = "0".to_owned();
        }
    }
    if !curve.is_log() {
        axis.ticks = points.iter().map(|point| (f64::from(point.at), point.at.to_string())).collect();
    }
    axis
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(per_second: f64, p99_ms: f64) -> Round {
        Round { per_second, p99_ms: vec![p99_ms; 3], report: json!({ "version": "1" }) }
    }

    #[test]
    fn a_curve_shows_the_medians_of_its_rounds() {
        let point = |at, rates: [f64; 3]| Point {
            at,
            command: format!("--waiting {at}"),
            rounds: rates.map(|rate| round(rate, 1e3 / rate)).to_vec(),
        };
        let points = [point(0, [100.0, 300.0, 200.0]), point(1_000, [50.0, 40.0, 60.0])];
        let told = figures(Curve::Waiting, &points);
        assert_eq!(told["points"][0]["per_second"], 200.0);
        assert_eq!(told["points"][1]["p99_ms"]["release until granted"], 20.0);
        assert_eq!(told["points"][1]["rounds"][1]["per_second"], 40.0);
        assert_eq!(told["version"], "1");
        let drawn = plot(Curve::Waiting, &points).expect("a plot");
        for word in ["A sale with a line, in process", "users in line", "release until granted", "1 k", "p99, ms"] {
            assert!(drawn.contains(&format!("\n{word}\n")), "{word} is missing");
        }
    }

    #[test]
    fn an_even_number_of_rounds_has_its_median_between_two() {
        let point = Point { at: 1, command: String::new(), rounds: vec![round(1.0, 1.0), round(4.0, 1.0)] };
        assert_eq!(point.median(|round| round.per_second), 2.5);
    }
}
