//! Alternating rounds: everybody once a round, in an order that changes from round to round.

use std::io::IsTerminal;

use crate::contender::{Contender, Round, Span};
use crate::disk;
use crate::error::PeerError;

/// What came of one contender's rounds, in their order.
pub struct Results {
    /// Which contender, by its place among those that took part.
    pub contender: usize,
    /// Its rounds.
    pub rounds: Vec<Round>,
}

/// Lets each of `contenders` show that it keeps the rules.
///
/// # Errors
///
/// One does not.
pub async fn rehearse(contenders: &[Box<dyn Contender>]) -> Result<(), PeerError> {
    progress(format_args!("playing the rules through"));
    for contender in contenders {
        let name = &contender.about().name;
        contender.rehearse().await.map_err(|error| PeerError::while_doing(format!("rules of {name}"), error))?;
    }
    Ok(())
}

/// Runs `rounds` rounds.
///
/// # Errors
///
/// A round failed, or its data was not what had been acknowledged: then no figure of the run counts.
pub async fn run(contenders: &[Box<dyn Contender>], rounds: u32, span: Span) -> Result<Vec<Results>, PeerError> {
    let results = |contender| Results { contender, rounds: Vec::new() };
    let mut all: Vec<Results> = (0..contenders.len()).map(results).collect();
    for round in 0..rounds {
        for (done, place) in order(contenders.len(), round).into_iter().enumerate() {
            let name = &contenders[place].about().name;
            let which = format!("round {}/{rounds} {}/{}", round + 1, done + 1, contenders.len());
            progress(format_args!("{which}   {name} ..."));
            disk::settle();
            let measured = contenders[place].round(span).await;
            let measured = measured.map_err(|error| PeerError::while_doing(format!("{name}, {which}"), error))?;
            progress(format_args!("{which}   {name}: {:.0} a second; {}\n", measured.rate, measured.checked));
            all[place].rounds.push(measured);
        }
    }
    Ok(all)
}

/// Who comes after whom in round `round`: every second one goes backwards, and each pair of them begins elsewhere, so that
/// nothing that drifts, and no predecessor, favours one.
fn order(contenders: usize, round: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..contenders).collect();
    if contenders > 0 {
        // A third of the way on, so that few rounds see most places of each.
        let step = contenders.div_ceil(3);
        order.rotate_left(round as usize / 2 * step % contenders);
    }
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// Says how far it is: on a terminal in one line, until that line is over.
fn progress(what: std::fmt::Arguments<'_>) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{what}");
    } else {
        eprintln!("{}", what.to_string().trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn everybody_comes_once_a_round_and_not_always_after_the_same() {
        for contenders in [0, 1, 2, 5, 27] {
            for round in 0..7 {
                let mut places = order(contenders, round);
                places.sort_unstable();
                assert!(places.into_iter().eq(0..contenders), "{contenders} contenders, round {round}");
            }
        }
        assert_eq!(order(4, 0), [0, 1, 2, 3]);
        assert_eq!(order(4, 1), [3, 2, 1, 0]);
        assert_eq!(order(4, 2), [2, 3, 0, 1]);
        assert_eq!(order(4, 3), [1, 0, 3, 2]);
    }
}
