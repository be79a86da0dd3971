//! The world the product is played against.

/// Files of one of this crate's assistants, by their paths in its folder.
macro_rules! assistant {
    ($name:literal: $($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assistants/", $name, "/", $path)))),*]
    };
}
pub(crate) use assistant;

pub mod crash;
pub mod load;
pub mod oracle;
mod phone;
pub mod shop;
pub mod side;
pub mod signals;
pub mod sim;
pub mod talk;
pub mod world;
