//! `holdfast token add | remove | list`: changing the tokens beside a running server, which reads them again.

use std::io::Write;
use std::path::Path;

use holdfast_engine::core::id::Slug;
use holdfast_engine::storage::DataDirectory;

use super::{Holder, Role, TOKENS_MAX, TokensError, file, new_token};

/// What is to be done with the tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenErrand {
    /// Make a token and show it, this once.
    Add {
        /// Its name, which must be free.
        name: Slug,
        /// What its holder may do.
        role: Role,
    },
    /// Take a token away.
    Remove {
        /// Its name.
        name: Slug,
    },
    /// Show roles and names.
    List,
}

/// Does an errand in the data directory `data`, whether or not a server uses it. What was asked for goes to `output`; to
/// `notes`, how long a server may need to notice, `reread_seconds`.
///
/// # Errors
///
/// [`TokensError`]. Nothing has changed then, except where a new token could not be written to `output`.
pub fn run(
    errand: &TokenErrand,
    data: &Path,
    reread_seconds: u32,
    output: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<(), TokensError> {
    DataDirectory::open_beside(data)?;
    match errand {
        TokenErrand::Add { name, role } => {
            let token = add(data, name, *role)?;
            say(output, &format!("{token}\n"))?;
            say(notes, &format!("A running server takes it up within {reread_seconds} s. It is shown only now.\n"))
        }
        TokenErrand::Remove { name } => {
            remove(data, name)?;
            say(notes, &format!("A running server refuses it within {reread_seconds} s.\n"))
        }
        TokenErrand::List => say(output, &list(data)?),
    }
}

fn add(data: &Path, name: &Slug, role: Role) -> Result<String, TokensError> {
    let _lock = file::lock(data)?;
    let mut entries = file::load(data)?.unwrap_or_default();
    if entries.iter().any(|entry| entry.holder.name == *name) {
        return Err(TokensError::NameInUse { name: name.clone() });
    }
    if entries.len() >= TOKENS_MAX {
        return Err(TokensError::TooMany);
    }
    let (token, entry) = new_token(Holder { name: name.clone(), role })?;
    entries.push(entry);
    file::replace(data, &entries)?;
    Ok(token)
}

fn remove(data: &Path, name: &Slug) -> Result<(), TokensError> {
    let _lock = file::lock(data)?;
    let mut entries = file::load(data)?.unwrap_or_default();
    let count = entries.len();
    entries.retain(|entry| entry.holder.name != *name);
    if entries.len() == count {
        return Err(TokensError::NameUnknown { name: name.clone() });
    }
    file::replace(data, &entries)
}

fn list(data: &Path) -> Result<String, TokensError> {
    let entries = file::load(data)?.unwrap_or_default();
    Ok(entries.iter().map(|entry| format!("{} {}\n", entry.holder.role.as_str(), entry.holder.name)).collect())
}

fn say(output: &mut dyn Write, text: &str) -> Result<(), TokensError> {
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(TokensError::Output)
}
