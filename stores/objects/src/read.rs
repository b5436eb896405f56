//! GET streams an object, or one part of it; HEAD asks the store for no content.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use object_store::{Attribute, Error, GetOptions, GetRange, GetResult};

use crate::app::Shared;
use crate::objects::{Key, find, is_deleted, tag};
use crate::problem::Problem;

/// States the tag of what it streams. The layer has taken Range away where If-Range is false.
pub(crate) async fn object(
    State(Shared { store, .. }): State<Shared>,
    Key(key): Key,
    method: Method,
    fields: HeaderMap,
) -> Result<Response, Problem> {
    if method == Method::HEAD {
        // Without the content, and without regard to Range (RFC 9110, section 14.2).
        let head = find(&key, &store).await?.filter(|head| !is_deleted(head));
        return streamed(StatusCode::OK, head.ok_or(Problem::NotFound)?);
    }
    if let Some(range) = fields.get(RANGE).and_then(range) {
        let head = find(&key, &store).await?.filter(|head| !is_deleted(head));
        let head = head.ok_or(Problem::NotFound)?;
        if !is_satisfiable(&range, head.meta.size) {
            return Err(Problem::NotSatisfiable(head.meta.size));
        }
        let part = GetOptions {
            range: Some(range),
            // The part is of the object whose length was looked at.
            if_match: head.meta.e_tag,
            ..GetOptions::default()
        };
        match store.get_opts(&key, part).await {
            Ok(part) => return streamed(StatusCode::PARTIAL_CONTENT, part),
            // Replaced in between: all of the new one, as if there were no Range.
            Err(Error::Precondition { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let object = store.get_opts(&key, GetOptions::default()).await?;
    if is_deleted(&object) {
        return Err(Problem::NotFound);
    }
    streamed(StatusCode::OK, object)
}

fn streamed(status: StatusCode, object: GetResult) -> Result<Response, Problem> {
    let (range, size) = (object.range.clone(), object.meta.size);
    let tag = tag(object.meta.e_tag.as_deref())?;
    let media_type = object.attributes.get(&Attribute::ContentType);
    let media_type = media_type.and_then(|value| HeaderValue::from_str(value).ok());
    let mut response = (status, Body::from_stream(object.into_stream())).into_response();
    let fields = response.headers_mut();
    fields.insert(ETAG, tag.into());
    fields.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    fields.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    fields.insert(
        CONTENT_TYPE,
        media_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        fields.insert(CONTENT_RANGE, HeaderValue::try_from(part).expect("digits"));
    }
    Ok(response)
}

/// One range of bytes. Anything else is ignored, as RFC 9110, section 14.2, allows.
fn range(value: &HeaderValue) -> Option<GetRange> {
    let (first, last) = value
        .to_str()
        .ok()?
        .strip_prefix("bytes=")?
        .split_once('-')?;
    let number = |digits: &str| {
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u64>().ok()).flatten()
    };
    match (first, last) {
        ("", last) => Some(GetRange::Suffix(number(last)?)),
        (first, "") => Some(GetRange::Offset(number(first)?)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| GetRange::Bounded(first..last.saturating_add(1)))
        }
    }
}

fn is_satisfiable(range: &GetRange, size: u64) -> bool {
    match range {
        GetRange::Suffix(length) => *length > 0 && size > 0,
        GetRange::Offset(first) => *first < size,
        GetRange::Bounded(range) => range.start < size,
    }
}
