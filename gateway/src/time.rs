//! Times as the API has them: RFC 3339, UTC, with milliseconds.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// Milliseconds since the Unix epoch as text. Times beyond the year 9999 show as its end.
pub fn rfc3339(at_ms: u64) -> String {
    let milliseconds = i64::try_from(at_ms).unwrap_or(i64::MAX);
    let timestamp = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX);
    PRINTER.timestamp_to_string(&timestamp)
}

/// Text as milliseconds since the Unix epoch; `None` if it is no time, or one before 1970.
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let timestamp: Timestamp = text.parse().ok()?;
    // Less than a millisecond before 1970 would be rounded to its begin.
    let is_since_epoch = timestamp >= Timestamp::UNIX_EPOCH;
    u64::try_from(timestamp.as_millisecond()).ok().filter(|_| is_since_epoch)
}

#[cfg(test)]
mod tests {
    use super::{parse_rfc3339, rfc3339};

    #[test]
    fn times_have_milliseconds_and_a_z() {
        assert_eq!(rfc3339(1_795_341_600_000), "2026-11-22T10:00:00.000Z");
        assert_eq!(parse_rfc3339("2026-11-22T10:00:00.000Z"), Some(1_795_341_600_000));
        assert_eq!(parse_rfc3339("2026-11-22T11:00:00+01:00"), Some(1_795_341_600_000));
        assert_eq!(parse_rfc3339("tomorrow"), None);
        assert_eq!(parse_rfc3339("1969-12-31T23:59:59Z"), None);
        assert_eq!(parse_rfc3339("1969-12-31T23:59:59.9999Z"), None);
        assert_eq!(rfc3339(u64::MAX), "9999-12-30T22:00:00.999Z");
    }
}
