//! A layer that remembers what was read, and asks for it again with If-None-Match.

mod layer;
mod service;
mod store;

pub use layer::RememberLayer;
pub use service::{ReadTag, Remember};
pub use store::{InMemoryStore, Remembered, Store};
