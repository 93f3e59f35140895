//! Who is logged in.

use holdfast_engine::config::SessionsConfig;
use holdfast_engine::session_table::LiveSession;
use serde::Serialize;
use utoipa::ToSchema;

use super::value::Time;
use super::{Written, written};

/// A user's login.
#[derive(Serialize, ToSchema)]
pub struct Session {
    #[schema(pattern = "^[1-9][0-9]*$")]
    id: String,
    user: String,
    class: String,
    logged_in_at: Time,
    /// The place in every line.
    #[schema(minimum = 1)]
    login_seq: u64,
    last_seen_at: Time,
    expires_at: Time,
}

/// A session, for organisers: with how much its user has over all events.
#[derive(Serialize, ToSchema)]
pub struct AdminSession {
    #[serde(flatten)]
    session: Session,
    /// Live holds.
    holds: u64,
    /// Standing bookings.
    bookings: u64,
}

impl Session {
    fn of(session: &LiveSession, config: &SessionsConfig) -> Session {
        Session {
            id: session.number.0.to_string(),
            user: session.user_name.to_string(),
            class: session.class().to_string(),
            logged_in_at: Time::of(session.logged_in_at_ms),
            login_seq: session.number.0,
            last_seen_at: Time::of(session.last_seen_at_ms()),
            expires_at: Time::of(session.expires_at_ms(&config.lengths())),
        }
    }
}

/// A session. `config` says for how long it lives.
pub fn session(session: &LiveSession, config: &SessionsConfig) -> Written {
    written(&Session::of(session, config))
}

/// A session, for organisers: with how much its user has.
pub fn admin_session(session: &LiveSession, config: &SessionsConfig, holds: u64, bookings: u64) -> Written {
    written(&AdminSession { session: Session::of(session, config), holds, bookings })
}
