//! Secrets that are made here, and the digests by which tokens are known.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How much chance is in a token, in bytes.
pub const TOKEN_BYTES: usize = 32;

/// A new secret: so many random bytes, as two hexadecimal digits each.
///
/// # Errors
///
/// Where the system gives no random bytes.
pub fn make(bytes: usize) -> Result<String, getrandom::Error> {
    let mut random = Zeroizing::new(vec![0; bytes]);
    getrandom::fill(&mut random)?;
    Ok(hexadecimal(&random))
}

/// The SHA-256 of a token: all that is kept of it.
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Two digits a byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
    let digits: Vec<u8> = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    String::from_utf8(digits).expect("digits are text")
}
