//! The first bytes of a connection: what was looked at is read again unchanged, and HTTP/2 goes no further.
//!
//! The input's first byte says where the network cuts the rest in two.

#![no_main]

use std::cell::RefCell;

use holdfast::connections::first_bytes::Rewound;
use libfuzzer_sys::fuzz_target;
use tokio::io::AsyncReadExt;
use tokio::runtime::{Builder, Runtime};

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(Builder::new_current_thread().build().expect("a runtime"));
}

fuzz_target!(|input: &[u8]| {
    let Some((cut, bytes)) = input.split_first() else { return };
    let (first, second) = bytes.split_at(usize::from(*cut).min(bytes.len()));
    RUNTIME.with_borrow(|runtime| runtime.block_on(check(first, second, bytes)));
});

async fn check(first: &[u8], second: &[u8], whole: &[u8]) {
    // A connection that ends early, or speaks HTTP/2, has not begun.
    let has_begun = !HTTP2_PREFACE.starts_with(whole) && !whole.starts_with(HTTP2_PREFACE);
    match Rewound::begin(first.chain(second)).await {
        Ok(mut rewound) => {
            assert!(has_begun, "it was let through");
            let mut read = Vec::new();
            rewound.read_to_end(&mut read).await.expect("bytes in memory");
            assert_eq!(read, whole);
        }
        Err(_) => assert!(!has_begun, "it was turned away"),
    }
}
