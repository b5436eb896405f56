//! Refusals: 400, 412, 428 and 503. The body says which field failed, why, and what to do
//! ([RFC 9110, section 15.5.13], [RFC 6585, section 3], [RFC 9457]).
//!
//! [RFC 9110, section 15.5.13]: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.13
//! [RFC 6585, section 3]: https://www.rfc-editor.org/rfc/rfc6585#section-3
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

use std::sync::OnceLock;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use crate::field::Field;
use crate::{PreconditionFailed, Reason};

/// The reason why the layer does not perform a request: a 400, 412, 428 or 503.
///
/// [`to_problem`](Self::to_problem) turns it into a response; an application may make another one.
///
/// # Examples
///
/// A response in the form of the application's other errors:
///
/// ```
/// use http::{Response, header::CONTENT_TYPE};
/// use tower_conditional::source::InMemoryVersions;
/// use tower_conditional::{ConditionalLayer, Refusal};
///
/// let layer = ConditionalLayer::new(InMemoryVersions::new()).refuse_with(|refusal: &Refusal| {
///     let text = format!(r#"{{"code":"{}","message":"{}"}}"#, refusal.error(), refusal.detail());
///     let response = Response::builder().status(refusal.status()).header(CONTENT_TYPE, "application/json");
///     response.body(text.into()).expect("a status and a type")
/// });
/// # let _ = layer;
/// ```
#[doc(alias("400", "412", "428", "503", "problem", "error"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    field: Option<Field>,
    reason: Reason,
}

impl Refusal {
    pub(crate) const fn of(field: Option<Field>, reason: Reason) -> Self {
        Self { field, reason }
    }

    /// The conditional header that failed or is missing; `None` if the server could not check the request.
    #[must_use]
    pub const fn field(self) -> Option<Field> {
        self.field
    }

    /// Why the request is refused.
    #[must_use]
    pub const fn reason(self) -> Reason {
        self.reason
    }

    /// The status of the response: 400, 412, 428 or 503.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self.reason {
            Reason::Malformed => StatusCode::BAD_REQUEST,
            Reason::Missing | Reason::Wildcard | Reason::Inapplicable => {
                StatusCode::PRECONDITION_REQUIRED
            }
            Reason::Source | Reason::Lock => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::PRECONDITION_FAILED,
        }
    }

    /// The stable name of the kind of refusal, for programs, such as `precondition_failed`.
    #[must_use]
    pub const fn error(self) -> &'static str {
        match self.reason {
            Reason::Malformed => "precondition_malformed",
            Reason::Missing | Reason::Wildcard | Reason::Inapplicable => "precondition_required",
            Reason::Source | Reason::Lock => "precondition_unavailable",
            _ => "precondition_failed",
        }
    }

    /// What happened, and what the client can do, for people.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match (self.reason, self.field) {
            // A malformed one, where the policy answers 412 to it.
            (Reason::Stale, Some(Field::IfNoneMatch)) => {
                "If-None-Match cannot be read, so the request was not performed. It takes * alone, or a list of ETags \
                 in double quotes, as in If-None-Match: \"abc\", \"def\"."
            }
            (Reason::Stale, _) => {
                "The If-Match ETag does not match the current resource version. Fetch the resource again, apply \
                 your change to what you get, and send it with the new ETag."
            }
            (Reason::WeakTag, _) => {
                "The If-Match ETag is the current one, but If-Match needs strong ETags, and one of the two is weak (W/). \
                 The resource may not have changed: either this service makes weak ETags, which never satisfy \
                 If-Match, or something between client and server weakened a strong one."
            }
            (Reason::RewrittenTag, _) => {
                "The If-Match ETag carries the suffix of a content coding that this server did not apply. The \
                 resource may not have changed: fetch it without compression (Accept-Encoding: identity) to get \
                 the ETag itself."
            }
            (Reason::OtherEpoch, _) => {
                "The If-Match ETag was made by another release of this service. Fetch the resource again, apply \
                 your change to what you get, and send it with the new ETag."
            }
            (Reason::Absent, _) => {
                "If-Match was sent, but the resource does not exist (any more). If this request can create it, send \
                 If-None-Match: * instead."
            }
            (Reason::Exists, _) => {
                "If-None-Match does not allow the current resource version: the resource exists already. Fetch \
                 it, apply your change to what you get, and send it with If-Match and its ETag."
            }
            (Reason::Modified, _) => {
                "The resource was modified after the date in If-Unmodified-Since. Fetch it again, apply your \
                 change to what you get, and send it with the new date, or better with If-Match and the ETag."
            }
            (Reason::NoValidator, _) => {
                "The precondition cannot be evaluated: nothing is known that the current resource version could be \
                 compared by. The request was not performed."
            }
            (Reason::Malformed, Some(Field::IfNoneMatch)) => {
                "If-None-Match is malformed. It takes * alone, or a list of ETags in double quotes, as in \
                 If-None-Match: \"abc\", \"def\"."
            }
            (Reason::Malformed, _) => {
                "If-Match is malformed. It takes * alone, or a list of ETags in double quotes, as in \
                 If-Match: \"abc\". Send the ETag exactly as it was received, quotes included."
            }
            (Reason::Missing, _) => {
                "This request needs a precondition. If the resource exists, fetch it, apply your change to what \
                 you get, and send it with If-Match and its ETag. If it does not, and this request can create it, send \
                 If-None-Match: *."
            }
            (Reason::Wildcard, _) => {
                "If-Match: * does not prevent a lost update. Fetch the resource, apply your change to what you get, and \
                 send it with If-Match and its ETag."
            }
            (Reason::Inapplicable, _) => {
                "If-Unmodified-Since does not protect this resource: it has no modification date, or one that two changes \
                 within one second share. Fetch the resource, apply your change to what you get, and send it with If-Match \
                 and its ETag."
            }
            // A read, because If-Range is not evaluated on writes.
            (Reason::Source | Reason::Lock, Some(Field::IfRange)) => {
                "The part that was found may be of another version of the resource than the one that If-Range names, so \
                 it was not sent. Try again, or fetch the whole resource without Range."
            }
            (Reason::Source | Reason::Lock, _) => {
                "The precondition cannot be evaluated right now, so the request was not performed. Try again."
            }
        }
    }

    /// The response that the layer sends by default: problem details (RFC 9457) with `Cache-Control: no-store`.
    ///
    /// ```json
    /// {"type":"about:blank","title":"Precondition Failed","status":412,"error":"precondition_failed",
    ///  "detail":"The If-Match ETag does not match the current resource version. …","field":"If-Match","reason":"stale"}
    /// ```
    ///
    /// It contains nothing from the request.
    #[must_use]
    pub fn to_problem(self) -> Response<Bytes> {
        let mut response = self.to_terse();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        *response.body_mut() = self.problem_body();
        response
    }

    /// A response without content, for services that must not say why.
    #[must_use]
    pub fn to_terse(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    /// The body depends on field and reason alone, so each is made once.
    fn problem_body(self) -> Bytes {
        type OfOneReason = [OnceLock<Bytes>; Field::ALL.len() + 1];
        static BODIES: [OfOneReason; Reason::COUNT] =
            [const { [const { OnceLock::new() }; Field::ALL.len() + 1] }; Reason::COUNT];
        let of_reason = &BODIES[self.reason as usize];
        let field = self.field.map_or(Field::ALL.len(), |field| field as usize);
        let body = of_reason[field].get_or_init(|| self.problem_json().into());
        body.clone()
    }

    /// The members of the [problem details](Self::to_problem), in their order, for a response that has others beside them.
    ///
    /// ```
    /// use tower_conditional::precondition::MemberValue;
    /// use tower_conditional::{PreconditionFailed, Refusal};
    ///
    /// let refusal = Refusal::from(PreconditionFailed::stale());
    /// assert!(refusal.members().any(|member| member == ("reason", MemberValue::Text("stale"))));
    /// ```
    pub fn members(self) -> impl Iterator<Item = (&'static str, MemberValue)> {
        let status = self.status();
        let title = status.canonical_reason().unwrap_or_default();
        let text = MemberValue::Text;
        let members = [
            Some(("type", text("about:blank"))),
            Some(("title", text(title))),
            Some(("status", MemberValue::Number(status.as_u16()))),
            Some(("error", text(self.error()))),
            Some((DETAIL, text(self.detail()))),
            self.field.map(|field| ("field", text(field.as_str()))),
            Some(("reason", text(self.reason.as_str()))),
        ];
        members.into_iter().flatten()
    }

    /// The problem details (RFC 9457), written by hand: all values are our own.
    fn problem_json(self) -> String {
        let member = |(name, value)| match value {
            // The details quote ETags; nothing else in the texts needs escaping, a test sees to that.
            MemberValue::Text(text) => format!(r#""{name}":"{}""#, text.replace('"', "\\\"")),
            MemberValue::Number(number) => format!(r#""{name}":{number}"#),
        };
        let members: Vec<_> = self.members().map(member).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// The member whose text is for people, and may change.
pub(crate) const DETAIL: &str = "detail";

/// The value of a member of problem details.
///
/// # Examples
///
/// ```
/// use tower_conditional::precondition::MemberValue;
/// use tower_conditional::{PreconditionFailed, Refusal};
///
/// let refusal = Refusal::from(PreconditionFailed::stale());
/// let status = refusal.members().find(|(name, _)| *name == "status");
/// assert_eq!(status, Some(("status", MemberValue::Number(412))));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a text or a number")]
pub enum MemberValue {
    /// A text.
    Text(&'static str),
    /// A number: the status.
    Number(u16),
}

impl PreconditionFailed {
    /// The 412 of a handler whose compare-and-swap has failed, for handlers without a framework that makes it.
    ///
    /// It has problem details and a mark, by which the layer around the handler recognises it and sends its own 412.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use tower_conditional::PreconditionFailed;
    ///
    /// let response: http::Response<Bytes> = PreconditionFailed::stale().to_response();
    /// assert_eq!(response.status(), 412);
    /// ```
    #[must_use]
    pub fn to_response(self) -> Response<Bytes> {
        let mut response = Refusal::from(self).to_problem();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<PreconditionFailed> for Refusal {
    fn from(failed: PreconditionFailed) -> Self {
        Self::of(Some(failed.field()), failed.reason())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const REASONS: [Reason; Reason::COUNT] = [
        Reason::Stale,
        Reason::WeakTag,
        Reason::RewrittenTag,
        Reason::OtherEpoch,
        Reason::Absent,
        Reason::Exists,
        Reason::Modified,
        Reason::NoValidator,
        Reason::Malformed,
        Reason::Missing,
        Reason::Wildcard,
        Reason::Inapplicable,
        Reason::Source,
        Reason::Lock,
    ];

    /// The JSON is written by hand, so every combination is parsed.
    #[test]
    fn every_refusal_is_json() {
        let fields = Field::ALL.iter().copied().map(Some);
        for field in fields.chain([None]) {
            for reason in REASONS {
                let refusal = Refusal::of(field, reason);
                let problem = refusal.to_problem();
                let json: Value = serde_json::from_slice(problem.body()).unwrap();
                assert_eq!(json["status"], problem.status().as_u16());
                assert_eq!(json["status"], refusal.status().as_u16());
                assert_eq!(json["error"], refusal.error());
                assert_eq!(json["detail"], refusal.detail());
                assert_eq!(json["reason"], reason.as_str());
                let named = json.get("field").and_then(Value::as_str);
                assert_eq!(named, field.map(Field::as_str));
                let members = if field.is_some() { 7 } else { 6 };
                assert_eq!(json.as_object().unwrap().len(), members);
                let terse = refusal.to_terse();
                assert_eq!(terse.status(), problem.status());
                assert!(terse.body().is_empty());
                assert!(!terse.headers().contains_key(CONTENT_TYPE));
                assert_eq!(terse.headers()[CACHE_CONTROL], "no-store");
                let says_when = terse.headers().contains_key(RETRY_AFTER);
                assert_eq!(says_when, refusal.status() == 503, "{reason}");
                assert_eq!((refusal.field(), refusal.reason()), (field, reason));
            }
        }
    }

    #[test]
    fn the_kind_of_a_refusal_is_that_of_its_status() {
        for reason in REASONS {
            let refusal = Refusal::of(None, reason);
            let kind = match refusal.status().as_u16() {
                400 => "precondition_malformed",
                412 => "precondition_failed",
                428 => "precondition_required",
                503 => "precondition_unavailable",
                other => panic!("{other}"),
            };
            assert_eq!(refusal.error(), kind, "{reason}");
        }
    }

    #[test]
    fn each_reason_has_a_text_of_its_own() {
        let (im, inm) = (Some(Field::IfMatch), Some(Field::IfNoneMatch));
        let (ius, range) = (Some(Field::IfUnmodifiedSince), Some(Field::IfRange));
        #[rustfmt::skip]
        let table = [
            (Reason::Stale, im, "The If-Match ETag does not match the current"),
            (Reason::Stale, inm, "If-None-Match cannot be read"),
            (Reason::WeakTag, im, "The If-Match ETag is the current one, but"),
            (Reason::RewrittenTag, im, "The If-Match ETag carries the suffix"),
            (Reason::OtherEpoch, im, "The If-Match ETag was made by another release"),
            (Reason::Absent, im, "If-Match was sent, but the resource does not exist"),
            (Reason::Exists, inm, "If-None-Match does not allow"),
            (Reason::Modified, ius, "The resource was modified after"),
            (Reason::NoValidator, im, "The precondition cannot be evaluated: nothing is known"),
            (Reason::Malformed, im, "If-Match is malformed"),
            (Reason::Malformed, inm, "If-None-Match is malformed"),
            (Reason::Missing, im, "This request needs a precondition"),
            (Reason::Wildcard, im, "If-Match: * does not prevent"),
            (Reason::Inapplicable, ius, "If-Unmodified-Since does not protect"),
            (Reason::Source, range, "The part that was found may be of another version"),
            (Reason::Lock, range, "The part that was found may be of another version"),
            (Reason::Source, None, "The precondition cannot be evaluated right now"),
            (Reason::Lock, None, "The precondition cannot be evaluated right now"),
        ];
        for (reason, field, beginning) in table {
            let detail = Refusal::of(field, reason).detail();
            assert!(detail.starts_with(beginning), "{reason}: {detail}");
        }
    }

    /// A handler that has run cannot state that nothing was performed because the lock or the source failed (503).
    #[test]
    fn a_handler_can_only_answer_412() {
        for lost in [
            PreconditionFailed::stale(),
            PreconditionFailed::exists(),
            PreconditionFailed::modified(),
            PreconditionFailed::absent(),
        ] {
            let refusal = Refusal::from(lost);
            assert_eq!(refusal.status(), StatusCode::PRECONDITION_FAILED);
            // The layer recognises the response by this.
            let response = lost.to_response();
            assert_eq!(response.extensions().get(), Some(&lost));
            assert_eq!(response.status(), refusal.status());
            assert_eq!(response.body(), refusal.to_problem().body());
        }
    }
}
