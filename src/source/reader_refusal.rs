//! A reader that refuses a probe: its response becomes the answer to the write.

use bytes::Bytes;
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_LOCATION, ETAG, EXPIRES, HeaderName, HeaderValue,
    LAST_MODIFIED, PRAGMA, TRAILER, TRANSFER_ENCODING,
};
use http::{Response, response};
use http_body::Body;

use super::SourceError;
use crate::frames::whole;
use crate::header_map::remove_all;

/// The longest body that is passed on, in bytes.
const LIMIT: u64 = 64 * 1024;

/// Turns the reader's response into a refusal, without validators and with `no-store`. A body that is too long, or fails, is
/// left out.
pub(super) async fn refused_by_reader<B>(mut head: response::Parts, body: B) -> SourceError
where
    B: Body<Data = Bytes> + Unpin,
{
    let text = whole(body, LIMIT).await;
    let has_text = text.is_some();
    remove_all(&mut head.headers, |name| {
        is_not_passed_on(name) || !has_text && name.as_str().starts_with("content-")
    });
    let no_store = HeaderValue::from_static("no-store");
    head.headers.insert(CACHE_CONTROL, no_store);
    SourceError::refused(Response::from_parts(head, text.unwrap_or_default()))
}

/// Whether a header of the response to the GET is dropped: validators, headers for caches, and the framing of the body.
fn is_not_passed_on(name: &HeaderName) -> bool {
    let of_the_get = [
        ETAG,
        LAST_MODIFIED,
        CONTENT_LOCATION,
        EXPIRES,
        AGE,
        PRAGMA,
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        TRAILER,
    ];
    // RFC 9213 has fields for single caches, such as CDN-Cache-Control.
    of_the_get.contains(name) || name.as_str().ends_with("cache-control")
}
