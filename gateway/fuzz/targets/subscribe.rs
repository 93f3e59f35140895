//! A client's first message on a WebSocket. What is taken, the strict reader takes too, and nothing is refused
//! otherwise than the contract says.

#![no_main]

use holdfast::feed::subscriptions::{SUBSCRIPTIONS_MAX, Wish};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;

const DEPTH_MAX: u32 = 16;

fuzz_target!(|input: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(input) else { return Corpus::Reject };
    if let Err(refusal) = Wish::read(text, DEPTH_MAX) {
        assert!(matches!(refusal.code(), "malformed_request" | "event_not_found"), "{refusal:?}");
        return Corpus::Keep;
    }
    let said: Value = serde_json::from_str(text).expect("JSON");
    let names = said.as_object().expect("an object").keys();
    assert!(names.into_iter().all(|name| matches!(name.as_str(), "subscribe" | "token" | "last_event_id")), "{said}");
    let topics = said["subscribe"].as_array().expect("a list");
    assert!((1..=SUBSCRIPTIONS_MAX).contains(&topics.len()), "{said}");
    for (index, topic) in topics.iter().enumerate() {
        let name = topic.as_str().expect("a text");
        assert!(matches!(name, "me" | "events") || name.starts_with("event:"), "{said}");
        assert!(!topics[..index].contains(topic), "twice: {said}");
    }
    Corpus::Keep
});
