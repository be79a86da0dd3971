//! WhatsApp's Cloud API, outbound: rendering, sending, pacing, errors.

pub mod client;
pub mod errors;
mod interactive;
pub mod limits;
pub mod pacing;
pub mod render;
pub mod token;
