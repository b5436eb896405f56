//! What every store is asked, whichever recipe is in front of it: a table of requests, writers that all meet in the store, and
//! how many statements a request costs.
//!
//! A recipe runs as two processes over one engine, and the write lock of the layer is off: what keeps two writers apart
//! is the store.

mod documented;
mod engine;
mod hammer;
mod logged;
mod replica;
mod suite;
mod table;
mod writer;

pub use engine::Engine;
pub use logged::DriverLog;
pub use replica::{Replica, run};
pub use suite::{Names, Statements, Store, Tried, try_out};
