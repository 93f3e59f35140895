//! What is changed of an event: `KEY=VALUE` words as the body of a change.

use std::str::FromStr;

use serde_json::{Map, Value, json};

/// The keys whose values are texts, and whether they can be cleared.
const TEXTS: [(&str, bool); 6] = [
    ("name", false),
    ("description", true),
    ("venue", true),
    ("starts_at", true),
    ("opens_at", true),
    ("closes_at", true),
];

/// The keys whose values are numbers.
const NUMBERS: [&str; 9] = [
    "hold_seconds",
    "auto_hold",
    "max_per_hold",
    "max_per_user",
    "max_extensions",
    "max_hold_lifetime_seconds",
    "queue_max",
    "presence_seconds",
    "capacity",
];

/// What stands before the id of a ticket type whose capacity changes.
const TYPE_CAPACITY: &str = "capacity.";

/// One `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    key: String,
    value: Value,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Setting, String> {
        let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
        let number = || value.parse::<i64>().map(Value::from).map_err(|_| format!("{key} must be a whole number"));
        let text = TEXTS.iter().find(|(name, _)| *name == key);
        let value = match text {
            Some((_, true)) if value.is_empty() => Value::Null,
            Some(_) => Value::from(value),
            None if NUMBERS.contains(&key) || key.starts_with(TYPE_CAPACITY) => number()?,
            None if key == "lobby" => {
                value.parse::<bool>().map(Value::from).map_err(|_| "lobby must be true or false")?
            }
            None => return Err(unknown(key)),
        };
        Ok(Setting { key: key.to_owned(), value })
    }
}

fn unknown(key: &str) -> String {
    let keys = TEXTS.iter().map(|(name, _)| *name).chain(NUMBERS).chain(["lobby", "capacity.TYPE"]);
    format!("{key} is no key; there are {}", keys.collect::<Vec<_>>().join(", "))
}

/// The body of a change that says all of `settings`. Of two for one key the later one counts.
pub fn body(settings: &[Setting]) -> Map<String, Value> {
    let (mut body, mut capacities) = (Map::new(), Map::new());
    for Setting { key, value } in settings {
        match key.strip_prefix(TYPE_CAPACITY) {
            Some(ticket_type) => capacities.insert(ticket_type.to_owned(), value.clone()),
            None => body.insert(key.clone(), value.clone()),
        };
    }
    if !capacities.is_empty() {
        let ticket_types = capacities.iter().map(|(id, capacity)| json!({ "id": id, "capacity": capacity }));
        body.insert("ticket_types".to_owned(), ticket_types.collect());
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Setting, body};

    fn read(words: &[&str]) -> Value {
        let settings: Vec<Setting> = words.iter().map(|word| word.parse().expect("a setting")).collect();
        Value::Object(body(&settings))
    }

    #[test]
    fn each_key_has_its_kind_of_value() {
        let said = read(&["name=1999", "venue=", "hold_seconds=90", "lobby=true", "description=a=b"]);
        let meant = json!({ "name": "1999", "venue": null, "hold_seconds": 90, "lobby": true, "description": "a=b" });
        assert_eq!(said, meant);
        let types = json!({ "ticket_types": [{ "id": "vip", "capacity": 7 }, { "id": "floor", "capacity": 2 }] });
        assert_eq!(read(&["capacity.vip=5", "capacity.floor=2", "capacity.vip=7"]), types);
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (word, says) in [
            ("hold_seconds", "KEY=VALUE"),
            ("hold_seconds=soon", "hold_seconds must be a whole number"),
            ("lobby=perhaps", "true or false"),
            ("colour=red", "colour is no key; there are name, "),
            ("status=on_sale", "status is no key"),
        ] {
            let error = word.parse::<Setting>().expect_err(word);
            assert!(error.contains(says), "{error}");
        }
    }
}
