//! Peers that mean harm, over sockets: what each of them gets, and what it costs. Memory is what all of the process allocates at
//! most meanwhile, the server's buffers and the test's own client included.

use std::convert::Infallible;
use std::future::Future;
use std::io::ErrorKind;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use test_support::{figure, quick_or_full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::source::Fixed;
use tower_conditional::{ConditionalLayer, WritePolicy};

use super::ask::{Ask, CURRENT, NO_PRECONDITION};
use super::{V1, page, required, served};
use crate::support::{Http2, Served, Server, Wire, fields, head_of};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const STALE: Ask = Ask::new("PUT", ("if-match", "\"other\""));

/// What is allocated at most while this runs, in bytes.
fn memory<T>(run: impl Future<Output = T>) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let counted = allocation_counter::measure(|| {
        runtime.block_on(run);
    });
    counted.bytes_max as usize
}

fn memory_of(what: &str, bytes: usize, limit: usize) {
    let name = format!("memory, {what}");
    let now = format!("{} KiB", bytes / KIB);
    figure(name, now, "", format!("at most {} KiB", limit / KIB));
    assert!(bytes <= limit, "{what}: {bytes}");
}

/// Collects bodies of up to 1 MiB before it takes the lock.
fn collecting() -> Served {
    let layer = ConditionalLayer::new(Fixed::new(V1)).collect_bodies(MIB as u64, Body::new);
    served(layer.layer(service_fn(page)))
}

/// Requires a precondition, and leaves bodies to the handler.
fn plain() -> Served {
    served(required(Fixed::new(V1)).layer(service_fn(page)))
}

/// Somebody else is served, and saves.
async fn is_still_served(server: &Server) {
    let mut wire = Wire::open(server).await;
    let answer = Ask::new("GET", NO_PRECONDITION).over(&mut wire, "").await;
    assert_eq!(answer.status, 200);
    let save = Ask::new("PUT", ("if-match", CURRENT)).sending("hello");
    assert_eq!(save.over(&mut wire, "\"v1\"").await.status, 204);
}

/// Each byte in a segment of its own, and seen by the server alone: the answers are those to whole requests.
#[tokio::test]
async fn byte_by_byte() {
    for service in [plain(), collecting()] {
        let server = Server::start(service).await;
        for (ask, status) in [
            // Without content: a server that has refused may close before it has read some.
            (STALE, 412),
            (Ask::new("PUT", ("if-match", CURRENT)).sending("hello"), 204),
            (Ask::new("GET", ("if-none-match", CURRENT)), 304),
        ] {
            let mut whole = Wire::open(&server).await;
            let expected = ask.over(&mut whole, "\"v1\"").await;
            let mut wire = Wire::open(&server).await;
            for byte in ask.to_http1("\"v1\"", &[]).into_bytes() {
                wire.write([byte]).await;
                tokio::task::yield_now().await;
            }
            let answer = wire.answer(ask.method).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer, expected);
        }
    }
}

/// Of 256 KiB in chunks of one byte, the layer keeps the bytes and not the chunks.
#[test]
fn chunks_of_one_byte() {
    const LENGTH: usize = 256 * KIB;
    let bytes = memory(async {
        let server = Server::start(collecting()).await;
        let mut wire = Wire::open(&server).await;
        let fields = fields(&[("if-match", "\"v1\""), ("transfer-encoding", "chunked")]);
        wire.write(head_of("PUT", &fields) + "\r\n").await;
        let some = "1\r\nx\r\n".repeat(KIB);
        for _ in 0..LENGTH / KIB {
            wire.write(&some).await;
        }
        wire.write("0\r\n\r\n").await;
        assert_eq!(wire.answer("PUT").await.status, 204);
    });
    memory_of("256 KiB in chunks of one byte", bytes, 2 * MIB);
}

/// DATA frames of one byte, and of none, over HTTP/2: at once, and for as long as the server takes them. How much h2 keeps of each
/// is its own affair.
#[tokio::test]
async fn small_and_empty_data_frames() {
    let server = Server::start(collecting()).await;
    for data in ["x", ""] {
        let mut http2 = Http2::open(&server).await;
        let request = Ask::new("PUT", ("if-match", CURRENT));
        let request = request.to_http2(&server, "\"v1\"", &[]);
        // It is taken, or hyper has had enough, and ends the connection.
        if let Ok(answer) = http2
            .client
            .send_request(request.map(|_| frames(data)))
            .await
        {
            assert_eq!(answer.status(), 204);
        }
        is_still_served(&server).await;
    }
}

fn frames(data: &'static str) -> Body {
    let frames = (0..20_000).map(move |_| Ok::<_, Infallible>(Frame::data(Bytes::from(data))));
    Body::new(StreamBody::new(stream::iter(frames)))
}

/// Of the same frames the layer keeps the bytes.
#[test]
fn collected_frames() {
    for data in ["x", ""] {
        let bytes = memory(async {
            let layer = ConditionalLayer::new(Fixed::new(V1)).collect_bodies(MIB as u64, Body::new);
            let service = layer.layer(service_fn(async |_: Request<Body>| {
                Ok::<_, Infallible>(Response::new(Body::empty()))
            }));
            let request = Request::put("/").header("if-match", "\"v1\"");
            let answer = service.oneshot(request.body(frames(data)).unwrap()).await;
            assert_eq!(answer.unwrap().status(), StatusCode::OK);
        });
        memory_of(
            &format!("20,000 frames of {} bytes", data.len()),
            bytes,
            128 * KIB,
        );
    }
}

/// Heads that never end, and bodies that never begin: a write goes on.
#[tokio::test]
async fn stalled_heads_and_bodies_hold_nothing() {
    let server = Server::start(collecting()).await;
    let mut stalled = Vec::new();
    for number in 0..quick_or_full(100, 1_000) {
        let mut wire = Wire::open(&server).await;
        let head = head_of(
            "PUT",
            &fields(&[("if-match", "\"v1\""), ("content-length", "5")]),
        );
        let end = if number % 2 == 0 { "" } else { "\r\n" };
        wire.write(head + end).await;
        stalled.push(wire);
    }
    is_still_served(&server).await;
    drop(stalled);
}

/// A client that says that it waits for 100 (Continue), and then sends nothing, holds no lock. It has what it waits for.
#[tokio::test]
async fn a_client_that_waits_and_never_sends() {
    let server = Server::start(collecting()).await;
    let mut wire = Wire::open(&server).await;
    let expecting = [("content-length", "5"), ("expect", "100-continue")];
    let ask = Ask::new("PUT", ("if-match", CURRENT));
    wire.write(ask.to_http1("\"v1\"", &expecting)).await;
    assert_eq!(wire.answer("PUT").await.status, 100);
    is_still_served(&server).await;
    // It has not been given up: the body may still come.
    wire.write("hello").await;
    assert_eq!(wire.answer("PUT").await.status, 204);
}

/// A precondition in the trailers comes too late to be one: it neither lets a write through nor refuses it (RFC 9110,
/// section 6.5.1).
#[tokio::test]
async fn preconditions_in_trailers() {
    let layer = required(Fixed::new(V1)).collect_bodies(MIB as u64, Body::new);
    for service in [plain(), served(layer.layer(service_fn(page)))] {
        let server = Server::start(service).await;
        for (head, trailer, status) in [
            (NO_PRECONDITION, "if-match: \"v1\"", 428),
            (("if-match", "\"other\""), "if-match: \"v1\"", 412),
            (("if-match", "\"v1\""), "if-match: \"other\"", 204),
        ] {
            let lines = [
                head,
                ("transfer-encoding", "chunked"),
                ("trailer", "if-match"),
            ];
            let lines: Vec<_> = lines
                .into_iter()
                .filter(|line| *line != NO_PRECONDITION)
                .collect();
            let mut wire = Wire::open(&server).await;
            let head = head_of("PUT", &fields(&lines));
            let body = format!("5\r\nhello\r\n0\r\n{trailer}\r\n\r\n");
            wire.write(head + "\r\n" + &body).await;
            assert_eq!(
                wire.answer("PUT").await.status,
                status,
                "{lines:?} {trailer}"
            );
        }
    }
}

/// A mebibyte of tags. hyper refuses a head of that size over both protocols; what reads it all the same keeps none of it.
#[test]
fn a_mebibyte_of_tags() {
    let tags = vec!["\"0123456789abcdef\""; MIB / 20].join(", ");
    let sending = async {
        let server = Server::start(collecting()).await;
        let mut peer = TcpStream::connect(server.address).await.unwrap();
        let head = head_of("PUT", &fields(&[("if-match", &tags)])) + "\r\n";
        // The server closes while more is sent: the answer may get lost on the way.
        let _ = peer.write_all(head.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = peer.read_to_end(&mut answer).await;
        let shown = answer.escape_ascii();
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"),
            "{shown}"
        );

        let mut http2 = Http2::open(&server).await;
        let request = Ask::new("PUT", ("if-match", CURRENT));
        let request = request.to_http2(&server, &tags, &[]);
        if let Ok(answer) = http2.client.send_request(request).await {
            assert_eq!(answer.status(), 431);
        }
        is_still_served(&server).await;
    };
    let sockets = memory(sending);
    memory_of(
        "a head of 1 MiB over sockets, the client's copies included",
        sockets,
        12 * MIB,
    );

    let layer = ConditionalLayer::new(Fixed::new(V1));
    let service = served(layer.layer(service_fn(page)));
    for method in ["PUT", "GET"] {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.parse().unwrap();
        request
            .headers_mut()
            .insert("if-match", tags.parse().unwrap());
        let evaluating = service.clone().oneshot(request);
        let bytes = memory(async {
            assert_eq!(evaluating.await.unwrap().status(), 412);
        });
        memory_of(
            &format!("1 MiB of tags evaluated for {method}"),
            bytes,
            64 * KIB,
        );
    }
}

/// A client that sends writes that are refused, and reads none of the answers: the server stops reading, nobody else waits.
#[test]
fn a_slow_reader_of_412s() {
    let bytes = memory(async {
        let server = Server::start(collecting()).await;
        let slow = TcpStream::connect(server.address).await.unwrap();
        let some = STALE.to_http1("", &[("content-length", "0")]).repeat(64);
        let (mut sent, mut waits) = (0, 0);
        // As long as the server takes more. What the kernel holds are a few mebibytes.
        while waits < 1_000 {
            match slow.try_write(&some.as_bytes()[sent % some.len()..]) {
                Ok(length) => (sent, waits) = (sent + length, 0),
                Err(error) if error.kind() == ErrorKind::WouldBlock => waits += 1,
                Err(error) => panic!("{error}"),
            }
            assert!(
                sent < 64 * MIB,
                "the server reads although nobody reads its answers"
            );
            tokio::task::yield_now().await;
        }
        is_still_served(&server).await;
        drop(slow);
    });
    memory_of("412s that nobody reads", bytes, MIB);
}

/// Ten thousand writes wait for one key: what each of them costs, that they all go when the lock is free, and that one more than
/// the limit is answered at once.
#[test]
fn ten_thousand_waiters() {
    const WAITERS: usize = 10_000;
    static OPEN: Semaphore = Semaphore::const_new(0);
    let handler = service_fn(async |_: Request<Body>| {
        let _permit = OPEN.acquire().await.unwrap();
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let policy = WritePolicy::optional().limit_waiters(WAITERS);
    let service = ConditionalLayer::new(Fixed::new(V1))
        .writes(policy)
        .layer(handler);
    let put = || Request::put("/r").body(Body::empty()).unwrap();
    let mut waiting = Vec::with_capacity(WAITERS + 1);
    let bytes = memory(async {
        let context = &mut Context::from_waker(Waker::noop());
        for _ in 0..=WAITERS {
            let mut write = Box::pin(service.clone().oneshot(put()));
            assert!(write.as_mut().poll(context).is_pending());
            waiting.push(write);
        }
    });
    let each = bytes / WAITERS;
    figure(
        "memory, a write that waits for its lock",
        format!("{each} bytes"),
        "",
        "at most 4,096 bytes",
    );
    assert!(each <= 4 * KIB, "{each}");

    let mut one_more = pin!(service.clone().oneshot(put()));
    let context = &mut Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(refused)) = one_more.as_mut().poll(context) else {
        panic!("it waits");
    };
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);

    OPEN.add_permits(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let answers = runtime.block_on(futures_util::future::join_all(waiting));
    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == 200)
    );
}
