//! Tests of the assembled product.
// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

mod agents;
mod catalogue;
mod chat;
mod clock;
mod consent;
mod control;
mod crash;
mod flows;
mod graph;
mod identity;
mod load;
mod operators;
mod preference;
mod probe;
mod promises;
mod support;
mod webhook;
mod whatsapp;
