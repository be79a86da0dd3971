//! Panics in the log of an engine that serves.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic::PanicHookInfo,
};

/// Logs where the process panics from now on, in place of the usual hook. That one writes the message, and the panics of
/// string slices quote the string: what a customer wrote. Who catches a panic tells as much of its message as may be told.
pub fn log_panics_without_words() {
    std::panic::set_hook(Box::new(told));
}

fn told(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    // Only where the environment asks for it (`RUST_BACKTRACE`).
    let trace = Backtrace::capture();
    let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    tracing::error!(thread = thread.name(), backtrace = trace, "panicked at {place}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_logged_with_its_place_and_without_its_words() {
        let page = Page::default();
        let writer = page.clone();
        let log = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        let usual = std::panic::take_hook();
        log_panics_without_words();
        let words = "a b ñ, card 4242".to_owned();
        let panicked =
            tracing::subscriber::with_default(log, || std::panic::catch_unwind(|| words[..5].len()).is_err());
        std::panic::set_hook(usual);
        let told = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert!(panicked && told.contains("panicked at src/telemetry/panics.rs:"), "{told}");
        assert!(!told.contains("4242"), "{told}");
    }
}
