//! Progress of long work, told to whoever shows it (a bar in the terminal, JSON lines, nobody).

/// Is told how far long work has come. Called from several threads.
pub trait Progress: Send + Sync {
    /// A step begins, or its size has become known: its name (a fixed word or a file name) and its size in `unit`s, 0 where unknown.
    fn begin(&self, step: &str, total: u64, unit: Unit);
    /// The step stands at `done` units.
    fn at(&self, step: &str, done: u64);
    /// The step has ended.
    fn end(&self, step: &str);
}

/// What a step counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Texts, epochs, models: named by the step.
    Items,
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: u64, _: Unit) {}
    fn at(&self, _: &str, _: u64) {}
    fn end(&self, _: &str) {}
}

/// Bars in the terminal; hidden where standard error is none.
#[derive(Default)]
pub struct Bars {
    shared: indicatif::MultiProgress,
    bars: std::sync::Mutex<std::collections::HashMap<String, indicatif::ProgressBar>>,
}

impl Progress for Bars {
    fn begin(&self, step: &str, total: u64, unit: Unit) {
        if let Ok(bars) = self.bars.lock()
            && let Some(bar) = bars.get(step)
        {
            // Begun before its size was known.
            bar.set_length(total);
            return;
        }
        let template = match unit {
            Unit::Bytes => "{msg:<28} {bar:30} {bytes:>10}/{total_bytes:<10} {bytes_per_sec}",
            Unit::Items => "{msg:<28} {bar:30} {pos:>10}/{len:<10} {elapsed}",
        };
        let bar = self.shared.add(indicatif::ProgressBar::new(total));
        if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(step.to_owned());
        if let Ok(mut bars) = self.bars.lock() {
            bars.insert(step.to_owned(), bar);
        }
    }
    fn at(&self, step: &str, done: u64) {
        if let Ok(bars) = self.bars.lock()
            && let Some(bar) = bars.get(step)
        {
            bar.set_position(done);
        }
    }
    fn end(&self, step: &str) {
        if let Ok(mut bars) = self.bars.lock()
            && let Some(bar) = bars.remove(step)
        {
            bar.finish();
        }
    }
}
