//! Request bodies of every kind, and responses as they go over the wire: HTTP/1.1 octet by octet, HTTP/2 by hyper.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::{
    BoxSource, ConditionalLayer, EntityTag, Fixed, FromResponse, HttpDate, ValidatorSource,
    WritePolicy,
};

use crate::support::{Counter, fields, read, request, request_with};

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

/// One service for each body type: what it is made of is not the layer's business.
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

/// R-13.2.1-7: the head decides; nobody looks at the body to refuse it.
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

/// A hyper server, both protocols, on loopback; it stops when dropped.
struct Server {
    address: SocketAddr,
    calls: Counter,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn start(layer: ConditionalLayer<BoxSource>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Counter::default();
        let counted = calls.clone();
        let service = layer.layer(service_fn(move |request: Request<Incoming>| {
            counted.count();
            echo(request)
        }));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let server = Arc::new(auto::Builder::new(TokioExecutor::new()));
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (server, service) = (server.clone(), service.clone());
                connections.spawn(async move {
                    let service = TowerToHyperService::new(service);
                    // What a client that hangs up leaves behind is an error, and expected here.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self {
            address,
            calls,
            _tasks: tasks,
        }
    }

    /// Judges by what it looked up, or by the response.
    async fn of(source: impl ValidatorSource) -> Self {
        Self::start(ConditionalLayer::new(source.boxed())).await
    }

    async fn with_policy(policy: WritePolicy) -> Self {
        let layer = ConditionalLayer::new(Fixed::new(V1).boxed());
        Self::start(layer.writes(policy)).await
    }
}

/// One HTTP/1.1 connection, octet by octet.
struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// A response as it came: a body is what its Content-Length says, and nothing where there is none.
#[derive(Debug)]
struct Raw {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Wire {
    async fn open(server: &Server) -> Self {
        Self {
            stream: TcpStream::connect(server.address).await.unwrap(),
            unread: Vec::new(),
        }
    }

    async fn send(&mut self, method: &str, given: &[(&str, &str)]) {
        let mut head = format!("{method} /r HTTP/1.1\r\nhost: localhost\r\n");
        for (name, line) in given {
            head += &format!("{name}: {line}\r\n");
        }
        head += "\r\n";
        self.write(head.as_bytes()).await;
    }

    async fn write(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
    }

    async fn ask(&mut self, method: &str, given: &[(&str, &str)]) -> Raw {
        self.send(method, given).await;
        self.answer(method).await
    }

    async fn answer(&mut self, method: &str) -> Raw {
        let head = self.read_head().await;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.unwrap_or_else(|| panic!("no status line: {head:?}"))[..3].parse();
        let lines: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
        let mut raw = Raw {
            status: status.unwrap(),
            headers: fields(&lines),
            body: String::new(),
        };
        let length = raw.headers.get("content-length");
        let length = length.map_or(0, |length| length.to_str().unwrap().parse().unwrap());
        if method != "HEAD" && raw.status != 304 {
            raw.body = self.read_octets(length).await;
        }
        raw
    }

    async fn read_head(&mut self) -> String {
        loop {
            let end = self.unread.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                return self.read_octets(end + 4).await;
            }
            assert_ne!(self.fill().await, 0, "the connection was closed");
        }
    }

    async fn read_octets(&mut self, count: usize) -> String {
        while self.unread.len() < count {
            assert_ne!(self.fill().await, 0, "the connection was closed");
        }
        let octets = self.unread.drain(..count).collect();
        String::from_utf8(octets).unwrap()
    }

    async fn fill(&mut self) -> usize {
        self.stream.read_buf(&mut self.unread).await.unwrap()
    }

    /// The connection is good for another request, and no octet too many has come.
    async fn goes_on(&mut self) {
        let answer = self.ask("GET", &[]).await;
        assert_eq!((answer.status, &answer.body[..]), (200, "hello world"));
        assert_eq!(self.unread, b"");
    }
}

/// The server's own Date, which is an HTTP-date, taken off.
#[track_caller]
fn without_date(mut headers: HeaderMap) -> HeaderMap {
    let date = headers.remove("date").expect("a server has a clock");
    assert!(HttpDate::parse(date.as_bytes(), HttpDate::UNIX_EPOCH).is_some());
    headers
}

/// R-15.4.5-7, R-8.6-1: no body, no length of one, and the next request goes through the same connection.
#[tokio::test]
async fn http1_not_modified() {
    for server in [
        Server::of(Fixed::new(V1)).await,
        Server::of(FromResponse).await,
    ] {
        let mut wire = Wire::open(&server).await;
        for method in ["GET", "HEAD", "GET"] {
            let answer = wire.ask(method, &SEEN).await;
            assert_eq!(answer.status, 304);
            assert_eq!(without_date(answer.headers), fields(&[("etag", "\"v1\"")]));
            wire.goes_on().await;
        }
    }
}

/// A refusal of a request without a body leaves the connection as it was.
#[tokio::test]
async fn http1_refusals() {
    let server = Server::with_policy(WritePolicy::required()).await;
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
        let headers = without_date(answer.headers);
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers.contains_key("content-type"), method != "HEAD");
        assert!(!headers.contains_key("transfer-encoding"));
        if method != "HEAD" {
            let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(json["status"], status);
        }
        wire.goes_on().await;
    }
    assert_eq!(server.calls.get(), 6);
}

/// R-10.1.1-1, R-15.5.13-7: the head decides at once, and nobody is told to go on with a body that nobody wants.
#[tokio::test]
async fn expect_100_continue() {
    let expecting = [("expect", "100-continue"), ("content-length", "5")];
    for policy in [
        WritePolicy::optional(),
        WritePolicy::optional().reading_refused_bodies(1024),
    ] {
        let server = Server::with_policy(policy).await;
        let mut wire = Wire::open(&server).await;
        let stale = [&expecting[..], &STALE].concat();
        let answer = wire.ask("PUT", &stale).await;
        assert_eq!(answer.status, 412);
        assert_eq!(server.calls.get(), 0);

        let mut wire = Wire::open(&server).await;
        let current = [&expecting[..], &CURRENT].concat();
        assert_eq!(wire.ask("PUT", &current).await.status, 100);
        wire.write(b"hello").await;
        let answer = wire.answer("PUT").await;
        assert_eq!((answer.status, &answer.body[..]), (200, "hello"));
    }
}

const FIVE_MB: usize = 5 * 1024 * 1024;

/// A client that sends all of its body before it looks for an answer finds a 412, and not a broken connection; the
/// connection goes on.
#[tokio::test]
async fn a_large_refused_upload_sees_its_answer() {
    let policy = WritePolicy::optional().reading_refused_bodies(FIVE_MB as u64);
    let server = Server::with_policy(policy).await;
    let mut wire = Wire::open(&server).await;

    let length = FIVE_MB.to_string();
    let given = [&STALE[..], &[("content-length", &length[..])]].concat();
    wire.send("PUT", &given).await;
    wire.write(&vec![b'x'; FIVE_MB]).await;
    assert_eq!(wire.answer("PUT").await.status, 412);
    wire.goes_on().await;

    let given = [&STALE[..], &[("transfer-encoding", "chunked")]].concat();
    wire.send("PUT", &given).await;
    let chunk = [b"10000\r\n", &[b'x'; 0x10000][..], b"\r\n"].concat();
    for _ in 0..FIVE_MB / 0x10000 {
        wire.write(&chunk).await;
    }
    wire.write(b"0\r\n\r\n").await;
    assert_eq!(wire.answer("PUT").await.status, 412);
    wire.goes_on().await;

    assert_eq!(server.calls.get(), 2);
}

/// What is refused by the fields alone is answered like that too: 400 and 428.
#[tokio::test]
async fn every_refusal_reads_the_body() {
    let policy = WritePolicy::required().reading_refused_bodies(1024 * 1024);
    let server = Server::with_policy(policy).await;
    let mut wire = Wire::open(&server).await;
    let body = vec![b'x'; 1024 * 1024];
    let length = body.len().to_string();
    for (given, status) in [(&STALE[..], 412), (&[("if-match", "v1")], 400), (&[], 428)] {
        let given = [given, &[("content-length", &length[..])]].concat();
        wire.send("PUT", &given).await;
        wire.write(&body).await;
        assert_eq!(wire.answer("PUT").await.status, status);
        wire.goes_on().await;
    }
}

/// A body that the handler reads arrives whole, whether the route collects it first or not.
#[tokio::test]
async fn an_accepted_upload_arrives() {
    let server = Server::of(Fixed::new(V1)).await;
    let mut wire = Wire::open(&server).await;
    let given = [&CURRENT[..], &[("content-length", "300000")]].concat();
    wire.send("PUT", &given).await;
    wire.write(&vec![b'x'; 300_000]).await;
    let answer = wire.answer("PUT").await;
    assert_eq!((answer.status, answer.body.len()), (200, 300_000));
    wire.goes_on().await;
}

/// The same over HTTP/2, where a length or a body that should not be there is forwarded as it is.
#[tokio::test]
async fn http2() {
    for server in [
        Server::of(Fixed::new(V1)).await,
        Server::of(FromResponse).await,
    ] {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let mut ask = async |method: &str, given: &[(&str, &str)]| {
            let mut request = request::<Full<Bytes>>(method, given);
            *request.uri_mut() = format!("http://{}/r", server.address).parse().unwrap();
            let response = client.send_request(request).await.unwrap();
            let ends_at_once = http_body::Body::is_end_stream(response.body());
            (read(response).await, ends_at_once)
        };
        for method in ["GET", "HEAD"] {
            let (answer, ends_at_once) = ask(method, &SEEN).await;
            assert_eq!((answer.status, ends_at_once), (304, true));
            assert_eq!(without_date(answer.headers), fields(&[("etag", "\"v1\"")]));
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
