//! The room as others see it: training, artefacts, the pool, the encoder.
#![allow(clippy::unwrap_used)]

mod encoder;
mod fixture;
mod pool;
mod report;
mod stories;
mod swap;
mod training;
mod values;
