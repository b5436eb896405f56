//! Evaluating If-None-Match alone: finding the field among four others, reading its tags, comparing.
//!
//! We look for all five fields of RFC 9110, the others for this one.

use actix_web::HttpRequest;
use actix_web::http::header::{EntityTag as ActixTag, Header, IfNoneMatch as ActixIfNoneMatch};
use actix_web::test::TestRequest;
use headers::HeaderMapExt;
use http::Method;
use http::header::{HeaderMap, IF_NONE_MATCH};
use tower_conditional::{Current, Decision, EntityTag, HttpDate, Preconditions};
use tower_conditional_benches::meter::Meter;

use super::{known, row};
use crate::request::{ORDINARY, OTHER, TAG, get, list_ending_in};

const OURS: &str = "tower-conditional";
const CASES: [(&str, usize, &str, bool); 6] = [
    ("1 tag, hit", 1, TAG, true),
    ("1 tag, miss", 1, OTHER, false),
    ("8 tags, hit last", 8, TAG, true),
    ("8 tags, miss", 8, OTHER, false),
    ("100 tags, hit last", 100, TAG, true),
    ("100 tags, miss", 100, OTHER, false),
];

pub(super) fn rows(meter: &mut impl Meter) {
    for (job, count, last, hit) in CASES {
        let field = (IF_NONE_MATCH, list_ending_in(count, last));
        let request = actix_request(field.1.clone());
        let head = get("/", Some(field));
        let fields = head.headers();
        let mut evaluate = |who, base, evaluate: &dyn Fn(&HeaderMap) -> bool| {
            assert_eq!(evaluate(fields), hit, "{who}: {job}");
            meter.row(row(job, who, base), || fields, evaluate);
        };
        let current = known(EntityTag::from_static(TAG));
        evaluate(OURS, None, &|fields| ours(fields, &current));
        let tag = TAG.parse::<headers::ETag>().expect("a tag");
        evaluate("headers", Some(OURS), &|fields| by_headers(fields, &tag));
        let tag = entity_tag::EntityTag::from_str(TAG).expect("a tag");
        let who = "entity-tag (split at commas)";
        evaluate(who, Some(OURS), &|fields| by_entity_tag(fields, &tag));
        let tag = TAG.parse::<etag::EntityTag>().expect("a tag");
        let who = "etag (split at commas)";
        evaluate(who, Some(OURS), &|fields| by_etag(fields, &tag));
        let tag = TAG.parse::<ActixTag>().expect("a tag");
        let by_actix = |request: &HttpRequest| by_actix(request, &tag);
        assert_eq!(by_actix(&request), hit, "actix-web: {job}");
        meter.row(row(job, "actix-web", Some(OURS)), || &request, by_actix);
    }
}

fn ours(fields: &HeaderMap, current: &Current) -> bool {
    let preconditions = Preconditions::parse(&Method::GET, fields, HttpDate::UNIX_EPOCH);
    preconditions.evaluate(current) == Decision::NotModified
}

fn by_headers(fields: &HeaderMap, tag: &headers::ETag) -> bool {
    let field = fields.typed_get::<headers::IfNoneMatch>();
    field.is_some_and(|field| !field.precondition_passes(tag))
}

fn by_entity_tag(fields: &HeaderMap, tag: &entity_tag::EntityTag<'_>) -> bool {
    let mut tags = split(fields).map(entity_tag::EntityTag::from_str);
    tags.any(|other| other.is_ok_and(|other| tag.weak_eq(&other)))
}

fn by_etag(fields: &HeaderMap, tag: &etag::EntityTag) -> bool {
    let mut tags = split(fields).map(str::parse::<etag::EntityTag>);
    tags.any(|other| other.is_ok_and(|other| tag.weak_eq(&other)))
}

/// These two crates compare tags, and leave it to us to find them.
fn split(fields: &HeaderMap) -> impl Iterator<Item = &str> {
    let value = fields.get(IF_NONE_MATCH);
    let value = value.and_then(|value| value.to_str().ok());
    value.unwrap_or_default().split(',').map(str::trim)
}

fn by_actix(request: &HttpRequest, tag: &ActixTag) -> bool {
    match ActixIfNoneMatch::parse(request) {
        Ok(ActixIfNoneMatch::Any) => true,
        Ok(ActixIfNoneMatch::Items(tags)) => tags.iter().any(|other| other.weak_eq(tag)),
        Err(_) => false,
    }
}

fn actix_request(value: String) -> HttpRequest {
    let request = TestRequest::default().insert_header(("if-none-match", value));
    let request = ORDINARY
        .into_iter()
        .fold(request, TestRequest::insert_header);
    request.to_http_request()
}
