//! The units that figures are shown in.

use crate::goals::goal::Unit;

/// Units of work.
pub const UNITS: Unit = Unit { name: "M units/s", size: 1e6, digits: 2 };
/// Timers.
pub const TIMERS: Unit = Unit { name: "M timers/s", size: 1e6, digits: 2 };
/// Commands.
pub const COMMANDS: Unit = Unit { name: "M commands/s", size: 1e6, digits: 3 };
/// Logins.
pub const THOUSAND_LOGINS: Unit = Unit { name: "k logins/s", size: 1e3, digits: 1 };
/// Short times.
pub const NANOSECONDS: Unit = Unit { name: "ns", size: 1.0, digits: 1 };
/// Times, read in nanoseconds.
pub const MICROSECONDS: Unit = Unit { name: "µs", size: 1e3, digits: 2 };
/// Units of work, where there are fewer.
pub const THOUSAND_UNITS: Unit = Unit { name: "k units/s", size: 1e3, digits: 1 };
/// Times, read in milliseconds, that parts of one matter of.
pub const PARTS_OF_MS: Unit = Unit { name: "ms", size: 1.0, digits: 2 };
/// Times, read in milliseconds.
pub const MILLISECONDS: Unit = Unit { name: "ms", size: 1.0, digits: 0 };
/// Long times, read in seconds.
pub const SECONDS: Unit = Unit { name: "s", size: 1.0, digits: 2 };
/// Memory.
pub const BYTES: Unit = Unit { name: "bytes", size: 1.0, digits: 1 };
/// More memory, read in kilobytes.
pub const KILOBYTES: Unit = Unit { name: "KB", size: 1.0, digits: 1 };
/// Ratios that a bench has made itself.
pub const TIMES: Unit = Unit { name: "×", size: 1.0, digits: 2 };
