//! What the tests of the examples share: programs as child processes, real sockets, HTTP/1.1 and HTTP/2; services in
//! this process, with writers and readers that get in each other's way.

mod behind;
mod beside_a_writer;
mod client;
mod commands;
mod documented;
mod figure;
mod in_process;
mod process;
mod proxy;
mod quick_or_full;
mod race;
mod rules;
mod spellings;

pub use behind::{PROXIES, example_is};
pub use beside_a_writer::read_beside_a_writer;
pub use client::{Answer, Client, Protocol, server};
pub use commands::printed_commands;
pub use documented::expect_documented;
pub use figure::figure;
pub use in_process::{InProcess, StalledBody, ask, request, tag_of};
#[cfg(unix)]
pub use process::run_unprivileged;
pub use process::{Ended, Environment, Example, has_tool, in_ci, run, run_in, skip};
pub use proxy::{PATIENCE, Proxy, Relayed};
pub use quick_or_full::quick_or_full;
pub use race::{WRITERS, race, winner};
pub use rules::{HeldBack, Program, Service, Write, nobody_listens_at};
pub use spellings::{
    Spellings, both_at_once, each_had_one_winner, one_of_two_clients_wins, winners,
};
