//! The evaluation of preconditions against the current state, in the order of [RFC 9110, section 13.2.2]. It can be read
//! beside the RFC, step by step.
//!
//! [RFC 9110, section 13.2.2]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2

use http::StatusCode;

use crate::HttpDate;
use crate::entity_tag::EntityTag;
use crate::field::Field;
use crate::field_lines::Lines;
use crate::method_class::MethodClass;
use crate::precondition_failed::{PreconditionFailed, Reason};
use crate::preconditions::Preconditions;
use crate::representation::{Absent, Current, Representation};
use crate::tag_list::{ListForm, RawTag};

/// What evaluation says must be done with a request.
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method, header::IF_NONE_MATCH};
/// use tower_conditional::{Current, Decision, EntityTag, HttpDate, Preconditions};
///
/// let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static("\"7\""))]);
/// let preconditions = Preconditions::parse(&Method::GET, &headers, HttpDate::UNIX_EPOCH);
/// let current = Current::from(EntityTag::from_version(7));
/// match preconditions.evaluate(&current) {
///     Decision::NotModified => {} // 304
///     decision => panic!("{decision:?}"),
/// }
/// ```
#[doc(alias("304", "412"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "section 13.2.2 closes the list; a caller must handle each"
)]
pub enum Decision {
    /// Perform the method. If-Range allows the Range, if there is one.
    Proceed,
    /// Perform the method, and ignore Range (step 5).
    IgnoreRange,
    /// Answer 304 (steps 3 and 4, reads only).
    NotModified,
    /// Answer 412 (steps 1 to 3).
    PreconditionFailed(PreconditionFailed),
    /// Refuse the request, because this field is malformed: it is neither guessed at nor ignored. 400 is more helpful than
    /// 412, which would tell the client that somebody else has changed the resource.
    Malformed(Field),
}

impl Decision {
    /// The status to answer with, if the method must not be performed.
    #[must_use]
    pub const fn status(self) -> Option<StatusCode> {
        match self {
            Self::Proceed | Self::IgnoreRange => None,
            Self::NotModified => Some(StatusCode::NOT_MODIFIED),
            Self::PreconditionFailed(_) => Some(StatusCode::PRECONDITION_FAILED),
            Self::Malformed(_) => Some(StatusCode::BAD_REQUEST),
        }
    }

    const fn failed(field: Field, reason: Reason) -> Self {
        Self::PreconditionFailed(PreconditionFailed::new(field, reason))
    }
}

/// The result of evaluating one field.
enum Condition {
    /// The field is not there, or the RFC says to ignore it.
    NotGiven,
    True,
    False(Reason),
    Malformed,
}

impl Preconditions<'_> {
    /// Evaluates the preconditions against the current state: steps 1 to 5 of
    /// [RFC 9110, section 13.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2). Step 6, performing the method, is
    /// up to the caller.
    ///
    /// It reads every byte of the fields once. It never panics, blocks or allocates.
    #[must_use]
    pub fn evaluate(&self, current: &Current) -> Decision {
        if self.class == MethodClass::Neither {
            return Decision::Proceed;
        }
        match current {
            Current::Present(representation) => self.against(representation),
            Current::Absent(absent) => self.against_nothing(*absent),
            Current::Unknown => self.against_the_unknown(),
            Current::Delegated => Decision::Proceed,
        }
    }

    /// Evaluates the preconditions of a write inside the handler's own transaction ([`Current::Delegated`]).
    ///
    /// It never asks for a 304. For the reads of such a route use `ConditionalLayer::new(FromResponse)`, which lets writes
    /// pass to the handler.
    ///
    /// # Errors
    ///
    /// The request must not be performed. The error becomes the answer: 412, or 400 for a malformed field.
    pub fn check(&self, current: impl Into<Current>) -> Result<(), PreconditionFailed> {
        match self.evaluate(&current.into()) {
            Decision::Proceed | Decision::IgnoreRange | Decision::NotModified => Ok(()),
            Decision::PreconditionFailed(failed) => Err(failed),
            Decision::Malformed(field) => Err(PreconditionFailed::new(field, Reason::Malformed)),
        }
    }

    /// Evaluates against a representation, in the order of section 13.2.2.
    fn against(&self, current: &Representation) -> Decision {
        // Steps 1 and 2: If-Unmodified-Since counts only where If-Match is absent.
        match self.evaluate_if_match(current) {
            Condition::NotGiven => {
                if let Condition::False(reason) = self.evaluate_if_unmodified_since(current) {
                    return Decision::failed(Field::IfUnmodifiedSince, reason);
                }
            }
            Condition::True => {}
            Condition::False(reason) => return Decision::failed(Field::IfMatch, reason),
            Condition::Malformed => return Decision::Malformed(Field::IfMatch),
        }
        // Steps 3 and 4: If-Modified-Since counts only where If-None-Match is absent.
        match (self.evaluate_if_none_match(current), self.class) {
            (Condition::NotGiven, _) => {
                if self.evaluate_if_modified_since(current).is_false() {
                    return Decision::NotModified;
                }
            }
            (Condition::False(_), MethodClass::Read) => return Decision::NotModified,
            (Condition::False(reason), _) => return Decision::failed(Field::IfNoneMatch, reason),
            (Condition::Malformed, MethodClass::Write) => {
                return Decision::Malformed(Field::IfNoneMatch);
            }
            // On a read a malformed list matches nothing, and If-Modified-Since is still ignored.
            (Condition::Malformed | Condition::True, _) => {}
        }
        // Step 5.
        if self.evaluate_if_range(current).is_false() {
            return Decision::IgnoreRange;
        }
        Decision::Proceed
    }

    /// Evaluates against an absent target: dates are ignored, and every If-None-Match is true.
    fn against_nothing(&self, absent: Absent) -> Decision {
        if let Some(field) = self.malformed() {
            return Decision::Malformed(field);
        }
        let may_succeed = match absent {
            Absent::ByMethod => self.may_create,
            Absent::MaySucceed => true,
            Absent::WillFail => false,
        };
        // A request that would fail anyway gets the handler's answer, 404 or 410 (section 13.2.1).
        if may_succeed && self.has(Field::IfMatch) {
            return Decision::failed(Field::IfMatch, Reason::Absent);
        }
        // Step 5: there is no validator that If-Range could name.
        if may_succeed && self.is_ranged_get {
            return Decision::IgnoreRange;
        }
        Decision::Proceed
    }

    /// Evaluates against an unknown state. A read is evaluated later, by its response. A write cannot be, so it fails.
    fn against_the_unknown(&self) -> Decision {
        if let Some(field) = self.malformed() {
            return Decision::Malformed(field);
        }
        match (self.class, self.guarding_field()) {
            (MethodClass::Write, Some(field)) => Decision::failed(field, Reason::NoValidator),
            _ if self.is_ranged_get => Decision::IgnoreRange,
            _ => Decision::Proceed,
        }
    }

    /// The malformed field of a request with this decision, if there is one. Evaluation stops at the first false field, so
    /// that an If-None-Match after it has not been read yet.
    #[cfg(feature = "layer")]
    pub(crate) fn malformed_beside(&self, decision: Decision) -> Option<Field> {
        match decision {
            Decision::Malformed(field) => Some(field),
            Decision::PreconditionFailed(_) if self.has(Field::IfNoneMatch) => self.malformed(),
            _ => None,
        }
    }

    /// The first field that steps 1 to 3 evaluate. If-Unmodified-Since counts only with a valid date.
    pub(crate) fn guarding_field(&self) -> Option<Field> {
        let dated = || self.date(Field::IfUnmodifiedSince).is_some();
        if self.has(Field::IfMatch) {
            Some(Field::IfMatch)
        } else if dated() {
            Some(Field::IfUnmodifiedSince)
        } else {
            self.has(Field::IfNoneMatch).then_some(Field::IfNoneMatch)
        }
    }

    /// Section 13.1.1: true if a current tag is in the list by strong comparison, or for `*`.
    fn evaluate_if_match(&self, current: &Representation) -> Condition {
        let Some(lines) = self.lines(Field::IfMatch) else {
            return Condition::NotGiven;
        };
        if is_just_our_tag(&lines, current) && !current.entity_tag().is_some_and(EntityTag::is_weak)
        {
            return Condition::True;
        }
        let mut matched = false;
        let mut nearest = Reason::Stale;
        let form = lines.scan(|tag| {
            matched |= self.names_strongly(tag, current);
            if !matched {
                nearest = nearest.or_nearer(Reason::of_unmatched(tag, self.compared_tags(current)));
            }
        });
        match form {
            ListForm::Any => Condition::True,
            ListForm::Tags if matched => Condition::True,
            ListForm::Tags => Condition::False(nearest),
            ListForm::Malformed => Condition::Malformed,
        }
    }

    /// Section 13.1.2: false if a current tag is in the list by weak comparison, or for `*`.
    fn evaluate_if_none_match(&self, current: &Representation) -> Condition {
        let Some(lines) = self.lines(Field::IfNoneMatch) else {
            return Condition::NotGiven;
        };
        if is_just_our_tag(&lines, current) {
            return Condition::False(Reason::Exists);
        }
        let mut matched = false;
        let form = lines.scan(|tag| matched |= self.names_weakly(tag, current));
        match form {
            ListForm::Any => Condition::False(Reason::Exists),
            ListForm::Tags if matched => Condition::False(Reason::Exists),
            ListForm::Tags => Condition::True,
            ListForm::Malformed => Condition::Malformed,
        }
    }

    /// Section 13.1.3: false if the representation was last modified at or before the date.
    fn evaluate_if_modified_since(&self, current: &Representation) -> Condition {
        if self.class != MethodClass::Read || !self.is_get_or_head {
            return Condition::NotGiven;
        }
        self.dates(Field::IfModifiedSince, current)
            .map_or(Condition::NotGiven, |(modified, date)| {
                Condition::of(modified > date, Reason::Exists)
            })
    }

    /// Section 13.1.4: true if the representation was last modified at or before the date.
    fn evaluate_if_unmodified_since(&self, current: &Representation) -> Condition {
        self.dates(Field::IfUnmodifiedSince, current)
            .map_or(Condition::NotGiven, |(modified, date)| {
                Condition::of(modified <= date, Reason::Modified)
            })
    }

    /// Section 13.1.5: true only for the same strong validator; an earlier or later date is false.
    fn evaluate_if_range(&self, current: &Representation) -> Condition {
        if !self.is_ranged_get {
            return Condition::NotGiven;
        }
        let line = self.lines(Field::IfRange).and_then(|lines| lines.single());
        let same = line.is_some_and(|line| match RawTag::parse(line.as_bytes().trim_ascii()) {
            Some(tag) => current.entity_tag().is_some_and(|ours| tag.strong_eq(ours)),
            None => self.is_our_strong_date(line.as_bytes(), current),
        });
        Condition::of(same, Reason::Stale)
    }

    /// Whether If-Range names the date of the representation, and that date is strong (section 13.1.5).
    fn is_our_strong_date(&self, value: &[u8], current: &Representation) -> bool {
        current.modified().is_some_and(|modified| {
            modified.strong && HttpDate::parse_exact(value, self.now) == Some(modified.date)
        })
    }

    /// The date of the representation and the one of the field. `None`, so that the field is ignored, if one is missing.
    #[inline]
    fn dates(&self, field: Field, current: &Representation) -> Option<(HttpDate, HttpDate)> {
        let line = self.lines(field)?.single()?;
        let modified = current.modified()?;
        let theirs = match line {
            line if Some(line) == modified.line.as_ref() => modified.date,
            line => HttpDate::parse(line.as_bytes(), self.now)?,
        };
        Some((modified.date, theirs))
    }

    /// Whether the tag is a current one by strong comparison, also after undoing accepted rewrites.
    fn names_strongly(&self, tag: RawTag<'_>, current: &Representation) -> bool {
        let named = |ours: &EntityTag| {
            tag.strong_eq(ours)
                || self
                    .rewrites
                    .is_some_and(|known| known.strong_eq(tag, ours))
        };
        self.any_compared(current, named)
    }

    /// Whether the tag is a current one by weak comparison, also after undoing accepted rewrites.
    fn names_weakly(&self, tag: RawTag<'_>, current: &Representation) -> bool {
        let named = |ours: &EntityTag| {
            tag.weak_eq(ours) || self.rewrites.is_some_and(|known| known.weak_eq(tag, ours))
        };
        self.any_compared(current, named)
    }

    /// The tags to compare with: for a read that of the selected representation, for a write those of all current ones.
    fn compared_tags<'r>(
        &self,
        current: &'r Representation,
    ) -> impl Iterator<Item = &'r EntityTag> + Clone + use<'r> {
        let others = match self.class {
            MethodClass::Write => current.others(),
            MethodClass::Read | MethodClass::Neither => &[],
        };
        current.entity_tag().into_iter().chain(others)
    }

    /// Whether one of the [`compared_tags`](Self::compared_tags) is named. Tries the usual one first.
    fn any_compared(&self, current: &Representation, named: impl Fn(&EntityTag) -> bool) -> bool {
        current.entity_tag().is_some_and(&named)
            || self.class == MethodClass::Write && current.others().iter().any(named)
    }
}

impl Condition {
    const fn of(is_true: bool, otherwise: Reason) -> Self {
        if is_true {
            Self::True
        } else {
            Self::False(otherwise)
        }
    }

    const fn is_false(&self) -> bool {
        matches!(self, Self::False(_))
    }
}

/// Whether the field is one line with just the current tag, which is the usual case. Equal bytes need no scan.
fn is_just_our_tag(lines: &Lines<'_>, current: &Representation) -> bool {
    lines
        .single()
        .zip(current.entity_tag())
        .is_some_and(|(line, ours)| line.as_bytes() == ours.as_bytes())
}

#[cfg(test)]
#[cfg(feature = "layer")]
mod tests {
    use http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
    use http::{HeaderValue, Method};

    use super::*;

    /// A false If-Match ends the evaluation before If-None-Match is read (section 13.2.2, step 1).
    #[test]
    fn what_is_malformed_beside_a_false_field() {
        const STALE: (HeaderName, &str) = (IF_MATCH, "\"6\"");
        const CURRENT: (HeaderName, &str) = (IF_MATCH, "\"7\"");
        const MALFORMED: (HeaderName, &str) = (IF_MATCH, "7");
        const NONE_MALFORMED: (HeaderName, &str) = (IF_NONE_MATCH, "7");
        for (lines, expected) in [
            (vec![STALE, NONE_MALFORMED], Some(Field::IfNoneMatch)),
            (vec![CURRENT, NONE_MALFORMED], Some(Field::IfNoneMatch)),
            (vec![MALFORMED, NONE_MALFORMED], Some(Field::IfMatch)),
            (vec![MALFORMED], Some(Field::IfMatch)),
            (vec![STALE, (IF_NONE_MATCH, "*")], None),
            (vec![STALE], None),
            (vec![CURRENT], None),
        ] {
            let headers: HeaderMap = lines
                .iter()
                .map(|(name, line)| (name.clone(), HeaderValue::from_static(line)))
                .collect();
            let preconditions = Preconditions::parse(&Method::PUT, &headers, HttpDate::UNIX_EPOCH);
            let decision = preconditions.evaluate(&EntityTag::from_version(7).into());
            let found = preconditions.malformed_beside(decision);
            assert_eq!(found, expected, "{lines:?}");
        }
    }
}
