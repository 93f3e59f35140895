//! Pages of lists: `?limit=` and `?cursor=`.

use crate::error::ApiError;

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 200;

/// Where a page begins, and how long it is.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Items have a key above this one.
    pub after: u64,
    /// The most items.
    pub limit: usize,
}

impl Page {
    /// The page that the parameters ask for.
    pub fn new(limit: Option<u64>, cursor: Option<&str>) -> Result<Page, ApiError> {
        let limit = limit.map_or(Ok(LIMIT_DEFAULT), |limit| {
            let within = usize::try_from(limit).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
            within.ok_or_else(|| ApiError::invalid("limit", format!("must be 1 to {LIMIT_MAX}")))
        })?;
        let after = cursor.map_or(Ok(0), |cursor| {
            cursor.parse().map_err(|_| ApiError::invalid("cursor", "must be the next_cursor of an earlier page"))
        })?;
        Ok(Page { after, limit })
    }

    /// The items of this page, of all items with their keys in ascending order; and the next page's cursor.
    pub fn of<T>(self, items: impl Iterator<Item = (u64, T)>) -> (Vec<T>, Option<String>) {
        let mut items = items.skip_while(|(key, _)| *key <= self.after).peekable();
        let mut page = Vec::new();
        let mut last_key = self.after;
        while page.len() < self.limit {
            let Some((key, item)) = items.next() else { break };
            last_key = key;
            page.push(item);
        }
        (page, items.peek().map(|_| last_key.to_string()))
    }
}
