//! Looks at engine, system and crowd once a second.

use super::{
    progress::Progress,
    record::Second,
    scrape::{self, Page},
    stage::Stage,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};

/// What is looked at.
#[derive(Debug)]
pub(super) struct Watch {
    pub http: reqwest::Client,
    /// The engine's address.
    pub url: String,
    /// Its process, if it is on this machine.
    pub pid: Option<u32>,
    /// Its metrics before the run, if it was there already.
    pub before: Page,
}

/// What the engine itself says must never be.
const BROKEN: [(&str, &str); 4] = [
    ("charla_invariant_violations_total", "an invariant of the session engine is broken"),
    ("charla_dialogue_invariant_violations_total", "a rule of the dialogue is broken"),
    ("charla_parked_total", "events were put aside after failing again and again"),
    ("charla_turn_panics_total", "turns panicked"),
];

/// What was seen of the engine's metrics.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Before the run; empty where the engine was begun for it.
    pub before: Page,
    /// When the measuring began.
    pub first: Page,
    /// Last.
    pub last: Page,
    /// Looks in a row, up to the last one, that got no page.
    pub missed: u32,
}

/// So many looks in a row without a page are no accident any more, seconds.
const BLIND: u32 = 5;

impl Seen {
    /// What the engine's own counters say must never be, as far as it has come up since [`before`](Self::before); and whether
    /// they could be read to the end.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (name, what) in BROKEN {
            let (before, last) = (self.before.value(name), self.last.value(name));
            // A counter that has become smaller began anew.
            let count = if last < before { last } else { last - before };
            if count > 0.0 {
                let which = self.last.broken(name);
                let which = if which.is_empty() { which } else { format!(" ({which})") };
                all.push(format!("{what}: {name} has grown by {count}{which}"));
            }
        }
        if self.missed >= BLIND || self.last.is_empty() {
            all.push(format!(
                "its metrics could not be read in the last {} looks: nothing is known of its own checks",
                self.missed
            ));
        }
        all
    }
}

impl Watch {
    /// The engine's metrics now; `None` if it does not show them.
    pub(super) async fn page(&self) -> Option<Page> {
        let answer = self.http.get(format!("{}/metrics", self.url)).send().await.ok()?;
        Some(Page::parse(&answer.error_for_status().ok()?.text().await.ok()?))
    }

    /// Looks until the run stops.
    pub(super) async fn look(self, stage: Arc<Stage>, progress: Progress) -> Seen {
        let warm_up = stage.scenario.warm_up_s;
        let mut seen = Seen { before: self.before.clone(), ..Seen::default() };
        let mut before = Page::default();
        let own = || scrape::process("self");
        let engine = || self.pid.and_then(|pid| scrape::process(&pid.to_string()));
        let mut cpu = (engine().map(|(_, seconds)| seconds), own().map(|(_, seconds)| seconds));
        let mut last = stage.now();
        let begun = Instant::from_std(stage.begun);
        for n in 1_u32.. {
            sleep_until(begun + Duration::from_secs(u64::from(n))).await;
            let page = self.page().await;
            seen.missed = if page.is_some() { 0 } else { seen.missed + 1 };
            let now = stage.now();
            let passed = (now - last).max(1) as f64 / 1e6;
            last = now;
            let spent = |before: Option<f64>, after: Option<f64>| Some((after? - before?) / passed);
            let memory = engine();
            let after = (memory.map(|(_, seconds)| seconds), own().map(|(_, seconds)| seconds));
            let mut second = Second {
                at: now as f64 / 1e6,
                resident_mib: memory.map(|(mib, _)| mib),
                engine_cores: spent(cpu.0, after.0),
                own_cores: spent(cpu.1, after.1),
                ..Second::default()
            };
            cpu = after;
            if let Some(page) = page {
                second.understand_mean = page.since(&before, "charla_understand_seconds").mean_ms();
                second.turn_mean = page.since(&before, "charla_turn_seconds").mean_ms();
                let heap = page.value("charla_heap_allocated_bytes");
                // 0 where the engine's program has another allocator than jemalloc, or is an older one.
                second.heap_mib = (heap > 0.0).then_some(heap / f64::from(1 << 20));
                before = page;
            }
            let mut crowd = stage.crowd();
            second.sessions = crowd.sessions();
            second.waiting = crowd.waiting();
            let wrong = crowd.found();
            let warm = second.at < warm_up;
            if !warm && !crowd.meter.measuring {
                crowd.meter.measuring = true;
                seen.first = before.clone();
            }
            progress.tick(crowd.meter.second(second), wrong, warm);
            drop(crowd);
            if stage.is_stopping() {
                break;
            }
        }
        progress.end();
        seen.last = before;
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_come_up_since_and_blindness_are_told() {
        let page = |n: u32| Page::parse(&format!("charla_turn_panics_total {n}\n"));
        let told = |before, last, missed| {
            Seen { before: page(before), last: page(last), missed, ..Seen::default() }.broken().len()
        };
        assert_eq!((told(3, 3, 0), told(3, 4, 0), told(3, 2, 0), told(0, 0, 4)), (0, 1, 1, 0));
        assert_eq!(told(0, 0, BLIND), 1);
        assert_eq!(Seen::default().broken().len(), 1);
    }

    #[tokio::test]
    async fn a_refusal_is_no_page_of_metrics() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = std::thread::spawn(move || {
            for status in ["401 Unauthorized", "200 OK"] {
                let mut stream = listener.accept().unwrap().0;
                let _ = stream.read(&mut [0; 1024]).unwrap();
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\nconnection: close\r\n\r\n");
                stream.write_all(format!("{head}a 1\n").as_bytes()).unwrap();
            }
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let watch = Watch { http, url, pid: None, before: Page::default() };
        assert!(watch.page().await.is_none());
        assert!(watch.page().await.is_some_and(|page| !page.is_empty()));
        serve.join().unwrap();
    }
}
