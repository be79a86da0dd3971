//! Simulator and shop over HTTP, as the product sees them.

mod ends;
mod shop;
mod sim;
