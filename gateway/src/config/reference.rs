//! docs/configuration.md is written from config/holdfast.toml, and held against it here.

use std::fmt::Write;

const SHIPPED: &str = include_str!("../../../config/holdfast.toml");
const PAGE: &str = include_str!("../../../docs/configuration.md");

/// The sections of the file with their keys, as the page has them.
fn reference() -> String {
    let (mut page, mut comment) = (String::new(), Vec::new());
    // What stands at the top of the file is about the file.
    let (_, keys) = SHIPPED.split_once("\n\n").expect("a paragraph at the top");
    for line in keys.lines() {
        if let Some(words) = line.strip_prefix("# ") {
            comment.push(words);
            continue;
        }
        let meaning = std::mem::take(&mut comment).join(" ");
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let gap = if page.is_empty() { "" } else { "\n" };
            let _ = writeln!(page, "{gap}## `[{section}]`\n");
            if !meaning.is_empty() {
                let _ = writeln!(page, "{meaning}\n");
            }
            page.push_str("| key | default | what it is |\n| --- | --- | --- |\n");
        } else if let Some((key, value)) = line.split_once(" = ") {
            let _ = writeln!(page, "| `{key}` | `{value}` | {meaning} |");
        }
    }
    page
}

#[test]
fn the_reference_has_every_key() {
    let reference = reference();
    assert!(reference.matches("\n| `").count() > 50, "the keys were not found:\n{reference}");
    assert!(PAGE.ends_with(&reference), "docs/configuration.md must end with this:\n\n{reference}");
}
