//! Where an engine can be made to die. The names are those of its failpoints, `CHARLA_FAILPOINTS`; an engine that does not
//! know one says so and names those it has (CHARLA-E3040).

/// What ends an engine's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// `abort` at a failpoint, which is hit about so many times when 1,000 messages are handled.
    Point {
        /// The failpoint.
        name: &'static str,
        /// Hits.
        per_thousand: u32,
    },
    /// `abort` while the start recovers what the one before left: it never becomes ready.
    Recovery,
    /// The journal's sync fails: the engine must stop acknowledging and end by itself.
    SyncError,
    /// SIGKILL at a random moment.
    Kill,
}

/// In turn, one a round.
pub(super) const ALL: [Deed; 11] = [
    Deed::Point { name: "before-append", per_thousand: 500 },
    Deed::Point { name: "after-append-before-ack", per_thousand: 500 },
    Deed::Point { name: "between-effects", per_thousand: 1_000 },
    Deed::Point { name: "after-commit-before-dispatch", per_thousand: 800 },
    Deed::Point { name: "after-request-before-answer", per_thousand: 1_500 },
    Deed::Point { name: "after-answer-before-record", per_thousand: 800 },
    Deed::Point { name: "during-snapshot", per_thousand: 120 },
    Deed::Point { name: "during-compaction", per_thousand: 40 },
    Deed::Recovery,
    Deed::SyncError,
    Deed::Kill,
];

impl Deed {
    /// The failpoint's name, or what it is called in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Point { name, .. } => name,
            Self::Recovery => "during-recovery",
            Self::SyncError => "sync-error",
            Self::Kill => "SIGKILL",
        }
    }

    /// The setting of `CHARLA_FAILPOINTS` that lets it happen anywhere among its hits: the mean number of hits until it
    /// strikes is drawn evenly on a logarithmic scale, so that early and late ones are as likely as those in the middle.
    pub(super) fn arm(self, messages: u32, dice: &mut fastrand::Rng) -> Option<String> {
        let mean = |per_thousand: u32, dice: &mut fastrand::Rng| {
            let hits = (f64::from(per_thousand) * f64::from(messages) / 1_000.0).max(1.0);
            100.0 / hits.powf(dice.f64())
        };
        match self {
            Self::Point { name, per_thousand } => {
                Some(format!("{name}={:.4}%abort", mean(per_thousand, dice)))
            }
            Self::Recovery => Some("during-recovery=abort".to_owned()),
            Self::SyncError => Some(format!("sync-error={:.4}%error", mean(500, dice))),
            Self::Kill => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_lie_between_every_hit_and_the_last_one() {
        let mut dice = fastrand::Rng::with_seed(1);
        let mut chances = Vec::new();
        for _ in 0..500 {
            let setting = ALL[0].arm(1_000, &mut dice).unwrap();
            let chance = setting.strip_prefix("before-append=").and_then(|rest| rest.strip_suffix("%abort"));
            chances.push(chance.unwrap().parse::<f64>().unwrap());
        }
        assert!(chances.iter().all(|chance| (100.0 / 500.1..=100.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance > 20.0) && chances.iter().any(|chance| *chance < 0.5));
    }

    #[test]
    fn every_deed_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|deed| deed.name()).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
