//! What `make peers` has measured of other systems, and of this one beside them.

use std::path::Path;

use serde_json::Value;

use crate::error::LoadError;
use crate::goals::run::json;

/// The contenders of a run.
pub struct Peers(Value);

impl Peers {
    /// Reads the file that it has written.
    ///
    /// # Errors
    ///
    /// It is not there, or is no JSON.
    pub fn read(path: &Path) -> Result<Peers, LoadError> {
        json(path).map(Peers)
    }

    /// Units a second of one who took part, of each round; nothing of one who did not.
    pub fn rates(&self, name: &str) -> Vec<f64> {
        let contenders = self.0["contenders"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = contenders.iter().find(|contender| contender["name"] == name);
        let rates = found.and_then(|contender| contender["rates"].as_array());
        rates.into_iter().flatten().filter_map(Value::as_f64).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Peers;

    #[test]
    fn rates_are_those_of_the_one_who_is_named() {
        let peers = Peers(json!({ "contenders": [{ "name": "echo", "rates": [2.0, 3.5] }, { "name": "other" }] }));
        assert_eq!(peers.rates("echo"), [2.0, 3.5]);
        assert!(peers.rates("other").is_empty() && peers.rates("nobody").is_empty());
    }
}
