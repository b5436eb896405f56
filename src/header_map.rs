//! Access to a header map without hashing a name: messages have few fields, and comparing standard names is cheap.

use http::header::{HeaderMap, HeaderName};

/// Whether the field is there.
#[inline]
pub(crate) fn has(fields: &HeaderMap, name: &HeaderName) -> bool {
    fields.keys().any(|present| present == name)
}

/// Removes the field, if it is there.
#[inline]
pub(crate) fn remove(fields: &mut HeaderMap, name: &HeaderName) {
    if has(fields, name) {
        fields.remove(name);
    }
}

/// Removes every field whose name `is_meant`.
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
