//! Integration tests of the dialogue.

mod conditions;
mod config;
mod consent;
mod flows;
mod golden;
mod laws;
mod moment;
mod patterns;
mod plain;
mod shop;
