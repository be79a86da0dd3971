//! What is seen while a run goes on: a bar on a terminal, a line every ten seconds elsewhere.

use super::record::Second;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// The bar.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    length: f64,
}

impl Progress {
    /// For a run of so many seconds.
    pub(super) fn new(length: f64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(length.ceil() as u64);
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} s  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, length }
    }

    /// A second has passed.
    pub(super) fn tick(&self, second: &Second, wrong: u64, warm: bool) {
        let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.0}"));
        let resident = second.resident_mib.map_or_else(String::new, |mib| format!(" · {mib:.0} MiB"));
        let cores = match (second.engine_cores, second.own_cores) {
            (Some(engine), Some(own)) => format!(" · cores {engine:.2}+{own:.2}"),
            (None, Some(own)) => format!(" · own cores {own:.2}"),
            _ => String::new(),
        };
        let line = format!(
            "{}{} sessions · {}/s written, {}/s answered · reply p50 {} p99 {} ms · ack p99 {} ms · waiting {} · 503 {}/s · wrong {wrong}{resident}{cores}",
            if warm { "warm-up · " } else { "" },
            second.sessions,
            second.due,
            second.replied,
            ms(second.reply_p50),
            ms(second.reply_p99),
            ms(second.ack_p99),
            second.waiting,
            second.refused
        );
        match &self.bar {
            Some(bar) => {
                bar.set_position((second.at as u64).min(self.length.ceil() as u64));
                bar.set_message(line);
            }
            None if (second.at as u64).is_multiple_of(10) => eprintln!("{:>5.0} s  {line}", second.at),
            None => {}
        }
    }

    /// The bar goes.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
