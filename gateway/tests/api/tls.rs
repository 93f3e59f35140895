//! TLS, and certificates that are exchanged while the server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::server::{ADMIN_TOKEN, TestServer};

/// Far longer than any limit of these tests, and shorter than a day.
const PATIENCE: Duration = Duration::from_secs(60);

/// The files of a certificate and its key, which can be exchanged.
pub struct Files {
    directory: TempDir,
}

impl Files {
    pub fn new() -> Files {
        Files { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("certificate.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    /// Writes a new certificate for `localhost` and its key, and returns it.
    pub fn exchange(&self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } = self_signed();
        write(&self.certificate(), &cert.pem());
        write(&self.key(), &signing_key.serialize_pem());
        cert.der().clone()
    }
}

pub fn self_signed() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate")
}

pub fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
}

async fn server(files: &Files) -> TestServer {
    TestServer::start_with(|config| {
        config.tls.certificate_file = files.certificate();
        config.tls.key_file = files.key();
        config.limits.header_read_seconds = 300;
    })
    .await
}

/// A client that trusts these certificates and speaks these protocols.
async fn connect(
    server: &TestServer,
    trusted: &[&CertificateDer<'static>],
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add((*certificate).clone()).expect("a certificate");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions");
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(server.address()).await.expect("a server that listens");
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").expect("a name"), stream).await
}

/// The certificate that new connections get.
async fn presented(server: &TestServer, trusted: &[&CertificateDer<'static>]) -> CertificateDer<'static> {
    let stream = connect(server, trusted, &["http/1.1"]).await.expect("a handshake");
    let presented = stream.get_ref().1.peer_certificates().expect("a certificate");
    presented[0].clone().into_owned()
}

/// Asks on a connection that stays open, and returns the answer's head.
async fn ask(stream: &mut TlsStream<TcpStream>, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("a server that reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a server that answers"));
    }
    String::from_utf8(head).expect("text")
}

const LOGIN: &str = "POST /v1/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                     content-length: 14\r\n\r\n{\"user\":\"ann\"}";
const HEAD: &str = "HEAD /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn the_api_is_served_over_tls() {
    let files = Files::new();
    let certificate = files.exchange();
    let server = server(&files).await;
    for (offered, agreed) in [(&["h2", "http/1.1"][..], Some("http/1.1")), (&[], None)] {
        let mut stream = connect(&server, &[&certificate], offered).await.expect("a handshake");
        let protocol =
            stream.get_ref().1.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned());
        assert_eq!(protocol.as_deref(), agreed);
        let head = ask(&mut stream, LOGIN).await;
        assert!(head.starts_with("HTTP/1.1 20"), "{head}");
        assert!(head.contains("strict-transport-security: max-age=31536000\r\n"), "{head}");
        assert!(head.contains("; HttpOnly; SameSite=Strict; Secure\r\n"), "{head}");
    }
}

#[tokio::test]
async fn a_stream_goes_on_over_tls() {
    let files = Files::new();
    let certificate = files.exchange();
    let server = server(&files).await;
    let mut admin = connect(&server, &[&certificate], &["http/1.1"]).await.expect("a handshake");
    let mut change = async |method: &str, path: &str, body: &str| {
        let request = format!(
            "{method} /v1/admin/events{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let head = ask(&mut admin, &request).await;
        assert!(head.starts_with("HTTP/1.1 20"), "{head}");
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        admin.read_exact(&mut vec![0; length.expect("a length")]).await.expect("a body");
    };
    change("POST", "", r#"{"id":"gala","name":"Gala","capacity":2,"status":"on_sale"}"#).await;
    let mut stream = connect(&server, &[&certificate], &["http/1.1"]).await.expect("a handshake");
    let head = ask(&mut stream, "GET /v1/events/gala/stream HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    hear(&mut stream, "\"status\":\"on_sale\"").await;
    change("PUT", "/gala/status", r#"{"status":"paused"}"#).await;
    hear(&mut stream, "\"status\":\"paused\"").await;
}

/// Reads a stream until this has come.
async fn hear(stream: &mut TlsStream<TcpStream>, text: &str) {
    let mut heard = Vec::new();
    while !heard.ends_with(text.as_bytes()) {
        heard.push(stream.read_u8().await.expect("a stream that goes on"));
    }
}

#[tokio::test]
async fn a_websocket_is_opened_over_tls() {
    let files = Files::new();
    let certificate = files.exchange();
    let server = server(&files).await;
    let stream = connect(&server, &[&certificate], &["http/1.1"]).await.expect("a handshake");
    let (mut socket, _) = client_async("wss://localhost/v1/ws", stream).await.expect("a WebSocket");
    socket.send(Frame::text(r#"{"subscribe":["event:gala"]}"#)).await.expect("a server that reads");
    let answer = socket.next().await.expect("an answer").expect("a frame").into_text().expect("a text");
    assert!(answer.contains("event_not_found"), "{answer}");
}

#[tokio::test]
async fn who_speaks_http_2_only_or_no_tls_gets_nothing() {
    let files = Files::new();
    let certificate = files.exchange();
    let server = server(&files).await;
    assert!(connect(&server, &[&certificate], &["h2"]).await.is_err());

    let mut http2 = connect(&server, &[&certificate], &[]).await.expect("a handshake");
    http2.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("a server that reads");
    let mut answer = Vec::new();
    // The server closes without a word, not even one of TLS.
    let _ = tokio::time::timeout(PATIENCE, http2.read_to_end(&mut answer)).await.expect("a server that closes");
    assert!(answer.is_empty());

    let mut plain = TcpStream::connect(server.address()).await.expect("a server that listens");
    plain.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("a server that reads");
    let _ = tokio::time::timeout(PATIENCE, plain.read_to_end(&mut answer)).await.expect("a server that closes");
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_in_time_is_not_waited_for() {
    let files = Files::new();
    files.exchange();
    let server = TestServer::start_with(|config| {
        config.tls.certificate_file = files.certificate();
        config.tls.key_file = files.key();
        config.limits.header_read_seconds = 1;
    })
    .await;
    for beginning in [&b""[..], b"\x16\x03\x01"] {
        let mut stream = TcpStream::connect(server.address()).await.expect("a server that listens");
        stream.write_all(beginning).await.expect("a server that reads");
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("a server that closes");
    }
}

#[tokio::test]
async fn a_connection_too_many_is_closed_without_a_word() {
    let files = Files::new();
    let certificate = files.exchange();
    let server = TestServer::start_with(|config| {
        config.tls.certificate_file = files.certificate();
        config.tls.key_file = files.key();
        config.limits.connections_max = 1;
    })
    .await;
    let mut only = connect(&server, &[&certificate], &[]).await.expect("a handshake");
    assert!(ask(&mut only, HEAD).await.starts_with("HTTP/1.1 200 "));
    let mut other = TcpStream::connect(server.address()).await.expect("a server that listens");
    let mut answer = Vec::new();
    let end = tokio::time::timeout(PATIENCE, other.read_to_end(&mut answer)).await.expect("a server that closes");
    assert!(end.is_err() || answer.is_empty(), "{answer:?}");
    assert!(ask(&mut only, HEAD).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_certificate_is_exchanged_while_the_server_runs() {
    let files = Files::new();
    let first = files.exchange();
    let server = server(&files).await;
    let mut open = connect(&server, &[&first], &["http/1.1"]).await.expect("a handshake");
    server.reread_files();
    assert_eq!(presented(&server, &[&first]).await, first);

    let second = files.exchange();
    server.reread_files();
    assert_eq!(presented(&server, &[&first, &second]).await, second);
    // Who was connected goes on.
    assert!(ask(&mut open, HEAD).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_leaves_the_old_one_in_force() {
    let files = Files::new();
    let first = files.exchange();
    let server = server(&files).await;
    let other = self_signed();

    write(&files.certificate(), "no certificate");
    server.reread_files();
    assert_eq!(presented(&server, &[&first]).await, first);

    std::fs::remove_file(files.certificate()).expect("a file");
    server.reread_files();
    assert_eq!(presented(&server, &[&first]).await, first);

    // The certificate comes before its key; nothing happens until both are there.
    write(&files.certificate(), &other.cert.pem());
    server.reread_files();
    assert_eq!(presented(&server, &[&first]).await, first);
    write(&files.key(), &other.signing_key.serialize_pem());
    server.reread_files();
    assert_eq!(presented(&server, &[&first, other.cert.der()]).await, *other.cert.der());
}
