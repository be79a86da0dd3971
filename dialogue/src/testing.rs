//! Helpers to test dialogues without understanding, backends or clock: [`Talk`] drives [`step`](crate::step) and checks the
//! invariants at every step; [`run_file`] runs the conversation tests of a configuration.

mod cases;
mod talk;

pub use cases::{CaseResult, run_file};
pub use talk::{Said, Talk, entity, understanding};
