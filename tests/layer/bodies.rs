//! Request bodies of every kind, and responses as they go over the wire: HTTP/1.1 byte by byte, HTTP/2 by hyper.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::source::{BoxSource, Fixed};
use tower_conditional::{ConditionalLayer, EntityTag, FromResponse, ValidatorSource, WritePolicy};

use crate::support::{
    Counter, Http2, Served, Server, Wire, fields, read, request_to, request_with, take_date,
};

const V1: EntityTag = EntityTag::from_static("\"v1\"");
const SEEN: [(&str, &str); 1] = [("if-none-match", "\"v1\"")];
const STALE: [(&str, &str); 1] = [("if-match", "\"v0\"")];
const CURRENT: [(&str, &str); 1] = [("if-match", "\"v1\"")];

/// What it read, and `"v1"` on reads.
async fn echo<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let text = if is_read {
        Bytes::from_static(b"hello world")
    } else {
        body
    };
    let mut response = Response::new(Full::new(text));
    if is_read {
        response.headers_mut().extend(fields(&[("etag", "\"v1\"")]));
    }
    Ok(response)
}

/// The layer works with every body type.
#[test]
fn any_request_body() {
    #[track_caller]
    fn through<B>(make: impl Fn() -> B)
    where
        B: http_body::Body<Data: Send, Error: std::fmt::Debug + Send> + Send + 'static,
    {
        let status = |method: &str, given: &[(&str, &str)]| {
            let service = ConditionalLayer::new(Fixed::new(V1)).layer(service_fn(echo::<B>));
            let answer = service.oneshot(request_with(method, "/r", given, make()));
            let answer = answer.now_or_never().unwrap().unwrap();
            answer.status().as_u16()
        };
        assert_eq!(status("GET", &SEEN), 304);
        assert_eq!(status("PUT", &STALE), 412);
        assert_eq!(status("PUT", &CURRENT), 200);
        assert_eq!(status("PUT", &[]), 200);
    }
    through(|| axum::body::Body::from("hello"));
    through(|| Full::new(Bytes::from_static(b"hello")));
    through(Empty::<Bytes>::new);
    through(|| "hello".to_owned());
    through(|| Full::new(Bytes::from_static(b"hello")).boxed_unsync());
}

/// Section 13.2.1: the head decides; the body is not read for a refusal.
#[test]
fn a_refused_body_is_not_read() {
    let polled = Counter::default();
    let body = || {
        let polled = polled.clone();
        let frames = futures_util::stream::poll_fn(move |_| {
            polled.count();
            std::task::Poll::Ready(None::<Result<http_body::Frame<Bytes>, Infallible>>)
        });
        http_body_util::StreamBody::new(frames)
    };
    for source in [
        Fixed::new(V1).boxed(),
        FromResponse.or(Fixed::new(V1)).boxed(),
    ] {
        let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
        for (given, status) in [(&STALE[..], 412), (&[("if-match", "v1")], 400), (&[], 428)] {
            let service = layer.layer(service_fn(echo));
            let answer = service.oneshot(request_with("PUT", "/r", given, body()));
            let answer = answer.now_or_never().unwrap().unwrap();
            assert_eq!(answer.status(), status);
        }
    }
    assert_eq!(polled.get(), 0);
}

/// The service behind this layer on a server, and how often its handler is called.
async fn serve(layer: ConditionalLayer<BoxSource>) -> (Server, Counter) {
    let calls = Counter::default();
    let counted = calls.clone();
    let handler = service_fn(move |request: Request<Body>| {
        counted.count();
        echo(request)
    });
    let service = layer
        .layer(handler)
        .map_response(|response| response.map(Body::new));
    (Server::start(Served::new(service)).await, calls)
}

/// Evaluates by what it looked up, or by the response.
async fn server_over(source: impl ValidatorSource) -> Server {
    serve(ConditionalLayer::new(source.boxed())).await.0
}

async fn server_with(policy: WritePolicy) -> (Server, Counter) {
    let layer = ConditionalLayer::new(Fixed::new(V1).boxed());
    serve(layer.writes(policy)).await
}

/// The connection is good for another request, and no byte too many has come.
async fn goes_on(wire: &mut Wire) {
    let answer = wire.ask("GET", &[]).await;
    assert_eq!(
        (answer.status, &answer.body[..]),
        (200, &b"hello world"[..])
    );
    wire.expect_nothing();
}

/// Sections 15.4.5 and 8.6: no body, no length of one, and the next request goes through the same connection.
#[tokio::test]
async fn http1_not_modified() {
    for server in [
        server_over(Fixed::new(V1)).await,
        server_over(FromResponse).await,
    ] {
        let mut wire = Wire::open(&server).await;
        for method in ["GET", "HEAD", "GET"] {
            let answer = wire.ask(method, &SEEN).await;
            assert_eq!(answer.status, 304);
            assert_eq!(answer.headers, fields(&[("etag", "\"v1\"")]));
            goes_on(&mut wire).await;
        }
    }
}

/// A refusal of a request without a body leaves the connection as it was.
#[tokio::test]
async fn http1_refusals() {
    let (server, calls) = server_with(WritePolicy::required()).await;
    let mut wire = Wire::open(&server).await;
    for (method, given, status) in [
        ("PUT", &STALE[..], 412),
        ("DELETE", &STALE, 412),
        ("GET", &STALE, 412),
        ("HEAD", &STALE, 412),
        ("PUT", &[], 428),
        ("PUT", &[("if-match", "v1")], 400),
    ] {
        let given = [given, &[("content-length", "0")]].concat();
        let answer = wire.ask(method, &given).await;
        assert_eq!(answer.status, status, "{method}");
        let headers = &answer.headers;
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers.contains_key("content-type"), method != "HEAD");
        assert!(!headers.contains_key("transfer-encoding"));
        if method != "HEAD" {
            assert_eq!(answer.json()["status"], status);
        }
        goes_on(&mut wire).await;
    }
    assert_eq!(calls.get(), 6);
}

/// Sections 10.1.1 and 15.5.13: the head decides at once, and a client is not asked for a body that will be refused.
#[tokio::test]
async fn expect_100_continue() {
    let expecting = [("expect", "100-continue"), ("content-length", "5")];
    for policy in [
        WritePolicy::optional(),
        WritePolicy::optional().read_refused_bodies(1024),
    ] {
        let (server, calls) = server_with(policy).await;
        let mut wire = Wire::open(&server).await;
        let stale = [&expecting[..], &STALE].concat();
        let answer = wire.ask("PUT", &stale).await;
        assert_eq!(answer.status, 412);
        assert_eq!(calls.get(), 0);

        let mut wire = Wire::open(&server).await;
        let current = [&expecting[..], &CURRENT].concat();
        assert_eq!(wire.ask("PUT", &current).await.status, 100);
        wire.write(b"hello").await;
        let answer = wire.answer("PUT").await;
        assert_eq!((answer.status, &answer.body[..]), (200, &b"hello"[..]));
    }
}

const FIVE_MB: usize = 5 * 1024 * 1024;

/// A client that sends all of its body before it looks for an answer finds a 412, and not a broken connection; the
/// connection goes on.
#[tokio::test]
async fn a_large_refused_upload_sees_its_answer() {
    let policy = WritePolicy::optional().read_refused_bodies(FIVE_MB as u64);
    let (server, calls) = server_with(policy).await;
    let mut wire = Wire::open(&server).await;

    let length = FIVE_MB.to_string();
    let given = [&STALE[..], &[("content-length", &length[..])]].concat();
    wire.send("PUT", &given).await;
    wire.write(&vec![b'x'; FIVE_MB]).await;
    assert_eq!(wire.answer("PUT").await.status, 412);
    goes_on(&mut wire).await;

    let given = [&STALE[..], &[("transfer-encoding", "chunked")]].concat();
    wire.send("PUT", &given).await;
    let chunk = [b"10000\r\n", &[b'x'; 0x10000][..], b"\r\n"].concat();
    for _ in 0..FIVE_MB / 0x10000 {
        wire.write(&chunk).await;
    }
    wire.write(b"0\r\n\r\n").await;
    assert_eq!(wire.answer("PUT").await.status, 412);
    goes_on(&mut wire).await;

    assert_eq!(calls.get(), 2);
}

/// What is refused by the fields alone is answered like that too: 400 and 428.
#[tokio::test]
async fn every_refusal_reads_the_body() {
    let policy = WritePolicy::required().read_refused_bodies(1024 * 1024);
    let (server, _) = server_with(policy).await;
    let mut wire = Wire::open(&server).await;
    let body = vec![b'x'; 1024 * 1024];
    let length = body.len().to_string();
    for (given, status) in [(&STALE[..], 412), (&[("if-match", "v1")], 400), (&[], 428)] {
        let given = [given, &[("content-length", &length[..])]].concat();
        wire.send("PUT", &given).await;
        wire.write(&body).await;
        assert_eq!(wire.answer("PUT").await.status, status);
        goes_on(&mut wire).await;
    }
}

/// A body that the handler reads arrives whole, whether the route collects it first or not.
#[tokio::test]
async fn an_accepted_upload_arrives() {
    let server = server_over(Fixed::new(V1)).await;
    let mut wire = Wire::open(&server).await;
    let given = [&CURRENT[..], &[("content-length", "300000")]].concat();
    wire.send("PUT", &given).await;
    wire.write(&vec![b'x'; 300_000]).await;
    let answer = wire.answer("PUT").await;
    assert_eq!((answer.status, answer.body.len()), (200, 300_000));
    goes_on(&mut wire).await;
}

/// The same over HTTP/2, where a length or a body that should not be there is forwarded as it is.
#[tokio::test]
async fn http2() {
    for server in [
        server_over(Fixed::new(V1)).await,
        server_over(FromResponse).await,
    ] {
        let mut http2 = Http2::open(&server).await;
        let mut ask = async |method: &str, given: &[(&str, &str)]| {
            let path = format!("http://{}/r", server.address);
            let request = request_to(method, &path, given);
            let response = http2.client.send_request(request).await.unwrap();
            let ends_at_once = http_body::Body::is_end_stream(response.body());
            let mut answer = read(response).await;
            take_date(&mut answer.headers);
            (answer, ends_at_once)
        };
        for method in ["GET", "HEAD"] {
            let (answer, ends_at_once) = ask(method, &SEEN).await;
            assert_eq!((answer.status, ends_at_once), (304, true));
            assert_eq!(answer.headers, fields(&[("etag", "\"v1\"")]));
            assert!(answer.body.is_empty());
        }
        let (answer, _) = ask("GET", &STALE).await;
        assert_eq!(answer.status, 412);
        assert_eq!(answer.json()["reason"], "stale");
        let (answer, ends_at_once) = ask("HEAD", &STALE).await;
        assert_eq!((answer.status, ends_at_once), (412, true));
        let (answer, _) = ask("GET", &[]).await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, &b"hello world"[..])
        );
    }
}
