//! What a layer says that it does, beside what it does: `ConditionalLayer::describe`.

mod openapi;
mod played;
mod sources;

use std::convert::Infallible;
use std::future::Ready;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{HeaderValue, VARY};
use http::{Method, Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::content_coding::RewrittenTags;
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::source::{BoxSource, Fixed, States};
use tower_conditional::{
    ConditionalLayer, Current, EntityTag, FromResponse, ValidatorSource, WritePolicy,
};

use played::{METHODS, Play, described};
use sources::{Lock, Source, sources};
use test_support::quick_or_full;

/// Every method, under every policy, over every kind of source: what the description says can happen is made to happen, and
/// nothing else happens.
#[test]
fn what_is_described_happens_and_nothing_else() {
    for source in sources() {
        for (name, layer) in layers(&source) {
            let description = layer.describe();
            for method in METHODS {
                let post_is_read = name == "POST is a read" && method == Method::POST;
                let seen = Play {
                    layer: &layer,
                    source: &source,
                    is_read: post_is_read || [Method::GET, Method::HEAD].contains(&method),
                    states_version: name == "the handler's version",
                    serves_ranges: false,
                    pairs: quick_or_full(
                        if (source.name, name) == ("versions", "required") {
                            40
                        } else {
                            0
                        },
                        40,
                    ),
                    method: method.clone(),
                };
                let told = described(&description.of(&method)).seen_by(&method);
                assert_eq!(
                    told,
                    seen.all(),
                    "(left: described) {method} over {}, {name}",
                    source.name
                );
            }
        }
    }
}

/// A part of another version than If-Range names.
#[test]
fn ranges_are_described_where_they_are_served() {
    for source in sources() {
        let layer = ConditionalLayer::new(source.source.clone()).trust_handler_version();
        let description = layer.describe().include_ranges();
        let seen = Play {
            layer: &layer,
            source: &source,
            is_read: true,
            states_version: true,
            serves_ranges: true,
            pairs: quick_or_full(0, 40),
            method: Method::GET,
        };
        let told = described(&description.of(&Method::GET));
        assert_eq!(told, seen.all(), "(left: described) over {}", source.name);
    }
}

/// Each policy, and each option that changes what is answered.
fn layers(source: &Source) -> Vec<(&'static str, ConditionalLayer<BoxSource>)> {
    let plain = || ConditionalLayer::new(source.source.clone());
    let with = |policy: WritePolicy| plain().writes(policy.use_lock(source.lock.clone()));
    let optional = WritePolicy::optional;
    let rewrites = RewrittenTags::suffixed_or_weakened();
    let mut layers = vec![
        ("optional", with(optional())),
        ("no lock", plain().writes(optional().skip_lock())),
        (
            "malformed as failed",
            with(optional().treat_malformed_as_failed()),
        ),
        (
            "rewritten tags",
            with(optional().accept_rewritten_tags(rewrites))
                .accept_rewritten_tags_on_reads(rewrites),
        ),
        ("weak tags are sent", with(optional()).send_weak_tags()),
        ("validators are shown", with(optional().show_validators())),
        (
            "the handler's version",
            with(optional()).trust_handler_version(),
        ),
        (
            "POST is a read",
            with(optional())
                .classify(|method| (*method == Method::POST).then_some(MethodClass::Read)),
        ),
        (
            "headers are added",
            with(optional()).add_response_headers([(VARY, HeaderValue::from_static("accept"))]),
        ),
    ];
    if source.looks_up {
        let methods = [Method::POST, Method::PUT];
        layers.extend([
            ("required", with(WritePolicy::required())),
            ("strictly required", with(WritePolicy::strictly_required())),
            (
                "creation is exempt",
                with(WritePolicy::required().exempt_creation()),
            ),
            (
                "required for POST",
                with(WritePolicy::strictly_required().require_for(methods)),
            ),
            (
                "POST takes the lock",
                with(optional().lock_for([Method::POST])),
            ),
        ]);
    }
    // The others differ in what they find, and not in what the options make of it.
    let by_all = ["versions", "everything", "the handler's"].contains(&source.name);
    if quick_or_full(0, 1) == 0 && !by_all {
        layers.retain(|(name, _)| ["optional", "required", "weak tags are sent"].contains(name));
    }
    layers
}

/// A lock that fails, and nobody else's lock is ever taken.
#[test]
fn a_lock_of_the_application_is_described_and_not_taken() {
    let lock = Lock::default();
    let source = Fixed::new(EntityTag::from_version(1)).named("notes");
    let layer =
        ConditionalLayer::new(source).writes(WritePolicy::required().use_lock(lock.clone()));
    let put = layer.describe().of(&Method::PUT);
    let reasons: Vec<_> = put
        .response(503)
        .unwrap()
        .refusals()
        .iter()
        .map(|refusal| refusal.reason().as_str())
        .collect();
    assert_eq!(reasons, ["lock"]);
    assert_eq!(lock.taken(), 0);
}

#[test]
fn what_a_write_needs_is_required() {
    let layer = |absent: Current| {
        let tag = EntityTag::from_version(1);
        let source = Fixed::new(Current::Unknown)
            .stating(move |_| States::of([tag.clone().into(), absent.clone()]));
        ConditionalLayer::new(source).writes(WritePolicy::required())
    };
    let required = |absent: Current, method: Method| -> Vec<_> {
        let fields = layer(absent).describe().of(&method).fields().to_vec();
        fields
            .into_iter()
            .filter(|read| read.is_required())
            .map(|read| read.field())
            .collect()
    };
    use tower_conditional::validator::Absent;
    assert_eq!(
        required(Current::absent(), Method::DELETE),
        [Field::IfMatch]
    );
    assert_eq!(
        required(Current::Absent(Absent::WillFail), Method::PUT),
        [Field::IfMatch]
    );
    // One that creates may say `If-None-Match: *`.
    assert_eq!(required(Current::absent(), Method::PUT), []);
    assert_eq!(required(Current::absent(), Method::POST), []);
    assert_eq!(required(Current::absent(), Method::GET), []);
}

/// A read ignores a malformed If-None-Match, and no malformed field of a write is ignored.
#[test]
fn what_is_malformed_is_not_within_the_pattern() {
    let layer = ConditionalLayer::new(Fixed::new(EntityTag::from_version(1)));
    let has_pattern = |method: Method| -> Vec<_> {
        let fields = layer.describe().of(&method).fields().to_vec();
        fields
            .into_iter()
            .map(|read| (read.field(), read.pattern().is_some()))
            .collect()
    };
    let [if_match, if_none_match] = [Field::IfMatch, Field::IfNoneMatch];
    let of_get = has_pattern(Method::GET);
    assert_eq!(of_get, [(if_match, true), (if_none_match, false)]);
    let of_put = has_pattern(Method::PUT);
    assert_eq!(of_put, [(if_match, true), (if_none_match, true)]);
}

/// RFC 9110, sections 5.6.1.2, 8.8.3 and 13.1.1: a value is within the pattern if and only if the layer does not answer 400.
#[test]
fn the_pattern_is_what_the_layer_reads() {
    let layer = ConditionalLayer::new(Fixed::new(EntityTag::from_version(1)));
    let put = layer.describe().of(&Method::PUT);
    let pattern = regex::Regex::new(put.fields()[0].pattern().unwrap()).unwrap();
    for value in [
        "\"1\"",
        "W/\"1\"",
        "\"\"",
        "*",
        " * ",
        "\"a\", W/\"b\"",
        "\"a\" ,\t\"b\"",
        "\"a,b\"",
        ",",
        ", ,",
        ",\"1\"",
        "\"1\",",
        "\"1\",,\"2\"",
        "",
        "1",
        "\"1",
        "1\"",
        "w/\"1\"",
        "W\"1\"",
        "\"1\" \"2\"",
        "\"1\"\"2\"",
        "*, \"1\"",
        "\"1\", *",
        "**",
        "\"a b\"",
        "\"a\\\"b\"",
        ",*",
    ] {
        let put = Request::put("/").header("if-match", value);
        let put = put.body(Full::<Bytes>::default()).unwrap();
        let handler =
            service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
        let answer = layer.layer(handler).oneshot(put).now_or_never();
        let status = answer.expect("nothing waits").unwrap().status();
        assert_eq!(
            pattern.is_match(value),
            status != 400,
            "{value:?}: {status}"
        );
    }
}

/// Neither the hook nor a `tracing` subscriber is told of what is only tried.
#[test]
fn nobody_hears_of_it() {
    let layer = ConditionalLayer::new(Fixed::new(EntityTag::from_version(1)))
        .observe(|_| panic!("it is no request"))
        .writes(WritePolicy::required().answer_if_applied(
            |_, _| -> Ready<Option<Response<&'static str>>> { panic!("it is no request") },
        ));
    let heard = played::Heard::default();
    tracing::subscriber::with_default(heard.clone(), || drop(layer.describe().of(&Method::PUT)));
    assert_eq!(heard.events(), 0);
}

/// Refusals in the application's own form: their status, type and headers, and no schema of ours.
#[test]
fn the_form_of_the_application_is_described() {
    let layer = ConditionalLayer::new(FromResponse).refuse_with(|refusal| {
        let response = http::Response::builder()
            .status(refusal.status())
            .header("content-type", "text/plain")
            .header("x-code", "7");
        response.body(refusal.reason().as_str().into()).unwrap()
    });
    let get = layer.describe().of(&Method::GET);
    let failed = get.response(412).unwrap();
    assert_eq!(failed.content_type().unwrap(), "text/plain");
    assert!(failed.headers().contains_key("x-code"));
    assert!(failed.members().is_empty());
    assert!(failed.contents().contains(&"stale".into()));
}
