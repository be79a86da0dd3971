//! Who writes when, decided before anybody writes: open loop by construction, because no answer can move a moment.

use super::scenario::{Assistant, Distribution, Scenario};
use anyhow::Context;
use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
};

/// What a moment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A session begins, in the warm-up.
    Hello,
    /// The next message.
    Next,
    /// One more right after the last, typed without waiting for the answer.
    Burst,
}

/// A moment in which a session writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// Microseconds since the beginning of the run.
    pub at: u64,
    /// Which session.
    pub slot: u32,
    /// What for.
    pub kind: Kind,
}

/// How much is written at a time, as a multiple of the steady rate: straight lines between marks, in seconds.
#[derive(Debug)]
struct Intensity {
    /// Moments in tenths of a second; how much has passed by each one's beginning.
    passed: Vec<f64>,
}

const TENTH: f64 = 0.1;

impl Intensity {
    fn new(until_s: f64, at: impl Fn(f64) -> f64) -> Self {
        let mut passed = vec![0.0];
        for n in 0..(until_s / TENTH).ceil() as usize {
            passed.push(passed[n] + TENTH * at((n as f64 + 0.5) * TENTH));
        }
        Self { passed }
    }

    /// The time at which so much has passed; `None` after the end.
    fn time(&self, amount: f64) -> Option<f64> {
        let n = self.passed.partition_point(|passed| *passed <= amount);
        let (before, after) = (self.passed.get(n.checked_sub(1)?)?, self.passed.get(n)?);
        Some((n as f64 - 1.0 + (amount - before) / (after - before)) * TENTH)
    }
}

/// Pauses between messages, in seconds of the steady rate.
fn pause(scenario: &Scenario, dice: &mut fastrand::Rng) -> f64 {
    let think = &scenario.think;
    match think.distribution {
        Distribution::Exponential => -think.mean_s * (1.0 - dice.f64()).ln(),
        Distribution::Lognormal => {
            // Box and Muller; the mean of a lognormal is exp(mu + sigma²/2).
            let normal = (-2.0 * (1.0 - dice.f64()).ln()).sqrt() * (std::f64::consts::TAU * dice.f64()).cos();
            let mu = think.mean_s.ln() - think.sigma * think.sigma / 2.0;
            (mu + think.sigma * normal).exp()
        }
    }
}

fn rate_at(scenario: &Scenario, at_s: f64) -> f64 {
    if let Some(capacity) = &scenario.capacity {
        let step = (at_s.max(0.0) / capacity.step_s).floor().min(f64::from(capacity.steps.saturating_sub(1)));
        return 1.0 + step * capacity.step / scenario.rate();
    }
    let on =
        scenario.phases.iter().filter(|phase| (phase.from_s..phase.from_s + phase.for_s).contains(&at_s));
    on.map(|phase| phase.rate).product()
}

/// All moments of a run in the order of time.
pub fn plan(scenario: &Scenario) -> Vec<Arrival> {
    let mut all = Vec::new();
    let measured = match &scenario.capacity {
        Some(capacity) => capacity.step_s * f64::from(capacity.steps),
        None => scenario.duration_s,
    };
    let warm = scenario.warm_up_s;
    // The echo has no terms to be agreed to: its warm-up is like the rest.
    let greets = scenario.assistant == Assistant::Shop && warm > 0.0;
    let (begins, length) = if greets { (warm, measured) } else { (0.0, warm + measured) };
    let usual = Intensity::new(length, |at| rate_at(scenario, at + begins - warm));
    for slot in 0..scenario.sessions {
        let mut dice = fastrand::Rng::with_seed(scenario.seed ^ (u64::from(slot) << 20));
        if greets {
            // Spread over the warm-up, with time left to agree to the terms.
            let hello = (f64::from(slot) + dice.f64()) / f64::from(scenario.sessions) * warm * 0.75;
            push(&mut all, hello, slot, Kind::Hello);
            push(&mut all, hello + warm * (0.1 + 0.12 * dice.f64()), slot, Kind::Next);
        }
        writes(&mut all, scenario, &usual, begins, slot, &mut dice);
    }
    let mut next = scenario.sessions;
    for phase in &scenario.phases {
        // A run cut short ends for all who write in it.
        let for_s = phase.for_s.min(measured - phase.from_s).max(0.0);
        let crowd = Intensity::new(for_s, |at| rate_at(scenario, phase.from_s + at) / phase.rate.max(1e-9));
        for slot in next..next + phase.sessions {
            let mut dice = fastrand::Rng::with_seed(scenario.seed ^ (u64::from(slot) << 20));
            writes(&mut all, scenario, &crowd, warm + phase.from_s, slot, &mut dice);
        }
        next += phase.sessions;
    }
    all.sort_unstable();
    all
}

fn push(all: &mut Vec<Arrival>, at_s: f64, slot: u32, kind: Kind) {
    all.push(Arrival { at: (at_s * 1e6) as u64, slot, kind });
}

fn writes(
    all: &mut Vec<Arrival>,
    scenario: &Scenario,
    intensity: &Intensity,
    from_s: f64,
    slot: u32,
    dice: &mut fastrand::Rng,
) {
    // A burst's further messages are part of the rate, so the others are rarer by as much.
    let thinned = 1.0 + 1.5 * scenario.mix.bursts;
    // Where sessions are in the middle of their pauses when the clock starts.
    let mut amount = match scenario.think.distribution {
        Distribution::Exponential => pause(scenario, dice),
        Distribution::Lognormal => pause(scenario, dice) * dice.f64(),
    };
    while let Some(at) = intensity.time(amount) {
        push(all, from_s + at, slot, Kind::Next);
        if dice.f64() < scenario.mix.bursts {
            let mut later = at;
            for _ in 0..dice.u32(1..=2) {
                later += 0.8 + 2.2 * dice.f64();
                push(all, from_s + later, slot, Kind::Burst);
            }
        }
        amount += (pause(scenario, dice) * thinned).max(1e-3);
    }
}

/// Writes the process down: a line for each moment.
///
/// # Errors
/// If the file cannot be written.
pub fn record(path: &Path, scenario: &Scenario, arrivals: &[Arrival]) -> anyhow::Result<()> {
    let bad = || format!("CHARLA-E5404: {} cannot be written", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(bad)?);
    writeln!(
        file,
        "# arrivals of {} with seed {}: microseconds, session, kind",
        scenario.name, scenario.seed
    )
    .with_context(bad)?;
    for arrival in arrivals {
        let kind = match arrival.kind {
            Kind::Hello => 'h',
            Kind::Next => 'n',
            Kind::Burst => 'b',
        };
        writeln!(file, "{} {} {kind}", arrival.at, arrival.slot).with_context(bad)?;
    }
    file.flush().with_context(bad)
}

/// Reads a process that was written down, and lays it `times` times over itself: each copy with sessions of its own, moved
/// by up to half a second so that the copies do not write in step.
///
/// # Errors
/// If the file cannot be read or is none.
pub fn replay(path: &Path, times: u32, seed: u64) -> anyhow::Result<Vec<Arrival>> {
    let bad = || format!("CHARLA-E5405: {} cannot be read; was it written by --record?", path.display());
    let mut read = Vec::new();
    for line in BufReader::new(File::open(path).with_context(bad)?).lines() {
        let line = line.with_context(bad)?;
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let mut parts = line.split(' ');
        let arrival = (|| {
            Some(Arrival {
                at: parts.next()?.parse().ok()?,
                slot: parts.next()?.parse().ok()?,
                kind: match parts.next()? {
                    "h" => Kind::Hello,
                    "n" => Kind::Next,
                    "b" => Kind::Burst,
                    _ => return None,
                },
            })
        })();
        read.push(arrival.with_context(bad)?);
    }
    let slots = read.iter().map(|arrival| arrival.slot + 1).max().unwrap_or(0);
    let mut all = Vec::with_capacity(read.len() * times as usize);
    for copy in 0..times.max(1) {
        let mut dice = fastrand::Rng::with_seed(seed ^ u64::from(copy));
        let moved: Vec<u64> = (0..slots).map(|_| if copy == 0 { 0 } else { dice.u64(..500_000) }).collect();
        all.extend(read.iter().map(|arrival| Arrival {
            at: arrival.at + moved[arrival.slot as usize],
            slot: arrival.slot + copy * slots,
            kind: arrival.kind,
        }));
    }
    all.sort_unstable();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(more: &str) -> Scenario {
        let text = format!(
            "name='x'\nabout='y'\nsessions=2000\nwarm_up_s=10\nduration_s=100\n[think]\nmean_s=10\n{more}"
        );
        Scenario::parse(&text, Path::new("x.toml")).unwrap()
    }

    fn between(all: &[Arrival], from: f64, to: f64) -> f64 {
        let inside = all.iter().filter(|a| (from..to).contains(&(a.at as f64 / 1e6)));
        inside.count() as f64 / (to - from)
    }

    #[test]
    fn the_rate_is_sessions_over_think_time_from_the_beginning() {
        for form in ["exponential", "lognormal"] {
            let all = plan(&scenario(&format!("distribution='{form}'\n")));
            assert!(all.is_sorted());
            for (from, to) in [(15.0, 40.0), (40.0, 70.0), (70.0, 109.0)] {
                let rate = between(&all, from, to);
                assert!((rate - 200.0).abs() < 20.0, "{form} {from}: {rate}");
            }
            assert_eq!(all.iter().filter(|a| a.kind == Kind::Hello).count(), 2_000);
        }
    }

    #[test]
    fn phases_multiply_and_crowds_come_and_go() {
        let more =
            "[[phases]]\nfrom_s=40\nfor_s=20\nrate=3.0\n[[phases]]\nfrom_s=70\nfor_s=20\nsessions=2000\n";
        let all = plan(&scenario(more));
        assert!((between(&all, 51.0, 69.0) - 600.0).abs() < 50.0);
        assert!((between(&all, 81.0, 99.0) - 400.0).abs() < 40.0);
        assert!((between(&all, 101.5, 109.0) - 200.0).abs() < 30.0);
    }

    #[test]
    fn a_crowd_ends_with_the_run() {
        let more =
            "[[phases]]\nfrom_s=10\nfor_s=60\nsessions=2000\n[[phases]]\nfrom_s=80\nfor_s=9\nsessions=500\n";
        let all = plan(&Scenario { duration_s: 20.0, ..scenario(more) });
        assert!((between(&all, 21.0, 29.0) - 400.0).abs() < 40.0);
        // Bursts are over within seconds.
        assert!(all.last().unwrap().at < 36_500_000, "{:?}", all.last());
    }

    #[test]
    fn the_echo_is_written_to_evenly_from_the_first_second() {
        let all = plan(&Scenario { assistant: Assistant::Echo, ..scenario("") });
        for (from, to) in [(0.0, 10.0), (10.0, 60.0), (60.0, 109.0)] {
            assert!((between(&all, from, to) - 200.0).abs() < 25.0);
        }
        assert!(all.iter().all(|a| a.kind != Kind::Hello));
    }

    #[test]
    fn the_same_seed_gives_the_same_process_and_another_one_another() {
        let one = scenario("");
        let other = Scenario { seed: 2, ..scenario("") };
        assert_eq!(plan(&one), plan(&one));
        assert_ne!(plan(&one), plan(&other));
    }

    #[test]
    fn what_was_recorded_is_replayed_so_many_times() {
        let scenario = scenario("");
        let all = plan(&scenario);
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("arrivals");
        record(&path, &scenario, &all).unwrap();
        assert_eq!(replay(&path, 1, 1).unwrap(), all);
        let three = replay(&path, 3, 1).unwrap();
        assert_eq!(three.len(), 3 * all.len());
        assert_eq!(three.iter().map(|a| a.slot).max(), Some(5_999));
        assert!((between(&three, 20.0, 100.0) / between(&all, 20.0, 100.0) - 3.0).abs() < 0.1);
    }
}
