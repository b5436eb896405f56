//! The client over scripted services, over the library in process, and beside other writers.

mod answers;
mod beside_others;
mod page;
mod remember;
mod rules;
mod support;
mod wire;
