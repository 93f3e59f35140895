//! Requests by path and status, and how long they take. The paths are those of the description, so that a caller cannot
//! make up series; their handles are resolved once.

use std::collections::HashMap;
use std::sync::OnceLock;

use axum::http::Method;
use holdfast_engine::clock::Stopwatch;
use metrics::{Counter, Histogram};

use super::names::{HTTP_REQUEST_SECONDS, HTTP_REQUESTS};
use crate::openapi;

/// The path of what no route is for.
pub const UNMATCHED: &str = "unmatched";
/// The methods that are told apart.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OTHER"];
/// The statuses, in order. Any other counts as `OTHER_STATUS`.
const STATUSES: [u16; 32] = [
    101, 200, 201, 202, 204, 206, 301, 302, 303, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 415,
    417, 422, 428, 429, 431, 500, 501, 503, 504,
];
const OTHER_STATUS: &str = "other";

/// The handles of all paths.
pub struct HttpMetrics {
    paths: HashMap<&'static str, Box<PathHandles>>,
    unmatched: Box<PathHandles>,
}

/// The handles of a path, each made when it is first used: most statuses are never answered there.
struct PathHandles {
    path: &'static str,
    methods: [MethodHandles; METHODS.len()],
}

#[derive(Default)]
struct MethodHandles {
    seconds: OnceLock<Histogram>,
    answers: OnceLock<Box<[OnceLock<Counter>; STATUSES.len() + 1]>>,
}

impl HttpMetrics {
    /// Handles for all described paths.
    pub fn new() -> HttpMetrics {
        let paths = openapi::PATHS.iter().map(|path| (path.as_str(), Box::new(PathHandles::of(path)))).collect();
        HttpMetrics { paths, unmatched: Box::new(PathHandles::of(UNMATCHED)) }
    }

    /// A request was answered with `status`, so long after its head was there. `path` is that of the route; any
    /// other counts as [`UNMATCHED`].
    pub fn answered(&self, method: &Method, path: &str, status: u16, took: Stopwatch) {
        let handles = self.paths.get(path).unwrap_or(&self.unmatched);
        let place = METHODS.iter().position(|name| *name == method.as_str()).unwrap_or(METHODS.len() - 1);
        let (path, method) = (handles.path, METHODS[place]);
        let handles = &handles.methods[place];
        let seconds = || HTTP_REQUEST_SECONDS.sizes(&[("method", method), ("path", path)]);
        handles.seconds.get_or_init(seconds).record(took.elapsed());
        let place = STATUSES.binary_search(&status).unwrap_or(STATUSES.len());
        let answers = handles.answers.get_or_init(|| Box::new(std::array::from_fn(|_| OnceLock::new())));
        let count = || {
            let status = if place < STATUSES.len() { STATUS_TEXTS[place].as_str() } else { OTHER_STATUS };
            HTTP_REQUESTS.count(&[("method", method), ("path", path), ("status", status)])
        };
        answers[place].get_or_init(count).increment(1);
    }
}

impl Default for HttpMetrics {
    fn default() -> HttpMetrics {
        HttpMetrics::new()
    }
}

impl PathHandles {
    fn of(path: &'static str) -> PathHandles {
        PathHandles { path, methods: Default::default() }
    }
}

/// [`STATUSES`], as labels.
static STATUS_TEXTS: std::sync::LazyLock<[String; STATUSES.len()]> =
    std::sync::LazyLock::new(|| STATUSES.map(|status| status.to_string()));

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn statuses_are_in_order() {
        assert!(STATUSES.is_sorted());
    }

    #[test]
    fn a_caller_cannot_make_up_series() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let http = HttpMetrics::new();
            let made_up = Method::from_bytes(b"BREW").expect("a method");
            for (method, path, status) in [
                (Method::GET, "/v1/events/{event}", 200),
                (Method::GET, "/v1/events/{event}", 200),
                (Method::GET, "/v1/events/{event}", 404),
                (made_up, UNMATCHED, 405),
                (Method::GET, "/nowhere", 299),
            ] {
                http.answered(&method, path, status, Stopwatch::start());
            }
        });
        let text = recorder.handle().render();
        let mut counted: Vec<&str> = text.lines().filter(|line| line.starts_with("holdfast_http_requests")).collect();
        counted.sort_unstable();
        let expected = [
            r#"holdfast_http_requests_total{method="GET",path="/v1/events/{event}",status="200"} 2"#,
            r#"holdfast_http_requests_total{method="GET",path="/v1/events/{event}",status="404"} 1"#,
            r#"holdfast_http_requests_total{method="GET",path="unmatched",status="other"} 1"#,
            r#"holdfast_http_requests_total{method="OTHER",path="unmatched",status="405"} 1"#,
        ];
        assert_eq!(counted, expected);
    }
}
