//! A run as Markdown tables.

use super::{
    figures::{Group, figures, quantiles, stages},
    labels::{NONE, beside, count, duration, known, number, quantity, words},
    settings::command,
};
use crate::load::record::Run;

/// Objectives, quantiles, load, counts and violations of a run in Markdown, for documentation.
pub fn text(run: &Run) -> String {
    let machine = &run.machine;
    let mut out = format!(
        "**{}**: {}\n\n{}. Measured for {} after {} of warm-up, seed {}, started {}; {}, {} cores ({}), {} MiB, {}.\n\
         `{}`\n\n",
        cell(&run.scenario),
        cell(&run.about),
        cell(run.verdict.trim_end_matches('.')),
        duration(run.measured_s),
        duration(run.warm_up_s),
        run.seed,
        cell(&run.started_at),
        cell(&machine.engine),
        machine.cores,
        cell(&machine.cpu),
        count(machine.memory_mib),
        cell(&machine.system),
        command(run).replace('`', "'").replace('\n', " "),
    );
    let objectives = run.objectives.iter().map(|o| {
        let sign = if o.at_least { "≥" } else { "≤" };
        let value = o.value.map_or_else(|| NONE.into(), |v| beside(v, o.limit, &o.unit));
        let met = match o.value {
            _ if o.met() => "yes",
            Some(_) => "**no**",
            None => "**not measured**",
        };
        vec![cell(&o.name), format!("{sign} {}", quantity(o.limit, &o.unit)), value, met.to_owned()]
    });
    table(&mut out, &["objective", "bar", "measured", "met"], "lrrl", objectives.collect());
    let latencies = stages(run).into_iter().map(|(key, latency)| {
        let mut row = vec![cell(&words(key)), count(latency.count)];
        row.extend(quantiles(latency).map(|(_, value)| value.map_or_else(|| NONE.into(), number)));
        row
    });
    let head = ["latency, ms", "count", "mean", "p50", "p90", "p99", "p99.9", "max"];
    table(&mut out, &head, "lrrrrrrr", latencies.collect());
    let of = |group: Group| {
        let rows = figures(run).into_iter().filter(move |f| f.group == group);
        rows.map(|f| vec![cell(&f.name), known(f.value, &f.unit)]).collect::<Vec<_>>()
    };
    table(&mut out, &["after the warm-up", ""], "lr", of(Group::Load));
    table(&mut out, &["counted", ""], "lr", of(Group::Counts));
    table(&mut out, &["violation", "count"], "lr", of(Group::Violations));
    out
}

/// One table, its columns in line; nothing without rows.
fn table(out: &mut String, head: &[&str], sides: &str, rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count());
        cells.chain([head[column].chars().count(), 3]).max().unwrap_or(3)
    };
    let right: Vec<bool> = sides.chars().map(|c| c == 'r').collect();
    let mut line = |cells: Vec<String>| {
        let padded = cells.iter().enumerate().map(|(i, cell)| {
            let width = width(i);
            if right[i] { format!("{cell:>width$}") } else { format!("{cell:width$}") }
        });
        out.push_str(&format!("| {} |\n", padded.collect::<Vec<_>>().join(" | ")));
    };
    let rule =
        |i: usize| if right[i] { format!("{}:", "-".repeat(width(i) - 1)) } else { "-".repeat(width(i)) };
    let (heads, rules) =
        (head.iter().map(|h| (*h).to_owned()).collect(), (0..head.len()).map(rule).collect());
    for cells in [heads, rules].into_iter().chain(rows.iter().cloned()) {
        line(cells);
    }
    out.push('\n');
}

/// Text that neither ends a cell nor is taken for markup.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '`' | '<' | '\\' | '[' => out.extend(['\\', c]),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::sample;

    #[test]
    fn tables_are_whole() {
        let mut run = sample::burst();
        run.objectives[0].name = "a | b\n*c*".into();
        run.objectives[0].value = None;
        let text = text(&run);
        assert!(text.contains(r"| a \| b \*c\*") && text.contains("**not measured**"), "{text}");
        for table in text.split("\n\n").filter(|t| t.starts_with('|')) {
            let columns = |line: &str| line.replace(r"\|", "").matches('|').count();
            let widths: Vec<usize> = table.lines().map(|l| l.chars().count()).collect();
            assert!(table.lines().all(|l| columns(l) == columns(table.lines().next().unwrap())), "{table}");
            assert!(widths.iter().all(|w| *w == widths[0]), "{table}");
        }
        assert!(text.contains("| lost ") && text.contains("**no**"));
    }

    #[test]
    fn a_run_of_nothing_has_no_tables() {
        let text = text(&sample::nothing());
        assert!(!text.contains('|') && !text.contains("NaN"), "{text}");
    }
}
