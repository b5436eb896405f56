//! The second moment: what a source makes of a response.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body::SizeHint;

use crate::{EntityTag, Epoch};

/// An incremental digest of content; the layer feeds it, in order, every byte that identifies a representation.
///
/// # Examples
///
/// Another digest in the stock source:
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
    /// Takes the next bytes. How they are split must not change the outcome.
    fn update(&mut self, bytes: &[u8]);

    /// The first 16 bytes (128 bits) of the digest: less is not safe as a strong validator.
    fn finish(self: Box<Self>) -> [u8; 16];
}

/// A tag in the making: a digest, and how the tag is written when the whole body was seen.
///
/// [`ValidatorSource::compute`](crate::ValidatorSource::compute) answers one where the layer is to make a tag of the body.
///
/// # Examples
///
/// ```
/// use http::response::Parts;
/// use tower_conditional::source::BodyTag;
/// use tower_conditional::{BodyHash, ValidatorSource};
///
/// /// Hashes what is public, and takes the handler's word on the rest.
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
    /// A strong tag made of this digest, for bodies of known size up to `limit` bytes.
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

    /// A weak tag made of this digest, for bodies of known size up to `limit` bytes.
    #[must_use]
    pub fn weak(digest: Box<dyn ContentDigest>, limit: u64) -> Self {
        Self {
            weak: true,
            ..Self::strong(digest, limit)
        }
    }

    /// With an epoch before the digest.
    #[cfg(feature = "body-hash")]
    pub(crate) const fn in_epoch(mut self, epoch: Option<Epoch>) -> Self {
        self.epoch = epoch;
        self
    }

    /// Bodies of unknown size are collected up to the limit as well; beyond it they go on as a stream, untagged.
    #[cfg(feature = "body-hash")]
    pub(crate) const fn with_unknown_lengths(mut self, collected: bool) -> Self {
        self.unknown_lengths = collected;
        self
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// Whether a body of this size, and with this claim, is to be collected.
    pub(crate) fn takes(&self, size: &SizeHint, claimed: Option<u64>) -> bool {
        let is_known = size.exact().is_some();
        let at_least = claimed.unwrap_or_default().max(size.lower());
        (is_known || self.unknown_lengths) && at_least <= self.limit
    }

    pub(crate) const fn limit(&self) -> u64 {
        self.limit
    }

    /// The tag: `"<epoch>.<22 base64url characters>"`, or without epoch and dot.
    pub(crate) fn finish(self) -> EntityTag {
        let opening = if self.weak { "W/\"" } else { "\"" };
        let epoch = self.epoch.map_or("", Epoch::name);
        let dot = if self.epoch.is_some() { "." } else { "" };
        // No byte more than it takes: a larger one would be allocated again.
        let length = opening.len() + epoch.len() + dot.len() + DIGITS + 1;
        let mut tag = Vec::with_capacity(length);
        for part in [opening, epoch, dot] {
            tag.extend_from_slice(part.as_bytes());
        }
        let start = tag.len();
        // The closing quote, and before it the place of the digest.
        tag.resize(length, b'"');
        // 16 bytes are 22 characters, always.
        let _ = URL_SAFE_NO_PAD.encode_slice(self.digest.finish(), &mut tag[start..]);
        EntityTag::of_valid(tag)
    }
}

/// How many characters of base64url a digest takes.
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
