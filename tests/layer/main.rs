//! The layer around services: what is answered, what the handler gets to see, how often it is called, and when.
//!
//! Tables are keyed by the sections of RFC 9110.

mod between;
mod bodies;
mod collected;
mod computing;
#[path = "../vectors/decision_table.rs"]
mod decision_table;
mod decisions;
#[path = "../vectors/entry.rs"]
mod entry;
mod explain;
mod faults;
mod future_dates;
mod glob;
mod lock;
mod mistakes;
mod mounting;
mod not_modified;
mod passing;
mod programs;
mod readiness;
mod recovery;
mod refusals;
mod route_labels;
mod sources;
mod support;
mod update_only;
mod vectors;
mod weak_tags;
mod wire;
