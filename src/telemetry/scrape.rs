//! Gauges that are looked up when somebody asks for `/metrics`.

use super::names;
use crate::{backends::Backends, bot, bot::Bot};
use charla_actors::{engine::EngineHandle, inspect::ViewRow, metrics as runtime, session::Millis};
use metrics::gauge;
use std::path::PathBuf;

/// Conversations of the human queue that are counted, at most: a scrape must not read without end.
pub const QUEUE_LIMIT: usize = 10_000;

/// Where to look.
pub struct Sources {
    /// The session runtime.
    pub engine: EngineHandle<Bot>,
    /// Backends, for their breakers.
    pub backends: Backends,
    /// Whose free space is of interest.
    pub data_dir: PathBuf,
}

impl Sources {
    /// Sets the gauges. `now` is the engine's time, milliseconds since the epoch. Reads from disk: not for a thread that
    /// serves requests.
    pub fn refresh(&self, now: Millis) {
        metrics_process::Collector::default().collect();
        for (backend, state) in self.backends.states() {
            gauge!(names::BREAKER_STATE, "backend" => backend).set(state.as_gauge());
        }
        let stats = self.engine.stats();
        // The engine tells these once a second; who asks now wants to know now.
        gauge!(runtime::UNHANDLED).set(stats.unhandled as f64);
        gauge!(runtime::HELD_BACK).set(stats.held as f64);
        gauge!(runtime::OUTBOX_DEPTH).set(stats.outbox_depth as f64);
        gauge!(names::CREDITS).set(stats.credits as f64);
        gauge!(names::JOURNAL_BYTES).set(stats.journal_bytes as f64);
        match rustix::fs::statvfs(&self.data_dir) {
            Ok(disk) => gauge!(names::FREE_BYTES).set((disk.f_bavail * disk.f_frsize) as f64),
            Err(error) => tracing::debug!(%error, "the free space of the data folder is not known"),
        }
        heap();
        self.people(now);
    }

    fn people(&self, now: Millis) {
        for (table, state) in [(bot::QUEUE, "waiting"), (bot::TAKEN, "taken")] {
            // A journal that cannot be read is reported by everything else.
            let Ok(rows) = self.engine.view(table, None, QUEUE_LIMIT) else { continue };
            gauge!(names::HUMAN_QUEUE, "state" => state).set(rows.len() as f64);
            if table == bot::QUEUE {
                gauge!(names::HUMAN_QUEUE_OLDEST).set(oldest(&rows, now));
            }
        }
    }
}

/// What jemalloc says of the heap. A program that links the library with another allocator says next to nothing here.
fn heap() {
    use tikv_jemalloc_ctl::{epoch, stats};
    // Without a new epoch the figures stay those of the last one.
    let known = epoch::advance().and_then(|_| {
        Ok([
            (names::HEAP_ALLOCATED, stats::allocated::read()?),
            (names::HEAP_ACTIVE, stats::active::read()?),
            (names::HEAP_RESIDENT, stats::resident::read()?),
        ])
    });
    match known {
        Ok(known) => known.into_iter().for_each(|(name, bytes)| gauge!(name).set(bytes as f64)),
        Err(error) => tracing::debug!(%error, "the heap's figures are not known"),
    }
}

/// Seconds since the first of the queue, whose rows are in the order of their waiting, began to wait; 0 if nobody does.
fn oldest(rows: &[ViewRow], now: Millis) -> f64 {
    let since = rows.first().and_then(|row| {
        let card: serde_json::Value = serde_json::from_slice(&row.value).ok()?;
        card["owner"]["since_ms"].as_i64()
    });
    since.map_or(0.0, |since| now.saturating_sub(since).max(0) as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use charla_actors::session::ConversationId;
    use std::sync::Arc;

    #[test]
    fn the_first_row_says_how_long_the_queue_waits() {
        let conversation =
            ConversationId { person: charla_actors::session::PersonId(1), number: Arc::from("1") };
        let of = |value: Vec<u8>| ViewRow { place: vec![], conversation: conversation.clone(), value };
        let row = |since: i64| {
            let card = serde_json::json!({"owner": {"kind": "queue", "since_ms": since}});
            of(card.to_string().into_bytes())
        };
        assert_eq!(oldest(&[], 5_000), 0.0);
        assert_eq!(oldest(&[row(1_500), row(4_000)], 5_000), 3.5);
        assert_eq!(oldest(&[row(9_000)], 5_000), 0.0, "a clock that was set back");
        assert_eq!(oldest(&[of(b"?".to_vec())], 5_000), 0.0);
    }
}
