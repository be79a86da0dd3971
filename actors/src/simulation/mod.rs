//! Deterministic simulation of the core: one thread, one source of chance, one made-up world around the real ledger,
//! turns, outbox and recovery. A seed decides everything – what people say, in which order things happen, and which kinds
//! of harm this world knows – so that a failing seed fails again, alone, every time.
//!
//! | harm | where |
//! |---|---|
//! | kill at any step; before and after each append; during recovery; clean stops | [`world`], [`desk`] |
//! | a torn or lost last batch, a sync that fails (the batch may be there or not), a full disk | [`disk`] |
//! | wall clock forward and backward, hours and days passing, timers, sweeps, retention | [`clock`] |
//! | webhooks late, repeated seconds to days later or while the first copy is being committed, overlapping, in batches of up to 1,000; merges of persons; one person who floods | [`network`] |
//! | refusals that pass (429, 5xx, 131056), refusals for good, lost answers, answers after the client gave up, reports lost, late, repeated, out of order, before the answer | [`provider`] |
//! | reads that fail: of one request among others, of a conversation, of timers, of a start | [`unread`] |
//! | events whose turns panic or loop, effects whose performance panics, rest and waking, snapshots lost and stale | [`talk`] |
//!
//! Not every seed has all of them: each kind is absent, rare or frequent by the seed ("swarm testing", Groce et al. 2012),
//! because harm of one kind hides bugs that need another kind.
//!
//! Laws are checked while it runs, by a [`witness`] that reads what reaches the disk and nothing else, and at the end, when
//! the harm is over and all is quiet, by the [`judge`]. That the laws would notice is itself tested: [`sabotage`] makes the
//! classic mistakes on purpose, each in a place between the core and its world, so that the product's code has no switch.
//!
//! - `CHARLA_SIM_SEED=N` runs one seed and prints its whole trace; `CHARLA_SIM_STEPS=N` cuts the rough part short.
//! - `CHARLA_SIM_SEEDS=N` runs N seeds in all instead of [`SEEDS`], spread over the tests.
//!
//! For example `CHARLA_SIM_SEED=17 cargo test -p charla-actors --lib simulation::part_0 -- --nocapture`.

mod clock;
mod desk;
mod disk;
mod judge;
mod network;
mod plan;
mod provider;
mod sabotage;
mod talk;
mod unread;
mod witness;
mod world;

use sabotage::Fault;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use world::World;

/// Seeds of one run of all tests.
const SEEDS: u64 = 2_400;
/// Tests that they are spread over, so that every processor core has some.
const PARTS: u64 = 8;
/// Steps with harm; then it ends, and all must come to rest.
const ROUGH: u32 = 700;
/// Steps until all must have come to rest.
const CALM: u32 = 60_000;

/// A law that does not hold.
#[derive(Debug)]
struct Broken(String);

/// Ends the run: a law does not hold.
fn broken(what: String) -> ! {
    std::panic::panic_any(Broken(what))
}

macro_rules! law {
    ($holds:expr, $($what:tt)+) => {
        if !$holds {
            $crate::simulation::broken(format!($($what)+));
        }
    };
}
use law;

/// What a run counted, so that a test can see that harm was done at all.
#[derive(Debug, Default, Clone)]
struct Tally {
    kills: u64,
    failed_syncs: u64,
    full_disks: u64,
    clean_stops: u64,
    repeats: u64,
    merges: u64,
    parked: u64,
    rests: u64,
    stale_snapshots: u64,
    checkpoints: u64,
    fired: u64,
    jumps_back: u64,
    resent: u64,
    unknown: u64,
    bounced: u64,
    largest_body: u64,
    turns_stale: u64,
    held: u64,
    unread: u64,
    refused: u64,
}

/// A failed run.
struct Failure {
    what: String,
    trace: Vec<String>,
}

/// Panics that are part of the game are not worth printing; all others are.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let told = payload.downcast_ref::<&str>().is_some_and(|text| *text == "told to");
            if !told && !payload.is::<Broken>() {
                loud(info);
            }
        }));
    });
}

fn run(seed: u64, rough: u32, fault: Option<Fault>, traced: bool) -> Result<Tally, Box<Failure>> {
    hush();
    let mut world = World::new(seed, fault, traced);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        world.live(rough, CALM);
        world.judge();
    }));
    match ran {
        Ok(()) => Ok(world.tally),
        Err(panic) => match panic.downcast::<Broken>() {
            Ok(law) => Err(Box::new(Failure { what: law.0, trace: world.trace.unwrap_or_default() })),
            // A mistake in the simulation or a panic in the core: as loud as can be.
            Err(other) => {
                println!("{}", tail(&world.trace.unwrap_or_default(), 60));
                println!("seed {seed} panicked; {}", alone(seed, rough));
                std::panic::resume_unwind(other)
            }
        },
    }
}

fn alone(seed: u64, rough: u32) -> String {
    format!(
        "alone with its whole trace: CHARLA_SIM_SEED={seed} CHARLA_SIM_STEPS={rough} cargo test -p charla-actors --lib \
         simulation::part_0 -- --nocapture"
    )
}

fn tail(trace: &[String], lines: usize) -> String {
    let from = trace.len().saturating_sub(lines);
    let cut = if from > 0 { format!("… {from} lines before\n") } else { String::new() };
    cut + &trace[from..].join("\n")
}

/// The fewest rough steps with which the seed still fails, as far as halving finds them, and how it fails then.
fn shrink(seed: u64, rough: u32, fault: Option<Fault>) -> (u32, Option<Box<Failure>>) {
    let (mut holds, mut fails) = (0, rough);
    while fails - holds > 1 {
        let middle = holds + (fails - holds) / 2;
        if run(seed, middle, fault, false).is_err() { fails = middle } else { holds = middle }
    }
    (fails, run(seed, fails, fault, true).err())
}

/// Runs a seed; a failure is shrunk, printed and panicked about.
fn must_hold(seed: u64, rough: u32) -> Tally {
    match run(seed, rough, None, false) {
        Ok(tally) => tally,
        Err(first) => {
            let (steps, failure) = shrink(seed, rough, None);
            let failure = failure.unwrap_or(first);
            println!("{}", tail(&failure.trace, 80));
            panic!("seed {seed}: {}; {}", failure.what, alone(seed, steps));
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a whole number, not \"{text}\"")))
}

/// A part's share of the seeds, or the one seed asked for.
fn part(part: u64) {
    let rough = number("CHARLA_SIM_STEPS").map_or(ROUGH, |steps| u32::try_from(steps).unwrap());
    if let Some(seed) = number("CHARLA_SIM_SEED") {
        if part == 0 {
            match run(seed, rough, None, true) {
                Ok(tally) => println!("seed {seed} holds: {tally:?}"),
                Err(failure) => {
                    println!("{}", failure.trace.join("\n"));
                    panic!("seed {seed}: {}", failure.what);
                }
            }
        }
        return;
    }
    let seeds = number("CHARLA_SIM_SEEDS").unwrap_or(SEEDS);
    let mut total = Tally::default();
    let mut ran = 0;
    for seed in (part..seeds).step_by(PARTS as usize) {
        total.add(&must_hold(seed, rough));
        ran += 1;
    }
    println!("{ran} seeds hold: {total:?}");
    // Each kind of harm happened, or the laws held in a world without it.
    if ran >= 200 && rough >= ROUGH {
        for (what, count) in total.all() {
            assert!(count >= 5, "{what} happened {count} times in {ran} seeds");
        }
    }
}

impl Tally {
    fn all(&self) -> [(&'static str, u64); 20] {
        [
            ("a kill", self.kills),
            ("a failed sync", self.failed_syncs),
            ("a full disk", self.full_disks),
            ("a clean stop", self.clean_stops),
            ("a repeated webhook", self.repeats),
            ("a merge", self.merges),
            ("parking", self.parked),
            ("rest", self.rests),
            ("a snapshot that does not fit", self.stale_snapshots),
            ("a checkpoint", self.checkpoints),
            ("a timer", self.fired),
            ("a clock going back", self.jumps_back),
            ("sending again", self.resent),
            ("an unknown outcome", self.unknown),
            ("a report of failure", self.bounced),
            ("a large body", self.largest_body),
            ("a turn begun on a state that changed", self.turns_stale),
            ("an event held back", self.held),
            ("a conversation that cannot be read", self.unread),
            ("a request that is refused", self.refused),
        ]
    }

    fn add(&mut self, other: &Tally) {
        self.kills += other.kills;
        self.failed_syncs += other.failed_syncs;
        self.full_disks += other.full_disks;
        self.clean_stops += other.clean_stops;
        self.repeats += other.repeats;
        self.merges += other.merges;
        self.parked += other.parked;
        self.rests += other.rests;
        self.stale_snapshots += other.stale_snapshots;
        self.checkpoints += other.checkpoints;
        self.fired += other.fired;
        self.jumps_back += other.jumps_back;
        self.resent += other.resent;
        self.unknown += other.unknown;
        self.bounced += other.bounced;
        self.largest_body = self.largest_body.max(other.largest_body);
        self.turns_stale += other.turns_stale;
        self.held += other.held;
        self.unread += other.unread;
        self.refused += other.refused;
    }
}

macro_rules! parts {
    ($($name:ident = $part:literal;)*) => {
        $(#[test]
        fn $name() {
            part($part);
        })*
    };
}

parts! {
    part_0 = 0;
    part_1 = 1;
    part_2 = 2;
    part_3 = 3;
    part_4 = 4;
    part_5 = 5;
    part_6 = 6;
    part_7 = 7;
}

#[test]
fn a_seed_decides_everything() {
    let trace = |seed| {
        let mut world = World::new(seed, None, true);
        hush();
        world.live(200, CALM);
        world.trace.unwrap()
    };
    assert_eq!(trace(5), trace(5));
    assert_ne!(trace(5), trace(6));
}
