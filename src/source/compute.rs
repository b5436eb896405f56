//! Making a tag from the body of a response.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http_body::SizeHint;

use super::Untagged;
use crate::{EntityTag, Epoch};

/// An incremental digest. The layer feeds it every byte that identifies a representation, in order.
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
    digest: Box<dyn ContentDigest>,
    weak: bool,
    epoch: Option<Epoch>,
    limit: u64,
    unknown_lengths: bool,
}

impl BodyTag {
    /// A strong tag from this digest, for bodies of known size up to `limit` bytes.
    #[must_use]
    pub fn strong(digest: Box<dyn ContentDigest>, limit: u64) -> Self {
        Self {
            digest,
            weak: false,
            epoch: None,
            limit,
            unknown_lengths: false,
        }
    }

    /// A weak tag from this digest, for bodies of known size up to `limit` bytes.
    #[must_use]
    pub fn weak(digest: Box<dyn ContentDigest>, limit: u64) -> Self {
        Self {
            weak: true,
            ..Self::strong(digest, limit)
        }
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
