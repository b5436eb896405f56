//! `ContentCodingLayer` around tower-http's compressor: `finish(compression(conditional(handler)))`.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use futures_util::stream;
use http::Request;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, RANGE};
use tower::ServiceExt;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::source::Fixed;
use tower_conditional::{BodyHash, ConditionalLayer, EntityTag, WritePolicy};
use tower_http::compression::CompressionLayer;

use crate::support::{Answer, Failures, Handler, T, fields, request, send};

const PAGE: &str = "A page that is long enough to be worth compressing, compressing, compressing.";

/// A page that a compressor takes for text.
pub(super) fn page() -> Handler {
    Handler::answering(200, &[("content-type", "text/plain")], PAGE)
}

type Stack = (
    ContentCodingLayer,
    CompressionLayer,
    ConditionalLayer<Fixed>,
);

fn stack(finish: ContentCodingLayer, tag: &'static str) -> Stack {
    let source = Fixed::new(EntityTag::from_static(tag));
    let policy = WritePolicy::optional();
    (
        finish,
        CompressionLayer::new(),
        ConditionalLayer::new(source).writes(policy),
    )
}

fn suffixing() -> Stack {
    stack(ContentCodingLayer::new(), "\"x\"")
}

fn accepting<'f>(codings: &'f str, fields: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let accept = ("accept-encoding", codings);
    let accept = (!codings.is_empty()).then_some(accept);
    fields.iter().copied().chain(accept).collect()
}

fn get(stack: &Stack, codings: &str, fields: &[(&str, &str)]) -> Answer {
    send(stack, page(), request("GET", &accepting(codings, fields)))
}

/// Status and tag.
fn status_and_tag(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.field("etag").unwrap_or("-"))
}

#[test]
fn a_200_tells_its_codings_apart() {
    let modes = [
        suffixing(),
        stack(ContentCodingLayer::new().weaken_tags(), "\"x\""),
    ];
    //   Accept-Encoding              coding           suffix        weaken
    #[rustfmt::skip]
    let table = [
        ("", None, ["\"x\"", "\"x\""]),
        ("identity", None, ["\"x\"", "\"x\""]),
        ("gzip", Some("gzip"), ["\"x-gzip\"", "W/\"x\""]),
        ("br", Some("br"), ["\"x-br\"", "W/\"x\""]),
        ("zstd", Some("zstd"), ["\"x-zstd\"", "W/\"x\""]),
        ("deflate", Some("deflate"), ["\"x-deflate\"", "W/\"x\""]),
        ("gzip;q=0", None, ["\"x\"", "\"x\""]),
        ("identity;q=0, gzip", Some("gzip"), ["\"x-gzip\"", "W/\"x\""]),
        ("*;q=0, gzip", Some("gzip"), ["\"x-gzip\"", "W/\"x\""]),
        ("gzip;q=0.5, br", Some("br"), ["\"x-br\"", "W/\"x\""]),
    ];
    let mut failures = Failures::default();
    for (codings, coding, tags) in table {
        for (mode, tag) in modes.iter().zip(tags) {
            let answer = get(mode, codings, &[]);
            let found = (
                answer.status,
                answer.field("content-encoding"),
                answer.field("etag"),
            );
            failures.expect_eq(codings, found, (200, coding, Some(tag)));
            failures.expect_eq(codings, answer.field("vary"), Some("accept-encoding"));
        }
    }
    failures.assert_none();
}

/// What the client saw, sent back. A 304 has the tag and the Vary of the 200 that it is about.
#[test]
fn a_read_revalidates_with_the_tag_that_the_client_saw() {
    let table = [
        ("gzip", "\"x-gzip\"", "304 \"x-gzip\""),
        ("br", "\"x-br\"", "304 \"x-br\""),
        ("zstd", "\"x-zstd\"", "304 \"x-zstd\""),
        ("deflate", "\"x-deflate\"", "304 \"x-deflate\""),
        ("gzip, br", "\"x-gzip\"", "304 \"x-gzip\""),
        ("*", "\"x-gzip\"", "304 \"x-gzip\""),
        ("GZIP ; Q=0.3", "\"x-gzip\"", "304 \"x-gzip\""),
        ("gzip", "\"x\"", "304 \"x\""),
        ("", "\"x\"", "304 \"x\""),
        ("gzip", "*", "304 \"x\""),
        // An intermediary has weakened it on top.
        ("gzip", "W/\"x-gzip\"", "304 W/\"x-gzip\""),
        // Lists with several forms: the one that this client would be sent.
        ("gzip", "\"x\", \"x-gzip\"", "304 \"x-gzip\""),
        ("gzip", "\"x-gzip\", \"x\"", "304 \"x-gzip\""),
        ("", "\"x-gzip\", \"x\"", "304 \"x\""),
        ("br", "\"y\", \"x-gzip\", \"x-br\"", "304 \"x-br\""),
        // A cache lists the tag of compressed bytes that it stores for others: this client could not read them.
        ("", "\"x-gzip\"", "200 \"x\""),
        ("identity", "\"x-gzip\"", "200 \"x\""),
        ("br", "\"x-gzip\"", "200 \"x-br\""),
        ("gzip;q=0, br", "\"x-gzip\"", "200 \"x-br\""),
        ("br, *;q=0", "\"x-gzip\"", "200 \"x-br\""),
        // Not ours.
        ("gzip", "\"y-gzip\"", "200 \"x-gzip\""),
        ("gzip", "\"x-gzip-gzip\"", "200 \"x-gzip\""),
        ("gzip", "\"x-compress\"", "200 \"x-gzip\""),
        // Malformed lists match nothing.
        ("gzip", "\"x-gzip", "200 \"x-gzip\""),
        ("gzip", "\"x-gzip\", x", "200 \"x-gzip\""),
        ("gzip", "*, \"x-gzip\"", "200 \"x-gzip\""),
    ];
    let mut failures = Failures::default();
    for (codings, if_none_match, expected) in table {
        let answer = get(&suffixing(), codings, &[("if-none-match", if_none_match)]);
        let row = format!("{codings:?} {if_none_match}");
        failures.expect_eq(&row, status_and_tag(&answer), expected.to_owned());
        failures.expect_eq(&row, answer.field("vary"), Some("accept-encoding"));
    }
    failures.assert_none();
}

#[test]
fn a_write_takes_the_tag_that_the_client_saw() {
    let table = [
        ("if-match", "\"x\"", "200"),
        ("if-match", "\"x-gzip\"", "200"),
        ("if-match", "\"x-br\"", "200"),
        ("if-match", "\"x-zstd\"", "200"),
        ("if-match", "\"x-deflate\"", "200"),
        ("if-match", "\"y\", \"x-gzip\"", "200"),
        ("if-match", "*", "200"),
        ("if-match", "\"y-gzip\"", "412 stale"),
        ("if-match", "\"x-gzip-gzip\"", "412 rewritten_tag"),
        ("if-match", "\"x--gzip\"", "412 rewritten_tag"),
        ("if-match", "W/\"x-gzip\"", "412 weak_tag"),
        ("if-match", "W/\"x\"", "412 weak_tag"),
        ("if-match", "\"x-gzip", "400 malformed"),
        ("if-match", "\"x-gzip\", x", "400 malformed"),
        ("if-match", "x-gzip", "400 malformed"),
        ("if-none-match", "\"x-gzip\"", "412 exists"),
        ("if-none-match", "\"y-gzip\"", "200"),
        ("if-none-match", "*", "412 exists"),
        ("if-none-match", "\"x-gzip\", x", "400 malformed"),
    ];
    let mut failures = Failures::default();
    for (field, list, expected) in table {
        let answer = send(&suffixing(), page(), request("PUT", &[(field, list)]));
        failures.expect_eq(
            format!("{field}: {list}"),
            outcome(&answer),
            expected.to_owned(),
        );
    }
    failures.assert_none();
}

/// The status of a write, and why it was refused.
fn outcome(answer: &Answer) -> String {
    match answer.status {
        200 => "200".to_owned(),
        status => {
            let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            format!("{status} {}", problem["reason"].as_str().unwrap())
        }
    }
}

/// One BodyHash in 260 000 ends in `-br`, and a tag must be good whatever its bytes are.
#[test]
fn a_tag_that_ends_like_a_suffix_by_chance_is_still_itself() {
    let stack = stack(ContentCodingLayer::new(), "\"digest-br\"");
    let read = |codings, tag| status_and_tag(&get(&stack, codings, &[("if-none-match", tag)]));
    assert_eq!(read("", "\"digest-br\""), "304 \"digest-br\"");
    assert_eq!(read("br", "\"digest-br\""), "304 \"digest-br\"");
    assert_eq!(read("br", "\"digest-br-br\""), "304 \"digest-br-br\"");
    assert_eq!(read("gzip", "\"digest\""), "200 \"digest-br-gzip\"");

    let write = |tag| outcome(&send(&stack, page(), request("PUT", &[("if-match", tag)])));
    assert_eq!(write("\"digest-br\""), "200");
    assert_eq!(write("\"digest-br-gzip\""), "200");
    assert_eq!(write("\"digest\""), "412 stale");
}

#[test]
fn a_malformed_list_goes_in_as_it_came() {
    for list in ["\"x-gzip", "\"x-gzip\", x", "*, \"x-gzip\"", "x-gzip", ""] {
        let handler = page();
        let fields = [("if-none-match", list), ("if-match", list)];
        send(
            &ContentCodingLayer::new(),
            handler.clone(),
            request("PUT", &fields),
        );
        let seen = handler.seen_fields();
        assert_eq!(seen["if-none-match"], list);
        assert_eq!(seen["if-match"], list);
    }
}

#[test]
fn the_weak_form_is_for_reading() {
    let stack = stack(ContentCodingLayer::new().weaken_tags(), "\"x\"");
    let read = |tag| status_and_tag(&get(&stack, "gzip", &[("if-none-match", tag)]));
    assert_eq!(read("W/\"x\""), "304 W/\"x\"");
    assert_eq!(read("\"y\", W/\"x\""), "304 W/\"x\"");
    assert_eq!(read("\"x\""), "304 \"x\"");
    assert_eq!(read("\"x-gzip\""), "200 W/\"x\"");

    let write = |tag| outcome(&send(&stack, page(), request("PUT", &[("if-match", tag)])));
    assert_eq!(write("W/\"x\""), "412 weak_tag");
    assert_eq!(write("\"x\""), "200");
}

/// Section 13.1.5, and 13.1.1 where If-Match guards a range: compressors leave a 206 alone.
/// Without a compressor no tag is that of a coding, so that a rewritten tag stays one that this service has not made.
#[test]
fn tags_that_are_left_are_neither_undone_nor_varied() {
    let (layer, _, conditional) = stack(ContentCodingLayer::new().leave_tags(), "\"x\"");
    let stack = (layer, conditional);
    let get = |fields: &[(&str, &str)]| {
        let request = request("GET", &accepting("gzip", fields));
        send(&stack, page(), request)
    };
    for (fields, status) in [
        (&[][..], 200),
        (&[("if-none-match", "\"x\"")], 304),
        (&[("if-none-match", "\"x-gzip\"")], 200),
    ] {
        let answer = get(fields);
        assert_eq!(answer.status, status, "{fields:?}");
        assert_eq!(answer.field("etag"), Some("\"x\""), "{fields:?}");
        assert_eq!(answer.field("vary"), None, "{fields:?}");
    }
    assert_eq!(get(&[("if-match", "\"x-gzip\"")]).status, 412);
}

#[test]
fn a_range_of_identity_bytes_is_not_put_behind_coded_bytes() {
    let (suffix, weaken) = (
        ContentCodingLayer::new(),
        ContentCodingLayer::new().weaken_tags(),
    );
    //   mode    Accept-Encoding  field  validator        the range goes in
    let table = [
        (suffix, "gzip", "if-range", "\"x\"", true),
        (suffix, "gzip", "if-range", "\"x-gzip\"", false),
        (suffix, "", "if-range", "\"x-gzip\"", false),
        (suffix, "gzip", "if-range", T, false),
        (suffix, "identity", "if-range", T, true),
        (suffix, "identity;q=1, *;q=0", "if-range", T, true),
        (suffix, "", "if-range", T, true),
        (suffix, "gzip", "if-match", "\"x\"", true),
        (suffix, "gzip", "if-match", "\"x-gzip\"", false),
        (weaken, "gzip", "if-range", "\"x\"", true),
        (weaken, "gzip", "if-range", T, false),
        (weaken, "gzip", "if-match", "\"x\"", true),
        // The part that this client has may be of other bytes.
        (suffix, "gzip", "user-agent", "x", true),
    ];
    let mut failures = Failures::default();
    for (mode, codings, field, validator, expected) in table {
        let handler = page();
        let fields = accepting(codings, &[("range", "bytes=0-3"), (field, validator)]);
        send(&mode, handler.clone(), request("GET", &fields));
        let passed = handler.seen_fields().contains_key(RANGE);
        failures.expect_eq(
            format!("{mode:?} {codings} {field}: {validator}"),
            passed,
            expected,
        );
    }
    failures.assert_none();
}

#[test]
fn a_suffixed_if_range_gets_the_whole_coded_200() {
    let fields = [("range", "bytes=0-3"), ("if-range", "\"x-gzip\"")];
    let answer = get(&suffixing(), "gzip", &fields);
    assert_eq!(status_and_tag(&answer), "200 \"x-gzip\"");
    assert_eq!(answer.field("content-encoding"), Some("gzip"));
}

#[test]
fn a_304_and_a_204_have_no_content_whatever_was_put_on_them() {
    let fields = [
        ("etag", "\"x\""),
        ("content-length", "8"),
        ("content-encoding", "gzip"),
        ("transfer-encoding", "chunked"),
        ("cache-control", "no-cache"),
    ];
    for (status, has_content) in [(304, false), (204, false), (200, true), (404, true)] {
        let inner = Handler::answering(status, &fields, "the body");
        let answer = send(
            &ContentCodingLayer::new(),
            inner,
            request("GET", &fields[..0]),
        );
        assert_eq!(!answer.body.is_empty(), has_content, "{status}");
        for name in ["content-length", "content-encoding", "transfer-encoding"] {
            assert_eq!(
                answer.headers.contains_key(name),
                has_content,
                "{status} {name}"
            );
        }
        assert_eq!(answer.field("cache-control"), Some("no-cache"), "{status}");
    }
}

/// A tag that was made after the compression differs for each coding already.
#[test]
fn a_response_that_was_coded_before_it_was_tagged_keeps_its_tag() {
    let coded = || Handler::answering(200, &[("content-encoding", "gzip")], "not really gzip");
    let hashing = (
        ContentCodingLayer::new(),
        ConditionalLayer::new(BodyHash::strong()),
    );
    let answer = send(
        &hashing,
        coded(),
        request("GET", &[("accept-encoding", "gzip")]),
    );
    let tag = answer.field("etag").unwrap();
    assert!(!tag.contains("gzip"), "{tag}");
    let fields = [("accept-encoding", "gzip"), ("if-none-match", tag)];
    let again = send(&hashing, coded(), request("GET", &fields));
    assert_eq!(status_and_tag(&again), format!("304 {tag}"));

    let looked_up = ConditionalLayer::new(Fixed::new(EntityTag::from_static("\"x.gz\"")));
    let answer = send(
        &(ContentCodingLayer::new(), looked_up),
        coded(),
        request("GET", &fields),
    );
    assert_eq!(answer.field("etag"), Some("\"x.gz\""));
}

#[test]
fn without_the_conditional_layer_a_tag_on_coded_bytes_gets_its_coding() {
    //   Content-Encoding    suffix             weaken
    let table = [
        ("gzip", "\"x-gzip\"", "W/\"x\""),
        ("GZIP", "\"x-gzip\"", "W/\"x\""),
        // It would not be recognised on the way in.
        ("compress", "W/\"x\"", "W/\"x\""),
        ("gzip, br", "W/\"x\"", "W/\"x\""),
    ];
    for (coding, suffixed, weakened) in table {
        let fields = [("etag", "\"x\""), ("content-encoding", coding)];
        let inner = || Handler::answering(200, &fields, "coded");
        for (mode, expected) in [
            (ContentCodingLayer::new(), suffixed),
            (ContentCodingLayer::new().weaken_tags(), weakened),
        ] {
            let answer = send(&mode, inner(), request("GET", &fields[..0]));
            assert_eq!(answer.field("etag"), Some(expected), "{coding}");
        }
    }
}

#[test]
fn what_has_no_validator_or_is_no_representation_stays_as_it_is() {
    let gzip = [("content-encoding", "gzip"), ("content-type", "text/plain")];
    let untagged = Handler::answering(200, &gzip, "coded");
    let answer = send(
        &ContentCodingLayer::new(),
        untagged,
        request("GET", &gzip[..0]),
    );
    assert_eq!(answer.headers, fields(&gzip));

    // The tag of a 412 is the resource's; the compressed bytes are those of the refusal's text.
    let refused = get(&suffixing(), "gzip", &[("if-match", "\"y\"")]);
    assert_eq!(status_and_tag(&refused), "412 \"x\"");
    assert_eq!(refused.field("content-encoding"), Some("gzip"));

    let not_tags = Handler::answering(200, &[("etag", "x"), ("content-encoding", "gzip")], "coded");
    let answer = send(
        &ContentCodingLayer::new(),
        not_tags,
        request("GET", &gzip[..0]),
    );
    assert_eq!(answer.field("etag"), Some("x"));
}

/// tower-http does not compress a HEAD whose body an inner service removed: it states the identity tag, and both
/// tags are good for the next request.
#[test]
fn head_states_the_tag_of_what_was_not_coded() {
    let inner = Handler::answering(200, &[("content-type", "text/plain")], "");
    let head = |fields: &[(&str, &str)]| {
        let request = request("HEAD", &accepting("gzip", fields));
        send(&suffixing(), inner.clone(), request)
    };
    assert_eq!(status_and_tag(&head(&[])), "200 \"x\"");
    assert_eq!(
        status_and_tag(&head(&[("if-none-match", "\"x-gzip\"")])),
        "304 \"x-gzip\""
    );
    assert_eq!(
        status_and_tag(&head(&[("if-none-match", "\"x\"")])),
        "304 \"x\""
    );
}

/// tower-http 0.7 makes everything a 406 for a client that takes no coding and not identity either. For a 304 that
/// is right: the request without its preconditions would have been a 406 as well (section 13.2.1).
/// If an inner service removed the content, as a router does, there is no length to state: 0 would be that of another
/// content (RFC 9110, section 8.6).
#[test]
fn head_states_no_length_of_what_is_gone() {
    let streamed = async || Body::from_stream(stream::iter([Ok::<_, Infallible>("streamed")]));
    let router = Router::new().route("/r", on_get(streamed));
    let fields: [(&str, &str); 0] = [];
    for (method, body) in [("GET", "streamed"), ("HEAD", "")] {
        let inner = router
            .clone()
            .map_request(|request: Request<_>| request.map(Body::new));
        let answer = send(&ContentCodingLayer::new(), inner, request(method, &fields));
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, body.as_bytes()),
            "{method}"
        );
        assert_eq!(answer.field("content-length"), None, "{method}");
    }
}

#[test]
fn a_client_that_accepts_no_coding_gets_406() {
    for codings in ["*;q=0", "identity;q=0"] {
        for fields in [
            &[][..],
            &[("if-none-match", "\"x\"")],
            &[("if-none-match", "\"x-gzip\"")],
        ] {
            assert_eq!(
                get(&suffixing(), codings, fields).status,
                406,
                "{codings} {fields:?}"
            );
        }
    }
}

/// The same for a write, which has been performed by then. `ContentCodingLayer` cannot know what the answer was.
#[test]
fn tower_http_calls_a_write_not_acceptable_after_the_fact() {
    let handler = page();
    let fields = accepting("*;q=0", &[("if-match", "\"x\"")]);
    let answer = send(&suffixing(), handler.clone(), request("PUT", &fields));
    assert_eq!((answer.status, handler.calls()), (406, 1));
}

/// Compressors without a lower limit code even nothing.
#[test]
fn a_304_stays_empty_behind_a_compressor_that_codes_everything() {
    let eager = CompressionLayer::new().compress_when(|_, _, _: &_, _: &_| true);
    let source = Fixed::new(EntityTag::from_static("\"x\""));
    let stack = (
        ContentCodingLayer::new(),
        eager,
        ConditionalLayer::new(source),
    );
    let fields = accepting("gzip", &[("if-none-match", "\"x-gzip\"")]);
    let answer = send(&stack, page(), request("GET", &fields));
    assert_eq!(status_and_tag(&answer), "304 \"x-gzip\"");
    assert!(answer.body.is_empty());
    assert!(!answer.headers.contains_key(CONTENT_ENCODING));
    assert!(!answer.headers.contains_key(CONTENT_LENGTH));
}

/// Several lines of one list are one list (section 5.3), and so is Accept-Encoding.
#[test]
fn lists_of_several_lines_are_one_list() {
    let fields = [
        ("if-none-match", "\"y\""),
        ("if-none-match", "\"x-gzip\""),
        ("accept-encoding", "br;q=0"),
        ("accept-encoding", "gzip"),
    ];
    let answer = send(&suffixing(), page(), request("GET", &fields));
    assert_eq!(status_and_tag(&answer), "304 \"x-gzip\"");
}

/// A Vary that is there is kept, and not doubled.
/// http 1.5 panics where three lines or more are replaced by one in place.
#[test]
fn many_lines_are_one_list_too() {
    for field in ["if-none-match", "if-match"] {
        for lines in 2..6 {
            let mut sent = vec![(field, "\"old\""); lines];
            sent.push((field, "\"x-gzip\""));
            let answer = get(&suffixing(), "gzip", &sent);
            let wanted = if field == "if-match" { 200 } else { 304 };
            assert_eq!(answer.status, wanted, "{lines} lines of {field}");
        }
    }
}

#[test]
fn vary_is_extended() {
    let table = [
        ("accept", "accept, accept-encoding"),
        ("Accept-Encoding", "Accept-Encoding"),
        ("*", "*"),
    ];
    for (before, after) in table {
        let fields = [("etag", "\"x\""), ("vary", before)];
        let inner = Handler::answering(200, &fields, "the body");
        let answer = send(
            &ContentCodingLayer::new(),
            inner,
            request("GET", &fields[..0]),
        );
        assert_eq!(answer.field("vary"), Some(after));
    }
}
