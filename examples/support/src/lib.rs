//! What the examples share.

pub mod shutdown;
