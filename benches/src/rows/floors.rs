//! The floors: what each job costs a hand-written service that does nothing else. The floor of a row has its name, after
//! `floor`.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::evaluation::{fields, list};
use super::{OTHER, TAG, request, service, with_more_fields};
use crate::floors::coding::Uncoded;
use crate::floors::evaluate::lists;
use crate::floors::hash::Hashed;
use crate::floors::look_up::{Boxed, Known};
use crate::floors::probe::Probed;
use crate::floors::write::Guarded;
use crate::meter::{Meter, Row};
use crate::services::{Bare, wait};

const KIB: usize = 1024;

pub(super) fn rows(meter: &mut impl Meter) {
    reads(meter);
    writes(meter);
    lists_of_tags(meter);
    hashes(meter);
}

fn bare() -> Bare<http_body_util::Full<bytes::Bytes>> {
    Bare::of_size(KIB)
}

fn reads(meter: &mut impl Meter) {
    const DATE: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
    const NOT_MODIFIED: StatusCode = StatusCode::NOT_MODIFIED;
    let get = request(Method::GET, &[]);
    let nothing = &mut Known::nothing(bare());
    service(
        meter,
        Row::new("floor pass-through GET"),
        nothing,
        &get,
        StatusCode::OK,
    );
    let post = request(Method::POST, &[]);
    service(
        meter,
        Row::new("floor pass-through POST"),
        nothing,
        &post,
        StatusCode::OK,
    );
    let row = Row::new("floor pass-through GET 20 fields");
    service(
        meter,
        row,
        nothing,
        &with_more_fields(get.clone()),
        StatusCode::OK,
    );
    let row = Row::new("floor content codings GET");
    service(meter, row, &mut Uncoded(bare()), &get, StatusCode::OK);

    let tagged = &mut Known::tagged(bare(), TAG);
    let dated = &mut Known::dated(bare(), TAG, DATE);
    let boxed = &mut Boxed(Known::tagged(bare(), TAG));
    service(
        meter,
        Row::new("floor 200 tag ready"),
        tagged,
        &get,
        StatusCode::OK,
    );
    service(
        meter,
        Row::new("floor 200 tag and date ready"),
        dated,
        &get,
        StatusCode::OK,
    );
    service(
        meter,
        Row::new("floor 200 tag waited for"),
        boxed,
        &get,
        StatusCode::OK,
    );

    let hit = request(Method::GET, &[(IF_NONE_MATCH, TAG)]);
    service(meter, Row::new("floor 304"), tagged, &hit, NOT_MODIFIED);
    service(
        meter,
        Row::new("floor 304 tag and date ready"),
        dated,
        &hit,
        NOT_MODIFIED,
    );
    service(
        meter,
        Row::new("floor 304 tag waited for"),
        boxed,
        &hit,
        NOT_MODIFIED,
    );

    let miss = request(Method::GET, &[(IF_NONE_MATCH, OTHER)]);
    service(
        meter,
        Row::new("floor 200 If-None-Match miss"),
        tagged,
        &miss,
        StatusCode::OK,
    );
    let holds = request(Method::GET, &[(IF_MATCH, TAG)]);
    service(
        meter,
        Row::new("floor 200 If-Match holds"),
        tagged,
        &holds,
        StatusCode::OK,
    );
    let fails = request(Method::GET, &[(IF_MATCH, OTHER)]);
    let status = StatusCode::PRECONDITION_FAILED;
    service(meter, Row::new("floor 412 GET"), tagged, &fails, status);
}

fn writes(meter: &mut impl Meter) {
    let put = request(Method::PUT, &[(IF_MATCH, TAG)]);
    let unlocked = &mut Guarded::unlocked(bare(), TAG);
    let locked = &mut Guarded::locked(bare(), TAG);
    let boxed = &mut Boxed(Guarded::locked(bare(), TAG));
    service(
        meter,
        Row::new("floor PUT checked"),
        unlocked,
        &put,
        StatusCode::OK,
    );
    let row = Row::new("floor PUT checked and locked");
    service(meter, row, locked, &put, StatusCode::OK);
    let row = Row::new("floor PUT checked and locked waited for");
    service(meter, row, boxed, &put, StatusCode::OK);

    let stale = request(Method::PUT, &[(IF_MATCH, OTHER)]);
    let status = StatusCode::PRECONDITION_FAILED;
    service(meter, Row::new("floor 412 PUT"), unlocked, &stale, status);
    service(
        meter,
        Row::new("floor 412 PUT locked"),
        locked,
        &stale,
        status,
    );
    let unguarded = request(Method::PUT, &[]);
    let status = StatusCode::PRECONDITION_REQUIRED;
    service(meter, Row::new("floor 428"), unlocked, &unguarded, status);
    service(
        meter,
        Row::new("floor 428 locked"),
        locked,
        &unguarded,
        status,
    );
}

/// The search for one tag among the headers of a request.
fn lists_of_tags(meter: &mut impl Meter) {
    let tag = HeaderValue::from_static(TAG);
    for (count, place, name) in [
        (1, None, "floor If-None-Match 1 tag miss"),
        (1, Some(0), "floor If-None-Match 1 tag hit"),
        (8, None, "floor If-None-Match 8 tags miss"),
        (8, Some(7), "floor If-None-Match 8 tags hit last"),
        (100, None, "floor If-None-Match 100 tags miss"),
        (100, Some(99), "floor If-None-Match 100 tags hit last"),
    ] {
        let headers = fields(IF_NONE_MATCH, &list(count, place));
        let is_listed = |headers: &HeaderMap| lists(headers, &IF_NONE_MATCH, &tag);
        assert_eq!(is_listed(&headers), Some(place.is_some()), "{name}");
        meter.row(Row::new(name), || &headers, is_listed);
    }
}

fn hashes(meter: &mut impl Meter) {
    for (size, ok, not_modified) in [
        (0, "floor hashed 200 0 B", "floor hashed 304 0 B"),
        (KIB, "floor hashed 200 1 KiB", "floor hashed 304 1 KiB"),
        (
            64 * KIB,
            "floor hashed 200 64 KiB",
            "floor hashed 304 64 KiB",
        ),
    ] {
        let hashed = &mut Hashed(Bare::of_size(size));
        let get = request(Method::GET, &[]);
        service(meter, Row::new(ok).times(10), hashed, &get, StatusCode::OK);
        let tag = tag_of(hashed);
        let hit = request(Method::GET, &[(IF_NONE_MATCH, &tag)]);
        let row = Row::new(not_modified).times(10);
        service(meter, row, hashed, &hit, StatusCode::NOT_MODIFIED);
    }
    let tag = tag_of(&mut Hashed(bare()));
    let put = request(Method::PUT, &[(IF_MATCH, &tag)]);
    let probed = &mut Probed::new(bare(), bare());
    let row = Row::new("floor PUT probed").times(10);
    service(meter, row, probed, &put, StatusCode::OK);
}

fn tag_of<S, B>(service: &mut S) -> String
where
    S: tower::Service<http::Request<super::NoBody>, Response = http::Response<B>>,
    S::Error: std::fmt::Debug,
{
    let page = wait(service.call(request(Method::GET, &[]))).expect("a page");
    let tag = &page.headers()[http::header::ETAG];
    tag.to_str().expect("base64").to_owned()
}
