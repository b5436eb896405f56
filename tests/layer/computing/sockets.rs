//! Streams through the layer over a real socket, HTTP/1.1 and HTTP/2: they start, flow and end as without it.

use std::convert::Infallible;
use std::sync::Mutex;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, TE, TRAILER};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use test_support::quick_or_full;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tower::{Layer, service_fn};
use tower_conditional::{BodyHash, ConditionalLayer};

use crate::support::{Broken, Scripted, Seen, Size, Step, field, frames, tag};

const PROTOCOLS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

type Sent = UnsyncBoxBody<Bytes, Broken>;

/// A connection to a service behind the layer. Dropped, it is closed from both sides.
struct Connection {
    sender: Sender,
    _ends: JoinSet<()>,
}

enum Sender {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Connection {
    /// To a service that answers with what `answer` makes of each request.
    async fn open(
        version: Version,
        source: BodyHash,
        answer: impl Fn(&Request<Incoming>) -> Response<Sent> + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handler =
            service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(&request))));
        let service = ConditionalLayer::new(source).layer(handler);
        let mut ends = JoinSet::new();
        ends.spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut server = auto::Builder::new(TokioExecutor::new());
            server.http2().max_frame_size(MEBIBYTE as u32);
            let service = TowerToHyperService::new(service);
            // A client that hangs up is an error here.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let sender = if version == Version::HTTP_2 {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .max_frame_size(MEBIBYTE as u32)
                .initial_stream_window_size(2 * MEBIBYTE as u32)
                .initial_connection_window_size(2 * MEBIBYTE as u32)
                .handshake(stream)
                .await
                .unwrap();
            ends.spawn(async { drop(connection.await) });
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(stream).await.unwrap();
            ends.spawn(async { drop(connection.await) });
            Sender::Http1(sender)
        };
        Self {
            sender,
            _ends: ends,
        }
    }

    async fn send(&mut self, method: Method, fields: &[(&str, &str)]) -> Response<Incoming> {
        self.try_send(method, fields).await.unwrap()
    }

    async fn try_send(
        &mut self,
        method: Method,
        fields: &[(&str, &str)],
    ) -> hyper::Result<Response<Incoming>> {
        let uri = match &self.sender {
            Sender::Http1(_) => "/a",
            Sender::Http2(_) => "http://example.org/a",
        };
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(TE, "trailers");
        if let Sender::Http1(_) = self.sender {
            request = request.header("host", "example.org");
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Empty::new()).unwrap();
        match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Sender::Http2(sender) => sender.send_request(request).await,
        }
    }

    async fn get(&mut self) -> Response<Incoming> {
        self.send(Method::GET, &[]).await
    }
}

/// A connection to a service that can answer once.
async fn open_once(version: Version, source: BodyHash, response: Response<Sent>) -> Connection {
    let once = std::sync::Arc::new(Mutex::new(Some(response)));
    Connection::open(version, source, move |_| {
        once.lock().unwrap().take().expect("one request")
    })
    .await
}

/// A body of unknown size whose frames are sent from outside.
fn channel() -> (mpsc::Sender<Frame<Bytes>>, Sent) {
    let (sender, mut receiver) = mpsc::channel(1);
    let frames = stream::poll_fn(move |cx| receiver.poll_recv(cx).map(|frame| frame.map(Ok)));
    (sender, StreamBody::new(frames).boxed_unsync())
}

async fn next_data(response: &mut Response<Incoming>) -> Bytes {
    let frame = response.body_mut().frame().await.expect("a frame").unwrap();
    frame.into_data().expect("data")
}

const MEBIBYTE: usize = 1024 * 1024;

/// An event is there when it was sent, not when the next one is, or when the body ends.
#[tokio::test]
async fn server_sent_events_start_with_the_first_one() {
    for version in PROTOCOLS {
        let (events, body) = channel();
        let mut response = Response::new(body);
        let event_stream = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(CONTENT_TYPE, event_stream);
        let source = BodyHash::strong().collect_streams();
        let mut connection = open_once(version, source, response).await;
        let mut response = connection.get().await;
        assert_eq!((response.status().as_u16(), tag(&response)), (200, None));
        for event in ["data: one\n\n", "data: two\n\n"] {
            events.send(Frame::data(event.into())).await.unwrap();
            assert_eq!(next_data(&mut response).await, event, "{version:?}");
        }
        drop(events);
        let rest = response.into_body().collect().await.unwrap();
        assert!(rest.to_bytes().is_empty());
    }
}

/// Both ends run on this thread; what they hold at most is counted.
#[test]
fn a_large_stream_passes_in_constant_memory() {
    let mebibytes = quick_or_full(64, 1024);
    for (version, size) in [
        (Version::HTTP_11, Size::Unknown),
        (Version::HTTP_2, Size::Known),
    ] {
        let mut received = 0;
        let memory = allocation_counter::measure(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build();
            runtime.unwrap().block_on(async {
                let frame = Bytes::from(vec![7; MEBIBYTE]);
                let body = Scripted::pieces(size, std::iter::repeat_n(frame, mebibytes));
                let response = Response::new(body.boxed_unsync());
                let mut connection = open_once(version, BodyHash::strong(), response).await;
                let mut body = connection.get().await.into_body();
                while let Some(frame) = body.frame().await {
                    received += frame.unwrap().data_ref().map_or(0, Bytes::len);
                }
            });
        });
        assert_eq!(received, mebibytes * MEBIBYTE);
        assert!(
            memory.bytes_max < 16 * MEBIBYTE as u64,
            "{version:?} {memory:?}"
        );
    }
}

/// Ten thousand chunks arrive, whether they are read ahead or pass as a stream.
#[tokio::test]
async fn ten_thousand_chunks_arrive() {
    // Smaller ones in such numbers are an attack to an HTTP/2 client.
    let chunk = |at: u32| at.to_be_bytes().repeat(64);
    let expected: Vec<u8> = (0..10_000).flat_map(chunk).collect();
    for version in PROTOCOLS {
        for (size, tagged) in [(Size::Known, true), (Size::Unknown, false)] {
            let body = Scripted::pieces(size, (0..10_000).map(chunk));
            let response = Response::new(body.boxed_unsync());
            let source = BodyHash::strong().limit(4 * MEBIBYTE as u64);
            let mut connection = open_once(version, source, response).await;
            let response = connection.get().await;
            assert_eq!(tag(&response).is_some(), tagged);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(body == expected, "{version:?} {size:?}");
        }
    }
}

#[tokio::test]
async fn trailers_arrive() {
    for version in PROTOCOLS {
        for source in [BodyHash::strong(), BodyHash::strong().collect_streams()] {
            let trailers =
                HeaderMap::from_iter([("x-sum".parse().unwrap(), "17".parse().unwrap())]);
            let steps = [Step::Data("hello".into()), Step::Trailers(trailers.clone())];
            let mut response = Response::new(Scripted::new(Size::Unknown, steps).boxed_unsync());
            response
                .headers_mut()
                .insert(TRAILER, HeaderValue::from_static("x-sum"));
            let mut connection = open_once(version, source, response).await;
            let body = connection.get().await.into_body().collect().await.unwrap();
            assert_eq!(body.trailers(), Some(&trailers), "{version:?}");
            assert_eq!(body.to_bytes(), "hello");
        }
    }
}

/// What came before the error arrives, and then the client sees that it is not all.
#[tokio::test]
async fn an_error_in_the_middle_is_an_error() {
    for version in PROTOCOLS {
        for size in [Size::Unknown, Size::Claimed(100)] {
            for source in [BodyHash::strong(), BodyHash::strong().collect_streams()] {
                let steps = [Step::Data("hello".into()), Step::Wait, Step::Fail];
                let response = Response::new(Scripted::new(size, steps).boxed_unsync());
                let mut connection = open_once(version, source, response).await;
                let response = connection.get().await;
                assert_eq!((response.status().as_u16(), tag(&response)), (200, None));
                let seen = frames(response.into_body()).await;
                assert_eq!(
                    seen.last(),
                    Some(&Seen::Failed),
                    "{version:?} {size:?} {seen:?}"
                );
                assert!(matches!(
                    &seen[..],
                    [Seen::Failed] | [Seen::Data(_), Seen::Failed]
                ));
            }
        }
    }
}

/// A body that ends before its exact size is no whole one for the client either.
#[tokio::test]
async fn a_body_that_is_too_short_is_an_error() {
    for claimed in [6, 100] {
        for steps in [
            vec![Step::Data("hello".into())],
            vec![Step::Data("hello".into()), Step::Wait],
            vec![],
        ] {
            let body = Scripted::new(Size::Claimed(claimed), steps);
            let response = Response::new(body.boxed_unsync());
            let mut connection = open_once(Version::HTTP_11, BodyHash::strong(), response).await;
            // The server may notice before it has sent anything.
            if let Ok(response) = connection.try_send(Method::GET, &[]).await {
                assert_eq!(tag(&response), None);
                assert_eq!(
                    frames(response.into_body()).await.last(),
                    Some(&Seen::Failed)
                );
            }
        }
    }
}

/// A client that hangs up ends the handler's body, while it passes and while it is read ahead.
#[tokio::test]
async fn a_client_that_disconnects_ends_the_body() {
    for version in PROTOCOLS {
        let (sender, body) = channel();
        let mut connection = open_once(version, BodyHash::strong(), Response::new(body)).await;
        let mut response = connection.get().await;
        sender.send(Frame::data("hello".into())).await.unwrap();
        assert_eq!(next_data(&mut response).await, "hello");
        drop((response, connection));
        sender.closed().await;

        let (sender, body) = channel();
        let source = BodyHash::strong().collect_streams();
        let mut connection = open_once(version, source, Response::new(body)).await;
        {
            let response = connection.get();
            let frame = Frame::data("hello".into());
            tokio::select! {
                _ = response => unreachable!("the body has not ended"),
                () = async {
                    sender.send(frame).await.unwrap();
                    // The second one is taken when the first one was read ahead.
                    sender.reserve().await.unwrap();
                } => {}
            }
        }
        drop(connection);
        sender.closed().await;
    }
}

/// One connection, one answer after another: nothing of a 304 or a 412 is left on the wire.
#[tokio::test]
async fn the_connection_lives_on_after_304_and_412() {
    for version in PROTOCOLS {
        let mut connection = Connection::open(version, BodyHash::strong(), |_| {
            Response::new(Scripted::pieces(Size::Known, ["hello ", "world"]).boxed_unsync())
        })
        .await;
        let first = connection.get().await;
        let known = tag(&first).expect("a tag").to_owned();
        drop(first.into_body().collect().await.unwrap());
        let table = [
            (Method::GET, ("if-none-match", &*known), 304, 0),
            (Method::HEAD, ("if-none-match", &*known), 304, 0),
            (Method::GET, ("if-none-match", "\"x\""), 200, 11),
            (Method::HEAD, ("if-none-match", "\"x\""), 200, 0),
            (Method::HEAD, ("if-match", "\"x\""), 412, 0),
            (Method::GET, ("if-match", &*known), 200, 11),
            (Method::GET, ("if-match", "\"x\""), 412, usize::MAX),
            (Method::GET, ("if-none-match", "*"), 304, 0),
        ];
        for (method, precondition, status, length) in table {
            let response = connection.send(method.clone(), &[precondition]).await;
            assert_eq!(
                response.status(),
                status,
                "{version:?} {method} {precondition:?}"
            );
            assert_ne!(
                field(&response, "content-length").filter(|_| status == 304),
                Some("0")
            );
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(
                length == body.len() || length == usize::MAX && !body.is_empty(),
                "{body:?}"
            );
        }
    }
}
