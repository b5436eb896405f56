//! Evaluating If-Modified-Since alone. We look for all five fields of RFC 9110, the others for this one.

use std::time::{Duration, SystemTime};

use headers::HeaderMapExt;
use http::Method;
use http::header::{HeaderMap, IF_MODIFIED_SINCE};
use tower_conditional::{Current, Decision, EntityTag, HttpDate, Preconditions, Representation};
use tower_conditional_benches::meter::Meter;

use super::{known, row};
use crate::request::{TAG, get};

const OURS: &str = "tower-conditional";
const CHANGED: u64 = 1_735_689_600;
const CASES: [(&str, &str); 2] = [
    (
        "If-Modified-Since, the same date",
        "Wed, 01 Jan 2025 00:00:00 GMT",
    ),
    ("If-Modified-Since, later", "Thu, 02 Jan 2025 00:00:00 GMT"),
];

pub(super) fn rows(meter: &mut impl Meter) {
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(CHANGED);
    let tag = EntityTag::from_static(TAG);
    let current = known(Representation::tagged(tag).last_modified(HttpDate::from(changed)));
    for (job, date) in CASES {
        let head = get("/", Some((IF_MODIFIED_SINCE, date.into())));
        let fields = head.headers();
        let mut evaluate = |who, base, evaluate: &dyn Fn(&HeaderMap) -> bool| {
            assert!(evaluate(fields), "{who}: {job}");
            meter.row(row(job, who, base), || fields, evaluate);
        };
        evaluate(OURS, None, &|fields| ours(fields, &current));
        evaluate("headers", Some(OURS), &|fields| by_headers(fields, changed));
        evaluate("httpdate", Some(OURS), &|fields| {
            by_httpdate(fields, changed)
        });
    }
}

/// The clock is long past the date of the target, as that of a server is.
fn ours(fields: &HeaderMap, current: &Current) -> bool {
    let now = HttpDate::from_unix_seconds(1_750_000_000).unwrap_or(HttpDate::UNIX_EPOCH);
    let preconditions = Preconditions::parse(&Method::GET, fields, now);
    preconditions.evaluate(current) == Decision::NotModified
}

fn by_headers(fields: &HeaderMap, changed: SystemTime) -> bool {
    let field = fields.typed_get::<headers::IfModifiedSince>();
    field.is_some_and(|field| !field.is_modified(changed))
}

fn by_httpdate(fields: &HeaderMap, changed: SystemTime) -> bool {
    let value = fields
        .get(IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok());
    let date = value.and_then(|value| httpdate::parse_http_date(value).ok());
    date.is_some_and(|date| changed <= date)
}
