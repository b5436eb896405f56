//! How often a source is asked: what a request costs in the database, and not in the layer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use tower::{Layer, Service};
use tower_conditional::source::Unidentified;
use tower_conditional::{ConditionalLayer, EntityTag, Found, SourceError, ValidatorSource};

use super::writers::Turning;
use super::{NoBody, TAG, anew, request};
use crate::meter::Meter;
use crate::services::{operate, wait};

pub(super) fn rows(meter: &mut impl Meter) {
    let asked = Asked::default();
    let service = &mut ConditionalLayer::new(asked.clone()).layer(Turning);
    for (name, request, status) in [
        (
            "asked by GET 200",
            request(Method::GET, &[]),
            StatusCode::OK,
        ),
        (
            "asked by GET 304",
            request(Method::GET, &[(IF_NONE_MATCH, TAG)]),
            StatusCode::NOT_MODIFIED,
        ),
        ("asked by PUT", put(), StatusCode::OK),
    ] {
        asked.forget();
        assert_eq!(operate(service, anew::<NoBody>(&request)), status, "{name}");
        asked.count(meter, name);
    }
    waited(meter, &asked, service);
}

fn put() -> Request<NoBody> {
    request(Method::PUT, &[(IF_MATCH, TAG)])
}

/// A PUT that finds the lock taken, and is let in when the other one has answered.
fn waited<S, B>(meter: &mut impl Meter, asked: &Asked, service: &mut S)
where
    S: Service<Request<NoBody>, Response = Response<B>, Error = Infallible>,
    B: Body,
{
    let mut context = Context::from_waker(Waker::noop());
    let mut first = pin!(service.call(anew(&put())));
    assert!(first.as_mut().poll(&mut context).is_pending());
    asked.forget();
    let mut second = pin!(service.call(anew(&put())));
    assert!(second.as_mut().poll(&mut context).is_pending());
    let Ok(_) = wait(first);
    let Ok(answer) = wait(second);
    assert_eq!(answer.status(), StatusCode::OK);
    asked.count(meter, "asked by PUT that waited");
}

/// Counts. It has to be waited for in both of its steps.
#[derive(Clone, Debug, Default)]
struct Asked(Arc<[AtomicU64; 2]>);

impl Asked {
    fn forget(&self) {
        for times in &*self.0 {
            times.store(0, Ordering::Relaxed);
        }
    }

    fn count(&self, meter: &mut impl Meter, row: &'static str) {
        let [identified, looked_up] = &*self.0;
        meter.count(row, "identifications", identified.load(Ordering::Relaxed));
        meter.count(row, "look-ups", looked_up.load(Ordering::Relaxed));
    }
}

impl ValidatorSource for Asked {
    type Resource = u64;

    async fn identify(&self, _: &mut Parts) -> Result<u64, Unidentified> {
        self.0[0].fetch_add(1, Ordering::Relaxed);
        Ok(1)
    }

    async fn look_up(&self, _: &u64) -> Result<Found, SourceError> {
        self.0[1].fetch_add(1, Ordering::Relaxed);
        Ok(EntityTag::from_static(TAG).into())
    }
}
