//! Understanding: text → language, intents, entities, with calibrated probabilities.

pub mod artefact;
pub mod calibrate;
pub mod data;
pub mod encoder;
pub mod error;
pub mod eval;
pub mod features;
pub mod heads;
pub mod language;
pub mod measures;
pub mod model;
pub mod parsed;
pub mod pool;
pub mod progress;
mod queue;
pub mod random;
mod recent;
pub mod report;
pub mod shared;
pub mod swap;
pub mod text;
pub mod train;
pub mod values;
mod vetting;
mod worker;
pub mod workers;

pub use error::{Error, Result};
pub use model::Model;
pub use swap::{Needs, SwapEvent, SwapOptions};
pub use workers::{Pool, PoolOptions};
