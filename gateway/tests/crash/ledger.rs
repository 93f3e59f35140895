//! What a buyer has in writing.

use std::collections::BTreeMap;

use crate::history::Statement;

/// A change that an answer acknowledged.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// `Holdfast-Seq`: the last change of the step.
    pub seq: u64,
    /// The kind of the change as the audit trail names it.
    pub kind: &'static str,
    /// The hold or booking that it is about.
    pub id: String,
    pub ticket_type: String,
    pub quantity: u64,
}

/// A login that set tickets aside or led to a place in line.
#[derive(Clone, Debug)]
pub struct ServedLogin {
    /// `Holdfast-Seq`, that of the last event that served it.
    pub seq: u64,
    pub login_seq: u64,
    pub event: String,
    pub ticket_type: String,
    /// The hold; `None` for a place in line.
    pub hold: Option<String>,
    /// It opened the session.
    pub is_fresh: bool,
}

/// Everything that was acknowledged to one buyer.
#[derive(Debug, Default)]
pub struct Ledger {
    pub receipts: Vec<Receipt>,
    pub served_logins: Vec<ServedLogin>,
    /// Sessions that were opened: `login_seq` and `Holdfast-Seq`.
    pub opened_sessions: Vec<(u64, u64)>,
    /// Sessions that ended: `login_seq`, and `Holdfast-Seq` where the end was acknowledged the first time.
    pub ended_sessions: Vec<(u64, Option<u64>)>,
    /// What was said about the order of things since it was compared last.
    pub statements: Vec<Statement>,
    /// The latest deadline that was promised for each hold.
    pub deadlines: BTreeMap<String, String>,
}

impl Ledger {
    /// A deadline was promised. Times of one length compare as text.
    pub fn promise(&mut self, hold: &str, expires_at: &str) {
        let latest = self.deadlines.entry(hold.to_owned()).or_default();
        if latest.as_str() < expires_at {
            expires_at.clone_into(latest);
        }
    }
}
