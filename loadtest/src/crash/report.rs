//! What came of a run: a table for people, and one line that says it all.

use super::shown;
use crate::{
    oracle::{Totals, Violation},
    sim::Counts,
};
use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

/// How often a point was tried and reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tried {
    /// Rounds with it.
    pub rounds: u64,
    /// Rounds in which the engine died of it; in the others it was killed when its time was over.
    pub reached: u64,
}

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Of the draws.
    pub seed: u64,
    /// Rounds played.
    pub rounds: u32,
    /// By what was to end the engine.
    pub deeds: BTreeMap<&'static str, Tried>,
    /// From the start of the process to its readiness, each start.
    pub starts: Vec<Duration>,
    /// The oracle's numbers.
    pub totals: Totals,
    /// Broken promises, the first two hundred.
    pub violations: Vec<Violation>,
    /// The simulator's numbers.
    pub counts: Counts,
    /// What the engine's own checks of its data said.
    pub checks: Vec<String>,
    /// The data, if it was kept.
    pub folder: Option<PathBuf>,
    /// All of it.
    pub took: Duration,
}

impl Report {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Whether every promise was kept.
    pub fn kept(&self) -> bool {
        self.totals.violations == 0
    }

    /// That share of the starts took at most so many milliseconds.
    fn start_ms(&self, share: f64) -> f64 {
        let mut starts = self.starts.clone();
        starts.sort_unstable();
        let place = ((starts.len() as f64 - 1.0) * share).round().max(0.0) as usize;
        starts.get(place).map_or(0.0, |start| start.as_secs_f64() * 1_000.0)
    }

    /// The last line.
    pub fn verdict(&self) -> String {
        let kills: u64 = self.deeds.values().map(|tried| tried.rounds).sum();
        let word = if self.kept() { "KEPT" } else { "BROKEN" };
        let folder =
            self.folder.as_ref().map(|path| format!("; data in {}", shown(path))).unwrap_or_default();
        format!(
            "verdict: {word}: {} violations in {} acknowledged messages over {} rounds and {kills} forced ends, seed {}{folder}",
            self.totals.violations, self.totals.acknowledged, self.rounds, self.seed
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<30} {:>7} {:>8}", "point", "rounds", "reached")?;
        for (name, tried) in &self.deeds {
            writeln!(f, "{name:<30} {:>7} {:>8}", tried.rounds, tried.reached)?;
        }
        let totals = &self.totals;
        let retried = self.counts.webhooks_retried;
        let rows = [
            ("messages written", totals.said),
            ("messages acknowledged", totals.acknowledged),
            ("messages answered", totals.answered),
            ("statuses sent", self.counts.statuses),
            ("bodies sent again", retried),
            ("duplicates after the 200", totals.duplicates_late),
            ("duplicates under way together", totals.duplicates_at_once),
            ("answers withheld", self.counts.answers_lost),
            ("sends in unknowable windows", totals.windows),
            ("doubled inside them", totals.doubled_at_death),
            ("doubled for want of an answer", totals.doubled_withheld),
            ("copies on their way at an echo", totals.copies_after_proof),
            ("violations", totals.violations),
        ];
        for (name, count) in rows {
            writeln!(f, "{name:<30} {count:>16}")?;
        }
        let (p50, max) = (self.start_ms(0.5), self.start_ms(1.0));
        writeln!(f, "{:<30} {:>16}", "starts", self.starts.len())?;
        writeln!(f, "{:<30} {:>16}", "start to ready, p50 / max", format!("{p50:.0} / {max:.0} ms"))?;
        if totals.copies_after_proof > 0 {
            let late = format!("{} ms", totals.latest_copy / 1_000);
            writeln!(f, "{:<30} {late:>16}", "longest after the echo")?;
        }
        writeln!(f, "{:<30} {:>16}", "took", format!("{:.1} s", self.took.as_secs_f64()))?;
        for check in &self.checks {
            writeln!(f, "{check}")?;
        }
        for violation in &self.violations {
            writeln!(f, "VIOLATION {violation}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::Kind;

    #[test]
    fn the_verdict_names_what_one_needs_to_look_further() {
        let mut report = Report::new(7);
        report.starts = [30, 10, 20].map(Duration::from_millis).to_vec();
        report.deeds.insert("SIGKILL", Tried { rounds: 3, reached: 3 });
        assert!(report.verdict().starts_with("verdict: KEPT: 0 violations"));
        assert!(report.to_string().contains("20 / 30 ms"), "{report}");
        report.totals.violations = 1;
        report.folder = Some("/tmp/x".into());
        let what = "`a` left at 1 s".to_owned();
        report.violations.push(Violation { kind: Kind::Lost, at: 1_500_000, customer: "4477".into(), what });
        assert!(report.verdict().contains("BROKEN") && report.verdict().ends_with("seed 7; data in /tmp/x"));
        assert!(report.to_string().contains("VIOLATION lost: customer 4477 at 1.500 s"), "{report}");
    }
}
