//! Around tower-http's `ServeDir`, and inside and outside of its compression.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, header::VARY};
use axum::response::Response;
use axum::routing::get;
use tower::{Layer, Service, ServiceExt};
use tower_conditional::{BodyHash, ConditionalLayer, FromResponse, ValidatorSource};
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

use crate::support::request_to;

async fn send<S, B>(
    service: S,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Response<Vec<u8>>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let request = request_to(method, path, fields);
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
    Response::from_parts(head, body.into())
}

fn text<'r>(response: &'r Response<Vec<u8>>, name: &str) -> &'r str {
    response.headers()[name].to_str().unwrap()
}

/// `ServeDir` ignores If-Range, and must not evaluate a second time (sections 13.1.5 and 13.2.1).
#[tokio::test]
async fn serve_dir_is_repaired() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.txt"), "0123456789").unwrap();
    let service = |source| ConditionalLayer::new(source).layer(ServeDir::new(directory.path()));
    for source in [|| FromResponse.boxed(), || BodyHash::strong().boxed()] {
        let service = service(source());
        let whole = send(service.clone(), "GET", "/a.txt", &[]).await;
        let (tag, date) = (text(&whole, "etag"), text(&whole, "last-modified"));
        let range = ("range", "bytes=2-4");
        let missing = ("range", "bytes=99-");
        #[rustfmt::skip]
        let table: &[(&[(&str, &str)], u16)] = &[
            (&[range], 206),
            (&[missing], 416),
            (&[range, ("if-range", "\"nope\"")], 200),
            (&[range, ("if-range", "*")], 200),
            (&[range, ("if-none-match", tag)], 304),
            (&[missing, ("if-none-match", tag)], 304),
            (&[missing, ("if-match", "\"nope\"")], 412),
            (&[("if-none-match", "\"nope\""), ("if-modified-since", date)], 200),
            (&[("if-none-match", ""), ("if-modified-since", date)], 200),
            (&[("if-none-match", "\"nope\""), ("if-none-match", tag)], 304),
            (&[("if-none-match", tag), ("if-modified-since", date)], 304),
            (&[("if-modified-since", date)], 304),
            (&[("if-match", "\"nope\"")], 412),
        ];
        for (fields, status) in table {
            let answer = send(service.clone(), "GET", "/a.txt", fields).await;
            assert_eq!(answer.status(), *status, "{fields:?}");
            if *status == 304 {
                assert_eq!(text(&answer, "etag"), tag);
            }
            if *status == 200 {
                assert_eq!(answer.body(), b"0123456789");
            }
        }
        assert_eq!(
            send(
                service.clone(),
                "GET",
                "/missing",
                &[("if-none-match", "*")]
            )
            .await
            .status(),
            404
        );
    }
}

const LONG: &str = "a text that is long enough to be worth compressing; ";
const GZIP: (&str, &str) = ("accept-encoding", "gzip");

fn page() -> Router {
    Router::new().route("/", get(async || LONG.repeat(20)))
}

/// Where the layer belongs. Weak tags fit every coding, and Vary, stated once, is on 200 and 304 alike.
#[tokio::test]
async fn inside_of_compression() {
    let layer = ConditionalLayer::new(BodyHash::weak())
        .add_response_headers([(VARY, HeaderValue::from_static("accept-encoding"))]);
    let service = page().layer(layer).layer(CompressionLayer::new());
    let plain = send(service.clone(), "GET", "/", &[]).await;
    let coded = send(service.clone(), "GET", "/", &[GZIP]).await;
    assert_eq!(text(&coded, "content-encoding"), "gzip");
    assert!(text(&plain, "etag").starts_with("W/"));
    assert_eq!(text(&plain, "etag"), text(&coded, "etag"));
    for response in [&plain, &coded] {
        assert!(
            response
                .headers()
                .get_all(VARY)
                .iter()
                .any(|line| line == "accept-encoding")
        );
        let known = ("if-none-match", text(response, "etag"));
        for method in ["GET", "HEAD"] {
            let answer = send(service.clone(), method, "/", &[known, GZIP]).await;
            assert_eq!(answer.status(), 304);
            assert_eq!(text(&answer, "etag"), text(response, "etag"));
            assert_eq!(text(&answer, "vary"), "accept-encoding");
            assert!(!answer.headers().contains_key("content-encoding"));
            assert!(answer.body().is_empty(), "an empty body is not gzipped");
        }
    }
}

/// Outside of it no tag is made of compressed bytes, not even where streams are collected.
#[tokio::test]
async fn outside_of_compression() {
    for source in [BodyHash::strong(), BodyHash::strong().collect_streams()] {
        let service = page()
            .layer(CompressionLayer::new())
            .layer(ConditionalLayer::new(source));
        let plain = send(service.clone(), "GET", "/", &[]).await;
        assert!(plain.headers().contains_key("etag"));
        let coded = send(service.clone(), "GET", "/", &[GZIP]).await;
        assert_eq!(text(&coded, "content-encoding"), "gzip");
        assert!(!coded.headers().contains_key("etag"));
        let known = ("if-none-match", text(&plain, "etag"));
        assert_eq!(
            send(service.clone(), "GET", "/", &[known, GZIP])
                .await
                .status(),
            200
        );
        assert_eq!(send(service, "GET", "/", &[known]).await.status(), 304);
    }
}
