//! Hashed reads of 64 KiB, with the instructions for SHA that callgrind hides.

use std::convert::Infallible;
use std::hint::black_box;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Empty;
use tower::{Layer, Service};
use tower_conditional::{BodyHash, ConditionalLayer};
use tower_conditional_benches::floors::hash::Hashed;
use tower_conditional_benches::rows::Blake3;
use tower_conditional_benches::services::{Bare, operate};

use crate::ratio;

const SIZE: usize = 64 * 1024;
const READS: usize = 10;

pub(crate) fn print() {
    let bare = || Bare::of_size(SIZE);
    let mut layered = ConditionalLayer::new(BodyHash::strong()).layer(bare());
    let mut floor = Hashed(bare());
    ratio(
        "hashed 64 KiB: wall over a hand-written service",
        1.05,
        || read(&mut layered),
        || read(&mut floor),
    );

    let layer = ConditionalLayer::new(BodyHash::strong().digest(Blake3::default));
    let mut layered = layer.layer(bare());
    let bytes = vec![b'x'; SIZE];
    ratio(
        "hashed 64 KiB by BLAKE3: wall over BLAKE3 alone",
        1.11,
        || read(&mut layered),
        || {
            for _ in 0..READS {
                black_box(blake3::hash(black_box(&bytes)));
            }
        },
    );
}

fn read<S, B>(service: &mut S)
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    for _ in 0..READS {
        black_box(operate(service, Request::new(Empty::new())));
    }
}
