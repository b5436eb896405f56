//! The second moment: what is done with the handler's response.

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, ETAG, HeaderMap, HeaderValue, TRANSFER_ENCODING,
};
use http::{Response, StatusCode, response as http_response};
use http_body::Body;

use super::checked::{JudgedByHandler, NewVersion, StoredVerbatim};
use super::judge::{SecondLook, Waited, Written};
use super::observe::{Judged, Moment, Verdict};
use super::options::Shared;
use super::recovery::vary_on_prefer;
use super::refuse::show_validators;
use crate::body::ConditionalBody;
use crate::response::TaggedAsCoded;
use crate::source::hashing::Hashing;
use crate::source::{Compute, ValidatorSource};
use crate::{
    Current, Decision, EntityTag, MethodClass, PreconditionFailed, Reason, Representation, response,
};

/// A response, or what has to be read before there is one.
pub(crate) enum Next<B: Body> {
    Respond(Response<ConditionalBody<B>>),
    Hash(http_response::Parts, Hashing<B>, SecondLook),
}

impl<V: ValidatorSource> Shared<V> {
    /// A read that was judged before: what the handler did not set is added, on 200 and 206 alike.
    pub(crate) fn attach<B: Body>(
        &self,
        mut current: Representation,
        mut response: Response<B>,
    ) -> Response<ConditionalBody<B>> {
        if selects_a_representation(response.status()) {
            let headers = response.headers_mut();
            response::add_what_is_missing(headers, &mut current, || self.options.now());
            response::add_fields(headers, &self.options.response_fields);
            if is_coded(headers) {
                response.extensions_mut().insert(TaggedAsCoded);
            }
        }
        response.map(ConditionalBody::inner)
    }

    /// A read that only its response can judge. Anything but a 200 stays what it is (section 13.2.1).
    pub(crate) fn look_again<B>(&self, look: SecondLook, response: Response<B>) -> Next<B>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (mut head, body) = response.into_parts();
        if selects_a_representation(head.status) {
            response::add_fields(&mut head.headers, &self.options.response_fields);
        }
        if head.status != StatusCode::OK {
            return Next::Respond(passed(&look, head, ConditionalBody::inner(body)));
        }
        let body_is_whole = !look.is_head || look.drops_body;
        if body_is_whole
            && let Compute::FromBody(tag) = self.source.compute(&head)
            && tag.takes(body.size_hint())
        {
            return Next::Hash(head, Hashing::new(body, tag), look);
        }
        Next::Respond(self.conclude(look, head, ConditionalBody::inner(body), None))
    }

    /// A 200 with whatever validators it has by now: it stays, or becomes 304, 412 or 400.
    pub(crate) fn conclude<B: Body>(
        &self,
        look: SecondLook,
        mut head: http_response::Parts,
        body: ConditionalBody<B>,
        tag: Option<EntityTag>,
    ) -> Response<ConditionalBody<B>> {
        if let Some(tag) = tag {
            head.headers.insert(ETAG, tag.into());
        }
        if is_coded(&head.headers) {
            head.extensions.insert(TaggedAsCoded);
        }
        let Some(preconditions) = &look.preconditions else {
            return passed(&look, head, body);
        };
        let current = Current::Present(Representation::of_response(&head.headers));
        let rewrites = self.options.read_rewrites.as_deref();
        let preconditions = preconditions.preconditions().tolerating(rewrites);
        let decision = preconditions.evaluate(&current);
        let judged = |verdict| Judged {
            moment: Moment::After,
            ..self.judged(MethodClass::Read, verdict, Waited::default())
        };
        let refusal = match decision {
            Decision::Proceed | Decision::IgnoreRange => {
                self.options.observer.tell(|| judged(Verdict::Proceeded));
                return passed(&look, head, body);
            }
            Decision::NotModified => {
                self.options.observer.tell(|| judged(Verdict::NotModified));
                if let Some(tag) = preconditions.as_listed(&current) {
                    head.headers.insert(ETAG, tag.into());
                }
                response::into_not_modified(&mut head);
                return Response::from_parts(head, ConditionalBody::empty());
            }
            Decision::PreconditionFailed(failed) => failed.into(),
            Decision::Malformed(field) => self.malformed(field),
        };
        let mut answer = self.refuse(refusal, judged(Verdict::Refused), look.is_head);
        show_validators(&mut answer, refusal, &current);
        answer
    }

    /// A write: its handler may have lost the race after all, or may vouch for the validators of the new state.
    pub(crate) fn written<B: Body>(
        &self,
        mut written: Written,
        response: Response<B>,
    ) -> Response<ConditionalBody<B>> {
        // The handler has answered: the next writer may go on.
        let lock = written.lock.take();
        drop(lock);
        if let Some(&lost) = response.extensions().get::<PreconditionFailed>() {
            return self.lost_after_all(lost, written);
        }
        let mut response = response.map(ConditionalBody::inner);
        if response.status().is_success() {
            self.report_unjudged(&written, &response);
            vouch_for_validators(&mut response, written.is_put);
        }
        if let Some(judged) = written.judged {
            self.options.observer.tell(|| *judged);
        }
        response
    }

    fn lost_after_all<B: Body>(
        &self,
        lost: PreconditionFailed,
        written: Written,
    ) -> Response<ConditionalBody<B>> {
        let class = MethodClass::Write;
        let judged = Judged {
            moment: Moment::After,
            ..written
                .judged
                .map_or_else(|| Judged::new(class, Moment::After), |judged| *judged)
        };
        let refusal = match lost.reason() {
            Reason::Malformed => self.malformed(lost.field()),
            _ => lost.into(),
        };
        let mut answer = self.refuse(refusal, judged, false);
        if self.options.recovery.is_some() {
            vary_on_prefer(answer.headers_mut());
            answer.extensions_mut().insert(lost);
        }
        answer
    }

    /// Nobody panics over it: a client could trigger that. The hook and the log say so.
    fn report_unjudged<B>(&self, written: &Written, response: &Response<B>) {
        let unjudged = written
            .awaits
            .as_ref()
            .is_some_and(|awaits| !awaits.is_settled());
        if unjudged && response.extensions().get::<JudgedByHandler>().is_none() {
            let judged = || self.judged(MethodClass::Write, Verdict::Unjudged, Waited::default());
            self.options.observer.tell(judged);
        }
    }
}

/// A comparison of numbers for each field: every response passes here, and a look-up would hash the name.
fn is_coded(fields: &HeaderMap) -> bool {
    fields.keys().any(|name| *name == CONTENT_ENCODING)
}

/// A 206 carries what the 200 would (section 15.3.7).
fn selects_a_representation(status: StatusCode) -> bool {
    matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT)
}

/// The response of a read that stays what it is. A HEAD that went inward as GET loses its body here.
fn passed<B: Body>(
    look: &SecondLook,
    mut head: http_response::Parts,
    body: ConditionalBody<B>,
) -> Response<ConditionalBody<B>> {
    if !look.drops_body {
        return Response::from_parts(head, body);
    }
    let framed =
        head.headers.contains_key(CONTENT_LENGTH) || head.headers.contains_key(TRANSFER_ENCODING);
    if !framed && let Some(length) = body.size().exact() {
        head.headers
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(head, ConditionalBody::empty())
}

/// Validators of the state that the write has made: only the handler can know them (section 9.3.4).
fn vouch_for_validators<B>(response: &mut Response<B>, is_put: bool) {
    let extensions = response.extensions_mut();
    let verbatim = extensions.remove::<StoredVerbatim>().map(|stored| stored.0);
    let version = extensions.remove::<NewVersion>().map(|version| version.0);
    let new = if is_put {
        verbatim
    } else {
        version.or(verbatim)
    };
    if let Some(new) = new {
        response::replace_validators(response.headers_mut(), &new);
    }
}
