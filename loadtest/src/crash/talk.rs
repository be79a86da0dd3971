//! Who writes when. Open loop: the customers do not wait for answers, nor for an engine that is down.

use super::watch::Watch;
use crate::{
    oracle::Name,
    sim::{SimError, SimulatorHandle},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Longest pause within a burst, milliseconds.
const PAUSE_MS: u64 = 40;
/// Messages a customer writes in a row, at most.
const BURST: u32 = 5;

/// The customers, and how many messages each has written.
#[derive(Debug)]
pub(super) struct Customers(Vec<u32>);

impl Customers {
    pub(super) fn new(customers: u32) -> Self {
        Self(vec![0; customers as usize])
    }

    /// A round's messages, in the order of their times: bursts at random moments, no customer with more than `most`.
    pub(super) fn round(
        &mut self,
        messages: u32,
        most: u32,
        spread: Duration,
        dice: &mut fastrand::Rng,
    ) -> Vec<(Duration, Name)> {
        let spread = u64::try_from(spread.as_micros()).unwrap_or(u64::MAX);
        let mut written = vec![0; self.0.len()];
        let mut moments = Vec::with_capacity(messages as usize);
        while moments.len() < messages as usize {
            let customer = dice.usize(..self.0.len());
            let burst = dice.u32(1..=BURST).min(most - written[customer]);
            let mut at = dice.u64(0..=spread);
            for _ in 0..burst.min(messages - moments.len() as u32) {
                moments.push((Duration::from_micros(at), customer));
                written[customer] += 1;
                at += dice.u64(0..=PAUSE_MS * 1_000);
            }
        }
        moments.sort();
        let mut name = |customer: usize| {
            let number = self.0[customer];
            self.0[customer] += 1;
            Name { customer: customer as u32, number }
        };
        moments.into_iter().map(|(at, customer)| (at, name(customer))).collect()
    }
}

/// Says it all, each at its time.
pub(super) async fn talk(
    simulator: Arc<SimulatorHandle>,
    watch: Arc<Watch>,
    script: Vec<(Duration, Name)>,
) -> Result<(), SimError> {
    let begun = Instant::now();
    for (at, name) in script {
        let due = begun + at;
        if due > Instant::now() {
            tokio::time::sleep_until(due).await;
        }
        watch.said(name);
        simulator.say(&name.wa_id(), &name.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_customer_counts_their_messages_in_the_order_of_time() {
        let mut customers = Customers::new(20);
        let mut dice = fastrand::Rng::with_seed(3);
        let mut next = [0; 20];
        for _ in 0..3 {
            let script = customers.round(200, 20, Duration::from_secs(1), &mut dice);
            assert_eq!(script.len(), 200);
            assert!(script.is_sorted_by_key(|(at, _)| *at));
            let mut written = [0; 20];
            for (_, name) in script {
                let customer = name.customer as usize;
                assert_eq!(name.number, next[customer]);
                next[customer] += 1;
                written[customer] += 1;
            }
            assert!(written.iter().all(|count| *count <= 20));
        }
    }

    #[test]
    fn even_a_full_round_comes_to_an_end() {
        let script = Customers::new(2).round(60, 30, Duration::ZERO, &mut fastrand::Rng::with_seed(1));
        assert_eq!(script.len(), 60);
    }
}
