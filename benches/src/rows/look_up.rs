//! Sources that look validators up, and services whose handlers set them.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{Method, StatusCode};
use http_body_util::Full;
use tower::Layer;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::layer::Conditional;
use tower_conditional::source::{Fixed, Unidentified};
use tower_conditional::{
    ConditionalLayer, Current, EntityTag, Found, FromResponse, HttpDate, Refusal, Representation,
    ValidatorSource, WritePolicy,
};

use super::{OTHER, TAG, request, service, with_more_fields};
use crate::meter::{Meter, Row};
use crate::services::{Bare, CALLS, operate};

const KIB: usize = 1024;

pub(super) fn rows(meter: &mut impl Meter) {
    passing_through(meter);
    attaching(meter);
    not_modified(meter);
    coded(meter);
    evaluated_and_passed(meter);
    refused(meter);
    writes(meter);
}

fn passing_through(meter: &mut impl Meter) {
    let get = request(Method::GET, &[]);
    let get_20 = with_more_fields(get.clone());
    let post = request(Method::POST, &[]);
    let bare = &mut Bare::of_size(KIB);
    service(meter, Row::new("bare GET"), bare, &get, StatusCode::OK);
    service(
        meter,
        Row::new("bare GET 20 fields"),
        bare,
        &get_20,
        StatusCode::OK,
    );
    service(meter, Row::new("bare POST"), bare, &post, StatusCode::OK);

    let layered = &mut ConditionalLayer::new(FromResponse).layer(Bare::of_size(KIB));
    let row = Row::new("pass-through GET").over("bare GET");
    service(meter, row, layered, &get, StatusCode::OK);
    let row = Row::new("pass-through GET 20 fields").over("bare GET 20 fields");
    service(meter, row, layered, &get_20, StatusCode::OK);
    let row = Row::new("pass-through POST").over("bare POST");
    service(meter, row, &mut tagged(), &post, StatusCode::OK);
}

fn attaching(meter: &mut impl Meter) {
    let get = request(Method::GET, &[]);
    let over_bare = |name| Row::new(name).over("bare GET");
    service(
        meter,
        over_bare("200 tag ready"),
        &mut tagged(),
        &get,
        StatusCode::OK,
    );
    service(
        meter,
        over_bare("200 tag and date ready"),
        &mut tagged_and_dated(),
        &get,
        StatusCode::OK,
    );
    service(
        meter,
        over_bare("200 tag and date formatted"),
        &mut formatting(),
        &get,
        StatusCode::OK,
    );
    let row = Row::new("200 tag waited for").over("200 tag ready");
    service(meter, row, &mut waiting(), &get, StatusCode::OK);
}

fn not_modified(meter: &mut impl Meter) {
    let hit = request(Method::GET, &[(IF_NONE_MATCH, TAG)]);
    let bare = &mut Bare::of_size(KIB);
    service(
        meter,
        Row::new("bare GET If-None-Match"),
        bare,
        &hit,
        StatusCode::OK,
    );
    let over_bare = |name| Row::new(name).over("bare GET If-None-Match");
    service(
        meter,
        over_bare("304"),
        &mut tagged(),
        &hit,
        StatusCode::NOT_MODIFIED,
    );
    let dated = &mut tagged_and_dated();
    service(
        meter,
        over_bare("304 tag and date ready"),
        dated,
        &hit,
        StatusCode::NOT_MODIFIED,
    );
    let waiting = &mut waiting();
    service(
        meter,
        over_bare("304 tag waited for"),
        waiting,
        &hit,
        StatusCode::NOT_MODIFIED,
    );
    let large = &mut layer(tag()).layer(Bare::of_size(64 * KIB));
    service(
        meter,
        over_bare("304 of 64 KiB"),
        large,
        &hit,
        StatusCode::NOT_MODIFIED,
    );

    let before = CALLS.load(Ordering::Relaxed);
    operate(&mut tagged(), hit);
    meter.count("304", "inner calls", CALLS.load(Ordering::Relaxed) - before);
}

/// The outer layer for content codings, on a read without conditional headers.
fn coded(meter: &mut impl Meter) {
    let get = request(Method::GET, &[]);
    let layer = ContentCodingLayer::new();
    let row = Row::new("content codings GET").over("bare GET");
    let bare = &mut layer.layer(Bare::of_size(KIB));
    service(meter, row, bare, &get, StatusCode::OK);
    let row = Row::new("content codings 200 tag ready").over("200 tag ready");
    service(meter, row, &mut layer.layer(tagged()), &get, StatusCode::OK);
    let hit = request(Method::GET, &[(IF_NONE_MATCH, TAG)]);
    let row = Row::new("content codings 304").over("304");
    let status = StatusCode::NOT_MODIFIED;
    service(meter, row, &mut layer.layer(tagged()), &hit, status);
    let sent = TAG.replace("uFU", "uFU-gzip");
    let hit = request(Method::GET, &[(IF_NONE_MATCH, &sent)]);
    let row = Row::new("content codings 304 of gzip").over("304");
    service(meter, row, &mut layer.layer(tagged()), &hit, status);
    for (count, name) in [
        (1, "content codings 1 tag of gzip"),
        (100, "content codings 100 tags of gzip"),
    ] {
        let list = super::evaluation::list(count, None).replace("uFU", "uFU-gzip");
        let miss = request(Method::GET, &[(IF_NONE_MATCH, &list)]);
        let row = Row::new(name).over("200 tag ready");
        service(
            meter,
            row,
            &mut layer.layer(tagged()),
            &miss,
            StatusCode::OK,
        );
    }
}

fn evaluated_and_passed(meter: &mut impl Meter) {
    let miss = request(Method::GET, &[(IF_NONE_MATCH, OTHER)]);
    let bare = &mut Bare::of_size(KIB);
    service(
        meter,
        Row::new("bare GET If-None-Match miss"),
        bare,
        &miss,
        StatusCode::OK,
    );
    let row = Row::new("200 If-None-Match miss").over("bare GET If-None-Match miss");
    service(meter, row, &mut tagged(), &miss, StatusCode::OK);

    let holds = request(Method::GET, &[(IF_MATCH, TAG)]);
    service(
        meter,
        Row::new("bare GET If-Match"),
        bare,
        &holds,
        StatusCode::OK,
    );
    let row = Row::new("200 If-Match holds").over("bare GET If-Match");
    service(meter, row, &mut tagged(), &holds, StatusCode::OK);
}

/// Refusals are made terse: the body of a refusal is counted apart.
fn refused(meter: &mut impl Meter) {
    let status = StatusCode::PRECONDITION_FAILED;
    let bare = &mut Bare::of_size(KIB);
    let get = request(Method::GET, &[(IF_MATCH, OTHER)]);
    service(
        meter,
        Row::new("bare GET If-Match miss"),
        bare,
        &get,
        StatusCode::OK,
    );
    let row = Row::new("412 GET").over("bare GET If-Match miss");
    let terse = terse(WritePolicy::optional());
    service(
        meter,
        row,
        &mut terse.layer(Bare::of_size(KIB)),
        &get,
        status,
    );

    let put = request(Method::PUT, &[(IF_MATCH, OTHER)]);
    service(
        meter,
        Row::new("bare PUT If-Match miss"),
        bare,
        &put,
        StatusCode::OK,
    );
    let row = Row::new("412 PUT locked").over("bare PUT If-Match miss");
    service(
        meter,
        row,
        &mut terse.layer(Bare::of_size(KIB)),
        &put,
        status,
    );
    let unlocked = self::terse(WritePolicy::optional().skip_lock());
    let row = Row::new("412 PUT").over("bare PUT If-Match miss");
    service(
        meter,
        row,
        &mut unlocked.layer(Bare::of_size(KIB)),
        &put,
        status,
    );
    let explained = layer(tag()).writes(WritePolicy::optional().skip_lock());
    let row = Row::new("412 PUT with problem details").over("412 PUT");
    service(
        meter,
        row,
        &mut explained.layer(Bare::of_size(KIB)),
        &put,
        status,
    );

    let unguarded = request(Method::PUT, &[]);
    service(
        meter,
        Row::new("bare PUT"),
        bare,
        &unguarded,
        StatusCode::OK,
    );
    let status = StatusCode::PRECONDITION_REQUIRED;
    let required = self::terse(WritePolicy::required());
    let row = Row::new("428 locked").over("bare PUT");
    service(
        meter,
        row,
        &mut required.layer(Bare::of_size(KIB)),
        &unguarded,
        status,
    );
    let required = self::terse(WritePolicy::required().skip_lock());
    let row = Row::new("428").over("bare PUT");
    service(
        meter,
        row,
        &mut required.layer(Bare::of_size(KIB)),
        &unguarded,
        status,
    );
    let explained = layer(tag()).writes(WritePolicy::required().skip_lock());
    let row = Row::new("428 with problem details").over("428");
    service(
        meter,
        row,
        &mut explained.layer(Bare::of_size(KIB)),
        &unguarded,
        status,
    );
}

/// What a handler learns of the evaluation, and the lock it runs under.
fn writes(meter: &mut impl Meter) {
    let put = request(Method::PUT, &[(IF_MATCH, TAG)]);
    let bare = &mut Bare::of_size(KIB);
    service(
        meter,
        Row::new("bare PUT If-Match"),
        bare,
        &put,
        StatusCode::OK,
    );
    let unlocked = layer(tag()).writes(WritePolicy::optional().skip_lock());
    let row = Row::new("PUT checked").over("bare PUT If-Match");
    service(
        meter,
        row,
        &mut unlocked.layer(Bare::of_size(KIB)),
        &put,
        StatusCode::OK,
    );
    let row = Row::new("PUT checked and locked").over("bare PUT If-Match");
    service(meter, row, &mut tagged(), &put, StatusCode::OK);
    let row = Row::new("PUT checked and locked waited for").over("bare PUT If-Match");
    service(meter, row, &mut waiting(), &put, StatusCode::OK);
}

fn tag() -> Representation {
    Representation::tagged(EntityTag::from_static(TAG))
}

fn layer(current: impl Into<Current>) -> ConditionalLayer<Fixed> {
    ConditionalLayer::new(Fixed::new(current))
}

fn terse(policy: WritePolicy) -> ConditionalLayer<Fixed> {
    layer(tag())
        .writes(policy)
        .refuse_with(|refusal: &Refusal| refusal.to_terse())
}

type Layered<V> = Conditional<Bare<Full<Bytes>>, V>;

fn tagged() -> Layered<Fixed> {
    layer(tag()).layer(Bare::of_size(KIB))
}

fn tagged_and_dated() -> Layered<Fixed> {
    layer(tag().last_modified(CHANGED)).layer(Bare::of_size(KIB))
}

const CHANGED: HttpDate = match HttpDate::from_unix_seconds(1_735_689_600) {
    Some(date) => date,
    None => HttpDate::UNIX_EPOCH,
};

fn formatting() -> Layered<Formatting> {
    ConditionalLayer::new(Formatting).layer(Bare::of_size(KIB))
}

/// Knows a version at once, and writes tag and date for every request.
struct Formatting;

impl ValidatorSource for Formatting {
    type Resource = ();

    fn identify_now(&self, _: &mut Parts) -> Option<Result<(), Unidentified>> {
        Some(Ok(()))
    }

    fn known(&self, (): &()) -> Option<Found> {
        let tag = EntityTag::from_version(1_234_567);
        Some(Representation::tagged(tag).last_modified(CHANGED).into())
    }
}

fn waiting() -> Layered<impl ValidatorSource> {
    ConditionalLayer::new(super::waiting()).layer(Bare::of_size(KIB))
}
