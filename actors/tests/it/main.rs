//! Tests of the runtime as a whole.

#![allow(clippy::unwrap_used)]

mod child;
mod deliveries;
mod faults;
mod harm;
mod identity;
mod order;
mod retention;
mod simulation;
mod stores;
mod world;
