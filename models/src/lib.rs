//! Understanding: text → language, intents, entities, with calibrated probabilities.

pub mod pool;
