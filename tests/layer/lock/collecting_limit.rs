//! The limit of the request bodies that are collected before the lock is taken: a body of exactly so many bytes is
//! collected, one of a byte more is not.

use axum::body::Body;
use http_body::Body as _;
use tower::Layer;
use tower_conditional::ConditionalLayer;

use crate::support::source::Versions;
use crate::support::{HeldHandler, arriving_body, request_with, send_by_hand};

const LIMIT: u64 = 8;

#[test]
fn exactly_the_limit_is_collected() {
    for source in Versions::both() {
        for announced in [None, Some(LIMIT)] {
            let handler = HeldHandler::default();
            let layer = ConditionalLayer::new(source.clone()).collect_bodies(LIMIT, Body::new);
            let service = layer.layer(handler.clone());
            let (body, arriving) = arriving_body(announced);
            let mut write = send_by_hand(&service, request_with("PUT", "/a", &[], arriving));
            write.assert_waits();
            assert_eq!(handler.calls(), 0, "{announced:?}");
            body.data("1234");
            body.data("5678");
            write.assert_waits();
            // It may still grow.
            assert_eq!(handler.calls(), 0, "{announced:?}");
            drop(body);
            write.assert_waits();
            let size = handler.see(0, |request| request.body().size_hint().exact());
            assert_eq!(size, Some(LIMIT));
        }
    }
}

#[test]
fn one_byte_more_is_not() {
    for source in Versions::both() {
        for announced in [None, Some(LIMIT + 1)] {
            let handler = HeldHandler::default();
            let layer = ConditionalLayer::new(source.clone()).collect_bodies(LIMIT, Body::new);
            let service = layer.layer(handler.clone());
            let (body, arriving) = arriving_body(announced);
            let mut write = send_by_hand(&service, request_with("PUT", "/a", &[], arriving));
            write.assert_waits();
            assert_eq!(handler.calls(), usize::from(announced.is_some()));
            body.data("12345678");
            body.data("9");
            write.assert_waits();
            assert_eq!(handler.calls(), 1, "{announced:?}: it runs under the lock");
        }
    }
}
