//! The description of one method: what its requests may carry, and what the layer answers.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::rehearsal::Exchange;
use crate::field::Field;
use crate::method_class::MethodClass;
use crate::refusal::{DETAIL, MemberValue, Refusal};

/// What the layer does with the requests of one method.
///
/// # Examples
///
/// ```
/// use http::Method;
/// use tower_conditional::{ConditionalLayer, FromResponse};
///
/// let get = ConditionalLayer::new(FromResponse).describe().of(&Method::GET);
/// let read: Vec<_> = get.fields().iter().map(|read| read.field().as_str()).collect();
/// assert_eq!(read, ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"]);
/// ```
#[derive(Clone, Debug)]
pub struct DescribedMethod {
    fields: Vec<DescribedField>,
    responses: Vec<DescribedResponse>,
    success_headers: HeaderMap,
    recovers: bool,
}

impl DescribedMethod {
    pub(super) fn of(exchanges: &[Exchange], class: MethodClass, recovers: bool) -> Self {
        let mut responses: Vec<DescribedResponse> = Vec::new();
        let mut success_headers = HeaderMap::new();
        for exchange in exchanges {
            let is_own = exchange.refused.is_some() || exchange.status == StatusCode::NOT_MODIFIED;
            if is_own {
                let described = responses
                    .iter_mut()
                    .find(|one| one.status == exchange.status);
                match described {
                    Some(described) => described.add(exchange),
                    None => responses.push(DescribedResponse::of(exchange, class)),
                }
            } else if exchange.is_performed() && class == MethodClass::Read {
                add_headers(&mut success_headers, &exchange.headers);
            }
        }
        responses.sort_by_key(|response| response.status);
        let fields = Field::ALL.into_iter();
        let fields: Vec<_> = fields
            .filter_map(|field| DescribedField::of(field, exchanges, class))
            .collect();
        let may_fail = responses
            .iter()
            .any(|response| response.status == StatusCode::PRECONDITION_FAILED);
        Self {
            fields,
            recovers: recovers && class == MethodClass::Write && may_fail,
            responses,
            success_headers,
        }
    }

    /// The conditional headers that make a difference, in the order of
    /// [RFC 9110, section 13.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1).
    #[must_use]
    pub fn fields(&self) -> &[DescribedField] {
        &self.fields
    }

    /// The responses that the layer makes in place of the handler's, by status.
    #[must_use]
    pub fn responses(&self) -> &[DescribedResponse] {
        &self.responses
    }

    /// The response with this status, if the layer makes one.
    ///
    /// ```
    /// # use http::Method;
    /// # use tower_conditional::{ConditionalLayer, FromResponse};
    /// let get = ConditionalLayer::new(FromResponse).describe().of(&Method::GET);
    /// assert!(get.response(304).is_some() && get.response(428).is_none());
    /// ```
    #[must_use]
    pub fn response(&self, status: u16) -> Option<&DescribedResponse> {
        self.responses
            .iter()
            .find(|response| response.status == status)
    }

    /// The headers that a 200 to a read may have: its validators, and those that the layer adds. The values are examples.
    ///
    /// ```
    /// # use http::Method;
    /// # use tower_conditional::{BodyHash, ConditionalLayer};
    /// let get = ConditionalLayer::new(BodyHash::strong()).describe().of(&Method::GET);
    /// assert!(get.success_headers().contains_key("etag"));
    /// ```
    #[must_use]
    pub const fn success_headers(&self) -> &HeaderMap {
        &self.success_headers
    }

    /// Whether a request that says `Prefer: return=representation` gets the current representation inside the 412
    /// ([`recover_with`](crate::ConditionalLayer::recover_with)).
    ///
    /// ```
    /// # use http::Method;
    /// # use tower_conditional::{ConditionalLayer, FromResponse};
    /// assert!(!ConditionalLayer::new(FromResponse).describe().of(&Method::PUT).returns_representation());
    /// ```
    #[must_use]
    pub const fn returns_representation(&self) -> bool {
        self.recovers
    }
}

/// A conditional header that makes a difference.
///
/// # Examples
///
/// ```
/// use http::Method;
/// use tower_conditional::precondition::Field;
/// use tower_conditional::{ConditionalLayer, FromResponse};
///
/// let get = ConditionalLayer::new(FromResponse).describe().of(&Method::GET);
/// let if_none_match = &get.fields()[1];
/// assert_eq!(if_none_match.field(), Field::IfNoneMatch);
/// assert!(!if_none_match.is_required());
/// println!("{}", if_none_match.text());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DescribedField {
    field: Field,
    class: MethodClass,
    is_required: bool,
    rejects_malformed: bool,
}

impl DescribedField {
    /// `None` if the header makes no difference.
    fn of(field: Field, exchanges: &[Exchange], class: MethodClass) -> Option<Self> {
        let sends = |exchange: &&Exchange| exchange.sent.is_some_and(|sent| sent.field == field);
        if !exchanges
            .iter()
            .filter(sends)
            .any(Exchange::is_decided_by_field)
        {
            return None;
        }
        let mut performed = exchanges.iter().filter(|exchange| exchange.is_performed());
        let is_malformed = |exchange: &&Exchange| {
            sends(exchange)
                && exchange.exists
                && exchange.sent.is_some_and(|sent| sent.is_malformed)
        };
        let mut malformed = exchanges.iter().filter(is_malformed).peekable();
        Some(Self {
            field,
            class,
            is_required: performed.clone().next().is_some()
                && performed.all(|exchange| sends(&exchange)),
            rejects_malformed: malformed.peek().is_some()
                && malformed.all(|exchange| exchange.refused.is_some()),
        })
    }

    /// Which one.
    #[must_use]
    pub const fn field(self) -> Field {
        self.field
    }

    /// Whether no request without it succeeds.
    ///
    /// It is not required by itself where another one does as well: of `If-Match` and `If-None-Match: *` a PUT that may create
    /// needs one, and the [text](DescribedResponse::text) of the 428 says so.
    #[must_use]
    pub const fn is_required(self) -> bool {
        self.is_required
    }

    /// The grammar of its value as a regular expression of ECMA-262; `None` if a malformed value is ignored.
    #[must_use]
    pub const fn pattern(self) -> Option<&'static str> {
        match self.rejects_malformed {
            true => Some(LIST_OF_TAGS),
            false => None,
        }
    }

    /// What a client sends in it, for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match (self.field, self.class) {
            (Field::IfMatch, MethodClass::Write) => {
                "The ETag of the version that the change was made from, exactly as it was received, quotes included. If \
                 it is not the current one any more, nothing is changed, and the answer is 412."
            }
            (Field::IfMatch, _) => {
                "An ETag, exactly as it was received, quotes included. If it is not the current one, the answer is 412."
            }
            (Field::IfNoneMatch, MethodClass::Write) => {
                "`*`: perform the request only if there is nothing yet. Otherwise nothing is changed, and the answer is 412."
            }
            (Field::IfNoneMatch, _) => {
                "The ETag of the response that the client has stored. If it is still the current one, the answer is 304."
            }
            (Field::IfModifiedSince, _) => {
                "The Last-Modified of the response that the client has stored. If nothing has changed since, the answer is \
                 304. Ignored beside If-None-Match."
            }
            (Field::IfUnmodifiedSince, MethodClass::Write) => {
                "The Last-Modified of the version that the change was made from. If it was modified since, nothing is \
                 changed, and the answer is 412. Ignored beside If-Match, which is safer."
            }
            (Field::IfUnmodifiedSince, _) => {
                "A date. If there was a modification after it, the answer is 412. Ignored beside If-Match."
            }
            (Field::IfRange, _) => {
                "With Range: the ETag of the part that the client has. If it is not the current one any more, the answer is \
                 the whole."
            }
        }
    }
}

/// A list of entity tags, or `*` (RFC 9110, sections 8.8.3 and 13.1.1). Its elements may be empty (section 5.6.1.2).
const LIST_OF_TAGS: &str = concat!(
    r"^[ \t]*(\*[ \t]*|",
    r#"((W/)?"[!#-~\u0080-\u00ff]*"[ \t]*)?(,[ \t]*((W/)?"[!#-~\u0080-\u00ff]*"[ \t]*)?)*"#,
    r")$"
);

/// A response that the layer makes in place of the handler's.
///
/// # Examples
///
/// ```
/// use http::{Method, header::RETRY_AFTER};
/// use tower_conditional::source::InMemoryVersions;
/// use tower_conditional::ConditionalLayer;
///
/// let put = ConditionalLayer::new(InMemoryVersions::new()).describe().of(&Method::PUT);
/// let unavailable = put.response(503).expect("the lock may fail");
/// assert!(unavailable.headers().contains_key(RETRY_AFTER));
/// assert_eq!(unavailable.content_type().unwrap(), "application/problem+json");
/// ```
#[derive(Clone, Debug)]
pub struct DescribedResponse {
    status: StatusCode,
    class: MethodClass,
    headers: HeaderMap,
    content_type: Option<HeaderValue>,
    refusals: Vec<Refusal>,
    bodies: Vec<Bytes>,
}

impl DescribedResponse {
    fn of(exchange: &Exchange, class: MethodClass) -> Self {
        let mut response = Self {
            status: exchange.status,
            class,
            headers: HeaderMap::new(),
            content_type: None,
            refusals: Vec::new(),
            bodies: Vec::new(),
        };
        response.add(exchange);
        response
    }

    /// Adds what another response of the same status has.
    fn add(&mut self, exchange: &Exchange) {
        add_headers(&mut self.headers, &exchange.headers);
        let Some((refusal, body)) = &exchange.refused else {
            return;
        };
        if self.content_type.is_none() {
            self.content_type = exchange.headers.get(CONTENT_TYPE).cloned();
        }
        self.add_refusal(*refusal, body);
    }

    fn add_refusal(&mut self, refusal: Refusal, body: &Bytes) {
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
            self.bodies.push(body.clone());
        }
    }

    /// Adds what a response of another method has.
    #[cfg(feature = "utoipa")]
    pub(super) fn merge(&mut self, other: &Self) {
        add_headers(&mut self.headers, &other.headers);
        for (refusal, body) in other.refusals.iter().zip(&other.bodies) {
            self.add_refusal(*refusal, body);
        }
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers that it may have, with examples of their values.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The type of its content; `None` if it has none.
    #[must_use]
    pub const fn content_type(&self) -> Option<&HeaderValue> {
        self.content_type.as_ref()
    }

    /// The refusals that have this status.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// The contents that it may have: one for each of the [refusals](Self::refusals).
    #[must_use]
    pub fn contents(&self) -> &[Bytes] {
        &self.bodies
    }

    /// The members of its problem details, with every value that they can have. Empty if the application words its refusals
    /// itself ([`refuse_with`](crate::ConditionalLayer::refuse_with)).
    #[must_use]
    pub fn members(&self) -> Vec<DescribedMember> {
        let mut refusals = self.refusals.iter().zip(&self.bodies);
        let all_ours = refusals.all(|(refusal, body)| refusal.to_problem().body() == body);
        if all_ours {
            members_of(&self.refusals)
        } else {
            Vec::new()
        }
    }

    /// What it means, for people.
    #[must_use]
    pub fn text(&self) -> &'static str {
        match (self.status, self.class) {
            (StatusCode::NOT_MODIFIED, _) => "What the client has stored is still current.",
            (StatusCode::BAD_REQUEST, _) => {
                "A conditional header is malformed. `field` says which one."
            }
            (StatusCode::PRECONDITION_FAILED, MethodClass::Write) => {
                "A precondition is false: somebody else was faster, or the tag never was the current one. Nothing was changed. \
                 `reason` says why. Fetch the resource again, apply the change to it, and send it with the new ETag."
            }
            (StatusCode::PRECONDITION_FAILED, _) => "A precondition is false. `reason` says why.",
            (StatusCode::PRECONDITION_REQUIRED, _) => {
                "A precondition is required, and none that counts was sent. Nothing was changed."
            }
            (StatusCode::SERVICE_UNAVAILABLE, MethodClass::Write) => {
                "The precondition could not be evaluated. Nothing was changed. Send the same request again after the \
                 seconds of `Retry-After`."
            }
            (StatusCode::SERVICE_UNAVAILABLE, _) => {
                "The part that was found is of another version than If-Range names. Send the same request again."
            }
            _ => "The request was refused for its preconditions.",
        }
    }
}

/// The members of the problem details of these refusals.
pub(super) fn members_of(refusals: &[Refusal]) -> Vec<DescribedMember> {
    let mut members: Vec<DescribedMember> = Vec::new();
    for (name, value) in refusals.iter().flat_map(|refusal| refusal.members()) {
        let at = members.iter().position(|member| member.name == name);
        let at = at.unwrap_or_else(|| {
            members.push(DescribedMember {
                name,
                values: Vec::new(),
                times: 0,
                is_always_there: false,
            });
            members.len() - 1
        });
        let member = &mut members[at];
        member.times += 1;
        member.is_always_there = member.times == refusals.len();
        if name != DETAIL && !member.values.contains(&value) {
            member.values.push(value);
        }
    }
    members
}

/// A member of the problem details of a response ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).
///
/// # Examples
///
/// ```
/// use http::Method;
/// use tower_conditional::{ConditionalLayer, FromResponse};
///
/// let get = ConditionalLayer::new(FromResponse).describe().of(&Method::GET);
/// for member in get.response(412).expect("If-Match on a GET").members() {
///     println!("{}: one of {:?}", member.name(), member.values());
/// }
/// ```
#[derive(Clone, Debug)]
pub struct DescribedMember {
    name: &'static str,
    values: Vec<MemberValue>,
    /// How many refusals have it.
    times: usize,
    is_always_there: bool,
}

impl DescribedMember {
    /// Its name, such as `reason`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Every value that it can have; empty for `detail`, whose text is for people, and may change.
    #[must_use]
    pub fn values(&self) -> &[MemberValue] {
        &self.values
    }

    /// Whether every such response has it.
    #[must_use]
    pub const fn is_always_there(&self) -> bool {
        self.is_always_there
    }
}

/// Adds the names that are not there yet. The type and the length of content are described with the content.
fn add_headers(all: &mut HeaderMap, headers: &HeaderMap) {
    let is_of_content = |name: &HeaderName| *name == CONTENT_TYPE || *name == CONTENT_LENGTH;
    for (name, value) in headers.iter().filter(|(name, _)| !is_of_content(name)) {
        if !all.contains_key(name) {
            all.insert(name, value.clone());
        }
    }
}
