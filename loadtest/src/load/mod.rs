//! Load: many customers at once, judged and measured.
//!
//! A run is decided before it begins: [`arrivals`] has every moment in which somebody writes, so that a slow engine cannot
//! slow the customers down (no coordinated omission), and every latency counts from such a moment. What they write then
//! ([`act`]) depends on what they were answered; every answer goes through the [`judge`].

mod act;
mod agents;
pub mod arrivals;
mod chat;
mod check;
mod crowd;
mod doubt;
mod graph;
mod hand;
mod http;
mod journal;
mod judge;
mod language;
mod meter;
mod people;
mod progress;
pub mod prometheus;
pub mod record;
mod reply;
pub mod report;
mod run;
mod scenario;
mod scrape;
mod stage;
mod summary;
#[cfg(test)]
mod tests;
mod texts;
mod town;
mod verdict;
mod watch;
mod wire;
mod wrong;

pub use run::{Against, Plan, run};
pub use scenario::{Scenario, ScenarioError};
