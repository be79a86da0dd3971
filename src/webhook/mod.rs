//! WhatsApp's webhooks: signature, payload, and what each part of it means to the engine.
//!
//! Pure: bytes and time in, items out. No HTTP here.

mod content;
mod echo;
mod identity;
pub mod kinds;
mod lenient;
mod message;
mod out;
mod parse;
mod payload;
mod people;
mod preference;
pub mod signature;
mod status;

pub use out::Parsed;
pub use parse::parse;
