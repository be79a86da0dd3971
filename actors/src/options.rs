//! Settings of the engine.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the engine. Every field has a default; durations are in the unit that their name ends in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Folder of journal and snapshots. Default `data`. No key of a settings file: whoever reads one sets it.
    #[serde(skip)]
    pub data_dir: PathBuf,
    /// Routers, among which persons are divided. 1–256, default 8.
    pub shards: usize,
    /// Events accepted and not yet handled, without those held back, at most; beyond that the edge answers 503. A single body larger than this is
    /// taken when nothing else is in hand. Default 20,000.
    pub credits: u32,
    /// Events of one conversation in its mailbox, at most. Further ones are **held back**: accepted like all others, they
    /// wait in the journal alone, take no credit, and are read from there when their conversation has come so far. Default
    /// 64.
    pub mailbox_limit: u32,
    /// Events held back, of all conversations, at most; beyond that the edge answers 503. Default 1,000,000.
    pub held_limit: u32,
    /// Turns that a conversation may take without ever coming to the end of what waits for it. After that many it is
    /// slowed until it does. Default 16.
    pub flood_turns: u32,
    /// Pause after each turn of a conversation that is slowed. 0: none is slowed. Default 100 ms, which is ten turns a
    /// second.
    pub flood_pause_ms: u64,
    /// Durable effects of one conversation not yet settled; from that many on it handles nothing more until some are, so
    /// that answers which nobody takes do not fill the outbox at others' cost. 0: any. Default 64.
    pub unsettled_limit: u32,
    /// As `credits`, for status reports and changes of identity, which have capacity of their own. Default 20,000.
    pub status_credits: u32,
    /// Durable effects not yet settled, at most, before events are refused. Default 200,000.
    pub outbox_limit: u32,
    /// Conversations with a live actor, at most (about 8 KiB each, and their states, packed). Default 50,000.
    pub resident_cap: usize,
    /// A conversation rests after so long without an event. Waking it reads its snapshot and what came after. Default 60 s.
    pub idle_passivation_secs: u64,
    /// A snapshot is written every so many turns, and after half as many when a conversation goes to rest. Default 16.
    pub snapshot_every_turns: u32,
    /// Durable effects on their way at a time, over all conversations. Default 256.
    pub dispatch_width: usize,
    /// How long an unknown outcome waits for its echo. Default 10,000 ms.
    pub echo_wait_ms: u64,
    /// Tries of an event whose turn panics, before it is put aside. Default 3.
    pub tries: u32,
    /// Shortest wait before a durable effect is tried again; doubles with every try. Default 200 ms.
    pub retry_base_ms: u64,
    /// Longest such wait, unless the other side asks for a longer one. Default 30,000 ms.
    pub retry_cap_ms: u64,
    /// Records older than this are replaced by a checkpoint of the state. 0: never. Default 0.
    pub retention_days: u32,
    /// Rest between two walks through everything that may be too old to keep: dedup keys, delivered messages' names, records
    /// beyond the retention. Load and crash tests make it short. Default 30,000 ms.
    pub sweep_every_ms: u64,
    /// How long to wait for a process that still has the data open. Default 10,000 ms.
    pub lock_wait_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            shards: 8,
            credits: 20_000,
            mailbox_limit: 64,
            held_limit: 1_000_000,
            flood_turns: 16,
            flood_pause_ms: 100,
            unsettled_limit: 64,
            status_credits: 20_000,
            outbox_limit: 200_000,
            resident_cap: 50_000,
            idle_passivation_secs: 60,
            snapshot_every_turns: 16,
            dispatch_width: 256,
            echo_wait_ms: 10_000,
            tries: 3,
            retry_base_ms: 200,
            retry_cap_ms: 30_000,
            retention_days: 0,
            sweep_every_ms: 30_000,
            lock_wait_ms: 10_000,
        }
    }
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CHARLA-E3011: engine setting {setting} is {found}; it must be {must}")]
pub struct BadOption {
    setting: &'static str,
    found: u64,
    must: &'static str,
}

impl Options {
    /// Settings for a folder, everything else by default.
    pub fn in_dir(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), ..Self::default() }
    }

    /// Whether they can work.
    pub fn check(&self) -> Result<(), BadOption> {
        let bad = |setting, found, must| Err(BadOption { setting, found, must });
        if !(1..=256).contains(&self.shards) {
            return bad("shards", self.shards as u64, "1 to 256");
        }
        for (setting, found) in [
            ("credits", u64::from(self.credits)),
            ("mailbox_limit", u64::from(self.mailbox_limit)),
            ("held_limit", u64::from(self.held_limit)),
            ("flood_turns", u64::from(self.flood_turns)),
            ("status_credits", u64::from(self.status_credits)),
            ("outbox_limit", u64::from(self.outbox_limit)),
            ("resident_cap", self.resident_cap as u64),
            ("dispatch_width", self.dispatch_width as u64),
            ("snapshot_every_turns", u64::from(self.snapshot_every_turns)),
            ("tries", u64::from(self.tries)),
        ] {
            if found == 0 {
                return bad(setting, 0, "at least 1");
            }
        }
        Ok(())
    }

    pub(crate) fn flood_pause(&self) -> Duration {
        Duration::from_millis(self.flood_pause_ms)
    }

    pub(crate) fn sweep_every(&self) -> Duration {
        Duration::from_millis(self.sweep_every_ms)
    }

    pub(crate) fn lock_wait(&self) -> Duration {
        Duration::from_millis(self.lock_wait_ms)
    }
}
