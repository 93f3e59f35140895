//! Somebody else's things, things that are hidden, and more than a caller may say.

use super::{Attack, try_all};
use crate::stage::Stage;

/// Whatever is another's answers exactly like what is not there.
const OTHERS: &[Attack] = &[
    ("read another's hold", "GET /v1/holds/gala.1\nauthorization: Bearer {bob}", "404 hold_not_found"),
    ("confirm another's hold", "POST /v1/holds/gala.1/confirm\nauthorization: Bearer {bob}", "404 hold_not_found"),
    ("extend another's hold", "POST /v1/holds/gala.1/extend\nauthorization: Bearer {bob}", "404 hold_not_found"),
    ("release another's hold", "DELETE /v1/holds/gala.1\nauthorization: Bearer {bob}", "404 hold_not_found"),
    ("read another's booking", "GET /v1/bookings/gala.2\nauthorization: Bearer {ann}", "404 booking_not_found"),
    ("cancel another's booking", "DELETE /v1/bookings/gala.2\nauthorization: Bearer {ann}", "404 booking_not_found"),
    ("a hold that is not there", "GET /v1/holds/gala.99\nauthorization: Bearer {bob}", "404 hold_not_found"),
    (
        "another's place in line",
        "GET /v1/events/tiny/queue/me\nauthorization: Bearer {ann}",
        "404 queue_entry_not_found",
    ),
    ("leave for another", "DELETE /v1/events/tiny/queue/me\nauthorization: Bearer {ann}", "404 queue_entry_not_found"),
    ("a draft", "GET /v1/events/secret", "404 event_not_found"),
    ("a hold in a draft", "POST /v1/events/secret/holds\nauthorization: Bearer {bob}", "404 event_not_found"),
    ("a number with a zero in front", "GET /v1/holds/gala.01\nauthorization: Bearer {ann}", "404 hold_not_found"),
    ("a number with a sign", "GET /v1/holds/gala.+1\nauthorization: Bearer {ann}", "404 hold_not_found"),
    (
        "a number beyond all numbers",
        "GET /v1/holds/gala.18446744073709551617\nauthorization: Bearer {ann}",
        "404 hold_not_found",
    ),
    ("an id in capital letters", "GET /v1/holds/GALA.1\nauthorization: Bearer {ann}", "404 hold_not_found"),
    ("an id with a null byte", "GET /v1/holds/gala.1%00\nauthorization: Bearer {ann}", "404 hold_not_found"),
    ("an id that is no text", "GET /v1/holds/%ff%fe\nauthorization: Bearer {ann}", "404 not_found"),
    ("up and over", "GET /v1/holds/../admin/events\nauthorization: Bearer {ann}", "404 not_found"),
    ("up and over, encoded", "GET /v1/holds/..%2fadmin%2fevents\nauthorization: Bearer {ann}", "404 hold_not_found"),
    ("two slashes", "GET //v1/holds/gala.1\nauthorization: Bearer {ann}", "404 not_found"),
    (
        "the method in a header",
        "GET /v1/holds/gala.1/confirm\nauthorization: Bearer {ann}\nx-http-method-override: POST",
        "405 method_not_allowed",
    ),
];

/// A body says what the caller wishes, and nothing that is not theirs to say.
const MASS_ASSIGNMENT: &[Attack] = &[
    (
        "hold for another",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"user\":\"ann\"}",
        "400 malformed_request",
    ),
    (
        "hold as an organiser",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"source\":\"admin\"}",
        "400 malformed_request",
    ),
    (
        "hold for ever",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"expires_at\":\"2099-01-01T00:00:00.000Z\"}",
        "400 malformed_request",
    ),
    (
        "hold in a state",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"state\":\"confirmed\"}",
        "400 malformed_request",
    ),
    (
        "extend by a wish",
        "POST /v1/holds/gala.1/extend\nauthorization: Bearer {ann}\n\n{\"seconds\":86400}",
        "400 malformed_request",
    ),
    (
        "confirm as rescued",
        "POST /v1/holds/gala.1/confirm\nauthorization: Bearer {ann}\n\n{\"rescued\":true}",
        "400 malformed_request",
    ),
    (
        "book for nothing",
        "POST /v1/events/gala/bookings\nauthorization: Bearer {carl}\n\n{\"price\":{\"amount\":0}}",
        "400 malformed_request",
    ),
    (
        "join in front",
        "POST /v1/events/tiny/queue\nauthorization: Bearer {ann}\n\n{\"position\":1}",
        "400 malformed_request",
    ),
    ("log in with a class", "POST /v1/sessions\n\n{\"user\":\"eve\",\"class\":\"vip\"}", "400 malformed_request"),
    ("log in first", "POST /v1/sessions\n\n{\"user\":\"eve\",\"login_seq\":1}", "400 malformed_request"),
    (
        "confirm more than is held",
        "POST /v1/holds/gala.1/confirm\nauthorization: Bearer {ann}\n\n{\"quantity\":3}",
        "422 validation_failed",
    ),
    (
        "a negative wish",
        "POST /v1/events/gala/holds\nauthorization: Bearer {carl}\n\n{\"quantity\":-1}",
        "422 validation_failed",
    ),
];

#[tokio::test]
async fn what_is_anothers_looks_like_nothing() {
    try_all(&Stage::set().await, OTHERS).await;
}

#[tokio::test]
async fn nobody_says_more_than_is_theirs_to_say() {
    try_all(&Stage::set().await, MASS_ASSIGNMENT).await;
}
