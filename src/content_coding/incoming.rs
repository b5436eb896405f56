//! The request: tags with a suffix of this layer are also listed without it.

use bytes::Bytes;
use http::Request;
use http::header::{
    ACCEPT_ENCODING, Entry, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_RANGE,
    RANGE,
};

use super::layer::TagForm;
use crate::field::{Field, FieldSet};
use crate::method_class::MethodClass;
use crate::tag_list::{self, ListForm, RawTag};
use crate::token_list::members;

/// The suffixes that [`outgoing`](super::outgoing) appends: a hyphen and the coding.
const SUFFIXES: [&str; 4] = ["-gzip", "-br", "-zstd", "-deflate"];

/// Some of the [`SUFFIXES`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Suffixes([bool; SUFFIXES.len()]);

impl Suffixes {
    pub(super) const ALL: Self = Self([true; SUFFIXES.len()]);

    fn those(is_meant: impl Fn(&str) -> bool) -> Self {
        Self(SUFFIXES.map(is_meant))
    }

    pub(super) fn find(self, is_meant: impl Fn(&str) -> bool) -> Option<&'static str> {
        let known = SUFFIXES.into_iter().zip(self.0);
        let mut those = known.filter_map(|(suffix, is_one)| is_one.then_some(suffix));
        those.find(|suffix| is_meant(suffix))
    }

    /// The opaque tag without its suffix, and without its quotes. `None` if it has none of them.
    fn undo(self, tag: RawTag<'_>) -> Option<&[u8]> {
        let opaque = tag.opaque();
        let suffix = self.find(|suffix| opaque.ends_with(suffix.as_bytes()))?;
        opaque.strip_suffix(suffix.as_bytes())
    }
}

/// The If-None-Match of the client, if this layer may have rewritten a tag in it. A 304 may have to repeat that tag.
///
/// Boxed where it is kept: few requests have one.
#[derive(Debug)]
pub(super) struct SentTags {
    lines: Vec<HeaderValue>,
    /// The suffixes that were undone; `None` where tags are weakened.
    undone: Option<Suffixes>,
}

impl SentTags {
    /// Calls `visit` with each tag that this layer may have rewritten.
    pub(super) fn for_each<'s>(&'s self, mut visit: impl FnMut(RawTag<'s>)) {
        tag_list::scan(&self.lines, |tag| {
            let may_be_ours = match self.undone {
                Some(undone) => undone.undo(tag).is_some(),
                None => tag.weak,
            };
            if may_be_ours {
                visit(tag);
            }
        });
    }
}

/// Prepares the conditional headers of a request for the inner service. Returns the rewritten tags in If-None-Match.
pub(super) fn prepare<B>(request: &mut Request<B>, form: TagForm) -> Option<Box<SentTags>> {
    let given = FieldSet::in_headers(request.headers());
    // Range is of no interest without a validator.
    if !given.any() || form == TagForm::Left {
        return None;
    }
    let class = MethodClass::of(request.method());
    let headers = request.headers_mut();
    if given.has_range() && might_splice(headers, form) {
        headers.remove(RANGE);
    }
    if form == TagForm::Weakened {
        return weak_tags(headers);
    }
    if given.has(Field::IfMatch) {
        list_bare_tags_too(headers, IF_MATCH, |_| Suffixes::ALL);
    }
    if !given.has(Field::IfNoneMatch) {
        return None;
    }
    list_bare_tags_too(headers, IF_NONE_MATCH, |headers| {
        undone_in_if_none_match(headers, class)
    })
}

/// Whether the client could combine bytes without a content coding with encoded ones: compressors do not encode a 206, and
/// the client's part may be from an encoded 200.
fn might_splice(headers: &HeaderMap, form: TagForm) -> bool {
    let Some(validator) = headers.get(IF_RANGE).or_else(|| headers.get(IF_MATCH)) else {
        return false;
    };
    match (RawTag::parse(validator.as_bytes().trim_ascii()), form) {
        (Some(tag), TagForm::Suffixed) => Suffixes::ALL.undo(tag).is_some(),
        // A weakened tag satisfies neither field, and otherwise nothing is encoded.
        (Some(_), TagForm::Weakened | TagForm::Left) | (None, TagForm::Left) => false,
        // A date is the same for all codings.
        (None, TagForm::Suffixed | TagForm::Weakened) => {
            SUFFIXES.iter().any(|suffix| accepts(headers, &suffix[1..]))
        }
    }
}

/// The suffixes that are removed in If-None-Match. On a read only those of the codings that the client accepts, because
/// after a 304 a cache may serve it the stored encoded bytes. On a write all of them.
fn undone_in_if_none_match(headers: &HeaderMap, class: MethodClass) -> Suffixes {
    Suffixes::those(|suffix| class == MethodClass::Write || accepts(headers, &suffix[1..]))
}

/// Adds to the list, for each tag with one of these suffixes, the tag without it. Returns the list as it was, if it has one.
///
/// The tag itself stays in the list, because a digest may end like a suffix by chance. A malformed list is left to the inner
/// service, which may refuse it.
fn list_bare_tags_too(
    headers: &mut HeaderMap,
    name: HeaderName,
    undone: impl FnOnce(&HeaderMap) -> Suffixes,
) -> Option<Box<SentTags>> {
    let lines = headers.get_all(&name);
    let mut has_suffix = false;
    let form = tag_list::scan(&lines, |tag| {
        has_suffix |= Suffixes::ALL.undo(tag).is_some()
    });
    if form != ListForm::Tags || !has_suffix {
        return None;
    }
    // Only now, because it reads Accept-Encoding.
    let undone = undone(headers);
    let length: usize = lines.iter().map(HeaderValue::len).sum();
    let mut list = Vec::with_capacity(3 * length);
    let mut has_bare = false;
    tag_list::scan(&lines, |tag| {
        list_tag(&mut list, tag.weak, tag.opaque());
        if let Some(bare) = undone.undo(tag) {
            list_tag(&mut list, tag.weak, bare);
            has_bare = true;
        }
    });
    if !has_bare {
        return None;
    }
    let list = HeaderValue::from_maybe_shared(Bytes::from(list)).ok()?;
    // In two steps, because `OccupiedEntry::insert_mult` of http 1.5 panics if there are three lines or more.
    let Entry::Occupied(entry) = headers.entry(name) else {
        return None;
    };
    let (name, lines) = entry.remove_entry_mult();
    let lines = lines.collect();
    headers.insert(name, list);
    Some(Box::new(SentTags {
        lines,
        undone: Some(undone),
    }))
}

/// Adds one tag to a list.
fn list_tag(list: &mut Vec<u8>, weak: bool, opaque: &[u8]) {
    let comma: &[u8] = if list.is_empty() { b"" } else { b", " };
    let opening: &[u8] = if weak { b"W/\"" } else { b"\"" };
    for part in [comma, opening, opaque, b"\""] {
        list.extend_from_slice(part);
    }
}

/// The If-None-Match, if it has a weak tag.
fn weak_tags(headers: &HeaderMap) -> Option<Box<SentTags>> {
    let lines = headers.get_all(IF_NONE_MATCH);
    let mut has_weak = false;
    tag_list::scan(&lines, |tag| has_weak |= tag.weak);
    has_weak.then(|| {
        Box::new(SentTags {
            lines: lines.iter().cloned().collect(),
            undone: None,
        })
    })
}

/// Whether Accept-Encoding accepts this coding (RFC 9110, section 12.5.3). Without the header no coding is accepted here,
/// because compressors then send none.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let mut by_wildcard = false;
    for member in headers.get_all(ACCEPT_ENCODING).iter().flat_map(members) {
        let mut parts = member.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let accepted = !parts.any(is_zero_weight);
        if name.eq_ignore_ascii_case(coding.as_bytes()) {
            return accepted;
        }
        if name == b"*" {
            by_wildcard = accepted;
        }
    }
    by_wildcard
}

fn is_zero_weight(parameter: &[u8]) -> bool {
    match parameter {
        [b'q' | b'Q', b'=', weight @ ..] => weight.iter().all(|byte| matches!(byte, b'0' | b'.')),
        _ => false,
    }
}
