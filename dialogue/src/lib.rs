//! Pure dialogue decisions: what a conversation remembers, what can happen to it, and what is to be done about it.
//! No IO, no clock, no randomness; see [`event`] and [`effect`] for the two seams.

pub mod effect;
pub mod event;
