//! What the server says, as words for a terminal.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;

/// Text without anything that a terminal obeys, or that shows other text than there is: control characters, and those
/// that turn the direction of writing or part lines, are shown as escapes.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            clean.extend(character.escape_default());
        } else {
            clean.push(character);
        }
    }
    clean
}

/// The same for JSON, which stays JSON: what is left after the serializer can only be within a text.
pub fn clean_json(value: &Value) -> String {
    let mut clean = String::new();
    for character in value.to_string().chars() {
        if is_unsafe(character) {
            // None of them is beyond what one such escape can say.
            write!(clean, "\\u{:04x}", u32::from(character)).expect("a text takes everything");
        } else {
            clean.push(character);
        }
    }
    clean
}

fn is_unsafe(character: char) -> bool {
    // The marks and overrides of direction (Unicode UAX 9), the invisible joiners, and the separators of lines.
    let is_misleading = matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    character.is_control() || is_misleading
}

/// A value in a table: a text, a number, yes or no; `-` for none.
pub fn value(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => clean(text),
        other => clean_json(other),
    }
}

/// A time of the API, to the second: `2026-11-22 10:00:00 UTC`.
pub fn time(time: &Value) -> String {
    match time.as_str().map(str::parse::<Timestamp>) {
        Some(Ok(timestamp)) => timestamp.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        _ => value(time),
    }
}

/// A length of time in milliseconds, to the second: `9 min 58 s`.
pub fn duration_ms(duration: &Value) -> String {
    duration.as_u64().map_or_else(|| value(duration), |milliseconds| seconds(milliseconds / 1_000))
}

/// A length of time in seconds: the two largest units of `3 d 4 h`.
pub fn seconds(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(parts.len() - 1);
    let told = parts[first..].iter().take(2).map(|(count, unit)| format!("{count} {unit}"));
    told.collect::<Vec<_>>().join(" ")
}

/// How many of something: `1 hold`, `2 holds`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{clean, clean_json, count, duration_ms, seconds, time, value};

    /// Clears the screen, in seven bits and in eight; deletes; turns the direction of writing; parts lines.
    const EVIL: &str = "a\u{1b}[2Jb\u{9b}2Jc\u{7f}\r\nd\u{202e}e\u{2028}f";

    #[test]
    fn no_control_character_is_left() {
        assert_eq!(clean(EVIL), "a\\u{1b}[2Jb\\u{9b}2Jc\\u{7f}\\r\\nd\\u{202e}e\\u{2028}f");
        assert_eq!(clean("Zoë 李 🎫"), "Zoë 李 🎫");
    }

    #[test]
    fn clean_json_says_the_same_as_json() {
        let object = json!({ EVIL: [EVIL, 7, null] });
        let text = clean_json(&object);
        assert!(!text.chars().any(|character| character.is_control() || character == '\u{202e}'), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), object);
    }

    #[test]
    fn values_and_times_and_lengths_are_told() {
        assert_eq!([value(&json!(null)), value(&json!(true)), value(&json!(7))], ["-", "yes", "7"]);
        assert_eq!(time(&json!("2026-11-22T10:00:00.123Z")), "2026-11-22 10:00:00 UTC");
        assert_eq!([time(&json!(null)), time(&json!("\u{1b}soon"))], ["-", "\\u{1b}soon"]);
        assert_eq!([seconds(0), seconds(59), seconds(598), seconds(3_600)], ["0 s", "59 s", "9 min 58 s", "1 h 0 min"]);
        assert_eq!([seconds(90_061), duration_ms(&json!(1_999))], ["1 d 1 h", "1 s"]);
        assert_eq!([count(1, "hold", "holds"), count(0, "hold", "holds")], ["1 hold", "0 holds"]);
    }
}
