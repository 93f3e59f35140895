//! Which server is asked, by which token, and whom it is taken for.

use std::ffi::OsString;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::Uri;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use ureq::tls::{Certificate, PemItem, parse_pem};
use zeroize::Zeroizing;

use super::failure::OperatorError;
use crate::config::Config;
use crate::outgoing;
use crate::tokens;

/// The flags of all commands that ask a running server.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(next_help_heading = "The server")]
pub struct ServerArguments {
    /// The server: http://HOST:PORT or https://HOST:PORT. Without, the one that the configuration says, by loopback.
    #[arg(long, global = true, value_name = "URL", env = "HOLDFAST_SERVER", hide_env_values = true)]
    server: Option<String>,
    /// Read the token from the first line of this file. Without, it is that of the variable HOLDFAST_ADMIN_TOKEN.
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Believe certificates that those in this PEM file vouch for, and no others. Without, the system's are believed.
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Send the token over plain HTTP to another machine, where everybody between can read it.
    #[arg(long, global = true)]
    token_over_plain_http: bool,
    /// How long to wait for an answer, in seconds, 1 to 3,600.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60,
        value_parser = RangedU64ValueParser::<u64>::new().range(1..=3_600))]
    timeout_seconds: u64,
    /// Read the server's address from this configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the objects of the API, a line of JSON each, instead of words.
    #[arg(long, global = true)]
    json: bool,
}

/// A server, and how to ask it.
pub struct Server {
    /// Scheme, host and port.
    pub url: String,
    /// The token, if there is one.
    pub token: Option<Zeroizing<String>>,
    /// Those who vouch for its certificate; empty where it speaks plain HTTP.
    pub authorities: Vec<Certificate<'static>>,
    /// How long to wait for an answer.
    pub timeout: Duration,
}

impl ServerArguments {
    /// Whether the report is JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// What the flags, the environment and the configuration say together; `variable` is the environment's token.
    ///
    /// # Errors
    ///
    /// [`OperatorError::Setting`] where that cannot be, or would show the token to others; [`OperatorError::Config`].
    pub fn resolve(&self, variable: Option<OsString>) -> Result<Server, OperatorError> {
        let url = match &self.server {
            Some(server) => read_url(server)?,
            None => self.configured_url()?,
        };
        let token = match &self.token_file {
            Some(path) => Some(read_token_file(path)?),
            None => variable.map(|token| usable(&token.to_string_lossy(), tokens::VARIABLE)).transpose()?,
        };
        let is_plain = url.scheme_str() == Some("http");
        if token.is_some() && is_plain && !is_loopback(&url) && !self.token_over_plain_http {
            return Err(OperatorError::Setting(format!(
                "the token would go to {} in the open: use https, or say --token-over-plain-http if nobody can listen",
                address(&url)
            )));
        }
        let authorities = if is_plain { Vec::new() } else { self.authorities()? };
        Ok(Server { url: address(&url), token, authorities, timeout: Duration::from_secs(self.timeout_seconds) })
    }

    /// Where a server of this configuration is administered, asked from the same machine.
    fn configured_url(&self) -> Result<Uri, OperatorError> {
        let config = Config::load(&Config::default(), self.config.as_deref(), std::env::vars_os(), &[])?;
        let listen = config.admin.listen.parse().unwrap_or(config.server.listen);
        if listen.port() == 0 {
            return Err(OperatorError::Setting(format!(
                "the configuration has the server listen on any free port ({listen}): say which with --server"
            )));
        }
        let scheme = if config.tls.is_on() { "https" } else { "http" };
        read_url(&format!("{scheme}://{}", from_the_same_machine(listen)))
    }

    fn authorities(&self) -> Result<Vec<Certificate<'static>>, OperatorError> {
        let Some(path) = &self.ca else {
            return Ok(outgoing::system_authorities());
        };
        let unusable = |reason: &dyn std::fmt::Display| {
            OperatorError::Setting(format!("the certificates in {} cannot be used: {reason}", path.display()))
        };
        let pem = fs::read(path).map_err(|error| unusable(&error))?;
        let items: Result<Vec<_>, _> = parse_pem(&pem).collect();
        let certificates = items.map_err(|error| unusable(&error))?.into_iter().filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        });
        let certificates: Vec<_> = certificates.collect();
        if certificates.is_empty() { Err(unusable(&"there is none")) } else { Ok(certificates) }
    }
}

/// An address that listens on all interfaces is reached by loopback.
fn from_the_same_machine(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}

fn read_url(text: &str) -> Result<Uri, OperatorError> {
    let url = text.parse::<Uri>().ok().filter(|url| {
        let has_scheme = matches!(url.scheme_str(), Some("http" | "https"));
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
        has_scheme && is_bare && url.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    });
    url.ok_or_else(|| {
        // It is not repeated: there may be a password in it.
        OperatorError::Setting("--server or HOLDFAST_SERVER must be http://HOST:PORT or https://HOST:PORT".to_owned())
    })
}

fn address(url: &Uri) -> String {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}", url.scheme_str().unwrap_or("http"))
}

/// Names are not looked up for this: whoever answers for names would decide where the token goes.
fn is_loopback(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read_token_file(path: &Path) -> Result<Zeroizing<String>, OperatorError> {
    let content = fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        OperatorError::Setting(format!("the token file {} cannot be read: {error}", path.display()))
    })?;
    usable(content.lines().next().unwrap_or_default().trim(), &path.display().to_string())
}

/// The token, where a header can have it. It is never repeated in an error.
fn usable(token: &str, origin: &str) -> Result<Zeroizing<String>, OperatorError> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(OperatorError::Setting(format!("{origin} has no token: it must be visible ASCII characters")));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{from_the_same_machine, is_loopback, read_url};

    #[test]
    fn a_url_is_scheme_host_and_port_alone() {
        for text in ["http://127.0.0.1:8080", "https://sale.example/", "http://[::1]:80"] {
            assert!(read_url(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "sale.example",
            "127.0.0.1:8080",
            "ftp://sale.example",
            "https://ann:secret@sale.example",
            "https://sale.example/v1",
            "https://sale.example?x",
        ] {
            let error = read_url(text).expect_err(text).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        let is_so = |text: &str| is_loopback(&read_url(text).expect("a URL"));
        assert!(
            ["http://127.0.0.1:1", "http://127.8.9.1", "http://[::1]:1", "http://LOCALHOST:1"].into_iter().all(is_so)
        );
        assert!(
            !["http://10.0.0.1", "http://localhost.example", "http://0.0.0.0:1", "http://[::2]"].into_iter().any(is_so)
        );
    }

    #[test]
    fn what_listens_everywhere_is_asked_by_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:81", "127.0.0.1:81"),
            ("[::]:82", "[::1]:82"),
            ("10.0.0.1:83", "10.0.0.1:83"),
            ("127.0.0.1:84", "127.0.0.1:84"),
        ] {
            let listen = listen.parse().expect("an address");
            assert_eq!(from_the_same_machine(listen).to_string(), asked);
        }
    }
}
