//! The room as others see it: training, artefacts, the pool.

mod fixture;
mod pool;
mod reference;
mod training;
