//! What identifies a representation beside its body: three headers and the length.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName};

use super::BodyTag;
use crate::field_lines::lines_in;

/// Hashes for each header the number of its lines, and then the length and the bytes of each line, so that different headers
/// never hash the same bytes. Last comes the length of the body, which says where the body ended.
///
/// It all follows the body, so that a digest that works in aligned chunks gets the body aligned.
pub(super) fn feed_identifying_headers(tag: &mut BodyTag, headers: &HeaderMap, length: u64) {
    let fields: [_; 3] = lines_in(headers, place_of_identifying);
    for lines in fields {
        let Some(lines) = lines else {
            tag.update(&number(0));
            continue;
        };
        tag.update(&number(lines.count()));
        lines.for_each(|line| {
            tag.update(&number(line.len()));
            tag.update(line.as_bytes());
        });
    }
    tag.update(&length.to_be_bytes());
}

/// The index of a header that is a part of the tag, in the order in which they are hashed.
const fn place_of_identifying(name: &HeaderName) -> Option<usize> {
    match *name {
        CONTENT_TYPE => Some(0),
        CONTENT_ENCODING => Some(1),
        CONTENT_LANGUAGE => Some(2),
        _ => None,
    }
}

/// A number in four bytes. Header sections are far below 4 GiB.
fn number(of: usize) -> [u8; 4] {
    u32::try_from(of).unwrap_or(u32::MAX).to_be_bytes()
}
