//! Content codings (gzip, br, zstd, deflate): a layer that gives each coding a tag of its own, and the acceptance of tags that
//! a proxy has rewritten.
//!
//! | what compresses | use |
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
