//! Crates that make tags of bodies, and their digests.

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use rustango::etag::{EtagLayer, EtagRouterExt};
use tower::Layer;
use tower_conditional::source::ContentDigest;
use tower_conditional::{BodyHash, ConditionalLayer};
use tower_conditional_benches::meter::Meter;
use tower_conditional_benches::services::Bare;

use super::{Job, KIB, NOT_MODIFIED, OK, Who, bare, layered, made};
use crate::peers::etag_cache;

const JOBS: &[Job] = &[SMALL_200, SMALL_304];
const LARGE_JOBS: &[Job] = &[LARGE_200];

const SMALL_200: Job = Job {
    name: "200, 1 KiB",
    ..OK
};

const SMALL_304: Job = Job {
    name: "304, 1 KiB",
    ..NOT_MODIFIED
};

const LARGE_200: Job = Job {
    name: "200, 64 KiB",
    bytes: 64 * KIB,
    ..OK
};

pub(super) fn rows(meter: &mut impl Meter) {
    for (size, jobs) in [(KIB, JOBS), (64 * KIB, LARGE_JOBS)] {
        services(meter, size, jobs);
        routers(meter, size, jobs);
        etag_cache::rows(meter, size, jobs);
    }
}

fn services(meter: &mut impl Meter, size: usize, jobs: &'static [Job]) {
    const BARE: &str = "bare service";
    let who = |name, base| who(name, base, jobs);
    bare(meter, who(BARE, None), &mut Bare::of_size(size));
    let name = "tower-conditional (SHA-256)";
    let sha = ConditionalLayer::new(BodyHash::strong());
    layered(
        meter,
        who(name, Some(BARE)),
        &mut sha.layer(Bare::of_size(size)),
    );
    let name = "tower-conditional (BLAKE3)";
    let blake = ConditionalLayer::new(BodyHash::strong().digest(Blake3::default));
    layered(
        meter,
        who(name, Some(BARE)),
        &mut blake.layer(Bare::of_size(size)),
    );
}

fn routers(meter: &mut impl Meter, size: usize, jobs: &'static [Job]) {
    const BARE: &str = "bare router";
    let who = |name, base| who(name, base, jobs);
    let body = Bytes::from(vec![b'x'; size]);
    let read = move || std::future::ready(body.clone());
    let router = || Router::new().route(PATH, get(read.clone()));
    bare(meter, who(BARE, None), &mut made(router()));
    let name = "tower-conditional (SHA-256), around the router";
    let ours = &mut made(router().layer(ConditionalLayer::new(BodyHash::strong())));
    layered(meter, who(name, Some(BARE)), ours);
    let name = "rustango (FNV-1a of 64 bits), around the router";
    layered(
        meter,
        who(name, Some(BARE)),
        &mut made(router().etag(EtagLayer::new())),
    );
}

const PATH: &str = "/notes/1";

const fn who(name: &'static str, base: Option<&'static str>, jobs: &'static [Job]) -> Who {
    Who {
        name,
        base,
        path: PATH,
        jobs,
    }
}

/// What tower-etag-cache hashes with.
#[derive(Default)]
struct Blake3(blake3::Hasher);

impl ContentDigest for Blake3 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self: Box<Self>) -> [u8; 16] {
        *self
            .0
            .finalize()
            .as_bytes()
            .first_chunk()
            .expect("it has 32")
    }
}
