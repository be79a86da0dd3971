//! Two runs side by side.

use super::{
    figures::{Better, Figure, Group, figures},
    labels::{known, ratio},
};
use crate::load::record::{Objective, Run};
use std::fmt;

/// From this change on a figure counts as worse or better: a tenth.
const NOTABLE: f64 = 0.1;

/// A figure of both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What it belongs to.
    pub group: Group,
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Which way is better.
    pub better: Better,
    /// In the first run.
    pub a: Option<f64>,
    /// In the second.
    pub b: Option<f64>,
    /// Reached in the first run and missed in the second; objectives only.
    pub missed_now: bool,
}

impl Change {
    /// Second to first; `None` where either is unknown or the first is 0.
    pub fn ratio(&self) -> Option<f64> {
        let (a, b) = (self.a?, self.b?);
        if a == b { Some(1.0) } else { (a != 0.0).then(|| b / a) }
    }

    /// How far it moved the wrong way, as a share of the first; infinite from 0.
    fn loss(&self) -> f64 {
        let (Some(a), Some(b)) = (self.a, self.b) else { return 0.0 };
        let risen = match b - a {
            0.0 => 0.0,
            d if a == 0.0 => d * f64::INFINITY,
            d => d / a.abs(),
        };
        match self.better {
            Better::Less => risen,
            Better::More => -risen,
            Better::Neither => 0.0,
        }
    }

    /// Worse by more than a tenth, or an objective that is missed now.
    pub fn worse(&self) -> bool {
        self.missed_now || self.loss() > NOTABLE + 1e-9
    }

    /// Better by more than a tenth.
    pub fn better(&self) -> bool {
        !self.missed_now && self.loss() < -NOTABLE - 1e-9
    }

    /// `worse`, `better` or nothing.
    pub fn mark(&self) -> &'static str {
        match self {
            c if c.missed_now => "missed now",
            c if c.worse() => "worse",
            c if c.better() => "better",
            _ => "",
        }
    }
}

/// Two runs side by side; shows itself as a table for a terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The runs' names: scenario, moment, engine.
    pub names: [String; 2],
    /// Their last lines.
    pub verdicts: [String; 2],
    /// What makes them hard to compare.
    pub warnings: Vec<String>,
    /// All figures, by group.
    pub changes: Vec<Change>,
}

impl Comparison {
    /// Figures that got worse.
    pub fn worse(&self) -> usize {
        self.changes.iter().filter(|c| c.worse()).count()
    }
    /// Figures that got better.
    pub fn better(&self) -> usize {
        self.changes.iter().filter(|c| c.better()).count()
    }
    /// What it comes to, in a sentence.
    pub fn sum(&self) -> String {
        let missed = self.changes.iter().filter(|c| c.missed_now).count();
        let objectives = match missed {
            0 => String::new(),
            1 => "; 1 objective that A reached is missed".into(),
            n => format!("; {n} objectives that A reached are missed"),
        };
        format!(
            "B against A, of {} figures: {} worse by more than 10 %, {} better{objectives}",
            self.changes.len(),
            self.worse(),
            self.better()
        )
    }
}

/// Puts the second run beside the first. Where the runs took different times, counts are compared a second.
pub fn compare(a: &Run, b: &Run) -> Comparison {
    let per_second = (a.measured_s - b.measured_s).abs() > 0.01 * a.measured_s.max(b.measured_s);
    let of = |run: &Run| {
        let mut all = figures(run);
        for figure in
            all.iter_mut().filter(|f| per_second && matches!(f.group, Group::Counts | Group::Violations))
        {
            figure.value = figure.value.filter(|_| run.measured_s > 0.0).map(|v| v / run.measured_s);
            figure.unit = "/s".into();
        }
        all
    };
    let (left, mut right) = (of(a), of(b));
    let mut changes: Vec<Change> = Vec::new();
    for figure in left {
        let same = right
            .iter()
            .position(|f| f.group == figure.group && f.name == figure.name && f.unit == figure.unit);
        let other = same.map(|at| right.remove(at));
        changes.push(joined(figure, other, a, b));
    }
    for figure in right {
        // A kind of mistake that the first run did not have.
        let first = (figure.group == Group::Violations).then_some(0.0);
        changes.push(Change { a: first, b: figure.value, ..joined(figure, None, a, b) });
    }
    changes.sort_by_key(|c| c.group);
    let mut warnings = differences(a, b);
    if per_second {
        warnings
            .push("They were measured for different times; counts and violations are given a second.".into());
    }
    let name = |run: &Run| format!("{}, {}, {}", run.scenario, run.started_at, run.machine.engine);
    Comparison {
        names: [name(a), name(b)],
        verdicts: [a.verdict.clone(), b.verdict.clone()],
        warnings,
        changes,
    }
}

fn joined(figure: Figure, other: Option<Figure>, a: &Run, b: &Run) -> Change {
    let met = |run: &Run| run.objectives.iter().find(|o| o.name == figure.name).map(Objective::met);
    let missed_now = figure.group == Group::Objectives && met(a) == Some(true) && met(b) == Some(false);
    // The other run's mistakes of this kind were none if it does not name them.
    let none = (figure.group == Group::Violations).then_some(0.0);
    Change {
        b: other.map_or(none, |f| f.value),
        group: figure.group,
        name: figure.name,
        unit: figure.unit,
        better: figure.better,
        a: figure.value,
        missed_now,
    }
}

fn differences(a: &Run, b: &Run) -> Vec<String> {
    let mut out = Vec::new();
    let mut differ = |what: &str, a: &dyn fmt::Display, b: &dyn fmt::Display| {
        let (a, b) = (a.to_string(), b.to_string());
        if a != b {
            out.push(format!("{what}: {a} in A, {b} in B."));
        }
    };
    differ("Different scenarios", &a.scenario, &b.scenario);
    differ("Different seeds", &a.seed, &b.seed);
    differ("Different processors", &a.machine.cpu, &b.machine.cpu);
    differ("Different numbers of cores", &a.machine.cores, &b.machine.cores);
    differ("Different main memory, MiB", &a.machine.memory_mib, &b.machine.memory_mib);
    let settings = super::settings::differences(a, b);
    if !settings.is_empty() {
        let names: Vec<&str> = settings.iter().map(|d| d.0.as_str()).collect();
        out.push(format!("Different settings: {}.", names.join(", ")));
    }
    out
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, (name, verdict)) in ["A", "B"].iter().zip(self.names.iter().zip(&self.verdicts)) {
            writeln!(f, "{letter}  {name}\n   {verdict}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "!  {warning}")?;
        }
        let rows: Vec<[String; 5]> = (self.changes.iter())
            .map(|c| {
                let ratio = c.ratio().map_or_else(|| "–".into(), ratio);
                [c.name.clone(), known(c.a, &c.unit), known(c.b, &c.unit), ratio, c.mark().into()]
            })
            .collect();
        let wide = |column: usize, least: usize| {
            rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0).max(least)
        };
        let (name, a, b, times) = (wide(0, 8) + 2, wide(1, 6), wide(2, 6), wide(3, 5));
        let mut group = None;
        for (change, row) in self.changes.iter().zip(&rows) {
            if group != Some(change.group) {
                group = Some(change.group);
                writeln!(f, "\n{}", change.group.title())?;
                writeln!(f, "{:name$}  {:>a$}  {:>b$}  {:>times$}", "", "A", "B", "B/A")?;
            }
            let line =
                format!("  {:name$}{:>a$}  {:>b$}  {:>times$}  {}", row[0], row[1], row[2], row[3], row[4]);
            writeln!(f, "{}", line.trim_end())?;
        }
        write!(f, "\n{}", self.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{record::Wrong, report::sample};
    use proptest::prelude::*;

    fn change(better: Better, a: Option<f64>, b: Option<f64>) -> Change {
        let group = Group::Latencies;
        Change { group, name: "x".into(), unit: "ms".into(), better, a, b, missed_now: false }
    }

    #[test]
    fn worse_is_more_than_a_tenth_the_wrong_way() {
        let mark = |better, a, b| change(better, Some(a), Some(b)).mark();
        assert_eq!([mark(Better::Less, 100.0, 110.0), mark(Better::Less, 100.0, 110.5)], ["", "worse"]);
        assert_eq!([mark(Better::Less, 100.0, 90.0), mark(Better::Less, 100.0, 89.0)], ["", "better"]);
        assert_eq!([mark(Better::More, 100.0, 89.0), mark(Better::More, 100.0, 111.0)], ["worse", "better"]);
        assert_eq!(mark(Better::Neither, 1.0, 99.0), "");
        assert_eq!(
            [mark(Better::Less, 0.0, 1.0), mark(Better::Less, 0.0, 0.0), mark(Better::Less, 1.0, 0.0)],
            ["worse", "", "better"]
        );
        let unknown = change(Better::Less, None, Some(3.0));
        assert_eq!((unknown.mark(), unknown.ratio()), ("", None));
        assert_eq!(change(Better::Less, Some(0.0), Some(0.0)).ratio(), Some(1.0));
        assert_eq!(change(Better::Less, Some(4.0), Some(5.0)).ratio(), Some(1.25));
    }

    proptest! {
        #[test]
        fn what_got_worse_gets_better_the_other_way_round(a in 0.1f64..1e6, b in 0.1f64..1e6) {
            for better in [Better::Less, Better::More] {
                let (there, back) = (change(better, Some(a), Some(b)), change(better, Some(b), Some(a)));
                prop_assert!(!(there.worse() && there.better()));
                // A rise of a tenth is a fall of a little less, so one way may be notable alone; never both the same.
                prop_assert!(!(there.worse() && back.worse() || there.better() && back.better()));
                prop_assert!((there.ratio().unwrap() * back.ratio().unwrap() - 1.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_run_beside_itself_is_the_same() {
        let run = sample::steady();
        let same = compare(&run, &run);
        assert_eq!((same.worse(), same.better(), same.warnings.len()), (0, 0, 0));
        assert_eq!(same.changes.len(), figures(&run).len());
        assert!(same.to_string().contains("0 worse by more than 10 %, 0 better"));
    }

    #[test]
    fn what_the_other_run_lacks_is_told() {
        let (a, mut b) = (sample::steady(), sample::steady());
        b.violations = vec![Wrong { kind: "lost".into(), count: 2, examples: vec![] }];
        b.latencies.remove("turn");
        b.objectives[1].value = Some(b.objectives[1].limit * 1.05);
        let told = compare(&a, &b);
        let of = |name: &str| told.changes.iter().find(|c| c.name == name).unwrap();
        assert_eq!((of("lost").a, of("lost").b, of("lost").mark()), (Some(0.0), Some(2.0), "worse"));
        assert_eq!((of("turn p50").b, of("turn p50").ratio()), (None, None));
        assert_eq!(of(&a.objectives[1].name).mark(), "missed now");
        let back = compare(&b, &a);
        assert_eq!(back.changes.iter().find(|c| c.name == "lost").unwrap().mark(), "better");
        assert!(told.sum().ends_with("1 objective that A reached is missed"), "{}", told.sum());
    }

    #[test]
    fn runs_of_other_lengths_are_compared_by_the_second() {
        let (a, mut b) = (sample::steady(), sample::steady());
        b.measured_s = a.measured_s / 2.0;
        b.counts.values_mut().for_each(|n| *n /= 2);
        b.seed += 1;
        let told = compare(&a, &b);
        let messages = told.changes.iter().find(|c| c.name == "messages").unwrap();
        assert!(messages.unit == "/s" && (messages.ratio().unwrap() - 1.0).abs() < 0.001, "{messages:?}");
        assert_eq!(told.warnings.len(), 2, "{:?}", told.warnings);
    }

    #[test]
    fn columns_stand_in_line() {
        let told = compare(&sample::steady(), &sample::burst()).to_string();
        let line = |name: &str| told.lines().find(|l| l.trim_start().starts_with(name)).unwrap().to_owned();
        let column = |line: &str| line.chars().position(|c| c == '×').unwrap();
        assert_eq!(column(&line("reply p50")), column(&line("turn mean")), "{told}");
    }
}
