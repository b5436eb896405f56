//! The conformance vectors of `tests/vectors/preconditions.json` through the layer; their README has the format.
//!
//! A write with a malformed If-Match is 412 here, as in the vectors: [`WritePolicy::treat_malformed_as_failed`]. Nothing is skipped
//! silently: each test asserts how many entries it held.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ETAG, IF_RANGE, LAST_MODIFIED, RANGE};
use http::{HeaderMap, Method, Request};
use http_body_util::Full;
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::source::Fixed;
use tower_conditional::validator::Absent;
use tower_conditional::{
    ConditionalLayer, Current, Decision, EntityTag, FromResponse, HttpDate, Preconditions,
    Representation, ValidatorSource, WritePolicy,
};

use crate::entry::Entry;
use crate::support::source::looked_up;
use crate::support::{Failures, Handler, Record, clock_at, date, fields, request, send, value};

/// Later than every date in the file, as for most clients.
const LATER: &str = "Fri, 01 Jan 2027 00:00:00 GMT";

/// The outcome of a request, in the words of the vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Proceed,
    NotModified,
    Failed,
    IgnoreRange,
    HonourRange,
}

impl Entry {
    fn is_read(&self) -> bool {
        matches!(&self.method[..], "GET" | "HEAD" | "QUERY")
    }

    fn is_ranged_get(&self) -> bool {
        self.method == "GET" && self.has_range && self.fields().contains_key(IF_RANGE)
    }

    /// On a read this is 400, whatever the switch says.
    fn has_malformed_if_match(&self) -> bool {
        let fields = self.fields();
        let found = Preconditions::parse(self.request().method(), &fields, self.now());
        self.is_read() && found.malformed() == Some(Field::IfMatch)
    }

    fn expected(&self) -> Outcome {
        match &self.expect.outcome[..] {
            "proceed" => Outcome::Proceed,
            "304" => Outcome::NotModified,
            "412" => Outcome::Failed,
            "ignore_range" => Outcome::IgnoreRange,
            "honour_range" => Outcome::HonourRange,
            other => panic!("{other} is not among the outcomes"),
        }
    }

    fn now(&self) -> HttpDate {
        date(self.now.as_deref().unwrap_or(LATER))
    }

    fn fields(&self) -> HeaderMap {
        fields(&self.lines())
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = request(&self.method, &self.lines());
        if self.has_range {
            request.headers_mut().insert(RANGE, value("bytes=0-3"));
        }
        request
    }

    /// A tag or date of the server's own that is malformed counts as absent.
    fn representation(&self) -> Representation {
        let tag = self.current.etag.as_deref().map(value);
        let tag = tag.and_then(|tag| EntityTag::from_header_value(&tag).ok());
        let state = tag.map_or_else(Representation::new, Representation::tagged);
        let modified = self.current.last_modified.as_deref();
        let modified = modified.and_then(|text| HttpDate::parse(text.as_bytes(), self.now()));
        match modified {
            Some(date) if self.current.last_modified_strong => state.strong_last_modified(date),
            Some(date) => state.last_modified(date),
            None => state,
        }
    }

    fn current(&self) -> Current {
        if self.is_missing() {
            Current::Absent(Absent::WillFail)
        } else if self.current.exists {
            self.representation().into()
        } else {
            Current::Absent(Absent::MaySucceed)
        }
    }

    /// The answer without conditions: 206 where a GET asks for a range, validators on every successful read.
    fn handler(&self) -> Handler {
        let status = self.unconditional_status;
        let is_read = self.is_read();
        let validators = [
            (ETAG, self.current.etag.clone()),
            (LAST_MODIFIED, self.current.last_modified.clone()),
        ];
        Handler::new(move |head| {
            let ranged = head.method == Method::GET && head.headers.contains_key(RANGE);
            let status = if status == 200 && ranged { 206 } else { status };
            let mut response = crate::support::response(status, &[], "hello world");
            if is_read {
                for (name, line) in &validators {
                    let line = line.as_deref().map(value);
                    line.map(|line| response.headers_mut().insert(name, line));
                }
            }
            response
        })
    }

    fn layer<V: ValidatorSource>(&self, source: V) -> ConditionalLayer<V> {
        ConditionalLayer::new(source)
            .writes(WritePolicy::optional().treat_malformed_as_failed())
            .trust_handler_version()
            .use_clock(clock_at(self.now()))
    }

    /// Sends the request, and reads off what came of it; status, calls and Range must agree on that.
    #[track_caller]
    fn through<V: ValidatorSource>(&self, source: V) -> Outcome {
        let handler = self.handler();
        let record = Record::default();
        let layer = self.layer(source).observe(record.hook());
        let answer = send(&layer, handler.clone(), self.request());
        let calls = handler.calls();
        let told = record.take_all().pop().and_then(|event| event.status());
        let refused = (calls == 0).then_some(answer.status);
        assert_eq!(told.map(|status| status.as_u16()), refused, "{self:?}");
        match answer.status {
            304 if calls == 0 => Outcome::NotModified,
            412 if calls == 0 => Outcome::Failed,
            // The switch is one of writes: a read with a malformed If-Match fails by another status.
            400 if calls == 0 && self.has_malformed_if_match() => Outcome::Failed,
            status => {
                assert_eq!(calls, 1, "{status}: {self:?}");
                self.of_passed(status, handler.seen_fields().contains_key(RANGE))
            }
        }
    }

    #[track_caller]
    fn of_passed(&self, status: u16, range_is_left: bool) -> Outcome {
        let partial = self.method == "GET" && self.unconditional_status == 200 && range_is_left;
        let unconditional = if partial {
            206
        } else {
            self.unconditional_status
        };
        assert_eq!(status, unconditional, "{self:?}");
        match (self.is_ranged_get(), range_is_left) {
            (true, true) => Outcome::HonourRange,
            (true, false) => Outcome::IgnoreRange,
            (false, _) => {
                assert_eq!(range_is_left, self.has_range, "{self:?}");
                Outcome::Proceed
            }
        }
    }

    /// What the pure core decides.
    fn by_the_core(&self) -> Outcome {
        let head = self.request().into_parts().0;
        match Preconditions::of(&head, self.now()).evaluate(&self.current()) {
            Decision::Proceed if self.is_ranged_get() => Outcome::HonourRange,
            Decision::Proceed => Outcome::Proceed,
            Decision::IgnoreRange => Outcome::IgnoreRange,
            Decision::NotModified => Outcome::NotModified,
            Decision::PreconditionFailed(_) | Decision::Malformed(_) => Outcome::Failed,
        }
    }
}

/// Every entry that the text alone decides has the outcome of the text, whether the source knows at once or looks up.
#[test]
fn what_the_rfc_decides() {
    let entries = Entry::all();
    let decided = entries
        .iter()
        .filter(|entry| entry.is_decided() && !entry.is_refused_otherwise());
    let mut failures = Failures::default();
    let mut held = 0;
    for entry in decided {
        let known = entry.through(Fixed::new(entry.current()));
        failures.expect_eq(format!("known: {entry:?}"), known, entry.expected());
        let asked = entry.through(looked_up(entry.current()));
        failures.expect_eq(format!("asked: {entry:?}"), asked, entry.expected());
        held += 1;
    }
    failures.assert_none();
    assert_eq!(held, 667);
}

/// Reads come to the same when only the response can tell, but for If-Range: its Range is taken off, which is always
/// allowed (section 14.2).
#[test]
fn what_the_rfc_decides_for_reads_after_the_handler() {
    let entries = Entry::all();
    let reads = entries
        .iter()
        .filter(|entry| entry.is_decided() && entry.is_read() && !entry.is_refused_otherwise());
    let mut failures = Failures::default();
    let (mut held, mut without_range) = (0, 0);
    for entry in reads {
        let handler = entry.handler();
        let answer = send(&entry.layer(FromResponse), handler.clone(), entry.request());
        let range_is_left = handler.seen_fields().contains_key(RANGE);
        let expected = match entry.expected() {
            Outcome::NotModified => 304,
            Outcome::Failed if entry.has_malformed_if_match() => 400,
            Outcome::Failed => 412,
            Outcome::HonourRange => {
                without_range += 1;
                200
            }
            Outcome::Proceed if range_is_left && entry.method == "GET" => 206,
            Outcome::Proceed | Outcome::IgnoreRange => entry.unconditional_status,
        };
        failures.expect_eq(format!("{entry:?}"), answer.status, expected);
        let has_precondition = !entry.request_headers.is_empty();
        failures.expect_eq(
            format!("Range of {entry:?}"),
            range_is_left,
            entry.has_range && !has_precondition,
        );
        held += 1;
    }
    failures.assert_none();
    assert_eq!((held, without_range), (409, 10));
}

/// Where the source says nothing more about a missing target, its method says the same as `unconditional_status`.
#[test]
fn missing_targets_by_method() {
    let entries = Entry::all();
    let by_method = entries.iter().filter(|entry| {
        let creates = matches!(&entry.method[..], "PUT" | "PATCH" | "POST");
        entry.is_decided() && !entry.current.exists && creates != entry.is_missing()
    });
    let mut held = 0;
    for entry in by_method {
        let outcome = entry.through(Fixed::new(Current::absent()));
        assert_eq!(outcome, entry.expected(), "{entry:?}");
        held += 1;
    }
    assert_eq!(held, 22);
}

/// "A server MUST ignore all received preconditions if its response to the same request without those conditions
/// … would have been a status code other than a 2xx (Successful) or 412 (Precondition Failed)" (section 13.2.1).
///
/// Reads are evaluated against their response. Writes are refused outside of the layer.
#[test]
fn other_refusals_come_first() {
    let entries = Entry::all();
    let refused = entries.iter().filter(|entry| entry.is_refused_otherwise());
    let (mut reads, mut writes) = (0, 0);
    for entry in refused {
        assert!(entry.is_decided(), "{entry:?}");
        assert_eq!(entry.expected(), Outcome::Proceed, "{entry:?}");
        let handler = entry.handler();
        if entry.is_read() {
            let answer = send(&entry.layer(FromResponse), handler.clone(), entry.request());
            assert_eq!(answer.status, entry.unconditional_status, "{entry:?}");
            assert_eq!(&answer.body[..], b"hello world", "{entry:?}");
            assert_eq!(handler.calls(), 1, "{entry:?}");
            reads += 1;
        } else {
            let source = looked_up(entry.current());
            let layer = entry.layer(source.clone());
            let layers = (Refusing(entry.unconditional_status), layer);
            let answer = send(&layers, handler.clone(), entry.request());
            assert_eq!(answer.status, entry.unconditional_status, "{entry:?}");
            assert_eq!((source.looks(), handler.calls()), (0, 0), "{entry:?}");
            writes += 1;
        }
    }
    assert_eq!((reads, writes), (19, 10));
}

/// The check that refuses: authentication, a rate limit, a redirect.
#[derive(Clone, Copy)]
struct Refusing(u16);

impl<S: Clone> tower::Layer<S> for Refusing {
    type Service = Handler;

    fn layer(&self, _: S) -> Handler {
        Handler::answering(self.0, &[], "")
    }
}

/// Where the text leaves a choice we choose what the vectors list, except for these: a date satisfies If-Range only if
/// the source says that it is a strong validator, not because some time has passed (section 8.8.2.2).
const OTHER_CHOICES: [(&str, Outcome); 4] = [
    ("aspnet-ir-date", Outcome::IgnoreRange),
    ("go-range_with_modtime-get", Outcome::IgnoreRange),
    ("rfc-ir-date-now-1s", Outcome::IgnoreRange),
    ("rfc-ir-date-now-59s", Outcome::IgnoreRange),
];

#[test]
fn where_the_rfc_leaves_a_choice() {
    let entries = Entry::all();
    let open = entries
        .iter()
        .filter(|entry| entry.rfc9110_agrees && !entry.rfc_decides);
    let mut failures = Failures::default();
    let mut by_basis = BTreeMap::new();
    for entry in open {
        let choice = OTHER_CHOICES.iter().find(|(id, _)| *id == entry.id);
        let expected = choice.map_or_else(|| entry.expected(), |&(_, outcome)| outcome);
        let known = entry.through(Fixed::new(entry.current()));
        failures.expect_eq(format!("known: {entry:?}"), known, expected);
        let asked = entry.through(looked_up(entry.current()));
        failures.expect_eq(format!("asked: {entry:?}"), asked, expected);
        let (as_listed, otherwise) = by_basis.entry(&entry.basis[..]).or_insert((0, 0));
        *(if choice.is_some() {
            otherwise
        } else {
            as_listed
        }) += 1;
    }
    failures.assert_none();
    let expected = [
        ("date-form", (2, 0)),
        ("date-strength", (1, 4)),
        ("recovery", (41, 0)),
        ("two-digit-year", (3, 0)),
        ("weekday", (2, 0)),
    ];
    assert_eq!(by_basis, BTreeMap::from(expected));
}

/// Without the switch a malformed list on a write is 400, and nothing else changes, least of all a read.
#[test]
fn malformed_lists_are_400_by_default() {
    let mut malformed = 0;
    for entry in Entry::all() {
        if entry.is_refused_otherwise() {
            continue;
        }
        let by_default = |writes: WritePolicy| {
            let layer = ConditionalLayer::new(Fixed::new(entry.current()));
            let layer = layer.writes(writes).use_clock(clock_at(entry.now()));
            let handler = entry.handler();
            let answer = send(&layer, handler.clone(), entry.request());
            (answer.status, handler.calls())
        };
        let kind = by_default(WritePolicy::optional());
        let strict = by_default(WritePolicy::optional().treat_malformed_as_failed());
        if kind.0 == 400 {
            let with_switch = if entry.is_read() { (400, 0) } else { (412, 0) };
            assert_eq!((kind, strict), ((400, 0), with_switch), "{entry:?}");
            malformed += 1;
        } else {
            assert_eq!(kind, strict, "{entry:?}");
        }
    }
    assert_eq!(malformed, 29);
}

/// What a peer does against the text, and we do too: a date that the source does not call strong never satisfies
/// If-Range, also not half a minute after the change.
const AGREED_AGAINST_THE_TEXT: [&str; 1] = ["httpd-ir-date-30s"];

/// We do not follow peers where they depart from the text; the layer does what the core decides.
#[test]
fn peers_against_the_text() {
    let entries = Entry::all();
    let against: Vec<_> = entries
        .iter()
        .filter(|entry| !entry.rfc9110_agrees)
        .collect();
    let mut agreed = Vec::new();
    for entry in &against {
        // Its answer has validators of its own: `query_is_evaluated_by_its_answer`.
        if entry.id == QUERY {
            continue;
        }
        let outcome = entry.through(Fixed::new(entry.current()));
        assert_eq!(outcome, entry.by_the_core(), "{entry:?}");
        assert_eq!(
            outcome,
            entry.through(looked_up(entry.current())),
            "{entry:?}"
        );
        if outcome == entry.expected() {
            agreed.push(&entry.id[..]);
        }
    }
    assert_eq!(agreed, AGREED_AGAINST_THE_TEXT);
    assert_eq!(against.len(), 63);
}

#[test]
fn every_entry_is_covered_by_a_test() {
    let entries = Entry::all();
    let of = |held: fn(&Entry) -> bool| entries.iter().filter(|entry| held(entry)).count();
    let evaluated = of(|entry| entry.is_decided() && !entry.is_refused_otherwise());
    let refused = of(Entry::is_refused_otherwise);
    let open = of(|entry| entry.rfc9110_agrees && !entry.rfc_decides);
    let against = of(|entry| !entry.rfc9110_agrees);
    assert_eq!((evaluated, refused, open, against), (667, 29, 53, 63));
    assert_eq!(evaluated + refused + open + against, entries.len());
}

const QUERY: &str = "rack-inm-query";

/// RFC 10008: a query is a read, and its answer has validators of its own.
#[test]
fn query_is_evaluated_by_its_answer() {
    let entries = Entry::all();
    let query = entries.iter().find(|entry| entry.id == QUERY).unwrap();
    let status_as = |class: Option<MethodClass>| {
        let layer = query
            .layer(Fixed::new(query.current()))
            .classify(move |method| class.filter(|_| method.as_str() == "QUERY"));
        let handler = query.handler();
        let answer = send(&layer, handler.clone(), query.request());
        (answer.status, handler.calls())
    };
    // The answer to a query has validators of its own (RFC 10008).
    assert_eq!(status_as(None), (304, 1));
    assert_eq!(status_as(Some(MethodClass::Read)), (304, 1));
    assert_eq!(status_as(Some(MethodClass::Write)), (412, 0));
}
