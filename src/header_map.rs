//! Looking into a header map without hashing a name: a comparison of numbers for each field, and most messages have few.

use http::header::{HeaderMap, HeaderName};

/// Whether the field is there.
#[inline]
pub(crate) fn has(fields: &HeaderMap, name: &HeaderName) -> bool {
    fields.keys().any(|present| present == name)
}

/// Takes the field off, if it is there.
#[inline]
pub(crate) fn remove(fields: &mut HeaderMap, name: &HeaderName) {
    if has(fields, name) {
        fields.remove(name);
    }
}
