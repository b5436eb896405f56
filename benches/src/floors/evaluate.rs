//! The four preconditions in the order of section 13.2.2, against one strong tag.

use http::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use http::{Method, StatusCode};
use memchr::memmem;

/// Whether a header of the request begins with `if-`.
pub fn any(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| matches!(name.as_str().as_bytes(), [b'i', b'f', b'-', ..]))
}

/// What the preconditions make of the request: 304, 412, or nothing. Dates are not in the floors.
pub fn evaluate(method: &Method, headers: &HeaderMap, tag: &HeaderValue) -> Option<StatusCode> {
    if !any(headers) {
        return None;
    }
    if lists(headers, &IF_MATCH, tag) == Some(false) {
        return Some(StatusCode::PRECONDITION_FAILED);
    }
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    (lists(headers, &IF_NONE_MATCH, tag) == Some(true)).then_some(if is_read {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::PRECONDITION_FAILED
    })
}

/// Whether the header lists the tag. `None` if the header is not there.
pub fn lists(headers: &HeaderMap, name: &HeaderName, tag: &HeaderValue) -> Option<bool> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    let is_in = |line: &HeaderValue| has(line.as_bytes(), tag.as_bytes());
    Some(is_in(first) || lines.any(is_in))
}

/// Whether the list has the tag: found by its first bytes, where an even number of quotes comes before.
pub fn has(list: &[u8], tag: &[u8]) -> bool {
    if list == tag {
        return true;
    }
    let start = &tag[..tag.len().min(8)];
    let (mut from, mut quotes) = (0, 0);
    while let Some(at) = memmem::find(&list[from..], start) {
        let at = from + at;
        quotes += memchr::memchr_iter(b'"', &list[from..at]).count();
        if quotes % 2 == 0 && list[at..].starts_with(tag) {
            return true;
        }
        (from, quotes) = (at + 1, quotes + 1);
    }
    false
}
