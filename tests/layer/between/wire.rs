//! `ContentCodingLayer` over sockets, HTTP/1.1 and HTTP/2, with an axum router inside.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::ServiceBuilder;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::source::Fixed;
use tower_conditional::{BodyHash, ConditionalLayer, EntityTag, WritePolicy};
use tower_http::compression::CompressionLayer;

use crate::support::{Answer, Failures, Served, Server, read, request_to};

const PAGE: &str = "A page that is long enough to be worth compressing, compressing, compressing.";
const PROTOCOLS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

/// `/looked-up` is evaluated before the handler, `/hashed` after it.
fn router() -> Router {
    let source = Fixed::new(EntityTag::from_static("\"x\""));
    let looked_up = ConditionalLayer::new(source).writes(WritePolicy::required());
    let hashed = ConditionalLayer::new(BodyHash::strong());
    let save = async || StatusCode::NO_CONTENT;
    Router::new()
        .route(
            "/looked-up",
            get(async || PAGE).put(save).route_layer(looked_up),
        )
        .route("/hashed", get(async || PAGE).route_layer(hashed))
}

/// As the outermost layer of the router, and around it.
fn both_positions(finish: ContentCodingLayer) -> [(&'static str, Served); 2] {
    [
        ("Router::layer", layered(finish)),
        ("around the router", around(finish)),
    ]
}

fn layered(finish: ContentCodingLayer) -> Served {
    let router = router().layer(CompressionLayer::new()).layer(finish);
    Served::new(router)
}

fn around(finish: ContentCodingLayer) -> Served {
    let service = ServiceBuilder::new()
        .map_request(|request: Request<_>| request.map(Body::new))
        .map_response(|response: Response<_>| response.map(Body::new))
        .layer(finish)
        .layer(CompressionLayer::new())
        .service(router());
    Served::new(service)
}

impl Server {
    async fn ask(
        &self,
        version: Version,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let client = Client::builder(TokioExecutor::new())
            .http2_only(version == Version::HTTP_2)
            .build_http();
        let uri = format!("http://{}{path}", self.address);
        let request: Request<Full<Bytes>> = request_to(method, &uri, fields);
        let response = client.request(request).await;
        let response = response.unwrap();
        assert_eq!(response.version(), version);
        read(response).await
    }
}

/// One GET, its revalidation with what came back, and a save with it, for every coding over both protocols.
#[tokio::test]
async fn what_the_client_saw_revalidates_and_saves() {
    for (position, service) in both_positions(ContentCodingLayer::new()) {
        let server = Server::start(service).await;
        revalidates_and_saves(position, &server).await;
    }
}

async fn revalidates_and_saves(position: &str, server: &Server) {
    let mut failures = Failures::default();
    for version in PROTOCOLS {
        for coding in ["gzip", "br", "zstd", "deflate", "identity"] {
            for path in ["/looked-up", "/hashed"] {
                let row = format!("{position} {version:?} {coding} {path}");
                let accept = ("accept-encoding", coding);
                let whole = server.ask(version, "GET", path, &[accept]).await;
                let tag = whole.field("etag").unwrap();
                let coded = whole.field("content-encoding");
                failures.expect_eq(&row, whole.status, 200);
                failures.expect_eq(
                    &row,
                    coded,
                    Some(coding).filter(|coding| *coding != "identity"),
                );
                failures.expect_eq(
                    &row,
                    tag.ends_with(&format!("-{coding}\"")),
                    coded.is_some(),
                );

                let again = server
                    .ask(version, "GET", path, &[accept, ("if-none-match", tag)])
                    .await;
                expect_an_empty_304(&mut failures, &row, &again);
                failures.expect_eq(&row, again.field("etag"), Some(tag));
                failures.expect_eq(&row, again.field("vary"), whole.field("vary"));

                if path == "/looked-up" {
                    let saved = server
                        .ask(version, "PUT", path, &[accept, ("if-match", tag)])
                        .await;
                    failures.expect_eq(&row, saved.status, 204);
                    failures.expect_eq(&row, saved.field("content-length"), None);
                }
            }
        }
    }
    failures.assert_none();
}

fn expect_an_empty_304(failures: &mut Failures, row: &str, answer: &Answer) {
    failures.expect_eq(row, answer.status, 304);
    failures.expect_eq(row, answer.body.len(), 0);
    for name in [
        "content-length",
        "content-encoding",
        "content-type",
        "transfer-encoding",
    ] {
        failures.expect_eq(format!("{row} {name}"), answer.field(name), None);
    }
}

#[tokio::test]
async fn a_weakened_tag_revalidates_too() {
    let gzip = ("accept-encoding", "gzip");
    let server = Server::start(layered(ContentCodingLayer::new().weaken_tags())).await;
    let tag = "W/\"x\"";
    for version in PROTOCOLS {
        let whole = server.ask(version, "GET", "/looked-up", &[gzip]).await;
        assert_eq!(whole.field("etag"), Some(tag));
        assert_eq!(whole.field("content-encoding"), Some("gzip"));
        let fields = [gzip, ("if-none-match", tag)];
        let again = server.ask(version, "GET", "/looked-up", &fields).await;
        let mut failures = Failures::default();
        expect_an_empty_304(&mut failures, tag, &again);
        failures.assert_none();
        assert_eq!(again.field("etag"), Some(tag));
    }
}

#[tokio::test]
async fn head_revalidates_with_either_tag() {
    let mut failures = Failures::default();
    for (position, service) in both_positions(ContentCodingLayer::new()) {
        let server = Server::start(service).await;
        for version in PROTOCOLS {
            for tag in ["\"x\"", "\"x-gzip\""] {
                let fields = [("accept-encoding", "gzip"), ("if-none-match", tag)];
                let answer = server.ask(version, "HEAD", "/looked-up", &fields).await;
                let row = format!("{position} {version:?} {tag}");
                expect_an_empty_304(&mut failures, &row, &answer);
                failures.expect_eq(&row, answer.field("etag"), Some(tag));
            }
        }
    }
    failures.assert_none();
}

/// What the README shows, without a compressor: GET and HEAD say the same, and a 304 says nothing of a content.
#[tokio::test]
async fn without_a_compressor_it_keeps_the_length_off_a_304() {
    for layer in [
        ContentCodingLayer::new(),
        ContentCodingLayer::new().leave_tags(),
    ] {
        says_nothing_of_a_content(layer).await;
    }
}

async fn says_nothing_of_a_content(layer: ContentCodingLayer) {
    let router = router().layer(layer);
    let server = Server::start(Served::new(router)).await;
    let mut failures = Failures::default();
    for version in PROTOCOLS {
        for path in ["/looked-up", "/hashed"] {
            let whole = server.ask(version, "GET", path, &[]).await;
            let length = PAGE.len().to_string();
            for method in ["GET", "HEAD"] {
                let row = format!("{version:?} {method} {path}");
                let answer = server.ask(version, method, path, &[]).await;
                failures.expect_eq(&row, answer.status, 200);
                failures.expect_eq(&row, answer.field("content-length"), Some(&*length));
                failures.expect_eq(&row, answer.field("etag"), whole.field("etag"));
                let known = ("if-none-match", whole.field("etag").unwrap());
                let answer = server.ask(version, method, path, &[known]).await;
                expect_an_empty_304(&mut failures, &row, &answer);
                failures.expect_eq(&row, answer.field("etag"), whole.field("etag"));
            }
        }
    }
    failures.assert_none();
}

/// With its defaults, a compressor leaves a body of exact size 0 alone: a 304 stays empty without our layer, too.
#[tokio::test]
async fn a_compressor_leaves_a_304_empty() {
    let service = ServiceBuilder::new()
        .map_request(|request: Request<_>| request.map(Body::new))
        .map_response(|response: Response<_>| response.map(Body::new))
        .layer(CompressionLayer::new())
        .service(router());
    let server = Server::start(Served::new(service)).await;
    for version in PROTOCOLS {
        for path in ["/looked-up", "/hashed"] {
            let gzip = ("accept-encoding", "gzip");
            let whole = server.ask(version, "GET", path, &[gzip]).await;
            let seen = ("if-none-match", whole.field("etag").unwrap());
            for method in ["GET", "HEAD"] {
                let again = server.ask(version, method, path, &[gzip, seen]).await;
                let row = format!("{version:?} {method} {path}");
                assert_eq!((again.status, again.body.len()), (304, 0), "{row}");
                assert_eq!(again.field("content-encoding"), None, "{row}");
            }
        }
    }
}

/// Section 8.6: what `ContentCodingLayer` repairs. If this test fails, axum has stopped adding the field.
#[tokio::test]
async fn without_the_content_coding_layer_axum_puts_a_content_length_on_a_304() {
    let server = Server::start(Served::new(router())).await;
    for (version, method, content_length) in [
        (Version::HTTP_11, "GET", None),
        (Version::HTTP_11, "HEAD", Some("0")),
        (Version::HTTP_2, "GET", Some("0")),
        (Version::HTTP_2, "HEAD", Some("0")),
    ] {
        let fields = [("if-none-match", "\"x\"")];
        let answer = server.ask(version, method, "/looked-up", &fields).await;
        assert_eq!(answer.status, 304);
        assert_eq!(
            answer.field("content-length"),
            content_length,
            "{version:?} {method}"
        );
    }
}
