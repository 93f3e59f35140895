//! Ids given on the command line: what passes is safe in a path.

use std::fmt;

use holdfast_engine::core::id::Slug;

/// The id of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldId(String);

/// The id of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionId(u64);

impl fmt::Display for HoldId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Reads a hold's id.
pub fn parse_hold(text: &str) -> Result<HoldId, String> {
    let parts = text.rsplit_once('.').filter(|(event, _)| Slug::new(event).is_some());
    let number = parts.and_then(|(_, number)| number.parse::<u32>().ok().filter(|parsed| parsed.to_string() == number));
    number.map(|_| HoldId(text.to_owned())).ok_or_else(|| "a hold's id is EVENT.NUMBER, such as gala.17".to_owned())
}

/// Reads a session's id.
pub fn parse_session(text: &str) -> Result<SessionId, String> {
    text.parse().map(SessionId).map_err(|_| "a session's id is a number".to_owned())
}

/// Reads the id of a ticket type.
pub fn parse_ticket_type(text: &str) -> Result<Slug, String> {
    Slug::new(text).ok_or_else(|| "a ticket type's id has 1 to 64 of a-z, 0-9 and -, the first one no -".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{parse_hold, parse_session};

    #[test]
    fn what_is_no_id_does_not_pass() {
        assert_eq!(parse_hold("gala.17").expect("an id").to_string(), "gala.17");
        for text in ["", "gala", "gala.", "gala.+1", "gala.01", ".1", "Gala.1", "gala/../x.1", "gala.1?x"] {
            assert!(parse_hold(text).is_err(), "{text}");
        }
        assert_eq!(parse_session("12").expect("an id").to_string(), "12");
        assert!(parse_session("12/..").is_err() && parse_session("-1").is_err());
    }
}
