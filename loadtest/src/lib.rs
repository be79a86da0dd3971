//! The world the product is played against.

mod phone;
pub mod shop;
pub mod sim;
pub mod talk;
pub mod world;
