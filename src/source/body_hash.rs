//! The stock source that hashes bodies: right tags for services that know nothing of them.

use std::fmt;
use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode, header, response};
use sha2::{Digest, Sha256};

use super::hmac::{HmacSha256, not_empty};
use super::{BodyTag, ContentDigest, Probing, ValidatorSource};
use crate::Epoch;
use crate::field_lines::{Lines, lines_in};
use crate::token_list::members;

/// Makes an entity tag of what is served: SHA-256 over content type, content encoding, content language and the
/// bytes, truncated to 128 bits, in base64url.
///
/// By itself it judges reads only; [`probe_with`](Self::probe_with) lets it guard writes as well. The tag is a stable
/// contract: the same content gives the same tag in every process, on every platform and in every release.
///
/// Left alone are bodies of unknown size or over the limit (default 1 MiB), `text/event-stream`, gRPC, `no-store`,
/// responses that have a tag, and everything but a 200: a 206 is a part, and its tag would be that of the whole.
///
/// A body that turns out not to be as long as its size hint or Content-Length says passes on without a tag.
///
/// Mount the layer inside of a compressor: how compressed bytes are cut up depends on timing, and so would their
/// tag. Outside of it the compressed body has no known size, and an encoded body of unknown size never gets a tag,
/// not even with [`collect_streams`](Self::collect_streams). One that was encoded beforehand and has a known
/// size does; its coding is part of the tag.
///
/// A body hash of a protected, guessable resource is an oracle: use [`key`](Self::key), inside authentication.
///
/// # Examples
///
/// ```
/// use tower_conditional::{BodyHash, ConditionalLayer};
///
/// let layer = ConditionalLayer::new(BodyHash::strong());
/// # let _ = layer;
/// ```
#[doc(alias("ETag", "304", "hash", "SHA-256"))]
#[derive(Clone)]
pub struct BodyHash {
    weak: bool,
    key: Option<Arc<[u8]>>,
    epoch: Option<Epoch>,
    limit: u64,
    unknown_lengths: bool,
    digest: Option<Arc<dyn Fn() -> Box<dyn ContentDigest> + Send + Sync>>,
}

/// The fields that tell representations with equal bytes apart, in the order in which they are fed.
const fn place_of_identifying(name: &HeaderName) -> Option<usize> {
    match *name {
        CONTENT_TYPE => Some(0),
        CONTENT_ENCODING => Some(1),
        CONTENT_LANGUAGE => Some(2),
        _ => None,
    }
}

impl BodyHash {
    /// Strong tags: for responses that reach the client as the layer saw them, with no compressor in between.
    #[must_use]
    pub const fn strong() -> Self {
        Self {
            weak: false,
            key: None,
            epoch: None,
            limit: 1024 * 1024,
            unknown_lengths: false,
            digest: None,
        }
    }

    /// Weak tags: for routes that something outside compresses or rewrites. No If-Match can ever be true on them.
    #[must_use]
    pub const fn weak() -> Self {
        let mut hash = Self::strong();
        hash.weak = true;
        hash
    }

    /// With a secret key (HMAC-SHA-256), so that nobody can compute the tag of a guessed body.
    ///
    /// # Panics
    ///
    /// When the key is empty: everybody knows that one.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.key = Some(not_empty(key.as_ref()).into());
        self
    }

    /// With an epoch: changing it invalidates every tag on purpose.
    #[must_use]
    pub const fn epoch(mut self, epoch: Epoch) -> Self {
        self.epoch = Some(epoch);
        self
    }

    /// The largest body that is collected, in bytes (default 1 MiB). It bounds the memory of each response.
    #[must_use]
    pub const fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Collects bodies of unknown size too, up to the limit; a longer one goes on as a stream, without a tag.
    ///
    /// It delays the first byte until the body has ended or the limit is reached: not for streams that live long.
    #[must_use]
    pub const fn collect_streams(mut self) -> Self {
        self.unknown_lengths = true;
        self
    }

    /// With another digest. The key is not used with it.
    #[must_use]
    pub fn digest<D: ContentDigest + 'static>(
        mut self,
        make: impl Fn() -> D + Send + Sync + 'static,
    ) -> Self {
        self.digest = Some(Arc::new(move || Box::new(make())));
        self
    }

    /// Guards writes too: before a write that carries preconditions, this reader is asked (with a GET for the same
    /// target) what the representation is now.
    ///
    /// The reader is a service of its own, such as a clone of the finished router (one with path parameters needs the
    /// feature `axum`, otherwise every conditional write is answered 503):
    ///
    /// ```
    /// # use axum::{Router, routing::get};
    /// use tower_conditional::{BodyHash, ConditionalLayer};
    ///
    /// let router: Router = Router::new().route("/", get(async || "hello"));
    /// let source = BodyHash::strong().probe_with(router.clone());
    /// let protected = router.layer(ConditionalLayer::new(source));
    /// # let _ = protected;
    /// ```
    #[doc(alias("If-Match", "lost update"))]
    #[must_use]
    pub fn probe_with<R>(self, reader: R) -> Probing<Self, R> {
        Probing::new(self, reader)
    }

    fn new_digest(&self) -> Box<dyn ContentDigest> {
        match &self.digest {
            Some(make) => make(),
            None => new_digest(self.key.as_deref()),
        }
    }
}

impl ValidatorSource for BodyHash {
    type Resource = ();

    fn looks_up(&self) -> bool {
        false
    }

    fn reads_bodies(&self) -> bool {
        true
    }

    fn compute(&self, response: &response::Parts) -> Option<BodyTag> {
        if response.status != StatusCode::OK || is_left_alone(&response.headers) {
            return None;
        }
        let mut digest = self.new_digest();
        let identifying = lines_in(&response.headers, place_of_identifying);
        let [_, encoding, _] = &identifying;
        let is_encoded = encoding.is_some();
        feed_identifying_fields(&mut *digest, identifying);
        let tag = if self.weak {
            BodyTag::weak(digest, self.limit)
        } else {
            BodyTag::strong(digest, self.limit)
        };
        let tag = tag.in_epoch(self.epoch);
        Some(tag.with_unknown_lengths(self.unknown_lengths && !is_encoded))
    }
}

impl fmt::Debug for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyHash")
            .field("weak", &self.weak)
            .field("keyed", &self.key.is_some())
            .field("epoch", &self.epoch)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Endless streams, parts of something else, and what must not be kept anyway. One walk: no look-up for each field.
fn is_left_alone(fields: &HeaderMap) -> bool {
    fields.iter().any(|(name, value)| match *name {
        header::ETAG | header::CONTENT_RANGE => true,
        CONTENT_TYPE => is_endless(value),
        header::CACHE_CONTROL => is_no_store(value),
        _ => false,
    })
}

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

/// For each field the number of lines, then each line's length and bytes: no two sets of fields feed the same.
fn feed_identifying_fields(digest: &mut dyn ContentDigest, fields: [Option<Lines<'_>>; 3]) {
    for lines in fields {
        let Some(lines) = lines else {
            digest.update(&number(0));
            continue;
        };
        digest.update(&number(lines.count()));
        lines.for_each(|line| {
            digest.update(&number(line.len()));
            digest.update(line.as_bytes());
        });
    }
}

/// Field sections are far below 4 GiB; a longer one would only make the tag coarser.
fn number(of: usize) -> [u8; 4] {
    u32::try_from(of).unwrap_or(u32::MAX).to_be_bytes()
}

/// SHA-256, or HMAC-SHA-256 where there is a key.
pub(super) fn new_digest(key: Option<&[u8]>) -> Box<dyn ContentDigest> {
    match key {
        Some(key) => Box::new(HmacSha256::new(key)),
        None => Box::new(Plain(Sha256::new())),
    }
}

struct Plain(Sha256);

impl ContentDigest for Plain {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self: Box<Self>) -> [u8; 16] {
        first_half(self.0.finalize().into())
    }
}

pub(super) fn first_half(digest: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}
