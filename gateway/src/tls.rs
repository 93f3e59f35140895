//! The server's certificate: checked at the start, exchanged while the server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsConfig;
use crate::watched_file::WatchedFile;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{key} {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The key of the configuration that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{key} {} has no {what} in PEM", path.display())]
    Empty {
        /// The key of the configuration that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What it should have.
        what: &'static str,
    },
    /// The two do not belong together, or one of them is damaged or of a kind that is not supported.
    #[error("tls.certificate_file {} cannot be used with tls.key_file {}: {source}", certificate.display(), key.display())]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

/// The certificate in force, and the files it comes from.
pub struct Tls {
    certificate: WatchedFile,
    key: WatchedFile,
    in_force: RustlsConfig,
}

impl Tls {
    /// The certificate that `config` names, if it names one.
    pub fn open(config: &TlsConfig) -> Result<Option<Tls>, TlsError> {
        if !config.is_on() {
            return Ok(None);
        }
        let (certificate, key) = (WatchedFile::new(&config.certificate_file), WatchedFile::new(&config.key_file));
        // From here on, what differs from what is loaded below counts as a change.
        let _ = (certificate.changed(), key.changed());
        let in_force = RustlsConfig::from_config(load(certificate.path(), key.path())?);
        Ok(Some(Tls { certificate, key, in_force }))
    }

    /// What new connections are to use. It follows every exchange.
    pub fn in_force(&self) -> RustlsConfig {
        self.in_force.clone()
    }

    /// Loads the files again where one of them has changed, and says whether it has. On an error the old certificate stays
    /// in force: perhaps only one of the two files has been exchanged yet.
    pub fn reread(&self) -> Result<bool, TlsError> {
        let certificate = self.certificate.changed().map_err(unreadable("tls.certificate_file", &self.certificate));
        let key = self.key.changed().map_err(unreadable("tls.key_file", &self.key));
        if certificate?.is_none() && key?.is_none() {
            return Ok(false);
        }
        self.in_force.reload_from_config(load(self.certificate.path(), self.key.path())?);
        Ok(true)
    }
}

fn unreadable(key: &'static str, file: &WatchedFile) -> impl FnOnce(io::Error) -> TlsError {
    move |source| TlsError::Unreadable { key, path: file.path().to_owned(), source }
}

fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let read = |name, path: &Path| {
        fs::read(path).map_err(|source| TlsError::Unreadable { key: name, path: path.to_owned(), source })
    };
    let empty = |name, path: &Path, what| TlsError::Empty { key: name, path: path.to_owned(), what };
    let (certificate_text, key_text) = (read("tls.certificate_file", certificate)?, read("tls.key_file", key)?);
    let chain: Result<Vec<CertificateDer>, _> = CertificateDer::pem_slice_iter(&certificate_text).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| empty("tls.certificate_file", certificate, "certificate"))?;
    let private_key =
        PrivateKeyDer::from_pem_slice(&key_text).map_err(|_| empty("tls.key_file", key, "private key"))?;
    let unusable = |source| TlsError::Unusable { certificate: certificate.to_owned(), key: key.to_owned(), source };
    server_config(chain, private_key).map(Arc::new).map_err(unusable)
}

/// TLS 1.2 and 1.3, and HTTP/1.1 alone.
fn server_config(
    chain: Vec<CertificateDer<'static>>,
    private_key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private_key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
