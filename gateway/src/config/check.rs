//! Which values can work, alone and together.

use std::net::{IpAddr, SocketAddr};

use axum::http::Uri;
use ipnet::IpNet;

use super::{AuthMode, Config, is_set};

impl Config {
    /// Refuses values that cannot work. The sentence begins with the key.
    pub(super) fn check(&self) -> Result<(), String> {
        if !is_set(&self.server.data) {
            return Err("server.data must name a directory, but is empty".to_owned());
        }
        self.check_bounds()?;
        self.check_lists()?;
        self.engine().check()?;
        self.check_files()?;
        self.check_jwt()?;
        self.check_traces()?;
        self.check_exposure()
    }

    /// The networks of `server.trusted_proxies`.
    pub fn trusted_proxies(&self) -> Vec<IpNet> {
        self.server.trusted_proxies.iter().filter_map(|text| parse_network(text)).collect()
    }

    /// The admin API's own listener, where it has one.
    pub fn admin_listen(&self) -> Option<SocketAddr> {
        self.admin.listen.parse().ok()
    }

    /// The metrics' own listener, where they have one.
    pub fn metrics_listen(&self) -> Option<SocketAddr> {
        self.metrics.listen.parse().ok().filter(|_| self.metrics.enabled)
    }

    fn check_bounds(&self) -> Result<(), String> {
        let (server, admin, accounts, jwt) = (&self.server, &self.admin, &self.accounts, &self.jwt);
        let (limits, overload, traces) = (&self.limits, &self.overload, &self.traces);
        within("server.drain_seconds", server.drain_seconds, 0, 3_600)?;
        within("server.reread_seconds", server.reread_seconds, 1, 3_600)?;
        within("admin.lockout_failures_max", admin.lockout_failures_max, 1, 1_000)?;
        within("admin.lockout_seconds", admin.lockout_seconds, 1, 86_400)?;
        within("accounts.password_length_min", accounts.password_length_min, 8, 128)?;
        within("accounts.hash_memory_kib", accounts.hash_memory_kib, 8 << 10, 1 << 20)?;
        within("accounts.hash_passes", accounts.hash_passes, 1, 100)?;
        within("accounts.hash_threads", accounts.hash_threads, 0, 1_024)?;
        within("accounts.hash_waiting_max", accounts.hash_waiting_max, 1, 1 << 16)?;
        within("jwt.leeway_seconds", jwt.leeway_seconds, 0, 300)?;
        within("limits.connections_max", limits.connections_max, 16, 1_000_000)?;
        within("limits.connections_per_address_max", limits.connections_per_address_max, 1, 1_000_000)?;
        within("limits.streams_max", limits.streams_max, 1, 1_000_000)?;
        within("limits.streams_per_session_max", limits.streams_per_session_max, 1, 1_000)?;
        within("limits.head_bytes_max", limits.head_bytes_max, 8 << 10, 1 << 20)?;
        within("limits.head_fields_max", limits.head_fields_max, 8, 1_024)?;
        within("limits.header_read_seconds", limits.header_read_seconds, 1, 300)?;
        within("limits.body_bytes_max", limits.body_bytes_max, 1 << 10, 16 << 20)?;
        within("limits.batch_body_bytes_max", limits.batch_body_bytes_max, 1 << 10, 16 << 20)?;
        within("limits.body_read_seconds", limits.body_read_seconds, 1, 300)?;
        within("limits.body_depth_max", limits.body_depth_max, 1, 100)?;
        within("limits.handler_seconds", limits.handler_seconds, limits.body_read_seconds, 300)?;
        within("limits.write_stall_seconds", limits.write_stall_seconds, 1, 300)?;
        within("limits.mutations_per_second", limits.mutations_per_second, 1, 1_000_000)?;
        within("limits.mutations_burst", limits.mutations_burst, 1, 1_000_000)?;
        within("limits.resumes_per_minute", limits.resumes_per_minute, 1, 1_000_000)?;
        within("limits.logins_per_minute_per_address", limits.logins_per_minute_per_address, 1, 1_000_000)?;
        within("limits.logins_per_minute_per_account", limits.logins_per_minute_per_account, 1, 1_000_000)?;
        within("metrics.events_max", self.metrics.events_max, 0, 10_000)?;
        within("overload.requests_max", overload.requests_max, 16, 1_000_000)?;
        within("overload.latency_target_ms", overload.latency_target_ms, 1, 60_000)?;
        within("overload.retry_after_seconds", overload.retry_after_seconds, 1, 3_600)?;
        within("traces.requests_per_mille", traces.requests_per_mille, 0, 1_000)?;
        within("traces.requests_per_second_max", traces.requests_per_second_max, 1, 10_000)
    }

    fn check_lists(&self) -> Result<(), String> {
        if let Some(text) = self.server.trusted_proxies.iter().find(|text| parse_network(text).is_none()) {
            return Err(format!(
                "server.trusted_proxies must have addresses or networks such as 10.0.0.0/8, but has {text:?}"
            ));
        }
        if let Some(text) = self.cors.origins.iter().find(|text| !is_origin(text)) {
            return Err(format!("cors.origins must have origins such as https://tickets.example, but has {text:?}"));
        }
        for (key, listen) in [("admin.listen", &self.admin.listen), ("metrics.listen", &self.metrics.listen)] {
            if !listen.is_empty() && listen.parse::<SocketAddr>().is_err() {
                return Err(format!("{key} must be an address and a port, or empty, but is {listen:?}"));
            }
        }
        Ok(())
    }

    fn check_files(&self) -> Result<(), String> {
        match (is_set(&self.tls.certificate_file), is_set(&self.tls.key_file)) {
            (true, false) => Err("tls.key_file must be set, because tls.certificate_file is".to_owned()),
            (false, true) => Err("tls.certificate_file must be set, because tls.key_file is".to_owned()),
            _ => Ok(()),
        }
    }

    fn check_jwt(&self) -> Result<(), String> {
        const ALGORITHMS: [&str; 4] = ["HS256", "RS256", "ES256", "EdDSA"];
        let jwt = &self.jwt;
        if self.auth.mode != AuthMode::Jwt {
            return Ok(());
        }
        match (is_set(&jwt.jwks_file), is_set(&jwt.key_file)) {
            (true, true) => return Err("jwt.key_file must be empty, because jwt.jwks_file is set".to_owned()),
            (false, false) => {
                return Err("jwt.jwks_file or jwt.key_file must be set, because auth.mode is \"jwt\"".to_owned());
            }
            (false, true) if !ALGORITHMS.contains(&jwt.algorithm.as_str()) => {
                let allowed = ALGORITHMS.join(", ");
                return Err(format!("jwt.algorithm must be one of {allowed}, but is {:?}", jwt.algorithm));
            }
            _ => {}
        }
        for (key, value) in [("jwt.issuer", &jwt.issuer), ("jwt.audience", &jwt.audience)] {
            if value.is_empty() {
                return Err(format!("{key} must be set, because auth.mode is \"jwt\""));
            }
        }
        Ok(())
    }

    fn check_traces(&self) -> Result<(), String> {
        let traces = &self.traces;
        if traces.is_on() && !is_collector(&traces.endpoint) {
            return Err(format!(
                "traces.endpoint must be a URL such as http://127.0.0.1:4318/v1/traces, without user name, password and \
                 query, or empty, but is {:?}",
                traces.endpoint
            ));
        }
        if traces.service_name.is_empty() {
            return Err("traces.service_name must be a name, but is empty".to_owned());
        }
        Ok(())
    }

    /// Beyond this machine, nobody listens in (TLS), nobody is asked for nothing (open mode), and nobody's address is made
    /// up (trusted proxies), unless the operator says otherwise.
    fn check_exposure(&self) -> Result<(), String> {
        let listeners = [("server.listen", Some(self.server.listen)), ("admin.listen", self.admin_listen())];
        let exposed = listeners.into_iter().filter_map(|(key, address)| Some((key, address?)));
        let exposed: Vec<_> = exposed.filter(|(_, address)| !is_loopback(address.ip())).collect();
        let is_open = self.auth.mode == AuthMode::Open && !self.auth.open_beyond_loopback;
        if is_open && !is_loopback(self.server.listen.ip()) {
            return Err(format!(
                "server.listen must be a loopback address while auth.mode is \"open\", which lets anybody log in under \
                 any name, unless auth.open_beyond_loopback is true, but is {}",
                self.server.listen
            ));
        }
        if let Some((key, address)) = exposed.first()
            && !self.tls.is_on()
            && !self.server.behind_proxy
        {
            return Err(format!(
                "{key} must be a loopback address while the server speaks no TLS: set tls.certificate_file and \
                 tls.key_file, or server.behind_proxy (--behind-proxy) where a proxy does it, but is {address}"
            ));
        }
        if self.server.behind_proxy && self.server.trusted_proxies.is_empty() {
            return Err(
                "server.trusted_proxies must name the proxy, because server.behind_proxy is true: without it, \
                        all clients look like one"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

fn within(key: &str, value: u32, min: u32, max: u32) -> Result<(), String> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(format!("{key} must be {min} to {max}, but is {value}"))
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn parse_network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// A URL of HTTP with a host. Secrets have no place in it: it is printed and logged.
fn is_collector(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    is_http && !authority.is_empty() && !authority.contains('@') && uri.query().is_none()
}

/// Scheme, host and perhaps port, as browsers send it: no path, no capital letters.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let is_legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    !host.is_empty() && host.bytes().all(is_legal)
}
