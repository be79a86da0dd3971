//! Sources of commands, in the order in which they are asked: taps, rules, understanding.

pub mod nlu;
pub mod rules;
pub mod taps;
mod yes_no;
