//! A body that is read ahead arrives whole: nothing lost, nothing in another order, and only small frames copied.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use bytes::Bytes;
use futures_util::FutureExt;
use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;
use tower_conditional::BodyHash;

use crate::support::{
    Log, Scripted, Seen, Size, Step, data_of, field, frames, hashed, joined, tag,
};

fn collecting(limit: u64) -> BodyHash {
    BodyHash::strong().collect_streams().limit(limit)
}

#[tokio::test]
async fn the_only_frame_is_not_copied() {
    let sent = Bytes::from(vec![7; 1000]);
    let body = Scripted::pieces(Size::Known, [sent.clone()]);
    let response = hashed(BodyHash::strong(), &[], body).await;
    assert!(tag(&response).is_some());
    let arrived = response.into_body().frame().await.unwrap().unwrap();
    assert_eq!(arrived.data_ref().unwrap().as_ptr(), sent.as_ptr());
}

#[tokio::test]
async fn large_frames_are_neither_copied_nor_joined() {
    let sent: Vec<Bytes> = (0..100).map(|at| vec![at; 8 * 1024].into()).collect();
    let body = Scripted::pieces(Size::Known, sent.clone());
    let response = hashed(BodyHash::strong(), &[], body).await;
    assert!(tag(&response).is_some());
    let pointers = |frames: &[Seen]| -> Vec<_> {
        let data = frames.iter().map(|seen| match seen {
            Seen::Data(data) => data.as_ptr(),
            other => panic!("{other:?}"),
        });
        data.collect()
    };
    let arrived = frames(response.into_body()).await;
    let sent: Vec<_> = sent.into_iter().map(Seen::Data).collect();
    assert_eq!(pointers(&arrived), pointers(&sent));
}

#[tokio::test]
async fn trailers_are_kept_and_not_hashed() {
    let fields = HeaderMap::from_iter([("x-sum".parse().unwrap(), "1".parse().unwrap())]);
    let trailers = Step::Trailers(fields.clone());
    let with = Scripted::new(Size::Known, [Step::Data("a".into()), trailers.clone()]);
    let with = hashed(BodyHash::strong(), &[], with).await;
    let without = hashed(
        BodyHash::strong(),
        &[],
        Scripted::pieces(Size::Known, ["a"]),
    )
    .await;
    assert_eq!(tag(&with), tag(&without));
    let seen = frames(with.into_body()).await;
    assert_eq!(seen, [Seen::data("a"), Seen::Trailers(fields.clone())]);

    let alone = hashed(
        BodyHash::strong(),
        &[],
        Scripted::new(Size::Known, [trailers]),
    )
    .await;
    assert!(tag(&alone).is_some());
    assert!(!alone.body().is_end_stream());
    assert_eq!(frames(alone.into_body()).await, [Seen::Trailers(fields)]);
}

/// HTTP/1.1 sends trailers only after a body of unknown size: reading ahead must not make it a known one.
#[tokio::test]
async fn trailers_keep_the_size_open() {
    let trailers = Step::Trailers(HeaderMap::new());
    for (size, exact) in [(Size::Unknown, None), (Size::Known, Some(5))] {
        let body = Scripted::new(size, [Step::Data("hello".into()), trailers.clone()]);
        let response = hashed(collecting(100), &[], body).await;
        assert!(tag(&response).is_some());
        assert_eq!(response.body().size_hint().exact(), exact);
        assert_eq!(response.body().size_hint().lower(), 5);
    }
    let body = Scripted::pieces(Size::Unknown, ["hel", "lo"]);
    let response = hashed(collecting(100), &[], body).await;
    assert_eq!(response.body().size_hint().exact(), Some(5));
}

#[tokio::test]
async fn size_hints_and_ends_tell_the_truth() {
    let body = Scripted::pieces(Size::Known, ["one", "", "two"]);
    let mut body = hashed(BodyHash::strong(), &[], body).await.into_body();
    for left in [6, 3] {
        assert_eq!(body.size_hint().exact(), Some(left));
        assert!(!body.is_end_stream());
        assert!(body.frame().await.is_some());
    }
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());

    let empty = hashed(
        BodyHash::strong(),
        &[],
        Scripted::pieces(Size::Known, [""; 0]),
    )
    .await;
    assert!(tag(&empty).is_some());
    assert!(empty.body().is_end_stream());
    assert_eq!(empty.body().size_hint().exact(), Some(0));
}

/// The known part is counted, the rest is what the body says of it.
#[tokio::test]
async fn an_overflowing_stream_goes_on_untagged_with_nothing_lost() {
    let pieces = ["one", "two", "three", "four"];
    for limit in 0..15 {
        let log = Arc::new(Log::default());
        let body = Scripted::pieces(Size::Unknown, pieces).logging(&log);
        let response = hashed(collecting(limit), &[], body).await;
        assert_eq!(tag(&response), None, "{limit}");
        let read: usize = pieces[..log.polls.load(SeqCst)]
            .iter()
            .map(|piece| piece.len())
            .sum();
        assert_eq!(response.body().size_hint().lower(), read as u64);
        assert_eq!(response.body().size_hint().upper(), None);
        let seen = frames(response.into_body()).await;
        assert_eq!(joined(seen), joined(pieces.map(Seen::data)), "{limit}");
    }
    let body = Scripted::pieces(Size::Unknown, pieces);
    assert!(tag(&hashed(collecting(15), &[], body).await).is_some());
}

/// Memory is bounded by the limit: reading ahead stops with the frame that goes over it.
#[tokio::test]
async fn reading_ahead_stops_at_the_limit() {
    let log = Arc::new(Log::default());
    let body = Scripted::pieces(Size::Unknown, vec![vec![0; 10]; 100]).logging(&log);
    let mut body = hashed(collecting(25), &[], body).await.into_body();
    assert_eq!(log.polls.load(SeqCst), 3);
    // The first frame, and the other two merged.
    for length in [10, 20] {
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.data_ref().unwrap().len(), length);
    }
    assert_eq!(log.polls.load(SeqCst), 3, "what was read ahead comes first");
    assert!(body.frame().await.is_some());
    assert_eq!(log.polls.load(SeqCst), 4);
}

#[tokio::test]
async fn a_body_that_fails_half_way_fails_for_the_client() {
    let steps = || {
        [
            Step::Data("one".into()),
            Step::Wait,
            Step::Data("two".into()),
            Step::Fail,
        ]
    };
    for size in [Size::Known, Size::Unknown, Size::Claimed(100)] {
        let response = hashed(collecting(1000), &[], Scripted::new(size, steps())).await;
        assert_eq!(tag(&response), None, "{size:?}");
        assert!(!response.body().is_end_stream());
        let hint = Scripted::new(size, steps()).size_hint().exact();
        assert_eq!(response.body().size_hint().exact(), hint, "{size:?}");
        let seen = frames(response.into_body()).await;
        assert_eq!(
            seen,
            [Seen::data("one"), Seen::data("two"), Seen::Failed],
            "{size:?}"
        );
    }
    let at_once = hashed(
        BodyHash::strong(),
        &[],
        Scripted::new(Size::Known, [Step::Fail]),
    )
    .await;
    assert_eq!(tag(&at_once), None);
    assert!(!at_once.body().is_end_stream());
    assert_eq!(frames(at_once.into_body()).await, [Seen::Failed]);
}

/// Servers send what they have when a body is pending, and drop it when it fails: what came before the error gets
/// its chance.
#[tokio::test]
async fn an_error_lets_what_came_before_it_be_sent() {
    let body = Scripted::new(Size::Known, [Step::Data("one".into()), Step::Fail]);
    let mut body = hashed(BodyHash::strong(), &[], body).await.into_body();
    assert!(body.frame().now_or_never().is_some());
    assert!(body.frame().now_or_never().is_none(), "pending once");
    assert!(matches!(body.frame().now_or_never(), Some(Some(Err(_)))));
    assert!(body.is_end_stream());
}

/// A body that is not as long as it said is broken: it gets no tag, and all of its bytes pass. If it is too short, the
/// stated length is kept, so that the server notices; if it is too long, the stated length is known to be wrong.
#[tokio::test]
async fn a_lying_size_hint_loses_nothing_and_gets_no_tag() {
    let pieces = ["one", "two", "three"];
    for claimed in [0, 1, 5, 10, 12, 100] {
        let body = Scripted::pieces(Size::Claimed(claimed), pieces);
        let response = hashed(BodyHash::strong(), &[], body).await;
        assert_eq!(tag(&response), None, "{claimed}");
        let hint = response.body().size_hint();
        if claimed > 11 {
            assert_eq!(hint.exact(), Some(claimed));
        } else {
            assert!(claimed < hint.lower() && hint.lower() <= 11, "{hint:?}");
            assert_eq!(hint.upper(), None, "{claimed}");
        }
        let seen = frames(response.into_body()).await;
        assert_eq!(joined(seen), joined(pieces.map(Seen::data)), "{claimed}");
    }
    let nothing_came = Scripted::pieces(Size::Claimed(5), [""; 0]);
    let body = hashed(BodyHash::strong(), &[], nothing_came)
        .await
        .into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    assert!(
        !body.is_end_stream(),
        "a server would frame it as an empty body"
    );
}

/// A stream's size may stand in Content-Length alone, and the same goes for it: no tag where it is wrong, and nothing is
/// read ahead where it is over the limit.
#[tokio::test]
async fn a_content_length_is_a_claim_too() {
    let pieces = ["one", "two", "three"];
    for (length, limit, is_tagged, polls) in [
        ("11", 11, true, 4),
        ("11", 10, false, 0),
        ("12", 100, false, 4),
        ("10", 100, false, 3),
        ("3", 100, false, 2),
        ("eleven", 100, true, 4),
    ] {
        let log = Arc::new(Log::default());
        let body = Scripted::pieces(Size::Unknown, pieces).logging(&log);
        let response = hashed(collecting(limit), &[("content-length", length)], body).await;
        assert_eq!(tag(&response).is_some(), is_tagged, "{length}");
        assert_eq!(log.polls.load(SeqCst), polls, "{length}");
        assert_eq!(field(&response, "content-length"), Some(length));
        let seen = frames(response.into_body()).await;
        assert_eq!(joined(seen), joined(pieces.map(Seen::data)), "{length}");
    }
    // Nobody asked for streams to be collected.
    let body = Scripted::pieces(Size::Unknown, pieces);
    let response = hashed(BodyHash::strong(), &[("content-length", "11")], body).await;
    assert_eq!(tag(&response), None);
}

/// The inner body is polled only when we are: never by a task of our own.
#[tokio::test]
async fn nothing_is_read_behind_the_callers_back() {
    let log = Arc::new(Log::default());
    let steps = [
        Step::Data("one".into()),
        Step::Wait,
        Step::Data("two".into()),
    ];
    let body = Scripted::new(Size::Known, steps).logging(&log);
    let mut response = Box::pin(hashed(BodyHash::strong(), &[], body));
    assert_eq!(log.polls.load(SeqCst), 0);
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(log.polls.load(SeqCst), 2);
    drop(response);
    assert_eq!(log.polls.load(SeqCst), 2);
    assert!(
        log.dropped.load(SeqCst),
        "a client that hangs up frees the body"
    );
}

#[tokio::test]
async fn ten_thousand_frames_arrive() {
    let body = Scripted::pieces(
        Size::Known,
        (0..10_000_u32).map(|at| at.to_be_bytes().to_vec()),
    );
    let response = hashed(BodyHash::strong(), &[], body).await;
    assert!(tag(&response).is_some());
    let expected: Vec<u8> = (0..10_000_u32).flat_map(u32::to_be_bytes).collect();
    assert_eq!(data_of(&frames(response.into_body()).await), expected);
}
