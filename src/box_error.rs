//! A boxed error of any type.

use std::error::Error;

/// Any error of a source, a lock or a reader. It is the same type as `tower::BoxError`.
pub type BoxError = Box<dyn Error + Send + Sync>;
