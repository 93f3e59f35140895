//! The name by which a user is known.

use crate::error::ApiError;

/// The longest user name, in characters.
const LENGTH_MAX: usize = 128;

/// The name, where it can be one: 1 to 128 characters, none of them a control character, no white space around it.
///
/// # Errors
///
/// [`ApiError::Validation`] of the field `user`.
pub fn read(user: &str) -> Result<String, ApiError> {
    let length = user.chars().count();
    if length == 0 || length > LENGTH_MAX {
        return Err(ApiError::invalid("user", format!("must have 1 to {LENGTH_MAX} characters")));
    }
    if user.chars().any(char::is_control) || user.trim() != user {
        return Err(ApiError::invalid("user", "must not have control characters or outer white space"));
    }
    Ok(user.to_owned())
}
