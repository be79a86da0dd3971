//! Simulator and shop over HTTP, as the product sees them.

mod shop;
mod sim;
