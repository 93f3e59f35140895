//! What happens when files are read again while the server runs: successes are told, and so is each failure, once.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::metrics::names::FILE_REREAD_FAILURES;

/// The last failure of each kind of file.
pub struct Rereading {
    failures: BTreeMap<&'static str, String>,
}

impl Rereading {
    /// Nothing has been read again yet.
    pub fn new() -> Rereading {
        Rereading { failures: BTreeMap::new() }
    }

    /// Logs how the files called `kind` were read again: whether there was something new, or why it cannot be used. A
    /// failure is logged and counted once, until it is another one or over.
    pub fn note<E: Display>(&mut self, kind: &'static str, reread: Result<bool, E>) {
        match reread {
            Ok(false) => {}
            Ok(true) => {
                self.failures.remove(kind);
                tracing::info!(kind, "a changed file was read again, and is in force");
            }
            Err(error) => {
                let error = error.to_string();
                if self.failures.get(kind) != Some(&error) {
                    tracing::error!(kind, %error, "a changed file cannot be used; what was read before stays in force");
                    FILE_REREAD_FAILURES.count(&[("file", kind)]).increment(1);
                    self.failures.insert(kind, error);
                }
            }
        }
    }
}

impl Default for Rereading {
    fn default() -> Rereading {
        Rereading::new()
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn a_failure_counts_once_until_it_is_over() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let mut rereading = Rereading::new();
            let steps = [Err("gone"), Err("gone"), Ok(false), Err("gone"), Err("empty"), Ok(true), Err("empty")];
            for step in steps {
                rereading.note("certificate", step);
            }
        });
        let rendered = recorder.handle().render();
        assert!(rendered.contains(r#"holdfast_file_reread_failures_total{file="certificate"} 3"#), "{rendered}");
    }
}
