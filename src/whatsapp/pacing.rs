//! Keeps sends within WhatsApp's rates, so that Meta need not refuse them.
//!
//! Per business number: at most N messages in any second (80 by default, Cloud API throughput). Per pair of number and
//! customer: one message in 6 s, with a burst of 45 that borrows from later (Cloud API pair rate limit). Status
//! webhooks count towards neither. Pure: time comes in as a parameter.

use charla_actors::session::Millis;
use serde::Deserialize;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// One message in this many milliseconds is the sustained rate of a pair.
const PAIR_INTERVAL: Millis = 6_000;
/// Messages of a pair that may go at once.
const PAIR_BURST: Millis = 45;
/// The window of the number's rate.
const SECOND: Millis = 1_000;
/// Longest time, in milliseconds, for which a number's line is believed: a clock may have been set back.
const LONGEST: Millis = 600_000;
/// Idle pairs are swept when there have been this many reservations since the last time, and half as many as there are
/// pairs.
const SWEEP_AT_LEAST: usize = 1_024;

/// How fast to send.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Messages a second and number. Default 80; numbers that Meta has upgraded may use up to 1,000, those shared with the
    /// WhatsApp Business app 20. At least 1.
    pub messages_per_s: u32,
    /// Numbers with a rate of their own, by `phone_number_id`.
    pub per_number: HashMap<String, u32>,
    /// Longest wait that is booked ahead, milliseconds. Default 2,000.
    pub patience_ms: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { messages_per_s: 80, per_number: HashMap::new(), patience_ms: 2_000 }
    }
}

/// Too long to wait in place: nothing is booked, ask again after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("CHARLA-E2031: paced; ask again in {0:?}")]
pub struct Later(pub Duration);

/// Books the moment of each send. Share it behind an `Arc`.
#[derive(Debug)]
pub struct Pacer {
    options: Options,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Moments of sends of the last second and those booked ahead, sorted, by number.
    numbers: HashMap<String, VecDeque<Millis>>,
    /// By number and recipient: when the pair will have paid for all its messages. A pair whose debt lies in the past is
    /// idle and may be forgotten.
    pairs: HashMap<(String, String), Millis>,
    since_sweep: usize,
    /// By number: when the last one that was turned away is told to come back.
    returns: HashMap<String, Millis>,
}

impl Pacer {
    /// A pacer for numbers with these rates, by `phone_number_id`, in messages a second; the defaults hold for the rest.
    pub fn new(rates: impl IntoIterator<Item = (String, u32)>) -> Self {
        Self::with_options(Options { per_number: rates.into_iter().collect(), ..Options::default() })
    }

    /// A pacer that has seen nothing yet.
    pub fn with_options(options: Options) -> Self {
        Self { options, state: Mutex::default() }
    }

    /// Books a send of `number` to `recipient` (any stable id) at the earliest moment from `now` on that both rates allow,
    /// and returns how long to wait for it.
    ///
    /// # Errors
    /// [`Later`] if that is longer than the configured patience: nothing is booked, and the send should make way for
    /// others meanwhile. Those who are turned away because the number is busy are told to come back one after the other, as fast
    /// as the number sends, in the order in which they came.
    pub fn reserve(&self, number: &str, recipient: &str, now: Millis) -> Result<Duration, Later> {
        let rate = self.rate(number);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sweep(now);
        let pair = (number.to_owned(), recipient.to_owned());
        let patience = Millis::from(self.options.patience_ms);
        // More debt than a burst can make comes from a clock that has been set back. The second is for callers whose `now`
        // was read in another order than they got here.
        let most = now + patience + PAIR_BURST * PAIR_INTERVAL + SECOND;
        let debt = state.pairs.get(&pair).copied().filter(|debt| *debt <= most).unwrap_or(now).max(now);
        let pair_free = (debt - (PAIR_BURST - 1) * PAIR_INTERVAL).max(now);
        if !state.numbers.contains_key(number) {
            state.numbers.insert(number.to_owned(), VecDeque::new());
        }
        let Some(booked) = state.numbers.get_mut(number) else {
            return Ok(Duration::ZERO);
        };
        // A second before now nothing counts any more; strictly, so that windows are half open.
        while booked.front().is_some_and(|at| *at <= now - SECOND) {
            booked.pop_front();
        }
        while booked.back().is_some_and(|at| *at > now + patience + SECOND) {
            booked.pop_back();
        }
        let at = earliest(booked, rate, pair_free);
        let wait = Duration::from_millis(u64::try_from(at - now).unwrap_or_default());
        if wait > Duration::from_millis(self.options.patience_ms.into()) {
            if at == pair_free {
                return Err(Later(wait));
            }
            let step = (SECOND / Millis::try_from(rate).unwrap_or(SECOND)).max(1);
            let last = state.returns.get(number).copied().filter(|last| *last < now + LONGEST).unwrap_or(now);
            let back = at.max(last + step);
            state.returns.insert(number.to_owned(), back);
            return Err(Later(Duration::from_millis(u64::try_from(back - now).unwrap_or_default())));
        }
        let place = booked.partition_point(|other| *other <= at);
        booked.insert(place, at);
        state.pairs.insert(pair, debt.max(at) + PAIR_INTERVAL);
        Ok(wait)
    }

    /// How many pairs are remembered.
    pub fn pairs(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).pairs.len()
    }

    fn rate(&self, number: &str) -> usize {
        let rate = self.options.per_number.get(number).unwrap_or(&self.options.messages_per_s);
        usize::try_from(*rate).unwrap_or(usize::MAX).max(1)
    }
}

/// The first moment from `from` on at which one more keeps every second at no more than `rate`.
///
/// Bookings ahead of `from` (of pairs that must wait) are respected on both sides. Each round moves forward past a
/// booking, so there are at most as many as bookings.
fn earliest(booked: &VecDeque<Millis>, rate: usize, from: Millis) -> Millis {
    let mut at = from;
    loop {
        let place = booked.partition_point(|other| *other <= at);
        // With `at` inserted at `place`, each run of `rate` + 1 neighbours that holds it must span a second.
        let first = place.saturating_sub(rate);
        let last = place.min(booked.len().saturating_sub(rate));
        let blocks = |start: &usize| {
            let begin = if *start < place { booked[*start] } else { at };
            let after = start + rate;
            let end = if after == place { at } else { booked[after - 1] };
            end - begin < SECOND
        };
        let blocking = if booked.len() < rate { None } else { (first..=last).find(|start| blocks(start)) };
        match blocking {
            None => return at,
            // The run begins before `at`: wait until its first member is a second old.
            Some(start) if start < place => at = booked[start] + SECOND,
            // The run begins with `at`: the second after it is full; go behind its first member.
            Some(start) => at = booked[start] + 1,
        }
    }
}

impl State {
    /// Forgets what no longer limits anything. Costs a constant per reservation on average and keeps at most twice the
    /// busy pairs plus a thousand.
    fn sweep(&mut self, now: Millis) {
        self.since_sweep += 1;
        if self.since_sweep < (self.pairs.len() / 2).max(SWEEP_AT_LEAST) {
            return;
        }
        self.since_sweep = 0;
        self.pairs.retain(|_, debt| *debt > now);
        self.pairs.shrink_to(2 * self.pairs.len().max(SWEEP_AT_LEAST));
        self.numbers.retain(|_, booked| booked.back().is_some_and(|at| *at > now - SECOND));
        self.returns.retain(|_, last| *last > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Millis = 1_700_000_000_000;

    fn pacer(rate: u32, patience_ms: u32) -> Pacer {
        Pacer::with_options(Options { messages_per_s: rate, patience_ms, ..Options::default() })
    }

    #[test]
    fn a_burst_of_a_pair_borrows_from_later() {
        let pacer = pacer(1000, 600_000);
        for _ in 0..45 {
            assert_eq!(pacer.reserve("n", "c", NOW), Ok(Duration::ZERO));
        }
        assert_eq!(pacer.reserve("n", "c", NOW), Ok(Duration::from_secs(6)));
        assert_eq!(pacer.reserve("n", "c", NOW), Ok(Duration::from_secs(12)));
        assert_eq!(pacer.reserve("n", "another", NOW), Ok(Duration::ZERO));
        assert_eq!(pacer.reserve("another", "c", NOW), Ok(Duration::ZERO));
        // All 47 are paid for after 47 × 6 s: the whole burst is there again.
        let paid = NOW + 47 * 6_000;
        for _ in 0..45 {
            assert_eq!(pacer.reserve("n", "c", paid), Ok(Duration::ZERO));
        }
        assert!(pacer.reserve("n", "c", paid).is_ok_and(|wait| wait > Duration::ZERO));
    }

    #[test]
    fn a_number_sends_its_rate_at_once_and_the_rest_a_second_later() {
        let pacer = pacer(3, 2_000);
        let waits: Vec<_> =
            (0..10).map(|i| pacer.reserve("n", &i.to_string(), NOW).map(|wait| wait.as_millis())).collect();
        let later = Err(Later(Duration::from_secs(3)));
        assert_eq!(
            waits,
            [Ok(0), Ok(0), Ok(0), Ok(1000), Ok(1000), Ok(1000), Ok(2000), Ok(2000), Ok(2000), later]
        );
    }

    #[test]
    fn those_turned_away_come_back_in_their_order_as_fast_as_the_number_sends() {
        let pacer = pacer(10, 250);
        let mut line: std::collections::BTreeSet<(Millis, usize)> =
            (0..1_000).map(|who| (NOW, who)).collect();
        let (mut asked, mut left) = (0, Vec::new());
        while let Some((now, who)) = line.pop_first() {
            asked += 1;
            match pacer.reserve("n", &who.to_string(), now) {
                Ok(wait) => left.push((now + wait.as_millis() as Millis, who)),
                Err(Later(after)) => {
                    line.insert((now + after.as_millis() as Millis, who));
                }
            }
        }
        assert_eq!(left.len(), 1_000);
        assert!(asked < 2_500, "{asked} requests for 1,000 places");
        let last = left.iter().map(|(at, _)| at - NOW).max();
        assert!(last.is_some_and(|last| last <= 110_000), "{last:?} ms instead of 100 s");
        assert!(left.iter().map(|(_, who)| who).is_sorted(), "first come, first served");
    }

    #[test]
    fn a_waiting_pair_does_not_hold_up_the_number() {
        let pacer = pacer(1, 10_000);
        for second in 0..53 {
            assert_eq!(pacer.reserve("n", "busy", NOW + second * 1_000), Ok(Duration::ZERO));
        }
        // 53 messages are paid for after 318 s; the burst reaches back to second 54.
        assert_eq!(pacer.reserve("n", "busy", NOW + 52_000), Ok(Duration::from_secs(2)));
        assert_eq!(pacer.reserve("n", "fresh", NOW + 53_000), Ok(Duration::ZERO));
        assert_eq!(pacer.reserve("n", "fresh", NOW + 53_000), Ok(Duration::from_secs(2)));
    }

    #[test]
    fn a_clock_that_is_set_back_blocks_nobody_for_long() {
        let pacer = pacer(1, 0);
        assert_eq!(pacer.reserve("n", "c", NOW + 86_400_000), Ok(Duration::ZERO));
        for second in 0..10 {
            assert_eq!(pacer.reserve("n", "c", NOW + second * 6_000), Ok(Duration::ZERO));
        }
    }

    #[test]
    fn a_refused_reservation_books_nothing() {
        let pacer = pacer(1000, 0);
        for _ in 0..45 {
            assert_eq!(pacer.reserve("n", "c", NOW), Ok(Duration::ZERO));
        }
        for _ in 0..100 {
            assert_eq!(pacer.reserve("n", "c", NOW), Err(Later(Duration::from_secs(6))));
        }
        assert_eq!(pacer.reserve("n", "c", NOW + 6_000), Ok(Duration::ZERO));
    }

    #[test]
    fn idle_pairs_are_forgotten() {
        let pacer = pacer(1000, 0);
        for i in 0..100_000 {
            assert!(pacer.reserve("n", &i.to_string(), NOW + i * 10).is_ok());
        }
        // 100 a second, each busy for 6 s.
        assert!(pacer.pairs() <= 2 * 600 + SWEEP_AT_LEAST, "{}", pacer.pairs());
    }

    #[test]
    fn numbers_may_have_rates_of_their_own() {
        let pacer = Pacer::new([("fast".into(), 2), ("slow".into(), 1)]);
        assert_eq!(pacer.reserve("fast", "a", NOW), Ok(Duration::ZERO));
        assert_eq!(pacer.reserve("fast", "b", NOW), Ok(Duration::ZERO));
        assert_eq!(pacer.reserve("slow", "a", NOW), Ok(Duration::ZERO));
        assert_eq!(pacer.reserve("slow", "b", NOW), Ok(Duration::from_secs(1)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn both_rates_hold_in_every_window(
            rate in 1u32..6,
            patience in prop_oneof![Just(0u32), Just(2_000), Just(60_000)],
            sends in proptest::collection::vec((0i64..3_000, 0u8..4, any::<bool>()), 1..400),
        ) {
            let pacer = pacer(rate, patience);
            let mut now = NOW;
            let mut by_number: Vec<Millis> = Vec::new();
            let mut by_pair: HashMap<u8, Vec<Millis>> = HashMap::new();
            for (step, customer, pause) in sends {
                now += if pause { step } else { 0 };
                if let Ok(wait) = pacer.reserve("n", &customer.to_string(), now) {
                    prop_assert!(wait <= Duration::from_millis(patience.into()));
                    let at = now + wait.as_millis() as Millis;
                    by_number.push(at);
                    by_pair.entry(customer).or_default().push(at);
                }
            }
            by_number.sort_unstable();
            for run in by_number.windows(rate as usize + 1) {
                prop_assert!(run[rate as usize] - run[0] >= SECOND, "{} in {:?}", rate + 1, run);
            }
            for moments in by_pair.values() {
                // First come, first served within a pair.
                prop_assert!(moments.is_sorted());
                for (i, begin) in moments.iter().enumerate() {
                    for (j, end) in moments.iter().enumerate().skip(i) {
                        let sent = (j - i + 1) as Millis;
                        prop_assert!(sent <= PAIR_BURST + (end - begin) / PAIR_INTERVAL);
                    }
                }
            }
        }
    }
}
