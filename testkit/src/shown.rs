//! Field names and values in a form that people can read.

use std::fmt;

use http::header::{HeaderMap, HeaderName};

/// `if-none-match` as the RFC spells it: `If-None-Match`. (`ETag` is the exception: it becomes `Etag`.)
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

/// A field value that people can read: ASCII as it is, anything else as `\xe9`.
pub(crate) struct Escaped<'v>(pub(crate) &'v [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| match byte {
            b'\t' | b' '..=b'~' => write!(f, "{}", char::from(byte)),
            _ => write!(f, "\\x{byte:02x}"),
        })
    }
}

/// The lines of a field, in a form that people can read.
pub(crate) fn lines(fields: &HeaderMap, name: &HeaderName) -> String {
    let lines: Vec<_> = fields
        .get_all(name)
        .iter()
        .map(|line| format!("{name}: {}", Escaped(line.as_bytes())))
        .collect();
    match lines.as_slice() {
        [] => format!("no {name}"),
        lines => lines.join(", "),
    }
}
