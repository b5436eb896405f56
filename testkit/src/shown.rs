//! Field names and values as people read them.

use std::fmt;

use http::header::{HeaderMap, HeaderName};

/// `if-none-match` as the RFC spells it: `If-None-Match`. (The one exception is ours to bear: `Etag`.)
pub(crate) struct Capitalised<'n>(pub(crate) &'n HeaderName);

impl fmt::Display for Capitalised<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, word) in self.0.as_str().split('-').enumerate() {
            let (first, rest) = word.split_at(word.len().min(1));
            let dash = if place == 0 { "" } else { "-" };
            write!(f, "{dash}{}{rest}", first.to_ascii_uppercase())?;
        }
        Ok(())
    }
}

/// A field value for people: ASCII as it is, anything else as `\xe9`.
pub(crate) struct Octets<'v>(pub(crate) &'v [u8]);

impl fmt::Display for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&octet| match octet {
            b'\t' | b' '..=b'~' => write!(f, "{}", char::from(octet)),
            _ => write!(f, "\\x{octet:02x}"),
        })
    }
}

/// The lines of a field, for people.
pub(crate) fn lines(fields: &HeaderMap, name: &HeaderName) -> String {
    let lines: Vec<_> = fields
        .get_all(name)
        .iter()
        .map(|line| format!("{name}: {}", Octets(line.as_bytes())))
        .collect();
    match lines.as_slice() {
        [] => format!("no {name}"),
        lines => lines.join(", "),
    }
}
