//! The shared transformer: the encoder's last layers, which training may adapt to a shop's own examples together with the
//! heads above them.

pub mod backward;
pub mod forward;
mod product;
pub mod weights;

pub use weights::{Layer, Shape, Top};
