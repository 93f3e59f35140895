//! The names of what the engine counts, each with its kind, its unit and what it means. docs/metrics.md is written from
//! this list and the gateway's; a test keeps it so. No label ever holds a person, a hold or a session.

crate::metric_catalogue! {
    COMMANDS: counter "holdfast_commands_total" by "command", "outcome" =>
        "Commands that events decided, by command and by whether the rules allowed it.";
    COMMAND_SECONDS: histogram "holdfast_command_seconds" in seconds by "command" =>
        "From when a command was handed to the engine until its answer left, the disk included.";
    REJECTIONS: counter "holdfast_rejections_total" by "code" =>
        "Commands that the rules refused, by the code of the API.";
    UNAVAILABLE: counter "holdfast_unavailable_total" by "reason" =>
        "Requests that the engine refused before anything was done.";
    REQUESTS_WAITING: gauge "holdfast_waiting_requests" =>
        "Commands and logins that wait for an answer.";
    INBOX_COMMANDS: gauge "holdfast_inbox_commands" =>
        "Commands and logins in the inboxes of all actors.";
    INBOX_LONGEST: gauge "holdfast_inbox_longest_commands" =>
        "Commands in the fullest inbox, of events and logins.";
    INBOX_WAIT_SECONDS: histogram "holdfast_inbox_wait_seconds" in seconds =>
        "How long the oldest command of each turn had waited for it.";
    LOGINS: counter "holdfast_logins_total" by "kind" =>
        "Logins, by whether they opened a session or found a live one.";
    LOGIN_SECONDS: histogram "holdfast_login_seconds" in seconds =>
        "From when a login was handed to the engine until it was durable; what it asks of events comes after \
         that.";
    SESSIONS: gauge "holdfast_sessions" =>
        "Live sessions.";
    SESSIONS_ENDED: counter "holdfast_sessions_ended_total" by "reason" =>
        "Sessions that ended, by what ended them.";
    JOURNAL_BATCH_CHANGES: histogram "holdfast_journal_batch_changes" =>
        "Changes made durable by one sync.";
    JOURNAL_SYNC_SECONDS: histogram "holdfast_journal_sync_seconds" in seconds =>
        "How long the disk took to sync a batch.";
    JOURNAL_BYTES: counter "holdfast_journal_bytes_total" in bytes =>
        "Bytes written to the journal.";
    JOURNAL_DURABLE_SEQ: gauge "holdfast_journal_durable_seq" =>
        "The number of the newest durable change.";
    JOURNAL_APPENDED_SEQ: gauge "holdfast_journal_appended_seq" =>
        "The number of the newest change, durable or on its way.";
    JOURNAL_BACKLOG_BYTES: gauge "holdfast_journal_backlog_bytes" in bytes =>
        "Bytes appended and not durable yet.";
    JOURNAL_RESERVE_BYTES: gauge "holdfast_journal_reserve_bytes" in bytes =>
        "Bytes that the journal can write without new space on the disk.";
    JOURNAL_SEGMENTS: gauge "holdfast_journal_segments" =>
        "Segments of the journal that are kept.";
    JOURNAL_DISK_FULL: gauge "holdfast_journal_disk_full" =>
        "1 where the next segment found no room on the disk: what is left is for those who pay or give back.";
    JOURNAL_WRITE_AGE_SECONDS: gauge "holdfast_journal_write_age_seconds" in seconds =>
        "For how long the disk has been at one write; 0 where that is less than a second.";
    DISK_BYTES: gauge "holdfast_disk_bytes" in bytes =>
        "The size of the file system that has the data directory.";
    DISK_AVAILABLE_BYTES: gauge "holdfast_disk_available_bytes" in bytes =>
        "What the server can still write to that file system.";
    SNAPSHOTS: counter "holdfast_snapshots_total" by "result" =>
        "Attempts to write a snapshot, by result.";
    SNAPSHOT_SECONDS: histogram "holdfast_snapshot_seconds" in seconds =>
        "How long it took to write a snapshot.";
    SNAPSHOT_SEQ: gauge "holdfast_snapshot_seq" =>
        "The number of the newest change in the newest snapshot.";
    SNAPSHOT_BYTES: gauge "holdfast_snapshot_bytes" in bytes =>
        "The size of the newest snapshot; 0 until this process has written one.";
    SNAPSHOT_AGE_SECONDS: gauge "holdfast_snapshot_age_seconds" in seconds =>
        "How long ago the newest snapshot was written, or the process started, whichever came later. Where \
         nothing has changed since, none is written.";
    SNAPSHOT_INTERVAL_SECONDS: gauge "holdfast_snapshot_interval_seconds" in seconds =>
        "After so long a snapshot is written, as configured.";
    SNAPSHOT_FAILING: gauge "holdfast_snapshot_failing" =>
        "1 where the newest attempt to write a snapshot failed.";
    RECOVERY_SECONDS: gauge "holdfast_recovery_seconds" in seconds =>
        "How long the last start replayed the journal.";
    RECOVERY_CHANGES: gauge "holdfast_recovery_changes" =>
        "Changes that the last start replayed.";
    RECOVERY_QUARANTINED_BYTES: gauge "holdfast_recovery_quarantined_bytes" in bytes =>
        "Bytes of an unfinished write that the last start cut off and set aside.";
    WHEEL_LAG_SECONDS: histogram "holdfast_wheel_lag_seconds" in seconds =>
        "How much later than wheel.tick_ms after the one before each turn of the wheels came.";
    WHEEL_TURN_AGE_SECONDS: gauge "holdfast_wheel_turn_age_seconds" in seconds =>
        "How long ago the wheels turned.";
    WHEEL_TIMERS: gauge "holdfast_wheel_timers" =>
        "Live timers: one for each live hold.";
    HOLDS_STARTED: counter "holdfast_holds_started_total" by "source" =>
        "Holds that began, by what they came from.";
    HOLDS_ENDED: counter "holdfast_holds_ended_total" by "reason" =>
        "Holds that ended: confirmed, released by their user, revoked by an organiser, withdrawn with their \
         session or event, or expired.";
    HOLDS_RESCUED: counter "holdfast_holds_rescued_total" =>
        "Holds that had expired and were confirmed all the same, their tickets still being free.";
    HOLD_LIFETIME_SECONDS: histogram "holdfast_hold_lifetime_seconds" in seconds by "reason" =>
        "How long holds lasted, by how they ended.";
    BOOKINGS: counter "holdfast_bookings_total" by "source" =>
        "Bookings made, from a hold or directly.";
    BOOKINGS_CANCELLED: counter "holdfast_bookings_cancelled_total" =>
        "Bookings that were cancelled.";
    WAITING: gauge "holdfast_waiting_users" =>
        "Users in the lines of all events.";
    PASSED_OVER: gauge "holdfast_passed_over_users" =>
        "Users in line who are away: whoever stands behind is served.";
    LINES_BLOCKED: gauge "holdfast_lines_blocked" =>
        "Lines of events on sale in which tickets are free and somebody who is there waits: the first wants \
         more than is free, or something is broken.";
    QUEUE_JOINED: counter "holdfast_queue_joined_total" =>
        "Users who joined a line.";
    QUEUE_LEFT: counter "holdfast_queue_left_total" by "reason" =>
        "Users who left a line: granted what came free, served because the first took tickets by themselves, \
         left by themselves, or dropped, by why.";
    QUEUE_WAIT_SECONDS: histogram "holdfast_queue_wait_seconds" in seconds by "reason" =>
        "How long users had stood in line, by how that ended.";
    QUEUE_SKIPPED: counter "holdfast_queue_skipped_total" by "reason" =>
        "Users who were passed over when it was their turn.";
    QUEUE_RETURNED: counter "holdfast_queue_returned_total" =>
        "Users who had been passed over and were there again.";
    EVENTS: gauge "holdfast_events" by "status" =>
        "Events, by status.";
    CAPACITY: gauge "holdfast_capacity_tickets" =>
        "All tickets of all events.";
    TICKETS: gauge "holdfast_tickets" by "state" =>
        "Tickets of all events, by state.";
    OVERSOLD: gauge "holdfast_oversold_tickets" =>
        "Tickets held or booked beyond the capacity of their type, of what is durable: 0, or something is \
         broken.";
    INVARIANT_CHECKS: counter "holdfast_invariant_checks_total" by "kind" =>
        "Checks of the invariants: of an event's counters after each turn, of everything at a snapshot and at a \
         start.";
    INVARIANT_VIOLATIONS: counter "holdfast_invariant_violations_total" =>
        "Invariants found broken. Each ends the process and leaves a line in the file `violations` of the data \
         directory, with whose number of lines this begins.";
    CLOCK_OFFSET_SECONDS: gauge "holdfast_clock_offset_seconds" in seconds =>
        "The wall clock less the engine's, which begins with it and then goes by the monotonic clock alone.";
}
