//! Meta's rates: throughput per business number (130429) and messages per pair of number and user (131056).
//!
//! Both are the generic cell rate algorithm: a debt that time pays off. The pair rate is one message in 6 s with a burst of
//! 45 that borrows from later quota (Cloud API, "About the platform").

use super::clock::Millis;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The rates; 0 switches one off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Messages a second and number, in and out together. Default 80; Meta raises it to 1,000.
    pub throughput: u32,
    /// Milliseconds that one message of a pair costs. Default 6,000.
    pub pair_interval_ms: u32,
    /// Messages that a pair may have on credit. Default 45.
    pub pair_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { throughput: 80, pair_interval_ms: 6_000, pair_burst: 45 }
    }
}

/// A debt that time pays off. Units are those of the clock handed in.
#[derive(Debug, Default, Clone, Copy)]
struct Debt {
    paid_at: i64,
}

impl Debt {
    fn room(self, now: i64, cost: i64, burst: i64) -> bool {
        self.paid_at.max(now) - now <= (burst - 1) * cost
    }

    fn take(&mut self, now: i64, cost: i64) {
        self.paid_at = self.paid_at.max(now) + cost;
    }
}

/// The debts of all numbers and pairs.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// In microseconds, so that more than 1,000 a second can be told apart.
    numbers: HashMap<String, Debt>,
    pairs: HashMap<(String, String), Debt>,
}

impl Rates {
    /// Counts a customer's message; it is never refused, and never leaves more debt than a second's.
    pub(crate) fn inbound(&mut self, limits: &Limits, number: &str, now: Millis) {
        if limits.throughput > 0 {
            let debt = self.numbers.entry(number.to_owned()).or_default();
            debt.take(now * 1_000, 1_000_000 / i64::from(limits.throughput));
            debt.paid_at = debt.paid_at.min(now * 1_000 + 1_000_000);
        }
    }

    /// Takes a business message's share of the number's throughput.
    pub(crate) fn throughput(&mut self, limits: &Limits, number: &str, now: Millis) -> bool {
        if limits.throughput == 0 {
            return true;
        }
        let cost = 1_000_000 / i64::from(limits.throughput);
        let debt = self.numbers.entry(number.to_owned()).or_default();
        let room = debt.room(now * 1_000, cost, i64::from(limits.throughput));
        if room {
            debt.take(now * 1_000, cost);
        }
        room
    }

    /// Takes a business message's share of the pair's rate.
    pub(crate) fn pair(&mut self, limits: &Limits, number: &str, user: &str, now: Millis) -> bool {
        if limits.pair_interval_ms == 0 || limits.pair_burst == 0 {
            return true;
        }
        // Paid debts say nothing; they go before the table grows large.
        if self.pairs.len() > 50_000 {
            self.pairs.retain(|_, debt| debt.paid_at > now);
        }
        let cost = i64::from(limits.pair_interval_ms);
        let debt = self.pairs.entry((number.to_owned(), user.to_owned())).or_default();
        let room = debt.room(now, cost, i64::from(limits.pair_burst));
        if room {
            debt.take(now, cost);
        }
        room
    }

    /// A clock that has been set back must not leave debts of the future.
    pub(crate) fn forget(&mut self) {
        self.numbers.clear();
        self.pairs.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_a_burst_of_45_and_then_one_message_in_six_seconds() {
        let (limits, mut rates) = (Limits::default(), Rates::default());
        let mut at = |now| rates.pair(&limits, "1", "2", now);
        assert!((0..45).all(|_| at(0)));
        assert!(!at(0));
        assert!(!at(5_999));
        assert!(at(6_000));
        assert!(!at(6_001));
        // Everything borrowed is paid back after 46 × 6 s.
        assert!((0..45).all(|_| at(46 * 6_000)));
        assert!(!at(46 * 6_000));
    }

    #[test]
    fn a_pairs_debt_is_its_own() {
        let (limits, mut rates) = (Limits::default(), Rates::default());
        assert!((0..45).all(|_| rates.pair(&limits, "1", "2", 0)));
        assert!(!rates.pair(&limits, "1", "2", 0));
        assert!(rates.pair(&limits, "1", "3", 0));
        assert!(rates.pair(&limits, "4", "2", 0));
    }

    #[test]
    fn throughput_counts_both_directions() {
        let (limits, mut rates) = (Limits::default(), Rates::default());
        (0..40).for_each(|_| rates.inbound(&limits, "1", 0));
        let sent = (0..80).filter(|_| rates.throughput(&limits, "1", 0)).count();
        assert_eq!(sent, 40);
        // 80 a second is one in 12.5 ms.
        assert!(rates.throughput(&limits, "1", 13));
        assert!(!rates.throughput(&limits, "1", 13));
    }

    #[test]
    fn zero_switches_a_rate_off() {
        let limits = Limits { throughput: 0, pair_interval_ms: 0, pair_burst: 45 };
        let mut rates = Rates::default();
        assert!((0..1_000).all(|_| rates.throughput(&limits, "1", 0) && rates.pair(&limits, "1", "2", 0)));
    }
}
