//! How much a finding matters.

use std::fmt;

/// How much a finding matters to the users of the service, from the least to the most.
///
/// The rule decides, and in a few cases the method of the request that shows the finding: a failed `If-Match` that is
/// ignored loses an update on a PUT, and costs hardly anything on a GET.
///
/// # Examples
///
/// ```
/// use tower_conditional_testkit::Severity;
///
/// assert!(Severity::Error > Severity::Deviation);
/// assert_eq!(Severity::Advice.to_string(), "advice");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Better for users or operators. [`Report::is_clean`](crate::Report::is_clean) ignores it.
    Advice,
    /// Departs from the RFC, and few users notice: a form of a field that few clients send, a transfer that was not
    /// necessary. Mostly the framework or the server does it, not the code of the service.
    Deviation,
    /// Costs users: an update is lost, stale or damaged content is shown, a request fails that should succeed, or each
    /// visit transfers everything again.
    Error,
}

impl Severity {
    /// `error`, `deviation` or `advice`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Deviation => "deviation",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
