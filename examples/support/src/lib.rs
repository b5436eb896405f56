//! What the examples share: arguments, a listener, a limit in time, a graceful end, the log, and problem bodies.
//!
//! None of it is about conditional requests.

pub mod arguments;
#[cfg(feature = "axum")]
mod in_time;
mod listen;
#[cfg(feature = "axum")]
mod problem;
mod run;
#[cfg(feature = "axum")]
mod serve;
pub mod shutdown;

#[cfg(feature = "axum")]
pub use in_time::{PATIENCE, in_time};
pub use lexopt;
pub use listen::{announce, listen};
#[cfg(feature = "axum")]
pub use problem::problem;
pub use run::{run, run_now};
#[cfg(feature = "axum")]
pub use serve::serve;
