//! A layer over every path, and what each neighbour has to do with it.

use std::convert::Infallible;
use std::fmt::Debug;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::{Service, ServiceExt, service_fn};
use tower_conditional::source::Fixed;
use tower_conditional::{ConditionalLayer, EntityTag, WritePolicy};

pub(crate) const TAG: &str = "\"7\"";

/// Everything exists, in version 7, and a write needs If-Match.
pub(crate) fn layer() -> ConditionalLayer<Fixed> {
    let source = Fixed::new(EntityTag::from_version(7));
    ConditionalLayer::new(source).writes(WritePolicy::required())
}

pub(crate) fn router() -> Router {
    let note = get(async || "a note").put(async || StatusCode::NO_CONTENT);
    Router::new().route("/note", note)
}

pub(crate) fn request<B: Default>(method: &str, fields: &[(&str, &str)]) -> Request<B> {
    let mut request = Request::builder().method(method).uri("/note");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(B::default()).unwrap()
}

/// Reads with a tag, revalidates with it, and writes without, with an old one, and with that.
pub(crate) async fn guards<S, Q, B>(service: S)
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    S::Error: Debug,
    Q: Default,
{
    let send = async |method: &str, fields: &[(&str, &str)]| {
        let answer = service.clone().oneshot(request::<Q>(method, fields)).await;
        answer.unwrap()
    };
    let read = send("GET", &[]).await;
    assert_eq!(read.status(), 200);
    assert_eq!(read.headers()["etag"], TAG);
    assert_eq!(send("GET", &[("if-none-match", TAG)]).await.status(), 304);
    assert_eq!(send("PUT", &[]).await.status(), 428);
    assert_eq!(send("PUT", &[("if-match", "\"6\"")]).await.status(), 412);
    let saved = send("PUT", &[("if-match", TAG)]).await;
    assert!(saved.status().is_success(), "{}", saved.status());
}

/// A hyper server on loopback. It stops when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start<S, B>(service: S) -> Self
    where
        S: Service<Request<hyper::body::Incoming>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(service.clone());
                connections.spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    // A client that hangs up is an error, and expected here.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }

    pub(crate) async fn guards(&self) {
        guards_at(self.address).await;
    }
}

/// As [`guards`], over a socket.
pub(crate) async fn guards_at(address: SocketAddr) {
    let send = move |request: Request<Full<Bytes>>| async move {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let (mut head, body) = request.into_parts();
        head.uri = format!("http://{address}{}", head.uri).parse().unwrap();
        client.request(Request::from_parts(head, body)).await
    };
    guards(service_fn(send)).await;
}
