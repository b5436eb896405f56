//! The methods that preconditions apply to ([RFC 9110, section 13.2.1]).
//!
//! [RFC 9110, section 13.2.1]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1

use http::Method;

/// How preconditions apply to a method: as to a read, as to a write, or not at all.
///
/// # Examples
///
/// Methods of other specifications are registered with the layer:
///
/// ```
/// use tower_conditional::precondition::MethodClass;
/// use tower_conditional::{ConditionalLayer, FromResponse};
///
/// let layer = ConditionalLayer::new(FromResponse).classify(|method| match method.as_str() {
///     "PROPFIND" => Some(MethodClass::Read),
///     "PROPPATCH" => Some(MethodClass::Write),
///     _ => None,
/// });
/// # let _ = layer;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a method selects, modifies, or does neither"
)]
pub enum MethodClass {
    /// The method selects a representation and changes nothing. A false If-None-Match is answered 304.
    Read,
    /// The method may change the target. Every false precondition is answered 412, and nothing is changed.
    Write,
    /// The method does neither (CONNECT, OPTIONS, TRACE) or is not known. Its preconditions are ignored.
    Neither,
}

impl MethodClass {
    /// The stable name for logs and metrics: `read`, `write` or `neither`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Neither => "neither",
        }
    }

    /// The class of a method of RFC 9110, RFC 5789 (PATCH) or RFC 10008 (QUERY). Every other method is
    /// [`Neither`](Self::Neither): PROPFIND, PROPPATCH and the like have to be registered with the layer.
    ///
    /// Names are case-sensitive: `get` is not GET.
    #[must_use]
    pub fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Read,
            Method::POST | Method::PUT | Method::PATCH | Method::DELETE => Self::Write,
            _ => Self::of_others(method),
        }
    }

    /// Not inlined, so that [`of`](Self::of) stays small: few requests need it.
    #[inline(never)]
    fn of_others(method: &Method) -> Self {
        if method.as_str() == "QUERY" {
            Self::Read
        } else {
            Self::Neither
        }
    }
}
