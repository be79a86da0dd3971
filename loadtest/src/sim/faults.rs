//! How long things take and what goes wrong: seeded, so that a run can be repeated.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Delays and misfortunes. Probabilities are 0 to 1, times milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Seed of all draws. Default 1.
    pub seed: u64,
    /// From the acceptance of a message to its `sent` webhook. Default 20.
    pub sent_after_ms: u64,
    /// To its `delivered` webhook. Default 120.
    pub delivered_after_ms: u64,
    /// To its `read` webhook; `null`: only when an open phone page shows it. Default 700.
    pub read_after_ms: Option<u64>,
    /// Probability that a `delivered` webhook is left out where a `read` follows (Meta does that). Default 0.
    pub skip_delivered: f64,
    /// Webhooks wait up to this long more, uniformly. Default 0.
    pub delay_ms: u64,
    /// Probability that a webhook is delivered a second time. Default 0.
    pub duplicate: f64,
    /// The second copy comes up to this long after the first. Default 500.
    pub duplicate_within_ms: u64,
    /// Probability that a second copy leaves together with the first, so that the engine has both in hand. Default 0.
    pub twin: f64,
    /// Probability that a webhook leaves the order of its customer and is held up for up to `reorder_ms`. Default 0.
    pub reorder: f64,
    /// See `reorder`. Default 500.
    pub reorder_ms: u64,
    /// Most updates in one body; 1 is one each, Meta's bound is 1,000. Default 1.
    pub batch_max: usize,
    /// How long updates are held for company when `batch_max` is above 1. Default 30.
    pub batch_wait_ms: u64,
    /// Whether webhooks leave out all phone numbers (business-scoped user ids only). Default false.
    pub user_id_only: bool,
    /// Probability that a send is refused with `graph_error_code`. Default 0.
    pub graph_error: f64,
    /// See `graph_error`. Default 131000.
    pub graph_error_code: i64,
    /// Probability that a send is taken but answered with a bare 502: its outcome is hidden. Default 0.
    pub lose_answer: f64,
    /// Answers to sends wait this long. Default 0.
    pub answer_delay_ms: u64,
    /// Whether 131026 and 131047 come as a `failed` status after a 200, as Meta often does, not as the answer. Default false.
    pub late_refusals: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 1,
            sent_after_ms: 20,
            delivered_after_ms: 120,
            read_after_ms: Some(700),
            skip_delivered: 0.0,
            delay_ms: 0,
            duplicate: 0.0,
            duplicate_within_ms: 500,
            twin: 0.0,
            reorder: 0.0,
            reorder_ms: 500,
            batch_max: 1,
            batch_wait_ms: 30,
            user_id_only: false,
            graph_error: 0.0,
            graph_error_code: 131_000,
            lose_answer: 0.0,
            answer_delay_ms: 0,
            late_refusals: false,
        }
    }
}

/// What befalls one webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Extra wait.
    pub delay: Duration,
    /// Whether it may overtake and be overtaken.
    pub unordered: bool,
    /// A second copy, this long after the first was taken.
    pub copy_after: Option<Duration>,
    /// Whether a second copy leaves together with the first.
    pub twin: bool,
}

/// Faults and the random numbers that they are drawn with.
#[derive(Debug)]
pub(crate) struct Dice {
    pub faults: Faults,
    random: fastrand::Rng,
    /// Batches are drawn whenever something is due, which depends on the machine's speed; fates must not.
    batches: fastrand::Rng,
}

impl Dice {
    pub(crate) fn new(faults: Faults) -> Self {
        let random = fastrand::Rng::with_seed(faults.seed);
        let batches = fastrand::Rng::with_seed(!faults.seed);
        Self { faults, random, batches }
    }

    /// Replaces the faults; the random numbers start again if the seed is another one.
    pub(crate) fn set(&mut self, faults: Faults) {
        if faults.seed != self.faults.seed {
            self.random = fastrand::Rng::with_seed(faults.seed);
            self.batches = fastrand::Rng::with_seed(!faults.seed);
        }
        self.faults = faults;
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        // Draws nothing for 0, so that unused faults do not shift the others' numbers.
        probability > 0.0 && self.random.f64() < probability
    }

    pub(crate) fn up_to(&mut self, ms: u64) -> Duration {
        Duration::from_millis(if ms == 0 { 0 } else { self.random.u64(0..=ms) })
    }

    pub(crate) fn webhook(&mut self) -> Fate {
        let mut delay = self.up_to(self.faults.delay_ms);
        let unordered = self.chance(self.faults.reorder);
        if unordered {
            delay += self.up_to(self.faults.reorder_ms);
        }
        let copy_after =
            self.chance(self.faults.duplicate).then(|| self.up_to(self.faults.duplicate_within_ms));
        let twin = self.chance(self.faults.twin);
        Fate { delay, unordered, copy_after, twin }
    }

    /// How many updates the next body may hold.
    pub(crate) fn batch(&mut self) -> usize {
        match self.faults.batch_max {
            0 | 1 => 1,
            most => self.batches.usize(1..=most.min(1_000)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hard() -> Faults {
        Faults { delay_ms: 50, duplicate: 0.3, reorder: 0.3, batch_max: 5, ..Faults::default() }
    }

    #[test]
    fn a_seed_repeats_its_run_and_another_one_does_not() {
        let run = |seed| {
            let mut dice = Dice::new(Faults { seed, ..hard() });
            (0..200).map(|_| (dice.webhook(), dice.batch())).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn without_faults_nothing_happens() {
        let mut dice = Dice::new(Faults::default());
        for _ in 0..100 {
            let fate = Fate { delay: Duration::ZERO, unordered: false, copy_after: None, twin: false };
            assert_eq!(dice.webhook(), fate);
            assert_eq!(dice.batch(), 1);
        }
    }

    #[test]
    fn about_as_many_go_wrong_as_asked_for() {
        let mut dice = Dice::new(hard());
        let fates: Vec<_> = (0..10_000).map(|_| dice.webhook()).collect();
        let copies = fates.iter().filter(|fate| fate.copy_after.is_some()).count();
        let unordered = fates.iter().filter(|fate| fate.unordered).count();
        assert!((2_700..3_300).contains(&copies), "{copies}");
        assert!((2_700..3_300).contains(&unordered), "{unordered}");
    }
}
