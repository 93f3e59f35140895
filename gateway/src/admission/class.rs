//! How much a request matters when not all can be served.

use axum::http::Method;

use crate::pages;

/// What a request is about, told by its method and path alone: before it is read, and before anybody knows who asks.
/// In the order in which they go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Probes and metrics: whoever looks after an overloaded server must see it. Never refused.
    Operations,
    /// Organisers steer the sale, also to end the overload. The web pages, theirs and the buyers'.
    Organisers,
    /// What gives tickets a final home or frees them: confirm, extend, release, cancel, leave, log out.
    Completions,
    /// What takes tickets: hold, book, join the line.
    Holds,
    /// Many of these in one call, from a sale's own back end.
    Batches,
    /// Logins and new accounts.
    Logins,
    /// Everything that only looks.
    Browsing,
}

impl Class {
    /// All of them, in their order.
    pub const ALL: [Class; 7] = [
        Class::Operations,
        Class::Organisers,
        Class::Completions,
        Class::Holds,
        Class::Batches,
        Class::Logins,
        Class::Browsing,
    ];

    /// The class of a request. A path that does not exist counts as browsing.
    pub fn of(method: &Method, path: &str) -> Class {
        let Some(path) = path.strip_prefix("/v1/") else { return Class::outside_the_api(path) };
        if path.starts_with("admin/") {
            return Class::Organisers;
        }
        match *method {
            Method::DELETE => Class::Completions,
            Method::POST | Method::PUT | Method::PATCH => Class::of_change(path),
            _ => Class::Browsing,
        }
    }

    fn outside_the_api(path: &str) -> Class {
        if matches!(path, "/livez" | "/readyz" | "/metrics") {
            return Class::Operations;
        }
        // Small files from memory, and many of them a page: one that is refused leaves the page unable to say why.
        if pages::is_page(path) { Class::Organisers } else { Class::Browsing }
    }

    fn of_change(path: &str) -> Class {
        if path.starts_with("events/") {
            Class::Holds
        } else if path.starts_with("holds/") {
            Class::Completions
        } else if path == "batch" {
            Class::Batches
        } else {
            Class::Logins
        }
    }

    /// The name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Operations => "operations",
            Class::Organisers => "organisers",
            Class::Completions => "completions",
            Class::Holds => "holds",
            Class::Batches => "batches",
            Class::Logins => "logins",
            Class::Browsing => "browsing",
        }
    }

    /// Up to how many requests under way one of this class is let in, where `places` is the limit at the moment, and `most`
    /// the highest it can be.
    ///
    /// Each class leaves room for those before it. Completions go by the highest limit at all times: whoever was given a hold
    /// was promised that it can be paid for, and there are no more of them than holds were let in.
    pub fn places(self, places: u32, most: u32) -> u32 {
        let percent = match self {
            Class::Operations => return u32::MAX,
            Class::Organisers | Class::Completions => return most,
            Class::Holds | Class::Batches => 90,
            Class::Logins => 70,
            Class::Browsing => 50,
        };
        (u64::from(places) * percent / 100) as u32
    }

    /// Up to which pressure of the engine one of this class is let in, where 1 is its bound for what takes tickets.
    /// Completions are left to the engine, which knows exactly.
    pub fn pressure(self) -> f64 {
        match self {
            Class::Operations | Class::Organisers | Class::Completions => f64::INFINITY,
            Class::Holds | Class::Batches => 0.9,
            Class::Logins => 0.7,
            Class::Browsing => 0.5,
        }
    }

    /// Whether the time such a request takes tells how much the server is under. Logins wait for the hashing of passwords
    /// and organisers for whole snapshots; a batch takes as long as it is large; browsing is done within a step, however long the step was waited for.
    pub fn shows_load(self) -> bool {
        matches!(self, Class::Completions | Class::Holds)
    }

    /// Whether a refusal may be told late, so that its sender asks less often.
    pub fn can_wait(self) -> bool {
        matches!(self, Class::Holds | Class::Batches | Class::Logins | Class::Browsing)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::Class;

    #[test]
    fn every_route_has_its_class() {
        let table = "
            GET    /livez                                operations
            GET    /readyz                               operations
            GET    /metrics                              operations
            GET    /v1/admin/events                      organisers
            POST   /v1/admin/events                      organisers
            GET    /v1/admin/events/gala                 organisers
            PATCH  /v1/admin/events/gala                 organisers
            DELETE /v1/admin/events/gala                 organisers
            PUT    /v1/admin/events/gala/status          organisers
            GET    /v1/admin/events/gala/holds           organisers
            GET    /v1/admin/events/gala/bookings        organisers
            GET    /v1/admin/events/gala/queue           organisers
            POST   /v1/admin/events/gala/holds/release   organisers
            DELETE /v1/admin/holds/gala.1                organisers
            POST   /v1/admin/holds/gala.1/extend         organisers
            DELETE /v1/admin/bookings/gala.1             organisers
            GET    /v1/admin/sessions                    organisers
            DELETE /v1/admin/sessions/7                  organisers
            POST   /v1/admin/cleanup                     organisers
            POST   /v1/admin/snapshot                    organisers
            GET    /v1/admin/overview                    organisers
            GET    /v1/admin/changes                     organisers
            GET    /v1/admin/history                     organisers
            POST   /v1/admin/login                       organisers
            GET    /v1/admin/me                          organisers
            DELETE /v1/admin/me                          organisers
            POST   /v1/holds/gala.1/confirm              completions
            POST   /v1/holds/gala.1/extend               completions
            DELETE /v1/holds/gala.1                      completions
            DELETE /v1/bookings/gala.1                   completions
            DELETE /v1/events/gala/queue/me              completions
            DELETE /v1/sessions/me                       completions
            POST   /v1/events/gala/holds                 holds
            POST   /v1/events/gala/bookings              holds
            POST   /v1/events/gala/queue                 holds
            POST   /v1/batch                             batches
            POST   /v1/batch/more                        logins
            GET    /v1/batch                             browsing
            POST   /v1/sessions                          logins
            POST   /v1/accounts                          logins
            PUT    /v1/accounts/me/password              logins
            POST   /v1/admin/accounts                    organisers
            GET    /v1/sessions/me                       browsing
            GET    /v1/events                            browsing
            GET    /v1/events/gala                       browsing
            GET    /v1/events/gala/queue/me              browsing
            GET    /v1/events/gala/stream                browsing
            GET    /v1/stream                            browsing
            GET    /v1/ws                                browsing
            GET    /v1/holds                             browsing
            GET    /v1/holds/gala.1                      browsing
            GET    /v1/bookings                          browsing
            GET    /v1/bookings/gala.1                   browsing
            GET    /version                              browsing
            GET    /openapi.json                         browsing
            GET    /docs                                 browsing
            GET    /docs/errors                          browsing
            GET    /                                     organisers
            GET    /buyer/page.js                        organisers
            GET    /admin                                organisers
            GET    /admin/page.js                        organisers
            GET    /style.css                            organisers
            GET    /render.js                            organisers
            POST   /nowhere                              browsing";
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let [method, path, class] = row.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{row}") };
            let method: Method = method.parse().expect("a method");
            assert_eq!(Class::of(&method, path).as_str(), class, "{row}");
        }
    }

    #[test]
    fn who_goes_first_has_more_places() {
        for (places, most) in [(16, 16), (64, 4_096), (4_096, 4_096), (1_000_000, 1_000_000)] {
            let shares = Class::ALL.map(|class| class.places(places, most));
            assert!(shares.is_sorted_by(|earlier, later| earlier >= later), "{shares:?}");
            assert_eq!(Class::Completions.places(places, most), most, "whatever the limit is");
            assert!(Class::Holds.places(places, most) < places, "room for those who pay");
            assert!(Class::Browsing.places(places, most) > 0, "an idle server serves everybody");
        }
        let pressures = Class::ALL.map(Class::pressure);
        assert!(pressures.is_sorted_by(|earlier, later| earlier >= later), "{pressures:?}");
    }
}
