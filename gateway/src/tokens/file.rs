//! The file of the tokens: a line each, `<role> <name> <SHA-256 of the token, 64 hexadecimal digits>`.
//!
//! It is read strictly: a damaged file is never guessed at. It is replaced as a whole, by one at a time.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use holdfast_engine::core::id::Slug;

use super::{Entry, Holder, Role, TOKENS_MAX, TokensError, first_holder, new_token};
use crate::secret::hexadecimal;

/// The file in the data directory. Whoever lost the last operator's token adds another one by `holdfast token add`.
pub const FILE_NAME: &str = "tokens";

/// The file of earlier versions: the digest of the one admin token, and a line break.
pub const FORMER_FILE_NAME: &str = "admin-token.sha256";

/// Makes the file ready for a start: takes over that of an earlier version, or else, where there is none at all and
/// `makes_first`, makes an operator's token, which it answers.
pub(super) fn prepare(data: &Path, makes_first: bool) -> Result<Option<String>, TokensError> {
    let _lock = lock(data)?;
    match load(data)? {
        Some(entries) if data.join(FORMER_FILE_NAME).exists() => replace(data, &entries).map(|()| None),
        None if makes_first => {
            let (token, entry) = new_token(first_holder())?;
            replace(data, &[entry])?;
            Ok(Some(token))
        }
        _ => Ok(None),
    }
}

/// Waits until nobody else changes the tokens of `data`, and keeps others from it until the value is dropped.
///
/// The lock is on the directory: the file itself is another one after each change.
pub(super) fn lock(data: &Path) -> Result<File, TokensError> {
    let lock = || {
        let directory = File::open(data)?;
        directory.lock()?;
        Ok(directory)
    };
    lock().map_err(|source| storage(data, source))
}

/// The tokens of `data`: those of the file, or else that of an earlier version's file. `None` where there is neither.
pub(super) fn load(data: &Path) -> Result<Option<Vec<Entry>>, TokensError> {
    let path = data.join(FILE_NAME);
    if let Some(content) = read(&path)? {
        return parse(&path, &content).map(Some);
    }
    let path = data.join(FORMER_FILE_NAME);
    let Some(content) = read(&path)? else { return Ok(None) };
    let digest = content.strip_suffix(b"\n").and_then(|digits| parse_digest(str::from_utf8(digits).ok()?));
    let what = "it must be 64 hexadecimal digits and a line break";
    let digest = digest.ok_or(TokensError::Damaged { path, line: 1, what })?;
    Ok(Some(vec![Entry { holder: first_holder(), digest }]))
}

/// Puts `entries` in the place of what the file has. The caller has the [`lock`].
///
/// They are durable under another name first, so that the file is whole, the old or the new one, whatever happens; only then
/// the file of an earlier version goes.
pub(super) fn replace(data: &Path, entries: &[Entry]) -> Result<(), TokensError> {
    let path = data.join(FILE_NAME);
    let write = || {
        let temporary = data.join(format!("{FILE_NAME}.tmp"));
        // What an interrupted change left is of no use: its token was never shown.
        remove_if_there(&temporary)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        give_to_owner(&file, data)?;
        file.write_all(render(entries).as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, &path)?;
        let directory = File::open(data)?;
        directory.sync_all()?;
        remove_if_there(&data.join(FORMER_FILE_NAME))?;
        directory.sync_all()
    };
    write().map_err(|source| storage(&path, source))
}

/// Makes a file that root has made that of the server's own user, who could not read it otherwise: a token that root has
/// removed would stay in force.
fn give_to_owner(file: &File, data: &Path) -> io::Result<()> {
    let owner = fs::metadata(data)?;
    if file.metadata()?.uid() == owner.uid() {
        return Ok(());
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

/// Reads exactly what [`render`] writes, or an operator could have written. `path` is for the error alone.
///
/// # Errors
///
/// [`TokensError::Damaged`] with the first line that is wrong.
pub fn parse(path: &Path, content: &[u8]) -> Result<Vec<Entry>, TokensError> {
    let (mut entries, mut names, mut digests) = (Vec::new(), HashSet::new(), HashSet::new());
    for (index, line) in content.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let damaged = |what| TokensError::Damaged { path: path.to_owned(), line: index + 1, what };
        let entry = parse_line(line).map_err(damaged)?;
        if index == TOKENS_MAX {
            return Err(damaged("there are more than 1,000 tokens"));
        }
        if !names.insert(entry.holder.name.clone()) {
            return Err(damaged("the name stands in an earlier line"));
        }
        if !digests.insert(entry.digest) {
            return Err(damaged("the hash stands in an earlier line"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn parse_line(line: &[u8]) -> Result<Entry, &'static str> {
    let line = line.strip_suffix(b"\n").ok_or("it does not end with a line break")?;
    let text = str::from_utf8(line).map_err(|_| "it is no text")?;
    let mut words = text.split(' ');
    let (Some(role), Some(name), Some(digits), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Err("it must have a role, a name and a hash, with a blank between");
    };
    let role = Role::from_name(role).ok_or("the role must be viewer, operator or service")?;
    let name = Slug::new(name).ok_or("the name must be 1 to 64 of a-z, 0-9 and -, the first one no -")?;
    let digest = parse_digest(digits).ok_or("the hash must be 64 hexadecimal digits")?;
    Ok(Entry { holder: Holder { name, role }, digest })
}

fn parse_digest(digits: &str) -> Option<[u8; 32]> {
    let is_legal = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    if digits.len() != 64 || !digits.bytes().all(is_legal) {
        return None;
    }
    let mut digest = [0; 32];
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(digest)
}

/// The file that has `entries`, as [`parse`] reads it.
pub fn render(entries: &[Entry]) -> String {
    let line = |Entry { holder, digest }: &Entry| {
        format!("{} {} {}\n", holder.role.as_str(), holder.name, hexadecimal(digest))
    };
    entries.iter().map(line).collect()
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, TokensError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(storage(path, error)),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn storage(path: &Path, source: io::Error) -> TokensError {
    TokensError::Storage { path: path.to_owned(), source }
}
