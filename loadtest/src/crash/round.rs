//! One round: a start that dies, a start that goes on, and the talk that does not care.

use super::{
    Plan, SETTLE,
    points::{ALL, Deed},
    process::{Ended, Start, health},
    report::Report,
    stage::{Life, Stage},
    talk::{Customers, talk},
};
use crate::{oracle::Kind, sim::Faults};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// How long a start whose journal is broken may take to end.
const BROKEN: Duration = Duration::from_secs(5);

pub(super) struct Rounds<'a> {
    plan: &'a Plan,
    stage: &'a Stage,
    dice: fastrand::Rng,
    customers: Customers,
    lives: u32,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(plan: &'a Plan, stage: &'a Stage) -> Self {
        let dice = fastrand::Rng::with_seed(plan.seed);
        Self { plan, stage, dice, customers: Customers::new(plan.customers), lives: 0 }
    }

    fn next_life(&mut self) -> u32 {
        self.lives += 1;
        self.lives
    }

    /// Plays round `n`; `settle`: everything has to be settled at its end.
    pub(super) async fn run(&mut self, n: u32, settle: bool, report: &mut Report) -> anyhow::Result<()> {
        let begun = Instant::now();
        let deed = ALL[(n as usize - 1) % ALL.len()];
        // Drawn first and in the same order, so that a seed tells the same story whatever the machine does.
        let faults = faults(self.plan.seed, &mut self.dice);
        let arm = deed.arm(self.plan.messages, &mut self.dice);
        let failpoint_seed = self.dice.u64(..);
        let spread = Duration::from_secs_f64(f64::from(self.plan.messages) / f64::from(self.plan.rate));
        let patience = match deed {
            Deed::Kill => spread.mul_f64(self.dice.f64()),
            _ => spread.mul_f64(0.5 + self.dice.f64()),
        };
        let in_peace = self.dice.bool();
        let script = self.customers.round(self.plan.messages, Plan::PER_CUSTOMER, spread, &mut self.dice);

        self.stage.simulator.set_faults(faults);
        let talking =
            tokio::spawn(talk(Arc::clone(&self.stage.simulator), Arc::clone(&self.stage.watch), script));
        let failpoints = arm.as_deref().map(|arm| (arm, failpoint_seed));
        let how = self.dying(deed, failpoints, patience, report).await?;
        let number = self.next_life();
        let life = self.stage.start_well(number, report).await?;
        talking.await??;
        if settle {
            self.stage.settle(SETTLE).await;
        } else {
            // Deaths that follow each other closely leave more and more undone; a customer to whom more than 45 answers are
            // due would meet WhatsApp's pair limit, which is not what is tried here.
            self.stage.work_off(u64::from(self.plan.messages) / 4, SETTLE).await;
        }
        // The last start ends in peace, so that what is looked at afterwards is all there is.
        if in_peace || n == self.plan.rounds {
            self.stage.stop(life).await?;
        } else {
            self.stage.kill(life).await?;
        }
        let held = self.stage.watch.retire();
        eprintln!(
            "round {n}/{}: {} {how}; {:.1} s, {} unsettled, {held} held, {} violations",
            self.plan.rounds,
            deed.name(),
            begun.elapsed().as_secs_f64(),
            self.stage.watch.unsettled(),
            self.stage.watch.violations(),
        );
        Ok(())
    }

    /// A start that is to die: at its point, by itself, or by SIGKILL when its time is over.
    async fn dying(
        &mut self,
        deed: Deed,
        failpoints: Option<(&str, u64)>,
        patience: Duration,
        report: &mut Report,
    ) -> anyhow::Result<String> {
        let begun = Instant::now();
        let number = self.next_life();
        let mut life = self.stage.start(number, failpoints)?;
        let ended = match life.engine.ready(&self.stage.http, &self.stage.engine_url()).await? {
            Start::Died => life.engine.dies_within(BROKEN).await?,
            Start::Ready(after) => {
                report.starts.push(after);
                life.engine.dies_within(patience.saturating_sub(begun.elapsed())).await?
            }
        };
        let after = begun.elapsed().as_secs_f64();
        let of = report.deeds.entry(deed.name()).or_default();
        of.rounds += 1;
        let Some(ended) = ended else {
            let ended = self.overdue(deed, life).await?;
            let by_itself =
                deed == Deed::SyncError && ended.status.is_some_and(|status| status.code().is_some());
            of.reached += u64::from(deed == Deed::Kill || by_itself);
            return Ok(if by_itself { "ended late".into() } else { format!("SIGKILL after {after:.2} s") });
        };
        self.stage.ended(number, &ended, false);
        if expected(deed, &ended) {
            of.reached += 1;
        } else {
            let what = format!("start {number} ended unasked, {}: {}", ended.how(), ended.last_words());
            self.stage.watch.report(Kind::Engine, what);
        }
        Ok(format!("after {after:.2} s"))
    }

    /// Its time is over. A start whose journal is broken must have been on its way out.
    async fn overdue(&self, deed: Deed, mut life: Life) -> anyhow::Result<Ended> {
        let mut ended = None;
        if deed == Deed::SyncError && health(&self.stage.http, &self.stage.engine_url()).await != Some(200) {
            ended = life.engine.dies_within(BROKEN).await?;
            if ended.is_none() {
                let what = format!("start {} has a broken journal and does not end", life.number);
                self.stage.watch.report(Kind::Engine, what);
            }
        }
        let ended = match ended {
            Some(ended) => ended,
            None => life.engine.kill().await?,
        };
        self.stage.ended(life.number, &ended, false);
        Ok(ended)
    }
}

/// Whether a start that ended by itself did what it was armed for.
fn expected(deed: Deed, ended: &Ended) -> bool {
    match deed {
        Deed::Point { .. } | Deed::Recovery => {
            let sign = format!("failpoint {}: abort", deed.name());
            ended.said.lines().any(|line| line.contains(&sign))
        }
        // With an error of the journal's, not with a panic or in silence.
        Deed::SyncError => !ended.succeeded() && ended.said.contains("CHARLA-E30"),
        Deed::Kill => false,
    }
}

/// What befalls webhooks and sends in a round.
fn faults(seed: u64, dice: &mut fastrand::Rng) -> Faults {
    let mut one_of = |choices: &[u64]| choices[dice.usize(..choices.len())];
    let sent_after_ms = one_of(&[5, 20, 20, 2_500]);
    let per_thousand = |n: u64| n as f64 / 1_000.0;
    Faults {
        seed,
        // Late ones leave a hidden outcome without its echo, so that it is sent again.
        sent_after_ms,
        delivered_after_ms: sent_after_ms + 30,
        read_after_ms: None,
        delay_ms: one_of(&[0, 0, 20]),
        duplicate: 0.05,
        // Up to two minutes later: many starts away.
        duplicate_within_ms: one_of(&[300, 120_000]),
        twin: 0.05,
        reorder: 0.3,
        reorder_ms: 60,
        batch_max: one_of(&[1, 1, 4, 20]) as usize,
        batch_wait_ms: 15,
        graph_error: per_thousand(one_of(&[0, 0, 10])),
        graph_error_code: one_of(&[131_000, 131_016]) as i64,
        lose_answer: per_thousand(one_of(&[0, 0, 10])),
        ..Faults::default()
    }
}
