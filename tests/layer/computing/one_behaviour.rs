//! The same table of requests through every kind of source: wherever the information exists, the answers are the same.

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{Empty, Full};
use tower::service_fn;
use tower_conditional::source::{BoxSource, Fixed, ProbeBody};
use tower_conditional::{
    BodyHash, Current, EntityTag, FromResponse, HttpDate, Representation, ValidatorSource,
};

use crate::support::{field, request, through};

/// The tag of "hello" as text.
const TAG: &str = "\"iWczZefxES_iBWwuUygQGQ\"";
const WEAK: &str = "W/\"iWczZefxES_iBWwuUygQGQ\"";
const LIST: &str = "\"a,b\", ,W/\"c\" ,\"iWczZefxES_iBWwuUygQGQ\"";
const T: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
const BEFORE: &str = "Tue, 31 Dec 2024 23:59:59 GMT";

/// What there is: a tag and a date, a tag, nothing but the representation, nothing at all.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Dated,
    Tagged,
    Absent,
}

use State::{Absent, Dated, Tagged};

/// A state, a method, its preconditions, and the status.
type Row = (State, Method, &'static [(&'static str, &'static str)], u16);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    (Dated, Method::GET, &[], 200),
    (Dated, Method::GET, &[("if-match", TAG)], 200),
    (Dated, Method::GET, &[("if-match", "\"x\"")], 412),
    (Dated, Method::GET, &[("if-match", WEAK)], 412),
    (Dated, Method::GET, &[("if-match", "*")], 200),
    (Dated, Method::GET, &[("if-match", "unquoted")], 400),
    (Dated, Method::GET, &[("if-none-match", TAG)], 304),
    (Dated, Method::GET, &[("if-none-match", WEAK)], 304),
    (Dated, Method::GET, &[("if-none-match", LIST)], 304),
    (Dated, Method::GET, &[("if-none-match", "*")], 304),
    (Dated, Method::GET, &[("if-none-match", "\"x\"")], 200),
    (Dated, Method::GET, &[("if-none-match", "")], 200),
    (Dated, Method::GET, &[("if-none-match", "*, \"x\""), ("if-modified-since", T)], 200),
    (Dated, Method::GET, &[("if-modified-since", T)], 304),
    (Dated, Method::GET, &[("if-modified-since", BEFORE)], 200),
    (Dated, Method::GET, &[("if-modified-since", "yesterday")], 200),
    (Dated, Method::GET, &[("if-unmodified-since", T)], 200),
    (Dated, Method::GET, &[("if-unmodified-since", BEFORE)], 412),
    (Dated, Method::GET, &[("if-none-match", TAG), ("if-modified-since", BEFORE)], 304),
    (Dated, Method::GET, &[("if-none-match", "\"x\""), ("if-modified-since", T)], 200),
    (Dated, Method::GET, &[("if-match", "\"x\""), ("if-none-match", TAG)], 412),
    (Dated, Method::GET, &[("if-match", TAG), ("if-none-match", TAG)], 304),
    (Dated, Method::GET, &[("if-unmodified-since", BEFORE), ("if-none-match", TAG)], 412),
    (Dated, Method::HEAD, &[], 200),
    (Dated, Method::HEAD, &[("if-none-match", TAG)], 304),
    (Dated, Method::HEAD, &[("if-match", "\"x\"")], 412),
    (Dated, Method::OPTIONS, &[("if-match", "\"x\"")], 200),
    (Tagged, Method::GET, &[("if-none-match", TAG)], 304),
    (Tagged, Method::GET, &[("if-modified-since", T)], 200),
    (Tagged, Method::GET, &[("if-unmodified-since", BEFORE)], 200),
    (Absent, Method::GET, &[], 404),
    (Absent, Method::GET, &[("if-match", TAG)], 404),
    (Absent, Method::GET, &[("if-none-match", "*")], 404),
    (Absent, Method::HEAD, &[("if-none-match", "*")], 404),
    (Dated, Method::PUT, &[], 200),
    (Dated, Method::PUT, &[("if-match", TAG)], 200),
    (Dated, Method::PUT, &[("if-match", LIST)], 200),
    (Dated, Method::PUT, &[("if-match", WEAK)], 412),
    (Dated, Method::PUT, &[("if-match", "\"x\"")], 412),
    (Dated, Method::PUT, &[("if-match", "")], 412),
    (Dated, Method::PUT, &[("if-match", "unquoted")], 400),
    (Dated, Method::PUT, &[("if-none-match", "*")], 412),
    (Dated, Method::PUT, &[("if-none-match", WEAK)], 412),
    (Dated, Method::PUT, &[("if-none-match", "\"x\"")], 200),
    (Dated, Method::PUT, &[("if-none-match", "*, \"x\"")], 400),
    (Dated, Method::PUT, &[("if-unmodified-since", T)], 200),
    (Dated, Method::PUT, &[("if-unmodified-since", BEFORE)], 412),
    (Dated, Method::PUT, &[("if-match", TAG), ("if-unmodified-since", BEFORE)], 200),
    (Dated, Method::PUT, &[("if-modified-since", T)], 200),
    (Dated, Method::POST, &[("if-match", "\"x\"")], 412),
    (Dated, Method::PATCH, &[("if-match", TAG)], 200),
    (Dated, Method::DELETE, &[("if-match", "\"x\"")], 412),
    (Dated, Method::DELETE, &[("if-none-match", "*")], 412),
    (Tagged, Method::PUT, &[("if-unmodified-since", BEFORE)], 200),
    (Absent, Method::PUT, &[("if-match", TAG)], 412),
    (Absent, Method::PUT, &[("if-match", "*")], 412),
    (Absent, Method::PUT, &[("if-none-match", "*")], 200),
    (Absent, Method::PATCH, &[("if-match", TAG)], 412),
    (Absent, Method::DELETE, &[("if-match", TAG)], 200),
];

impl State {
    fn current(self) -> Current {
        let tagged = Representation::tagged(EntityTag::from_static(TAG));
        match self {
            Dated => tagged
                .last_modified(HttpDate::parse(T.as_bytes(), HttpDate::UNIX_EPOCH).unwrap())
                .into(),
            Tagged => tagged.into(),
            Absent => Current::absent(),
        }
    }

    /// What the service answers to a read, with the tag where it sets one itself.
    fn read(self, sets_tag: bool) -> Response<Full<Bytes>> {
        if self == Absent {
            return Response::builder()
                .status(404)
                .body(Full::default())
                .unwrap();
        }
        let mut response = Response::builder().header("content-type", "text/plain");
        if sets_tag {
            response = response.header("etag", TAG);
        }
        if self == Dated {
            response = response.header("last-modified", T);
        }
        response.body(Full::from("hello")).unwrap()
    }

    fn reader(
        self,
    ) -> impl tower::Service<
        Request<ProbeBody>,
        Response = Response<Full<Bytes>>,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + 'static {
        service_fn(move |_| ready(Ok(self.read(false))))
    }
}

/// A kind of source, whether the service beside it sets the tag, and whether it evaluates writes.
fn kinds(state: State) -> [(&'static str, BoxSource, bool, bool); 4] {
    [
        ("look-up", Fixed::new(state.current()).boxed(), false, true),
        ("response", FromResponse.boxed(), true, false),
        ("hash", BodyHash::strong().boxed(), false, false),
        (
            "hash and probe",
            BodyHash::strong().probe_with(state.reader()).boxed(),
            false,
            true,
        ),
    ]
}

#[tokio::test]
async fn every_kind_of_source_gives_the_same_answers() {
    for (state, method, fields, status) in TABLE {
        let is_write = !method.is_safe();
        for (kind, source, sets_tag, evaluates_writes) in kinds(*state) {
            let (state, expected) = (
                *state,
                if is_write && !evaluates_writes {
                    200
                } else {
                    *status
                },
            );
            let request: Request<Empty<Bytes>> = request(method.clone(), fields);
            let response = through(source, request, move |request| match *request.method() {
                Method::GET | Method::HEAD => state.read(sets_tag),
                _ => Response::new(Full::default()),
            })
            .await;
            let what = format!("{kind}: {state:?} {method} {fields:?}");
            assert_eq!(response.status(), expected, "{what}");
            let has_tag =
                !is_write && matches!(expected, 200 | 304 | 412) && method != Method::OPTIONS;
            assert_eq!(field(&response, "etag"), has_tag.then_some(TAG), "{what}");
        }
    }
}
