//! The checks, a module for each field or topic. Each begins with the plainest case and stops if that fails.

pub(crate) mod elsewhere;
pub(crate) mod head;
pub(crate) mod if_match;
pub(crate) mod if_modified_since;
pub(crate) mod if_none_match;
pub(crate) mod if_unmodified_since;
pub(crate) mod not_modified;
pub(crate) mod precedence;
mod races;
pub(crate) mod range;
pub(crate) mod validators;
pub(crate) mod writes;
