//! The language of the tables: what a row asks, read and written.

use std::fmt;

/// The left side of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Somebody asks the event for something. `who` is a user's name or `admin`.
    Ask { who: String, key: Option<String>, what: Ask },
    /// Time passes.
    Advance { by_ms: u64 },
    /// Time passes until so many milliseconds after (or before) the next deadline of a live hold.
    AdvanceToDeadline { offset_ms: i64 },
    /// The server is down for so long, and gives part of it back.
    Down { by_ms: u64, credit_ms: u64 },
    /// From now on the wheel does not fire, or fires in time again.
    Wheel { is_late: bool },
    /// The counters of a ticket type.
    Show { ticket_type: Option<String> },
    /// What the last row changed.
    Changes,
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// `login`, or with a wish: a login that names this event.
    Login(Option<Wish>),
    Hold(Wish, Wait),
    Extend(u32),
    GiveTime(u32, u64),
    Confirm(u32, Option<u32>),
    Release(u32),
    Book(Wish),
    CancelBooking(u32),
    Join(Wish),
    Leave(Option<String>),
    Logout,
    Capacity(Option<String>, u32),
    Set(String, Option<u64>),
    Status(&'static str),
    Delete,
    Create,
    /// Look at a hold, as the one who asks.
    See(u32),
    /// Look at one's own place in a line.
    Place(Option<String>),
    /// Look at what is known of the wait there.
    Wait(Option<String>),
}

/// Whether a refused hold joins the line.
pub type Wait = bool;

/// How many tickets of which type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    pub quantity: Option<u32>,
    pub ticket_type: Option<String>,
    pub min_quantity: Option<u32>,
}

/// The word an organiser says, and the status it leads to.
const STATUS_VERBS: [(&str, &str); 6] = [
    ("schedule", "scheduled"),
    ("resume", "on_sale"),
    ("open", "on_sale"),
    ("pause", "paused"),
    ("close", "closed"),
    ("cancel", "cancelled"),
];

impl Row {
    /// The row of `text`.
    ///
    /// # Panics
    ///
    /// Where the language has no such row: a test that is written wrongly.
    pub fn parse(text: &str) -> Row {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["advance", "to", "deadline", offset @ ..] => {
                let offset_ms = offset.first().map_or(0, |offset| offset.trim_end_matches("ms").parse().unwrap());
                Row::AdvanceToDeadline { offset_ms }
            }
            ["advance", time] => Row::Advance { by_ms: parse_duration(time) },
            ["down", time] => Row::Down { by_ms: parse_duration(time), credit_ms: parse_duration(time) },
            ["down", time, "credit", credit] => {
                Row::Down { by_ms: parse_duration(time), credit_ms: parse_duration(credit) }
            }
            ["wheel", "late"] => Row::Wheel { is_late: true },
            ["wheel", "on", "time"] => Row::Wheel { is_late: false },
            ["show", rest @ ..] => Row::Show { ticket_type: parse_name(rest) },
            ["changes"] => Row::Changes,
            [verb] if status_of(verb).is_some() => Row::parse_ask("admin", &words),
            [who, rest @ ..] => Row::parse_ask(who, rest),
            [] => panic!("an empty row"),
        }
    }

    fn parse_ask(who: &str, words: &[&str]) -> Row {
        let key = words.iter().find_map(|word| word.strip_prefix("key=")).map(str::to_owned);
        let rest: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with("key=")).collect();
        Row::Ask { who: who.to_owned(), key, what: Ask::parse(&rest) }
    }
}

impl Ask {
    fn parse(words: &[&str]) -> Ask {
        match words {
            ["login"] => Ask::Login(None),
            ["login", wish @ ..] => Ask::Login(Some(Wish::parse(wish))),
            ["hold", wish @ .., "wait"] => Ask::Hold(Wish::parse(wish), true),
            ["hold", wish @ ..] => Ask::Hold(Wish::parse(wish), false),
            ["extend", number, time] => Ask::GiveTime(parse_number(number), parse_duration(time) / 1_000),
            ["extend", number] => Ask::Extend(parse_number(number)),
            ["confirm", number] => Ask::Confirm(parse_number(number), None),
            ["confirm", number, quantity] => Ask::Confirm(parse_number(number), Some(quantity.parse().unwrap())),
            ["release", number] => Ask::Release(parse_number(number)),
            ["book", wish @ ..] => Ask::Book(Wish::parse(wish)),
            ["cancel", number] => Ask::CancelBooking(parse_number(number)),
            ["join", wish @ ..] => Ask::Join(Wish::parse(wish)),
            ["leave", rest @ ..] => Ask::Leave(parse_name(rest)),
            ["logout"] => Ask::Logout,
            ["capacity", rest @ .., capacity] => Ask::Capacity(parse_name(rest), capacity.parse().unwrap()),
            ["set", name, value] => Ask::Set((*name).to_owned(), parse_value(value)),
            ["delete"] => Ask::Delete,
            ["create"] => Ask::Create,
            ["see", number] => Ask::See(parse_number(number)),
            ["place", rest @ ..] => Ask::Place(parse_name(rest)),
            ["wait", rest @ ..] => Ask::Wait(parse_name(rest)),
            [verb] => Ask::Status(status_of(verb).unwrap_or_else(|| panic!("nobody can ask to {verb}"))),
            other => panic!("nobody can ask for {other:?}"),
        }
    }
}

impl Wish {
    fn parse(words: &[&str]) -> Wish {
        let mut wish = Wish::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if *word == "min" {
                wish.min_quantity = Some(words.next().expect("min has a number").parse().unwrap());
            } else if let Ok(quantity) = word.parse() {
                wish.quantity = Some(quantity);
            } else {
                wish.ticket_type = Some((*word).to_owned());
            }
        }
        wish
    }
}

/// A setting's value: a number, a time after the start of the table in milliseconds, or `none`.
pub fn parse_value(text: &str) -> Option<u64> {
    match text {
        "none" => None,
        _ if text.ends_with(|character: char| character.is_ascii_digit()) => Some(text.parse().unwrap()),
        _ => Some(parse_duration(text)),
    }
}

/// Milliseconds as seconds: `600s`, `0.001s`.
pub fn seconds(at_ms: u64) -> String {
    match at_ms % 1_000 {
        0 => format!("{}s", at_ms / 1_000),
        rest => format!("{}.{rest:03}s", at_ms / 1_000),
    }
}

fn parse_duration(text: &str) -> u64 {
    let digits = text.trim_end_matches(char::is_alphabetic);
    if let Some((seconds, rest)) = digits.split_once('.') {
        assert!(rest.len() == 3 && text.ends_with('s'), "{text} is no time in seconds");
        return seconds.parse::<u64>().unwrap() * 1_000 + rest.parse::<u64>().unwrap();
    }
    let unit_ms = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        other => panic!("{other} is no unit of time"),
    };
    digits.parse::<u64>().unwrap() * unit_ms
}

fn parse_number(text: &str) -> u32 {
    text.strip_prefix('#').and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{text} is no #number"))
}

fn parse_name(words: &[&str]) -> Option<String> {
    words.first().map(|name| (*name).to_owned())
}

fn status_of(verb: &str) -> Option<&'static str> {
    STATUS_VERBS.iter().find(|(known, _)| *known == verb).map(|(_, status)| *status)
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Row::Ask { who, key: None, what } => write!(formatter, "{who} {what}"),
            Row::Ask { who, key: Some(key), what } => write!(formatter, "{who} key={key} {what}"),
            Row::Advance { by_ms } => write!(formatter, "advance {by_ms}ms"),
            Row::AdvanceToDeadline { offset_ms } => write!(formatter, "advance to deadline {offset_ms}ms"),
            Row::Down { by_ms, credit_ms } => write!(formatter, "down {by_ms}ms credit {credit_ms}ms"),
            Row::Wheel { is_late: true } => write!(formatter, "wheel late"),
            Row::Wheel { is_late: false } => write!(formatter, "wheel on time"),
            Row::Show { ticket_type } => write!(formatter, "show{}", Word(ticket_type)),
            Row::Changes => write!(formatter, "changes"),
        }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ask::Login(None) => write!(formatter, "login"),
            Ask::Login(Some(wish)) => write!(formatter, "login{wish}"),
            Ask::Hold(wish, wait) => write!(formatter, "hold{wish}{}", if *wait { " wait" } else { "" }),
            Ask::Extend(number) => write!(formatter, "extend #{number}"),
            Ask::GiveTime(number, seconds) => write!(formatter, "extend #{number} {seconds}s"),
            Ask::Confirm(number, quantity) => write!(formatter, "confirm #{number}{}", Word(quantity)),
            Ask::Release(number) => write!(formatter, "release #{number}"),
            Ask::Book(wish) => write!(formatter, "book{wish}"),
            Ask::CancelBooking(number) => write!(formatter, "cancel #{number}"),
            Ask::Join(wish) => write!(formatter, "join{wish}"),
            Ask::Leave(ticket_type) => write!(formatter, "leave{}", Word(ticket_type)),
            Ask::Logout => write!(formatter, "logout"),
            Ask::Capacity(ticket_type, capacity) => write!(formatter, "capacity{} {capacity}", Word(ticket_type)),
            Ask::Set(name, None) => write!(formatter, "set {name} none"),
            Ask::Set(name, Some(value)) => write!(formatter, "set {name} {value}"),
            Ask::Status(to) => {
                let verb = STATUS_VERBS.iter().find(|(_, status)| status == to);
                write!(formatter, "{}", verb.expect("every status but draft has a verb").0)
            }
            Ask::Delete => write!(formatter, "delete"),
            Ask::Create => write!(formatter, "create"),
            Ask::See(number) => write!(formatter, "see #{number}"),
            Ask::Place(ticket_type) => write!(formatter, "place{}", Word(ticket_type)),
            Ask::Wait(ticket_type) => write!(formatter, "wait{}", Word(ticket_type)),
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", Word(&self.quantity), Word(&self.ticket_type))?;
        self.min_quantity.map_or(Ok(()), |least| write!(formatter, " min {least}"))
    }
}

/// An optional word, with the blank before it.
struct Word<'a, T>(&'a Option<T>);

impl<T: fmt::Display> fmt::Display for Word<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |word| write!(formatter, " {word}"))
    }
}
