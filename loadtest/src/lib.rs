//! The world the product is played against.
