//! Runs one hot path so often, always the same way: `make instructions` has valgrind count what that costs.
//!
//! Without arguments it lists the subjects, each with a smaller and a larger number of times. What the larger one costs more,
//! divided by the difference, is what one time costs: the preparations do not count, because both have the same.
//!
//! Reading order: [`sale`] and [`mod@line`] (the rules), [`timers`] (the wheel), [`bytes`] (records and frames), [`sessions`] (logins),
//! [`answers`] and [`json`] (what is read and told), [`house`] and [`http`] (requests through the whole of the gateway).

mod answers;
mod bytes;
mod house;
mod http;
mod json;
mod line;
mod sale;
mod sessions;
mod timers;

use std::process::ExitCode;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A hot path.
struct Subject {
    name: &'static str,
    /// How often it is run to see what one time costs: the difference counts.
    times: [u32; 2],
    run: fn(u32),
}

const SUBJECTS: [Subject; 22] = [
    subject("hold_and_confirm_1k_live", [2_000, 12_000], |times| sale::hold_and_confirm(1_000, times)),
    subject("hold_and_confirm_100k_live", [2_000, 12_000], |times| sale::hold_and_confirm(100_000, times)),
    subject("refuse_sold_out", [5_000, 55_000], sale::refuse_sold_out),
    subject("expire_hold", [2_048, 12_288], sale::expire),
    subject("join_line", [2_000, 12_000], line::join),
    subject("place_in_line", [2_000, 12_000], line::place),
    subject("leave_line_and_join_again", [2_000, 12_000], line::leave_and_join_again),
    subject("release_and_grant", [2_000, 12_000], line::release_and_grant),
    subject("insert_and_cancel_timer", [10_000, 60_000], timers::insert_and_cancel),
    subject("insert_and_expire_timer", [50_000, 100_000], timers::insert_and_expire),
    subject("encode_unit", [2_000, 12_000], bytes::encode),
    subject("decode_unit", [2_000, 12_000], bytes::decode),
    subject("append_unit_to_journal", [40_960, 204_800], bytes::append),
    subject("login", [2_000, 12_000], sessions::login),
    subject("authenticate", [10_000, 60_000], sessions::authenticate),
    subject("read_hold_body", [2_000, 12_000], json::read_hold),
    subject("write_hold_answer", [2_000, 12_000], json::write_hold),
    subject("write_booking_answer", [2_000, 12_000], json::write_booking),
    subject("write_event_answer", [1_000, 6_000], json::write_event),
    subject("http_read_event", [500, 2_500], http::read_event),
    subject("http_batch_of_64_refused", [10, 60], http::batch_of_64_refused),
    subject("http_hold_and_confirm", [200, 1_200], http::hold_and_confirm),
];

const fn subject(name: &'static str, times: [u32; 2], run: fn(u32)) -> Subject {
    Subject { name, times, run }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => SUBJECTS.iter().for_each(|Subject { name, times: [fewer, more], .. }| println!("{name} {fewer} {more}")),
        [name, times] => {
            let subject = SUBJECTS.iter().find(|subject| subject.name == name);
            let (Some(subject), Ok(times)) = (subject, times.parse()) else { return usage() };
            (subject.run)(times);
        }
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("holdfast-hot-paths [SUBJECT TIMES]: without arguments, the subjects");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::SUBJECTS;

    /// Each checks by itself that what it runs is what it says.
    #[test]
    fn every_subject_can_be_run() {
        for subject in &SUBJECTS {
            (subject.run)(2);
        }
    }

    #[test]
    fn names_are_their_own_and_counts_differ() {
        let mut names: Vec<&str> = SUBJECTS.iter().map(|subject| subject.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SUBJECTS.len());
        assert!(SUBJECTS.iter().all(|subject| subject.times[0] < subject.times[1]));
    }
}
