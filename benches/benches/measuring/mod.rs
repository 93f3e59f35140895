//! How the criterion benches measure, unless the command line says otherwise.

use std::time::Duration;

use criterion::Criterion;

/// Ten samples within about so many seconds, after one second to warm up.
pub fn within_seconds(seconds: u64) -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(seconds))
        .configure_from_args()
}
