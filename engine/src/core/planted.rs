//! Bugs planted on purpose, to see that the tests see them.
//!
//! Only a build for tests can switch one on, that of the unit tests or one with the feature `simulated-disk`: everywhere else
//! [`is_planted`] is a constant `false`, and nothing of it is left in the program. The environment names one bug for a whole
//! process; the test `planted::every_bug_is_caught` runs, for each bug, the test that must catch it in a process of its own,
//! and expects it to fail.

/// A bug, and where it is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The journal answers without having synced.
    AnswerBeforeSync,
    /// A sync that failed is tried again, and believed.
    FailedSyncTriedAgain,
    /// A new segment's name is not made durable.
    SegmentEntryNotSynced,
    /// A snapshot takes its name before it is on disk.
    SnapshotNotSynced,
    /// A snapshot claims changes that are not durable.
    SnapshotOfUndurable,
    /// Remembered answers are not in the snapshot.
    KeysNotInSnapshot,
    /// Rows of a snapshot come in the order of a hash map.
    HashOrderInSnapshot,
    /// After a snapshot, numbers of holds begin anew.
    NumbersBeginAnew,
    /// Segments are dropped that an older snapshot still needs.
    RetiredTooEarly,
    /// The last batch of an idle journal gets no witness.
    NoSealWhenIdle,
    /// A frame need not follow the one before it.
    ChainNotChecked,
    /// Headers are believed without their checksums.
    ChecksumNotChecked,
    /// A damaged end is taken for the end.
    DamageIsTheEnd,
    /// What the kernel had cached is taken for durable at a start.
    TailNotMadeDurable,
    /// The journal counts records instead of changes.
    SeqCountsRecords,
    /// Figures are shown before they are durable.
    ViewBeforeDurable,
    /// A repeated request is answered before what it repeats is durable.
    RepeatDoesNotWait,
    /// Engine time begins anew at each start.
    ClockStartsBehind,
    /// A second start gives downtime back that the first one gave.
    DowntimeCreditedTwice,
    /// What a start grants to the line gets the downtime on top.
    GrantGetsDowntime,
    /// After a crash, an ended session's place goes to the next login.
    StrayPlaceKept,
    /// A hold can be confirmed at its deadline.
    DeadlineIncluded,
    /// The wheel decides what is expired, not the deadline.
    WheelDecides,
    /// A timer comes a millisecond early.
    WheelEarly,
    /// A hold that was extended loses its timer.
    TimerLost,
    /// The figures show booked tickets twice.
    BookedShownTwice,
    /// A hold's end frees its tickets twice.
    ReleaseFreesTwice,
    /// A passer-by takes a ticket while somebody waits.
    PasserByJumpsLine,
    /// Tickets go to whoever waits shortest.
    LastInLineServed,
    /// Who is absent gets tickets all the same.
    AbsentServed,
    /// Who was passed over comes back to the end of the line.
    ReturnLosesPlace,
    /// A snapshot forgets who is passed over.
    PassedOverNotInSnapshot,
    /// One ticket more than the limit.
    LimitPlusOne,
    /// Asking again with the same key does it again.
    KeyForgotten,
    /// A refusal that passes by itself is remembered under its key.
    DampedRemembered,
    /// Holding and releasing makes an event forget the holds that expired.
    ExpiriesWashedOut,
    /// A wait is over at the latest as if no hold could be extended.
    BoundWithoutExtensions,
    /// What an organiser does leaves no audit entry.
    ActNotAudited,
    /// A token that a new password revoked still opens the session.
    TokenNotRevoked,
    /// A request after a session's time brings it back to life.
    OverdueSessionRevived,
}

/// Whether this process has the bug.
#[cfg(any(test, feature = "simulated-disk"))]
pub(crate) fn is_planted(bug: Bug) -> bool {
    static PLANTED: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("HOLDFAST_PLANTED_BUG").ok());
    PLANTED.as_ref().is_some_and(|planted| *planted == format!("{bug:?}"))
}

/// Never: this is not a test build.
#[cfg(not(any(test, feature = "simulated-disk")))]
pub(crate) const fn is_planted(_: Bug) -> bool {
    false
}

#[cfg(test)]
mod tests;
