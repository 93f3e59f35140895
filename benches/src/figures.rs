//! What benches that print tables of their own measured, for `holdfast-goals` to read.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::error::LoadError;

/// The environment variable with the file that figures are added to.
pub const FILE: &str = "HOLDFAST_BENCH_FIGURES";

/// Adds a figure to the file that [`FILE`] names, if it names one.
///
/// # Panics
///
/// When the file cannot be written.
pub fn tell(name: &str, value: f64) {
    if let Ok(path) = std::env::var(FILE) {
        add(Path::new(&path), name, value).expect("the file of figures can be written");
    }
}

/// Adds a figure to a file.
///
/// # Errors
///
/// It cannot be written.
pub fn add(path: &Path, name: &str, value: f64) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{}", json!({ "name": name, "value": value }))
}

/// All that was told of `name` in a file, in order.
///
/// # Errors
///
/// The file cannot be read, or is none of figures.
pub fn read(path: &Path, name: &str) -> Result<Vec<f64>, LoadError> {
    let text = std::fs::read_to_string(path)?;
    let mut values = Vec::new();
    for line in text.lines() {
        let figure: Value =
            serde_json::from_str(line).map_err(|error| LoadError::new(format!("{}: {error}", path.display())))?;
        if figure["name"] == name {
            values.extend(figure["value"].as_f64());
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::{add, read};

    #[test]
    fn what_was_added_of_a_name_is_read_in_order() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("figures");
        for (name, value) in [("rate", 2.5), ("bytes", 24.0), ("rate", 3.0)] {
            add(&path, name, value).expect("it can be written");
        }
        assert_eq!(read(&path, "rate").expect("figures"), [2.5, 3.0]);
        assert!(read(&path, "other").expect("figures").is_empty());
        std::fs::write(&path, "no figure\n").expect("it can be written");
        assert!(read(&path, "rate").is_err());
    }
}
