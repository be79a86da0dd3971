//! What is shown of a run: one HTML page that needs nothing from elsewhere, a table in text, and the comparison of two
//! runs. Everything is made from the [`Run`] alone, so that an old `report.json` can be shown again.

mod axis;
mod chart;
mod charts;
mod compare;
mod compare_page;
mod document;
mod figures;
mod frame;
mod histogram;
mod labels;
mod page;
mod parts;
mod settings;
mod text;

pub use compare::{Change, Comparison, compare};
pub use figures::{Better, Figure, Group, figures};
pub use text::text;

use super::record::Run;
use std::path::{Path, PathBuf};

/// Name of the data in a report's folder.
pub const DATA: &str = "report.json";
/// Name of the page in a report's folder.
pub const PAGE: &str = "report.html";
/// Name of the comparison's page.
pub const COMPARISON: &str = "compare.html";

/// A report that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error(
        "CHARLA-E5451: {path} cannot be read: {source}; name the report.json that `charla-loadtest run --report` wrote, or its folder"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error(
        "CHARLA-E5452: {path} is not the report of a load run: {source}; name the report.json that `charla-loadtest run --report` wrote"
    )]
    Strange {
        /// The file.
        path: PathBuf,
        /// What does not fit, with line and column.
        source: serde_json::Error,
    },
}

/// The page of a run: one HTML document.
pub fn page(run: &Run) -> String {
    page::page(run).into_string()
}

/// The page of a comparison: one HTML document.
pub fn comparison_page(a: &Run, b: &Run) -> String {
    compare_page::page(a, b).into_string()
}

/// Writes `report.json` and `report.html` into a folder, which is made if it is not there, and tells the page's path.
///
/// # Errors
/// If the folder or a file cannot be written. Each file is there whole or not at all.
pub fn write(run: &Run, dir: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    let run = speakable(run);
    let mut data = serde_json::to_string_pretty(&run)?;
    data.push('\n');
    put(dir, DATA, &data)?;
    put(dir, PAGE, &page(&run))
}

/// Writes `compare.html` into a folder, which is made if it is not there, and tells its path.
///
/// # Errors
/// As [`write`].
pub fn write_comparison(a: &Run, b: &Run, dir: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    put(dir, COMPARISON, &comparison_page(a, b))
}

/// Reads a `report.json`; of a folder, the one in it.
///
/// # Errors
/// `CHARLA-E5451`, `CHARLA-E5452`.
pub fn read(path: &Path) -> Result<Run, Error> {
    let path = if path.is_dir() { path.join(DATA) } else { path.to_owned() };
    let data = std::fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
    serde_json::from_str(&data).map_err(|source| Error::Strange { path, source })
}

fn put(dir: &Path, name: &str, text: &str) -> std::io::Result<PathBuf> {
    let path = dir.join(name);
    let part = dir.join(format!(".{name}.{}.part", std::process::id()));
    std::fs::write(&part, text)?;
    std::fs::rename(&part, &path)?;
    Ok(path)
}

/// What is written must be readable again. JSON has no infinity and no NaN: a bucket without an upper bound (as Prometheus
/// ends its histograms) ends at the longest, and figures of nothing are 0. Times are whole microseconds, and so are read
/// back as they were; objectives, which one digit may decide, stay as they are.
fn speakable(run: &Run) -> Run {
    let mut run = run.clone();
    for latency in run.latencies.values_mut() {
        let l = latency;
        for value in [&mut l.mean, &mut l.p50, &mut l.p90, &mut l.p99, &mut l.p999, &mut l.max] {
            *value = if value.is_finite() { thousandths(*value) } else { 0.0 };
        }
        let mut last = 0.0f64;
        let mut buckets: Vec<(f64, u64)> = Vec::with_capacity(l.buckets.len());
        for &(bound, n) in &l.buckets {
            let bound = if bound.is_finite() { thousandths(bound) } else { l.max.max(last) };
            last = last.max(bound);
            match buckets.last_mut() {
                Some(before) if before.0 >= bound => before.1 += n,
                _ => buckets.push((bound, n)),
            }
        }
        l.buckets = buckets;
    }
    for s in &mut run.series {
        s.at = thousandths(s.at);
        let latencies = [&mut s.ack_p50, &mut s.ack_p99, &mut s.reply_p50, &mut s.reply_p99];
        let engine = [&mut s.understand_mean, &mut s.turn_mean, &mut s.resident_mib, &mut s.heap_mib];
        for value in latencies.into_iter().chain(engine).chain([&mut s.engine_cores, &mut s.own_cores]) {
            *value = value.filter(|v| v.is_finite()).map(thousandths);
        }
    }
    run
}

fn thousandths(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
