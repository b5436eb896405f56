//! What the command `tower-conditional-doctor` is made of.
//!
//! Install the command; this library is there for it, and for the tests of [`edge`]. It is no stable API.

mod arguments;
mod comparison;
pub mod edge;
mod json;
mod progress;
mod report;
mod run;
mod server;
mod text;

pub use run::main;
