//! Where and when something was measured.

use std::fs;

use jiff::Timestamp;

use crate::clock;

/// Where and when something was measured, and with what.
#[derive(Clone, Debug)]
pub struct Machine {
    /// How many processors this process may use.
    pub processors: usize,
    /// What they are, as the kernel names them.
    pub model: String,
    /// The release of the kernel.
    pub kernel: String,
    /// When it began.
    pub date: Timestamp,
    /// The version of the program.
    pub version: &'static str,
    /// The words of the command line, behind the program's name.
    pub command_line: Vec<String>,
}

impl Machine {
    /// What can be told of this process. `version` is that of the program.
    pub fn of_this_process(version: &'static str) -> Machine {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let since_epoch = clock::since_epoch();
        Machine {
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            model: model_in(&read("/proc/cpuinfo")),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            date: Timestamp::from_second(since_epoch.as_secs() as i64).unwrap_or_default(),
            version,
            command_line: std::env::args().skip(1).collect(),
        }
    }

    /// All of it in one line.
    pub fn described(&self) -> String {
        let Machine { processors, model, kernel, date, version, .. } = self;
        format!("Holdfast {version}, {date}, {processors} processors ({model}), Linux {kernel}")
    }
}

fn model_in(cpuinfo: &str) -> String {
    let named = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    named.map_or("unknown", |(_, model)| model.trim()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::model_in;

    #[test]
    fn a_processor_is_named_as_the_kernel_does() {
        assert_eq!(model_in("processor\t: 0\nmodel name\t: Fast 9000\nflags\t: a\n"), "Fast 9000");
        assert_eq!(model_in(""), "unknown");
    }
}
