//! What goes over real connections, octet by octet: every answer ends where it says, the next one begins there, and
//! there is no content where none may be.

mod expect;
mod lengths;
mod pipelines;

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, yield_now};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_conditional::{
    BodyHash, ConditionalLayer, EntityTag, FinishLayer, Fixed, FromResponse, SourceError,
    ValidatorSource, WritePolicy, source_fn,
};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use crate::support::fields;

const PAGE: &str = "A page that is long enough to be worth compressing, compressing, compressing.";
const V1: EntityTag = EntityTag::from_static("\"v1\"");

type Served = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// A way in which the layer comes to its answer.
struct Way {
    name: &'static str,
    service: Served,
    judges_writes: bool,
}

fn ways() -> Vec<Way> {
    let looked_up = source_fn(|_| async {
        yield_now().await;
        Ok::<_, SourceError>(V1)
    });
    let reader = service_fn(|request: Request<_>| page(request.map(Body::new)));
    let judging = |name, source| Way {
        name,
        service: served(required(source).layer(service_fn(page))),
        judges_writes: true,
    };
    let reading = |name, service| Way {
        name,
        service,
        judges_writes: false,
    };
    let hashing = |source| served(ConditionalLayer::new(source).layer(service_fn(page)));
    let streams = ConditionalLayer::new(BodyHash::strong().collecting_streams());
    let tagged = ConditionalLayer::new(FromResponse).layer(service_fn(tagged_page));
    vec![
        judging("known", Fixed::new(V1).boxed()),
        judging("looked up", looked_up.boxed()),
        judging("chained", FromResponse.or(Fixed::new(V1)).boxed()),
        judging("probed", BodyHash::strong().probing(reader).boxed()),
        Way {
            name: "behind a compressor",
            service: compressed(),
            judges_writes: true,
        },
        reading("by the response", served(tagged)),
        reading("hashed", hashing(BodyHash::strong())),
        reading(
            "hashed as a stream",
            served(streams.layer(service_fn(streamed_page))),
        ),
    ]
}

fn required<V: ValidatorSource>(source: V) -> ConditionalLayer<V> {
    ConditionalLayer::new(source).writes(WritePolicy::required())
}

fn served<S, B>(service: S) -> Served
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    BoxCloneSyncService::new(service.map_response(|response: Response<B>| response.map(Body::new)))
}

/// A router behind a compressor that takes everything, however short it is, and the companion.
fn compressed() -> Served {
    let done = async || StatusCode::NO_CONTENT;
    let methods = get(async || PAGE).put(done).delete(done);
    let router = Router::new().route("/r", methods.route_layer(required(Fixed::new(V1))));
    let compression = CompressionLayer::new().compress_when(SizeAbove::new(0));
    let service = ServiceBuilder::new()
        .layer(FinishLayer::new())
        .layer(compression);
    served(service.service(router))
}

/// A handler that knows what a HEAD is.
async fn page(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(match *request.method() {
        Method::GET => Response::new(Body::from(PAGE)),
        Method::HEAD => {
            let mut response = Response::new(Body::empty());
            let length = PAGE.len().into();
            response.headers_mut().insert("content-length", length);
            response
        }
        _ => {
            drop(request.into_body().collect().await.unwrap());
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
    })
}

async fn tagged_page(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let mut response = page(request).await?;
    if response.status() == StatusCode::OK {
        response.headers_mut().insert("etag", V1.into());
    }
    Ok(response)
}

/// Of unknown size, and in two frames.
async fn streamed_page(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let response = page(request).await?;
    let (first, second) = PAGE.split_at(10);
    let frames = [first, second].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
    Ok(if response.status() == StatusCode::OK {
        Response::new(Body::from_stream(stream::iter(frames)))
    } else {
        response
    })
}

/// A hyper server, both protocols, on loopback; it stops when dropped.
struct Server {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn start(service: Served) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = service
                    .clone()
                    .map_request(|request: Request<_>| request.map(Body::new));
                connections.spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    let service = TowerToHyperService::new(service);
                    // What a client that hangs up leaves behind is an error, and expected here.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }
}

/// A request; [`CURRENT`] stands for the tag that is current.
#[derive(Clone, Copy, Debug)]
struct Ask {
    method: &'static str,
    precondition: (&'static str, &'static str),
    content: &'static str,
}

const CURRENT: &str = "the current tag";
const NO_PRECONDITION: (&str, &str) = ("", "");

impl Ask {
    const fn new(method: &'static str, precondition: (&'static str, &'static str)) -> Self {
        Self {
            method,
            precondition,
            content: "",
        }
    }

    const fn sending(mut self, content: &'static str) -> Self {
        self.content = content;
        self
    }

    /// With `more` fields, and the tag that is current.
    fn fields(&self, current: &str, more: &[(&'static str, &str)]) -> HeaderMap {
        let mut lines = vec![("accept-encoding", "gzip")];
        match self.precondition {
            NO_PRECONDITION => {}
            (name, CURRENT) => lines.push((name, current)),
            given => lines.push(given),
        }
        lines.extend(more);
        fields(&lines)
    }

    fn to_http2(
        self,
        server: &Server,
        current: &str,
        more: &[(&'static str, &str)],
    ) -> Request<Body> {
        let mut request = Request::new(Body::from(self.content));
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = format!("http://{}/r", server.address).parse().unwrap();
        *request.headers_mut() = self.fields(current, more);
        request
    }

    fn octets(&self, current: &str, more: &[(&'static str, &str)]) -> String {
        let mut octets = format!("{} /r HTTP/1.1\r\nhost: localhost\r\n", self.method);
        for (name, line) in &self.fields(current, more) {
            write!(octets, "{name}: {}\r\n", line.to_str().unwrap()).unwrap();
        }
        if !self.content.is_empty() {
            write!(octets, "content-length: {}\r\n", self.content.len()).unwrap();
        }
        octets + "\r\n" + self.content
    }
}

/// An HTTP/2 connection.
struct Http2 {
    client: http2::SendRequest<Body>,
    _tasks: JoinSet<()>,
}

impl Http2 {
    async fn open(server: &Server) -> Self {
        let stream = TokioIo::new(TcpStream::connect(server.address).await.unwrap());
        let handshake = http2::handshake(TokioExecutor::new(), stream);
        let (client, connection) = handshake.await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async { drop(connection.await) });
        Self {
            client,
            _tasks: tasks,
        }
    }
}

/// An HTTP/1.1 connection.
struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// An answer as it came, without the server's Date.
#[derive(Debug, PartialEq)]
struct Raw {
    status: u16,
    headers: HeaderMap,
    content: Vec<u8>,
}

impl Raw {
    fn tag(&self) -> Option<&str> {
        Some(self.headers.get("etag")?.to_str().unwrap())
    }
}

impl Wire {
    async fn open(server: &Server) -> Self {
        Self {
            stream: TcpStream::connect(server.address).await.unwrap(),
            unread: Vec::new(),
        }
    }

    async fn write(&mut self, octets: &str) {
        self.stream.write_all(octets.as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, ask: Ask, current: &str) -> Raw {
        self.write(&ask.octets(current, &[])).await;
        self.answer(ask.method).await
    }

    #[track_caller]
    fn answer(&mut self, method: &str) -> impl Future<Output = Raw> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.try_answer(method).await;
            answer.unwrap_or_else(|| panic!("the connection was closed, {caller}"))
        }
    }

    /// The next answer, which ends where RFC 9112, section 6.3, says; `None` if the connection ends before that.
    async fn try_answer(&mut self, method: &str) -> Option<Raw> {
        let head = self.read_until("\r\n\r\n").await?;
        let (line, lines) = head.split_once("\r\n").unwrap_or((&head, ""));
        let status = line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|line| line.get(..3));
        let status = status.unwrap_or_else(|| panic!("no status line: {head:?}"));
        let lines: Vec<_> = lines
            .lines()
            .filter_map(|line| line.split_once(": "))
            .collect();
        let mut raw = Raw {
            status: status.parse().unwrap(),
            headers: fields(&lines),
            content: Vec::new(),
        };
        raw.headers.remove("date");
        let has_none = method == "HEAD" || matches!(raw.status, 100..=199 | 204 | 304);
        if !has_none {
            raw.content = if raw.headers.contains_key("transfer-encoding") {
                self.read_chunks().await?
            } else {
                let length = raw.headers.get("content-length").expect("an end");
                let length = length.to_str().unwrap().parse().unwrap();
                self.read_octets(length).await?
            };
        }
        Some(raw)
    }

    async fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let length = self.read_until("\r\n").await?;
            let length = usize::from_str_radix(&length, 16).unwrap();
            content.extend(self.read_octets(length).await?);
            assert_eq!(self.read_octets(2).await?, b"\r\n");
            if length == 0 {
                return Some(content);
            }
        }
    }

    async fn read_until(&mut self, end: &str) -> Option<String> {
        loop {
            let mut windows = self.unread.windows(end.len());
            if let Some(at) = windows.position(|window| window == end.as_bytes()) {
                let read = self.unread.drain(..at).collect();
                self.unread.drain(..end.len());
                return Some(String::from_utf8(read).unwrap());
            }
            self.fill().await?;
        }
    }

    async fn read_octets(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.unread.len() < count {
            self.fill().await?;
        }
        Some(self.unread.drain(..count).collect())
    }

    async fn fill(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.unread).await;
        (read.unwrap() > 0).then_some(())
    }

    /// The server has closed the connection, in order, and nothing more has come.
    async fn expect_end(mut self) {
        assert!(
            self.fill().await.is_none() && self.unread.is_empty(),
            "{:?}",
            self.unread.escape_ascii().to_string()
        );
    }
}
