//! JSON as the gateway reads and writes it.

use std::hint::black_box;

use crate::answers::{self, Answers};

/// The body of a hold is read, strictly, and becomes a command.
pub fn read_hold(times: u32) {
    (0..times).for_each(|_| drop(black_box(answers::read_hold())));
}

/// A hold is told, with its headers.
pub fn write_hold(times: u32) {
    let answers = Answers::new();
    assert!(answers.hold().status().is_success());
    (0..times).for_each(|_| drop(black_box(answers.hold())));
}

/// A hold that was confirmed is told.
pub fn write_booking(times: u32) {
    let answers = Answers::new();
    assert!(answers.booking().status().is_success());
    (0..times).for_each(|_| drop(black_box(answers.booking())));
}

/// An event is told, with all its figures.
pub fn write_event(times: u32) {
    let answers = Answers::new();
    assert!(answers.event().status().is_success());
    (0..times).for_each(|_| drop(black_box(answers.event())));
}
