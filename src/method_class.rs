//! Which methods preconditions mean something to ([RFC 9110, section 13.2.1]).
//!
//! [RFC 9110, section 13.2.1]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1

use http::Method;

/// What a method does with the target, as far as preconditions are concerned.
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
    /// It selects a representation and changes nothing: a false If-None-Match is 304.
    Read,
    /// It may change the target: every false precondition is 412, before anything happens.
    Write,
    /// It does neither (CONNECT, OPTIONS, TRACE), or nobody knows: its preconditions are not looked at.
    Neither,
}

impl MethodClass {
    /// The stable name that logs and metrics use: `read`, `write` or `neither`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Neither => "neither",
        }
    }

    /// The class of the methods that RFC 9110, RFC 5789 and RFC 10008 (QUERY) define; every other method is
    /// [`Neither`](Self::Neither).
    ///
    /// Names are case-sensitive: `get` is not GET. PROPFIND, PROPPATCH and the like have to be registered.
    #[must_use]
    pub fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Read,
            Method::POST | Method::PUT | Method::PATCH | Method::DELETE => Self::Write,
            _ => Self::of_others(method),
        }
    }

    /// Not inlined: few requests need a name compared, and [`of`](Self::of) is small without it.
    #[inline(never)]
    fn of_others(method: &Method) -> Self {
        if method.as_str() == "QUERY" {
            Self::Read
        } else {
            Self::Neither
        }
    }
}
