//! The durable session runtime: what is accepted is journalled before it is acknowledged, handled in order by one actor a
//! conversation, and answered once. Generic over [`Session`](session::Session); knows nothing of what a message means.

pub mod accept;
mod actor;
pub mod backup;
pub mod clock;
mod committer;
pub mod core;
mod credit;
pub mod engine;
pub mod erase;
pub mod failpoints;
mod handle;
pub mod ids;
pub mod inspect;
pub mod invariants;
pub mod journal;
pub mod metrics;
pub mod options;
mod outbox;
pub mod private;
pub mod record;
pub mod replay;
mod router;
pub mod session;
mod shared;
#[cfg(test)]
mod simulation;
pub mod snapshot;
pub mod testing;
mod timers;
mod unread;
pub mod verify;

pub use engine::{Engine, EngineError, EngineHandle, Stats};
pub use options::Options;
