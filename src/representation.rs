//! The current state of a target: its representation and validators, or that there is none ([RFC 9110, section 8.8]).
//!
//! [RFC 9110, section 8.8]: https://www.rfc-editor.org/rfc/rfc9110#section-8.8

#[cfg(feature = "layer")]
use http::header::{ETAG, LAST_MODIFIED};
use http::header::{HeaderMap, HeaderName, HeaderValue, VARY};

#[cfg(feature = "layer")]
use crate::field_lines::{Lines, lines_in};
use crate::last_modified::LastModified;
use crate::token_list::add_vary;
use crate::{EntityTag, HttpDate};

/// The current state of the target of a request, as a source states it.
///
/// "Exists without a validator", "does not exist", "is not known" and "is left to the handler" are different states:
/// `If-Match: *` is true in the first, false in the second, and cannot be evaluated in the third.
///
/// # Examples
///
/// The result of a query becomes a state:
///
/// ```
/// use tower_conditional::validator::Absent;
/// use tower_conditional::{Current, EntityTag, Representation};
///
/// let found: Option<u64> = Some(7);
/// let current = Current::from(found.map(EntityTag::from_version)); // `None`: there is nothing
/// assert_eq!(current.exists(), Some(true));
///
/// let untagged = Current::Present(Representation::new()); // there, and nothing to compare with
/// assert_eq!(untagged.exists(), Some(true));
/// assert_eq!(Current::Absent(Absent::WillFail).exists(), Some(false)); // a PUT that never creates
/// assert_eq!(Current::Delegated.exists(), None);
/// ```
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums, reason = "section 13 knows no fifth case")]
pub enum Current {
    /// The target has a current representation, possibly without any validator.
    Present(Representation),
    /// The target has no current representation.
    Absent(Absent),
    /// Nothing is known before the handler runs. Reads are evaluated by the validators of the response. Conditional writes
    /// are refused with 412, because after the handler it is too late.
    Unknown,
    /// The handler evaluates the preconditions itself. It gets every header unchanged. No precondition is required, and no
    /// write lock is held. In a chain of sources the second one is not asked.
    Delegated,
}

impl Current {
    /// The target does not exist. The method decides whether the request could succeed ([`Absent::ByMethod`]).
    #[must_use]
    pub const fn absent() -> Self {
        Self::Absent(Absent::ByMethod)
    }

    /// The representation, if there is one.
    #[must_use]
    pub const fn representation(&self) -> Option<&Representation> {
        match self {
            Self::Present(representation) => Some(representation),
            _ => None,
        }
    }

    /// Whether the target exists; `None` if that is not known.
    #[must_use]
    pub const fn exists(&self) -> Option<bool> {
        match self {
            Self::Present(_) => Some(true),
            Self::Absent(_) => Some(false),
            Self::Unknown | Self::Delegated => None,
        }
    }
}

#[cfg(feature = "layer")]
impl Current {
    pub(crate) const fn representation_mut(&mut self) -> Option<&mut Representation> {
        match self {
            Self::Present(representation) => Some(representation),
            _ => None,
        }
    }

    /// The tag, moved out to be sent.
    pub(crate) fn take_entity_tag(&mut self) -> Option<EntityTag> {
        self.representation_mut()?.take_entity_tag()
    }
}

impl From<Representation> for Current {
    fn from(representation: Representation) -> Self {
        Self::Present(representation)
    }
}

impl From<&Representation> for Current {
    fn from(representation: &Representation) -> Self {
        Self::Present(representation.clone())
    }
}

impl From<EntityTag> for Current {
    fn from(tag: EntityTag) -> Self {
        Self::Present(tag.into())
    }
}

/// `None` is a target that does not exist.
impl<R: Into<Representation>> From<Option<R>> for Current {
    fn from(found: Option<R>) -> Self {
        found.map_or(Self::absent(), |found| Self::Present(found.into()))
    }
}

/// Whether a request whose target does not exist would succeed without its preconditions
/// ([RFC 9110, section 13.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1)).
///
/// It decides whether a request with If-Match is answered 412, or 404 by its handler.
///
/// # Examples
///
/// A PATCH that never creates a note: to a missing one the handler answers 404, also with If-Match.
///
/// ```
/// use http::Method;
/// use tower_conditional::validator::Absent;
/// use tower_conditional::Current;
///
/// fn nothing_for(method: &Method) -> Current {
///     if method == Method::PATCH { Current::Absent(Absent::WillFail) } else { Current::absent() }
/// }
/// # let _ = nothing_for(&Method::PUT);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Absent {
    /// The method decides. PUT, PATCH and POST may create the target, so a false If-Match is answered 412
    /// ([RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)). Other methods will fail, and the
    /// handler answers 404.
    #[default]
    ByMethod,
    /// The request may succeed, such as a DELETE that answers 204 for a missing target. A false precondition is answered 412.
    MaySucceed,
    /// The request will fail, such as a PUT that never creates. The handler runs, and answers 404 or 410.
    WillFail,
}

/// The current representation of the target: its validators, and the headers that a 304 must carry.
///
/// # Examples
///
/// ```
/// use tower_conditional::{EntityTag, Representation};
///
/// let representation = Representation::tagged(EntityTag::from_version(7));
/// assert!(representation.entity_tag().is_some());
/// ```
#[doc(alias("ETag", "Last-Modified"))]
#[derive(Clone, Debug, Default)]
pub struct Representation {
    entity_tag: Option<EntityTag>,
    last_modified: Option<LastModified>,
    more: Option<Box<More>>,
}

/// The parts that few representations have. Boxed, because every request moves a representation.
#[derive(Clone, Debug, Default)]
struct More {
    other_tags: Vec<EntityTag>,
    fields: HeaderMap,
}

impl Representation {
    /// A representation without a validator.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A representation with this entity tag.
    #[must_use]
    pub fn tagged(tag: EntityTag) -> Self {
        Self {
            entity_tag: Some(tag),
            ..Self::default()
        }
    }

    /// Sets the time of the last change, in whole seconds, as a weak validator: it never satisfies If-Range
    /// ([section 8.8.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2)).
    ///
    /// Preconditions are evaluated against this date, also if it is in the future. But the layer sends a Last-Modified that is
    /// at most the Date of the response ([section 8.8.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.1)). So while
    /// the date is in the future, a client that sends back the date that it got gets a 412 for If-Unmodified-Since, and
    /// neither a 304 nor a 206. Set no date if you cannot rely on it.
    #[doc(alias("Last-Modified"))]
    #[must_use]
    pub fn last_modified(mut self, date: impl Into<HttpDate>) -> Self {
        self.last_modified = Some(LastModified::new(date.into(), false));
        self
    }

    /// Sets the time of the last change, as a strong validator: it is known to be the only change within its second
    /// ([section 8.8.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2)).
    #[must_use]
    pub fn strong_last_modified(mut self, date: impl Into<HttpDate>) -> Self {
        self.last_modified = Some(LastModified::new(date.into(), true));
        self
    }

    /// Adds the tags of the other current representations of the resource. They count on writes only.
    ///
    /// A PUT rarely repeats the Accept headers of the GET. So on a negotiated resource the tag of any current representation
    /// satisfies If-Match ([section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)).
    #[doc(alias("negotiation"))]
    #[must_use]
    pub fn other_tags(mut self, tags: impl IntoIterator<Item = EntityTag>) -> Self {
        self.more().other_tags.extend(tags);
        self
    }

    /// Adds a header that both a 200 and a 304 carry: Cache-Control, Expires, Content-Location
    /// ([section 15.4.5](https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5)).
    #[must_use]
    pub fn field(mut self, name: HeaderName, value: HeaderValue) -> Self {
        let fields = &mut self.more().fields;
        if name == VARY {
            add_vary(fields, &value);
        } else {
            fields.insert(name, value);
        }
        self
    }

    /// Adds to Vary the request headers that select the representation.
    #[doc(alias("Vary"))]
    #[must_use]
    pub fn varying_on(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        for name in names {
            add_vary(&mut self.more().fields, &HeaderValue::from(name));
        }
        self
    }

    /// The entity tag, if there is one.
    #[must_use]
    pub const fn entity_tag(&self) -> Option<&EntityTag> {
        self.entity_tag.as_ref()
    }

    /// The time of the last change, if it is known.
    #[must_use]
    pub fn last_modified_date(&self) -> Option<HttpDate> {
        self.modified().map(|modified| modified.date)
    }

    pub(crate) const fn modified(&self) -> Option<&LastModified> {
        self.last_modified.as_ref()
    }

    /// The tags of the other current representations.
    pub(crate) fn others(&self) -> &[EntityTag] {
        self.more.as_ref().map_or(&[], |more| &more.other_tags)
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }
}

#[cfg(feature = "layer")]
impl Representation {
    /// The headers beside the validators, if there are any.
    pub(crate) fn fields(&self) -> Option<&HeaderMap> {
        self.more.as_ref().map(|more| &more.fields)
    }

    /// The representation with the validators of a response. A malformed validator is ignored. `computed` is the tag if it was
    /// made from the body.
    pub(crate) fn of_response(fields: &HeaderMap, computed: Option<EntityTag>) -> Self {
        let [tag, modified]: [Option<Lines<'_>>; 2] = lines_in(fields, |name| match *name {
            ETAG => Some(0),
            LAST_MODIFIED => Some(1),
            _ => None,
        });
        let tag = computed.or_else(|| EntityTag::from_header_value(tag?.single()?).ok());
        let date = modified
            .and_then(|lines| lines.single())
            .and_then(|line| HttpDate::parse(line.as_bytes(), HttpDate::UNIX_EPOCH));
        Self {
            entity_tag: tag,
            last_modified: date.map(|date| LastModified::new(date, false)),
            more: None,
        }
    }

    /// Formats Last-Modified once, for a source that returns the same representation many times.
    pub(crate) fn written_out(mut self) -> Self {
        if let Some(modified) = &mut self.last_modified {
            modified.line = modified.date.to_header_value();
        }
        self
    }

    /// Last-Modified, moved out to be sent.
    pub(crate) fn take_modified(&mut self) -> Option<LastModified> {
        self.last_modified.take()
    }

    /// The tag, moved out to be sent.
    pub(crate) fn take_entity_tag(&mut self) -> Option<EntityTag> {
        self.entity_tag.take()
    }

    /// Whether every precondition has the same result for both.
    pub(crate) fn has_validators_of(&self, other: &Self) -> bool {
        let date = |of: &Self| {
            of.modified()
                .map(|modified| (modified.date, modified.strong))
        };
        self.tags().eq(other.tags()) && date(self) == date(other)
    }

    /// The tags of all current representations, as bytes.
    fn tags(&self) -> impl Iterator<Item = &[u8]> {
        let tags = self.entity_tag.iter().chain(self.others());
        tags.map(EntityTag::as_bytes)
    }

    /// Whether a tag of a current representation is weak.
    pub(crate) fn has_weak_tag(&self) -> bool {
        let mut tags = self.entity_tag.iter().chain(self.others());
        tags.any(EntityTag::is_weak)
    }

    /// The representation with its tag in the strong form.
    pub(crate) fn in_strong_form(mut self) -> Self {
        self.entity_tag = self.entity_tag.as_ref().map(EntityTag::to_strong);
        self
    }

    /// Replaces the tag, by the form in which the client lists it.
    pub(crate) fn retag(&mut self, tag: EntityTag) {
        self.entity_tag = Some(tag);
    }
}

impl From<EntityTag> for Representation {
    fn from(tag: EntityTag) -> Self {
        Self::tagged(tag)
    }
}

#[cfg(test)]
#[cfg(feature = "layer")]
mod tests {
    use http::header::{ACCEPT, CACHE_CONTROL};

    use super::*;

    const ONE: EntityTag = EntityTag::from_static("\"1\"");
    const TWO: EntityTag = EntityTag::from_static("\"2\"");
    const WEAK: EntityTag = EntityTag::from_static("W/\"1\"");
    const DATE: HeaderValue = HeaderValue::from_static("Wed, 01 Jan 2025 00:00:00 GMT");

    /// The date of [`DATE`].
    fn date() -> HttpDate {
        HttpDate::from_unix_seconds(1_735_689_600).unwrap()
    }

    fn tag_of(representation: &Representation) -> Option<&str> {
        representation.entity_tag().and_then(EntityTag::to_str)
    }

    #[test]
    fn the_validators_of_a_response() {
        let response = |lines: &[(HeaderName, HeaderValue)]| {
            let headers = lines.iter().cloned().collect();
            let stated = Representation::of_response(&headers, None);
            let strong = stated.modified().is_some_and(|modified| modified.strong);
            assert!(!strong, "nobody has said that it is the only change");
            (
                tag_of(&stated).map(ToOwned::to_owned),
                stated.last_modified_date(),
            )
        };
        let tag = || Some("\"1\"".to_owned());
        let malformed = HeaderValue::from_static("1");
        assert_eq!(response(&[]), (None, None));
        assert_eq!(response(&[(ETAG, ONE.into())]), (tag(), None));
        assert_eq!(response(&[(LAST_MODIFIED, DATE)]), (None, Some(date())));
        let both = [(ETAG, ONE.into()), (LAST_MODIFIED, DATE)];
        assert_eq!(response(&both), (tag(), Some(date())));
        let twice = [
            (ETAG, ONE.into()),
            (ETAG, TWO.into()),
            (LAST_MODIFIED, DATE),
        ];
        assert_eq!(response(&twice), (None, Some(date())));
        let twice = [
            (ETAG, ONE.into()),
            (LAST_MODIFIED, DATE),
            (LAST_MODIFIED, DATE),
        ];
        assert_eq!(response(&twice), (tag(), None));
        let neither = [(ETAG, malformed.clone()), (LAST_MODIFIED, malformed)];
        assert_eq!(response(&neither), (None, None));

        let headers = HeaderMap::from_iter([(ETAG, ONE.into())]);
        let computed = Representation::of_response(&headers, Some(TWO));
        assert_eq!(tag_of(&computed), Some("\"2\""));
    }

    #[test]
    fn what_is_moved_out_is_there_once() {
        let mut current = Current::from(Representation::tagged(ONE).strong_last_modified(date()));
        let representation = current.representation_mut().unwrap();
        let modified = representation.take_modified().unwrap();
        assert_eq!((modified.date, modified.strong), (date(), true));
        assert!(representation.take_modified().is_none());
        assert!(current.take_entity_tag().unwrap().strong_eq(&ONE));
        assert!(current.take_entity_tag().is_none());
        assert_eq!(current.exists(), Some(true));

        for mut nothing in [Current::absent(), Current::Unknown, Current::Delegated] {
            assert!(nothing.representation_mut().is_none());
            assert!(nothing.take_entity_tag().is_none());
        }
    }

    #[test]
    fn a_date_is_written_out_once() {
        let line = |representation: Representation| representation.modified()?.line.clone();
        let dated = Representation::new().last_modified(date());
        assert_eq!(line(dated.clone()), None);
        assert_eq!(line(dated.written_out()), Some(DATE));
        assert_eq!(line(Representation::new().written_out()), None);
    }

    /// Another weakness of a date is another result of If-Range (section 13.1.5), and another tag one of If-Match on a write.
    #[test]
    fn what_gives_the_same_results() {
        let one = || Representation::tagged(ONE);
        let different = [
            Representation::new(),
            one(),
            Representation::tagged(TWO),
            Representation::tagged(WEAK),
            one().other_tags([TWO]),
            one().other_tags([TWO, WEAK]),
            one().last_modified(date()),
            one().strong_last_modified(date()),
            one().last_modified(date().saturating_add_seconds(1)),
            Representation::new().last_modified(date()),
        ];
        for (a, first) in different.iter().enumerate() {
            for (b, second) in different.iter().enumerate() {
                let same = first.has_validators_of(second);
                assert_eq!(same, a == b, "{first:?} {second:?}");
            }
        }
        let with_field = one().field(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        assert!(with_field.has_validators_of(&one()));
        let written_out = one().last_modified(date()).written_out();
        assert!(written_out.has_validators_of(&one().last_modified(date())));
    }

    #[test]
    fn the_fields_beside_the_validators() {
        assert!(Representation::tagged(ONE).fields().is_none());
        let value = HeaderValue::from_static("no-cache");
        let with_field = Representation::new().field(CACHE_CONTROL, value.clone());
        assert_eq!(with_field.fields().unwrap()[CACHE_CONTROL], value);
        let other = HeaderValue::from_static("no-store");
        let replaced = with_field.field(CACHE_CONTROL, other.clone());
        assert_eq!(replaced.fields().unwrap()[CACHE_CONTROL], other);

        let varying = Representation::new()
            .varying_on([ACCEPT, HeaderName::from_static("prefer")])
            .field(VARY, HeaderValue::from_static("accept, te"));
        let fields = varying.fields().unwrap();
        assert_eq!(fields[VARY], "accept, prefer, te");
    }

    #[test]
    fn the_forms_of_the_tag() {
        let weak = || Representation::tagged(WEAK);
        let strong = || Representation::tagged(ONE);
        assert!(weak().has_weak_tag());
        assert!(!strong().has_weak_tag());
        assert!(!Representation::new().has_weak_tag());
        assert!(strong().other_tags([TWO, WEAK]).has_weak_tag());
        assert!(!strong().other_tags([TWO]).has_weak_tag());

        assert_eq!(tag_of(&weak().in_strong_form()), Some("\"1\""));
        assert_eq!(tag_of(&strong().in_strong_form()), Some("\"1\""));
        assert_eq!(tag_of(&Representation::new().in_strong_form()), None);

        let mut listed = strong();
        listed.retag(TWO);
        assert_eq!(tag_of(&listed), Some("\"2\""));
    }
}
