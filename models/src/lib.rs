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
pub mod random;
pub mod text;
pub mod train;
pub mod values;
pub mod workers;

pub use error::{Error, Result};
pub use model::Model;
pub use workers::{Pool, PoolOptions};
