//! How deep a JSON text is nested: found out before it is parsed, in one pass and without recursion.

/// The most lists and objects that are open at once in `json`. Brackets in texts do not count. Of a text that is no JSON it
/// says something, but nothing of use.
pub fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_text(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// Goes behind the closing quotation mark, or to the end.
fn skip_text(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::depth;

    #[test]
    fn open_lists_and_objects_count_where_they_are_no_text() {
        let rows = [
            ("", 0),
            ("1", 0),
            ("{}", 1),
            (r#"{"a":[{}],"b":{}}"#, 3),
            ("[][][]", 1),
            ("[[[", 3),
            ("]]][", 1),
            (r#""[[[""#, 0),
            (r#"["\"[[[", "\\", [1]]"#, 2),
            (r#"["\u005b[", [1]]"#, 2),
            (r#"["[["#, 1),
            (r#"["\"#, 1),
        ];
        for (json, expected) in rows {
            assert_eq!(depth(json.as_bytes()), expected, "{json}");
        }
        assert_eq!(depth("[".repeat(1 << 20).as_bytes()), 1 << 20);
    }
}
