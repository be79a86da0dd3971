//! Places where a test can make the process die, wait or fail: always compiled, armed only from the environment.
//!
//! `CHARLA_FAILPOINTS="name=action;name=action"`, read once. Actions: `abort`, `panic`, `sleep(MS)`, `error` (only
//! [`SYNC_ERROR`] has something to fail), each with an optional chance in per cent before it: `2%abort`, `0.5%abort`.
//! `CHARLA_FAILPOINTS_SEED` makes the chances repeatable. Unarmed, a hit costs one relaxed load.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// In the committer, before a batch is written.
pub const BEFORE_APPEND: &str = "before-append";
/// In the committer, after a batch is on disk, before anybody is told.
pub const AFTER_APPEND_BEFORE_ACK: &str = "after-append-before-ack";
/// In a turn, between an effect's result and what follows from it.
pub const BETWEEN_EFFECTS: &str = "between-effects";
/// In the committer, after a turn is on disk, before its durable effects go to the dispatcher.
pub const AFTER_COMMIT_BEFORE_DISPATCH: &str = "after-commit-before-dispatch";
/// In the edge, after a request to the provider has left, before its answer is read.
pub const AFTER_REQUEST_BEFORE_ANSWER: &str = "after-request-before-answer";
/// In the dispatcher, after a durable effect's answer, before it is recorded.
pub const AFTER_ANSWER_BEFORE_RECORD: &str = "after-answer-before-record";
/// In the snapshot writer, before a snapshot is written.
pub const DURING_SNAPSHOT: &str = "during-snapshot";
/// While old records or old snapshots are being removed.
pub const DURING_COMPACTION: &str = "during-compaction";
/// At start-up, before recovery is committed.
pub const DURING_RECOVERY: &str = "during-recovery";
/// In the journal: `error` fails the sync.
pub const SYNC_ERROR: &str = "sync-error";

/// All names.
pub const ALL: [&str; 10] = [
    BEFORE_APPEND,
    AFTER_APPEND_BEFORE_ACK,
    BETWEEN_EFFECTS,
    AFTER_COMMIT_BEFORE_DISPATCH,
    AFTER_REQUEST_BEFORE_ANSWER,
    AFTER_ANSWER_BEFORE_RECORD,
    DURING_SNAPSHOT,
    DURING_COMPACTION,
    DURING_RECOVERY,
    SYNC_ERROR,
];

/// The environment variable.
pub const VARIABLE: &str = "CHARLA_FAILPOINTS";

static ARMED: AtomicBool = AtomicBool::new(false);
static TABLE: OnceLock<HashMap<&'static str, Action>> = OnceLock::new();
static DICE: AtomicU64 = AtomicU64::new(0);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    Abort,
    Panic,
    Sleep(Duration),
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Action {
    /// Of 2^64.
    chance: u64,
    deed: Deed,
}

/// The action `error` was armed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failpoint {0} was told to fail")]
pub struct Injected(&'static str);

/// A setting that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "CHARLA-E3040: {VARIABLE} has \"{setting}\": {why}; write NAME=[PERCENT%]abort|panic|sleep(MS)|error, separated by \
     semicolons"
)]
pub struct BadFailpoint {
    setting: String,
    why: String,
}

/// Reads the environment, the first time it is called.
pub fn arm_from_environment() -> Result<(), BadFailpoint> {
    if TABLE.get().is_some() {
        return Ok(());
    }
    let table = match std::env::var(VARIABLE) {
        Ok(settings) => parse(&settings)?,
        Err(_) => HashMap::new(),
    };
    let seed = std::env::var("CHARLA_FAILPOINTS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| u64::from(std::process::id()));
    let armed = !table.is_empty();
    if TABLE.set(table).is_ok() {
        DICE.store(seed, Ordering::Relaxed);
        ARMED.store(armed, Ordering::Release);
    }
    Ok(())
}

fn parse(settings: &str) -> Result<HashMap<&'static str, Action>, BadFailpoint> {
    let mut table = HashMap::new();
    for setting in settings.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        let bad = |why: &str| BadFailpoint { setting: setting.to_owned(), why: why.to_owned() };
        let (name, action) = setting.split_once('=').ok_or_else(|| bad("no ="))?;
        let name = ALL
            .into_iter()
            .find(|known| *known == name.trim())
            .ok_or_else(|| bad(&format!("the names are {}", ALL.join(", "))))?;
        let (chance, deed) = match action.split_once('%') {
            Some((percent, deed)) => {
                let percent: f64 = percent.trim().parse().map_err(|_| bad("no percentage"))?;
                if !(0.0..=100.0).contains(&percent) {
                    return Err(bad("a percentage is 0 to 100"));
                }
                ((percent / 100.0 * u64::MAX as f64) as u64, deed)
            }
            None => (u64::MAX, action),
        };
        let deed = match deed.trim() {
            "abort" => Deed::Abort,
            "panic" => Deed::Panic,
            "error" => Deed::Error,
            other => other
                .strip_prefix("sleep(")
                .and_then(|rest| rest.strip_suffix(')'))
                .and_then(|ms| ms.trim().parse().ok())
                .map(|ms| Deed::Sleep(Duration::from_millis(ms)))
                .ok_or_else(|| bad("no such action"))?,
        };
        table.insert(name, Action { chance, deed });
    }
    Ok(table)
}

/// SplitMix64: good enough for dice, and repeatable from a seed.
fn roll() -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut z = DICE.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[inline]
fn armed(name: &'static str) -> Option<Deed> {
    if !ARMED.load(Ordering::Relaxed) {
        return None;
    }
    let action = TABLE.get()?.get(name)?;
    (roll() <= action.chance).then_some(action.deed)
}

fn act(name: &'static str, deed: Deed) -> Result<Option<Duration>, Injected> {
    match deed {
        Deed::Abort => {
            // Read by the crash loop, which counts kills per point.
            eprintln!("failpoint {name}: abort");
            std::process::abort();
        }
        Deed::Panic => panic!("failpoint {name}"),
        Deed::Sleep(time) => Ok(Some(time)),
        Deed::Error => Err(Injected(name)),
    }
}

/// Does what is armed for this place; sleeps on the thread.
#[inline]
pub fn hit(name: &'static str) -> Result<(), Injected> {
    match armed(name) {
        None => Ok(()),
        Some(deed) => {
            if let Some(time) = act(name, deed)? {
                std::thread::sleep(time);
            }
            Ok(())
        }
    }
}

/// [`hit`] for asynchronous code.
pub async fn hit_async(name: &'static str) -> Result<(), Injected> {
    match armed(name) {
        None => Ok(()),
        Some(deed) => {
            if let Some(time) = act(name, deed)? {
                tokio::time::sleep(time).await;
            }
            Ok(())
        }
    }
}

/// For the edge: to be called after a request to the provider has left, before its answer is read.
pub async fn after_request_before_answer() {
    // Nothing fails here; `error` has no meaning at this place.
    let _ = hit_async(AFTER_REQUEST_BEFORE_ANSWER).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read() {
        let table = parse("before-append=abort; between-effects = 50%sleep(20);sync-error=error;").unwrap();
        assert_eq!(table.len(), 3);
        assert_eq!(table[BEFORE_APPEND].deed, Deed::Abort);
        assert_eq!(table[BEFORE_APPEND].chance, u64::MAX);
        assert_eq!(table[BETWEEN_EFFECTS].deed, Deed::Sleep(Duration::from_millis(20)));
        let half = table[BETWEEN_EFFECTS].chance as f64 / u64::MAX as f64;
        assert!((half - 0.5).abs() < 1e-9);
    }

    #[test]
    fn nonsense_is_named() {
        for (setting, why) in [
            ("before-append", "no ="),
            ("nowhere=abort", "the names are before-append"),
            ("before-append=explode", "no such action"),
            ("before-append=101%abort", "0 to 100"),
            ("before-append=sleep(x)", "no such action"),
        ] {
            let error = parse(setting).unwrap_err().to_string();
            assert!(error.contains("E3040") && error.contains(why), "{error}");
        }
    }

    #[test]
    fn unarmed_places_do_nothing() {
        for name in ALL {
            assert_eq!(hit(name), Ok(()));
        }
    }
}
