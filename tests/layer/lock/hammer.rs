//! Many writers at once, over sockets: a service with one note, writers that stay connected, and rounds.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::routing::get;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::{Barrier, watch};
use tower_conditional::layer::CollectBody;
use tower_conditional::source::InMemoryVersions;
use tower_conditional::{Checked, ConditionalLayer, EntityTag};

use crate::support::source::{self, Script};
use crate::support::{BodySender, Served, Server, arriving_body, request_with, text};

/// How many HTTP/2 writers share a connection.
const STREAMS: usize = 64;

const NOTE: &str = "/note";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// How the requests of a round arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Heads and bodies at once.
    Whole,
    /// All heads first; when every one of them has been evaluated, the last bytes of all bodies.
    LastOctets,
}

/// The note, its versions, and everything that was ever written.
#[derive(Clone, Default)]
pub(crate) struct Store {
    versions: InMemoryVersions,
    written: Arc<Mutex<Vec<Bytes>>>,
    /// Where all writers of a round meet between check and write.
    meeting: Option<Arc<Barrier>>,
    looks: watch::Sender<usize>,
}

impl Store {
    fn write(&self, content: Bytes) {
        self.written.lock().unwrap().push(content);
        self.versions.changed(NOTE);
    }

    fn content(&self) -> Bytes {
        self.written
            .lock()
            .unwrap()
            .last()
            .cloned()
            .unwrap_or_default()
    }

    /// The state of the note, known at once; `looks` counts every look-up.
    pub(crate) fn source(&self) -> Script {
        let store = self.clone();
        source::hanging().knowing(move |_| {
            let current = store.versions.tag(NOTE).into();
            store.looks.send_modify(|looks| *looks += 1);
            Some(current)
        })
    }

    /// All writers have to be past the check before the first of them writes.
    pub(crate) fn meeting(writers: usize) -> Self {
        Self {
            meeting: Some(Arc::new(Barrier::new(writers))),
            ..Self::default()
        }
    }
}

async fn read(State(store): State<Store>) -> Bytes {
    store.content()
}

async fn save(
    State(store): State<Store>,
    Extension(checked): Extension<Checked>,
    content: Bytes,
) -> StatusCode {
    if let Some(meeting) = &store.meeting {
        meeting.wait().await;
    }
    // The widest gap between check and write that needs no barrier.
    tokio::task::yield_now().await;
    store.write(content);
    match checked.existed() {
        Some(true) => StatusCode::NO_CONTENT,
        _ => StatusCode::CREATED,
    }
}

/// One writer's way to the service.
enum Connection {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    async fn open(protocol: Protocol, address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let socket = TokioIo::new(socket);
        match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(socket).await.unwrap();
                tokio::spawn(connection);
                Self::Http1(sender)
            }
            Protocol::Http2 => {
                let executor = TokioExecutor::new();
                let (sender, connection) = http2::handshake(executor, socket).await.unwrap();
                tokio::spawn(connection);
                Self::Http2(sender)
            }
        }
    }

    async fn send(&mut self, mut request: Request<Body>) -> Response<hyper::body::Incoming> {
        match self {
            Self::Http1(sender) => {
                sender.ready().await.unwrap();
                request
                    .headers_mut()
                    .insert("host", "test".parse().unwrap());
                sender.send_request(request).await.unwrap()
            }
            Self::Http2(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
        }
    }
}

async fn connect(writers: usize, protocol: Protocol, address: SocketAddr) -> Vec<Connection> {
    let mut connections = Vec::new();
    for writer in 0..writers {
        connections.push(match connections.last() {
            Some(Connection::Http2(shared)) if writer % STREAMS != 0 => {
                Connection::Http2(shared.clone())
            }
            _ => Connection::open(protocol, address).await,
        });
    }
    connections
}

/// The service, and the writers that are connected to it.
pub(crate) struct Hammer {
    store: Store,
    writers: Vec<Connection>,
    round: usize,
    looks: watch::Receiver<usize>,
    _server: Server,
}

/// The outcome of one round.
#[derive(Debug)]
pub(crate) struct Round {
    /// The answer to each writer, and what it wanted to write.
    answers: Vec<(StatusCode, Bytes)>,
    /// What was written, in order.
    written: Vec<Bytes>,
    /// What a GET says when all is over.
    content: Bytes,
}

impl Hammer {
    pub(crate) async fn new<C>(
        store: Store,
        layer: ConditionalLayer<Script, C>,
        protocol: Protocol,
        writers: usize,
    ) -> Self
    where
        C: CollectBody<Body>,
    {
        store.write(Bytes::from_static(b"first"));
        let looks = store.looks.subscribe();
        let route = get(read).put(save).route_layer(layer);
        let router = Router::new().route(NOTE, route).with_state(store.clone());
        let server = Server::start(Served::new(router)).await;
        Self {
            writers: connect(writers, protocol, server.address).await,
            store,
            round: 0,
            looks,
            _server: server,
        }
    }

    /// Every writer that `is_conditional` sends the tag that is current now, the others none.
    pub(crate) async fn round(
        &mut self,
        arrival: Arrival,
        is_conditional: impl Fn(usize) -> bool,
    ) -> Round {
        self.round += 1;
        let tag = self.store.versions.tag(NOTE).unwrap();
        let before = self.store.written.lock().unwrap().len();
        let contents: Vec<_> = (0..self.writers.len())
            .map(|writer| format!("round {}, writer {writer}", self.round))
            .collect();
        let tags = (0..contents.len()).map(|writer| is_conditional(writer).then_some(&tag));
        let (last_bytes, requests): (Vec<_>, Vec<_>) = contents
            .iter()
            .zip(tags)
            .map(|(content, tag)| put(content, tag, arrival))
            .unzip();

        self.looks.mark_unchanged();
        let evaluated_before = *self.looks.borrow();
        let all_evaluated = evaluated_before + requests.len();
        let calls = self.writers.iter_mut().zip(requests);
        let answers = join_all(calls.map(|(writer, request)| status(writer, request)));
        let (answers, ()) = tokio::join!(answers, async {
            if arrival == Arrival::LastOctets {
                let evaluated = self.looks.wait_for(|looks| *looks >= all_evaluated);
                drop(evaluated.await.unwrap());
            }
            for (sender, content) in last_bytes.into_iter().flatten() {
                sender.data(content);
            }
        });
        let content = get_note(&mut self.writers[0]).await;
        Round {
            answers: answers
                .into_iter()
                .zip(contents.into_iter().map(Bytes::from))
                .collect(),
            written: self.store.written.lock().unwrap()[before..].to_vec(),
            content,
        }
    }
}

/// A PUT of this content; the sender has its last byte if that is to come later.
fn put(
    content: &str,
    tag: Option<&EntityTag>,
    arrival: Arrival,
) -> (Option<(BodySender, Bytes)>, Request<Body>) {
    let content = Bytes::copy_from_slice(content.as_bytes());
    let (sender, body) = match arrival {
        Arrival::Whole => (None, Body::new(Full::new(content))),
        Arrival::LastOctets => {
            let length = content.len();
            let (sender, body) = arriving_body(Some(length as u64));
            sender.data(content.slice(..length - 1));
            (Some((sender, content.slice(length - 1..))), body)
        }
    };
    let fields = tag.map(|tag| ("if-match", text(tag)));
    (sender, request_with("PUT", NOTE, fields.as_slice(), body))
}

async fn status(writer: &mut Connection, request: Request<Body>) -> StatusCode {
    let response = writer.send(request).await;
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

async fn get_note(reader: &mut Connection) -> Bytes {
    let response = reader
        .send(request_with("GET", NOTE, &[], Body::empty()))
        .await;
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap().to_bytes()
}

impl Round {
    /// All writers held the same tag: one of them won, the others were refused, and what it wrote is there.
    pub(crate) fn has_one_winner(&self) -> Result<(), String> {
        let winners = self.successful();
        let [winner] = &winners[..] else {
            let won = winners.len();
            return Err(format!("{won} of {} got a success", self.answers.len()));
        };
        self.others_got_412(&winners)?;
        if self.content != *winner || self.written != [winner] {
            return Err(format!(
                "the note is {:?}, written by {winner:?}",
                self.content
            ));
        }
        Ok(())
    }

    /// Writers with and without the tag: every write without it succeeds, at most one with it does, and the last
    /// successful one is what is there.
    pub(crate) fn is_mixed_well(
        &self,
        is_conditional: impl Fn(usize) -> bool,
    ) -> Result<(), String> {
        let (mut conditional, mut unconditional) = (0, 0);
        for (writer, (status, _)) in self.answers.iter().enumerate() {
            match (is_conditional(writer), status.is_success()) {
                (true, won) => conditional += usize::from(won),
                (false, true) => unconditional += 1,
                (false, false) => return Err(format!("{status} without a precondition")),
            }
        }
        if conditional > 1 {
            return Err(format!("{conditional} conditional writes won"));
        }
        let successful = self.successful();
        self.others_got_412(&successful)?;
        assert_eq!(successful.len(), conditional + unconditional);
        let mut written: Vec<_> = self.written.iter().collect();
        written.sort();
        let mut acknowledged = successful;
        acknowledged.sort();
        if written != acknowledged {
            return Err("what was written is not what was answered".into());
        }
        if Some(&self.content) != self.written.last() {
            return Err(format!(
                "the note is {:?}, not the last write",
                self.content
            ));
        }
        Ok(())
    }

    fn successful(&self) -> Vec<&Bytes> {
        let successful = self
            .answers
            .iter()
            .filter(|(status, _)| status.is_success());
        successful.map(|(_, content)| content).collect()
    }

    fn others_got_412(&self, successful: &[&Bytes]) -> Result<(), String> {
        let refused = |status: &StatusCode| *status == StatusCode::PRECONDITION_FAILED;
        let refused = self.answers.iter().filter(|(status, _)| refused(status));
        match refused.count() + successful.len() {
            all if all == self.answers.len() => Ok(()),
            _ => Err(format!("neither 2xx nor 412: {:?}", self.answers)),
        }
    }
}
