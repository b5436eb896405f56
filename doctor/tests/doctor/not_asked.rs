//! A server that cannot be asked is no finding.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::routing::get;
use http::header::{ETAG, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{doctor, report, serve, url};

/// Exit code 2, nothing but this on standard error, and the same as data.
async fn is_not_asked(arguments: &[&str], why: &str) {
    let ended = doctor(arguments).await;
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    let start = "tower-conditional-doctor: could not ask: ";
    assert!(ended.stderr.starts_with(start), "{ended:?}");
    assert!(ended.stderr.contains(why), "{ended:?}");

    let (report, code) = report(arguments).await;
    assert_eq!((&report["outcome"], code), (&"not-asked".into(), Some(2)));
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(0));
    assert!(
        report["error"].as_str().unwrap().contains(why),
        "{report:#}"
    );
}

fn nobody() -> SocketAddr {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap()
}

#[tokio::test]
async fn nobody_there() {
    let there = url(serve(tagged()).await, "/");
    let gone = url(nobody(), "/");
    is_not_asked(&[&gone], "Connection refused").await;
    // One end is enough.
    is_not_asked(&[&there, "--through", &gone], "Connection refused").await;
    is_not_asked(&[&gone, "--through", &there], "Connection refused").await;
    let gone = nobody().to_string();
    is_not_asked(&[&there, "--backend", &gone], "Connection refused").await;
}

#[tokio::test]
async fn name_that_nobody_has() {
    is_not_asked(&["http://no-such-host.invalid/"], "dns error").await;
}

fn tagged() -> Router {
    Router::new().route("/", get(async || ([(ETAG, "\"v1\"")], "hello")))
}

#[tokio::test]
async fn server_that_never_answers() {
    let app = Router::new().route("/", get(std::future::pending::<()>));
    let url = url(serve(app).await, "/");
    is_not_asked(&[&url, "--timeout", "0.2"], "no whole answer within 200ms").await;
}

/// It does not become a finding, and the questions that are left are not asked.
#[tokio::test]
async fn server_that_stops_to_answer() {
    let app = async |headers: HeaderMap| {
        if headers.contains_key(IF_NONE_MATCH) {
            std::future::pending::<()>().await;
        }
        ([(ETAG, "\"v1\"")], "hello")
    };
    let url = url(serve(Router::new().route("/", get(app))).await, "/");
    is_not_asked(&[&url, "--timeout", "0.2"], "no whole answer within 200ms").await;
}

/// A body that sends this, and then nothing more or the same again.
struct Endless {
    frame: Bytes,
    is_first: bool,
    repeats: bool,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let is_sent = self.repeats || std::mem::replace(&mut self.is_first, false);
        match is_sent {
            true => Poll::Ready(Some(Ok(http_body::Frame::data(self.frame.clone())))),
            false => Poll::Pending,
        }
    }
}

async fn endless(size: usize, repeats: bool) -> String {
    let app = async move || {
        let frame = Bytes::from(vec![b'x'; size]);
        let body = Endless {
            frame,
            is_first: true,
            repeats,
        };
        Response::builder()
            .header(ETAG, "\"v1\"")
            .body(Body::new(body))
            .unwrap()
    };
    url(serve(Router::new().route("/", get(app))).await, "/")
}

#[tokio::test]
async fn body_that_never_ends() {
    let url = endless(5, false).await;
    is_not_asked(&[&url, "--timeout", "0.2"], "no whole answer within 200ms").await;
}

/// What the doctor reads has a limit: it is as long as that limit, and nobody waits for the end.
#[tokio::test]
async fn body_without_end_is_read_up_to_a_limit() {
    let url = endless(64 * 1024, true).await;
    let (found, code) = report(&[&url]).await;
    assert_eq!(code, Some(1), "{found:#}");
    let (found, code) = report(&[&url, "--through", &url, "--asks", "2"]).await;
    assert_eq!(code, Some(0), "{found:#}");
}

#[tokio::test]
async fn what_is_no_200_cannot_be_checked() {
    let app = Router::new()
        .route("/gone", get(async || StatusCode::GONE))
        .route("/busy", get(async || StatusCode::TOO_MANY_REQUESTS))
        .route(
            "/moved",
            get(async || (StatusCode::FOUND, [(LOCATION, "/here\u{1b}")])),
        )
        .route(
            "/here",
            get(async || (StatusCode::FOUND, [(LOCATION, "/there")])),
        );
    let address = serve(app).await;
    for (path, why) in [
        ("/gone", "GET is answered 410 Gone"),
        (
            "/busy",
            "GET is answered 429 Too Many Requests: it has too much to do now",
        ),
        ("/here", "GET is answered 302 Found: ask /there instead"),
    ] {
        is_not_asked(&[&url(address, path)], why).await;
    }
}

/// Answers every connection with these bytes.
async fn raw(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(&answer).await;
            });
        }
    });
    url(address, "/")
}

#[tokio::test]
async fn what_is_no_http() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    let fields = |count, size| {
        let field = format!("x: {}\r\n", "x".repeat(size));
        [&head[..], field.repeat(count).as_bytes(), b"\r\n"].concat()
    };
    for answer in [
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe".to_vec(),
        // A head without end, of long lines and of many.
        fields(1, 1 << 20),
        fields(100_000, 1),
        Vec::new(),
    ] {
        let url = raw(answer).await;
        is_not_asked(&[&url], "error").await;
    }
}
