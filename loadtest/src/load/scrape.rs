//! What the engine and the system say about themselves, once a second.

use super::record::Latency;
use std::{collections::BTreeMap, fs};

/// Clock ticks a second in `/proc`; Linux shows user space 100 on every machine.
const TICKS: f64 = 100.0;

/// How counters of what must never be end.
const VIOLATIONS: &str = "_violations_total";

/// Resident memory of a process in MiB and its processor time so far in seconds.
pub fn process(pid: &str) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold spaces; the fields begin after it. utime and stime are the 14th and 15th.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: f64 = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some((kib / 1024.0, ticks / TICKS))
}

/// A histogram as Prometheus has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cumulative {
    /// Upper bound, seconds; how many up to it.
    pub buckets: Vec<(f64, f64)>,
    /// Sum, seconds.
    pub sum: f64,
    /// How many.
    pub count: f64,
}

/// A page of metrics.
#[derive(Debug, Clone, Default)]
pub struct Page {
    values: BTreeMap<String, f64>,
    /// Of what must never be, which labels were counted: `rule="window"`.
    broken: BTreeMap<String, Vec<String>>,
    histograms: BTreeMap<String, Cumulative>,
}

impl Page {
    /// Reads Prometheus text; several label sets of a name are added up.
    pub fn parse(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            let (base, labels) = name.split_once('{').unwrap_or((name, ""));
            if let Some(histogram) = base.strip_suffix("_bucket") {
                let bound = labels.split("le=\"").nth(1).and_then(|rest| rest.split('"').next());
                let bound = bound.and_then(|bound| bound.parse().ok()).unwrap_or(f64::INFINITY);
                let entry = page.histograms.entry(histogram.to_owned()).or_default();
                match entry.buckets.iter_mut().find(|(known, _)| *known == bound) {
                    Some((_, count)) => *count += value,
                    None => entry.buckets.push((bound, value)),
                }
            } else if let Some(histogram) = base.strip_suffix("_sum") {
                page.histograms.entry(histogram.to_owned()).or_default().sum += value;
            } else if let Some(histogram) = base.strip_suffix("_count") {
                page.histograms.entry(histogram.to_owned()).or_default().count += value;
            } else {
                *page.values.entry(base.to_owned()).or_default() += value;
                if value > 0.0 && !labels.is_empty() && base.ends_with(VIOLATIONS) {
                    let told = format!("{} {value}", labels.trim_end_matches('}'));
                    page.broken.entry(base.to_owned()).or_default().push(told);
                }
            }
        }
        page
    }

    /// Whether nothing stands on it.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A counter or gauge, all labels together; 0 if it is not there.
    pub fn value(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or(0.0)
    }

    /// What was counted of a violation, by its labels: `rule="window" 3`; empty if nothing was.
    pub fn broken(&self, name: &str) -> String {
        self.broken.get(name).map_or_else(String::new, |told| told.join(", "))
    }

    /// Counters' and gauges' names and values.
    pub fn values(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// A histogram since an earlier page.
    pub fn since(&self, earlier: &Self, name: &str) -> Cumulative {
        let now = self.histograms.get(name).cloned().unwrap_or_default();
        let Some(before) = earlier.histograms.get(name) else { return now };
        let old = |bound: f64| {
            before.buckets.iter().find(|(known, _)| *known == bound).map_or(0.0, |(_, count)| *count)
        };
        Cumulative {
            buckets: now.buckets.iter().map(|(bound, count)| (*bound, count - old(*bound))).collect(),
            sum: now.sum - before.sum,
            count: now.count - before.count,
        }
    }
}

impl Cumulative {
    /// Mean in milliseconds; `None` without values.
    pub fn mean_ms(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count * 1_000.0)
    }

    /// The quantile in milliseconds, straight within its bucket, as Prometheus does it.
    fn quantile_ms(&self, share: f64) -> f64 {
        let wanted = share * self.count;
        let (mut low, mut below) = (0.0, 0.0);
        for (bound, count) in &self.buckets {
            if *count >= wanted {
                let high = if bound.is_finite() { *bound } else { return low * 1_000.0 };
                let part = if *count > below { (wanted - below) / (count - below) } else { 1.0 };
                return (low + (high - low) * part) * 1_000.0;
            }
            (low, below) = (*bound, *count);
        }
        low * 1_000.0
    }

    /// For the report; `None` without values.
    pub fn latency(&self) -> Option<Latency> {
        if self.count <= 0.0 {
            return None;
        }
        let (mut below, mut buckets, mut max) = (0.0, Vec::new(), 0.0_f64);
        for (bound, count) in self.buckets.iter().filter(|(bound, _)| bound.is_finite()) {
            if *count > below {
                buckets.push((bound * 1_000.0, (count - below) as u64));
                max = bound * 1_000.0;
            }
            below = *count;
        }
        Some(Latency {
            count: self.count as u64,
            mean: self.mean_ms().unwrap_or(0.0),
            p50: self.quantile_ms(0.5),
            p90: self.quantile_ms(0.9),
            p99: self.quantile_ms(0.99),
            p999: self.quantile_ms(0.999),
            max,
            buckets,
        })
    }
}

/// The first line of a file under `/proc` that begins so, without what comes before the colon.
pub fn line(path: &str, begins: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(begins))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE x_seconds histogram\n\
        x_seconds_bucket{tier=\"a\",le=\"0.001\"} 10\nx_seconds_bucket{tier=\"a\",le=\"0.01\"} 90\n\
        x_seconds_bucket{tier=\"a\",le=\"+Inf\"} 100\nx_seconds_sum{tier=\"a\"} 0.5\nx_seconds_count{tier=\"a\"} 100\n\
        y_total{outcome=\"ok\"} 3\ny_total{outcome=\"bad\"} 4\n";

    #[test]
    fn a_page_is_read_and_compared() {
        let page = Page::parse(TEXT);
        assert_eq!(page.value("y_total"), 7.0);
        let all = page.since(&Page::default(), "x_seconds");
        assert_eq!(all.mean_ms(), Some(5.0));
        assert!((all.quantile_ms(0.5) - 5.5).abs() < 0.01, "{}", all.quantile_ms(0.5));
        assert_eq!(page.since(&page, "x_seconds").latency(), None);
        assert_eq!(all.latency().unwrap().buckets, [(1.0, 10), (10.0, 80)]);
    }

    #[test]
    fn which_rule_was_broken_is_told() {
        let page = Page::parse(
            "a_violations_total{rule=\"window\"} 3\na_violations_total{rule=\"once\"} 0\nb_violations_total 2\n",
        );
        assert_eq!(page.value("a_violations_total"), 3.0);
        assert_eq!(page.broken("a_violations_total"), "rule=\"window\" 3");
        assert_eq!(page.broken("b_violations_total"), "");
    }

    #[test]
    fn this_process_has_memory_and_time() {
        let (mib, seconds) = process("self").unwrap();
        assert!(mib > 1.0 && seconds >= 0.0);
    }
}
