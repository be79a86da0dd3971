//! The runtime's logic without IO: inputs, times and results go in, decisions come out. No tokio, no store, no clock and
//! no randomness in here, so that a simulation can run it under any order of events, and the shell around it only carries
//! out what was decided.

pub mod attempt;
pub mod delivery;
pub mod fold;
pub mod identity;
pub mod ledger;
pub mod outbox;
pub mod pace;
pub mod packed;
pub mod passivation;
pub mod recovery;
pub mod rows;
pub mod turn;
pub mod tx;
pub mod wake;
