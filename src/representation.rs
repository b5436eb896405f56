//! What the server knows: the current representation of the target, its validators, or that there is none
//! ([RFC 9110, section 8.8]).
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

/// What a source knows about the target of a request.
///
/// "Exists without a validator", "does not exist", "not known" and "not mine to judge" are different answers:
/// `If-Match: *` is true on the first, false on the second, and unclear on the third.
///
/// # Examples
///
/// What a source has found becomes one of them:
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
    /// Nothing is known before the handler runs. Reads are judged by what the handler sends; conditional writes
    /// are refused, because after the handler it is too late.
    Unknown,
    /// The handler judges by itself: every field reaches it untouched, nothing is required, no lock is held. In a
    /// chain it is an answer: the second source is not asked.
    Delegated,
}

impl Current {
    /// The target does not exist, and the method says whether the request could succeed all the same.
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

    /// Whether the target exists, as far as that is known.
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

/// What the request would get without its preconditions when the target does not exist
/// ([RFC 9110, section 13.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1)).
///
/// It decides between the handler's own 404 and a 412 when `If-Match` is sent to a target that is not there.
///
/// # Examples
///
/// A PATCH creates nothing: to a note that is not there it is the handler's 404, whatever If-Match says.
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
    /// PUT, PATCH and POST may create and so may succeed: a false If-Match is 412, and the handler does not run
    /// ([RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)). GET, HEAD and DELETE will not, and
    /// their handler says 404.
    #[default]
    ByMethod,
    /// It may succeed (a DELETE that answers 204 for nothing): a false precondition is 412.
    MaySucceed,
    /// It will fail (a PUT that never creates): the handler runs and says 404 or 410.
    WillFail,
}

/// The current representation of the target: its validators and the fields that a 304 must repeat.
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

/// What few representations have: every request moves a representation about, and should not move this.
#[derive(Clone, Debug, Default)]
struct More {
    other_tags: Vec<EntityTag>,
    fields: HeaderMap,
}

impl Representation {
    /// A representation that exists and has no validator yet.
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

    /// With the time of the last change, in whole seconds.
    ///
    /// The date counts as weak: it never satisfies If-Range
    /// ([section 8.8.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2)).
    ///
    /// Preconditions are evaluated against the date as it is given here, also where it lies in the future. A
    /// Last-Modified that is sent is at most the Date of the response
    /// ([section 8.8.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.1)). So, while a date lies in the
    /// future, a client that sends back the date it got fails If-Unmodified-Since and gets neither a 304 nor a 206. A
    /// source that cannot trust its dates gives none.
    #[doc(alias("Last-Modified"))]
    #[must_use]
    pub fn last_modified(mut self, date: impl Into<HttpDate>) -> Self {
        self.last_modified = Some(LastModified::new(date.into(), false));
        self
    }

    /// With the time of the last change, known to be the only change within its second.
    #[must_use]
    pub fn strong_last_modified(mut self, date: impl Into<HttpDate>) -> Self {
        self.last_modified = Some(LastModified::new(date.into(), true));
        self
    }

    /// With the tags of the other current representations of the resource.
    ///
    /// A PUT rarely repeats the Accept fields of the GET: on a negotiated resource a write is guarded by the tag of
    /// *a* current representation ([section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)).
    /// They count on writes only.
    #[doc(alias("negotiation"))]
    #[must_use]
    pub fn other_tags(mut self, tags: impl IntoIterator<Item = EntityTag>) -> Self {
        self.more().other_tags.extend(tags);
        self
    }

    /// With a field that a 200 and a 304 both carry: Cache-Control, Expires, Content-Location
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

    /// With the request fields that took part in selecting the representation: they go into Vary.
    #[doc(alias("Vary"))]
    #[must_use]
    pub fn varying_on(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        for name in names {
            add_vary(&mut self.more().fields, &HeaderValue::from(name));
        }
        self
    }

    /// The entity tag.
    #[must_use]
    pub const fn entity_tag(&self) -> Option<&EntityTag> {
        self.entity_tag.as_ref()
    }

    /// The Last-Modified date.
    #[must_use]
    pub fn last_modified_date(&self) -> Option<HttpDate> {
        self.modified().map(|modified| modified.date)
    }

    pub(crate) const fn modified(&self) -> Option<&LastModified> {
        self.last_modified.as_ref()
    }

    /// The tags that guard a write beside the one of the selected representation.
    pub(crate) fn others(&self) -> &[EntityTag] {
        self.more.as_ref().map_or(&[], |more| &more.other_tags)
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }
}

#[cfg(feature = "layer")]
impl Representation {
    /// The fields beside the validators, if there are any.
    pub(crate) fn fields(&self) -> Option<&HeaderMap> {
        self.more.as_ref().map(|more| &more.fields)
    }

    /// What the fields of a response say about its validators; one that is not well-formed is none. A tag that was
    /// made of its content needs no reading.
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

    /// With Last-Modified written out, for a source that hands out the same representation again and again.
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

    /// Whether every precondition means the same to both.
    pub(crate) fn has_validators_of(&self, other: &Self) -> bool {
        let date = |of: &Self| {
            of.modified()
                .map(|modified| (modified.date, modified.strong))
        };
        self.tags().eq(other.tags()) && date(self) == date(other)
    }

    fn tags(&self) -> impl Iterator<Item = &[u8]> {
        let tags = self.entity_tag.iter().chain(self.others());
        tags.map(EntityTag::as_bytes)
    }

    pub(crate) fn retag(&mut self, tag: EntityTag) {
        self.entity_tag = Some(tag);
    }
}

impl From<EntityTag> for Representation {
    fn from(tag: EntityTag) -> Self {
        Self::tagged(tag)
    }
}
