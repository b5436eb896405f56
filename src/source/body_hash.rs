//! The source that hashes bodies: entity tags for services that have none.

use std::fmt;
use std::sync::Arc;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Method, StatusCode, header, response};
use sha2::{Digest as _, Sha256};

use super::compute::Digest;
use super::hmac::{HmacSha256, not_empty};
use super::{BodyTag, ContentDigest, Probing, States, Untagged, ValidatorSource};
use crate::header_map::has;
use crate::{EntityTag, Epoch, Representation};

/// Makes an entity tag from the response: SHA-256 over the body, Content-Type, Content-Encoding, Content-Language and the
/// length, truncated to 128 bits, in base64url.
///
/// By itself it only evaluates reads. With [`probe_with`](Self::probe_with) it also guards writes. The tags are stable: the
/// same response has the same tag in every process, on every platform and in every release.
///
/// These responses get no tag ([`Outcome::NotTagged`](crate::observe::Outcome::NotTagged) says why): bodies of unknown size or over the limit (default 1 MiB), `text/event-stream`, gRPC,
/// `no-store`, responses that already have a tag, and every status but 200. A 206 has only a part of the bytes that its tag
/// would have to be made from.
///
/// A body that is not as long as its size hint or Content-Length claims is sent without a tag.
///
/// **The bytes must not depend on chance.** Each `HashMap` or `HashSet` has an order of its own, so that JSON made of one has
/// another tag in almost every response, although the content is the same: clients get no 304, and a probed write gets 412. Use a
/// `BTreeMap`, or sort. The same is true of a time stamp or a request id in the body. The testkit finds both.
///
/// Put the layer inside of a compressor. Compressed bytes depend on timing, and so would their tag. Outside of a compressor a
/// body gets no tag, because an encoded body of unknown size never gets one, not even with
/// [`collect_streams`](Self::collect_streams). A precompressed body of known size does, and its coding is a part of the tag.
///
/// **If a resource is protected and its content can be guessed, the tag reveals whether a guess is right.** Use
/// [`key`](Self::key), and put the layer inside of authentication.
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

impl BodyHash {
    /// Makes strong tags, for responses that reach the client unchanged. There must be no compressor in between, unless
    /// [`ContentCodingLayer`](crate::content_coding::ContentCodingLayer) is around it.
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

    /// Makes weak tags, for routes whose responses are compressed or rewritten later. A weak tag never satisfies If-Match.
    #[must_use]
    pub const fn weak() -> Self {
        let mut hash = Self::strong();
        hash.weak = true;
        hash
    }

    /// Uses HMAC-SHA-256 with a secret key, so that nobody else can compute the tag of a guessed body.
    ///
    /// # Panics
    ///
    /// If the key is empty.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.key = Some(not_empty(key.as_ref()).into());
        self
    }

    /// Puts an epoch into the tags. Changing it invalidates every tag.
    #[must_use]
    pub const fn epoch(mut self, epoch: Epoch) -> Self {
        self.epoch = Some(epoch);
        self
    }

    /// Sets the largest body that gets a tag, in bytes (default 1 MiB). It bounds the memory of each response.
    #[must_use]
    pub const fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Collects bodies of unknown size too, up to the limit. A longer one goes on as a stream, without a tag.
    ///
    /// The first byte is sent only after the body has ended or the limit is reached. Do not use it for long-lived streams.
    #[must_use]
    pub const fn collect_streams(mut self) -> Self {
        self.unknown_lengths = true;
        self
    }

    /// Uses another digest. The key has no effect on it.
    #[must_use]
    pub fn digest<D: ContentDigest + 'static>(
        mut self,
        make: impl Fn() -> D + Send + Sync + 'static,
    ) -> Self {
        self.digest = Some(Arc::new(move || Box::new(make())));
        self
    }

    /// Also guards writes: before a write with preconditions, it sends a GET for the same target to this reader, and compares
    /// with the tag of the response. [`Probing`] says what a reader must do.
    ///
    /// The reader is a service of its own, such as a clone of the finished router. If that has path parameters, it needs the
    /// feature `axum`: otherwise every conditional write is answered 503.
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

    fn new_digest(&self) -> Digest {
        match &self.digest {
            Some(make) => Digest::Boxed(make()),
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
        let tag = BodyTag::of(self.new_digest(), self.limit).with_headers();
        let tag = tag.weakened(self.weak).in_epoch(self.epoch);
        // A compressor's bytes depend on timing.
        let collects = self.unknown_lengths && !has(&response.headers, &CONTENT_ENCODING);
        Some(tag.with_unknown_lengths(collects))
    }

    /// Its handlers state no validators of their own; some responses get no tag.
    fn states(&self, _: &Method) -> States {
        let tag = EntityTag::from_static(if self.weak { "W/\"hash\"" } else { "\"hash\"" });
        States::of([tag.into(), Representation::new().into()])
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

/// Whether the response gets no tag: it has one, is a part, is an endless stream, or must not be stored. One walk over the
/// headers, in place of a look-up for each.
fn is_left_alone(fields: &HeaderMap) -> bool {
    fields
        .iter()
        .any(|(name, value)| *name == header::ETAG || Untagged::by_field(name, value).is_some())
}

/// SHA-256, or HMAC-SHA-256 if there is a key.
pub(super) fn new_digest(key: Option<&[u8]>) -> Digest {
    match key {
        Some(key) => Digest::Boxed(Box::new(HmacSha256::new(key))),
        None => Digest::Sha256(Sha256::new()),
    }
}

/// The first 128 bits of a digest.
pub(super) fn first_half(digest: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}
