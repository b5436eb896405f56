//! Why a response gets no tag from a source that makes tags from bodies.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode, response};

use crate::token_list::members;

/// Why a response has no entity tag, although the source makes tags from bodies
/// ([`Outcome::NotTagged`](crate::observe::Outcome::NotTagged)).
///
/// # Examples
///
/// ```
/// use tower_conditional::observe::{Outcome, Untagged};
/// use tower_conditional::{BodyHash, ConditionalLayer};
///
/// let layer = ConditionalLayer::new(BodyHash::strong()).observe(|evaluation| {
///     if evaluation.outcome == Outcome::NotTagged(Untagged::ContentCoding) {
///         println!("a compressor inside of the layer, on {:?}", evaluation.route());
///     }
/// });
/// # let _ = layer;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Untagged {
    /// The status is not 200.
    Status,
    /// The response has a Content-Encoding and its length is not known: a compressor is inside of the layer. Put it outside.
    ContentCoding,
    /// The length of the body is not known. [`BodyHash::collect_streams`](crate::BodyHash::collect_streams) reads such bodies.
    UnknownLength,
    /// The body is longer than the limit of the source ([`BodyHash::limit`](crate::BodyHash::limit)).
    OverLimit,
    /// The response must not be stored (`Cache-Control: no-store`).
    NoStore,
    /// The body may never end: `text/event-stream` or gRPC.
    Stream,
    /// The response has a Content-Range, so that its body is a part.
    Partial,
    /// The request is a HEAD, and its handler sent no body to make the tag from.
    Head,
    /// The body is not as long as its size hint or Content-Length claims.
    WrongLength,
    /// The body failed.
    Failed,
    /// The source made none: [`compute`](crate::ValidatorSource::compute) returned `None`.
    Source,
}

impl Untagged {
    /// The stable name for logs and metrics, such as `content_coding`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::ContentCoding => "content_coding",
            Self::UnknownLength => "unknown_length",
            Self::OverLimit => "over_limit",
            Self::NoStore => "no_store",
            Self::Stream => "stream",
            Self::Partial => "partial",
            Self::Head => "head",
            Self::WrongLength => "wrong_length",
            Self::Failed => "failed",
            Self::Source => "source",
        }
    }

    /// Why the source made no tag, as far as the head of the response says it. `None` if the handler has set a tag.
    pub(crate) fn by_head(head: &response::Parts) -> Option<Self> {
        let headers = &head.headers;
        if headers.contains_key(header::ETAG) {
            None
        } else if head.status != StatusCode::OK {
            Some(Self::Status)
        } else {
            let mut fields = headers.iter();
            let by_field = fields.find_map(|(name, value)| Self::by_field(name, value));
            Some(by_field.unwrap_or(Self::Source))
        }
    }

    /// Why a response has no tag whose body was not looked at.
    pub(crate) fn of_unread<B>(response: &Response<B>) -> Option<Self> {
        if response.headers().contains_key(header::ETAG) {
            None
        } else if response.status() == StatusCode::OK {
            Some(Self::Head)
        } else {
            Some(Self::Status)
        }
    }

    /// Why a body must not be read, if this field says so.
    pub(crate) fn by_field(name: &HeaderName, value: &HeaderValue) -> Option<Self> {
        match *name {
            header::CONTENT_RANGE => Some(Self::Partial),
            header::CONTENT_TYPE if is_endless(value) => Some(Self::Stream),
            header::CACHE_CONTROL if is_no_store(value) => Some(Self::NoStore),
            _ => None,
        }
    }

    /// Why a body of unknown length is not read.
    pub(crate) fn of_unknown_length(headers: &HeaderMap) -> Self {
        if headers.contains_key(header::CONTENT_ENCODING) {
            Self::ContentCoding
        } else {
            Self::UnknownLength
        }
    }
}

/// Whether bodies of this type may never end.
fn is_endless(content_type: &HeaderValue) -> bool {
    let is_type = |prefix: &[u8]| {
        let start = content_type.as_bytes().get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    is_type(b"text/event-stream") || is_type(b"application/grpc")
}

fn is_no_store(cache_control: &HeaderValue) -> bool {
    members(cache_control).any(|directive| directive.eq_ignore_ascii_case(b"no-store"))
}
