//! A model of a conditional write, from the client that has read a tag to the answer that it gets: look-up, queue, look-ups
//! that others publish, statement, on replicas that crash. Every order of its steps is tried.
//!
//! Each action says which code of the library it stands for. A model is not the code: the tests of the library and
//! `shuttle/` run the code itself.

#![cfg(test)]

mod claims;
mod model;
mod step;
