//! Names, units and help of all metrics of the runtime, in one place. Labels are bounded: `word` is a fixed word.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

macro_rules! named {
    ($(#[doc = $help:literal] $kind:ident $name:ident = $text:literal, $unit:ident;)*) => {
        $(#[doc = $help] pub const $name: &str = $text;)*

        /// All names.
        pub const ALL: &[&str] = &[$($name,)*];

        /// Tells the installed recorder units and help of all metrics.
        pub fn describe() {
            $(named!(@ $kind $name $unit $help);)*
        }
    };
    (@ counter $name:ident $unit:ident $help:literal) => {
        describe_counter!($name, Unit::$unit, $help.trim_start());
    };
    (@ gauge $name:ident $unit:ident $help:literal) => {
        describe_gauge!($name, Unit::$unit, $help.trim_start());
    };
    (@ histogram $name:ident $unit:ident $help:literal) => {
        describe_histogram!($name, Unit::$unit, $help.trim_start());
    };
}

named! {
    /// Items taken from the edge and durable.
    counter ACCEPTED = "charla_accepted_total", Count;
    /// Items dropped because their key was on record.
    counter DUPLICATES = "charla_duplicates_total", Count;
    /// Items kept for later reading and never handled, by kind.
    counter KEPT = "charla_kept_total", Count;
    /// Batches refused, by reason.
    counter REFUSED = "charla_refused_total", Count;
    /// Requests written by one commit.
    histogram GROUP_SIZE = "charla_commit_group_size", Count;
    /// Time one commit took, sync included.
    histogram COMMIT_SECONDS = "charla_commit_seconds", Seconds;
    /// Time a request waited for the committer.
    histogram QUEUE_SECONDS = "charla_commit_queue_seconds", Seconds;
    /// Time from an event's acceptance to the beginning of its turn, its commit included; in steps of a millisecond.
    histogram WAIT_SECONDS = "charla_event_wait_seconds", Seconds;
    /// Time from the beginning of a turn to its commit.
    histogram TURN_SECONDS = "charla_turn_seconds", Seconds;
    /// Turns committed.
    counter TURNS = "charla_turns_total", Count;
    /// Conversations with a live actor.
    gauge RESIDENT = "charla_resident_conversations", Count;
    /// Accepted events not yet handled.
    gauge UNHANDLED = "charla_unhandled_events", Count;
    /// Accepted events that wait in the journal alone, behind others of their conversation.
    gauge HELD_BACK = "charla_held_back_events", Count;
    /// Times that a conversation was slowed because it never came to the end of what waited for it.
    counter SLOWED = "charla_slowed_conversations_total", Count;
    /// Durable effects not yet settled.
    gauge OUTBOX_DEPTH = "charla_outbox_depth", Count;
    /// Durable effects tried, by outcome.
    counter DISPATCHED = "charla_dispatched_total", Count;
    /// Durable effects that will be tried again, by reason.
    counter RETRIES = "charla_dispatch_retries_total", Count;
    /// Events put aside after their turn panicked again and again.
    counter PARKED = "charla_parked_total", Count;
    /// Turns that panicked.
    counter PANICS = "charla_turn_panics_total", Count;
    /// Timers fired.
    counter TIMERS = "charla_timers_fired_total", Count;
    /// Things that should never be, by kind (`invariants::Invariant`).
    counter VIOLATIONS = "charla_invariant_violations_total", Count;
    /// Snapshots written.
    counter SNAPSHOTS_WRITTEN = "charla_snapshots_written_total", Count;
    /// Snapshots not written because the writer was busy or failed.
    counter SNAPSHOTS_SKIPPED = "charla_snapshots_skipped_total", Count;
    /// Snapshots that could not be read.
    counter SNAPSHOTS_UNREADABLE = "charla_snapshots_unreadable_total", Count;
    /// Times that all snapshots had to be moved aside.
    counter SNAPSHOTS_REBUILT = "charla_snapshots_rebuilt_total", Count;
    /// Times that the snapshots were copied to reclaim space.
    counter SNAPSHOT_GENERATIONS = "charla_snapshot_generations_total", Count;
    /// Snapshots on disk.
    gauge SNAPSHOT_DISK = "charla_snapshot_disk_bytes", Bytes;
    /// Snapshots alive.
    gauge SNAPSHOT_LIVE = "charla_snapshot_live_bytes", Bytes;
    /// Time from the start of the engine until it accepted.
    gauge RECOVERY_SECONDS = "charla_recovery_seconds", Seconds;
    /// Conversations woken at the start because they had unhandled events.
    gauge RECOVERED = "charla_recovered_conversations", Count;
}
