//! What customers say, what somebody outside the machine knows of it, and what the journal must then have.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Persons who talk on and on; what they say has answers, looks something up, or pays.
pub const TALKERS: usize = 16;
/// Writers of webhooks for several persons at once, each of whom says one long thing: they fill memtables and log files.
pub const WRITERS: usize = 2;
/// Persons in one such webhook.
pub const TOGETHER: usize = 4;
const LONG: usize = 16 << 10;

pub fn talker(n: usize) -> String {
    format!("talker-{n}")
}

/// The `n`-th person of a writer.
pub fn one_off(writer: usize, n: usize) -> String {
    format!("once-{writer}-{n}")
}

/// The `n`-th thing that a person says.
pub fn text(phone: &str, n: u64) -> String {
    match n % 4 {
        _ if phone.starts_with("once") => format!("silent {n} {}", "x".repeat(LONG)),
        0 => format!("twice {n}"),
        1 => format!("pay {n}"),
        _ => format!("hi {n}"),
    }
}

/// How many durable effects it has.
pub fn effects(phone: &str, n: u64) -> usize {
    match n % 4 {
        _ if phone.starts_with("once") => 0,
        0 => 2,
        _ => 1,
    }
}

/// What was seen from outside since the file system was made: it outlives every loss of power.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Known {
    /// By phone: all messages below this were acknowledged.
    pub acknowledged: BTreeMap<String, u64>,
    /// Durable effects that have left, by their idempotency key, with their text.
    pub left: BTreeMap<String, String>,
    /// By conversation and text, the key.
    answers: BTreeMap<String, String>,
    payments: BTreeSet<String>,
    /// What must never be, whatever is lost.
    pub violations: Vec<String>,
}

impl Known {
    pub fn acknowledged_in_all(&self) -> u64 {
        self.acknowledged.values().sum()
    }

    /// Takes in a line that a child process has written: `ok MOMENT PHONE UPTO` or `left MOMENT say|pay KEY TEXT`, the moment
    /// in microseconds since the epoch.
    ///
    /// What happened after the power was on its way out counts for nothing: a sync that is under way when the file system is
    /// shut down may return without an error and without having written anything, because the threads of a simulated loss
    /// run on where those of a real one do not. Returns whether it counted.
    pub fn note(&mut self, line: &str, power_until: Option<u128>) -> bool {
        let words: Vec<&str> = line.splitn(5, ' ').collect();
        let [kind, moment, ..] = words[..] else {
            return true;
        };
        let late = || power_until.is_some_and(|until| moment.parse::<u128>().unwrap() >= until);
        match (kind, &words[2..]) {
            ("ok", [phone, upto]) if !late() => {
                let upto: u64 = upto.parse().unwrap();
                let known = self.acknowledged.entry((*phone).to_owned()).or_default();
                *known = upto.max(*known);
                true
            }
            ("left", [kind, key, text]) if !late() => {
                self.note_left(kind, key, text);
                true
            }
            ("ok" | "left", _) => false,
            _ => true,
        }
    }

    fn note_left(&mut self, kind: &str, key: &str, text: &str) {
        if kind == "pay" && !self.payments.insert(key.to_owned()) {
            self.violations.push(format!("payment {key} left twice"));
        }
        if let Some(before) = self.left.insert(key.to_owned(), text.to_owned())
            && before != text
        {
            self.violations.push(format!("{key} left as \"{before}\" and as \"{text}\""));
        }
        let conversation = key.rsplitn(3, '/').last().unwrap_or_default();
        let said = format!("{conversation} {kind} {text}");
        if let Some(before) = self.answers.insert(said, key.to_owned())
            && before != key
        {
            self.violations.push(format!("\"{text}\" left as {before} and as {key}"));
        }
    }
}

/// How one conversation's log agrees with what was said.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Messages there.
    pub there: u64,
    /// Acknowledged and not there.
    pub lost: u64,
    /// There again.
    pub doubled: u64,
    /// There after a later one.
    pub misordered: u64,
    /// Results that are missing, too many, or not where they belong.
    pub strange: u64,
}

impl Verdict {
    pub fn sound(&self) -> bool {
        (self.lost, self.doubled, self.misordered, self.strange) == (0, 0, 0, 0)
    }

    pub fn add(&mut self, other: &Verdict) {
        self.there += other.there;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.misordered += other.misordered;
        self.strange += other.strange;
    }
}

/// Judges the log of a conversation at rest.
pub fn judge(phone: &str, log: &[String], acknowledged: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let mut seen = BTreeSet::new();
    let mut outcomes = BTreeMap::<u64, u64>::new();
    let mut last = None;
    let mut entries = log.iter();
    while let Some(entry) = entries.next() {
        let mut words = entry.split(' ');
        let (kind, n) = (words.next().unwrap_or_default(), words.next().and_then(|n| n.parse().ok()));
        match (kind, n) {
            // What becomes of a payment comes when it comes, as a turn of its own.
            ("done" | "unknown", Some(n)) => *outcomes.entry(n).or_default() += 1,
            (_, Some(n)) if *entry == text(phone, n) => {
                verdict.doubled += u64::from(!seen.insert(n));
                verdict.misordered += u64::from(last.is_some_and(|last| n < last));
                last = Some(n);
                if kind == "twice" {
                    let found = [entries.next(), entries.next()];
                    let looked = ["a", "b"].map(|which| format!("looked {n}{which}"));
                    verdict.strange += u64::from(found != [Some(&looked[0]), Some(&looked[1])]);
                }
            }
            _ => verdict.strange += 1,
        }
    }
    verdict.there = seen.len() as u64;
    verdict.lost = (0..acknowledged).filter(|n| !seen.contains(n)).count() as u64;
    // What was not acknowledged may be there, but not after a gap.
    let end = seen.last().map_or(0, |last| last + 1);
    verdict.strange += (acknowledged..end).filter(|n| !seen.contains(n)).count() as u64;
    let paid = |n: &u64| text(phone, *n).starts_with("pay");
    verdict.strange += seen.iter().filter(|n| paid(n) && outcomes.get(n) != Some(&1)).count() as u64;
    verdict.strange += outcomes.keys().filter(|n| !(paid(n) && seen.contains(n))).count() as u64;
    verdict
}

#[test]
fn the_judge_sees_each_kind_of_damage() {
    let sound: Vec<String> =
        ["twice 0", "looked 0a", "looked 0b", "pay 1", "hi 2", "done 1", "hi 3"].map(str::to_owned).into();
    let of = |change: &dyn Fn(&mut Vec<String>), acknowledged| {
        let mut log = sound.clone();
        change(&mut log);
        let it = judge("talker-1", &log, acknowledged);
        [it.there, it.lost, it.doubled, it.misordered, it.strange]
    };
    assert_eq!(of(&|_| {}, 4), [4, 0, 0, 0, 0]);
    assert_eq!(of(&|_| {}, 3), [4, 0, 0, 0, 0], "not acknowledged, and there");
    assert_eq!(of(&|_| {}, 6), [4, 2, 0, 0, 0]);
    assert_eq!(of(&|log| log.clear(), 3), [0, 3, 0, 0, 0]);
    assert_eq!(of(&|log| drop(log.remove(4)), 4), [3, 1, 0, 0, 0]);
    assert_eq!(of(&|log| drop(log.remove(4)), 2), [3, 0, 0, 0, 1], "a gap");
    assert_eq!(of(&|log| log.push("hi 3".to_owned()), 4), [4, 0, 1, 0, 0]);
    assert_eq!(of(&|log| log.swap(4, 6), 4), [4, 0, 0, 1, 0]);
    assert_eq!(of(&|log| log.swap(1, 2), 4), [4, 0, 0, 0, 1]);
    assert_eq!(of(&|log| drop(log.remove(5)), 4), [4, 0, 0, 0, 1], "a payment without an outcome");
    assert_eq!(of(&|log| log.push("unknown 1".to_owned()), 4), [4, 0, 0, 0, 1], "one with two");
    assert_eq!(of(&|log| log.push("done 2".to_owned()), 4), [4, 0, 0, 0, 1], "no payment");
}

#[test]
fn what_leaves_twice_is_a_violation_unless_it_is_the_same_reply() {
    let told = |lines: &[&str]| {
        let mut known = Known::default();
        for line in lines {
            known.note(line, None);
        }
        known.violations.len()
    };
    let first = "left 7 say 1@100/4/0 3: hi 2";
    assert_eq!(told(&[first, first, "left 7 say 2@100/4/0 3: hi 2", "left 7 say 1@100/9/0 5: hi 6"]), 0);
    assert_eq!(told(&[first, "left 7 say 1@100/4/0 3: hi 3"]), 1, "one key for two replies");
    assert_eq!(told(&[first, "left 7 say 1@100/7/0 3: hi 2"]), 1, "one reply under two keys");
    assert_eq!(told(&["left 7 pay 1@100/4/0 1", "left 7 pay 1@100/4/0 1"]), 1);
}

#[test]
fn what_comes_while_the_power_goes_counts_for_nothing() {
    let mut known = Known::default();
    assert!(known.note("ok 9 talker-1 4", Some(10)));
    assert!(!known.note("ok 10 talker-1 5", Some(10)));
    assert!(!known.note("left 11 pay 1@100/4/0 1", Some(10)));
    assert!(known.note("left 12 pay 1@100/4/0 1", None));
    assert_eq!((known.acknowledged_in_all(), known.left.len(), known.violations.len()), (4, 1, 0));
}
