//! An origin server written by hand from section 13. It is right except for the one flaw that a test gives it.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::Service;
use tower_conditional::HttpDate;

/// What an origin can get wrong, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    SplitsAtEveryComma,
    ReadsTheFirstLine,
    EmptyMemberSpoilsTheList,
    KnowsNoTabs,
    QuotedStarIsAStar,
    IgnoresDatesBesideDates,
    PanicsOnObsText,
    ObsTextSpoilsTheList,
    ClosesOnObsText,
    ComparesPrefixes,
    IgnoresIfMatch,
    IgnoresIfMatchOnReads,
    IgnoresIfMatchOnWrites,
    IgnoresIfMatchOnDelete,
    IfMatchIsWeak,
    EmptyIfMatchIsAbsent,
    MalformedIfMatchIsAbsent,
    IfMatchStarIsAlwaysTrue,
    IfMatchStarNeedsATag,
    IgnoresIfNoneMatch,
    IfNoneMatchIsStrong,
    IfNoneMatchKnowsNoStar,
    StarAmongTagsIsAStar,
    EmptyIfNoneMatchIsAbsent,
    MalformedIfNoneMatchIsAbsent,
    DateBesideIfNoneMatch,
    BothDateAndTagMustMatch,
    IgnoresIfModifiedSince,
    FailsOnBadDates,
    ReadsTheFirstOfTwoDates,
    FutureDatesAreInvalid,
    KnowsOneFormOfDates,
    IgnoresIfUnmodifiedSince,
    DateBesideIfMatch,
    UndatedIsModified,
    IfModifiedSinceOnWrites,
    IfNoneMatchComesFirst,
    NotModifiedLacks(&'static str),
    NotModifiedEchoes,
    NotModifiedHasABody,
    NotModifiedHasLengthZero,
    NotModifiedHasAType,
    NotModifiedToWrites,
    WritesThenRefuses,
    ChecksThenWaits,
    ChecksTheHead,
    CreatesTwice,
    ReportsTheConflict(u16),
    EvaluatesOnOptions,
    EvaluatesOnErrors,
    IgnoresIfRange,
    IfRangeIsWeak,
    IfRangeByOrder,
    IfRangeTakesAnything,
    RangeOnHead,
    RangeComesFirst,
    RefusesOtherUnits,
    PartLacksTheTag,
    HeadLacksTheTag,
    HeadHasAnotherTag,
    HeadIsUnconditional,
    HeadHasABody,
    HeadHasLengthZero,
    TagOfTheMoment,
    TagOfTheLength,
    TwoTags,
    ModifiedLater,
    GzipHasTheSameTag,
    GzipHasNoTag,
    GzipWithoutVary,
    PutAnswersTheOldTag,
    PutAnswersThoughItRewrote,
    RequiredIsStorable,
    RequiredSaysNothing,
    FailedSaysNothing,
    TagsAreWeak,
    RequiresMoreThanThereIs,
    NoValidators,
}

/// `Wed, 01 Jan 2025 00:00:00 GMT`; each version is a second younger.
const T: i64 = 1_735_689_600;

#[derive(Clone, Debug)]
pub(crate) struct Origin {
    flaw: Option<Flaw>,
    has_dates: bool,
    has_tags: bool,
    is_weak: bool,
    is_demanding: bool,
    store: Arc<Mutex<Store>>,
    /// Held from the check to the write: over a socket other threads serve other writers.
    check_and_write: Arc<tokio::sync::Mutex<()>>,
    methods: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug, Default)]
struct Store {
    versions: u64,
    documents: HashMap<String, Document>,
}

#[derive(Clone, Debug)]
struct Document {
    version: u64,
    body: Bytes,
}

/// The outcome of the steps of section 13.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Perform { ranged: bool },
    NotModified,
    Failed,
    Malformed,
    Broken,
}

impl Origin {
    pub(crate) fn right() -> Self {
        let store = Arc::new(Mutex::new(Store::default()));
        store
            .lock()
            .unwrap()
            .put("/notes/1", "a note".to_owned().into());
        Self {
            flaw: None,
            has_dates: true,
            has_tags: true,
            is_weak: false,
            is_demanding: false,
            store,
            check_and_write: Arc::default(),
            methods: Arc::default(),
        }
    }

    /// The method of every request, in order.
    pub(crate) fn methods(&self) -> Arc<Mutex<Vec<String>>> {
        self.methods.clone()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.store().documents.keys().cloned().collect()
    }

    pub(crate) fn with(flaw: Flaw) -> Self {
        let right = Self::right();
        Self {
            has_dates: !matches!(flaw, Flaw::UndatedIsModified | Flaw::NoValidators),
            has_tags: !matches!(flaw, Flaw::IfMatchStarNeedsATag | Flaw::NoValidators),
            is_weak: flaw == Flaw::TagsAreWeak,
            is_demanding: matches!(
                flaw,
                Flaw::RequiredIsStorable
                    | Flaw::RequiredSaysNothing
                    | Flaw::RequiresMoreThanThereIs
            ),
            flaw: Some(flaw),
            ..right
        }
    }

    pub(crate) fn without_dates(self) -> Self {
        Self {
            has_dates: false,
            ..self
        }
    }

    pub(crate) fn without_tags(self) -> Self {
        Self {
            has_tags: false,
            ..self
        }
    }

    pub(crate) fn weak(self) -> Self {
        Self {
            is_weak: true,
            ..self
        }
    }

    pub(crate) fn demanding(self) -> Self {
        Self {
            is_demanding: true,
            ..self
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve<B>(self, request: Request<B>) -> Result<Response<Full<Bytes>>, String>
    where
        B: Body<Data = Bytes, Error: Display>,
    {
        let (head, body) = request.into_parts();
        self.methods.lock().unwrap().push(head.method.to_string());
        let path = head.uri.path().to_owned();
        let document = self.store().documents.get(&path).cloned();
        if self.has(Flaw::ClosesOnObsText) && has_obs_text(&head.headers) {
            return Err("connection closed".to_owned());
        }
        let evaluated = |method: &Method| self.evaluate(method, &head.headers, document.as_ref());
        let response = match head.method {
            Method::OPTIONS if self.has(Flaw::EvaluatesOnOptions) => {
                match evaluated(&Method::GET) {
                    Outcome::Perform { .. } => status(StatusCode::NO_CONTENT),
                    _ => status(StatusCode::PRECONDITION_FAILED),
                }
            }
            Method::OPTIONS => status(StatusCode::NO_CONTENT),
            Method::GET | Method::HEAD => {
                let outcome = evaluated(&head.method);
                self.read(&head.method, &head.headers, document.as_ref(), outcome)
            }
            Method::PUT | Method::DELETE => {
                let early = evaluated(&head.method);
                let content = body.collect().await.map_err(|error| error.to_string())?;
                let one_step = self.check_and_write.lock().await;
                let document = self.store().documents.get(&path).cloned();
                let now = self.evaluate(&head.method, &head.headers, document.as_ref());
                let creates = head.headers.contains_key(header::IF_NONE_MATCH);
                let outcome = match self.flaw {
                    Some(Flaw::ChecksTheHead) if !creates => early,
                    Some(Flaw::CreatesTwice) if creates => early,
                    Some(Flaw::ReportsTheConflict(code)) if now != early => {
                        return Ok(status(StatusCode::from_u16(code).unwrap()));
                    }
                    _ => now,
                };
                let _one_step = if self.has(Flaw::ChecksThenWaits) {
                    drop(one_step);
                    tokio::task::yield_now().await;
                    None
                } else {
                    Some(one_step)
                };
                self.write(
                    &head.method,
                    &head.headers,
                    &path,
                    content.to_bytes(),
                    outcome,
                )
            }
            _ => status(StatusCode::METHOD_NOT_ALLOWED),
        };
        Ok(response)
    }

    fn read(
        &self,
        method: &Method,
        headers: &HeaderMap,
        document: Option<&Document>,
        outcome: Outcome,
    ) -> Response<Full<Bytes>> {
        let is_get = method == Method::GET;
        let Some(document) = document else {
            return self.absent(is_get, outcome);
        };
        let range = headers.get(header::RANGE).map(HeaderValue::as_bytes);
        if let Some(early) = self.before_the_outcome(is_get, range, outcome) {
            return early;
        }
        match outcome {
            Outcome::NotModified => self.not_modified(headers, document),
            Outcome::Failed if is_get => self.failed(),
            Outcome::Failed => status(StatusCode::PRECONDITION_FAILED),
            Outcome::Malformed => status(StatusCode::BAD_REQUEST),
            Outcome::Broken => status(StatusCode::INTERNAL_SERVER_ERROR),
            Outcome::Perform { ranged } => self.sent(is_get, ranged, headers, document),
        }
    }

    fn absent(&self, is_get: bool, outcome: Outcome) -> Response<Full<Bytes>> {
        if self.has(Flaw::EvaluatesOnErrors) && outcome == Outcome::NotModified {
            return status(StatusCode::NOT_MODIFIED);
        }
        let page = if is_get { "no such note" } else { "" };
        let mut response = Response::new(page.into());
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    }

    fn before_the_outcome(
        &self,
        is_get: bool,
        range: Option<&[u8]>,
        outcome: Outcome,
    ) -> Option<Response<Full<Bytes>>> {
        let range = range.filter(|_| is_get)?;
        if self.has(Flaw::RefusesOtherUnits) && !range.starts_with(b"bytes=") {
            return Some(status(StatusCode::RANGE_NOT_SATISFIABLE));
        }
        let is_satisfiable = range == b"bytes=0-0";
        (self.has(Flaw::RangeComesFirst) && outcome == Outcome::NotModified && !is_satisfiable)
            .then(|| status(StatusCode::RANGE_NOT_SATISFIABLE))
    }

    fn sent(
        &self,
        is_get: bool,
        ranged: bool,
        headers: &HeaderMap,
        document: &Document,
    ) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(document.body.clone()));
        self.describe(response.headers_mut(), headers, document);
        let is_first_byte = headers
            .get(header::RANGE)
            .is_some_and(|range| range == "bytes=0-0");
        let takes_range = is_get || self.has(Flaw::RangeOnHead);
        if ranged && is_first_byte && takes_range {
            let total = document.body.len();
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            *response.body_mut() = Full::from(document.body.slice(..1));
            set(&mut response, header::CONTENT_LENGTH, "1");
            set(
                &mut response,
                header::CONTENT_RANGE,
                &format!("bytes 0-0/{total}"),
            );
            if self.has(Flaw::PartLacksTheTag) {
                response.headers_mut().remove(header::ETAG);
            }
        }
        if !is_get {
            self.strip_for_head(&mut response, document);
        }
        response
    }

    fn strip_for_head(&self, response: &mut Response<Full<Bytes>>, document: &Document) {
        let length = document.body.len().to_string();
        set(response, header::CONTENT_LENGTH, &length);
        if !self.has(Flaw::HeadHasABody) {
            *response.body_mut() = Full::default();
        }
        match self.flaw {
            Some(Flaw::HeadLacksTheTag) => drop(response.headers_mut().remove(header::ETAG)),
            Some(Flaw::HeadHasAnotherTag) => set(response, header::ETAG, "\"head\""),
            Some(Flaw::HeadHasLengthZero) => set(response, header::CONTENT_LENGTH, "0"),
            _ => {}
        }
    }

    fn not_modified(&self, asked: &HeaderMap, document: &Document) -> Response<Full<Bytes>> {
        let mut response = status(StatusCode::NOT_MODIFIED);
        self.describe(response.headers_mut(), asked, document);
        let fields = response.headers_mut();
        for name in [
            header::CONTENT_TYPE,
            header::LAST_MODIFIED,
            header::CONTENT_LENGTH,
        ] {
            if name != header::LAST_MODIFIED || self.has_tags {
                fields.remove(name);
            }
        }
        match &self.flaw {
            Some(Flaw::NotModifiedLacks(name)) => drop(fields.remove(*name)),
            Some(Flaw::NotModifiedEchoes) => {
                let sent = asked.get(header::IF_NONE_MATCH).cloned();
                fields.insert(
                    header::ETAG,
                    sent.unwrap_or(HeaderValue::from_static("\"\"")),
                );
            }
            Some(Flaw::NotModifiedHasABody) => *response.body_mut() = "not modified".into(),
            Some(Flaw::NotModifiedHasLengthZero) => set(&mut response, header::CONTENT_LENGTH, "0"),
            Some(Flaw::NotModifiedHasAType) => {
                set(&mut response, header::CONTENT_TYPE, "text/plain")
            }
            _ => {}
        }
        response
    }

    /// The fields of the 200.
    fn describe(&self, fields: &mut HeaderMap, asked: &HeaderMap, document: &Document) {
        let mut add = |name: HeaderName, value: &str| {
            fields.append(name, HeaderValue::from_str(value).unwrap());
        };
        if self.has_tags {
            add(header::ETAG, &self.tag(document));
        }
        if self.has(Flaw::TwoTags) {
            add(header::ETAG, "\"second\"");
        }
        if self.has_dates {
            add(header::LAST_MODIFIED, &modified(document).to_string());
        }
        if self.has(Flaw::ModifiedLater) {
            add(header::DATE, "Tue, 31 Dec 2024 23:59:59 GMT");
        }
        add(header::CONTENT_TYPE, "text/plain");
        add(header::CONTENT_LENGTH, &document.body.len().to_string());
        add(header::CACHE_CONTROL, "max-age=60");
        add(header::EXPIRES, "Wed, 01 Jan 2025 12:00:00 GMT");
        add(header::CONTENT_LOCATION, "/notes/1.txt");
        let codes = matches!(
            self.flaw,
            Some(Flaw::GzipHasTheSameTag | Flaw::GzipHasNoTag | Flaw::GzipWithoutVary)
        );
        let wants_gzip = asked
            .get(header::ACCEPT_ENCODING)
            .is_some_and(|coding| coding == "gzip");
        if codes && wants_gzip {
            add(header::CONTENT_ENCODING, "gzip");
        }
        if !self.has(Flaw::GzipWithoutVary) {
            add(header::VARY, "accept-encoding");
        } else if codes && wants_gzip && self.has_tags {
            fields.insert(header::ETAG, HeaderValue::from_static("\"gzip\""));
        }
        if self.has(Flaw::GzipHasNoTag) && wants_gzip {
            fields.remove(header::ETAG);
        }
    }

    fn tag(&self, document: &Document) -> String {
        let version = match self.flaw {
            Some(Flaw::TagOfTheMoment) => {
                let mut store = self.store();
                store.versions += 1;
                store.versions
            }
            Some(Flaw::TagOfTheLength) => document.body.len() as u64,
            _ => document.version,
        };
        let weak = if self.is_weak { "W/" } else { "" };
        format!("{weak}\"v{version}\"")
    }

    fn write(
        &self,
        method: &Method,
        headers: &HeaderMap,
        path: &str,
        content: Bytes,
        outcome: Outcome,
    ) -> Response<Full<Bytes>> {
        let guards = [header::IF_MATCH, header::IF_UNMODIFIED_SINCE];
        let creates = headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|value| value == "*");
        let is_guarded = creates
            || !self.has(Flaw::RequiresMoreThanThereIs)
                && guards.iter().any(|name| headers.contains_key(name));
        match outcome {
            Outcome::Failed if self.has(Flaw::WritesThenRefuses) => {
                self.perform(method, path, content);
                self.failed()
            }
            Outcome::Failed => self.failed(),
            Outcome::NotModified => status(StatusCode::NOT_MODIFIED),
            Outcome::Malformed => status(StatusCode::BAD_REQUEST),
            Outcome::Broken => status(StatusCode::INTERNAL_SERVER_ERROR),
            Outcome::Perform { .. } if self.is_demanding && !is_guarded => self.required(),
            Outcome::Perform { .. } => self.perform(method, path, content),
        }
    }

    fn failed(&self) -> Response<Full<Bytes>> {
        let mut response = status(StatusCode::PRECONDITION_FAILED);
        if !self.has(Flaw::FailedSaysNothing) {
            *response.body_mut() = "somebody else has saved".into();
        }
        response
    }

    fn required(&self) -> Response<Full<Bytes>> {
        let mut response = status(StatusCode::PRECONDITION_REQUIRED);
        if !self.has(Flaw::RequiredSaysNothing) {
            *response.body_mut() = "send If-Match".into();
        }
        if !self.has(Flaw::RequiredIsStorable) {
            set(&mut response, header::CACHE_CONTROL, "no-store");
        }
        response
    }

    fn perform(&self, method: &Method, path: &str, content: Bytes) -> Response<Full<Bytes>> {
        let mut store = self.store();
        if method == Method::DELETE {
            return match store.documents.remove(path) {
                Some(_) => status(StatusCode::NO_CONTENT),
                None => status(StatusCode::NOT_FOUND),
            };
        }
        let content = if self.has(Flaw::PutAnswersThoughItRewrote) {
            Bytes::from([&content[..], b"\n"].concat())
        } else {
            content
        };
        let before = store.put(path, content);
        let now = store.documents[path].clone();
        drop(store);
        let mut response = status(match before {
            Some(_) => StatusCode::NO_CONTENT,
            None => StatusCode::CREATED,
        });
        let answers_tag = matches!(self.flaw, Some(Flaw::PutAnswersThoughItRewrote));
        if answers_tag {
            set(&mut response, header::ETAG, &self.tag(&now));
        }
        if let (Some(before), true) = (before, self.has(Flaw::PutAnswersTheOldTag)) {
            set(&mut response, header::ETAG, &self.tag(&before));
        }
        response
    }

    /// The steps of section 13.2.2.
    fn evaluate(
        &self,
        method: &Method,
        headers: &HeaderMap,
        document: Option<&Document>,
    ) -> Outcome {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let if_match = self.list(headers, &header::IF_MATCH);
        let if_none_match = self.list(headers, &header::IF_NONE_MATCH);
        let is_unconditional = self.has(Flaw::HeadIsUnconditional) && method == Method::HEAD
            || is_read && document.is_none() && !self.has(Flaw::EvaluatesOnErrors)
            || method == Method::DELETE && document.is_none();
        if is_unconditional {
            return Outcome::Perform { ranged: false };
        }
        if self.has(Flaw::IfNoneMatchComesFirst)
            && is_read
            && if_none_match
                .as_ref()
                .is_some_and(|list| !self.none_match(list, document, is_read))
        {
            return Outcome::NotModified;
        }
        let evaluates_if_match = match self.flaw {
            Some(Flaw::IgnoresIfMatch) => false,
            Some(Flaw::IgnoresIfMatchOnReads) => !is_read,
            Some(Flaw::IgnoresIfMatchOnWrites) => is_read,
            Some(Flaw::IgnoresIfMatchOnDelete) => method != Method::DELETE,
            _ => true,
        };
        match if_match.as_ref().filter(|_| evaluates_if_match) {
            Some(List::Malformed) => return Outcome::Malformed,
            Some(list) if !self.matches(list, document) => return Outcome::Failed,
            Some(_) if !self.has(Flaw::DateBesideIfMatch) => {}
            _ if headers.contains_key(header::IF_MATCH) && !self.has(Flaw::DateBesideIfMatch) => {}
            _ if self.is_modified_since(headers, document) => return Outcome::Failed,
            _ => {}
        }
        match if_none_match {
            Some(List::Malformed) if !is_read => return Outcome::Malformed,
            Some(_)
                if self.has(Flaw::BothDateAndTagMustMatch)
                    && headers.contains_key(header::IF_MODIFIED_SINCE)
                    && self.is_unmodified_since(headers, document) == Ok(false) => {}
            Some(list) if !self.none_match(&list, document, is_read) => {
                return self.cached(is_read);
            }
            Some(_) if !self.has(Flaw::DateBesideIfNoneMatch) => {}
            _ if is_read || self.has(Flaw::IfModifiedSinceOnWrites) => {
                match self.is_unmodified_since(headers, document) {
                    Ok(true) => return Outcome::NotModified,
                    Ok(false) => {}
                    Err(()) => return Outcome::Broken,
                }
            }
            _ => {}
        }
        Outcome::Perform {
            ranged: headers.contains_key(header::RANGE) && self.in_range(headers, document),
        }
    }

    fn cached(&self, is_read: bool) -> Outcome {
        if is_read || self.has(Flaw::NotModifiedToWrites) {
            Outcome::NotModified
        } else {
            Outcome::Failed
        }
    }

    fn matches(&self, list: &List, document: Option<&Document>) -> bool {
        let Some(document) = document else {
            return self.has(Flaw::IfMatchStarIsAlwaysTrue) && matches!(list, List::Any);
        };
        let (ours, weak) = self.opaque(document);
        match list {
            List::Any => !self.has(Flaw::IfMatchStarNeedsATag),
            List::Tags(tags) => tags.iter().any(|(theirs_weak, theirs)| {
                let is_strong = self.has(Flaw::IfMatchIsWeak) || !weak && !theirs_weak;
                self.has_tags && is_strong && self.same(theirs, &ours)
            }),
            List::Malformed => false,
        }
    }

    fn none_match(&self, list: &List, document: Option<&Document>, is_read: bool) -> bool {
        let Some(document) = document else {
            return !(self.has(Flaw::EvaluatesOnErrors) && is_read && matches!(list, List::Any));
        };
        let (ours, weak) = self.opaque(document);
        match list {
            List::Any => self.has(Flaw::IfNoneMatchKnowsNoStar),
            List::Tags(tags) => !tags.iter().any(|(theirs_weak, theirs)| {
                let is_equal = !self.has(Flaw::IfNoneMatchIsStrong) || *theirs_weak == weak;
                self.has_tags && is_equal && self.same(theirs, &ours)
            }),
            List::Malformed => true,
        }
    }

    fn same(&self, theirs: &[u8], ours: &[u8]) -> bool {
        if self.has(Flaw::ComparesPrefixes) {
            theirs.starts_with(&ours[..ours.len() - 1])
        } else {
            theirs == ours
        }
    }

    /// With quotes, and whether it is weak.
    fn opaque(&self, document: &Document) -> (Vec<u8>, bool) {
        let tag = self.tag(document);
        let opaque = tag.trim_start_matches("W/");
        (opaque.as_bytes().to_vec(), self.is_weak)
    }

    fn is_modified_since(&self, headers: &HeaderMap, document: Option<&Document>) -> bool {
        let given = self.date(headers, &header::IF_UNMODIFIED_SINCE);
        let (Some(given), Some(document)) = (given, document) else {
            return false;
        };
        if !self.has_dates {
            return self.has(Flaw::UndatedIsModified);
        }
        modified(document) > given && !self.has(Flaw::IgnoresIfUnmodifiedSince)
    }

    /// `Err` where the flawed server breaks.
    fn is_unmodified_since(
        &self,
        headers: &HeaderMap,
        document: Option<&Document>,
    ) -> Result<bool, ()> {
        let name = header::IF_MODIFIED_SINCE;
        let Some(given) = self.date(headers, &name) else {
            let breaks = self.has(Flaw::FailsOnBadDates) && headers.contains_key(name);
            return if breaks { Err(()) } else { Ok(false) };
        };
        let is_ignored = match self.flaw {
            Some(Flaw::IgnoresIfModifiedSince) => true,
            Some(Flaw::IgnoresDatesBesideDates) => {
                headers.contains_key(header::IF_UNMODIFIED_SINCE)
            }
            Some(Flaw::FutureDatesAreInvalid) => given > std::time::SystemTime::now().into(),
            _ => false,
        };
        let modified = document
            .filter(|_| self.has_dates && !is_ignored)
            .map(modified);
        Ok(modified.is_some_and(|modified| modified <= given))
    }

    fn date(&self, headers: &HeaderMap, name: &HeaderName) -> Option<HttpDate> {
        let mut lines = headers.get_all(name).iter();
        let line = lines.next()?.as_bytes();
        let takes_the_first =
            self.has(Flaw::ReadsTheFirstOfTwoDates) && name == header::IF_MODIFIED_SINCE;
        if lines.next().is_some() && !takes_the_first {
            return None;
        }
        if self.has(Flaw::KnowsOneFormOfDates) && (line.len() != 29 || line[3] != b',') {
            return None;
        }
        HttpDate::parse(line, std::time::SystemTime::now().into())
    }

    fn in_range(&self, headers: &HeaderMap, document: Option<&Document>) -> bool {
        let mut lines = headers.get_all(header::IF_RANGE).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return true;
        };
        let Some(document) = document.filter(|_| !self.has(Flaw::IgnoresIfRange)) else {
            return true;
        };
        let value = line.as_bytes();
        let (ours, weak) = self.opaque(document);
        if value == ours {
            return self.has_tags && !weak;
        }
        if let Some(opaque) = value.strip_prefix(b"W/") {
            return self.has(Flaw::IfRangeIsWeak) && opaque == ours;
        }
        if self.has(Flaw::IfRangeTakesAnything) && value == b"*" {
            return true;
        }
        let date = HttpDate::parse(value, std::time::SystemTime::now().into());
        date.is_some_and(|date| match self.flaw {
            Some(Flaw::IfRangeByOrder) => modified(document) <= date,
            _ => self.has_dates && modified(document) == date,
        })
    }

    fn list(&self, headers: &HeaderMap, name: &HeaderName) -> Option<List> {
        let mut lines: Vec<&[u8]> = headers
            .get_all(name)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        if lines.is_empty() || self.has(Flaw::IgnoresIfNoneMatch) && name == header::IF_NONE_MATCH {
            return None;
        }
        if self.has(Flaw::ReadsTheFirstLine) {
            lines.truncate(1);
        }
        let value = lines.join(&b","[..]);
        assert!(
            !self.has(Flaw::PanicsOnObsText) || value.is_ascii(),
            "no UTF-8"
        );
        let list = if self.has(Flaw::QuotedStarIsAStar) && value == b"\"*\"" {
            List::Any
        } else if self.has(Flaw::KnowsNoTabs) && value.contains(&b'\t') {
            List::Malformed
        } else if self.has(Flaw::SplitsAtEveryComma) {
            split_at_every_comma(&value)
        } else if self.has(Flaw::ObsTextSpoilsTheList) && !value.is_ascii() {
            List::Malformed
        } else {
            scan(&value, self.has(Flaw::EmptyMemberSpoilsTheList))
        };
        let is_star_among_tags = matches!(list, List::Malformed) && value.starts_with(b"*,");
        let is_of = |of: HeaderName, flaw| name == of && self.has(flaw);
        match list {
            List::Malformed if is_star_among_tags && self.has(Flaw::StarAmongTagsIsAStar) => {
                Some(List::Any)
            }
            List::Malformed if is_of(header::IF_MATCH, Flaw::MalformedIfMatchIsAbsent) => None,
            List::Malformed if is_of(header::IF_NONE_MATCH, Flaw::MalformedIfNoneMatchIsAbsent) => {
                None
            }
            _ if value.is_empty() && is_of(header::IF_MATCH, Flaw::EmptyIfMatchIsAbsent) => None,
            _ if value.is_empty()
                && is_of(header::IF_NONE_MATCH, Flaw::EmptyIfNoneMatchIsAbsent) =>
            {
                None
            }
            list => Some(list),
        }
    }
}

impl Store {
    /// What was there before.
    fn put(&mut self, path: &str, body: Bytes) -> Option<Document> {
        self.versions += 1;
        let version = self.versions;
        self.documents
            .insert(path.to_owned(), Document { version, body })
    }
}

impl<B> Service<Request<B>> for Origin
where
    B: Body<Data = Bytes, Error: Display> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = String;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(self.clone().serve(request))
    }
}

/// A list field: `*`, tags (weak or not, with their quotes), or neither.
#[derive(Debug)]
enum List {
    Any,
    Tags(Vec<(bool, Vec<u8>)>),
    Malformed,
}

fn scan(value: &[u8], empty_members_spoil: bool) -> List {
    let mut rest = value.trim_ascii();
    if rest == b"*" {
        return List::Any;
    }
    let mut tags = Vec::new();
    while !rest.is_empty() {
        let (weak, quoted) = match rest.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        if let Some((b',', after)) = rest.split_first() {
            if empty_members_spoil {
                return List::Malformed;
            }
            rest = after.trim_ascii_start();
            continue;
        }
        let end = quoted.iter().skip(1).position(|&byte| byte == b'"');
        let (Some(end), true) = (end, quoted.starts_with(b"\"")) else {
            return List::Malformed;
        };
        let (tag, after) = quoted.split_at(end + 2);
        tags.push((weak, tag.to_vec()));
        rest = after.trim_ascii_start();
        match rest.split_first() {
            None => {}
            Some((b',', after)) => rest = after.trim_ascii_start(),
            Some(_) => return List::Malformed,
        }
    }
    List::Tags(tags)
}

/// A frequent mistake: whatever stands between commas is a member.
fn split_at_every_comma(value: &[u8]) -> List {
    let members: Vec<_> = value
        .split(|&byte| byte == b',')
        .map(<[u8]>::trim_ascii)
        .collect();
    if let List::Malformed = scan(value, false) {
        return List::Malformed;
    }
    if members.contains(&&b"*"[..]) {
        return List::Any;
    }
    let tags = members
        .into_iter()
        .map(|member| match member.strip_prefix(b"W/") {
            Some(opaque) => (true, opaque.to_vec()),
            None => (false, member.to_vec()),
        });
    List::Tags(tags.collect())
}

fn has_obs_text(headers: &HeaderMap) -> bool {
    headers.values().any(|value| !value.as_bytes().is_ascii())
}

fn modified(document: &Document) -> HttpDate {
    HttpDate::from_unix_seconds(T + i64::try_from(document.version).unwrap()).unwrap()
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn set(response: &mut Response<Full<Bytes>>, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    response.headers_mut().insert(name, value);
}
