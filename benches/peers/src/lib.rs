//! The layer beside its peers: other crates for the same jobs, measured in the same run.
//!
//! An *operation* is what it is in `tower-conditional-benches`, and so are the meters and the bare service. Every peer
//! has to answer correctly before it is measured.

pub mod jobs;
mod name;
mod peers;
mod request;

pub use name::job_and_who;
