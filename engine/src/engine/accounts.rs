//! Accounts: users who log in with a password that this server knows the hash of. What a password is worth, and how it is
//! hashed, is the caller's business.

use tokio::sync::oneshot;

use crate::core::change::By;
use crate::core::id::UserNumber;
use crate::core::rejection::Rejection;
use crate::core::session::{AccountCommand, PasswordOwner};
use crate::error::Unavailable;
use crate::inbox::Lane;
use crate::session_turn::SessionRequest;

use super::{Engine, newest_seq};

/// The journal number of the newest change that something done to an account came to, or the refusal by the rules.
pub type AccountAnswer = Result<u64, Rejection>;

impl Engine {
    /// The hash of a user's password, if they have an account.
    pub fn password_hash(&self, user_name: &str) -> Option<String> {
        self.sessions.password_hash(user_name)
    }

    /// Up to `limit` users with an account and a number above `after`, by number.
    pub fn accounts(&self, after: UserNumber, limit: usize) -> Vec<(UserNumber, String)> {
        self.sessions.accounts(after, limit)
    }

    /// Gives a user an account, and waits until it is durable. `reason` is an organiser's, for the audit trail, here as in
    /// what follows.
    pub async fn add_account(
        &self,
        user_name: &str,
        password_hash: String,
        by: By,
        reason: Option<String>,
    ) -> Result<AccountAnswer, Unavailable> {
        self.change_account(user_name, AccountCommand::Add { password_hash }, by, reason).await
    }

    /// Gives a user's account another password, and waits until it is durable. The live session keeps what it has, and of
    /// its tokens only that of `owner`.
    pub async fn change_password(
        &self,
        user_name: &str,
        password_hash: String,
        owner: Option<PasswordOwner>,
        by: By,
        reason: Option<String>,
    ) -> Result<AccountAnswer, Unavailable> {
        let command = AccountCommand::ChangePassword { password_hash, owner };
        self.change_account(user_name, command, by, reason).await
    }

    /// Removes a user's account, and ends their live session as a logout does. Bookings stay. Waits until all of it is
    /// durable.
    pub async fn remove_account(
        &self,
        user_name: &str,
        by: By,
        reason: Option<String>,
    ) -> Result<AccountAnswer, Unavailable> {
        self.change_account(user_name, AccountCommand::Remove, by, reason).await
    }

    async fn change_account(
        &self,
        user_name: &str,
        command: AccountCommand,
        by: By,
        reason: Option<String>,
    ) -> Result<AccountAnswer, Unavailable> {
        let lane = if matches!(by, By::Admin(_)) { Lane::Completion } else { Lane::Ordinary };
        let waits = self.wait(lane)?;
        let (reply, answer) = oneshot::channel();
        let user_name = user_name.to_owned();
        self.send_to_sessions(SessionRequest::Account { user_name, command, by, reason, reply, waits }, lane)?;
        match answer.await.map_err(|_| Unavailable::ShuttingDown)? {
            Ok(changed) => Ok(Ok(newest_seq(changed).await?)),
            Err(rejection) => Ok(Err(rejection)),
        }
    }
}
