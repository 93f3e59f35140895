//! The generator's time.

use std::time::Instant;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "a load generator measures with the real clock; this is where it reads it"
)]
pub fn now() -> Instant {
    Instant::now()
}
