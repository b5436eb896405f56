//! The 304: exactly the fields that it has to carry, before the handler and after it (RFC 9110, section
//! 15.4.5), and Last-Modified against Date (section 8.8.2.1).

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LOCATION, LINK, VARY};
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::handler::NewVersion;
use tower_conditional::source::Fixed;
use tower_conditional::{
    ConditionalLayer, Current, EntityTag, FromResponse, HttpDate, Representation, ValidatorSource,
};

use crate::support::{
    Answer, Handler, NOW, NOW_PLUS_1_DAY, T, T_MINUS_1, date, fields, now, request, send,
};

const V1: EntityTag = EntityTag::from_static("\"v1\"");
const SEEN: [(&str, &str); 1] = [("if-none-match", "\"v1\"")];
const NOTHING: [(&str, &str); 0] = [];

fn plain() -> Handler {
    Handler::answering(200, &NOTHING, "hello world")
}

fn field(name: HeaderName, line: &'static str) -> (HeaderName, HeaderValue) {
    (name, HeaderValue::from_static(line))
}

/// The 200 and the 304 of one resource, for GET; HEAD gets the same 304.
#[track_caller]
fn both<V: ValidatorSource>(layer: &ConditionalLayer<V>, handler: &Handler) -> (Answer, Answer) {
    let ok = send(layer, handler.clone(), request("GET", &NOTHING));
    let not_modified = send(layer, handler.clone(), request("GET", &SEEN));
    let of_head = send(layer, handler.clone(), request("HEAD", &SEEN));
    assert_eq!((ok.status, not_modified.status), (200, 304));
    assert!(not_modified.body.is_empty());
    assert_eq!(
        (of_head.status, &of_head.headers),
        (304, &not_modified.headers)
    );
    (ok, not_modified)
}

/// What the source and the route say goes on both; no more is known before the handler.
#[test]
fn looked_up() {
    let state = Representation::tagged(V1)
        .last_modified(date(T))
        .field(CACHE_CONTROL, HeaderValue::from_static("max-age=60"))
        .varying_on([ACCEPT]);
    let layer = ConditionalLayer::new(Fixed::new(state))
        .add_response_headers([
            field(CACHE_CONTROL, "no-cache"),
            field(CONTENT_LOCATION, "/r.json"),
            field(VARY, "Accept, Origin"),
            field(LINK, "</a>; rel=next"),
            field(LINK, "</b>; rel=prev"),
        ])
        .use_clock(now);
    let (ok, not_modified) = both(&layer, &plain());
    let repeated = [
        ("etag", "\"v1\""),
        ("cache-control", "max-age=60"),
        ("content-location", "/r.json"),
        ("vary", "accept, Origin"),
        ("link", "</a>; rel=next"),
        ("link", "</b>; rel=prev"),
    ];
    assert_eq!(not_modified.headers, fields(&repeated));
    // Last-Modified only where there is no tag.
    let with_date = [&repeated[..], &[("last-modified", T)]].concat();
    assert_eq!(ok.headers, fields(&with_date));
}

/// Every combination of validators (section 15.4.5).
#[test]
fn which_validators() {
    let by_date = || Representation::new().last_modified(date(T));
    let ims = [("if-modified-since", T)];
    let any = [("if-none-match", "*")];
    let weak = EntityTag::from_static("W/\"v1\"");
    for (state, given, expected) in [
        (Representation::tagged(V1), &SEEN, &[("etag", "\"v1\"")][..]),
        (
            Representation::tagged(V1).last_modified(date(T)),
            &SEEN,
            &[("etag", "\"v1\"")],
        ),
        (
            Representation::tagged(V1).last_modified(date(T)),
            &ims,
            &[("etag", "\"v1\"")],
        ),
        // Section 15.4.5: the current tag as it is, never an echo of the request's.
        (Representation::tagged(weak), &SEEN, &[("etag", "W/\"v1\"")]),
        (by_date(), &ims, &[("last-modified", T)]),
        (by_date(), &any, &[("last-modified", T)]),
        (Representation::new(), &any, &[]),
    ] {
        let by_look_up = ConditionalLayer::new(Fixed::new(state.clone())).use_clock(now);
        let answer = send(&by_look_up, plain(), request("GET", given));
        assert_eq!(answer.status, 304, "{state:?}");
        assert_eq!(answer.headers, fields(expected), "{state:?}");

        // The same validators, set by the handler.
        let tag = state.entity_tag().map(|tag| ("etag", tag.as_bytes()));
        let date = state.last_modified_date().map(|date| date.to_string());
        let date = date.as_ref().map(|date| ("last-modified", date.as_bytes()));
        let lines: Vec<_> = tag.into_iter().chain(date).collect();
        let lines = lines
            .iter()
            .map(|(name, line)| (*name, std::str::from_utf8(line).unwrap()));
        let handler = Handler::answering(200, &lines.collect::<Vec<_>>(), "hello world");
        let by_response = ConditionalLayer::new(FromResponse).use_clock(now);
        let answer = send(&by_response, handler, request("GET", given));
        assert_eq!(answer.status, 304, "{state:?}");
        assert_eq!(answer.headers, fields(expected), "{state:?}");
    }
}

/// Section 12.5.5: a list without duplicates, in any case of letters; `*` covers everything.
#[test]
fn vary_is_merged() {
    let merged = |handler: &[(&str, &str)], route: &[&'static str]| {
        let state = Representation::tagged(V1).varying_on([ACCEPT, ACCEPT_LANGUAGE]);
        let route = route.iter().map(|line| field(VARY, line));
        let layer = ConditionalLayer::new(Fixed::new(state)).add_response_headers(route);
        let handler = Handler::answering(200, handler, "");
        let (ok, not_modified) = both(&layer, &handler);
        let vary = |answer: &Answer| answer.field("vary").unwrap().to_owned();
        (vary(&ok), vary(&not_modified))
    };
    let same = |line: &str| (line.to_owned(), line.to_owned());
    assert_eq!(merged(&[], &[]), same("accept, accept-language"));
    assert_eq!(
        merged(&[], &["ACCEPT, Origin,"]),
        same("accept, accept-language, Origin")
    );
    assert_eq!(
        merged(&[("vary", "accept-encoding, Accept")], &["Origin"]),
        (
            "accept-encoding, Accept, accept-language, Origin".to_owned(),
            "accept, accept-language, Origin".to_owned()
        )
    );
    // Section 5.6.1.1: no empty members.
    let (ok, _) = merged(&[("vary", "a,, ,b ,")], &[]);
    assert_eq!(ok, "a, b, accept, accept-language");
    let (ok, _) = merged(&[("vary", "*")], &["Origin"]);
    assert_eq!(ok, "*");
}

/// What describes the content goes, everything else survives: an allow-list would break CORS and cookies
/// (section 15.4.5; RFC 9213; RFC 9530).
#[test]
fn by_the_response() {
    #[rustfmt::skip]
    let repeated = [
        ("etag", "\"v1\""),
        ("date", NOW),
        ("cache-control", "max-age=60, immutable, stale-while-revalidate=5"),
        ("expires", NOW_PLUS_1_DAY),
        ("content-location", "/r.json"),
        ("vary", "accept-encoding"),
    ];
    let surviving = [
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "etag"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("strict-transport-security", "max-age=1"),
        ("content-security-policy", "default-src 'self'"),
        ("cdn-cache-control", "max-age=600"),
        ("link", "</a>; rel=next"),
        ("server-timing", "db;dur=1"),
        ("x-anything", "else"),
    ];
    let dropped = [
        ("content-type", "text/plain"),
        ("content-encoding", "identity"),
        ("content-language", "en"),
        ("content-length", "11"),
        ("content-range", "bytes 0-10/11"),
        ("content-digest", "sha-256=:AA==:"),
        ("content-md5", "AA=="),
        ("repr-digest", "sha-256=:AA==:"),
        ("digest", "sha-256=AA=="),
        ("trailer", "x-sum"),
        ("transfer-encoding", "chunked"),
        ("last-modified", T),
    ];
    let all = [&repeated[..], &surviving, &dropped].concat();
    let handler = Handler::answering(200, &all, "hello world");
    let (ok, not_modified) = both(&ConditionalLayer::new(FromResponse), &handler);
    assert_eq!(ok.headers, fields(&all));
    assert_eq!(
        not_modified.headers,
        fields(&[&repeated[..], &surviving].concat())
    );
}

/// The route's fields are on the 200 first, so they are on the 304 too; the handler's own win.
#[test]
fn by_the_response_with_fields_of_the_route() {
    let layer = ConditionalLayer::new(FromResponse).add_response_headers([
        field(CACHE_CONTROL, "no-cache"),
        field(CONTENT_LOCATION, "/r.json"),
        field(VARY, "accept"),
    ]);
    let own = [
        ("etag", "\"v1\""),
        ("cache-control", "private"),
        ("vary", "cookie"),
    ];
    let (ok, not_modified) = both(&layer, &Handler::answering(200, &own, "hello world"));
    let expected = [
        ("etag", "\"v1\""),
        ("cache-control", "private"),
        ("content-location", "/r.json"),
        ("vary", "cookie, accept"),
    ];
    assert_eq!(ok.headers, fields(&expected));
    assert_eq!(not_modified.headers, fields(&expected));
}

/// Panics when it is read.
struct Unread;

impl Body for Unread {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("nobody reads the body of a 304")
    }
}

/// Section 15.4.5: an empty body of exact size 0 that is at its end; the handler's is dropped unread.
#[test]
fn the_body_is_empty_and_says_so() {
    let handler = service_fn(|_: Request<Full<Bytes>>| async {
        let mut response = Response::new(Unread);
        *response.headers_mut() = fields(&[("etag", "\"v1\"")]);
        Ok::<_, Infallible>(response)
    });
    #[track_caller]
    fn is_empty<B: Body>(response: &Response<B>) {
        assert_eq!(response.status(), 304);
        assert!(response.body().is_end_stream());
        assert_eq!(response.body().size_hint().exact(), Some(0));
    }
    for method in ["GET", "HEAD"] {
        let by_response = ConditionalLayer::new(FromResponse).layer(handler);
        let answer = by_response.oneshot(request(method, &SEEN)).now_or_never();
        is_empty(&answer.unwrap().unwrap());
        let by_look_up = ConditionalLayer::new(Fixed::new(V1)).layer(handler);
        let answer = by_look_up.oneshot(request(method, &SEEN)).now_or_never();
        is_empty(&answer.unwrap().unwrap());
    }
}

/// Section 13.2.1: after the handler only a 200 is evaluated.
#[test]
fn other_statuses_stay_what_they_are() {
    let own = [
        ("etag", "\"v1\""),
        ("last-modified", T),
        ("content-type", "text/plain"),
    ];
    let given = [
        &[("if-none-match", "\"v1\"")][..],
        &[("if-none-match", "*")],
        &[("if-match", "\"v0\"")],
        &[("if-match", "malformed")],
        &[("if-modified-since", T)],
        &[("if-unmodified-since", T_MINUS_1)],
    ];
    let layer = ConditionalLayer::new(FromResponse)
        .add_response_headers([field(CACHE_CONTROL, "no-cache")])
        .use_clock(now);
    for status in [
        201, 202, 203, 204, 205, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 410, 412,
        416, 429, 500, 503,
    ] {
        for given in given {
            let handler = Handler::answering(status, &own, "hello world");
            let answer = send(&layer, handler, request("GET", given));
            assert_eq!(answer.status, status, "{given:?}");
            assert_eq!(answer.headers, fields(&own), "{status} {given:?}");
            assert_eq!(answer.body, "hello world", "{status} {given:?}");
        }
    }
}

/// A Last-Modified in the future is replaced by now; where it comes as close as a second to the Date that the server
/// below may send, both are stamped from one reading (section 8.8.2.1).
#[test]
fn last_modified_is_never_after_date() {
    let at = |modified: HttpDate, route: &[(&str, &str)]| {
        let state = Representation::new().last_modified(modified);
        let layer = ConditionalLayer::new(Fixed::new(state)).use_clock(now);
        let handler = Handler::answering(200, route, "hello world");
        let answer = send(&layer, handler, request("GET", &NOTHING));
        let line = |name| answer.field(name).map(str::to_owned);
        (line("last-modified"), line("date"))
    };
    let some = |text: &str| Some(text.to_owned());
    let ago = |seconds: i64| date(NOW).saturating_add_seconds(-seconds);
    assert_eq!(at(date(NOW_PLUS_1_DAY), &[]), (some(NOW), some(NOW)));
    assert_eq!(at(date(NOW), &[]), (some(NOW), some(NOW)));
    assert_eq!(at(ago(1), &[]), (some(&ago(1).to_string()), some(NOW)));
    assert_eq!(at(ago(2), &[]), (some(&ago(2).to_string()), None));
    assert_eq!(at(date(T), &[]), (some(T), None));
    // Section 6.6.1: the handler's own is kept.
    let own = [("date", NOW)];
    assert_eq!(at(date(NOW), &own), (some(NOW), some(NOW)));
    // Also where it is an earlier one.
    let own = [("date", T)];
    assert_eq!(at(date(NOW), &own), (some(T), some(T)));
    assert_eq!(at(ago(60), &own), (some(T), some(T)));
    // Section 5.6.7: no panic, and nothing that cannot be written.
    let before_1970 = HttpDate::UNIX_EPOCH.saturating_add_seconds(-1);
    assert_eq!(at(before_1970, &[]), (None, None));
}

/// The same for what a handler says of the state that its write has made.
#[test]
fn last_modified_of_a_new_version_is_never_after_date() {
    let at = |modified: HttpDate| {
        let handler = Handler::new(move |_| {
            let mut response = crate::support::response(200, &NOTHING, "");
            let new = Representation::new().last_modified(modified);
            response.extensions_mut().insert(NewVersion::new(new));
            response
        });
        let layer = ConditionalLayer::new(Fixed::new(Current::Delegated)).use_clock(now);
        let answer = send(&layer, handler, request("PATCH", &NOTHING));
        let line = |name| answer.field(name).map(str::to_owned);
        (line("last-modified"), line("date"))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(at(date(NOW_PLUS_1_DAY)), (some(NOW), some(NOW)));
    assert_eq!(at(date(NOW)), (some(NOW), some(NOW)));
    assert_eq!(at(date(T)), (some(T), None));
}
