//! HTTP conditional requests as a tower [`Layer`](tower::Layer): ETag, If-Match, 304, 412 and 428, exactly as
//! [RFC 9110, section 13] says.
//!
//! *Preconditions* are what the client asked, a *representation* is what the server knows, *evaluate* compares the
//! two. The layer fetches the second and obeys the third.
//!
//! [RFC 9110, section 13]: https://www.rfc-editor.org/rfc/rfc9110#section-13
#![cfg_attr(tower_conditional_docsrs, feature(doc_cfg))]
// A few questions that only the layer asks are answered in the core, beside what they are about.
#![cfg_attr(not(feature = "layer"), allow(dead_code))]

#[cfg(feature = "axum")]
pub mod axum;
mod entity_tag;
mod evaluate;
mod fields;
mod http_date;
mod method_class;
#[cfg(feature = "layer")]
mod middleware;
mod precondition_failed;
mod preconditions;
mod refusal;
mod representation;
#[cfg(feature = "layer")]
mod response;
mod rewritten_tag;
#[cfg(feature = "layer")]
mod source;
mod tag_list;

pub use entity_tag::{EntityTag, Epoch, InvalidEntityTag};
pub use evaluate::Decision;
pub use http_date::HttpDate;
pub use method_class::MethodClass;
#[cfg(feature = "layer")]
pub use middleware::{
    Checked, CollectBody, CollectUpTo, Conditional, ConditionalBody, ConditionalLayer,
    InProcessLock, Judged, JudgedByHandler, Moment, NewVersion, ResponseFuture, StoredVerbatim,
    Verdict, WriteGuard, WriteKey, WriteLock, WritePolicy,
};
pub use precondition_failed::{PreconditionFailed, Reason};
pub use preconditions::{Field, Preconditions};
pub use refusal::Refusal;
pub use representation::{Absent, Current, Representation};
pub use rewritten_tag::RewrittenTags;
#[cfg(feature = "body-hash")]
pub use source::BodyHash;
#[cfg(feature = "layer")]
pub use source::{
    BodyTag, BoxError, BoxSource, Compute, ContentDigest, Fixed, FromResponse, InMemoryVersions,
    Or, Probe, ProbeBody, Probing, SourceError, SourceFn, ValidatorSource, source_fn,
};
