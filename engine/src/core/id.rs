//! The names and numbers everything is known by.

use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest slug in bytes.
pub const SLUG_BYTES_MAX: usize = 64;

/// A name that is safe in a path: `^[a-z0-9][a-z0-9-]{0,63}$`. Event ids and ticket type ids are slugs.
///
/// Shared, because every view and every answer repeats it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(Arc<str>);

impl Slug {
    /// The slug of `text`, or `None` where `text` breaks the pattern.
    pub fn new(text: &str) -> Option<Slug> {
        let bytes = text.as_bytes();
        let (first, rest) = bytes.split_first()?;
        let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let legal = bytes.len() <= SLUG_BYTES_MAX
            && alphanumeric(first)
            && rest.iter().all(|byte| alphanumeric(byte) || *byte == b'-');
        legal.then(|| Slug(text.into()))
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Slug, Self::Error> {
        Slug::new(&text).ok_or("is no slug: 1 to 64 of a-z, 0-9 and -, the first no -")
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> String {
        slug.0.as_ref().to_owned()
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// An event's number inside this server, 1, 2, 3 … in the order of creation, never reused. Journal records carry it
/// instead of the slug. 0 stands for the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventNumber(pub u32);

/// A user's number inside this server, 1, 2, 3 … in the order of their first login. The name stays at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserNumber(pub u32);

/// A session's number: its place in the order of all logins, 1, 2, 3 … without a gap. It is the session's id too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LoginSeq(pub u64);

/// The number of a hold within its event, 1, 2, 3 …, never reused. The booking of a confirmed hold keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HoldNumber(pub u32);

/// A ticket type's place in its event's list, 0 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TypeIndex(pub u8);

/// Spreads the small integers above over a hash table. They are counted up by the server itself, so nobody outside
/// can choose colliding ones, and a fixed multiplier keeps the core free of randomness.
#[derive(Default)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        // 2^64 divided by the golden ratio: neighbours land far apart, in the high bits too, which hashbrown uses.
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }
}

#[cfg(test)]
mod tests {
    use super::Slug;

    #[test]
    fn slugs_follow_their_pattern() {
        for legal in ["a", "0", "spring-gala", "a-", &"x".repeat(64)] {
            assert!(Slug::new(legal).is_some(), "{legal}");
        }
        for illegal in ["", "-a", "A", "a_b", "a.b", "ä", "a b", &"x".repeat(65)] {
            assert!(Slug::new(illegal).is_none(), "{illegal}");
        }
    }
}
