//! Content codings (gzip, br, zstd, deflate), which change the bytes under a tag: a layer around the compressor of this
//! service, and tags that a proxy has rewritten.
//!
//! | what compresses | what tells the codings apart |
//! |---|---|
//! | a layer of this service, such as tower-http's `CompressionLayer` | [`ContentCodingLayer`] around it |
//! | a proxy, which appends `-gzip` to the tag or weakens it | [`RewrittenTags`], accepted in preconditions |

#[cfg(feature = "layer")]
mod future;
#[cfg(feature = "layer")]
mod incoming;
#[cfg(feature = "layer")]
mod layer;
#[cfg(feature = "layer")]
mod outgoing;

#[cfg(feature = "layer")]
pub use future::ResponseFuture;
#[cfg(feature = "layer")]
pub use layer::{ContentCoding, ContentCodingLayer};

pub use crate::rewritten_tag::RewrittenTags;
