//! Tags that an intermediary rewrote: refused with a reason by default, accepted as the original tag by choice.

use http::header::RANGE;
use tower_conditional::content_coding::RewrittenTags;
use tower_conditional::source::Fixed;
use tower_conditional::{BodyHash, ConditionalLayer, EntityTag, FromResponse, WritePolicy};

use crate::support::{Answer, Failures, Handler, request, send};

const OURS: EntityTag = EntityTag::from_static("\"x\"");

fn strict() -> ConditionalLayer<Fixed> {
    ConditionalLayer::new(Fixed::new(OURS))
}

fn tolerating_reads(rewrites: RewrittenTags) -> ConditionalLayer<Fixed> {
    strict().accept_rewritten_tags_on_reads(rewrites)
}

fn tolerating_writes(rewrites: RewrittenTags) -> ConditionalLayer<Fixed> {
    strict().writes(WritePolicy::optional().accept_rewritten_tags(rewrites))
}

fn handler() -> Handler {
    Handler::answering(200, &[("content-type", "text/plain")], "the body")
}

/// What a PUT with this If-Match gets: `200`, or the status and its reason.
fn put(layer: &ConditionalLayer<Fixed>, if_match: &str) -> String {
    let answer = send(layer, handler(), request("PUT", &[("if-match", if_match)]));
    match answer.status {
        200 => "200".to_owned(),
        status => format!("{status} {}", reason(&answer)),
    }
}

fn reason(answer: &Answer) -> String {
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    problem["reason"].as_str().unwrap().to_owned()
}

/// What a GET with this If-None-Match gets: the status, and the tag that comes with it.
fn get(layer: &ConditionalLayer<Fixed>, if_none_match: &str) -> String {
    let request = request("GET", &[("if-none-match", if_none_match)]);
    let answer = send(layer, handler(), request);
    format!("{} {}", answer.status, answer.field("etag").unwrap())
}

#[test]
fn a_strict_412_says_what_happened_to_the_tag() {
    let table = [
        ("\"x\"", "200"),
        ("\"x-gzip\"", "412 rewritten_tag"),
        ("\"x--gzip\"", "412 rewritten_tag"),
        ("\"x;gzip\"", "412 rewritten_tag"),
        ("\"x-br\"", "412 rewritten_tag"),
        ("\"x--br\"", "412 rewritten_tag"),
        ("\"x;br\"", "412 rewritten_tag"),
        ("\"x-zstd\"", "412 rewritten_tag"),
        ("\"x--zstd\"", "412 rewritten_tag"),
        ("\"x;zstd\"", "412 rewritten_tag"),
        ("\"x-deflate\"", "412 rewritten_tag"),
        ("W/\"x-gzip\"", "412 rewritten_tag"),
        ("W/\"x\"", "412 weak_tag"),
        ("\"y\", \"x-gzip\"", "412 rewritten_tag"),
        ("\"x-gzip\", W/\"x\"", "412 weak_tag"),
        // Whole tags, never prefixes.
        ("\"y-gzip\"", "412 stale"),
        ("\"x-gzi\"", "412 stale"),
        ("\"x-gzipp\"", "412 stale"),
        ("\"x-gzip-gzip\"", "412 stale"),
        ("\"xx-gzip\"", "412 stale"),
        ("\"-gzip\"", "412 stale"),
        ("\"x-GZIP\"", "412 stale"),
    ];
    let mut failures = Failures::default();
    for (if_match, expected) in table {
        failures.expect_eq(if_match, put(&strict(), if_match), expected.to_owned());
    }
    failures.assert_none();
}

#[test]
fn tolerant_writes_take_whole_tags_with_a_known_suffix() {
    let suffixes = tolerating_writes(RewrittenTags::suffixed());
    let weakened = tolerating_writes(RewrittenTags::weakened());
    let both = tolerating_writes(RewrittenTags::suffixed_or_weakened());
    let taken = |layer, if_match| put(layer, if_match) == "200";

    //            tag              suffixes weak   both
    let table = [
        ("\"x\"", [true, true, true]),
        ("\"x-gzip\"", [true, false, true]),
        ("\"x--gzip\"", [true, false, true]),
        ("\"x;gzip\"", [true, false, true]),
        ("\"x-br\"", [true, false, true]),
        ("\"x-zstd\"", [true, false, true]),
        ("\"x-deflate\"", [true, false, true]),
        ("\"x:s2\"", [false; 3]),
        ("W/\"x\"", [false, true, true]),
        ("W/\"x-gzip\"", [false, false, true]),
        ("\"y\", \"x-gzip\"", [true, false, true]),
        ("\"y-gzip\"", [false; 3]),
        ("\"x-gzi\"", [false; 3]),
        ("\"x-gzipp\"", [false; 3]),
        ("\"x-gzip-gzip\"", [false; 3]),
        ("\"xx-gzip\"", [false; 3]),
        ("\"-gzip\"", [false; 3]),
    ];
    let mut failures = Failures::default();
    for (if_match, expected) in table {
        let layers = [&suffixes, &weakened, &both];
        failures.expect_eq(
            if_match,
            layers.map(|layer| taken(layer, if_match)),
            expected,
        );
    }
    failures.assert_none();
    assert_eq!(put(&suffixes, "W/\"x\""), "412 weak_tag");
    assert_eq!(put(&suffixes, "\"x-gzip\", y"), "400 malformed");
}

#[test]
fn a_weak_tag_of_the_service_itself_satisfies_no_if_match() {
    let source = Fixed::new(EntityTag::from_static("W/\"x\""));
    let tolerant =
        WritePolicy::optional().accept_rewritten_tags(RewrittenTags::suffixed_or_weakened());
    let layer = ConditionalLayer::new(source).writes(tolerant);
    assert_eq!(put(&layer, "W/\"x\""), "412 weak_tag");
    assert_eq!(put(&layer, "\"x-gzip\""), "412 rewritten_tag");
}

#[test]
fn reads_and_writes_are_tolerated_separately() {
    let reads = tolerating_reads(RewrittenTags::suffixed());
    assert_eq!(get(&reads, "\"x-gzip\""), "304 \"x-gzip\"");
    assert_eq!(put(&reads, "\"x-gzip\""), "412 rewritten_tag");

    let writes = tolerating_writes(RewrittenTags::suffixed());
    assert_eq!(get(&writes, "\"x-gzip\""), "200 \"x\"");
    assert_eq!(put(&writes, "\"x-gzip\""), "200");
}

/// RFC 9111, section 4.3.4: what the 304 names is what the client refreshes.
#[test]
fn a_304_carries_the_tag_that_the_clients_edge_made() {
    let reads = tolerating_reads(RewrittenTags::suffixed());
    let both = tolerating_reads(RewrittenTags::suffixed_or_weakened());
    let table = [
        ("\"x\"", "304 \"x\"", "304 \"x\""),
        ("\"x-gzip\"", "304 \"x-gzip\"", "304 \"x-gzip\""),
        ("\"x--gzip\"", "304 \"x--gzip\"", "304 \"x--gzip\""),
        ("\"x:s2\"", "200 \"x\"", "200 \"x\""),
        ("W/\"x\"", "304 \"x\"", "304 W/\"x\""),
        ("W/\"x-gzip\"", "304 \"x-gzip\"", "304 W/\"x-gzip\""),
        ("\"y-gzip\", \"x-br\"", "304 \"x-br\"", "304 \"x-br\""),
        ("\"x-gzip\", \"x-br\"", "304 \"x-gzip\"", "304 \"x-gzip\""),
        // The tag as it is wins: this client has stored both.
        ("\"x-gzip\", \"x\"", "304 \"x\"", "304 \"x\""),
        ("\"x\", W/\"x\"", "304 \"x\"", "304 \"x\""),
        ("*", "304 \"x\"", "304 \"x\""),
        // Nothing that the client made up comes back.
        ("\"x-gzi\"", "200 \"x\"", "200 \"x\""),
        ("\"y-gzip\"", "200 \"x\"", "200 \"x\""),
        ("\"x-gzip-gzip\"", "200 \"x\"", "200 \"x\""),
        ("\"x-gzip\", y", "200 \"x\"", "200 \"x\""),
    ];
    let mut failures = Failures::default();
    for (if_none_match, of_reads, of_both) in table {
        failures.expect_eq(
            if_none_match,
            get(&reads, if_none_match),
            of_reads.to_owned(),
        );
        failures.expect_eq(if_none_match, get(&both, if_none_match), of_both.to_owned());
    }
    failures.assert_none();
}

#[test]
fn a_304_that_is_made_of_the_response_carries_it_too() {
    let tagged = Handler::answering(200, &[("etag", "\"x\"")], "the body");
    let layer = ConditionalLayer::new(FromResponse)
        .accept_rewritten_tags_on_reads(RewrittenTags::suffixed());
    let answer = send(
        &layer,
        tagged,
        request("GET", &[("if-none-match", "\"x-br\"")]),
    );
    assert_eq!(
        (answer.status, answer.field("etag")),
        (304, Some("\"x-br\""))
    );

    let layer = ConditionalLayer::new(BodyHash::strong())
        .accept_rewritten_tags_on_reads(RewrittenTags::suffixed());
    let whole = send(&layer, handler(), request("GET", &[] as &[(&str, &str)]));
    let rewritten = whole.field("etag").unwrap().replace("\"", "");
    let rewritten = format!("\"{rewritten}--gzip\"");
    let answer = send(
        &layer,
        handler(),
        request("GET", &[("if-none-match", &*rewritten)]),
    );
    assert_eq!(
        (answer.status, answer.field("etag")),
        (304, Some(&*rewritten))
    );
}

/// Section 13.1.5: the client has a part of compressed bytes; a range is of other bytes.
#[test]
fn if_range_is_false_on_a_rewritten_tag_however_tolerant_the_route() {
    let layer = tolerating_reads(RewrittenTags::suffixed_or_weakened()).trust_handler_version();
    let passes_range = |if_range: &str| {
        let handler = handler();
        let fields = [("range", "bytes=0-3"), ("if-range", if_range)];
        send(&layer, handler.clone(), request("GET", &fields));
        handler.seen_fields().contains_key(RANGE)
    };
    assert!(passes_range("\"x\""));
    assert!(!passes_range("\"x-gzip\""));
    assert!(!passes_range("W/\"x\""));
}
