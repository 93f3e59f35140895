//! Single values out of a server's answer. A full parse would cost the generator time that the server then lacks.

/// The id of the object in `body`.
pub fn id_of(body: &[u8]) -> Option<&str> {
    text_of(std::str::from_utf8(body).ok()?, "\"id\":\"")
}

/// The number at the end of the id of the hold or booking in `text`: `gala.17` has 17.
pub fn number_of(text: &str) -> Option<u32> {
    text_of(text, "\"id\":\"")?.rsplit_once('.')?.1.parse().ok()
}

/// What stands between `start`, which is a name and the quotes around it, and the next quote.
pub fn text_of<'text>(text: &'text str, start: &str) -> Option<&'text str> {
    text.split_once(start)?.1.split_once('"').map(|(value, _)| value)
}

/// The whole number after `start`, which is a name with its quotes and colon.
pub fn whole_number_of(text: &str, start: &str) -> Option<u64> {
    let (_, from_number) = text.split_once(start)?;
    let end = from_number.find(|character: char| !character.is_ascii_digit()).unwrap_or(from_number.len());
    from_number[..end].parse().ok()
}

/// Status and rest of each result of a batch.
pub fn results_of(text: &str) -> impl Iterator<Item = (u16, &str)> {
    let results = text.split("{\"status\":").skip(1);
    results.map(|result| {
        let (status, body) = result.split_once(',').unwrap_or_default();
        (status.parse().unwrap_or_default(), body)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_in_an_answer() {
        assert_eq!(id_of(br#"{"id":"gala.17","event":"gala"}"#), Some("gala.17"));
        assert_eq!(id_of(br#"{"event":"gala"}"#), None);
        assert_eq!(id_of(b"\xff"), None);
        assert_eq!(number_of(r#"{"id":"gala.17","event":"gala"}"#), Some(17));
    }

    #[test]
    fn numbers_end_where_their_digits_end() {
        assert_eq!(whole_number_of(r#"{"position":3,"ahead":2}"#, "\"ahead\":"), Some(2));
        assert_eq!(whole_number_of(r#"{"ahead":40"#, "\"ahead\":"), Some(40));
        assert_eq!(whole_number_of(r#"{"ahead":null}"#, "\"ahead\":"), None);
    }

    #[test]
    fn each_result_of_a_batch_has_its_status() {
        let text =
            r#"{"results":[{"status":201,"body":{"id":"gala.1"}},{"status":409,"body":{"type":"x","status":409}}]}"#;
        let statuses: Vec<_> = results_of(text).map(|(status, _)| status).collect();
        assert_eq!(statuses, [201, 409]);
    }
}
