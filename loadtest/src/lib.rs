//! The world the product is played against.

pub mod crash;
pub mod load;
pub mod oracle;
mod phone;
pub mod shop;
pub mod side;
pub mod sim;
pub mod talk;
pub mod world;
