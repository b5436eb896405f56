//! Tags that are sent weak, and satisfy If-Match all the same: the deviation from RFC 9110, section 13.1.1, that FHIR,
//! SCIM and OData ask for.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_RANGE, RANGE};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::content_coding::{ContentCodingLayer, RewrittenTags};
use tower_conditional::handler::NewVersion;
use tower_conditional::observe::Outcome;
use tower_conditional::precondition::Field;
use tower_conditional::source::{Fixed, InMemoryVersions};
use tower_conditional::{
    BodyHash, Checked, ConditionalLayer, Current, EntityTag, Found, FromResponse,
    PreconditionFailed, Reason, Refusal, Representation, SourceError, ValidatorSource, WritePolicy,
    source_fn,
};

use crate::support::source;
use crate::support::{
    self, Answer, Failures, Handler, Record, T, date, now, request, response, send,
};

const V1: EntityTag = EntityTag::from_static("\"v1\"");
const OWN_WEAK: EntityTag = EntityTag::from_static("W/\"v1\"");

fn weak<V: ValidatorSource>(source: V) -> ConditionalLayer<V> {
    ConditionalLayer::new(source)
        .use_clock(now)
        .send_weak_tags()
}

fn handler() -> Handler {
    Handler::answering(200, &[], "hello world")
}

/// All lines of the field, as text.
fn tags(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.get_all(ETAG).iter();
    lines.map(|line| line.to_str().unwrap()).collect()
}

fn put<V: ValidatorSource>(layer: &ConditionalLayer<V>, if_match: &str) -> String {
    let answer = send(layer, handler(), request("PUT", &[("if-match", if_match)]));
    match answer.status {
        200 => "200".to_owned(),
        status => format!("{status} {}", answer.problem("reason")),
    }
}

/// Whoever has set the tag, and whatever the answer is.
#[test]
fn no_strong_tag_leaves() {
    let stating = |status, tag| Handler::answering(status, &[("etag", tag)], "hello world");
    let show = WritePolicy::optional().show_validators();
    let applied = WritePolicy::optional().answer_if_applied(|_, _| async {
        Some(Response::builder().header(ETAG, "\"v2\"").body("").unwrap())
    });
    let fixed = || weak(Fixed::new(V1));
    let asked = || weak(source::looked_up(V1));
    let computed = || weak(BodyHash::strong());
    let no_fields: [(&str, &str); 0] = [];
    let all: Vec<(&str, Answer)> = vec![
        ("200", send(&fixed(), handler(), request("GET", &[]))),
        ("200 asked", send(&asked(), handler(), request("GET", &[]))),
        ("200 HEAD", send(&fixed(), handler(), request("HEAD", &[]))),
        (
            "200 stated",
            send(&fixed(), stating(200, "\"v2\""), request("GET", &[])),
        ),
        ("200 trusted", {
            send(
                &fixed().trust_handler_version(),
                stating(200, "\"v2\""),
                request("GET", &[]),
            )
        }),
        (
            "200 not looked up",
            send(
                &weak(FromResponse),
                stating(200, "\"v2\""),
                request("GET", &[]),
            ),
        ),
        (
            "200 computed",
            send(&computed(), handler(), request("GET", &[])),
        ),
        (
            "200 HEAD computed",
            send(&computed(), handler(), request("HEAD", &[])),
        ),
        (
            "206",
            send(
                &fixed(),
                stating(206, "\"v1\""),
                request("GET", &[("range", "bytes=0-3")]),
            ),
        ),
        (
            "304",
            send(
                &fixed(),
                handler(),
                request("GET", &[("if-none-match", "\"v1\"")]),
            ),
        ),
        (
            "304 asked",
            send(
                &asked(),
                handler(),
                request("GET", &[("if-none-match", "W/\"v1\"")]),
            ),
        ),
        (
            "304 any",
            send(
                &fixed(),
                handler(),
                request("GET", &[("if-none-match", "*")]),
            ),
        ),
        ("304 of the response", {
            send(
                &weak(FromResponse),
                stating(200, "\"v2\""),
                request("GET", &[("if-none-match", "\"v2\"")]),
            )
        }),
        (
            "304 computed",
            send(
                &computed(),
                handler(),
                request("GET", &[("if-none-match", "*")]),
            ),
        ),
        (
            "412 GET",
            send(
                &fixed(),
                handler(),
                request("GET", &[("if-match", "\"v0\"")]),
            ),
        ),
        ("412 PUT", {
            send(
                &fixed().writes(show.clone()),
                handler(),
                request("PUT", &[("if-match", "\"v0\"")]),
            )
        }),
        ("412 PUT asked", {
            send(
                &asked().writes(show),
                handler(),
                request("PUT", &[("if-match", "\"v0\"")]),
            )
        }),
        ("412 recovered", {
            let layer = fixed().recover_with(stating(200, "\"v1\""));
            send(
                &layer,
                handler(),
                request("PUT", &[("if-match", "\"v0\""), PREFER]),
            )
        }),
        ("412 lost and recovered", {
            let layer = fixed().recover_with(stating(200, "\"v1\""));
            let lost = |_: &_| PreconditionFailed::stale().to_response().map(Full::from);
            send(
                &layer,
                Handler::new(lost),
                request("PUT", &[("if-match", "\"v1\""), PREFER]),
            )
        }),
        (
            "new version by PATCH",
            send(&fixed(), stored(NewVersion::new(V1)), request("PATCH", &[])),
        ),
        ("new version by PUT", {
            send(
                &asked(),
                stored(NewVersion::stored_verbatim(V1)),
                request("PUT", &[("if-match", "\"v1\"")]),
            )
        }),
        (
            "stated by a write",
            send(&fixed(), stating(201, "\"v2\""), request("POST", &[])),
        ),
        ("applied before", {
            send(
                &fixed().writes(applied),
                handler(),
                request("PUT", &[("if-match", "\"v0\"")]),
            )
        }),
        (
            "404",
            send(
                &weak(Fixed::new(Current::absent())),
                stating(404, "\"v2\""),
                request("GET", &[]),
            ),
        ),
        (
            "OPTIONS",
            send(&fixed(), stating(200, "\"v2\""), request("OPTIONS", &[])),
        ),
        ("refused by the source", {
            let refusing = source::scripted(|_| {
                Err(SourceError::refused(response::<Bytes>(
                    403,
                    &[("etag", "\"v2\"")],
                    "",
                )))
            });
            send(&weak(refusing), handler(), request("GET", &[]))
        }),
        ("the application's refusal", {
            let layer = fixed().refuse_with(|refusal: &Refusal| {
                let mut answer = refusal.to_terse();
                answer
                    .headers_mut()
                    .insert(ETAG, HeaderValue::from_static("\"v2\""));
                answer
            });
            send(&layer, handler(), request("PUT", &[("if-match", "\"v0\"")]))
        }),
        ("two lines", {
            let two = [("etag", "\"v2\""), ("etag", "\"v3\"")];
            send(
                &fixed(),
                Handler::answering(200, &two, ""),
                request("GET", &[]),
            )
        }),
        (
            "blanks around",
            send(&fixed(), stating(200, " \"v2\"\t"), request("GET", &[])),
        ),
        ("nothing but a tag of its own", {
            send(
                &weak(Fixed::new(OWN_WEAK)),
                Handler::answering(200, &no_fields, ""),
                request("GET", &[]),
            )
        }),
    ];
    let mut failures = Failures::default();
    for (what, answer) in all {
        let tags = tags(&answer);
        let are_weak = !tags.is_empty() && tags.iter().all(|tag| is_weak(tag));
        failures.expect_eq(
            what,
            (answer.status, &tags, are_weak),
            (answer.status, &tags, true),
        );
    }
    failures.assert_none();
}

const PREFER: (&str, &str) = ("prefer", "return=representation");

fn is_weak(tag: &str) -> bool {
    tag.parse().is_ok_and(|tag: EntityTag| tag.is_weak())
}

fn stored(new: NewVersion) -> Handler {
    Handler::new(move |_| {
        let mut response: Response<Full<Bytes>> = response(200, &[], "");
        response.extensions_mut().insert(new.clone());
        response
    })
}

/// What is not a tag is nobody's tag: it stays for whoever reads it.
#[test]
fn what_is_not_a_tag_stays() {
    for text in ["v2", "w/\"v2\"", "\"a\", \"b\"", "W/\"v2\"", ""] {
        let handler = Handler::answering(200, &[("etag", text)], "");
        let answer = send(&weak(Fixed::new(V1)), handler, request("GET", &[]));
        assert_eq!(answer.tag(), text);
    }
}

/// The model: the layer without the option, behind somebody who weakens the tags of responses, makes those in If-Match
/// strong, and removes Range under If-Range. A handler may write its tags in either form.
#[test]
fn it_is_the_strict_layer_behind_a_translator() {
    const IM: [&str; 8] = [
        "",
        "\"v1\"",
        "W/\"v1\"",
        "W/\"v0\"",
        "*",
        "W/\"v0\", W/\"v1\"",
        "v1",
        "W/\"v1-gzip\"",
    ];
    const INM: [&str; 4] = ["", "W/\"v1\"", "\"v0\"", "*"];
    const IR: [&str; 3] = ["", "\"v1\"", T];
    let strong_date = Representation::tagged(V1).strong_last_modified(date(T));
    let states: [Current; 6] = [
        V1.into(),
        strong_date.into(),
        Representation::new().strong_last_modified(date(T)).into(),
        Representation::new().into(),
        Current::absent(),
        Current::Unknown,
    ];
    let mut failures = Failures::default();
    let mut seen = 0;
    for state in &states {
        for stated in ["", "\"v1\"", "W/\"v1\"", "W/\"v2\""] {
            if matches!(state, Current::Unknown) && stated.starts_with('W') {
                continue; // Nobody has said what the strong form is.
            }
            for method in ["GET", "HEAD", "PUT", "DELETE"] {
                for (im, inm, ir) in every(&IM, &INM, &IR) {
                    let given = [
                        (IM_NAME, im),
                        ("if-none-match", inm),
                        ("if-range", ir),
                        ("range", "bytes=0-3"),
                    ];
                    let given: Vec<_> = given
                        .into_iter()
                        .filter(|(_, text)| !text.is_empty())
                        .collect();
                    let ours = send(
                        &weak(Fixed::new(state.clone())),
                        ranged(stated),
                        request(method, &given),
                    );
                    let theirs = translated(state, stated, method, &given);
                    failures.expect_eq(
                        format!("{state:?} {stated} {method} {given:?}"),
                        &ours,
                        &theirs,
                    );
                    seen += usize::from(ours.status == 206) + usize::from(ours.status == 412);
                }
            }
        }
    }
    assert!(seen > 100, "the table must reach both");
    failures.assert_none();
}

const IM_NAME: &str = "if-match";

fn every<'t>(
    first: &'t [&str],
    second: &'t [&str],
    third: &'t [&str],
) -> impl Iterator<Item = (&'t str, &'t str, &'t str)> {
    first.iter().flat_map(move |a| {
        let pairs = second
            .iter()
            .flat_map(move |b| third.iter().map(move |c| (*b, *c)));
        pairs.map(move |(b, c)| (*a, b, c))
    })
}

/// A handler that states a tag, and knows ranges but no preconditions.
fn ranged(stated: &str) -> Handler {
    let stated: Vec<(String, String)> = if stated.is_empty() {
        Vec::new()
    } else {
        vec![("etag".to_owned(), stated.to_owned())]
    };
    Handler::new(move |head| {
        let is_part = head.method == "GET" && head.headers.contains_key(RANGE);
        let stated: Vec<_> = stated
            .iter()
            .map(|(name, text)| (&name[..], &text[..]))
            .collect();
        match is_part {
            true => response(206, &stated, "hell"),
            false => response(200, &stated, "hello world"),
        }
    })
}

fn translated(state: &Current, stated: &str, method: &str, given: &[(&str, &str)]) -> Answer {
    let mut request: Request<Full<Bytes>> = request(method, given);
    let headers = request.headers_mut();
    if headers.contains_key(IF_RANGE) && matches!(method, "GET" | "HEAD") {
        headers.remove(RANGE);
    }
    if let Some(list) = headers.get(IF_MATCH) {
        let list = list.to_str().unwrap().replace("W/", "");
        headers.insert(IF_MATCH, list.parse().unwrap());
    }
    let layer = ConditionalLayer::new(Fixed::new(state.clone())).use_clock(now);
    let mut answer = send(&layer, ranged(stated.trim_start_matches("W/")), request);
    if let Some(tag) = answer.headers.get(ETAG) {
        let weakened = format!("W/{}", tag.to_str().unwrap());
        answer.headers.insert(ETAG, weakened.parse().unwrap());
    }
    answer
}

/// Neither a tag nor a date, and whatever state the source states: Range never arrives beside If-Range.
#[test]
fn if_range_is_never_satisfied() {
    let strong = Representation::tagged(V1).strong_last_modified(date(T));
    let found = Found::from(strong.clone()).with("hello world");
    let loading = || {
        let found = found.clone();
        let identify = |head: &Parts| head.uri.path().to_owned();
        source_fn(found, identify, async |_, found| {
            Ok::<Found, SourceError>(found)
        })
    };
    let states = [
        strong.into(),
        Current::absent(),
        Current::Unknown,
        Current::Delegated,
    ];
    for if_range in ["\"v1\"", "W/\"v1\"", T, "x"] {
        let given = [("range", "bytes=0-3"), ("if-range", if_range)];
        for state in &states {
            for method in ["GET", "HEAD", "QUERY"] {
                let handler = handler();
                let layer = weak(Fixed::new(state.clone())).trust_handler_version();
                send(&layer, handler.clone(), request(method, &given));
                let seen = handler.seen_fields();
                assert!(!seen.contains_key(RANGE), "{state:?} {method} {if_range}");
            }
        }
        let handler = handler();
        send(&weak(loading()), handler.clone(), request("GET", &given));
        assert!(!handler.seen_fields().contains_key(RANGE), "{if_range}");
    }
    // A Range without If-Range is the handler's.
    let handler = handler();
    send(
        &weak(Fixed::new(V1)),
        handler.clone(),
        request("GET", &[("range", "bytes=0-3")]),
    );
    assert!(handler.seen_fields().contains_key(RANGE));
}

/// A weak tag of the source's own could be shared by two versions, so no write is compared with it.
#[test]
fn a_source_with_weak_tags_is_unavailable_for_conditional_writes() {
    let beside = Representation::tagged(V1).other_tags([EntityTag::from_static("W/\"v1-ttl\"")]);
    for current in [Representation::tagged(OWN_WEAK), beside] {
        for method in ["PUT", "PATCH", "DELETE", "POST"] {
            for given in [
                ("if-match", "W/\"v1\""),
                ("if-match", "\"v1\""),
                ("if-match", "\"v0\""),
                ("if-match", "*"),
                ("if-none-match", "*"),
                ("if-none-match", "W/\"v0\""),
                ("if-unmodified-since", T),
            ] {
                let (handler, record) = (handler(), Record::default());
                let layer = weak(Fixed::new(current.clone())).observe(record.hook());
                let answer = send(&layer, handler.clone(), request(method, &[given]));
                assert_eq!(
                    (answer.status, answer.problem("reason").as_str()),
                    (503, "source")
                );
                assert_eq!(answer.problem("error"), "precondition_unavailable");
                assert!(answer.headers.contains_key("retry-after"));
                assert_eq!(handler.calls(), 0);
                let event = record.take();
                assert_eq!(
                    (event.outcome, event.reason),
                    (Outcome::Refused, Some(Reason::Source))
                );
                let error = event.error.expect("the cause");
                assert!(error.contains("send_weak_tags()"), "{error}");
                let text = std::str::from_utf8(&answer.body).unwrap();
                assert!(!text.contains("send_weak_tags"), "{text}");
            }
        }
    }
    // Nothing has to be compared.
    let (handler, record) = (handler(), Record::default());
    let layer = weak(Fixed::new(OWN_WEAK)).observe(record.hook());
    assert_eq!(
        send(&layer, handler.clone(), request("PUT", &[])).status,
        200
    );
    assert_eq!((handler.calls(), record.take_all().len()), (1, 0));
    // Without the option it is the client that gets to know it, as before.
    assert_eq!(
        put(&ConditionalLayer::new(Fixed::new(OWN_WEAK)), "W/\"v1\""),
        "412 weak_tag"
    );
    assert_eq!(
        put(&layer.writes(WritePolicy::required()), "W/\"v1\""),
        "503 source"
    );
}

/// Reads over such a source work as ever, and their events name the cause.
#[test]
fn reads_over_a_source_with_weak_tags_work() {
    let record = Record::default();
    let layer = weak(Fixed::new(OWN_WEAK)).observe(record.hook());
    assert_eq!(
        send(&layer, handler(), request("GET", &[])).tag(),
        "W/\"v1\""
    );
    assert!(record.take_all().is_empty());
    for (tag, status, outcome) in [
        ("W/\"v1\"", 304, Outcome::NotModified),
        ("\"v1\"", 304, Outcome::NotModified),
        ("\"v0\"", 200, Outcome::Proceeded),
    ] {
        let answer = send(&layer, handler(), request("GET", &[("if-none-match", tag)]));
        assert_eq!((answer.status, answer.tag()), (status, "W/\"v1\""));
        let event = record.take();
        assert_eq!(event.outcome, outcome);
        assert!(event.error.expect("the cause").contains("send_weak_tags()"));
    }
    // A strong source has no such event, also where the client lists the tag as it was sent.
    let layer = weak(Fixed::new(V1)).observe(record.hook());
    send(
        &layer,
        handler(),
        request("GET", &[("if-none-match", "W/\"v1\"")]),
    );
    send(
        &layer,
        handler(),
        request("GET", &[("if-none-match", "W/\"v0\"")]),
    );
    assert!(record.take_all().iter().all(|event| event.error.is_none()));
}

/// A handler that the probe asks may state weak tags of its own as well.
#[tokio::test]
async fn a_probed_handler_with_weak_tags_is_unavailable_too() {
    for (tag, expected) in [("\"v1\"", 200), ("W/\"v1\"", 503)] {
        let reader = Handler::answering(200, &[("etag", tag)], "hello world");
        let record = Record::default();
        let layer = weak(BodyHash::strong().probe_with(reader.clone())).observe(record.hook());
        let service = layer.layer(reader);
        let request = request::<Full<Bytes>>("PUT", &[("if-match", "W/\"v1\"")]);
        assert_eq!(service.oneshot(request).await.unwrap().status(), expected);
        assert_eq!(record.take().error.is_some(), expected == 503);
    }
}

/// The tag of a body is strong inside: a probed PUT takes the weak form that the GET was sent with.
#[tokio::test]
async fn a_computed_tag_saves() {
    let layer = weak(BodyHash::strong().probe_with(handler()));
    let read = layer
        .layer(handler())
        .oneshot(support::request::<Full<Bytes>>("GET", &[]));
    let read = support::read(read.await.unwrap()).await;
    assert!(is_weak(read.tag()));
    for (tag, status) in [(read.tag(), 200), (&read.tag()[2..], 200), ("W/\"x\"", 412)] {
        let put = request::<Full<Bytes>>("PUT", &[("if-match", tag)]);
        let answer = layer.layer(handler()).oneshot(put).await.unwrap();
        assert_eq!(answer.status(), status, "{tag}");
    }
}

/// The handler has the strong tag, and with it the version; the observer counts versions in either spelling.
#[test]
fn the_tag_stays_strong_inside() {
    let handler = || {
        Handler::new(|head| {
            let checked = head.extensions.get::<Checked>().unwrap();
            assert_eq!(checked.entity_tag().unwrap().as_bytes(), b"\"7\"");
            assert_eq!(checked.version(), Some(7));
            assert_eq!(checked.precondition(), Some(Field::IfMatch));
            response(200, &[], "")
        })
    };
    let record = Record::default();
    let layer = weak(Fixed::new(EntityTag::from_version(7))).observe(record.hook());
    for tag in ["W/\"7\"", "\"7\"", "W/\"6\", W/\"7\""] {
        assert_eq!(
            send(&layer, handler(), request("PUT", &[("if-match", tag)])).status,
            200
        );
        assert_eq!(record.take().error, None);
    }
    let evidence = ["W/\"4\"", "\"4\""].map(|tag| {
        assert_eq!(
            send(&layer, handler(), request("PUT", &[("if-match", tag)])).status,
            412
        );
        let event = record.take();
        (event.versions_behind, event.tag_hash, event.error)
    });
    assert_eq!(evidence[0], evidence[1]);
    assert_eq!((evidence[0].0, &evidence[0].2), (Some(3), &None));
}

/// Whichever is said first, and whatever else is accepted.
#[test]
fn the_options_come_in_any_order() {
    let source = || Fixed::new(V1);
    let suffixed = WritePolicy::required().accept_rewritten_tags(RewrittenTags::suffixed());
    let first = ConditionalLayer::new(source()).send_weak_tags();
    let before = first
        .writes(suffixed.clone())
        .accept_rewritten_tags_on_reads(RewrittenTags::suffixed());
    let after = ConditionalLayer::new(source())
        .writes(suffixed.clone())
        .accept_rewritten_tags_on_reads(RewrittenTags::suffixed())
        .send_weak_tags();
    let between = ConditionalLayer::new(source())
        .accept_rewritten_tags_on_reads(RewrittenTags::suffixed())
        .send_weak_tags()
        .writes(suffixed);
    for layer in [before, after, between] {
        for tag in ["W/\"v1\"", "\"v1\"", "W/\"v1-gzip\"", "\"v1-gzip\""] {
            assert_eq!(put(&layer, tag), "200", "{tag}");
            let answer = send(&layer, handler(), request("GET", &[("if-none-match", tag)]));
            // What the cache has stored is what is fresh (RFC 9111, section 4.3.4).
            let stored = format!("W/{}", tag.trim_start_matches("W/"));
            assert_eq!((answer.status, answer.tag()), (304, &stored[..]));
        }
        assert_eq!(put(&layer, "W/\"v0\""), "412 stale");
        assert_eq!(put(&layer, "W/\"v0-gzip\""), "412 stale");
    }
    let layer = weak(source());
    assert_eq!(put(&layer, "W/\"v1-gzip\""), "412 rewritten_tag");
    assert_eq!(put(&layer, "W/\"v1"), "400 malformed");
    let layer = layer.writes(WritePolicy::required());
    assert_eq!(send(&layer, handler(), request("PUT", &[])).status, 428);
}

/// What a compressor's layer does around it: by `weaken_tags` one tag for all codings, by default one for each.
#[test]
fn content_codings_around() {
    for (around, tag) in [
        (ContentCodingLayer::new().weaken_tags(), "W/\"v1\""),
        (ContentCodingLayer::new(), "W/\"v1-gzip\""),
    ] {
        // The compressor is outside of the layer that tags.
        let inside = weak(Fixed::new(V1));
        let compressed = |response: Response<_>| {
            let mut response = response;
            let headers: &mut HeaderMap = Response::headers_mut(&mut response);
            headers.insert("content-encoding", HeaderValue::from_static("gzip"));
            response
        };
        let service = |handler: Handler| {
            around.layer(ServiceExt::<Request<Full<Bytes>>>::map_response(
                inside.layer(handler),
                compressed,
            ))
        };
        let ask = |method: &str, given: &[(&str, &str)]| {
            let answer = service(handler())
                .oneshot(request::<Full<Bytes>>(method, given))
                .now_or_never();
            Answer::of(answer.unwrap().unwrap())
        };
        let accepts = ("accept-encoding", "gzip");
        assert_eq!(ask("GET", &[accepts]).tag(), tag);
        let again = ask("GET", &[accepts, ("if-none-match", tag)]);
        assert_eq!((again.status, again.tag()), (304, tag));
        assert_eq!(ask("PUT", &[("if-match", tag)]).status, 200);
        assert_eq!(ask("PUT", &[("if-match", "W/\"v0\"")]).status, 412);
    }
}

/// Each layer that evaluates the write needs the option: one without it refuses.
#[test]
fn layers_in_each_other() {
    let plain = || ConditionalLayer::new(Fixed::new(V1));
    let given = [("if-match", "W/\"v1\"")];
    let nested = |outer: ConditionalLayer<Fixed>, inner: ConditionalLayer<Fixed>| {
        let service = outer.layer(inner.layer(handler()));
        let answer = service
            .oneshot(request::<Full<Bytes>>("PUT", &given))
            .now_or_never();
        answer.unwrap().unwrap().status().as_u16()
    };
    assert_eq!(nested(weak(Fixed::new(V1)), weak(Fixed::new(V1))), 200);
    assert_eq!(nested(weak(Fixed::new(V1)), plain()), 412);
    assert_eq!(nested(plain(), weak(Fixed::new(V1))), 412);

    // A layer for a whole router that computes tags leaves the weak ones of an inner layer, and answers 304 by them.
    for outer in [
        ConditionalLayer::new(BodyHash::strong()),
        weak(BodyHash::strong()),
    ] {
        let record = Record::default();
        let service = || {
            outer
                .clone()
                .observe(record.hook())
                .layer(weak(Fixed::new(V1)).layer(handler()))
        };
        let ask = |method, given: &[(&str, &str)]| {
            let answer = service()
                .oneshot(request::<Full<Bytes>>(method, given))
                .now_or_never();
            Answer::of(answer.unwrap().unwrap())
        };
        assert_eq!(ask("GET", &[]).tag(), "W/\"v1\"");
        let again = ask("GET", &[("if-none-match", "W/\"v1\"")]);
        assert_eq!((again.status, again.tag()), (304, "W/\"v1\""));
        assert_eq!(ask("PUT", &given).status, 200);
        assert_eq!(ask("PUT", &[("if-match", "W/\"v0\"")]).status, 412);
        assert!(record.take_all().iter().all(|event| event.error.is_none()));
    }
}

/// Twenty clients that have read one version: one saves, and nineteen are refused.
#[tokio::test]
async fn one_of_many_saves() {
    let versions = InMemoryVersions::new();
    versions.changed("/r");
    let layer = weak(versions.clone()).writes(WritePolicy::required());
    let service = layer.layer(service_fn(move |request: Request<Full<Bytes>>| {
        let versions = versions.clone();
        async move {
            tokio::task::yield_now().await;
            if request.method() == "PUT" {
                versions.changed("/r");
            }
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }
    }));
    let ask = |request| service.clone().oneshot(request);
    let read = ask(request("GET", &[])).await.unwrap();
    let tag = read.headers()[ETAG].to_str().unwrap().to_owned();
    assert!(is_weak(&tag));
    let puts = (0..20).map(|_| ask(request("PUT", &[("if-match", &tag)])));
    let answers = futures_util::future::join_all(puts).await;
    let mut statuses: Vec<_> = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().status().as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(
        statuses[1..].iter().all(|status| *status == 412),
        "{statuses:?}"
    );
}

/// A source that waits: the answers of a request that has waited are written as all others.
#[tokio::test]
async fn after_waiting() {
    let layer = weak(source::waiting(V1)).writes(WritePolicy::optional().show_validators());
    for (method, given, status) in [
        ("GET", ("accept", "*/*"), 200),
        ("GET", ("if-none-match", "W/\"v1\""), 304),
        ("GET", ("if-match", "W/\"v0\""), 412),
        ("PUT", ("if-match", "W/\"v0\""), 412),
    ] {
        let answer = layer
            .layer(handler())
            .oneshot(request::<Full<Bytes>>(method, &[given]));
        let answer = support::read(answer.await.unwrap()).await;
        assert_eq!(
            (answer.status, answer.tag()),
            (status, "W/\"v1\""),
            "{method} {given:?}"
        );
    }
    let put = request::<Full<Bytes>>("PUT", &[("if-match", "W/\"v1\"")]);
    assert_eq!(
        layer.layer(handler()).oneshot(put).await.unwrap().status(),
        200
    );
    let layer = weak(source::waiting(OWN_WEAK));
    let put = request::<Full<Bytes>>("PUT", &[("if-match", "W/\"v1\"")]);
    assert_eq!(
        layer.layer(handler()).oneshot(put).await.unwrap().status(),
        503
    );
}
