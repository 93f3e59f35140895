//! A run as Markdown.

use std::fmt::{self, Display};

use crate::record::{Entry, Figure, RatioEntry, Record};

impl Display for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_machine(formatter)?;
        self.write_contenders(formatter)?;
        self.write_ratios(formatter)?;
        self.write_settings(formatter)?;
        if !self.left_out.is_empty() {
            writeln!(formatter, "\nLeft out:\n")?;
            self.left_out.iter().try_for_each(|what| writeln!(formatter, "- {what}"))?;
        }
        Ok(())
    }
}

impl Record {
    fn write_machine(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = &self.machine;
        let commit = machine.commit.as_ref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
        writeln!(
            formatter,
            "{}{commit}: {} × {}, {:.0} GB, Linux {}, data on {}; load averages before {}.",
            machine.date,
            machine.processors,
            machine.processor,
            machine.memory_gb,
            machine.kernel,
            machine.file_system,
            machine.load_before,
        )?;
        if matches!(machine.file_system.as_str(), "tmpfs" | "ramfs") {
            writeln!(
                formatter,
                "**Nothing here is durable: the temporary directory is in memory.** TMPDIR chooses a disk."
            )?;
        }
        writeln!(formatter, "{}.", self.versions.join(", "))?;
        writeln!(
            formatter,
            "{} alternating rounds of {} s each, after {} s of warm-up; the median, and in brackets the lowest and the \
             highest round.\n",
            self.rounds, self.seconds, self.warm_up_seconds,
        )
    }

    fn write_contenders(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "| contender | reached by | durable | a second | p50 / p99 of a call, ms | answers a sync | answers a flush | \
             processors of the load |"
        )?;
        writeln!(formatter, "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |")?;
        self.contenders.iter().try_for_each(|entry| write_row(formatter, entry))
    }

    fn write_ratios(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ratios.is_empty() {
            return Ok(());
        }
        writeln!(formatter, "\n| Holdfast | peer | times as much | |\n| --- | --- | ---: | --- |")?;
        self.ratios.iter().try_for_each(|RatioEntry { ours, peer, times, note }| {
            writeln!(formatter, "| {ours} | {peer} | {} | {note} |", ratio(times))
        })
    }

    fn write_settings(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in self.contenders.iter().filter(|entry| entry.refusals > 0) {
            let refusals = whole(entry.refusals as f64);
            let name = &entry.name;
            writeln!(
                formatter,
                "\n{name} answered {refusals} times that too much was under way, and was asked again."
            )?;
        }
        writeln!(formatter, "\nWhat each is, and what in its configuration is not the default:\n")?;
        self.contenders.iter().try_for_each(|Entry { name, what, version, settings, .. }| {
            let settings = if settings.is_empty() { "all defaults".to_owned() } else { settings.join(", ") };
            writeln!(formatter, "- {name} ({version}): {what}; {settings}")
        })
    }
}

fn write_row(formatter: &mut fmt::Formatter<'_>, entry: &Entry) -> fmt::Result {
    let Figure { median, lowest, highest } = entry.rate;
    let rate = [median, lowest, highest].map(whole);
    let calls = entry.call_ms.map_or("-".to_owned(), |[p50, p99, ..]| format!("{} / {}", short(p50), short(p99)));
    let [syncs, flushes] =
        [entry.answers_a_sync, entry.answers_a_flush].map(|answers| answers.map_or("-".to_owned(), short));
    writeln!(
        formatter,
        "| {} | {} | {} | {} {} ({}–{}) | {calls} | {syncs} | {flushes} | {:.2} |",
        entry.name, entry.way, entry.durable, rate[0], entry.unit, rate[1], rate[2], entry.own_processors,
    )
}

/// A ratio with as many digits as it deserves.
fn ratio(times: &Figure) -> String {
    let Figure { median, lowest, highest } = times;
    let [median, lowest, highest] = [median, lowest, highest].map(|times| short(*times));
    format!("{median} × ({lowest}–{highest})")
}

/// Three digits that count.
fn short(figure: f64) -> String {
    match figure {
        100.0.. => whole(figure),
        10.0.. => format!("{figure:.1}"),
        1.0.. => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

/// A whole number, with a comma for each thousand.
fn whole(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{short, whole};

    #[test]
    fn figures_are_short() {
        assert_eq!([0.0, 999.0, 1_000.4, 1_234_567.0].map(whole), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.12345, 1.2345, 12.345, 1_234.5].map(short), ["0.123", "1.23", "12.3", "1,234"]);
    }
}
