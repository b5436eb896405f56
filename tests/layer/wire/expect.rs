//! A client that asks before it sends gets its refusal before it has sent anything, and nothing else.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use tower::{Layer, service_fn};

use super::ask::{Ask, NO_PRECONDITION};
use super::{page, required, served, ways};
use crate::support::source::{self, Script};
use crate::support::{Http2, Served, Server, Wire};

const STALE: Ask = Ask::new("PUT", ("if-match", "\"other\""));
const EXPECTING: [(&str, &str); 2] = [("content-length", "5"), ("expect", "100-continue")];

/// Every way to a refusal, and the refusals.
fn refusals() -> Vec<(Served, Ask, u16)> {
    let over = |source: Script| served(required(source).layer(service_fn(page)));
    let evaluating = ways().into_iter().filter(|way| way.evaluates_writes);
    let asks = [
        (STALE, 412),
        (Ask::new("PUT", ("if-match", "v1")), 400),
        (Ask::new("PUT", NO_PRECONDITION), 428),
    ];
    let mut refusals = vec![
        (over(source::failing("down")), STALE, 503),
        (over(source::refusing(401, "who are you?")), STALE, 401),
    ];
    for way in evaluating {
        refusals.extend(asks.map(|(ask, status)| (way.service.clone(), ask, status)));
    }
    refusals
}

/// No `100 Continue`, one refusal, and the server closes the connection in order: whether a body still comes is the
/// client's choice, so that nobody could tell it from the next request.
#[tokio::test]
async fn http1_refuses_before_the_upload_and_closes() {
    for (service, ask, status) in refusals() {
        let server = Server::start(service).await;
        let mut wire = Wire::open(&server).await;
        wire.write(ask.to_http1("", &EXPECTING)).await;
        assert_eq!(wire.answer("PUT").await.status, status);
        wire.expect_end().await;
    }
}

/// A body that did not wait for the answer is not taken for a request: the next one is answered, or the connection has
/// ended.
#[tokio::test]
async fn http1_does_not_take_a_hasty_body_for_a_request() {
    let smuggled = "DELETE /r HTTP/1.1\r\nhost: localhost\r\nif-match: \"v1\"\r\n\r\n";
    let length = smuggled.len().to_string();
    let hasty = [("content-length", &*length), ("expect", "100-continue")];
    for (service, ask, status) in refusals() {
        let server = Server::start(service).await;
        let mut wire = Wire::open(&server).await;
        let next = Ask::new("GET", NO_PRECONDITION).to_http1("", &[]);
        wire.write(ask.to_http1("", &hasty) + smuggled + &next)
            .await;
        assert_eq!(wire.answer("PUT").await.status, status);
        if let Some(next) = wire.try_answer("GET").await {
            assert_eq!(next.status, if status == 401 { 401 } else { 200 });
        }
    }
}

/// Over HTTP/2 nothing but the stream ends.
#[tokio::test]
async fn http2_refuses_before_the_upload_and_goes_on() {
    for (service, ask, status) in refusals() {
        let server = Server::start(service).await;
        let mut http2 = Http2::open(&server).await;
        for _ in 0..2 {
            let request = ask.to_http2(&server, "", &EXPECTING);
            let never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
            let answer = http2.client.send_request(request.map(|_| never));
            let answer = answer.await.unwrap();
            assert_eq!(answer.status(), status);
            answer.into_body().collect().await.unwrap();
        }
    }
}
