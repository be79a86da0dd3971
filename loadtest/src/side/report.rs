//! What a run has shown: every round, medians, ratios.

use super::{Plan, Understood, project::Variant, talk::Tally, usage};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// A side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// Charla.
    Charla,
    /// Rasa with one of its pipelines.
    Rasa(Variant),
}

impl Display for Contender {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Contender::Charla => f.pad("Charla"),
            Contender::Rasa(variant) => f.pad(&format!("Rasa {}", variant.name())),
        }
    }
}

impl Serialize for Contender {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One side's round.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// Who.
    pub contender: Contender,
    /// From 1.
    pub round: u32,
    /// Answered turns a second.
    pub turns_per_s: f64,
    /// Answered turns.
    pub turns: u64,
    /// Share of them that was typed.
    pub typed: f64,
    /// Milliseconds from the message to its answer, both ways of HTTP included.
    pub reply_p50_ms: f64,
    /// See `reply_p50_ms`.
    pub reply_p99_ms: f64,
    /// Turns without an answer within 30 s.
    pub unanswered: u64,
    /// Share of the answered turns whose answer was one to what was said.
    pub fitting: f64,
    /// The others, by turn and language.
    pub misfits: BTreeMap<String, u64>,
    /// A few of them, in words.
    pub examples: Vec<String>,
    /// Webhooks that got 503 and were sent again.
    pub refused: u64,
    /// Processor time of the server a turn, milliseconds.
    pub cpu_ms_per_turn: f64,
    /// Cores used by the server.
    pub server_cores: f64,
    /// Cores used by the customers (with Charla: Graph endpoint and shop too).
    pub own_cores: f64,
    /// Cores used by everything else on the machine, which belongs to neither.
    pub others_cores: f64,
    /// The server's resident memory at the end, MiB.
    pub resident_mib: f64,
    /// Seconds from its start until it could answer.
    pub ready_s: f64,
    /// Load average of the machine before the round.
    pub load_average: f64,
    /// Charla alone: what it understood and how fast, warm-up included.
    pub understood: Option<Understood>,
    /// Charla alone: messages it sent, warm-up included.
    pub messages_out: Option<u64>,
    /// Charla alone: of these, those to customers whose conversation was over.
    pub strays: Option<u64>,
}

impl Round {
    pub(super) fn of(
        contender: Contender,
        round: u32,
        tally: Tally,
        started: Duration,
        load_average: f64,
    ) -> Self {
        let per_turn = if tally.turns_per_s > 0.0 { tally.cores.server / tally.turns_per_s } else { 0.0 };
        Self {
            contender,
            round,
            turns_per_s: tally.turns_per_s,
            turns: tally.turns,
            typed: if tally.turns == 0 { 0.0 } else { tally.typed as f64 / tally.turns as f64 },
            reply_p50_ms: tally.quantile(0.5),
            reply_p99_ms: tally.quantile(0.99),
            unanswered: tally.unanswered,
            fitting: tally.fitting(),
            refused: tally.refused,
            cpu_ms_per_turn: per_turn * 1_000.0,
            server_cores: tally.cores.server,
            own_cores: tally.cores.own,
            others_cores: tally.cores.others,
            resident_mib: tally.resident_mib,
            ready_s: started.as_secs_f64(),
            load_average,
            misfits: tally.misfits,
            examples: tally.examples,
            understood: None,
            messages_out: None,
            strays: None,
        }
    }
}

impl Display for Round {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "round {} {:<13} {:>8.1} turns/s   reply p50 {:>7.1} ms, p99 {:>7.1} ms   {:>5.0} MiB   cores: server {:.2}, customers {:.2}, others {:.2}   load average {:.1}",
            self.round,
            self.contender,
            self.turns_per_s,
            self.reply_p50_ms,
            self.reply_p99_ms,
            self.resident_mib,
            self.server_cores,
            self.own_cores,
            self.others_cores,
            self.load_average
        )
    }
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// RFC 3339.
    pub started_at: String,
    /// The machine.
    pub machine: String,
    /// What holds Charla's journal.
    pub journal_on: String,
    /// `charla --version`.
    pub charla: String,
    /// Rasa's version with its Python's, if it is there.
    pub rasa: Option<String>,
    /// Conversations at the same time.
    pub conversations: usize,
    /// Seconds measured in each round.
    pub seconds: u64,
    /// Seconds before them.
    pub warm_up_s: u64,
    /// Decides who writes what.
    pub seed: u64,
    /// In the order in which they were played.
    pub rounds: Vec<Round>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// A side's medians over its rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Medians {
    turns_per_s: f64,
    p50: f64,
    p99: f64,
    cpu_ms: f64,
    cores: f64,
    mib: f64,
    ready_s: f64,
    fitting: f64,
}

/// The middle one, or the mean of the two in the middle; 0 of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle)) {
        (_, None) => 0.0,
        (1, Some(value)) => *value,
        (_, Some(value)) => (value + values.get(middle - 1).unwrap_or(value)) / 2.0,
    }
}

/// How many times `a` is `b`; nothing if `b` is 0.
fn ratio(a: f64, b: f64) -> Option<f64> {
    (b > 0.0).then(|| a / b)
}

impl Report {
    pub(super) fn new(plan: &Plan, charla: &str) -> Self {
        Self {
            started_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            machine: usage::machine(),
            journal_on: usage::file_system(&std::env::temp_dir()),
            charla: charla.to_owned(),
            rasa: None,
            conversations: plan.conversations,
            seconds: plan.seconds,
            warm_up_s: plan.warm_up_s,
            seed: plan.seed,
            rounds: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn contenders(&self) -> Vec<Contender> {
        let mut all: Vec<Contender> = self.rounds.iter().map(|round| round.contender).collect();
        all.sort();
        all.dedup();
        all
    }

    fn of(&self, contender: Contender) -> impl DoubleEndedIterator<Item = &Round> {
        self.rounds.iter().filter(move |round| round.contender == contender)
    }

    fn medians(&self, contender: Contender) -> Medians {
        let of = |value: fn(&Round) -> f64| median(self.of(contender).map(value).collect());
        Medians {
            turns_per_s: of(|r| r.turns_per_s),
            p50: of(|r| r.reply_p50_ms),
            p99: of(|r| r.reply_p99_ms),
            cpu_ms: of(|r| r.cpu_ms_per_turn),
            cores: of(|r| r.server_cores),
            mib: of(|r| r.resident_mib),
            ready_s: of(|r| r.ready_s),
            fitting: of(|r| r.fitting),
        }
    }

    /// How many times as many turns a second Charla answered: of the medians, and the least and the greatest of the rounds
    /// that were played one after the other. Nothing if that side was not measured.
    pub fn ratio(&self, to: Contender) -> Option<(f64, f64, f64)> {
        let whole = ratio(self.medians(Contender::Charla).turns_per_s, self.medians(to).turns_per_s)?;
        let rounds = self.of(Contender::Charla).zip(self.of(to));
        let each: Vec<f64> = rounds.filter_map(|(a, b)| ratio(a.turns_per_s, b.turns_per_s)).collect();
        let least = each.iter().copied().fold(f64::INFINITY, f64::min);
        Some((whole, least, each.iter().copied().fold(0.0, f64::max)))
    }

    /// The last line: the main figures.
    pub fn verdict(&self) -> String {
        let charla = self.medians(Contender::Charla);
        let mut line = format!("side by side: Charla {:.0} turns/s", charla.turns_per_s);
        for other in self.contenders() {
            if let (Contender::Rasa(_), Some((whole, ..))) = (other, self.ratio(other)) {
                let theirs = self.medians(other).turns_per_s;
                line += &format!(" = {whole:.1} × {other} ({theirs:.1})");
            }
        }
        if self.rasa.is_none() {
            line += "; Rasa is not installed";
        }
        line
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rasa = self.rasa.as_deref().unwrap_or("not installed");
        writeln!(f, "{} on {}; {}; Rasa {rasa}", self.started_at, self.machine, self.charla)?;
        let typed = median(self.rounds.iter().map(|round| round.typed).collect());
        writeln!(
            f,
            "{} conversations at once, closed loop, {:.0} % of the turns typed, no typed text twice in a round; {} s measured after {} s; seed {}",
            self.conversations,
            typed * 100.0,
            self.seconds,
            self.warm_up_s,
            self.seed
        )?;
        writeln!(
            f,
            "Charla: signed webhooks, full understanding, live shop, every turn journalled with fsync ({}). Rasa: REST channel, one Sanic worker, tracker store in memory (in SQLite for `-sql`), fixed responses.\n",
            self.journal_on
        )?;
        writeln!(
            f,
            "| | turns/s, median (rounds) | reply p50 | p99 | CPU a turn | cores | memory | ready after | as meant |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|")?;
        for contender in self.contenders() {
            let m = self.medians(contender);
            let rounds: Vec<String> = self.of(contender).map(|r| format!("{:.1}", r.turns_per_s)).collect();
            writeln!(
                f,
                "| {contender} | {:.1} ({}) | {:.1} ms | {:.0} ms | {:.2} ms | {:.2} | {:.0} MiB | {:.1} s | {:.1} % |",
                m.turns_per_s,
                rounds.join(", "),
                m.p50,
                m.p99,
                m.cpu_ms,
                m.cores,
                m.mib,
                m.ready_s,
                m.fitting * 100.0
            )?;
        }
        writeln!(f)?;
        for other in self.contenders() {
            let Contender::Rasa(_) = other else { continue };
            let Some((whole, least, most)) = self.ratio(other) else { continue };
            let cpu =
                ratio(self.medians(other).cpu_ms, self.medians(Contender::Charla).cpu_ms).unwrap_or(0.0);
            writeln!(
                f,
                "Charla / {other}: {whole:.1} × the turns/s (rounds {least:.1} to {most:.1}), a turn for 1/{cpu:.1} of the CPU"
            )?;
        }
        let spread = |value: fn(&Round) -> f64| {
            let least = self.rounds.iter().map(value).fold(f64::INFINITY, f64::min);
            (least, self.rounds.iter().map(value).fold(0.0, f64::max))
        };
        let ((idle, busy), (low, high)) = (spread(|r| r.others_cores), spread(|r| r.load_average));
        writeln!(
            f,
            "Other work on the machine took {idle:.2} to {busy:.2} cores; load average before the rounds {low:.1} to {high:.1}."
        )?;
        let sum = |value: fn(&Round) -> u64| self.rounds.iter().map(value).sum::<u64>();
        writeln!(f, "Unanswered {}; 503 {}.", sum(|r| r.unanswered), sum(|r| r.refused))?;
        if let Some(understood) = self.of(Contender::Charla).filter_map(|r| r.understood.as_ref()).next_back()
        {
            let tier = |(tier, (count, ms)): (&String, &(u64, f64))| format!("{tier} {count} of {ms:.1} ms");
            let tiers: Vec<String> = understood.tiers.iter().map(tier).collect();
            writeln!(
                f,
                "Charla's understanding in its last round: {}; known to its cache: {}.",
                tiers.join(", "),
                understood.cached
            )?;
        }
        for contender in self.contenders() {
            let mut all: BTreeMap<&str, u64> = BTreeMap::new();
            for (what, count) in self.of(contender).flat_map(|round| &round.misfits) {
                *all.entry(what).or_default() += count;
            }
            if !all.is_empty() {
                let list: Vec<String> = all.iter().map(|(what, count)| format!("{what} {count}")).collect();
                writeln!(f, "{contender}, answered otherwise than meant: {}", list.join(", "))?;
            }
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn plan() -> Plan {
        Plan {
            charla: None,
            assistant: PathBuf::new(),
            rasa: None,
            install: false,
            cache: None,
            variants: Vec::new(),
            rounds: 3,
            seconds: 10,
            warm_up_s: 1,
            conversations: 8,
            examples: 5,
            epochs: 10,
            seed: 1,
        }
    }

    fn round(contender: Contender, n: u32, turns_per_s: f64) -> Round {
        let tally =
            Tally { turns_per_s, turns: 10, typed: 7, replies_ms: vec![1.0, 2.0], ..Tally::default() };
        Round::of(contender, n, tally, Duration::from_secs(1), 0.5)
    }

    #[test]
    fn the_ratio_is_that_of_the_medians_and_its_spread_that_of_neighbouring_rounds() {
        let lean = Contender::Rasa(Variant::Lean);
        let mut report = Report::new(&plan(), "charla 1");
        for (n, (a, b)) in [(1_000.0, 100.0), (3_000.0, 50.0), (1_500.0, 100.0)].into_iter().enumerate() {
            report.rounds.push(round(Contender::Charla, n as u32, a));
            report.rounds.push(round(lean, n as u32, b));
        }
        report.rasa = Some("3.6.21".into());
        assert_eq!(report.ratio(lean), Some((15.0, 10.0, 60.0)));
        assert_eq!(report.ratio(Contender::Rasa(Variant::Default)), None);
        assert_eq!(report.verdict(), "side by side: Charla 1500 turns/s = 15.0 × Rasa lean (100.0)");
        let text = report.to_string();
        assert!(text.contains("| Charla | 1500.0 (1000.0, 3000.0, 1500.0) |"), "{text}");
        assert!(text.contains("70 % of the turns typed") && !text.contains("not installed"), "{text}");
    }

    #[test]
    fn without_rasa_the_verdict_says_so() {
        let mut report = Report::new(&plan(), "charla 1");
        report.rounds.push(round(Contender::Charla, 1, 900.0));
        assert_eq!(report.verdict(), "side by side: Charla 900 turns/s; Rasa is not installed");
    }

    #[test]
    fn medians_of_odd_even_and_no_values() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(Vec::new()), 0.0);
        assert_eq!(ratio(1.0, 0.0), None);
    }
}
