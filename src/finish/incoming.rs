//! The way in: suffixes that this layer has appended are taken off the tags that come back.

use http::header::{
    ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
};

use super::Coded;
use crate::EntityTag;
use crate::tag_list::{self, ListForm, RawTag};

/// The tags of If-None-Match as the client sent them, kept where a 304 may have to repeat one of them.
pub(super) type SentTags = Vec<EntityTag>;

/// The suffixes that [`outgoing`](super::outgoing) appends.
pub(super) const SUFFIXES: [&str; 4] = ["-gzip", "-br", "-zstd", "-deflate"];

pub(super) fn prepare(headers: &mut HeaderMap, coded: Coded) -> SentTags {
    let mut sent = SentTags::new();
    match coded {
        Coded::Suffixed => {
            strip_suffixes(headers, IF_MATCH, |_| ());
            strip_suffixes(headers, IF_NONE_MATCH, |tag| sent.push(tag));
        }
        Coded::Weakened => remember_weak(headers, &mut sent),
        Coded::Left => {
            // One tag for coded and identity bytes: a range of the one would be spliced onto the other.
            if headers.contains_key(IF_RANGE) && headers.contains_key(ACCEPT_ENCODING) {
                headers.remove(RANGE);
            }
        }
    }
    sent
}

/// Rewrites the list of a field if a tag in it carries a suffix; a list that is malformed is not ours to mend.
fn strip_suffixes(headers: &mut HeaderMap, name: HeaderName, mut keep: impl FnMut(EntityTag)) {
    if !headers.contains_key(&name) {
        return;
    }
    let mut stripped = Vec::new();
    let mut any = false;
    let form = tag_list::scan(headers.get_all(&name).iter(), |tag| {
        let bare = without_suffix(tag);
        any |= bare.is_some();
        stripped.push(bare.unwrap_or_else(|| octets(tag)));
    });
    if form != ListForm::Tags || !any {
        return;
    }
    tag_list::scan(headers.get_all(&name).iter(), |tag| {
        keep(EntityTag::of_valid(octets(tag)));
    });
    if let Ok(list) = HeaderValue::from_bytes(&stripped.join(&b", "[..])) {
        headers.insert(name, list);
    }
}

fn without_suffix(tag: RawTag<'_>) -> Option<Vec<u8>> {
    let opaque = SUFFIXES
        .iter()
        .find_map(|suffix| tag.opaque().strip_suffix(suffix.as_bytes()))?;
    let opening: &[u8] = if tag.weak { b"W/\"" } else { b"\"" };
    Some([opening, opaque, b"\""].concat())
}

fn octets(tag: RawTag<'_>) -> Vec<u8> {
    let weak: &[u8] = if tag.weak { b"W/" } else { b"" };
    [weak, tag.opaque_tag].concat()
}

fn remember_weak(headers: &HeaderMap, sent: &mut SentTags) {
    tag_list::scan(headers.get_all(IF_NONE_MATCH).iter(), |tag| {
        if tag.weak {
            sent.push(EntityTag::of_valid(octets(tag)));
        }
    });
}
