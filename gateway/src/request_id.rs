//! The id by which a request is found again: in its answer, in the log, in the traces.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::{HeaderMap, HeaderValue};

use crate::header_names::X_REQUEST_ID;
use crate::secret;

/// The longest that is taken from a caller, in characters.
const LENGTH_MAX: usize = 128;

/// The caller's id, if it sent a usable one, which is visible ASCII; otherwise a new one.
pub fn of(headers: &HeaderMap) -> HeaderValue {
    let is_usable = |value: &&HeaderValue| {
        (1..=LENGTH_MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    if let Some(given) = headers.get(X_REQUEST_ID).filter(is_usable) {
        return given.clone();
    }
    let (process, request) = (process_id(), REQUESTS.fetch_add(1, Ordering::Relaxed));
    hexadecimal(u64::from(process) << 32 | u64::from(request))
}

/// All digits of `number`.
fn hexadecimal(number: u64) -> HeaderValue {
    HeaderValue::try_from(secret::hexadecimal(&number.to_be_bytes())).expect("hexadecimal digits")
}

/// Requests without a usable id of their own so far.
static REQUESTS: AtomicU32 = AtomicU32::new(0);

/// A random number by which the request ids of two runs differ. Without random bytes they do not; the answers matter more.
fn process_id() -> u32 {
    static PROCESS: OnceLock<u32> = OnceLock::new();
    *PROCESS.get_or_init(|| getrandom::u32().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::hexadecimal;

    #[test]
    fn an_id_has_all_its_digits() {
        assert_eq!(hexadecimal(0x0000_00ff_89ab_cdef), "000000ff89abcdef");
    }
}
