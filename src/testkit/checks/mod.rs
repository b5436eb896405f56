//! The checks, a room for each field or topic. Each begins with the plainest case and stops if that fails.

pub(super) mod elsewhere;
pub(super) mod head;
pub(super) mod if_match;
pub(super) mod if_modified_since;
pub(super) mod if_none_match;
pub(super) mod if_unmodified_since;
pub(super) mod not_modified;
pub(super) mod precedence;
pub(super) mod range;
pub(super) mod validators;
pub(super) mod writes;
