//! The request: tags with a suffix of this layer are also listed without it.

use http::Request;
use http::header::{
    ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
};

use super::layer::TagForm;
use crate::EntityTag;
use crate::method_class::MethodClass;
use crate::tag_list::{self, ListForm, RawTag};
use crate::token_list::members;

/// The tags in If-None-Match that this layer may have rewritten. A 304 may have to repeat one of them.
pub(super) type SentTags = Vec<EntityTag>;

/// The suffixes that [`outgoing`](super::outgoing) appends: a hyphen and the coding.
pub(super) const SUFFIXES: [&str; 4] = ["-gzip", "-br", "-zstd", "-deflate"];

/// Prepares the conditional headers of a request for the inner service. Returns the rewritten tags in If-None-Match.
pub(super) fn prepare<B>(request: &mut Request<B>, form: TagForm) -> SentTags {
    let class = MethodClass::of(request.method());
    let headers = request.headers_mut();
    if headers.contains_key(RANGE) && might_splice(headers, form) {
        headers.remove(RANGE);
    }
    match form {
        TagForm::Suffixed => {
            list_bare_tags_too(headers, IF_MATCH, &SUFFIXES);
            let undone = undone_in_if_none_match(headers, class);
            list_bare_tags_too(headers, IF_NONE_MATCH, &undone)
        }
        TagForm::Weakened => weak_tags(headers),
        TagForm::Left => SentTags::new(),
    }
}

/// Whether the client could combine bytes without a content coding with encoded ones: compressors do not encode a 206, and
/// the client's part may be from an encoded 200.
fn might_splice(headers: &HeaderMap, form: TagForm) -> bool {
    let Some(validator) = headers.get(IF_RANGE).or_else(|| headers.get(IF_MATCH)) else {
        return false;
    };
    match (RawTag::parse(validator.as_bytes().trim_ascii()), form) {
        (Some(tag), TagForm::Suffixed) => without_suffix(tag, &SUFFIXES).is_some(),
        // A weakened tag satisfies neither field.
        (Some(_), TagForm::Weakened) => false,
        // Nothing is encoded.
        (_, TagForm::Left) => false,
        // A date is the same for all codings.
        (None, _) => SUFFIXES.iter().any(|suffix| accepts(headers, &suffix[1..])),
    }
}

/// The suffixes that are removed in If-None-Match. On a read only those of the codings that the client accepts, because
/// after a 304 a cache may serve it the stored encoded bytes. On a write all of them.
fn undone_in_if_none_match(headers: &HeaderMap, class: MethodClass) -> Vec<&'static str> {
    let undone = |suffix: &&str| class == MethodClass::Write || accepts(headers, &suffix[1..]);
    SUFFIXES.into_iter().filter(undone).collect()
}

/// Adds to the list, for each tag with one of these suffixes, the tag without it. Returns the tags with a suffix.
///
/// The tag itself stays in the list, because a digest may end like a suffix by chance. A malformed list is left to the inner
/// service, which may refuse it.
fn list_bare_tags_too(headers: &mut HeaderMap, name: HeaderName, suffixes: &[&str]) -> SentTags {
    let mut listed = Vec::new();
    let mut suffixed = SentTags::new();
    let form = tag_list::scan(headers.get_all(&name).iter(), |tag| {
        listed.push(bytes(tag));
        if let Some(bare) = without_suffix(tag, suffixes) {
            listed.push(bare);
            suffixed.push(EntityTag::of_valid(bytes(tag)));
        }
    });
    if form != ListForm::Tags || suffixed.is_empty() {
        return SentTags::new();
    }
    if let Ok(list) = HeaderValue::from_bytes(&listed.join(&b", "[..])) {
        headers.insert(name, list);
    }
    suffixed
}

/// The tag without its suffix. `None` if it has none of them.
fn without_suffix(tag: RawTag<'_>, suffixes: &[&str]) -> Option<Vec<u8>> {
    let opaque = suffixes
        .iter()
        .find_map(|suffix| tag.opaque().strip_suffix(suffix.as_bytes()))?;
    let opening: &[u8] = if tag.weak { b"W/\"" } else { b"\"" };
    Some([opening, opaque, b"\""].concat())
}

fn bytes(tag: RawTag<'_>) -> Vec<u8> {
    let weak: &[u8] = if tag.weak { b"W/" } else { b"" };
    [weak, tag.opaque_tag].concat()
}

/// The weak tags in If-None-Match.
fn weak_tags(headers: &HeaderMap) -> SentTags {
    let mut weak = SentTags::new();
    tag_list::scan(headers.get_all(IF_NONE_MATCH).iter(), |tag| {
        if tag.weak {
            weak.push(EntityTag::of_valid(bytes(tag)));
        }
    });
    weak
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
