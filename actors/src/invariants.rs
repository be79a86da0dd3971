//! Everything that should never be: the one list of what the runtime counts as `charla_invariant_violations_total`. The
//! label `word` is the invariant's name, so that an alert can name what to look at.

use crate::metrics::VIOLATIONS;

macro_rules! invariants {
    ($(#[doc = $meaning:literal] $name:ident = $word:literal;)*) => {
        /// Something that should never be, and is counted when it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Invariant {
            $(#[doc = $meaning] $name,)*
        }

        impl Invariant {
            /// All of them.
            pub const ALL: &'static [Invariant] = &[$(Invariant::$name,)*];

            /// The value of the metric's label `word`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Invariant::$name => $word,)*
                }
            }

            /// One sentence: what has happened, and what follows from it.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Invariant::$name => $meaning.trim_ascii_start(),)*
                }
            }
        }
    };
}

invariants! {
    /// A commit failed or the committer panicked; nothing more is accepted until the process restarts.
    JournalBroken = "journal_broken";
    /// A conversation's part of the journal cannot be read or folded; its events wait there until it can.
    ConversationUnreadable = "conversation_unreadable";
    /// The replacement of an event that was put aside failed as well; the event was closed without any decision.
    ParkedEventFailed = "parked_event_failed";
    /// A conversation's actor failed outside a turn and was begun anew from the journal.
    ActorFailed = "actor_failed";
    /// A conversation's actor could not be spawned; its events wait in the journal.
    ActorNotSpawned = "actor_not_spawned";
    /// No snapshot store could be opened; conversations wake from the journal alone.
    SnapshotsUnavailable = "snapshots_unavailable";
    /// The session panicked when asked for the event of an unknown outcome; nobody is told of that outcome.
    OutcomeUnknownPanicked = "outcome_unknown_panicked";
    /// The end of a durable effect was recorded when its outbox row was gone already; the second record was dropped.
    SettledTwice = "settled_twice";
    /// Due timers could not be read; they fire as soon as they can be.
    TimersUnreadable = "timers_unreadable";
    /// A request was refused because what it needs of the journal cannot be read; all others go on.
    RequestUnreadable = "request_unreadable";
    /// Retention left a conversation alone because its journal cannot be read or folded.
    RetentionUnreadable = "retention_unreadable";
    /// Two persons were merged, but a conversation of one could not be read and stayed where it was.
    MergeUnreadable = "merge_unreadable";
}

/// Counts something that should never be.
pub(crate) fn violated(invariant: Invariant) {
    let word = invariant.name();
    tracing::error!(word, meaning = invariant.meaning(), "invariant violated");
    metrics::counter!(VIOLATIONS, "word" => word).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    #[test]
    fn names_are_words_and_unlike_each_other_and_meanings_are_sentences() {
        let mut names: Vec<_> = Invariant::ALL.iter().map(|it| it.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Invariant::ALL.len());
        for it in Invariant::ALL {
            assert!(it.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{it:?}");
            assert!(it.meaning().ends_with('.') && it.meaning().len() > 30, "{it:?}");
        }
    }

    fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }

    /// The type lets nothing be counted that is not on the list; this sees that nothing goes past the type, and that
    /// nothing stands on the list that nobody counts any more.
    #[test]
    fn whatever_is_counted_is_on_the_list_and_the_other_way_round() {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let own = |path: &Path| path.ends_with("src/invariants.rs");
        for (path, text) in &files {
            let counts = text.contains("counter!(VIOLATIONS") || text.contains("counter!(names::VIOLATIONS");
            assert!(!counts || own(path) || path.ends_with("src/metrics.rs"), "{path:?} counts by itself");
        }
        for it in Invariant::ALL {
            let used = format!("Invariant::{it:?}");
            let by = |(path, text): &(PathBuf, String)| !own(path) && text.contains(&used);
            assert!(files.iter().any(by), "nobody counts {it:?}");
        }
    }

    #[test]
    fn the_operator_s_page_has_them_all() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
        let page = std::fs::read_to_string(page).unwrap();
        for it in Invariant::ALL {
            let row = format!("| `{}` | {} |", it.name(), it.meaning());
            assert!(page.contains(&row), "docs/reliability.md lacks {row}");
        }
    }

    #[test]
    fn violations_are_counted_by_name() {
        let recorder = DebuggingRecorder::new();
        let seen = recorder.snapshotter();
        metrics::with_local_recorder(&recorder, || {
            Invariant::ALL.iter().for_each(|it| violated(*it));
            violated(Invariant::SettledTwice);
        });
        let counted: BTreeMap<String, u64> = seen
            .snapshot()
            .into_vec()
            .into_iter()
            .map(|(key, _, _, value)| {
                let key = key.key();
                assert_eq!(key.name(), "charla_invariant_violations_total");
                let DebugValue::Counter(count) = value else { panic!("{value:?}") };
                let label = key.labels().next().unwrap();
                assert_eq!(label.key(), "word");
                (label.value().to_owned(), count)
            })
            .collect();
        assert_eq!(counted.len(), Invariant::ALL.len());
        for it in Invariant::ALL {
            let expected = if *it == Invariant::SettledTwice { 2 } else { 1 };
            assert_eq!(counted[it.name()], expected, "{it:?}");
        }
    }
}
