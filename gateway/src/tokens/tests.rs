use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Barrier;

use super::*;
use crate::secret::hexadecimal;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// A directory that a server has used.
fn data_directory() -> tempfile::TempDir {
    let data = directory();
    drop(holdfast_engine::storage::DataDirectory::open(data.path()).expect("a data directory"));
    data
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

fn name(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

fn holder(text: &str, role: Role) -> Option<Holder> {
    Some(Holder { name: name(text), role })
}

/// Does an errand, and returns what it printed.
fn errand(data: &Path, errand: &TokenErrand) -> Result<String, TokensError> {
    let mut output = Vec::new();
    run(errand, data, 5, &mut output, &mut io::sink())?;
    Ok(String::from_utf8(output).expect("text"))
}

fn add(data: &Path, text: &str, role: Role) -> Result<String, TokensError> {
    errand(data, &TokenErrand::Add { name: name(text), role }).map(|printed| printed.trim_end().to_owned())
}

fn remove(data: &Path, text: &str) -> Result<String, TokensError> {
    errand(data, &TokenErrand::Remove { name: name(text) })
}

#[test]
fn the_first_start_makes_an_operators_token_and_later_ones_know_it() {
    let data = directory();
    let (tokens, printed) = Tokens::open(None, data.path()).expect("a new token");
    let printed = printed.expect("a token to print");
    assert_eq!(printed.len(), 64);
    assert_eq!(tokens.find(&printed), holder("admin", Role::Operator));

    let (tokens, printed_again) = Tokens::open(None, data.path()).expect("the same token");
    assert_eq!(printed_again, None);
    assert_eq!(tokens.find(&printed), holder("admin", Role::Operator));
    assert_eq!(tokens.find(&printed[1..]), None);
    assert_eq!(tokens.find(""), None);
}

#[test]
fn only_the_digest_is_stored_for_the_owner_alone() {
    let data = directory();
    let (_, printed) = Tokens::open(None, data.path()).expect("a new token");
    assert_eq!(files(data.path()), [FILE_NAME]);
    let path = data.path().join(FILE_NAME);
    let stored = fs::read_to_string(&path).expect("the file");
    assert_eq!(stored, format!("operator admin {}\n", hexadecimal(&digest(&printed.expect("a token to print")))));
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_environment_gives_an_operator_besides_the_file_and_leaves_it_alone() {
    let data = directory();
    let (tokens, printed) = Tokens::open(Some("sixteen-letters!"), data.path()).expect("a legal token");
    assert_eq!(printed, None);
    assert_eq!(tokens.find("sixteen-letters!"), holder("admin", Role::Operator));
    assert_eq!(tokens.find("sixteen-letters?"), None);
    assert_eq!(files(data.path()), [""; 0]);

    let (_, printed) = Tokens::open(None, data.path()).expect("a new token");
    let (tokens, _) = Tokens::open(Some("sixteen-letters!"), data.path()).expect("a legal token");
    assert!(tokens.find("sixteen-letters!").is_some());
    assert!(tokens.find(&printed.expect("a token to print")).is_some());
}

#[test]
fn an_unusable_token_of_the_environment_is_refused_without_repeating_it() {
    let data = directory();
    for token in
        ["", "fifteen-letters", "has a blank inside", "has;a;semicolon;", "has\na\nline\nbreak", "ünïcödé-letters-here"]
    {
        let error = Tokens::open(Some(token), data.path()).expect_err("not legal");
        let text = "HOLDFAST_ADMIN_TOKEN must have at least 16 characters, all of them visible ASCII, and no semicolon";
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn a_damaged_file_is_refused_with_its_line_and_kept() {
    let (one, two) = ("0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4));
    let good = format!("viewer ann {one}\n");
    let rows = [
        (format!("viewer ann {one}"), 1, "does not end with a line break"),
        (format!("{good}viewer bob {}", &two[..30]), 2, "does not end with a line break"),
        (format!("{good}\nviewer bob {two}\n"), 2, "must have a role, a name and a hash"),
        (format!("{good}viewer bob {two} \n"), 2, "must have a role, a name and a hash"),
        (format!("{good}viewer  bob {two}\n"), 2, "must have a role, a name and a hash"),
        (format!("# by hand\n{good}"), 1, "the role must be"),
        (format!("{good}Viewer bob {two}\n"), 2, "the role must be"),
        (format!("{good}viewer Bob {two}\n"), 2, "the name must be"),
        (format!("{good}viewer -bob {two}\n"), 2, "the name must be"),
        (format!("viewer {} {one}\n", "b".repeat(65)), 1, "the name must be"),
        (format!("{good}viewer bob {}\n", &two[1..]), 2, "the hash must be"),
        (format!("{good}viewer bob {two}0\n"), 2, "the hash must be"),
        (format!("{good}viewer bob {}\n", two.to_uppercase()), 2, "the hash must be"),
        (format!("{good}viewer bob {}\n", two.replace('0', "g")), 2, "the hash must be"),
        (format!("{good}viewer bob {}\n", two.replace("10", "é")), 2, "the hash must be"),
        (format!("{good}viewer bob {two}\r\n"), 2, "the hash must be"),
        (format!("{good}operator ann {two}\n"), 2, "the name stands in an earlier line"),
        (format!("{good}operator bob {one}\n"), 2, "the hash stands in an earlier line"),
    ];
    for (content, line, what) in rows {
        let data = directory();
        let path = data.path().join(FILE_NAME);
        fs::write(&path, &content).expect("a file");
        let error = Tokens::open(None, data.path()).expect_err("damaged");
        assert_eq!(error.exit_code(), EXIT_DATA);
        let error = error.to_string();
        let words = format!("/tokens is damaged at line {line}: ");
        assert!(error.contains(&words) && error.contains(what), "{content:?}: {error}");
        assert_eq!(fs::read_to_string(&path).expect("the file"), content);
        assert_eq!(files(data.path()), [FILE_NAME]);
    }
    let data = directory();
    fs::write(data.path().join(FILE_NAME), b"viewer ann \xFF\n").expect("a file");
    assert!(matches!(Tokens::open(None, data.path()), Err(TokensError::Damaged { line: 1, .. })));
}

#[test]
fn there_are_a_thousand_tokens_at_most() {
    let data = data_directory();
    let line = |number: usize| format!("viewer v{number} {number:064x}\n");
    let path = data.path().join(FILE_NAME);
    fs::write(&path, (0..=TOKENS_MAX).map(line).collect::<String>()).expect("a file");
    assert!(matches!(Tokens::open(None, data.path()), Err(TokensError::Damaged { line: 1_001, .. })));
    fs::write(&path, (0..TOKENS_MAX).map(line).collect::<String>()).expect("a file");
    Tokens::open(None, data.path()).expect("a thousand tokens");
    let error = add(data.path(), "one-more", Role::Viewer).expect_err("one too many");
    assert!(matches!(error, TokensError::TooMany));
    remove(data.path(), "v7").expect("one of them");
    add(data.path(), "one-more", Role::Viewer).expect("room");
}

#[test]
fn the_file_of_an_earlier_version_is_taken_over() {
    let former = |data: &Path| {
        let content = format!("{}\n", hexadecimal(&digest("the-token-of-old")));
        fs::write(data.join(FORMER_FILE_NAME), content).expect("a file");
    };
    for environment in [None, Some("sixteen-letters!")] {
        let data = directory();
        former(data.path());
        let (tokens, printed) = Tokens::open(environment, data.path()).expect("the former token");
        assert_eq!(printed, None);
        assert_eq!(tokens.find("the-token-of-old"), holder("admin", Role::Operator));
        assert_eq!(files(data.path()), [FILE_NAME]);
        // A crash came before the former file went: the new one counts.
        let made = fs::read_to_string(data.path().join(FILE_NAME)).expect("the file");
        fs::write(data.path().join(FORMER_FILE_NAME), "half a dig").expect("a file");
        Tokens::open(environment, data.path()).expect("the tokens");
        assert_eq!(fs::read_to_string(data.path().join(FILE_NAME)).expect("the file"), made);
        assert_eq!(files(data.path()), [FILE_NAME]);
    }
    // The command line takes it over as well.
    let data = data_directory();
    former(data.path());
    assert_eq!(errand(data.path(), &TokenErrand::List).expect("a list"), "operator admin\n");
    assert!(!data.path().join(FILE_NAME).exists(), "a look changes nothing");
    add(data.path(), "ann", Role::Viewer).expect("a token");
    assert_eq!(errand(data.path(), &TokenErrand::List).expect("a list"), "operator admin\nviewer ann\n");
    assert!(!data.path().join(FORMER_FILE_NAME).exists());
}

#[test]
fn a_damaged_file_of_an_earlier_version_is_refused_and_kept() {
    let digits = "0123456789abcdef".repeat(4);
    let damaged = [String::new(), digits.clone(), format!("{}\n", &digits[1..]), format!("{digits}\n\n")];
    for content in damaged {
        let data = directory();
        fs::write(data.path().join(FORMER_FILE_NAME), &content).expect("a file");
        let error = Tokens::open(None, data.path()).expect_err("damaged").to_string();
        assert!(error.contains("/admin-token.sha256 is damaged at line 1: "), "{content:?}: {error}");
        assert_eq!(fs::read_to_string(data.path().join(FORMER_FILE_NAME)).expect("the file"), content);
        assert_eq!(files(data.path()), [FORMER_FILE_NAME]);
    }
}

#[test]
fn what_an_interrupted_change_left_is_replaced() {
    let data = directory();
    fs::write(data.path().join(format!("{FILE_NAME}.tmp")), "operator adm").expect("a file");
    let (_, printed) = Tokens::open(None, data.path()).expect("a new token");
    assert!(printed.is_some());
    assert_eq!(files(data.path()), [FILE_NAME]);
}

#[test]
fn a_missing_directory_is_a_clear_error() {
    let data = directory().path().join("nowhere");
    let error = Tokens::open(None, &data).expect_err("no directory");
    assert_eq!(error.exit_code(), EXIT_IO);
    assert!(error.to_string().contains("nowhere cannot be used: "), "{error}");
}

#[test]
fn tokens_are_added_and_removed_by_name() {
    let data = data_directory();
    let (tokens, _) = Tokens::open(Some("sixteen-letters!"), data.path()).expect("tokens");
    tokens.reread().expect("a readable file");
    let ann = add(data.path(), "ann", Role::Viewer).expect("a token");
    let shop = add(data.path(), "shop", Role::Service).expect("a token");
    assert_eq!(fs::metadata(data.path().join(FILE_NAME)).expect("a file").permissions().mode() & 0o777, 0o600);
    tokens.reread().expect("a readable file");
    assert_eq!(tokens.find(&ann), holder("ann", Role::Viewer));
    assert_eq!(tokens.find(&shop), holder("shop", Role::Service));
    assert_eq!(errand(data.path(), &TokenErrand::List).expect("a list"), "viewer ann\nservice shop\n");

    let again = add(data.path(), "ann", Role::Operator).expect_err("in use");
    assert_eq!((again.exit_code(), again.to_string().contains("a token named ann already")), (EXIT_USAGE, true));
    let unknown = remove(data.path(), "bob").expect_err("unknown");
    assert_eq!((unknown.exit_code(), unknown.to_string().contains("no token named bob")), (EXIT_USAGE, true));

    remove(data.path(), "ann").expect("a token");
    tokens.reread().expect("a readable file");
    assert_eq!(tokens.find(&ann), None);
    assert!(tokens.find(&shop).is_some() && tokens.find("sixteen-letters!").is_some());
}

#[test]
fn a_directory_of_somebody_else_gets_no_tokens() {
    let data = directory();
    let error = add(data.path(), "ann", Role::Viewer).expect_err("no data directory");
    assert_eq!(error.exit_code(), EXIT_DATA);
    assert_eq!(files(data.path()), [""; 0]);
}

#[test]
fn a_file_that_cannot_be_read_again_leaves_the_tokens_in_force() {
    let data = data_directory();
    let (tokens, printed) = Tokens::open(None, data.path()).expect("a new token");
    let printed = printed.expect("a token to print");
    let path = data.path().join(FILE_NAME);
    let whole = fs::read_to_string(&path).expect("the file");
    for damaged in [&whole[..whole.len() - 1], "viewer ann\n"] {
        fs::write(&path, damaged).expect("a file");
        assert!(tokens.reread().is_err(), "{damaged:?}");
        assert!(tokens.find(&printed).is_some(), "{damaged:?}");
        assert!(add(data.path(), "ann", Role::Viewer).is_err(), "what is damaged is not changed");
        assert_eq!(fs::read_to_string(&path).expect("the file"), damaged);
    }
    fs::remove_file(&path).expect("a file");
    assert!(tokens.reread().is_err());
    assert!(tokens.find(&printed).is_some());
    let ann = add(data.path(), "ann", Role::Viewer).expect("a new file");
    assert!(tokens.reread().expect("a readable file"));
    assert_eq!(tokens.find(&printed), None);
    assert!(tokens.find(&ann).is_some());
}

#[test]
fn those_who_change_the_file_at_once_take_turns() {
    let data = data_directory();
    let together = Barrier::new(8);
    let printed: Vec<String> = std::thread::scope(|scope| {
        let adding = |number: u32| {
            let (data, together) = (data.path(), &together);
            scope.spawn(move || {
                together.wait();
                add(data, &format!("token-{number}"), Role::Viewer).expect("a token")
            })
        };
        let adding: Vec<_> = (0..8).map(adding).collect();
        adding.into_iter().map(|thread| thread.join().expect("a thread that ends well")).collect()
    });
    let (tokens, _) = Tokens::open(None, data.path()).expect("tokens");
    assert!(printed.iter().all(|token| tokens.find(token).is_some()));
    assert_eq!(errand(data.path(), &TokenErrand::List).expect("a list").lines().count(), 8);
}

/// Root does errands too. A file that the server's own user cannot read would leave removed tokens in force.
#[test]
fn the_file_belongs_to_the_owner_of_the_directory() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    const OWNER: u32 = 4_711;
    let data = data_directory();
    std::os::unix::fs::chown(data.path(), Some(OWNER), Some(OWNER)).expect("root may");
    add(data.path(), "ann", Role::Viewer).expect("a new token");
    let file = fs::metadata(data.path().join(FILE_NAME)).expect("the file");
    assert_eq!((file.uid(), file.gid(), file.permissions().mode() & 0o777), (OWNER, OWNER, 0o600));
}
