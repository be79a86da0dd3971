//! The durable session runtime: what is accepted is journalled before it is acknowledged, handled in order by one actor a
//! conversation, and answered once. Generic over [`Session`](session::Session); knows nothing of what a message means.

pub mod accept;
pub mod clock;
pub mod session;
