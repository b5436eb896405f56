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

/// Removes every field whose name is meant.
pub(crate) fn remove_all(headers: &mut HeaderMap, is_meant: impl Fn(&HeaderName) -> bool) {
    let names: Vec<_> = headers
        .keys()
        .filter(|name| is_meant(name))
        .cloned()
        .collect();
    for name in names {
        headers.remove(name);
    }
}
