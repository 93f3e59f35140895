//! The generator's time.

use std::time::{Duration, Instant};

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "a load generator measures with the real clock; this is where it reads it"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// Lets time go by.
#[expect(clippy::disallowed_methods, reason = "a load has a length, and what is measured must have settled before")]
pub async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}
