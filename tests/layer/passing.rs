//! What passes the layer: the request as the handler gets to see it, and the response as the client does
//! (RFC 9110, sections 8.8, 13.1.5 and 13.2.1).

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::header::{ACCEPT, CACHE_CONTROL, HeaderMap};
use http::{HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_conditional::handler::NewVersion;
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::source::{BoxSource, Fixed};
use tower_conditional::{
    Checked, ConditionalLayer, Current, EntityTag, Found, FromResponse, HttpDate, Representation,
    SourceError, ValidatorSource, WritePolicy, source_fn,
};

use crate::support::source::{self, Computing, Queryable};
use crate::support::{
    Handler, NOW, T, T_MINUS_1, date, fields, now, request, request_with, response, send,
};

const V1: EntityTag = EntityTag::from_static("\"v1\"");
const NOTHING: [(&str, &str); 0] = [];

fn handler() -> Handler {
    Handler::answering(200, &NOTHING, "hello world")
}

fn dated() -> Representation {
    Representation::tagged(V1).last_modified(date(T))
}

fn no_cache() -> [(http::HeaderName, HeaderValue); 1] {
    [(CACHE_CONTROL, HeaderValue::from_static("no-cache"))]
}

/// Section 13.2.1: the evaluated fields of a read are removed, so that no inner service evaluates them again.
#[test]
fn reads_lose_their_preconditions() {
    let true_ones = [
        ("if-match", "\"v1\""),
        ("if-none-match", "\"v0\""),
        ("if-none-match", "\"w0\""),
        ("if-modified-since", T_MINUS_1),
        ("if-unmodified-since", T),
        ("x-if-match", "\"v0\""),
        ("if", "([\"v0\"])"),
        ("accept", "text/plain"),
    ];
    let others = fields(&true_ones[5..]);
    let own = [("etag", "\"v1\""), ("last-modified", T)];
    for method in ["GET", "HEAD"] {
        let handler = handler();
        let layer = ConditionalLayer::new(Fixed::new(dated())).use_clock(now);
        assert_eq!(
            send(&layer, handler.clone(), request(method, &true_ones)).status,
            200
        );
        assert_eq!(handler.seen_fields(), others);

        let handler = Handler::answering(200, &own, "");
        let layer = ConditionalLayer::new(FromResponse).use_clock(now);
        assert_eq!(
            send(&layer, handler.clone(), request(method, &true_ones)).status,
            200
        );
        assert_eq!(handler.seen_fields(), others);
    }
}

/// A route may keep them; they are evaluated all the same.
#[test]
fn reads_keep_their_preconditions() {
    let true_ones = [("if-match", "\"v1\""), ("if-none-match", "\"v0\"")];
    let own = [("etag", "\"v1\"")];
    let handler = || Handler::answering(200, &own, "");
    let by_look_up = ConditionalLayer::new(Fixed::new(V1)).keep_preconditions();
    let by_response = ConditionalLayer::new(FromResponse).keep_preconditions();

    let seen = handler();
    assert_eq!(
        send(&by_look_up, seen.clone(), request("GET", &true_ones)).status,
        200
    );
    assert_eq!(seen.seen_fields(), fields(&true_ones));
    let seen = handler();
    assert_eq!(
        send(&by_response, seen.clone(), request("GET", &true_ones)).status,
        200
    );
    assert_eq!(seen.seen_fields(), fields(&true_ones));

    for (given, status) in [
        (("if-match", "\"v0\""), 412),
        (("if-none-match", "\"v1\""), 304),
    ] {
        assert_eq!(
            send(&by_look_up, handler(), request("GET", &[given])).status,
            status
        );
        assert_eq!(
            send(&by_response, handler(), request("GET", &[given])).status,
            status
        );
    }
}

/// Writes keep them, for a compare-and-swap of the handler's own; `Checked` has the result of their evaluation.
#[test]
fn writes_keep_their_preconditions() {
    let given = [
        ("if-match", "\"v1\""),
        ("if-none-match", "\"v0\""),
        ("if-unmodified-since", T_MINUS_1),
        ("range", "bytes=0-3"),
        ("if-range", "\"v0\""),
    ];
    for method in ["PUT", "PATCH", "DELETE", "POST"] {
        let handler = Handler::new(|head| {
            let checked = head.extensions.get::<Checked>().unwrap();
            assert_eq!(checked.entity_tag().unwrap().as_bytes(), V1.as_bytes());
            assert_eq!(checked.existed(), Some(true));
            assert_eq!(checked.precondition(), Some(Field::IfMatch));
            response(200, &NOTHING, "")
        });
        let layer = ConditionalLayer::new(Fixed::new(dated())).use_clock(now);
        assert_eq!(
            send(&layer, handler.clone(), request(method, &given)).status,
            200
        );
        assert_eq!(handler.seen_fields(), fields(&given));
    }
}

/// Section 13.1.5: false takes Range off, true leaves Range and takes If-Range off (section 13.1.5).
#[test]
fn if_range() {
    const RANGE: (&str, &str) = ("range", "bytes=0-3");
    let strong = Representation::tagged(V1).strong_last_modified(date(T));
    let range_is_left = |current: Current, if_range: &[&str]| {
        let handler = handler();
        let lines = if_range.iter().map(|line| ("if-range", *line));
        let given: Vec<_> = [RANGE].into_iter().chain(lines).collect();
        let layer = ConditionalLayer::new(Fixed::new(current)).use_clock(now);
        let layer = layer.trust_handler_version();
        send(&layer, handler.clone(), request("GET", &given));
        let seen = handler.seen_fields();
        assert!(!seen.contains_key("if-range"), "{if_range:?}");
        seen.contains_key("range")
    };
    for (if_range, expected) in [
        (&["\"v1\""][..], true),
        (&["\"v0\""], false),
        (&["W/\"v1\""], false),
        (&["v1"], false),
        (&["*"], false),
        (&[""], false),
        (&["\"v1\", \"v1\""], false),
        (&["\"v1\"", "\"v1\""], false),
        (&[T], true),
        (&[T_MINUS_1], false),
        (&[NOW], false),
        (&[T, T], false),
    ] {
        assert_eq!(
            range_is_left(strong.clone().into(), if_range),
            expected,
            "{if_range:?}"
        );
        // Without a strong date, and where only the response can tell.
        let by_tag = expected && if_range != [T];
        assert_eq!(
            range_is_left(dated().into(), if_range),
            by_tag,
            "{if_range:?}"
        );
        assert!(!range_is_left(Current::Unknown, if_range), "{if_range:?}");
        assert!(
            !range_is_left(Representation::new().into(), if_range),
            "{if_range:?}"
        );
    }
}

/// After the handler, a 206 or 416 could not be evaluated: Range is removed if there are preconditions.
#[test]
fn range_after_the_handler() {
    let range_is_left = |given: &[(&str, &str)]| {
        let handler = handler();
        let given = [&[("range", "bytes=0-3")], given].concat();
        let layer = ConditionalLayer::new(FromResponse).use_clock(now);
        send(&layer, handler.clone(), request("GET", &given));
        handler.seen_fields().contains_key("range")
    };
    assert!(range_is_left(&[]));
    assert!(range_is_left(&[("if", "x")]));
    assert!(!range_is_left(&[("if-none-match", "\"v0\"")]));
    assert!(!range_is_left(&[("if-match", "\"v0\"")]));
    assert!(!range_is_left(&[("if-modified-since", T)]));
    assert!(!range_is_left(&[("if-unmodified-since", T)]));
    assert!(!range_is_left(&[("if-range", "\"v0\"")]));
}

/// Section 13.1.5: a part may follow If-Range only if it is of the version that If-Range names. The handler sees Range if it
/// serves what was looked up, or states the version that it has read.
#[test]
fn range_under_if_range_reaches_only_a_handler_that_says_what_it_serves() {
    let range_is_left = |layer: &ConditionalLayer<BoxSource>| {
        let handler = handler();
        let given = [("range", "bytes=0-3"), ("if-range", "\"v1\"")];
        send(layer, handler.clone(), request("GET", &given));
        let seen = handler.seen_fields();
        assert!(!seen.contains_key("if-range"));
        seen.contains_key("range")
    };
    let layer = |found: &Found| {
        let look_up = async |(), found: Found| Ok::<_, SourceError>(found);
        ConditionalLayer::new(source_fn(found.clone(), |_| (), look_up).boxed())
    };
    let found = Found::from(V1);
    assert!(!range_is_left(&layer(&found)));
    assert!(range_is_left(&layer(&found).trust_handler_version()));
    assert!(range_is_left(&layer(&found.with("the row"))));
}

/// Sections 9.3.6 and 9.1: the layer ignores their preconditions, and leaves their response alone.
#[test]
fn methods_that_pass_untouched() {
    let given = [
        ("if-match", "\"v0\""),
        ("if-none-match", "*"),
        ("if-modified-since", T),
        ("if-unmodified-since", T_MINUS_1),
        ("if-range", "\"v0\""),
        ("range", "bytes=0-3"),
    ];
    for method in [
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "get",
        "Get",
        "put",
        "PROPPATCH",
        "FOO",
    ] {
        let source = source::looked_up(V1);
        let layer = ConditionalLayer::new(source.clone())
            .writes(WritePolicy::strictly_required())
            .add_response_headers(no_cache());
        let handler = handler();
        let answer = send(&layer, handler.clone(), request(method, &given));
        assert_eq!((answer.status, source.looks()), (200, 0), "{method}");
        assert_eq!(answer.headers, HeaderMap::new(), "{method}");
        assert_eq!(answer.body, "hello world", "{method}");
        assert_eq!(handler.seen_fields(), fields(&given), "{method}");
    }
}

/// Section 9.1: only the service knows what other methods do.
#[test]
fn registered_methods() {
    let class = |method: &http::Method| match method.as_str() {
        "QUERY" => Some(MethodClass::Read),
        "PROPPATCH" => Some(MethodClass::Write),
        "POST" => Some(MethodClass::Neither),
        _ => None,
    };
    let by_look_up = |method: &str, given: (&str, &str)| {
        let handler = handler();
        let layer = ConditionalLayer::new(Fixed::new(dated()))
            .classify(class)
            .use_clock(now);
        let answer = send(&layer, handler.clone(), request(method, &[given]));
        (answer.status, handler.calls())
    };
    let by_response = |method: &str, given: (&str, &str)| {
        let own = [("etag", "\"v1\""), ("last-modified", T)];
        let handler = Handler::answering(200, &own, "hello world");
        let layer = ConditionalLayer::new(FromResponse)
            .classify(class)
            .use_clock(now);
        let answer = send(&layer, handler.clone(), request(method, &[given]));
        (answer.status, handler.calls())
    };
    let seen = ("if-none-match", "\"v1\"");
    let stale = ("if-match", "\"v0\"");
    // The tag of a GET is not that of a query's answer (RFC 10008): the response has its own.
    let source = source::looked_up(V1);
    let own = Handler::answering(200, &[("etag", "\"q1\"")], "found");
    let query = |given| {
        let layer = ConditionalLayer::new(source.clone());
        send(&layer, own.clone(), request("QUERY", &[given])).status
    };
    assert_eq!(query(seen), 200);
    assert_eq!(query(("if-none-match", "\"q1\"")), 304);
    assert_eq!(query(stale), 412);
    assert_eq!((source.looks(), own.calls()), (0, 3));
    let by_equivalent = |given: (&str, &str)| {
        let handler = handler();
        let layer = ConditionalLayer::new(Queryable(V1.into()));
        let answer = send(&layer, handler.clone(), request("QUERY", &[given]));
        (answer.status, handler.calls())
    };
    assert_eq!(by_equivalent(seen), (304, 0));
    assert_eq!(by_equivalent(stale), (412, 0));
    // If-Modified-Since is for GET and HEAD alone (section 13.1.3).
    assert_eq!(by_look_up("QUERY", ("if-modified-since", T)), (200, 1));
    assert_eq!(by_look_up("PROPPATCH", seen), (412, 0));
    assert_eq!(by_look_up("PROPPATCH", stale), (412, 0));
    assert_eq!(by_look_up("POST", stale), (200, 1));
    assert_eq!(by_look_up("PUT", stale), (412, 0));

    assert_eq!(by_response("QUERY", seen), (304, 1));
    assert_eq!(by_response("QUERY", stale), (412, 1));
    assert_eq!(by_response("QUERY", ("if-modified-since", T)), (200, 1));
    assert_eq!(by_response("PROPPATCH", stale), (200, 1));
}

/// Sections 8.8 and 15.3.7: a 206 carries what the 200 would, before the handler and after it; nothing else does.
#[test]
fn what_a_read_is_given() {
    let state = dated().varying_on([ACCEPT]);
    let looked_up = ConditionalLayer::new(Fixed::new(state))
        .add_response_headers(no_cache())
        .use_clock(now);
    let all = [
        ("etag", "\"v1\""),
        ("last-modified", T),
        ("vary", "accept"),
        ("cache-control", "no-cache"),
    ];
    let by_response = ConditionalLayer::new(FromResponse).add_response_headers(no_cache());
    for status in [200, 206, 204, 301, 404, 416, 500] {
        let is_given = matches!(status, 200 | 206);
        for method in ["GET", "HEAD"] {
            let handler = Handler::answering(status, &NOTHING, "");
            let answer = send(&looked_up, handler, request(method, &NOTHING));
            let expected = fields(if is_given { &all } else { &[] });
            assert_eq!(answer.headers, expected, "{method} {status}");

            let handler = Handler::answering(status, &NOTHING, "");
            let answer = send(&by_response, handler, request(method, &NOTHING));
            let expected = fields(if is_given { &all[3..] } else { &[] });
            assert_eq!(answer.headers, expected, "{method} {status}");
        }
    }
}

/// The route's fields are on every 200 of a read, also where nothing could be said of its validators.
#[test]
fn fields_of_the_route_without_validators() {
    let expected = fields(&[("cache-control", "no-cache")]);
    let layer = ConditionalLayer::new(source::failing("down")).add_response_headers(no_cache());
    let answer = send(
        &layer,
        handler(),
        request("GET", &[("if-none-match", "\"v1\"")]),
    );
    assert_eq!((answer.status, answer.headers), (200, expected.clone()));

    let layer =
        ConditionalLayer::new(source::failing("never asked")).add_response_headers(no_cache());
    let answer = send(
        &layer.trust_handler_version(),
        handler(),
        request("GET", &NOTHING),
    );
    assert_eq!((answer.status, answer.headers), (200, expected));
}

/// Section 8.8.3: the handler saw the bytes that it sends.
#[test]
fn the_handlers_own_validators_win() {
    let layer = ConditionalLayer::new(Fixed::new(dated())).use_clock(now);
    for (own, expected) in [
        (&[("etag", "\"h\"")][..], &[("etag", "\"h\"")][..]),
        (&[("etag", "W/\"h\"")], &[("etag", "W/\"h\"")]),
        (
            &[("last-modified", T_MINUS_1)],
            &[("last-modified", T_MINUS_1)],
        ),
        (
            &[("etag", "\"h\""), ("last-modified", T_MINUS_1)],
            &[("etag", "\"h\""), ("last-modified", T_MINUS_1)],
        ),
        // Section 8.8.3: left on the wire as it is.
        (
            &[("etag", "no tag")],
            &[("etag", "no tag"), ("last-modified", T)],
        ),
    ] {
        let handler = Handler::answering(200, own, "");
        let answer = send(&layer, handler, request("GET", &NOTHING));
        assert_eq!(answer.headers, fields(expected), "{own:?}");
    }
}

/// Section 9.3.2: a HEAD has no content, also where it is refused for what its handler states.
#[test]
fn a_head_that_is_refused_for_what_its_handler_states() {
    let layer = ConditionalLayer::new(Fixed::new(V1));
    let answer = |method| {
        let handler = Handler::answering(200, &[("etag", "\"v2\"")], "");
        send(&layer, handler, request(method, &[("if-match", "\"v1\"")]))
    };
    let (get, head) = (answer("GET"), answer("HEAD"));
    assert_eq!((get.status, head.status), (412, 412));
    assert_eq!((get.body.is_empty(), head.body.is_empty()), (false, true));
    assert_eq!(
        head.headers["content-length"],
        get.body.len().to_string().as_str()
    );
}

/// Section 8.8.3: a malformed tag or date counts as absent, and so do several lines.
#[test]
fn what_the_handler_sets_may_be_malformed() {
    let status = |own: &[(&str, &str)], given: (&str, &str)| {
        let handler = Handler::answering(200, own, "hello world");
        let layer = ConditionalLayer::new(FromResponse).use_clock(now);
        let answer = send(&layer, handler, request("GET", &[given]));
        if answer.status == 200 {
            assert_eq!(answer.headers, fields(own));
        }
        answer.status
    };
    for tag in ["abc", "w/\"abc\"", "\"abc", "", "\"a\", \"b\""] {
        let own = [("etag", tag)];
        assert_eq!(status(&own, ("if-none-match", "\"abc\"")), 200, "{tag}");
        assert_eq!(status(&own, ("if-none-match", tag)), 200, "{tag}");
        assert_eq!(status(&own, ("if-none-match", "*")), 304, "{tag}");
        assert_eq!(status(&own, ("if-match", "*")), 200, "{tag}");
        assert_eq!(status(&own, ("if-match", "\"abc\"")), 412, "{tag}");
    }
    let two = [("etag", "\"a\""), ("etag", "\"a\"")];
    assert_eq!(status(&two, ("if-none-match", "\"a\"")), 200);
    for own in [
        &[("last-modified", "yesterday")][..],
        &[("last-modified", T), ("last-modified", T)],
    ] {
        assert_eq!(status(own, ("if-modified-since", T)), 200);
        assert_eq!(status(own, ("if-unmodified-since", T_MINUS_1)), 200);
    }
}

/// On reads a malformed list matches nothing and still switches If-Modified-Since off; a malformed If-Match is
/// refused.
#[test]
fn malformed_lists_on_reads() {
    let own = [("etag", "\"v1\""), ("last-modified", T)];
    let handler = || Handler::answering(200, &own, "hello world");
    for method in ["GET", "HEAD"] {
        for list in ["v1", "*, \"v1\"", "\"v1\" \"v1\"", "\"v1", "w/\"v1\"", ""] {
            let given = [("if-none-match", list), ("if-modified-since", T)];
            let layer = ConditionalLayer::new(Fixed::new(dated())).use_clock(now);
            let answer = send(&layer, handler(), request(method, &given));
            assert_eq!(answer.status, 200, "{method} {list}");
            let layer = ConditionalLayer::new(FromResponse).use_clock(now);
            let answer = send(&layer, handler(), request(method, &given));
            assert_eq!(answer.status, 200, "{method} {list}");
        }
        let malformed = [("if-match", "v1")];
        let status = |answer: crate::support::Answer| (answer.status, answer.body.is_empty());
        let expected = (400, method == "HEAD");
        let layer = ConditionalLayer::new(Fixed::new(V1));
        assert_eq!(
            status(send(&layer, handler(), request(method, &malformed))),
            expected
        );
        let layer = ConditionalLayer::new(FromResponse);
        assert_eq!(
            status(send(&layer, handler(), request(method, &malformed))),
            expected
        );
    }
}

/// Sections 8.8, 9.3.3, 9.3.4 and 9.3.5: the looked-up validators are those of the old state.
#[test]
fn a_successful_write_is_given_no_validators() {
    let layer = ConditionalLayer::new(Fixed::new(dated().varying_on([ACCEPT])))
        .add_response_headers(no_cache())
        .use_clock(now);
    for method in ["PUT", "PATCH", "DELETE", "POST"] {
        for status in [200, 201, 204] {
            let given = [("if-match", "\"v1\"")];
            let handler = Handler::answering(status, &NOTHING, "");
            let answer = send(&layer, handler, request(method, &given));
            assert_eq!((answer.status, answer.headers), (status, HeaderMap::new()));

            let own = [("etag", "\"new\""), ("last-modified", NOW)];
            let handler = Handler::answering(status, &own, "");
            let answer = send(&layer, handler, request(method, &given));
            assert_eq!((answer.status, answer.headers), (status, fields(&own)));
        }
    }
}

/// The handler may vouch for the new state: on a PUT only by saying that the bytes were stored as they came
/// (section 9.3.4; RFC 5789, section 2.1).
#[test]
fn the_handler_vouches_for_the_new_state() {
    let new = || Representation::tagged(EntityTag::from_static("\"v2\"")).last_modified(date(NOW));
    let tag = |method: &str, status: u16, vouch: fn(&mut http::Extensions, Representation)| {
        let handler = Handler::new(move |_| {
            let mut response = response(status, &[("etag", "\"own\"")], "");
            vouch(response.extensions_mut(), new());
            response
        });
        let layer = ConditionalLayer::new(Fixed::new(V1)).use_clock(now);
        let answer = send(&layer, handler, request(method, &[("if-match", "\"v1\"")]));
        let line = |name| answer.field(name).map(str::to_owned);
        (line("etag"), line("last-modified"))
    };
    let sent = (Some("\"v2\"".to_owned()), Some(NOW.to_owned()));
    let own = (Some("\"own\"".to_owned()), None);
    let verbatim = |extensions: &mut http::Extensions, new: Representation| {
        extensions.insert(NewVersion::stored_verbatim(new));
    };
    let version = |extensions: &mut http::Extensions, new: Representation| {
        extensions.insert(NewVersion::new(new));
    };
    assert_eq!(tag("PUT", 200, verbatim), sent);
    assert_eq!(tag("PUT", 201, verbatim), sent);
    assert_eq!(tag("PUT", 200, version), own);
    assert_eq!(tag("PATCH", 200, version), sent);
    assert_eq!(tag("POST", 201, version), sent);
    // What failed has made no state.
    assert_eq!(tag("PUT", 409, verbatim), own);
    assert_eq!(tag("PATCH", 500, version), own);
}

/// Section 13.1.1: any current representation guards a write; a read has one that is selected.
#[test]
fn other_current_tags() {
    let state = Representation::tagged(EntityTag::from_static("\"1-json\""))
        .other_tags([EntityTag::from_static("\"1-ttl\"")]);
    let status = |method, given: (&str, &str)| {
        let layer = ConditionalLayer::new(Fixed::new(state.clone()));
        send(&layer, handler(), request(method, &[given])).status
    };
    assert_eq!(status("PUT", ("if-match", "\"1-json\"")), 200);
    assert_eq!(status("PUT", ("if-match", "\"1-ttl\"")), 200);
    assert_eq!(status("PUT", ("if-match", "\"0-ttl\"")), 412);
    assert_eq!(status("PUT", ("if-none-match", "\"1-ttl\"")), 412);
    assert_eq!(status("GET", ("if-match", "\"1-ttl\"")), 412);
    assert_eq!(status("GET", ("if-none-match", "\"1-ttl\"")), 200);
    assert_eq!(status("GET", ("if-none-match", "\"1-json\"")), 304);
}

type Frames = StreamBody<stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

/// A body of one chunk and trailers.
fn with_trailers(trailers: &[(&str, &str)]) -> Frames {
    StreamBody::new(stream::iter(vec![
        Ok(Frame::data(Bytes::from_static(b"hello"))),
        Ok(Frame::trailers(fields(trailers))),
    ]))
}

/// Sections 6.5.1 and 8.8.3: trailers never count, and pass.
#[test]
fn trailers_never_count() {
    let handler = service_fn(|request: Request<Frames>| async move {
        let trailers = request.into_body().collect().await.unwrap();
        let trailers = trailers.trailers().cloned();
        assert_eq!(trailers, Some(fields(&[("if-match", "\"v0\"")])));
        Ok::<_, Infallible>(Response::new(with_trailers(&[("etag", "\"v1\"")])))
    });
    let answer_to = |method: &str, given: &[(&str, &str)], looks_up: bool| {
        let body = with_trailers(&[("if-match", "\"v0\"")]);
        let request = request_with(method, "/r", given, body);
        let answer = if looks_up {
            let layer = ConditionalLayer::new(Fixed::new(V1));
            layer.layer(handler).oneshot(request).now_or_never()
        } else {
            let layer = ConditionalLayer::new(FromResponse);
            layer.layer(handler).oneshot(request).now_or_never()
        };
        let (head, body) = answer.unwrap().unwrap().into_parts();
        let body = body.collect().now_or_never().unwrap().unwrap();
        assert_eq!(body.trailers(), Some(&fields(&[("etag", "\"v1\"")])));
        assert_eq!(body.to_bytes(), "hello");
        (head.status.as_u16(), head.headers)
    };
    assert_eq!(answer_to("PUT", &[], true), (200, HeaderMap::new()));
    assert_eq!(
        answer_to("PUT", &[("if-match", "\"v1\"")], true),
        (200, HeaderMap::new())
    );
    // A tag that comes after the body is no tag.
    let seen = [("if-none-match", "\"v1\"")];
    assert_eq!(answer_to("GET", &seen, false), (200, HeaderMap::new()));
}

/// The clock is injected: two-digit years are read by it (section 5.6.7).
#[test]
fn the_clock_tells_the_century() {
    let status_at = |now: &str| {
        let state = Representation::new().last_modified(date("Sun, 06 Nov 1994 08:49:37 GMT"));
        let layer = ConditionalLayer::new(Fixed::new(state));
        let layer = layer.use_clock(crate::support::clock_at(date(now)));
        let given = [("if-modified-since", "Saturday, 05-Nov-94 00:00:00 GMT")];
        send(&layer, handler(), request("GET", &given)).status
    };
    // 1994, the day before; from 2044 on it is 2094.
    assert_eq!(status_at(NOW), 200);
    assert_eq!(status_at("Mon, 01 Jan 2060 00:00:00 GMT"), 304);
    assert!(HttpDate::from(now()) == date(NOW));
}

/// Clones share their configuration, until one of them is configured differently.
#[test]
fn configuring_a_clone_changes_no_other() {
    let layer = ConditionalLayer::new(Fixed::new(V1));
    let mut service = layer.layer(handler());
    let required = layer.clone().writes(WritePolicy::required());
    let put = || request("PUT", &NOTHING);
    assert_eq!(send(&required, handler(), put()).status, 428);
    assert_eq!(send(&layer, handler(), put()).status, 200);
    let made_before = service.call(put()).now_or_never().unwrap().unwrap();
    assert_eq!(made_before.status(), 200);
}

/// A source that reads no bodies is not asked what to do with one.
#[test]
fn only_a_source_that_reads_bodies_computes() {
    for reads_bodies in [true, false] {
        let layer = ConditionalLayer::new(Computing { reads_bodies });
        let answer = send(&layer, handler(), request("GET", &NOTHING));
        assert_eq!(answer.field("etag").is_some(), reads_bodies);
    }
}
