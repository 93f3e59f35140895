//! `X-Forwarded-For`, from a trusted proxy and from anybody else.

#![no_main]

use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderValue};
use holdfast::client::Client;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n').take(64) {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        headers.append("x-forwarded-for", value);
    }
    let trusted = ["10.0.0.0/8".parse().expect("a network")];
    let stranger = SocketAddr::from(([192, 0, 2, 1], 80));
    let client = Client::of(stranger, &headers, &trusted);
    assert!(client.address == stranger.ip() && client.is_bounded, "a stranger was believed");
    let proxy = SocketAddr::from(([10, 0, 0, 1], 80));
    let client = Client::of(proxy, &headers, &trusted);
    assert!(client.is_bounded, "a request that was passed on is bounded");
    assert_eq!(client.address, client.address.to_canonical());
    assert_eq!(client.network(), holdfast::client::network(client.network()));
});
