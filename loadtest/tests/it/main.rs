//! The simulator over HTTP, with an engine that only listens.

mod shop;
