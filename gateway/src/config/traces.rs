//! The section of the traces.

use serde::{Deserialize, Serialize};

/// Where traces of requests go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TracesConfig {
    /// The URL of the collector for OTLP over HTTP; empty: nothing is traced.
    pub endpoint: String,
    /// The name of this service in the traces.
    pub service_name: String,
    /// How many of a thousand requests are traced, 0 to 1,000. Who is believed decides for the traces they begin.
    pub requests_per_mille: u32,
    /// The most requests traced in a second, whoever asks for it, 1 to 10,000.
    pub requests_per_second_max: u32,
}

impl TracesConfig {
    /// Whether anything is traced.
    pub fn is_on(&self) -> bool {
        !self.endpoint.is_empty()
    }
}

impl Default for TracesConfig {
    fn default() -> TracesConfig {
        TracesConfig {
            endpoint: String::new(),
            service_name: "holdfast".to_owned(),
            requests_per_mille: 10,
            requests_per_second_max: 100,
        }
    }
}
