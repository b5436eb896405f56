//! What the tests of the examples share: programs as child processes, real sockets, HTTP/1.1 and HTTP/2.

mod behind;
mod client;
mod commands;
mod documented;
mod process;
mod proxy;
mod race;

pub use behind::{PROXIES, example_is};
pub use client::{Answer, Client, Protocol, server};
pub use commands::printed_commands;
pub use documented::expect_documented;
pub use process::{Ended, Example, has_tool, in_ci, run, skip};
pub use proxy::{PATIENCE, Proxy, Relayed};
pub use race::{WRITERS, race, winner};
