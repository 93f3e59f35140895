//! Leaves the comments out of what browsers are sent: a quarter of it, and for nobody who only buys tickets.

/// The text of a module or style sheet without the comments that have their lines for themselves. The lines stay, empty, so
/// that what a browser reports is found in the source.
///
/// A comment beside code stays. A text that goes over several lines must have none that looks like a comment.
pub fn without_comments(text: &str) -> String {
    let mut is_inside = false;
    let mut sent = String::with_capacity(text.len());
    for line in text.lines() {
        let begins = line.trim_start();
        let is_block = is_inside || (begins.starts_with("/*") && ends_with_comment(begins));
        if is_block {
            is_inside = !begins.contains("*/");
        } else if !begins.starts_with("//") {
            sent.push_str(line);
        }
        sent.push('\n');
    }
    sent
}

/// Whether nothing stands behind the comment that the line begins with.
fn ends_with_comment(line: &str) -> bool {
    line.split_once("*/").is_none_or(|(_, rest)| rest.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn comments_with_lines_for_themselves_go_and_their_lines_stay() {
        for (text, expected) in [
            ("// one\nlet a = 1; // two\n", "\nlet a = 1; // two\n"),
            ("/** @type {A} */\nlet a;\n", "\nlet a;\n"),
            ("  /**\n   * @param {B} b\n   */\n  f(b) {}\n", "\n\n\n  f(b) {}\n"),
            ("/** @type {A} */ (a).b();\n", "/** @type {A} */ (a).b();\n"),
            ("const url = \"https://a\";\n", "const url = \"https://a\";\n"),
            ("/* one\n   two */\nb { c: d; }\n", "\n\nb { c: d; }\n"),
            ("* { e: f; }\n", "* { e: f; }\n"),
            ("", ""),
        ] {
            assert_eq!(without_comments(text), expected, "{text}");
        }
    }
}
