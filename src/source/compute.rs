//! Making a tag from the body of a response.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http_body::SizeHint;
#[cfg(feature = "body-hash")]
use sha2::{Digest as _, Sha256};

use super::Untagged;
use super::identifying::feed_identifying_headers;
use crate::{EntityTag, Epoch};

/// An incremental digest. The layer feeds it the frames of a body as they come, and then what else identifies the
/// representation.
///
/// # Examples
///
/// [`BodyHash`](crate::BodyHash) with another digest:
///
/// ```
/// use sha2::{Digest, Sha512};
/// use tower_conditional::source::ContentDigest;
/// use tower_conditional::BodyHash;
///
/// #[derive(Default)]
/// struct Wide(Sha512);
///
/// impl ContentDigest for Wide {
///     fn update(&mut self, bytes: &[u8]) {
///         self.0.update(bytes);
///     }
///
///     fn finish(self: Box<Self>) -> [u8; 16] {
///         self.0.finalize()[..16].try_into().expect("64 bytes")
///     }
/// }
///
/// let source = BodyHash::strong().digest(Wide::default);
/// # let _ = source;
/// ```
pub trait ContentDigest: Send {
    /// Takes the next bytes. The result must not depend on how they are split.
    fn update(&mut self, bytes: &[u8]);

    /// Returns the first 16 bytes (128 bits) of the digest. Fewer would not be safe for a strong validator.
    fn finish(self: Box<Self>) -> [u8; 16];
}

/// Makes an entity tag from a body: a digest, a limit, and whether the tag is weak.
///
/// [`ValidatorSource::compute`](crate::ValidatorSource::compute) returns one if the layer has to make the tag of a response.
///
/// # Examples
///
/// ```
/// use http::response::Parts;
/// use tower_conditional::source::BodyTag;
/// use tower_conditional::{BodyHash, ValidatorSource};
///
/// /// Hashes public responses, and takes the handler's validators on private ones.
/// struct Public(BodyHash);
///
/// impl ValidatorSource for Public {
///     type Resource = ();
///
///     fn looks_up(&self) -> bool {
///         false
///     }
///
///     fn reads_bodies(&self) -> bool {
///         true
///     }
///
///     fn compute(&self, response: &Parts) -> Option<BodyTag> {
///         let is_private = response.headers.get("cache-control").is_some_and(|control| control == "private");
///         if is_private { None } else { self.0.compute(response) }
///     }
/// }
/// ```
pub struct BodyTag {
    digest: Digest,
    /// Whether the identifying headers and the length follow the body.
    hashes_headers: bool,
    weak: bool,
    epoch: Option<Epoch>,
    limit: u64,
    unknown_lengths: bool,
}

impl BodyTag {
    /// A strong tag from this digest, for bodies of known size up to `limit` bytes.
    #[must_use]
    pub fn strong(digest: Box<dyn ContentDigest>, limit: u64) -> Self {
        Self::of(Digest::Boxed(digest), limit)
    }

    pub(super) const fn of(digest: Digest, limit: u64) -> Self {
        Self {
            digest,
            hashes_headers: false,
            weak: false,
            epoch: None,
            limit,
            unknown_lengths: false,
        }
    }

    /// A weak tag from this digest, for bodies of known size up to `limit` bytes.
    #[must_use]
    pub fn weak(digest: Box<dyn ContentDigest>, limit: u64) -> Self {
        Self::strong(digest, limit).weakened(true)
    }

    /// Makes the tag weak, or strong.
    pub(super) const fn weakened(mut self, weak: bool) -> Self {
        self.weak = weak;
        self
    }

    /// Also hashes the headers that identify a representation, and the length of the body.
    #[cfg(feature = "body-hash")]
    pub(super) const fn with_headers(mut self) -> Self {
        self.hashes_headers = true;
        self
    }

    /// Puts an epoch before the digest.
    #[cfg(feature = "body-hash")]
    pub(crate) const fn in_epoch(mut self, epoch: Option<Epoch>) -> Self {
        self.epoch = epoch;
        self
    }

    /// Whether to collect bodies of unknown size, too. Beyond the limit they go on as a stream, without a tag.
    #[cfg(feature = "body-hash")]
    pub(crate) const fn with_unknown_lengths(mut self, collected: bool) -> Self {
        self.unknown_lengths = collected;
        self
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// Why a body with this size hint and this claimed size is not collected. `None` if it is.
    pub(crate) fn refuses(
        &self,
        size: &SizeHint,
        claimed: Option<u64>,
        headers: &HeaderMap,
    ) -> Option<Untagged> {
        let at_least = claimed.unwrap_or_default().max(size.lower());
        if size.exact().is_none() && !self.unknown_lengths {
            Some(Untagged::of_unknown_length(headers))
        } else if at_least > self.limit {
            Some(Untagged::OverLimit)
        } else {
            None
        }
    }

    pub(crate) const fn limit(&self) -> u64 {
        self.limit
    }

    /// Makes the tag of a body of this length that was hashed to its end.
    pub(crate) fn finish_body(mut self, headers: &HeaderMap, length: u64) -> EntityTag {
        if self.hashes_headers {
            feed_identifying_headers(&mut self, headers, length);
        }
        self.finish()
    }

    /// Makes the tag: `"<epoch>.<22 base64url characters>"`, or without epoch and dot.
    pub(crate) fn finish(self) -> EntityTag {
        let opening = if self.weak { "W/\"" } else { "\"" };
        let epoch = self.epoch.map_or("", Epoch::name);
        let dot = if self.epoch.is_some() { "." } else { "" };
        // The exact capacity, so that the conversion to `Bytes` does not reallocate.
        let length = opening.len() + epoch.len() + dot.len() + DIGITS + 1;
        let mut tag = Vec::with_capacity(length);
        for part in [opening, epoch, dot] {
            tag.extend_from_slice(part.as_bytes());
        }
        let start = tag.len();
        // Space for the digest, and the closing quote.
        tag.resize(length, b'"');
        // Cannot fail: 16 bytes are 22 characters.
        let _ = URL_SAFE_NO_PAD.encode_slice(self.digest.finish(), &mut tag[start..]);
        EntityTag::of_valid(tag)
    }
}

/// The digest of a tag that is being made.
pub(super) enum Digest {
    /// The usual one, which needs no allocation.
    #[cfg(feature = "body-hash")]
    Sha256(Sha256),
    Boxed(Box<dyn ContentDigest>),
}

impl Digest {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            #[cfg(feature = "body-hash")]
            Self::Sha256(digest) => digest.update(bytes),
            Self::Boxed(digest) => digest.update(bytes),
        }
    }

    fn finish(self) -> [u8; 16] {
        match self {
            #[cfg(feature = "body-hash")]
            Self::Sha256(digest) => super::body_hash::first_half(digest.finalize().into()),
            Self::Boxed(digest) => digest.finish(),
        }
    }
}

/// The length of a digest in base64url without padding.
const DIGITS: usize = 22;

impl fmt::Debug for BodyTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyTag")
            .field("weak", &self.weak)
            .field("epoch", &self.epoch)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
