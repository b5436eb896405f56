//! Slow request bodies: evaluate, collect the body, take the lock, evaluate again, call the handler.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request};
use http_body::Body as _;
use http_body::Frame;
use http_body_util::BodyExt;
use tower::Layer;
use tower_conditional::ConditionalLayer;
use tower_conditional::layer::{CollectUpTo, Conditional, ConditionalBody};

use crate::support::source::Versions;
use crate::support::{
    BodySender, Broken, Driven, HeldHandler, arriving_body, assert_refused, assert_status,
    put_if_match, request_with, send_by_hand, text,
};

const LIMIT: u64 = 8;

type Collecting =
    Conditional<HeldHandler, Versions, CollectUpTo<fn(ConditionalBody<Body>) -> Body>>;

fn collecting(source: &Versions) -> (Collecting, HeldHandler) {
    let handler = HeldHandler::default();
    let wrap: fn(ConditionalBody<Body>) -> Body = Body::new;
    let layer = ConditionalLayer::new(source.clone()).collect_bodies(LIMIT, wrap);
    (layer.layer(handler.clone()), handler)
}

fn put_arriving(fields: &[(&str, &str)], expected: Option<u64>) -> (BodySender, Request<Body>) {
    let (sender, body) = arriving_body(expected);
    (sender, request_with("PUT", "/a", fields, body))
}

/// The frames that a handler's request has, its error at the end.
fn frames(request: Request<Body>) -> Vec<Result<Frame<Bytes>, String>> {
    let mut body = request.into_body();
    let mut frames = Vec::new();
    while let Some(frame) = Driven::new(body.frame()).ready() {
        let error = frame.is_err();
        frames.push(frame.map_err(|error| error.to_string()));
        if error {
            break;
        }
    }
    frames
}

fn shown(frames: &[Result<Frame<Bytes>, String>]) -> Vec<String> {
    let show = |frame: &Result<Frame<Bytes>, String>| match frame {
        Ok(frame) => match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => String::from_utf8(data.to_vec()).unwrap(),
            (_, Some(trailers)) => format!("{trailers:?}"),
            _ => "?".into(),
        },
        Err(error) => format!("error: {error}"),
    };
    frames.iter().map(show).collect()
}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([("x-sum".parse().unwrap(), HeaderValue::from_static("1"))])
}

/// A client that stalls half-way does not hold the lock; its write is stale by the time its body is complete.
#[test]
fn a_client_that_stalls_does_not_hold_the_lock() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let (service, handler) = collecting(&source);
        let if_match = [("if-match", text(&tag))];
        let (slow_body, slow) = put_arriving(&if_match, None);
        let mut slow = send_by_hand(&service, slow);
        slow_body.data("half");
        slow.assert_waits();
        assert_eq!(handler.calls(), 0);

        let (quick_body, quick) = put_arriving(&if_match, None);
        let mut quick = send_by_hand(&service, quick);
        quick_body.data("whole");
        drop(quick_body);
        quick.assert_waits();
        assert_eq!(handler.calls(), 1, "the stalled client keeps it out");
        source.changed("/a");
        handler.answer(0, 204);
        assert_status(quick.ready(), 204);

        slow_body.data("rest");
        drop(slow_body);
        assert_refused(slow.ready(), 412, "stale");
        assert_eq!(handler.calls(), 1);
    }
}

/// The write of a stalled client is performed if its precondition is still true when its body is complete.
#[test]
fn a_slow_body_that_is_still_right_is_written() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let (service, handler) = collecting(&source);
        let (body, slow) = put_arriving(&[("if-match", text(&tag))], None);
        let mut slow = send_by_hand(&service, slow);
        for part in ["sl", "o", "w"] {
            slow.assert_waits();
            body.data(part);
        }
        slow.assert_waits();
        assert_eq!(handler.calls(), 0);
        drop(body);
        slow.assert_waits();
        let call = handler.take(0);
        let checked: &tower_conditional::Checked = call.request.extensions().get().unwrap();
        assert!(checked.entity_tag().unwrap().strong_eq(&tag));
        assert!(checked.hold_lock().is_some());
        assert_eq!(shown(&frames(call.request)), ["sl", "ow"]);
    }
}

/// A stale write is refused before its body is read, and so is one without a required precondition.
#[test]
fn refused_before_the_body_is_collected() {
    for source in Versions::both() {
        source.changed("/a");
        let (service, handler) = collecting(&source);
        let (_body, stale) = put_arriving(&[("if-match", "\"stale\"")], None);
        assert_refused(send_by_hand(&service, stale).ready(), 412, "stale");
        assert_eq!(handler.calls(), 0);
    }
}

/// Bodies up to the limit are collected, whatever they are cut into; the handler gets what came, in order.
#[test]
fn data_and_trailers_stay_in_order() {
    let exactly = ["1234", "5678"];
    let over = ["1234", "56789", "more", "and more"];
    for source in Versions::both() {
        for (parts, with_trailers) in [
            (&exactly[..], false),
            (&exactly[..], true),
            (&over[..], false),
            (&over[..], true),
            (&["123456789"][..], true),
            (&[][..], true),
        ] {
            let (service, handler) = collecting(&source);
            let (body, write) = put_arriving(&[], None);
            let mut write = send_by_hand(&service, write);
            for part in parts {
                body.data(*part);
            }
            if with_trailers {
                body.frame(Ok(Frame::trailers(trailers())));
            }
            drop(body);
            write.assert_waits();
            let mut expected: Vec<_> = parts.iter().map(ToString::to_string).collect();
            expected.extend(with_trailers.then(|| format!("{:?}", trailers())));
            assert_eq!(shown(&frames(handler.take(0).request)), expected);
        }
    }
}

/// The size hint of a collected body is exact, so that handlers which look at it see what was sent.
#[test]
fn the_size_of_a_collected_body_is_known() {
    let (service, handler) = collecting(&Versions::at_once());
    let (body, write) = put_arriving(&[], None);
    let mut write = send_by_hand(&service, write);
    body.data("1234");
    body.data("567");
    drop(body);
    write.assert_waits();
    let hint = handler.see(0, |request| request.body().size_hint());
    assert_eq!(hint.exact(), Some(7));
}

/// A body over the limit runs under the lock, from the moment on when that is known.
#[test]
fn a_body_over_the_limit_runs_under_the_lock() {
    for source in Versions::both() {
        for announced in [Some(20), None] {
            let (service, handler) = collecting(&source);
            let (body, large) = put_arriving(&[], announced);
            let mut large = send_by_hand(&service, large);
            large.assert_waits();
            // Announced, it is not waited for at all.
            assert_eq!(handler.calls(), usize::from(announced.is_some()));
            body.data("over the ");
            large.assert_waits();
            assert_eq!(handler.calls(), 1);

            let mut other = send_by_hand(&service, crate::support::put("/a"));
            other.assert_waits();
            assert_eq!(handler.calls(), 1, "the lock is not held");

            body.data("limit");
            body.frame(Ok(Frame::trailers(trailers())));
            drop(body);
            let call = handler.take(0);
            let (head, read) = call.request.into_parts();
            let read = frames(Request::new(read));
            let expected = ["over the ", "limit", &format!("{:?}", trailers())];
            assert_eq!(shown(&read), expected);
            other.assert_waits();
            assert_eq!(handler.calls(), 1);
            drop(head);
        }
    }
}

/// An error in the middle is the handler's to see, after what came before it.
#[test]
fn an_error_passes() {
    for source in Versions::both() {
        let (service, handler) = collecting(&source);
        let (body, write) = put_arriving(&[], None);
        let mut write = send_by_hand(&service, write);
        body.data("before");
        body.frame(Err(Broken("the client is gone")));
        write.assert_waits();
        let seen = frames(handler.take(0).request);
        assert_eq!(shown(&seen), ["before", "error: the client is gone"]);
    }
}

/// Without the option the handler reads the body, under the lock.
#[test]
fn without_the_option_a_slow_body_holds_the_lock() {
    let source = Versions::at_once();
    let tag = source.changed("/a");
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(source).layer(handler.clone());
    let (_body, slow) = put_arriving(&[], Some(3));
    let mut slow = send_by_hand(&service, slow);
    slow.assert_waits();
    let mut other = send_by_hand(&service, put_if_match("/a", &tag));
    other.assert_waits();
    assert_eq!(handler.calls(), 1);
}

/// A body that is there at once is no reason to release the lock: the write is looked up once.
#[test]
fn a_body_that_is_there_is_looked_up_for_once() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let if_match = [("if-match", text(&tag))];
        let (service, handler) = collecting(&source);
        let (in_two_frames, arrived) = put_arriving(&if_match, None);
        in_two_frames.data("who");
        in_two_frames.data("le");
        drop(in_two_frames);
        let in_memory = request_with("PUT", "/a", &if_match, Body::from("whole"));
        for (call, request) in [arrived, in_memory].into_iter().enumerate() {
            let looks = source.looks();
            let mut write = send_by_hand(&service, request);
            write.assert_waits();
            assert_eq!((handler.calls(), source.looks()), (call + 1, looks + 1));
            assert!(handler.checked(call).hold_lock().is_some());
            assert_eq!(shown(&frames(handler.take(call).request)).concat(), "whole");
        }
    }
}

/// An empty body is no reason to wait: the usual write without a body is evaluated once.
#[test]
fn an_empty_body_is_not_collected() {
    let source = Versions::at_once();
    let (service, handler) = collecting(&source);
    let mut write = send_by_hand(&service, crate::support::put("/a"));
    write.assert_waits();
    assert_eq!((handler.calls(), source.looks()), (1, 1));
}

/// A refused body is read up to the limit, so that the client gets to read its answer; the lock is free meanwhile.
#[test]
fn reading_a_refused_body_holds_no_lock() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let handler = HeldHandler::default();
        let policy = tower_conditional::WritePolicy::optional().read_refused_bodies(100);
        let service = ConditionalLayer::new(source.clone())
            .writes(policy)
            .layer(handler.clone());
        source.changed("/a");
        let (body, stale) = put_arriving(&[("if-match", text(&tag))], None);
        let mut stale = send_by_hand(&service, stale);
        stale.assert_waits();
        let mut other = send_by_hand(&service, crate::support::put("/a"));
        other.assert_waits();
        assert_eq!(handler.calls(), 1, "the refused one holds the lock");
        body.data("the rest");
        drop(body);
        assert_refused(stale.ready(), 412, "stale");
    }
}
