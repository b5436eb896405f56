//! What peers need in order to be asked like the others.

pub(crate) mod etag_cache;
pub(crate) mod loco;
pub(crate) mod memory;
