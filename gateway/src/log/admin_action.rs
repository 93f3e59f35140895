//! What an organiser did, a line each. Who reads the log sees it at once; the audit trail has it for good, with the reason.

use axum::http::Request;
use axum::response::Response;

use crate::header_names::{HOLDFAST_SEQ, IDEMPOTENCY_REPLAYED};
use crate::origin::is_admin_path;

/// What a call of the admin API was about, where its path does not say it. An answer has it among its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActedOn {
    /// The thing of this id.
    Thing(String),
    /// Nothing: it was tried out only.
    Nothing,
}

/// A call of the admin API that may change something.
pub(super) struct AdminAction {
    /// The id in its path, if there is one that names nobody.
    about: Option<String>,
}

impl AdminAction {
    /// The action that a request asks for. `matched` is the path as it is registered, with names for ids.
    pub(super) fn of<Body>(request: &Request<Body>, matched: &str) -> Option<AdminAction> {
        let path = request.uri().path();
        let is_action = is_admin_path(path) && !request.method().is_safe();
        is_action.then(|| AdminAction { about: thing_in(path, matched).map(str::to_owned) })
    }

    /// Logs it, if it was done. The request's span, which says who and what, must be entered.
    pub(super) fn tell(self, response: &Response) {
        let headers = response.headers();
        if !response.status().is_success() || headers.contains_key(IDEMPOTENCY_REPLAYED) {
            return;
        }
        let about = match response.extensions().get::<ActedOn>() {
            Some(ActedOn::Nothing) => return,
            Some(ActedOn::Thing(id)) => Some(id.as_str()),
            None => self.about.as_deref(),
        };
        let seq = headers.get(HOLDFAST_SEQ).and_then(|seq| seq.to_str().ok()?.parse::<u64>().ok());
        tracing::info!(about, status = response.status().as_u16(), seq, "an organiser did something");
    }
}

/// The id in a path. That of an account is a user's name, which is for the audit trail alone.
fn thing_in<'path>(path: &'path str, matched: &str) -> Option<&'path str> {
    let ids = path.split('/').zip(matched.split('/')).filter(|(_, name)| name.starts_with('{') && *name != "{user}");
    ids.map(|(id, _)| id).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_about_what_its_path_names_unless_that_is_somebody() {
        let rows = [
            ("PUT", "/v1/admin/events/gala/status", "/v1/admin/events/{event}/status", Some(Some("gala"))),
            ("DELETE", "/v1/admin/holds/gala.7", "/v1/admin/holds/{hold}", Some(Some("gala.7"))),
            ("DELETE", "/v1/admin/accounts/ann", "/v1/admin/accounts/{user}", Some(None)),
            ("POST", "/v1/admin/cleanup", "/v1/admin/cleanup", Some(None)),
            ("GET", "/v1/admin/events/gala", "/v1/admin/events/{event}", None),
            ("POST", "/v1/events/gala/holds", "/v1/events/{event}/holds", None),
            ("POST", "/v1/administrators", "unmatched", None),
        ];
        for (method, path, matched, expected) in rows {
            let request = Request::builder().method(method).uri(path).body(()).expect("a request");
            let action = AdminAction::of(&request, matched).map(|action| action.about);
            assert_eq!(action, expected.map(|about| about.map(str::to_owned)), "{method} {path}");
        }
    }
}
