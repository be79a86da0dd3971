//! Tries the oracle itself: a good engine behind a proxy that damages what passes, one kind of damage after the other. An
//! oracle that overlooks one, or that finds something where nothing was damaged, is worth nothing.

use super::{
    Plan, Report, process,
    proxy::Proxy,
    stage::Stage,
    talk::{Customers, talk},
};
use crate::{
    oracle::{Kind, Violation},
    sim::Faults,
};
use std::{collections::BTreeSet, fmt, path::PathBuf, sync::Arc, time::Duration};

/// How the engine is made to look broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// A webhook is acknowledged and not passed on.
    AcknowledgeAlone,
    /// A send is answered and not passed on.
    SwallowSend,
    /// A send is passed on twice.
    DoubleSend,
    /// Two sends to one person change places.
    SwapSends,
    /// A send goes to somebody else.
    OtherPerson,
    /// A send says something else.
    OtherText,
}

impl Damage {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::AcknowledgeAlone,
        Self::SwallowSend,
        Self::DoubleSend,
        Self::SwapSends,
        Self::OtherPerson,
        Self::OtherText,
    ];

    /// What the oracle must find, and nothing else.
    fn findings(self) -> &'static [Kind] {
        match self {
            Self::AcknowledgeAlone | Self::SwallowSend => &[Kind::Lost],
            Self::DoubleSend => &[Kind::Doubled],
            Self::SwapSends => &[Kind::Misordered],
            // Whom it was meant for has no answer.
            Self::OtherPerson => &[Kind::Lost, Kind::WrongPerson],
            Self::OtherText => &[Kind::Lost, Kind::WrongContent],
        }
    }
}

/// What was found behind one kind of damage.
#[derive(Debug, Clone)]
pub struct Found {
    /// What was damaged; `None`: nothing.
    pub damage: Option<Damage>,
    /// What the oracle said.
    pub violations: Vec<Violation>,
}

impl Found {
    /// Whether the oracle found what was there, and nothing else.
    pub fn is_right(&self) -> bool {
        let found: BTreeSet<Kind> = self.violations.iter().map(|violation| violation.kind).collect();
        let wanted = self.damage.map_or(&[][..], Damage::findings);
        found == wanted.iter().copied().collect()
    }
}

/// What came of the self-test.
#[derive(Debug, Clone, Default)]
pub struct SelfTest {
    /// Each kind of damage, and none.
    pub found: Vec<Found>,
}

impl SelfTest {
    /// Whether the oracle can be trusted.
    pub fn passed(&self) -> bool {
        !self.found.is_empty() && self.found.iter().all(Found::is_right)
    }

    /// The last line.
    pub fn verdict(&self) -> String {
        let right = self.found.iter().filter(|found| found.is_right()).count();
        let word = if self.passed() { "TRUSTWORTHY" } else { "BLIND" };
        format!("verdict: the oracle is {word}: {right} of {} cases judged rightly", self.found.len())
    }
}

impl fmt::Display for SelfTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for found in &self.found {
            let damage = found.damage.map_or_else(|| "none".to_owned(), |damage| format!("{damage:?}"));
            let word = if found.is_right() { "right" } else { "WRONG" };
            writeln!(f, "{damage:<18} {word}: {} findings", found.violations.len())?;
            for violation in found.violations.iter().take(3) {
                writeln!(f, "  {violation}")?;
            }
        }
        Ok(())
    }
}

/// Runs it: without damage first, then with each kind.
///
/// # Errors
/// As [`run`](super::run).
pub async fn self_test(charla: Option<PathBuf>, seed: u64) -> anyhow::Result<SelfTest> {
    let charla = process::find(charla.as_deref())?;
    let mut outcome = SelfTest::default();
    for damage in std::iter::once(None).chain(Damage::ALL.map(Some)) {
        let violations = one(charla.clone(), damage, seed).await?;
        let found = Found { damage, violations };
        eprintln!("self-test: {damage:?}: {}", if found.is_right() { "judged rightly" } else { "MISJUDGED" });
        outcome.found.push(found);
    }
    Ok(outcome)
}

async fn one(charla: PathBuf, damage: Option<Damage>, seed: u64) -> anyhow::Result<Vec<Violation>> {
    let mut proxy = Proxy::bind(damage)?;
    let stage = Stage::build(charla, None, Some(&mut proxy)).await?;
    let mut report = Report::new(seed);
    let mut dice = fastrand::Rng::with_seed(seed);
    // No misfortune but the damage; bursts, so that there is something to swap.
    // A copy of the one webhook that is not passed on would make it good.
    let copies = if damage == Some(Damage::AcknowledgeAlone) { 0.0 } else { 0.1 };
    let faults = Faults { seed, read_after_ms: None, duplicate: copies, twin: copies, ..Faults::default() };
    stage.simulator.set_faults(faults);
    let script = Customers::new(20).round(300, Plan::PER_CUSTOMER, Duration::from_secs(1), &mut dice);
    let life = stage.start_well(1, &mut report).await?;
    talk(Arc::clone(&stage.simulator), Arc::clone(&stage.watch), script).await?;
    stage.settle(Duration::from_secs(4)).await;
    stage.stop(life).await?;
    let (_, violations) = stage.watch.findings();
    stage.close(false).await;
    proxy.stop().await;
    Ok(violations)
}
