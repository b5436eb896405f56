//! What a cache makes of a 304: http-cache-semantics has to find every kind of 304 "not modified, updated".

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue};
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use http_cache_semantics::{AfterResponse, BeforeRequest, CacheOptions, CachePolicy};
use tower::{Layer, Service};
use tower_conditional::content_coding::{ContentCodingLayer, RewrittenTags};
use tower_conditional::source::Fixed;
use tower_conditional::{
    BodyHash, ConditionalLayer, Current, EntityTag, FromResponse, Representation, ValidatorSource,
};
use tower_http::compression::CompressionLayer;

use crate::support::{Answer, Handler, T, date, request, send};

const PAGE: &str = "A page that is long enough to be worth compressing, compressing, compressing.";

/// What an intermediary does to a 200 on its way to the cache.
type Edge = fn(&mut HeaderMap);

fn clear(_: &mut HeaderMap) {}

/// Apache httpd's mod_deflate.
fn suffixes(headers: &mut HeaderMap) {
    rewrite(headers, |tag| tag.replacen("x\"", "x-gzip\"", 1));
}

/// nginx.
fn weakens(headers: &mut HeaderMap) {
    rewrite(headers, |tag| format!("W/{tag}"));
}

fn rewrite(headers: &mut HeaderMap, rewritten: impl FnOnce(&str) -> String) {
    let tag = rewritten(headers[ETAG].to_str().unwrap());
    headers.insert(ETAG, HeaderValue::from_str(&tag).unwrap());
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
}

/// Gets, waits until the copy is stale, revalidates: then the copy must be fresh for another minute.
#[track_caller]
fn expect_refreshed<L, S, B>(what: &str, layer: &L, inner: S, edge: Edge)
where
    S: Clone,
    L: Layer<S>,
    L::Service: Service<Request<Full<Bytes>>, Response = Response<B>>,
    <L::Service as Service<Request<Full<Bytes>>>>::Error: std::fmt::Debug,
    B: Body,
    B::Error: std::fmt::Debug,
{
    let gets = || {
        request(
            "GET",
            &[("accept-encoding", "gzip"), ("host", "origin.example")],
        )
    };
    let then = SystemTime::now();
    let later = then + Duration::from_secs(3600);

    let mut whole = send(layer, inner.clone(), gets());
    assert_eq!(whole.status, 200, "{what}");
    edge(&mut whole.headers);
    let options = CacheOptions::default();
    let stored = CachePolicy::new_options(&gets(), &head(&whole), then, options);
    assert!(stored.is_storable(), "{what}");

    let BeforeRequest::Stale { request, matches } = stored.before_request(&gets(), later) else {
        panic!("{what}: still fresh: {whole:?}");
    };
    assert!(matches, "{what}");
    let revalidates = Request::from_parts(request, Full::default());
    let answer = send(layer, inner, revalidates);
    assert_eq!(answer.status, 304, "{what}: {answer:?}");
    match stored.after_response(&gets(), &head(&answer), later) {
        AfterResponse::NotModified(refreshed, response) => {
            assert!(
                !refreshed.is_stale(later),
                "{what}: the 304 refreshes nothing"
            );
            assert_eq!(response.status, 200, "{what}");
            assert_eq!(
                response.headers.get("x-deploy"),
                whole.headers.get("x-deploy"),
                "{what}"
            );
        }
        AfterResponse::Modified(..) => panic!("{what}: taken for a new response: {answer:?}"),
    }
}

fn head(answer: &Answer) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = answer.status.try_into().unwrap();
    *response.headers_mut() = answer.headers.clone();
    response
}

fn page(fields: &[(&str, &str)]) -> Handler {
    let fresh = [
        ("content-type", "text/plain"),
        ("cache-control", "max-age=60"),
    ];
    Handler::answering(200, &[&fresh, fields].concat(), PAGE)
}

fn looking_up(current: impl Into<Current>) -> ConditionalLayer<Fixed> {
    with_fields(Fixed::new(current))
}

/// A 304 that is made before the handler has no Cache-Control of the handler.
fn with_fields<V: ValidatorSource>(source: V) -> ConditionalLayer<V> {
    let fresh = (CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
    ConditionalLayer::new(source).add_response_headers([fresh])
}

fn tag(text: &'static str) -> EntityTag {
    EntityTag::from_static(text)
}

#[test]
fn made_before_the_handler() {
    let dated = || Representation::new().last_modified(date(T));
    let both = Representation::tagged(tag("\"x\"")).last_modified(date(T));
    expect_refreshed("strong tag", &looking_up(tag("\"x\"")), page(&[]), clear);
    expect_refreshed("weak tag", &looking_up(tag("W/\"x\"")), page(&[]), clear);
    expect_refreshed("date", &looking_up(dated()), page(&[]), clear);
    expect_refreshed("tag and date", &looking_up(both), page(&[]), clear);
}

#[test]
fn made_of_the_handlers_response() {
    let from_response = ConditionalLayer::new(FromResponse);
    let tagged = [("etag", "\"x\""), ("x-deploy", "7")];
    let dated = [("last-modified", T)];
    expect_refreshed("its tag", &from_response, page(&tagged), clear);
    expect_refreshed(
        "its weak tag",
        &from_response,
        page(&[("etag", "W/\"x\"")]),
        clear,
    );
    expect_refreshed("its date", &from_response, page(&dated), clear);
    expect_refreshed(
        "its tag and date",
        &from_response,
        page(&[dated[0], tagged[0]]),
        clear,
    );

    let strong = ConditionalLayer::new(BodyHash::strong());
    let weak = ConditionalLayer::new(BodyHash::weak());
    expect_refreshed("strong hash", &strong, page(&[]), clear);
    expect_refreshed("weak hash", &weak, page(&[]), clear);
    let coded = page(&[("content-encoding", "gzip"), ("vary", "accept-encoding")]);
    expect_refreshed("hash of coded bytes", &strong, coded, clear);
}

#[test]
fn behind_an_edge_that_rewrites_tags() {
    let suffixing = || RewrittenTags::suffixed();
    let before = looking_up(tag("\"x\"")).accept_rewritten_tags_on_reads(suffixing());
    let after = ConditionalLayer::new(FromResponse).accept_rewritten_tags_on_reads(suffixing());
    let weakening =
        looking_up(tag("\"x\"")).accept_rewritten_tags_on_reads(RewrittenTags::weakened());
    let tagged = || page(&[("etag", "\"x\"")]);
    expect_refreshed("suffix, looked up", &before, page(&[]), suffixes);
    expect_refreshed("suffix, from response", &after, tagged(), suffixes);
    expect_refreshed("weakened, tolerated", &weakening, page(&[]), weakens);
    expect_refreshed(
        "weakened, strict",
        &looking_up(tag("\"x\"")),
        page(&[]),
        weakens,
    );
}

#[test]
fn finished_around_a_compressor() {
    let forms = [
        ("suffix", ContentCodingLayer::new()),
        ("weak", ContentCodingLayer::new().weaken_tags()),
    ];
    for (form, finish) in forms {
        let stack = |tag| (finish, CompressionLayer::new(), looking_up(tag));
        expect_refreshed(form, &stack(tag("\"x\"")), page(&[]), clear);
        expect_refreshed(form, &stack(tag("W/\"x\"")), page(&[]), clear);
        let hashing = (
            finish,
            CompressionLayer::new(),
            ConditionalLayer::new(BodyHash::strong()),
        );
        expect_refreshed(form, &hashing, page(&[]), clear);
    }
}
