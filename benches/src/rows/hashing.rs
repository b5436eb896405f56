//! Hashed bodies, beside the bare service and the bare hash of the same bytes.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{Empty, Full};
use sha2::{Digest, Sha256};
use tower::{Layer, Service};
use tower_conditional::source::ContentDigest;
use tower_conditional::{BodyHash, ConditionalLayer};

use super::{NoBody, anew, request, service};
use crate::meter::{Meter, Row};
use crate::services::{Bare, operate, wait};

const KIB: usize = 1024;

pub(super) fn rows(meter: &mut impl Meter) {
    one_frame(
        meter,
        0,
        ["bare + hash 0 B", "hashed 200 0 B", "hashed 304 0 B"],
    );
    one_frame(
        meter,
        KIB,
        ["bare + hash 1 KiB", "hashed 200 1 KiB", "hashed 304 1 KiB"],
    );
    one_frame(
        meter,
        64 * KIB,
        [
            "bare + hash 64 KiB",
            "hashed 200 64 KiB",
            "hashed 304 64 KiB",
        ],
    );
    one_frame(
        meter,
        KIB * KIB,
        ["bare + hash 1 MiB", "hashed 200 1 MiB", "hashed 304 1 MiB"],
    );
    let frames = Bare::of_frames(16, 64 * KIB);
    let names = [
        "bare + hash 16 frames",
        "hashed 200 16 frames",
        "hashed 304 16 frames",
    ];
    hashed(meter, &frames, KIB * KIB, names);
    plugged_in(meter);
    tagged_by_the_handler(meter);
}

/// A digest that is fast only on aligned chunks of many blocks. Callgrind shows it its vector instructions.
fn plugged_in(meter: &mut impl Meter) {
    let (alone, hashed) = ("BLAKE3 64 KiB", "hashed by BLAKE3 200 64 KiB");
    let bytes = vec![b'x'; 64 * KIB];
    let row = Row::new(alone).times(10);
    meter.row(row, || (), |()| blake3::hash(&bytes));
    let layer = ConditionalLayer::new(BodyHash::strong().digest(Blake3::default));
    let layered = &mut layer.layer(Bare::of_size(64 * KIB));
    let row = Row::new(hashed).over(alone).times(10);
    let get = request(Method::GET, &[]);
    service(meter, row, layered, &get, StatusCode::OK);
}

/// The digest of the crate `blake3`.
#[derive(Default)]
pub struct Blake3(blake3::Hasher);

impl ContentDigest for Blake3 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self: Box<Self>) -> [u8; 16] {
        let hash = self.0.finalize();
        *hash.as_bytes().first_chunk().expect("it has 32")
    }
}

/// A response that has a tag is not hashed.
fn tagged_by_the_handler(meter: &mut impl Meter) {
    let name = "200 with the handler's tag";
    let source = BodyHash::strong().digest(Counting::default);
    let layered = ConditionalLayer::new(source);
    let layered = &mut layered.layer(Tagging(Bare::of_size(KIB)));
    let get = request(Method::GET, &[]);
    service(meter, Row::new(name), layered, &get, StatusCode::OK);
    meter.count(name, "bytes hashed", HASHED.load(Ordering::Relaxed));
}

/// Sets its tag itself.
#[derive(Clone)]
struct Tagging(Bare<Full<Bytes>>);

impl<R> Service<Request<R>> for Tagging {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let Ok(mut response) = self.0.call(request).into_inner();
        let tag = HeaderValue::from_static(super::TAG);
        response.headers_mut().insert(ETAG, tag);
        ready(Ok(response))
    }
}

static HASHED: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
struct Counting(Sha256);

impl ContentDigest for Counting {
    fn update(&mut self, bytes: &[u8]) {
        HASHED.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.0.update(bytes);
    }

    fn finish(self: Box<Self>) -> [u8; 16] {
        *self.0.finalize().first_chunk().expect("it has 32")
    }
}

/// Callgrind hides SHA-NI from the program, so the share of hashing is measured by time.
pub(super) fn shares(meter: &mut impl Meter) {
    for (size, alone, hashed) in [
        (KIB, "sha2 1 KiB", "hashed 200 of 1 KiB"),
        (64 * KIB, "sha2 64 KiB", "hashed 200 of 64 KiB"),
        (KIB * KIB, "sha2 1 MiB", "hashed 200 of 1 MiB"),
        (16 * KIB * KIB, "sha2 16 MiB", "hashed 200 of 16 MiB"),
    ] {
        let times = if size > KIB { 1 } else { 100 };
        let bytes = vec![b'x'; size];
        meter.row(
            Row::new(alone).times(times),
            || (),
            |()| Sha256::digest(&bytes),
        );
        let source = BodyHash::strong().limit(size as u64);
        let layered = &mut ConditionalLayer::new(source).layer(Bare::of_size(size));
        let row = Row::new(hashed).over(alone).times(times);
        let get = request(Method::GET, &[]);
        service(meter, row, layered, &get, StatusCode::OK);
    }
}

fn one_frame(meter: &mut impl Meter, size: usize, names: [&'static str; 3]) {
    hashed(meter, &Bare::of_size(size), size, names);
}

fn hashed<B>(
    meter: &mut impl Meter,
    bare: &Bare<B>,
    size: usize,
    [raw, ok, not_modified]: [&'static str; 3],
) where
    B: Body<Data = Bytes, Error = Infallible> + Clone + Unpin + Send + 'static,
{
    let times = if size > 64 * KIB { 1 } else { 10 };
    let get = request(Method::GET, &[]);
    let mut alone = bare.clone();
    let bytes = vec![b'x'; size];
    meter.row(
        Row::new(raw).times(times),
        || anew::<Empty<Bytes>>(&get),
        |request| (operate(&mut alone, request), Sha256::digest(&bytes)),
    );
    let layered = &mut ConditionalLayer::new(BodyHash::strong()).layer(bare.clone());
    let row = Row::new(ok).over(raw).times(times);
    service(meter, row, layered, &get, StatusCode::OK);
    meter.count(
        ok,
        "bytes copied",
        bytes_copied(&mut bare.clone(), layered, &get),
    );

    let Ok(tagged) = wait(layered.call(get));
    let tag = tagged.headers()[ETAG].to_str().expect("base64");
    let hit = request(Method::GET, &[(IF_NONE_MATCH, tag)]);
    let row = Row::new(not_modified).over(raw).times(times);
    service(meter, row, layered, &hit, StatusCode::NOT_MODIFIED);
}

/// How many bytes of the layered body are not where the bare service has them.
fn bytes_copied<S, L, B, C>(bare: &mut S, layered: &mut L, get: &Request<NoBody>) -> u64
where
    S: Service<Request<NoBody>, Response = Response<B>, Error = Infallible>,
    L: Service<Request<NoBody>, Response = Response<C>, Error = Infallible>,
    B: Body<Data = Bytes> + Unpin,
    C: Body<Data = Bytes> + Unpin,
{
    let Ok(original) = wait(bare.call(get.clone()));
    let Ok(passed) = wait(layered.call(get.clone()));
    let (original, passed) = (frames(original.into_body()), frames(passed.into_body()));
    assert_eq!(original, passed);
    let copied = original
        .iter()
        .zip(&passed)
        .filter(|(a, b)| a.as_ptr() != b.as_ptr());
    copied.map(|(frame, _)| frame.len() as u64).sum()
}

fn frames<B: Body<Data = Bytes> + Unpin>(mut body: B) -> Vec<Bytes> {
    let next = || match wait(http_body_util::BodyExt::frame(&mut body)) {
        Some(Ok(frame)) => frame.into_data().ok(),
        Some(Err(_)) | None => None,
    };
    std::iter::from_fn(next)
        .filter(|data| !data.is_empty())
        .collect()
}
