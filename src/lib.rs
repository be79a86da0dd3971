//! The edge: CLI, HTTP server, WhatsApp's wire format, outbound client, backends; composes the rooms.

pub mod agents;
pub mod assistant;
pub mod backends;
mod body;
pub mod bot;
pub mod catalogue;
pub mod cli;
pub mod control;
pub mod demo;
pub mod erasure;
pub mod performer;
pub mod run;
pub mod secret;
pub mod server;
pub mod settings;
pub mod telemetry;
pub mod understanding;
pub mod webhook;
pub mod whatsapp;
