//! Remembered answers: asking again with the same key has exactly one effect.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::id::LoginSeq;
use super::outcome::Answer;
use super::rejection::Rejection;

/// How long an answer is remembered: 24 hours, in milliseconds.
pub const REMEMBERED_FOR_MS: u64 = 24 * 60 * 60 * 1_000;
/// How many answers are remembered for one session (or the admin) in one event; the oldest is forgotten first.
pub const REMEMBERED_MAX: usize = 256;

/// How many answers an event remembers over all sessions; the oldest is forgotten first. About 64 MB at the most.
pub const REMEMBERED_IN_ALL_MAX: usize = 262_144;

/// Whose keys these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyScope {
    /// A session's.
    Session(LoginSeq),
    /// The organisers'.
    Admin,
}

/// An idempotency key and the request it came with, both as hashes: what a client sends is up to 128 characters and
/// a whole body, and only equality matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// 128 bits of a cryptographic hash of the key.
    pub key_hash: u128,
    /// 128 bits of a cryptographic hash of the request.
    pub request_hash: u128,
}

/// The first answer a key got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// See [`IdempotencyKey::key_hash`].
    pub key_hash: u128,
    /// See [`IdempotencyKey::request_hash`].
    pub request_hash: u128,
    /// When the answer was given, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The journal number of the last change of that step; set once the journal has given it.
    pub seq: u64,
    /// The answer.
    pub answer: Answer,
}

/// The remembered answers of an event.
#[derive(Debug, Default)]
pub struct RememberedAnswers {
    /// By scope, oldest first. A `BTreeMap`, because a snapshot writes them in this order.
    by_scope: BTreeMap<KeyScope, VecDeque<Remembered>>,
    /// How many answers each scope has of each millisecond, oldest first: what is due to be forgotten, whoever asks next.
    by_time: BTreeMap<(u64, KeyScope), u32>,
    /// How many answers there are.
    len: usize,
}

impl RememberedAnswers {
    /// The answer `key` got before, if it did; or the refusal of a key that came with another request.
    pub fn find(&self, scope: KeyScope, key: &IdempotencyKey, now_ms: u64) -> Option<Result<&Remembered, Rejection>> {
        let remembered = self.by_scope.get(&scope)?;
        let first = remembered.iter().find(|first| first.key_hash == key.key_hash && !is_old(first.at_ms, now_ms))?;
        if first.request_hash == key.request_hash {
            Some(Ok(first))
        } else {
            Some(Err(Rejection::IdempotencyKeyReused))
        }
    }

    /// Remembers an answer, and forgets those that are too old or too many.
    pub fn remember(&mut self, scope: KeyScope, remembered: Remembered) {
        self.forget_old(remembered.at_ms);
        if self.by_scope.get(&scope).is_some_and(|answers| answers.len() == REMEMBERED_MAX) {
            self.forget_oldest(scope);
        }
        if self.len == REMEMBERED_IN_ALL_MAX
            && let Some((_, oldest)) = self.by_time.keys().next().copied()
        {
            self.forget_oldest(oldest);
        }
        self.len += 1;
        *self.by_time.entry((remembered.at_ms, scope)).or_default() += 1;
        self.by_scope.entry(scope).or_default().push_back(remembered);
    }

    /// Tells the oldest answer of `scope` that has no journal number yet that of its step. Steps are journaled in the
    /// order in which they were taken.
    pub fn journaled(&mut self, scope: KeyScope, seq: u64) {
        let Some(answers) = self.by_scope.get_mut(&scope) else { return };
        // The few without a number stand at the end.
        let without = answers.iter().rev().take_while(|answer| answer.seq == 0).count();
        let oldest_without = answers.len() - without;
        if let Some(answer) = answers.get_mut(oldest_without) {
            answer.seq = seq;
        }
    }

    /// Everything remembered, by scope, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (KeyScope, &Remembered)> {
        self.by_scope.iter().flat_map(|(scope, answers)| answers.iter().map(|answer| (*scope, answer)))
    }

    fn forget_old(&mut self, now_ms: u64) {
        while let Some((at_ms, scope)) = self.by_time.keys().next().copied() {
            if !is_old(at_ms, now_ms) {
                return;
            }
            self.forget_oldest(scope);
        }
    }

    fn forget_oldest(&mut self, scope: KeyScope) {
        let answers = self.by_scope.get_mut(&scope).expect("a scope that has an oldest answer");
        let oldest = answers.pop_front().expect("a scope that has an oldest answer");
        if answers.is_empty() {
            self.by_scope.remove(&scope);
        }
        self.len -= 1;
        let line = (oldest.at_ms, scope);
        let count = self.by_time.get_mut(&line).expect("every answer stands in the order of time");
        *count -= 1;
        if *count == 0 {
            self.by_time.remove(&line);
        }
    }
}

fn is_old(at_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(at_ms) >= REMEMBERED_FOR_MS
}
