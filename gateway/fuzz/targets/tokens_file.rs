//! The file of the organisers' tokens: what is taken is written back as it was.

#![no_main]

use std::path::Path;

use holdfast::tokens::file::{parse, render};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    match parse(Path::new("tokens"), input) {
        Ok(entries) => assert_eq!(render(&entries).as_bytes(), input),
        Err(damage) => assert!(!damage.to_string().is_empty()),
    }
});
