//! The source for handlers that set their own validators.

use super::ValidatorSource;

/// Takes the `ETag` and `Last-Modified` that the handler has set, to make 304s.
///
/// It looks nothing up, so writes pass to the handler without evaluation.
///
/// # Examples
///
/// ```
/// use tower_conditional::{ConditionalLayer, FromResponse};
///
/// let layer = ConditionalLayer::new(FromResponse);
/// # let _ = layer;
/// ```
#[doc(alias("ETag", "304"))]
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "it has nothing to configure")]
pub struct FromResponse;

impl ValidatorSource for FromResponse {
    type Resource = ();

    fn looks_up(&self) -> bool {
        false
    }
}
