//! Bodies that are not as long as they say, in their size hint or in the Content-Length that their handler has set.

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, Service, service_fn};
use tower_conditional::{BodyHash, ConditionalLayer};

use super::ask::{Ask, NO_PRECONDITION};
use super::served;
use crate::support::{Failures, Http2, Scripted, Server, Size, Wire};

const GET: Ask = Ask::new("GET", NO_PRECONDITION);

/// What the body says of its size, and what the fields say.
type Said = (Option<u64>, Option<u64>);

/// What arrives over HTTP/1.1 and over HTTP/2.
type Arrives = [&'static [&'static str]; 2];

fn handler(
    pieces: &'static [&'static str],
    (said, content_length): Said,
) -> impl Service<Request<Body>, Response = Response<Scripted>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync {
    service_fn(move |_| {
        let size = said.map_or(Size::Unknown, Size::Claimed);
        let mut response = Response::new(Scripted::pieces(size, pieces.iter().copied()));
        if let Some(length) = content_length {
            let length = length.into();
            response.headers_mut().insert("content-length", length);
        }
        ready(Ok(response))
    })
}

/// Two requests in one segment: the content of each answer that arrives whole, as far as it says.
async fn twice_over_http1(server: &Server) -> Vec<String> {
    let mut wire = Wire::open(server).await;
    let last = GET.to_http1("", &[("connection", "close")]);
    wire.write(GET.to_http1("", &[]) + &last).await;
    let mut contents = Vec::new();
    while let Some(answer) = wire.try_answer("GET").await {
        contents.push(String::from_utf8(answer.body.into()).unwrap());
    }
    contents
}

async fn twice_over_http2(server: &Server) -> Vec<String> {
    let mut http2 = Http2::open(server).await;
    let mut contents = Vec::new();
    for _ in 0..2 {
        let answer = http2
            .client
            .send_request(GET.to_http2(server, "", &[]))
            .await;
        if let Ok(answer) = answer
            && let Ok(content) = answer.into_body().collect().await
        {
            contents.push(String::from_utf8(content.to_bytes().to_vec()).unwrap());
        }
    }
    contents
}

/// Whatever a body says of its size, the layer makes nothing worse, and no tag vouches for what is not whole. One that
/// is longer than its size hint arrives whole: the layer has seen that the hint is wrong, and does not repeat it.
#[tokio::test]
async fn a_body_of_another_length_than_it_says() {
    const WHOLE: &[&str] = &["hello world"; 2];
    const CUT_OFF: &[&str] = &["hello"; 2];
    const NONE: &[&str] = &[];
    // The stated length; what arrives without the layer, and with it.
    let rows: [(Said, Arrives, Arrives); 9] = [
        ((None, None), [WHOLE, WHOLE], [WHOLE, WHOLE]),
        ((Some(11), None), [WHOLE, WHOLE], [WHOLE, WHOLE]),
        ((None, Some(11)), [WHOLE, WHOLE], [WHOLE, WHOLE]),
        ((Some(5), None), [CUT_OFF, NONE], [WHOLE, WHOLE]),
        ((Some(5), Some(5)), [CUT_OFF, NONE], [CUT_OFF, NONE]),
        ((None, Some(5)), [CUT_OFF, NONE], [CUT_OFF, NONE]),
        ((Some(100), None), [NONE, NONE], [NONE, NONE]),
        ((Some(100), Some(100)), [NONE, NONE], [NONE, NONE]),
        ((None, Some(100)), [NONE, NONE], [NONE, NONE]),
    ];
    let splits: [&[&str]; 4] = [
        &["hello world"],
        &["hello", " world"],
        &["hello ", "world"],
        &["h", "ello", "", " world"],
    ];
    let owned = |contents: &[&str]| contents.iter().map(ToString::to_string).collect();
    let mut failures = Failures::default();
    for (said, without, with) in rows {
        for pieces in splits {
            let layer = ConditionalLayer::new(BodyHash::strong().collect_streams());
            let services = [
                ("without", served(handler(pieces, said)), without),
                ("with", served(layer.layer(handler(pieces, said))), with),
            ];
            for (name, service, [http1, http2]) in services {
                let server = Server::start(service).await;
                let row = format!("{said:?} {pieces:?} {name} the layer");
                failures.expect_eq(&row, twice_over_http1(&server).await, owned(http1));
                failures.expect_eq(&row, twice_over_http2(&server).await, owned(http2));
            }
        }
    }
    failures.assert_none();
}
