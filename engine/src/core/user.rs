//! Users: their names, which are never forgotten, and what else is known of the few of whom there is more.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::UserNumber;
use super::number_map::NumberMap;
use super::rejection::Rejection;
use super::table::NumberedTable;

/// The class of a user of whom no other is known.
pub const STANDARD_CLASS: &str = "standard";

/// The longest class, in characters.
pub const CLASS_LENGTH_MAX: usize = 64;
/// The longest e-mail address, in characters.
pub const EMAIL_LENGTH_MAX: usize = 320;
/// The longest hash of a password, in bytes, with the name of its algorithm and its salt.
pub const PASSWORD_HASH_BYTES_MAX: usize = 512;

/// What an identity check tells of a user besides the name. It is never in the audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDetails {
    /// What kind of user, 1 to [`CLASS_LENGTH_MAX`] characters; `None` is [`STANDARD_CLASS`].
    pub class: Option<String>,
    /// Where to write to, 1 to [`EMAIL_LENGTH_MAX`] characters.
    pub email: Option<String>,
}

impl UserDetails {
    /// Refuses texts that leave their bounds, naming the field.
    pub fn check(&self) -> Result<(), Rejection> {
        let texts = [("class", &self.class, CLASS_LENGTH_MAX), ("email", &self.email, EMAIL_LENGTH_MAX)];
        for (field, text, most) in texts {
            let is_legal =
                |text: &str| (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
            if text.as_deref().is_some_and(|text| !is_legal(text)) {
                let message = format!("must have 1 to {most} characters, none of them a control character");
                return Err(Rejection::invalid(field, message));
            }
        }
        Ok(())
    }
}

/// Refuses a hash of a password that leaves its bounds.
pub fn check_password_hash(password_hash: &str) -> Result<(), Rejection> {
    if (1..=PASSWORD_HASH_BYTES_MAX).contains(&password_hash.len()) {
        return Ok(());
    }
    Err(Rejection::invalid("password_hash", format!("must have 1 to {PASSWORD_HASH_BYTES_MAX} bytes")))
}

/// What is known of a user besides the name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// What an identity check told.
    pub details: UserDetails,
    /// The hash of the password, of a user with an account here.
    pub password_hash: Option<Box<str>>,
}

/// All users there have ever been.
#[derive(Debug, Default)]
pub struct Users {
    /// The name of each. Users are never forgotten: the audit trail names them.
    names: NumberedTable<Arc<str>>,
    /// The user of a name, at the name's hash; where that one has another name, at the next number, and so on.
    by_name_hash: NumberMap<u32, UserNumber>,
    /// Names come from outside: nobody may know which ones collide.
    name_hasher: RandomState,
    /// Of those of whom more than the name is known; most users have none. In the order of a snapshot.
    records: BTreeMap<UserNumber, Box<UserRecord>>,
}

impl Users {
    /// The name of a user.
    pub fn name(&self, user: UserNumber) -> Option<&str> {
        self.names.get(user.0).map(AsRef::as_ref)
    }

    /// The same, to be kept: there is one copy of a name.
    pub fn shared_name(&self, user: UserNumber) -> Option<Arc<str>> {
        self.names.get(user.0).map(Arc::clone)
    }

    /// The number of a user.
    pub fn number(&self, name: &str) -> Option<UserNumber> {
        self.look_up(name).ok()
    }

    /// The number of a user, or the one that a new user of this name gets.
    pub(super) fn number_or_next(&self, name: &str) -> UserNumber {
        let next = || UserNumber(u32::try_from(self.names.len() + 1).expect("fewer than 2^32 users"));
        self.number(name).unwrap_or_else(next)
    }

    /// All names, by number.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(_, name)| name.as_ref())
    }

    /// What is known of a user besides the name, if anything is.
    pub fn record(&self, user: UserNumber) -> Option<&UserRecord> {
        self.records.get(&user).map(AsRef::as_ref)
    }

    /// All that is known of users besides their names, by number.
    pub fn records(&self) -> impl ExactSizeIterator<Item = (UserNumber, &UserRecord)> {
        self.records.iter().map(|(user, record)| (*user, record.as_ref()))
    }

    /// The hash of a user's password, if they have an account.
    pub fn password_hash(&self, user: UserNumber) -> Option<&str> {
        self.record(user)?.password_hash.as_deref()
    }

    /// Whether `password_hash` is that of the account of the user called `name`.
    pub fn has_password_hash(&self, name: &str, password_hash: &str) -> bool {
        self.number(name).and_then(|user| self.password_hash(user)) == Some(password_hash)
    }

    /// Up to `limit` users with an account and a number above `after`, by number.
    pub fn accounts(&self, after: UserNumber, limit: usize) -> Vec<(UserNumber, String)> {
        let later = self.records.range(UserNumber(after.0.saturating_add(1))..);
        let with_account = later.filter(|(user, record)| **user > after && record.password_hash.is_some());
        let named = with_account.map(|(user, _)| (*user, self.name(*user).expect("a user has a name").to_owned()));
        named.take(limit).collect()
    }

    /// Takes up a user; a number not seen before introduces `name`.
    pub(super) fn introduce(&mut self, user: UserNumber, name: &str) {
        if user.0 as usize <= self.names.len() {
            assert!(self.name(user) == Some(name), "user {} changed their name", user.0);
            return;
        }
        assert!(user.0 as usize == self.names.len() + 1, "user {} after {}", user.0, self.names.len());
        let vacant = self.look_up(name).expect_err("a new user has a new name");
        self.by_name_hash.insert(vacant, user);
        self.names.insert(user.0, name.into());
    }

    /// Changes what is known of a user besides the name. Nothing is kept of whom nothing more is known.
    pub(super) fn amend(&mut self, user: UserNumber, amend: impl FnOnce(&mut UserRecord)) {
        assert!(self.name(user).is_some(), "user {} is unknown", user.0);
        let record = self.records.entry(user).or_default();
        amend(record);
        if **record == UserRecord::default() {
            self.records.remove(&user);
        }
    }

    /// Puts a user back; users come in the order of their numbers.
    pub(super) fn restore(&mut self, name: &str) {
        self.introduce(UserNumber(self.names.len() as u32 + 1), name);
    }

    /// The user called `name`, or the number at which a user of that name is to be entered. It never meets a gap that
    /// somebody left: users are not forgotten.
    fn look_up(&self, name: &str) -> Result<UserNumber, u32> {
        let mut hash = self.name_hasher.hash_one(name) as u32;
        while let Some(user) = self.by_name_hash.get(&hash) {
            if self.name(*user) == Some(name) {
                return Ok(*user);
            }
            hash = hash.wrapping_add(1);
        }
        Err(hash)
    }

    /// Names the first thing that does not add up.
    pub(super) fn check_invariants(&self) -> Result<(), String> {
        if self.by_name_hash.len() != self.names.len() {
            return Err("the tables of users have other sizes".to_owned());
        }
        match self.records.keys().find(|user| self.name(**user).is_none()) {
            Some(stranger) => Err(format!("user {} is known without a name", stranger.0)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Users;
    use crate::core::id::UserNumber;

    /// So many that about ten of them share their hash with another.
    const COUNT: u32 = 300_000;

    #[test]
    fn users_are_found_by_name_whatever_else_has_the_same_hash() {
        let mut users = Users::default();
        (1..=COUNT).for_each(|user| users.introduce(UserNumber(user), &format!("user-{user}")));
        for user in 1..=COUNT {
            let name = format!("user-{user}");
            assert_eq!((users.number(&name), users.name(UserNumber(user))), (Some(UserNumber(user)), Some(&*name)));
        }
        assert_eq!((users.number("user-0"), users.name(UserNumber(0))), (None, None));
        assert_eq!(users.number_or_next("user-0"), UserNumber(COUNT + 1));
    }
}
