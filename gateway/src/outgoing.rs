//! The client by which this program asks others over HTTP: no redirects, no proxies, everything within its time.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A client that believes servers whose certificates `authorities` have signed, and waits for a connection and for a whole
/// answer so long. It blocks.
pub(crate) fn agent(authorities: &[Certificate<'static>], connect_timeout: Duration, timeout: Duration) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::from(authorities.iter().cloned()))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        // What is sent is for the server that was named, and for nobody between.
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_connect(Some(connect_timeout))
        .timeout_global(Some(timeout))
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
        .build();
    config.new_agent()
}

/// The authorities that this system believes.
pub(crate) fn system_authorities() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    found.iter().map(|authority| Certificate::from_der(authority).to_owned()).collect()
}
