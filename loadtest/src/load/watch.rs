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
}

/// What was seen of the engine's metrics.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When the measuring began.
    pub first: Page,
    /// Last.
    pub last: Page,
}

impl Watch {
    async fn page(&self) -> Option<Page> {
        let answer = self.http.get(format!("{}/metrics", self.url)).send().await.ok()?;
        Some(Page::parse(&answer.text().await.ok()?))
    }

    /// Looks until the run stops.
    pub(super) async fn look(self, stage: Arc<Stage>, progress: Progress) -> Seen {
        let warm_up = stage.scenario.warm_up_s;
        let mut seen = Seen::default();
        let mut before = Page::default();
        let own = || scrape::process("self");
        let engine = || self.pid.and_then(|pid| scrape::process(&pid.to_string()));
        let mut cpu = (engine().map(|(_, seconds)| seconds), own().map(|(_, seconds)| seconds));
        let mut last = stage.now();
        let begun = Instant::from_std(stage.begun);
        for n in 1_u32.. {
            sleep_until(begun + Duration::from_secs(u64::from(n))).await;
            let page = self.page().await;
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
