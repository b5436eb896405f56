//! What lies between an origin and its clients: which proxy it is, and what it does to tags.
//!
//! What is public here is pure, and takes what a server sent as it came.

mod ask;
mod diagnosis;
mod file_tag;
mod proxy;
mod save;
mod tag;

pub(crate) use ask::{CODINGS, End, Series, ask, first};
pub use diagnosis::RULES;
pub(crate) use diagnosis::diagnose;
pub use file_tag::made_of_file;
pub use proxy::{Proxy, Recognised, recognise};
pub(crate) use save::{Scratch, Trial, Written, revalidate_and_save};
pub(crate) use tag::escaped;
pub use tag::{Rewrite, Shown};
