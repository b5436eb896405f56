//! The command with correct, flawed, hostile and dead servers: its findings, its output and its exit code.

mod arguments;
mod check;
mod comparison;
mod documented;
mod not_asked;
mod output;
mod planted;
mod properties;
mod support;
mod tls;
