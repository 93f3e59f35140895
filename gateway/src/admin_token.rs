//! The admin token: given by the environment, or made at the first start of a data directory.
//!
//! **Architecture invariant:** the token itself is never written anywhere; the disk has its SHA-256 only.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The variable that gives the token.
pub const VARIABLE: &str = "HOLDFAST_ADMIN_TOKEN";

/// The file in the data directory with the digest of a token that was made: 64 hexadecimal digits and a line break.
/// Whoever lost the token removes this file, and the next start makes another.
pub const FILE_NAME: &str = "admin-token.sha256";

/// The shortest token the environment may give, in characters.
const LENGTH_MIN: usize = 16;

/// What a caller must show to administer this server.
pub struct AdminToken {
    /// The token's SHA-256; the token itself is nobody's to keep.
    digest: [u8; 32],
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AdminToken")
    }
}

/// Why there is no admin token. Nothing has been overwritten when it is reported.
#[derive(Debug, thiserror::Error)]
pub enum AdminTokenError {
    /// The environment's token is too short or has characters that do not fit a header.
    #[error("{VARIABLE} must have at least {LENGTH_MIN} characters, all of them visible ASCII")]
    Unusable,
    /// The file does not hold a digest.
    #[error(
        "the admin token file {} is damaged: restore it, or remove it to have a new token made at the next start",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("the admin token file {} cannot be used: {source}", path.display())]
    Storage {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system has no random bytes.
    #[error("the system gives no random bytes for an admin token: {0}")]
    Randomness(getrandom::Error),
}

impl AdminToken {
    /// The environment's token where there is one, else the one whose digest is in `data`, else a new one.
    ///
    /// A new token is answered beside, for the caller to print once; its digest is on disk before that. The environment's
    /// token holds for this run only and leaves `data` as it is. The caller holds the lock of `data`, which must exist.
    pub fn from_environment_or_file(
        environment: Option<&str>,
        data: &Path,
    ) -> Result<(AdminToken, Option<String>), AdminTokenError> {
        if let Some(token) = environment {
            return Ok((AdminToken::given(token)?, None));
        }
        let path = data.join(FILE_NAME);
        let storage = |source| AdminTokenError::Storage { path: path.clone(), source };
        match fs::read(&path) {
            Ok(text) => {
                let digest = parse_digest(&text).ok_or_else(|| AdminTokenError::Damaged { path: path.clone() })?;
                Ok((AdminToken { digest }, None))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let token = new_token()?;
                let made = AdminToken::of(&token);
                store(&made.digest, data).map_err(storage)?;
                Ok((made, Some(token)))
            }
            Err(error) => Err(storage(error)),
        }
    }

    /// Refuses an environment's token that could not be used, before anything is bound or touched.
    pub fn check_environment(environment: Option<&str>) -> Result<(), AdminTokenError> {
        environment.map_or(Ok(()), |token| AdminToken::given(token).map(drop))
    }

    /// Whether `candidate` is the token. The time it takes tells nothing about the token.
    pub fn matches(&self, candidate: &str) -> bool {
        AdminToken::of(candidate).digest.ct_eq(&self.digest).into()
    }

    fn given(token: &str) -> Result<AdminToken, AdminTokenError> {
        if token.len() < LENGTH_MIN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AdminTokenError::Unusable);
        }
        Ok(AdminToken::of(token))
    }

    fn of(token: &str) -> AdminToken {
        AdminToken { digest: Sha256::digest(token).into() }
    }
}

/// 32 random bytes as 64 hexadecimal digits.
fn new_token() -> Result<String, AdminTokenError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(AdminTokenError::Randomness)?;
    Ok(hexadecimal(&bytes))
}

/// Makes the digest durable under a temporary name first, so that the file is whole or not there.
fn store(digest: &[u8; 32], data: &Path) -> io::Result<()> {
    let temporary = data.join(format!("{FILE_NAME}.tmp"));
    // What an interrupted start left is of no use: its token was never printed.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    writeln!(file, "{}", hexadecimal(digest))?;
    file.sync_all()?;
    fs::rename(&temporary, data.join(FILE_NAME))?;
    File::open(data)?.sync_all()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads exactly what [`store`] wrote.
fn parse_digest(text: &[u8]) -> Option<[u8; 32]> {
    let digits = std::str::from_utf8(text.strip_suffix(b"\n")?).ok()?;
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary directory")
    }

    fn files(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_first_start_makes_a_token_and_later_ones_know_it() {
        let data = directory();
        let (made, printed) = AdminToken::from_environment_or_file(None, data.path()).expect("a new token");
        let printed = printed.expect("a token to print");
        assert_eq!(printed.len(), 64);
        assert!(made.matches(&printed));

        let (known, printed_again) = AdminToken::from_environment_or_file(None, data.path()).expect("the same token");
        assert_eq!(printed_again, None);
        assert!(known.matches(&printed));
        assert!(!known.matches(&printed[1..]));
        assert!(!known.matches(""));
    }

    #[test]
    fn only_the_digest_is_stored_for_the_owner_alone() {
        let data = directory();
        let (_, printed) = AdminToken::from_environment_or_file(None, data.path()).expect("a new token");
        assert_eq!(files(data.path()), [FILE_NAME]);
        let path = data.path().join(FILE_NAME);
        let stored = fs::read_to_string(&path).expect("the digest");
        assert_eq!(stored, format!("{}\n", hexadecimal(&Sha256::digest(printed.expect("a token to print")))));
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn two_directories_have_two_tokens() {
        let [one, other] = [directory(), directory()];
        let made = |data: &Path| AdminToken::from_environment_or_file(None, data).expect("a new token");
        let (_, printed) = made(one.path());
        assert!(!made(other.path()).0.matches(&printed.expect("a token to print")));
    }

    #[test]
    fn the_environment_goes_before_the_file_and_leaves_it_alone() {
        let data = directory();
        let (token, printed) =
            AdminToken::from_environment_or_file(Some("sixteen-letters!"), data.path()).expect("a legal token");
        assert_eq!(printed, None);
        assert!(token.matches("sixteen-letters!"));
        assert!(!token.matches("sixteen-letters?"));
        assert_eq!(files(data.path()), [""; 0]);
    }

    #[test]
    fn an_unusable_token_of_the_environment_is_refused_without_repeating_it() {
        let data = directory();
        for token in ["", "fifteen-letters", "has a blank inside", "has\na\nline\nbreak", "ünïcödé-letters-here"] {
            let error = AdminToken::from_environment_or_file(Some(token), data.path()).expect_err("not legal");
            assert_eq!(
                error.to_string(),
                "HOLDFAST_ADMIN_TOKEN must have at least 16 characters, all of them visible ASCII"
            );
        }
    }

    #[test]
    fn a_damaged_file_is_refused_and_kept() {
        let digits = "0123456789abcdef".repeat(4);
        let damaged = [
            String::new(),
            digits.clone(),
            format!("{}\n", &digits[1..]),
            format!("{digits}0\n"),
            format!("{digits}\n\n"),
            format!("{}\n", digits.to_uppercase()),
            format!("{}\n", digits.replace('0', "g")),
            format!("{}\n", digits.replace("01", "é")),
        ];
        for content in damaged {
            let data = directory();
            let path = data.path().join(FILE_NAME);
            fs::write(&path, &content).expect("a file");
            let error = AdminToken::from_environment_or_file(None, data.path()).expect_err("damaged");
            assert!(matches!(error, AdminTokenError::Damaged { .. }), "{content:?}: {error}");
            assert_eq!(fs::read_to_string(&path).expect("the file"), content);
        }
    }

    #[test]
    fn what_an_interrupted_start_left_is_replaced() {
        let data = directory();
        fs::write(data.path().join(format!("{FILE_NAME}.tmp")), "half a dig").expect("a file");
        let (_, printed) = AdminToken::from_environment_or_file(None, data.path()).expect("a new token");
        assert!(printed.is_some());
        assert_eq!(files(data.path()), [FILE_NAME]);
    }

    #[test]
    fn a_missing_directory_is_a_clear_error() {
        let data = directory().path().join("nowhere");
        let error = AdminToken::from_environment_or_file(None, &data).expect_err("no directory");
        assert!(matches!(error, AdminTokenError::Storage { .. }));
        assert!(error.to_string().contains("nowhere/admin-token.sha256 cannot be used: "), "{error}");
    }
}
