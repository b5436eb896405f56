//! What is in memory at once while a body of 64 MiB passes, made in frames of 64 KiB as it is read.

use http::{Method, StatusCode};
use tower::{Layer, Service};
use tower_conditional::source::Fixed;
use tower_conditional::{BodyHash, ConditionalLayer, EntityTag};

use super::{NoBody, TAG, request, service};
use crate::meter::{Meter, Row};
use crate::services::{Bare, Stream, drain, wait};

const MIB: u64 = 1024 * 1024;

pub(super) fn rows(meter: &mut impl Meter) {
    let bare = Bare::of_body(Stream::sized(64 * MIB));
    stream(meter, "bare stream", bare.clone());
    let looked_up = ConditionalLayer::new(Fixed::new(EntityTag::from_static(TAG)));
    stream(meter, "stream looked up", looked_up.layer(bare.clone()));
    let waiting = ConditionalLayer::new(super::waiting());
    stream(meter, "stream waited for", waiting.layer(bare.clone()));
    let hashed = |limit| ConditionalLayer::new(BodyHash::strong().limit(limit).collect_streams());
    stream(meter, "stream hashed", hashed(64 * MIB).layer(bare.clone()));
    stream(
        meter,
        "stream over the limit",
        hashed(64 * MIB - 1).layer(bare),
    );
    let unsized_ = Bare::of_body(Stream::unsized_(64 * MIB));
    stream(
        meter,
        "stream that grows over the limit",
        hashed(MIB).layer(unsized_),
    );
}

fn stream<S, B>(meter: &mut impl Meter, name: &'static str, mut layered: S)
where
    S: Service<
            http::Request<NoBody>,
            Response = http::Response<B>,
            Error = std::convert::Infallible,
        >,
    B: http_body::Body<Data = bytes::Bytes>,
{
    let get = request(Method::GET, &[]);
    let row = if name == "bare stream" {
        Row::new(name)
    } else {
        Row::new(name).over("bare stream")
    };
    service(meter, row, &mut layered, &get, StatusCode::OK);
    let Ok(response) = wait(layered.call(get));
    meter.count(
        name,
        "bytes missing",
        64 * MIB - drain(response.into_body()),
    );
}
