//! The words of paths, queries and bodies: times, pages, ids and names. What is taken means what was written.

#![no_main]

use holdfast::login::user_name;
use holdfast::page::Page;
use holdfast::request::{event_id, numbered_id, quantity, slug, ticket_type};
use holdfast::time::{parse_rfc3339, rfc3339};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    if let Some(at_ms) = parse_rfc3339(input) {
        assert_eq!(parse_rfc3339(&rfc3339(at_ms)), Some(at_ms));
    }
    if let Ok(page) = Page::new(input.parse().ok(), Some(input)) {
        assert!((1..=200).contains(&page.limit));
        assert_eq!(input.parse(), Ok(page.after));
    }
    if let Ok((event, number)) = numbered_id(input, "hold_not_found") {
        assert_eq!(format!("{}.{}", event.as_str(), number.0), input);
    }
    let is_slug = event_id(input).is_ok_and(|id| id.as_str() == input);
    assert_eq!(slug("event", input).is_ok(), is_slug);
    assert_eq!(ticket_type(Some(input.to_owned())).is_ok(), is_slug);
    if let Ok(Some(tickets)) = quantity("quantity", input.parse().ok()) {
        assert!(tickets > 0 && input.parse() == Ok(tickets));
    }
    if let Ok(name) = user_name::read(input) {
        assert!(name == input && !name.is_empty());
    }
});
