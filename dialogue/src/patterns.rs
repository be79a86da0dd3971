//! Repair patterns: when each runs. What is said stands in `patterns.yml`, built in or the configuration's.

pub mod cannot_handle;
pub mod clarification;
pub mod completed;
pub mod correction;
pub mod digression;
pub mod handed_back;
pub mod internal_error;
pub mod session_start;
pub mod silence;
pub mod unsupported_language;
