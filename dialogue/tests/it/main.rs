//! Integration tests of the dialogue.

mod config;
mod flows;
mod golden;
mod laws;
mod patterns;
mod shop;
