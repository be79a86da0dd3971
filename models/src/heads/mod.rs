//! The trained parts: a classifier over messages, a tagger over words, and what both are stored in.

pub mod classifier;
pub mod given;
pub mod lattice;
pub mod math;
pub mod spans;
pub mod sparse;
pub mod tagger;
pub mod tags;
pub mod tensors;
