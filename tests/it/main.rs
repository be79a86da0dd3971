//! Tests of the assembled product.
// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

mod flows;
mod graph;
mod probe;
mod promises;
mod support;
mod webhook;
mod whatsapp;
