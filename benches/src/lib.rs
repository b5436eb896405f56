//! The measured rows: operations, each beside its base. The binaries bring the meters.
//!
//! One *operation* of a service is `poll_ready`, `call`, the future, the body to its end, and dropping everything. The
//! request is made outside of what is measured.

pub mod clock;
pub mod floors;
pub mod meter;
pub mod rows;
pub mod services;
