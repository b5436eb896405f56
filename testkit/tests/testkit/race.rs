//! The race between a check when the head arrives and a write when the body is complete.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use test_support::{Protocol, server};
use tokio::sync::Mutex;
use tower::{ServiceExt, service_fn};
use tower_conditional_testkit::{Arrival, Content, Fixture, Hammered, Scratch, check, hammer};

use super::origin::{Flaw, Origin};
use super::socket::serve;
use super::{fixture, rules, scratch_at};

const WRITERS: usize = 8;

fn scratch(arrival: Arrival) -> Scratch {
    scratch_at("/notes/1").arriving(arrival)
}

/// In-process the second arrival shows it, and the first one does not.
#[tokio::test]
async fn a_check_of_the_head_is_found_by_last_bytes_alone() {
    for (arrival, winners) in [(Arrival::Whole, 1), (Arrival::LastBytes, WRITERS)] {
        let origin = Origin::with(Flaw::ChecksTheHead);
        let hammered = hammer(origin, scratch(arrival), WRITERS).await;
        assert_eq!(hammered.winners().len(), winners, "{arrival:?}: {hammered}");
    }
}

/// Through an HTTP client the heads and first bytes are on the wire before the last bytes are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_of_the_head_is_found_over_sockets() {
    for protocol in Protocol::BOTH {
        let address = serve(Origin::with(Flaw::ChecksTheHead)).await;
        let scratch = scratch(Arrival::LastBytes);
        let hammered = hammer(server(address, protocol), scratch, WRITERS).await;
        assert_eq!(
            hammered.winners().len(),
            WRITERS,
            "{protocol:?}: {hammered}"
        );

        let report = check(server(address, protocol), fixture()).await;
        assert!(
            rules(&report).contains(&"lost-update"),
            "{protocol:?}: {report}"
        );
        let right = serve(Origin::right()).await;
        for arrival in [Arrival::LastBytes, Arrival::Whole] {
            let scratch = scratch_at("/notes/1").arriving(arrival);
            let hammered = hammer(server(right, protocol), scratch, WRITERS).await;
            assert!(hammered.is_clean(), "{protocol:?}, {arrival:?}: {hammered}");
        }
    }
}

/// Many creations at once.
#[tokio::test]
async fn a_creation_that_overwrites_another_is_found() {
    let report = check(Origin::with(Flaw::CreatesTwice), fixture()).await;
    assert_eq!(rules(&report), ["lost-creation"], "{report}");
    let finding = &report.findings()[0];
    assert!(
        finding.request().contains("\nIf-None-Match: *"),
        "{finding}"
    );
    assert_eq!(finding.actual(), "8 times 2xx, 0 times 412");
}

/// A service that answers one request after the other, each to its end: while a body is incomplete, nobody else gets an
/// answer, no reader either. The race ends all the same.
#[tokio::test]
async fn a_service_with_one_worker_is_not_waited_for_for_ever() {
    let (worker, origin) = (Arc::new(Mutex::new(())), Origin::right());
    let service = service_fn(move |request: Request<Content>| {
        let (worker, origin) = (worker.clone(), origin.clone());
        async move {
            let _busy = worker.lock().await;
            origin.oneshot(request).await
        }
    });
    let hammered = hammer(service, scratch(Arrival::LastBytes), WRITERS).await;
    assert!(hammered.is_clean(), "{hammered}");
    assert_eq!(hammered.losers().len(), WRITERS - 1);
}

/// A service that takes bytes has all of them at once: its body cannot wait.
#[tokio::test]
async fn a_service_that_takes_bytes_is_raced_with_whole_requests() {
    let origin = Origin::right().map_request(|request: Request<Content>| {
        request.map(|content| Full::new(content.into_bytes()))
    });
    let hammered = hammer(origin, scratch(Arrival::LastBytes), WRITERS).await;
    assert!(hammered.is_clean(), "{hammered}");
}

/// What the service reads is what was to be sent, in two parts, and the size is known from the start.
#[tokio::test]
async fn a_body_that_was_held_back_is_whole() {
    for length in 0..4 {
        let read = Arc::new(std::sync::Mutex::new(Vec::new()));
        let reads = read.clone();
        let service = service_fn(move |request: Request<Content>| {
            let reads = reads.clone();
            async move {
                let size = http_body::Body::size_hint(request.body()).exact();
                let bytes = request.into_body().collect().await?.to_bytes();
                reads.lock().unwrap().push((size, bytes));
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            }
        });
        let content = move |mark: &str| mark[mark.len() - length..].to_owned();
        let content = move |mark: &str| match mark {
            "one" | "two" => mark.to_owned(),
            mark => content(mark),
        };
        let scratch = Scratch::put("/", "text/plain", content);
        let _: Hammered = hammer(service, scratch, 2).await;
        let mut written: Vec<_> = read.lock().unwrap().clone();
        written.retain(|(_, bytes)| !bytes.is_empty());
        let expected = ["000", "001"].map(|mark| Bytes::from(mark[3 - length..].to_owned()));
        let expected = expected.map(|bytes| (Some(length as u64), bytes));
        assert_eq!(written.len(), if length == 0 { 0 } else { 2 });
        assert!(
            written.iter().all(|pair| expected.contains(pair)),
            "{written:?}"
        );
    }
}

/// An error of a writer that lost is no lost update, and is not 412 either.
#[tokio::test]
async fn losers_that_get_an_error_are_told_apart_from_lost_updates() {
    for (status, expected) in [(500, &["race-refusal"][..]), (409, &[]), (423, &[])] {
        let report = check(Origin::with(Flaw::ReportsTheConflict(status)), fixture()).await;
        assert_eq!(rules(&report), expected, "{status}: {report}");
    }
}

#[tokio::test]
async fn whole_requests_alone_when_asked_for() {
    let scratch = scratch_at("/notes/scratch").arriving(Arrival::Whole);
    let fixture = Fixture::at("/notes/1")
        .absent_at("/notes/404")
        .writing(scratch);
    let report = check(Origin::with(Flaw::ChecksTheHead), fixture).await;
    assert!(report.is_clean(), "{report}");
}
