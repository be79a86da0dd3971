//! Sources of commands, in the order in which they are asked: taps, rules, understanding.

mod amend;
mod answers;
mod beside;
mod confirm;
mod means;
pub mod nlu;
pub mod plain;
pub(crate) mod question;
mod reading;
mod refusal;
mod rows;
pub mod rules;
pub mod taps;
pub mod values;
pub mod yes_no;
