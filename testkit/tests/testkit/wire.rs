//! What only the wire shows is found, under the name of the same rule, and nothing else is.

use std::future::Future;
use std::io;
use std::iter::repeat;
use std::pin::Pin;
use std::time::Duration;

use test_support::{Protocol, server};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tower_conditional_testkit::{Fixture, Report, check, wire};

use super::origin::Origin;
use super::raw_origin::{Flaw, RawOrigin};
use super::socket::serve;
use super::{fixture, rules, scratch_at};

/// The content is no request, and a server that takes it for one answers 400.
fn writing() -> Fixture {
    Fixture::at("/notes/1").writing(scratch_at("/notes/scratch"))
}

const FLAWS: &[(Flaw, &[&str])] = &[
    (Flaw::NotModifiedHasABody, &["not-modified-body"]),
    (Flaw::NotModifiedEndsWithAChunk, &["not-modified-body"]),
    (Flaw::NotModifiedHasAnotherLength, &["not-modified-length"]),
    (Flaw::HeadHasABody, &["head-body"]),
    (Flaw::HeadHasAnotherLength, &["head-length"]),
    (Flaw::NotModifiedHeadHasABody, &["not-modified-body"]),
    (Flaw::FailedHeadHasABody, &["head-body"]),
    // The rest of the 412 to a PUT is in the way as well.
    (Flaw::FailedIsLongerThanItSays, &["message-framing"]),
    (Flaw::FailedIsShorterThanItSays, &["message-framing"]),
    (Flaw::FailedHasABrokenChunk, &["message-framing"]),
    (Flaw::TwoTagLines, &["validator-syntax"]),
    (Flaw::TwoTagsInALine, &["validator-syntax"]),
    (Flaw::TagWithoutQuotes, &["validator-syntax"]),
    (Flaw::TagWithOneQuote, &["validator-syntax"]),
    (Flaw::LineFeedsAlone, &["message-syntax"]),
    (Flaw::SpaceBeforeTheColon, &["message-syntax"]),
    (Flaw::FoldedLine, &["message-syntax"]),
    (Flaw::KnowsOneCaseOfNames, &["field-spelling"]),
    (Flaw::WhitespaceIsPartOfTheValue, &["field-spelling"]),
    (Flaw::ReadsTheBodyAsARequest, &["body-read-as-request"]),
    (Flaw::ClosesAfterAFailure, &["connection-close-unannounced"]),
    (Flaw::ContinuesThenRefuses, &["expect-continue-refusal"]),
    (Flaw::AnswersNothingToHead, &["message-framing"]),
];

async fn over_sockets(origin: RawOrigin) -> Report {
    let address = origin.serve().await;
    let connect = || TcpStream::connect(address);
    wire::check(connect, &address.to_string(), writing())
        .await
        .unwrap()
}

#[tokio::test]
async fn each_flaw_is_found_over_a_socket_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for (flaw, expected) in FLAWS {
        let report = over_sockets(RawOrigin(Some(*flaw))).await;
        if rules(&report) != *expected {
            wrong.push(format!("{flaw:?} {expected:?}: {report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n====\n\n"));
}

#[tokio::test]
async fn a_right_origin_yields_nothing() {
    let report = over_sockets(RawOrigin(None)).await;
    assert!(report.findings().is_empty(), "{report}");
}

/// With a clock that stands still but for what waits for it: five seconds pass at once.
#[tokio::test(start_paused = true)]
async fn a_server_that_waits_for_the_content_is_found() {
    let connect = async || {
        let (ours, theirs) = duplex(64 * 1024);
        tokio::spawn(RawOrigin(Some(Flaw::IgnoresExpect)).talk(theirs));
        Ok(ours)
    };
    let report = wire::check(connect, "notes.example", writing())
        .await
        .unwrap();
    assert_eq!(rules(&report), ["expect-continue"], "{report}");
    let finding = &report.findings()[0];
    assert_eq!(finding.actual(), "nothing more in time");
    assert!(
        finding
            .request()
            .starts_with("PUT /notes/scratch HTTP/1.1\nHost: notes.example\n")
    );
}

/// A client takes the content behind a 304 away in silence, so `check` cannot see it.
/// An answer that never ends is no answer: neither informational responses without a final one, nor a byte now and then. A
/// request has half a minute, and the clock stands still but for what waits for it.
#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_ends_the_check() {
    let before = Instant::now();
    for endless in [
        with_early_hints as fn(DuplexStream) -> Endless,
        drop_by_drop,
    ] {
        let connect = async || {
            let (ours, theirs) = duplex(64 * 1024);
            tokio::spawn(endless(theirs));
            Ok(ours)
        };
        let checked = wire::check(connect, "host", writing()).await;
        assert_eq!(checked.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
    assert!(before.elapsed() < Duration::from_secs(120));
}

type Endless = Pin<Box<dyn Future<Output = ()> + Send>>;

fn with_early_hints(mut stream: DuplexStream) -> Endless {
    Box::pin(async move {
        let hint = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
        while stream.write_all(hint).await.is_ok() {}
    })
}

fn drop_by_drop(mut stream: DuplexStream) -> Endless {
    Box::pin(async move {
        let head = b"HTTP/1.1 200 OK\r\nX: ".iter().chain(repeat(&b'x'));
        for byte in head {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(4)).await;
        }
    })
}

#[tokio::test]
async fn a_client_hides_what_the_wire_shows() {
    for flaw in [
        Flaw::NotModifiedHasABody,
        Flaw::HeadHasABody,
        Flaw::LineFeedsAlone,
    ] {
        let address = RawOrigin(Some(flaw)).serve().await;
        let reads = Fixture::at("/notes/1");
        let report = check(server(address, Protocol::Http1), reads).await;
        let names: Vec<_> = FLAWS
            .iter()
            .filter(|(of, _)| *of == flaw)
            .flat_map(|(_, rules)| *rules)
            .collect();
        assert!(!rules(&report).contains(names[0]), "{flaw:?}: {report}");
    }
}

/// A right origin behind hyper, with reads and writes, both ways: one report. This origin reads the content before it
/// evaluates, as the advice says.
#[tokio::test]
async fn hyper_is_right() {
    let address = serve(Origin::right()).await;
    let in_full = check(server(address, Protocol::Http1), fixture()).await;
    let connect = || TcpStream::connect(address);
    let on_the_wire = wire::check(connect, &address.to_string(), fixture())
        .await
        .unwrap();
    let requests = (in_full.requests(), on_the_wire.requests());
    let report = in_full.merge(on_the_wire);
    assert_eq!(rules(&report), ["expect-continue-refusal"], "{report}");
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.requests(), requests.0 + requests.1);
}

#[tokio::test]
async fn nobody_there_is_an_error_and_no_finding() {
    let connect = async || Err::<TcpStream, _>(io::Error::from(io::ErrorKind::ConnectionRefused));
    let error = wire::check(connect, "localhost", writing())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

    // Something that speaks another protocol.
    let connect = async || {
        let (ours, mut theirs) = duplex(1024);
        tokio::spawn(async move {
            tokio::io::AsyncWriteExt::write_all(&mut theirs, b"220 mail.example ESMTP\r\n").await
        });
        Ok(ours)
    };
    let error = wire::check(connect, "localhost", writing())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("220 mail.example"), "{error}");
}
