//! Errors of any type.

use std::error::Error;

/// Any error, as sources and locks report it.
pub type BoxError = Box<dyn Error + Send + Sync>;
