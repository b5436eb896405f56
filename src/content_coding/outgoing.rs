//! The response: a tag for each coding, and 304s with the headers of the 200.

use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED,
    TRANSFER_ENCODING,
};
use http::{Response, StatusCode};
use http_body::Body;

use super::incoming::{SentTags, Suffixes};
use super::layer::TagForm;
use crate::EntityTag;
use crate::body::{ConditionalBody, drop_content_of_head};
use crate::header_map::has;
use crate::response::TaggedForCoding;
use crate::tag_list::RawTag;
use crate::token_list::add_vary;

/// Corrects tag, Vary and content of a response.
pub(super) fn repair<B: Body>(
    response: Response<B>,
    form: TagForm,
    sent: Option<&SentTags>,
    is_head: bool,
) -> Response<ConditionalBody<B>> {
    let mut response = response.map(ConditionalBody::inner);
    let status = response.status();
    match status {
        _ if form == TagForm::Left => {}
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => {
            let is_encoded = has(response.headers(), &CONTENT_ENCODING);
            if is_encoded && response.extensions().get::<TaggedForCoding>().is_none() {
                distinguish_codings(response.headers_mut(), form);
            }
            vary_by_coding(response.headers_mut());
        }
        StatusCode::NOT_MODIFIED => {
            let headers = response.headers_mut();
            if let Some(sent) = sent {
                repeat_the_sent_tag(headers, sent);
            }
            vary_by_coding(headers);
        }
        _ => {}
    }
    if has_no_content(status) {
        drop_content(&mut response);
    } else if is_head && !is_empty(response.body()) {
        drop_content_of_head(&mut response);
    }
    response
}

/// Whether an inner service has already dropped the content. Then the length of the body is not that of the content.
fn is_empty<B: Body>(body: &ConditionalBody<B>) -> bool {
    body.size().exact() == Some(0)
}

/// Sends in a 304 the tag of the response that the client has stored, if that is ours with a suffix or weakened.
fn repeat_the_sent_tag(headers: &mut HeaderMap, sent: &SentTags) {
    let Some(ours) = tag_of(headers) else {
        return;
    };
    let mut first = None;
    sent.for_each(|sent| first = first.take().or_else(|| as_sent(&ours, sent)));
    if let Some(tag) = first {
        headers.insert(ETAG, tag.into());
    }
}

/// Our tag in the rewritten form in which the client sent it. `None` if `sent` is another tag.
fn as_sent(ours: &EntityTag, sent: RawTag<'_>) -> Option<EntityTag> {
    let appended = sent.opaque().strip_prefix(ours.raw().opaque())?;
    let tag = match Suffixes::ALL.find(|suffix| suffix.as_bytes() == appended) {
        Some(suffix) => ours.with_suffix(suffix),
        None if appended.is_empty() => ours.clone(),
        None => return None,
    };
    Some(if sent.weak { tag.to_weak() } else { tag })
}

/// Gives an encoded response a tag of its own.
fn distinguish_codings(headers: &mut HeaderMap, form: TagForm) {
    let Some(ours) = tag_of(headers) else {
        return;
    };
    let suffix = headers.get(CONTENT_ENCODING).and_then(known_suffix);
    let tag = match (form, suffix) {
        (TagForm::Suffixed, Some(suffix)) => ours.with_suffix(suffix),
        // The suffix of an unknown coding would not be recognised in a request.
        (TagForm::Suffixed, None) | (TagForm::Weakened | TagForm::Left, _) => ours.to_weak(),
    };
    headers.insert(ETAG, tag.into());
}

fn known_suffix(coding: &HeaderValue) -> Option<&'static str> {
    let coding = coding.as_bytes().trim_ascii();
    Suffixes::ALL.find(|suffix| suffix.as_bytes()[1..].eq_ignore_ascii_case(coding))
}

fn tag_of(headers: &HeaderMap) -> Option<EntityTag> {
    EntityTag::from_header_value(headers.get(ETAG)?).ok()
}

/// Adds Accept-Encoding to Vary, on a 200 and on its 304. A response without a validator has no 304.
fn vary_by_coding(headers: &mut HeaderMap) {
    if has(headers, &ETAG) || has(headers, &LAST_MODIFIED) {
        add_vary(headers, &HeaderValue::from_static("accept-encoding"));
    }
}

/// Whether a response with this status never has content (section 6.4.1).
fn has_no_content(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn drop_content<B: Body>(response: &mut Response<ConditionalBody<B>>) {
    *response.body_mut() = ConditionalBody::none();
    for name in [CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
        response.headers_mut().remove(name);
    }
}
