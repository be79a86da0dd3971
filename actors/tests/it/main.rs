//! Tests of the runtime as a whole.

#![allow(clippy::unwrap_used)]

mod backup;
mod child;
mod deliveries;
mod disk;
mod erase;
mod faults;
mod flood;
mod harm;
mod identity;
mod order;
mod power;
mod retention;
mod stores;
mod verify;
mod world;
