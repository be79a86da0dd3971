//! Pure dialogue decisions: what a conversation remembers, what can happen to it, and what is to be done about it.
//! No IO, no clock, no randomness; see [`event`] and [`effect`] for the two seams.
//!
//! [`Assistant::load`] compiles a configuration, [`step`] decides, [`apply`] folds what was decided into a [`State`].

pub mod assistant;
pub mod clauses;
pub mod condition;
pub mod config;
pub mod effect;
pub mod event;
pub mod filters;
pub mod finding;
pub mod invariants;
pub mod limits;
pub mod payload;
pub mod policy;
pub mod rules;
pub mod state;
pub mod template;
pub mod testing;
pub mod tracker;
pub mod turn;
pub mod yaml;

mod absence;
mod actions;
mod check;
mod choice;
mod commands;
mod context;
mod family;
mod fill;
mod fold;
mod gate;
mod mention;
mod negation;
mod opening;
mod patterns;
mod receive;
mod render;
mod reply;
mod returned;
mod runner;
mod since;
mod sources;
mod step;
mod tongue;
mod wording;

pub use assistant::{Assistant, LOGIC_VERSION, SourceFile};
pub use finding::{Finding, Severity};
pub use state::State;
pub use step::{Decided, step};
pub use tracker::{TrackerEvent, apply};
