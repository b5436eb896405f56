//! The preconditions of a request: its five conditional headers ([RFC 9110, section 13.1]).
//!
//! [RFC 9110, section 13.1]: https://www.rfc-editor.org/rfc/rfc9110#section-13.1

use std::fmt;

use http::header::HeaderMap;
use http::{Method, request};

use crate::field::{Field, FieldSet};
use crate::field_lines::{Lines, TakenLine, lines_among, lines_of};
use crate::method_class::MethodClass;
use crate::rewritten_tag::RewrittenTags;
use crate::tag_list::ListForm;
#[cfg(feature = "layer")]
use crate::{Current, EntityTag};
use crate::{HttpDate, PreconditionFailed};

/// The preconditions of one request, ready to be evaluated.
///
/// They borrow the headers and copy nothing. Evaluation reads every byte once and allocates nothing.
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method, header::IF_NONE_MATCH};
/// use tower_conditional::{Current, Decision, EntityTag, HttpDate, Preconditions};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(IF_NONE_MATCH, HeaderValue::from_static("\"a,b\", W/\"v1\""));
///
/// let now = HttpDate::from(std::time::SystemTime::now());
/// let preconditions = Preconditions::parse(&Method::GET, &headers, now);
/// let current = Current::from(EntityTag::from_static("\"v1\""));
/// assert_eq!(preconditions.evaluate(&current), Decision::NotModified);
/// ```
#[doc(alias(
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "If-Range"
))]
pub struct Preconditions<'h> {
    pub(crate) class: MethodClass,
    /// Whether the method may create its target: PUT, PATCH and POST may.
    pub(crate) may_create: bool,
    /// Whether If-Modified-Since counts: on GET and HEAD only (section 13.1.3).
    pub(crate) is_get_or_head: bool,
    /// Whether If-Range counts: it is there, on a GET with Range (section 13.1.5).
    pub(crate) is_ranged_get: bool,
    pub(crate) now: HttpDate,
    pub(crate) rewrites: Option<RewrittenTags>,
    /// Which of the five fields are there, so that the others are not looked up.
    given: FieldSet,
    fields: Fields<'h>,
}

/// Where the field lines are.
#[derive(Clone, Copy)]
enum Fields<'h> {
    InHead(&'h HeaderMap),
    #[cfg_attr(
        not(feature = "layer"),
        expect(dead_code, reason = "the layer takes them")
    )]
    Taken(&'h [TakenLine]),
    /// The list of the only field that is given, where it was in no header.
    Text(&'h [u8]),
}

impl<'h> Fields<'h> {
    fn lines(self, field: Field) -> Option<Lines<'h>> {
        match self {
            Self::InHead(headers) => lines_of(headers, field.name()),
            Self::Taken(taken) => lines_among(taken, field),
            Self::Text(list) => Some(Lines::Text(list)),
        }
    }
}

impl<'h> Preconditions<'h> {
    /// Finds the conditional headers of a request. The class of the method is [`MethodClass::of`].
    ///
    /// `now` determines the century of a two-digit year
    /// ([RFC 9110, section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)).
    #[must_use]
    pub fn parse(method: &Method, headers: &'h HeaderMap, now: HttpDate) -> Self {
        Self::parse_as(MethodClass::of(method), method, headers, now)
    }

    /// As [`parse`](Self::parse), with the class of a method that this crate does not know (PROPFIND, PROPPATCH, …).
    #[must_use]
    pub fn parse_as(
        class: MethodClass,
        method: &Method,
        headers: &'h HeaderMap,
        now: HttpDate,
    ) -> Self {
        Self::of_given(class, method, headers, FieldSet::in_headers(headers), now)
    }

    /// As [`parse_as`](Self::parse_as), with the set of fields that are there.
    pub(crate) fn of_given(
        class: MethodClass,
        method: &Method,
        headers: &'h HeaderMap,
        given: FieldSet,
        now: HttpDate,
    ) -> Self {
        debug_assert_eq!(
            given,
            FieldSet::in_headers(headers),
            "what is there was changed"
        );
        Self {
            class,
            may_create: may_create(method),
            is_get_or_head: is_get_or_head(method),
            is_ranged_get: given.has(Field::IfRange) && given.has_range() && method == Method::GET,
            now,
            rewrites: None,
            given,
            fields: Fields::InHead(headers),
        }
    }

    /// The preconditions of a request, from its head.
    #[must_use]
    pub fn of(head: &'h request::Parts, now: HttpDate) -> Self {
        Self::parse(&head.method, &head.headers, now)
    }

    /// The precondition If-Match of a write, where it was in no header: a member of a batch, a member `@odata.etag` of the
    /// content, a parameter of the query.
    ///
    /// `tags` is the text as it came, in the grammar of the header: a list of tags in double quotes, or `*`. An
    /// [entity tag](crate::EntityTag) is such a list. Where tags come without quotes, make one with
    /// [`EntityTag::strong`](crate::EntityTag::strong).
    ///
    /// ```
    /// use tower_conditional::{EntityTag, PreconditionFailed, Preconditions};
    ///
    /// /// The precondition of one item, against the version of its row.
    /// fn check(if_match: &str, version: Option<i64>) -> Result<(), PreconditionFailed> {
    ///     Preconditions::if_match(if_match).check(version.map(EntityTag::from_version))
    /// }
    ///
    /// assert_eq!(check("\"7\"", Some(7)), Ok(()));
    /// assert_eq!(check("\"6\"", Some(7)), Err(PreconditionFailed::stale()));
    /// assert_eq!(check("\"6\"", None), Err(PreconditionFailed::absent())); // no row
    /// assert_eq!(check("7", Some(7)).unwrap_err().to_response().status(), 400); // malformed, and not ignored
    /// ```
    #[doc(alias("batch", "@odata.etag"))]
    #[must_use]
    pub fn if_match(tags: &'h (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::by_hand(Field::IfMatch, tags.as_ref())
    }

    /// The precondition If-None-Match of a write, where it was in no header. With `"*"` the write creates its target, or fails.
    ///
    /// ```
    /// use tower_conditional::{EntityTag, PreconditionFailed, Preconditions};
    ///
    /// let create = Preconditions::if_none_match("*");
    /// assert_eq!(create.check(None::<EntityTag>), Ok(()));
    /// assert_eq!(create.check(EntityTag::from_version(7)), Err(PreconditionFailed::exists()));
    /// ```
    #[must_use]
    pub fn if_none_match(tags: &'h (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::by_hand(Field::IfNoneMatch, tags.as_ref())
    }

    /// A write with one field. The write may create its target, so that a missing one is never changed by accident.
    fn by_hand(field: Field, tags: &'h [u8]) -> Self {
        Self {
            class: MethodClass::Write,
            may_create: true,
            is_get_or_head: false,
            is_ranged_get: false,
            now: HttpDate::UNIX_EPOCH,
            rewrites: None,
            given: FieldSet::only(field),
            fields: Fields::Text(tags),
        }
    }

    /// Accepts tags that an intermediary has rewritten as the tags that they were made from.
    #[inline]
    #[must_use]
    pub fn accept_rewritten_tags(mut self, rewrites: impl Into<Option<RewrittenTags>>) -> Self {
        self.rewrites = rewrites.into();
        self
    }

    /// Whether the request carries the field. Its value may be malformed.
    #[must_use]
    pub const fn has(&self, field: Field) -> bool {
        self.given.has(field)
    }

    /// The class of the method.
    #[must_use]
    pub const fn method_class(&self) -> MethodClass {
        self.class
    }

    /// Requires a precondition that guards a write: If-Match, `If-None-Match: *`, or a date in If-Unmodified-Since. For a
    /// handler that evaluates preconditions itself.
    ///
    /// # Errors
    ///
    /// The request carries none of them. The error becomes the answer, a 428
    /// ([RFC 6585, section 3](https://www.rfc-editor.org/rfc/rfc6585#section-3)).
    pub fn require(&self) -> Result<(), PreconditionFailed> {
        let creates = self.list_form(Field::IfNoneMatch) == Some(ListForm::Any);
        let guarded =
            self.has(Field::IfMatch) || creates || self.date(Field::IfUnmodifiedSince).is_some();
        if guarded {
            Ok(())
        } else {
            Err(PreconditionFailed::missing())
        }
    }

    /// The first field that is malformed and must not be ignored: If-Match on reads and writes, If-None-Match on writes.
    #[must_use]
    pub fn malformed(&self) -> Option<Field> {
        let guarding: &[Field] = match self.class {
            MethodClass::Neither => &[],
            MethodClass::Read => &[Field::IfMatch],
            MethodClass::Write => &[Field::IfMatch, Field::IfNoneMatch],
        };
        let malformed = |field: &&Field| self.list_form(**field) == Some(ListForm::Malformed);
        guarding.iter().find(malformed).copied()
    }

    /// The lines of a field. Inlined, because most fields are not there, and a look-up hashes the name.
    #[inline(always)]
    pub(crate) fn lines(&self, field: Field) -> Option<Lines<'h>> {
        if self.has(field) {
            self.fields.lines(field)
        } else {
            None
        }
    }

    /// The form of a list of tags. `None` if the field is not there.
    pub(crate) fn list_form(&self, field: Field) -> Option<ListForm> {
        self.lines(field).map(|lines| lines.scan(|_| ()))
    }

    /// The date of a field. `None` if it is invalid, or if there is more than one line (section 5.5).
    pub(crate) fn date(&self, field: Field) -> Option<HttpDate> {
        let line = self.lines(field)?.single()?;
        HttpDate::parse(line.as_bytes(), self.now)
    }
}

#[cfg(feature = "layer")]
impl<'h> Preconditions<'h> {
    /// The preconditions of a read whose fields were detached from its head. The caller sets `is_ranged_get`.
    pub(crate) const fn of_taken(
        taken: &'h [TakenLine],
        is_get_or_head: bool,
        given: FieldSet,
        now: HttpDate,
    ) -> Self {
        Self {
            class: MethodClass::Read,
            may_create: false,
            is_get_or_head,
            is_ranged_get: false,
            now,
            rewrites: None,
            given,
            fields: Fields::Taken(taken),
        }
    }

    /// The first tag in If-Match, if that is a list of tags.
    pub(crate) fn first_tag(&self) -> Option<EntityTag> {
        let mut first = None;
        let lines = self.lines(Field::IfMatch)?;
        let form = lines.scan(|tag| {
            first.get_or_insert(tag);
        });
        let first = first.filter(|_| form == ListForm::Tags)?;
        let weak: &[u8] = if first.weak { b"W/" } else { b"" };
        Some(EntityTag::of_valid([weak, first.opaque_tag].concat()))
    }

    /// The current tag in the rewritten form in which If-None-Match lists it, if that form is accepted.
    pub(crate) fn as_listed(&self, current: &Current) -> Option<EntityTag> {
        let rewrites = self.rewrites?;
        let ours = current.representation()?.entity_tag()?;
        rewrites.as_listed(&self.lines(Field::IfNoneMatch)?, ours)
    }
}

/// Shows the conditional headers only, because the others may have secrets.
impl fmt::Debug for Preconditions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |field| (field, self.lines(field));
        f.debug_map()
            .entries(self.given.fields().map(lines))
            .finish()
    }
}

/// Whether the method may create its target.
pub(crate) const fn may_create(method: &Method) -> bool {
    matches!(*method, Method::PUT | Method::PATCH | Method::POST)
}

const fn is_get_or_head(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{AUTHORIZATION, IF_MATCH, IF_RANGE};

    use super::*;

    /// A log of the preconditions must not show other headers.
    #[test]
    fn debug_shows_the_conditional_fields_alone() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
        headers.insert(IF_MATCH, HeaderValue::from_static("\"1\""));
        headers.append(IF_MATCH, HeaderValue::from_static("\"2\""));
        headers.insert(IF_RANGE, HeaderValue::from_static("\"3\""));
        let preconditions = Preconditions::parse(&Method::GET, &headers, HttpDate::UNIX_EPOCH);
        let shown = format!("{preconditions:?}");
        assert!(!shown.contains("secret"), "{shown}");
        for tag in ["\\\"1\\\"", "\\\"2\\\"", "\\\"3\\\""] {
            assert!(shown.contains(tag), "{tag} in {shown}");
        }
        assert!(!shown.contains("None"), "what is not there: {shown}");
    }

    #[cfg(feature = "layer")]
    #[test]
    fn the_first_tag_of_if_match() {
        for (list, expected) in [
            ("\"1\", \"2\"", Some("\"1\"")),
            (", W/\"1\", \"2\"", Some("W/\"1\"")),
            ("*", None),
            ("", None),
            ("\"1\", 2", None),
        ] {
            let first = Preconditions::if_match(list).first_tag();
            let first = first.as_ref().and_then(EntityTag::to_str);
            assert_eq!(first, expected, "{list}");
        }
        assert!(Preconditions::if_none_match("\"1\"").first_tag().is_none());
    }

    #[cfg(feature = "layer")]
    #[test]
    fn the_current_tag_as_it_is_listed() {
        let list = || Preconditions::if_none_match("\"1-gzip\"");
        let accepting = || list().accept_rewritten_tags(RewrittenTags::suffixed());
        let current = Current::from(EntityTag::from_static("\"1\""));
        let listed = accepting().as_listed(&current).unwrap();
        assert_eq!(listed.to_str(), Some("\"1-gzip\""));
        assert!(list().as_listed(&current).is_none());
        assert!(accepting().as_listed(&Current::absent()).is_none());
        let if_match = Preconditions::if_match("\"1-gzip\"");
        let if_match = if_match.accept_rewritten_tags(RewrittenTags::suffixed());
        assert!(if_match.as_listed(&current).is_none());
    }

    /// Detached lines are evaluated as those of a head are.
    #[cfg(feature = "layer")]
    #[test]
    fn detached_fields_are_those_of_a_read() {
        use crate::Decision;

        let taken = [
            (Field::IfNoneMatch, HeaderValue::from_static("\"1\"")),
            (Field::IfNoneMatch, HeaderValue::from_static("\"2\"")),
        ];
        let given = FieldSet::only(Field::IfNoneMatch);
        let preconditions = Preconditions::of_taken(&taken, true, given, HttpDate::UNIX_EPOCH);
        let against = |version| preconditions.evaluate(&EntityTag::from_version(version).into());
        assert_eq!(against(2), Decision::NotModified);
        assert_eq!(against(3), Decision::Proceed);
    }
}
