//! Why a request is refused: the field and the reason that the problem body, the hook and the log get.

use tower_conditional::content_coding::RewrittenTags;
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::validator::Absent;
use tower_conditional::{
    Current, EntityTag, PreconditionFailed, Preconditions, Reason, Representation,
};

use crate::naive::{State, http_date};
use crate::support::{
    IM, IMS, INM, IUS, NOW, T, T_MINUS_1, a, as_method, e, headers, l, n, tagged, w,
};

type Refusal = Option<(Field, Reason)>;

fn refusal(
    method: &str,
    current: Current,
    fields: &[(&str, &str)],
    known: Option<RewrittenTags>,
) -> Refusal {
    let (method, headers) = (as_method(method), headers(fields));
    let preconditions = Preconditions::parse(&method, &headers, http_date(NOW));
    let preconditions = match known {
        Some(known) => preconditions.accept_rewritten_tags(known),
        None => preconditions,
    };
    let refused = preconditions.check(current).err();
    refused.map(|refused| (refused.field(), refused.reason()))
}

/// One row: a PUT with these fields is refused for this reason.
#[track_caller]
fn refused(state: &State, fields: &[(&str, &str)], field: Field, reason: Reason) {
    let refusal = refusal("PUT", state.current(), fields, None);
    assert_eq!(refusal, Some((field, reason)), "{fields:?} on {state:?}");
}

#[track_caller]
fn unmatched(current: &str, theirs: &str, reason: Reason) {
    for method in ["PUT", "GET", "DELETE"] {
        let refusal = refusal(method, tagged(current).current(), &[(IM, theirs)], None);
        assert_eq!(
            refusal,
            Some((Field::IfMatch, reason)),
            "{method}: {theirs} for {current}"
        );
    }
}

#[test]
fn unmatched_lists() {
    unmatched("\"v2\"", "\"v1\"", Reason::Stale);
    unmatched("\"v2\"", "\"a\", \"b\"", Reason::Stale);
    unmatched("\"v2\"", "", Reason::Stale);
    unmatched("\"v2\"", "\"V2\"", Reason::Stale);

    unmatched("\"v2\"", "W/\"v2\"", Reason::WeakTag);
    unmatched("W/\"v2\"", "W/\"v2\"", Reason::WeakTag);
    unmatched("W/\"v2\"", "\"v2\"", Reason::WeakTag);

    for suffix in [
        "-gzip",
        "--gzip",
        ";gzip",
        "-br",
        "--br",
        "-zstd",
        ";zstd",
        "--deflate",
    ] {
        unmatched("\"v2\"", &format!("\"v2{suffix}\""), Reason::RewrittenTag);
        unmatched("\"v2\"", &format!("W/\"v2{suffix}\""), Reason::RewrittenTag);
        // The suffix of another tag explains nothing.
        unmatched("\"v2\"", &format!("\"v1{suffix}\""), Reason::Stale);
        unmatched("\"v2\"", &format!("\"v{suffix}\""), Reason::Stale);
    }
    unmatched("\"v2\"", "\"v2-x\"", Reason::Stale);
    unmatched("\"v2-gzip\"", "\"v2\"", Reason::Stale);
}

#[test]
fn epochs() {
    unmatched("\"n2.7\"", "\"n1.7\"", Reason::OtherEpoch);
    unmatched("\"n2.7\"", "W/\"n1.7\"", Reason::OtherEpoch);
    unmatched("\"n2.7\"", "\"n2.6\"", Reason::Stale);
    unmatched("\"n2.7\"", "\"7\"", Reason::Stale);
    unmatched("\"7\"", "\"n1.7\"", Reason::Stale);
}

#[test]
fn the_nearest_explanation_wins() {
    unmatched("\"n2.7\"", "\"x\", \"n1.7\"", Reason::OtherEpoch);
    unmatched(
        "\"n2.7\"",
        "\"n1.7\", \"n2.7-gzip\", \"x\"",
        Reason::RewrittenTag,
    );
    unmatched(
        "\"n2.7\"",
        "W/\"n2.7\", \"n1.7\", \"n2.7-gzip\"",
        Reason::WeakTag,
    );
}

#[test]
fn without_a_tag_to_compare_with() {
    refused(&n(), &[(IM, "\"v1\"")], Field::IfMatch, Reason::NoValidator);
    refused(
        &l(),
        &[(IM, "\"v1\""), (IUS, T)],
        Field::IfMatch,
        Reason::NoValidator,
    );
    for (name, value, field) in [
        (IM, "\"v1\"", Field::IfMatch),
        (IM, "*", Field::IfMatch),
        (INM, "*", Field::IfNoneMatch),
        (IUS, T, Field::IfUnmodifiedSince),
    ] {
        refused(
            &State::Unknown,
            &[(name, value)],
            field,
            Reason::NoValidator,
        );
    }
    // The field that section 13.2.2 evaluates first.
    let all = [(INM, "*"), (IUS, T), (IM, "\"v1\"")];
    refused(&State::Unknown, &all, Field::IfMatch, Reason::NoValidator);
    refused(
        &State::Unknown,
        &all[..2],
        Field::IfUnmodifiedSince,
        Reason::NoValidator,
    );
    refused(
        &State::Unknown,
        &[(INM, "*"), (IUS, "soon")],
        Field::IfNoneMatch,
        Reason::NoValidator,
    );
}

#[test]
fn other_fields() {
    refused(&a(), &[(IM, "*")], Field::IfMatch, Reason::Absent);
    refused(&a(), &[(IM, "\"v1\"")], Field::IfMatch, Reason::Absent);
    refused(
        &State::Absent(Absent::MaySucceed),
        &[(IM, "")],
        Field::IfMatch,
        Reason::Absent,
    );
    refused(&e(), &[(INM, "*")], Field::IfNoneMatch, Reason::Exists);
    refused(
        &e(),
        &[(INM, "\"x\", \"v1\"")],
        Field::IfNoneMatch,
        Reason::Exists,
    );
    refused(&w(), &[(INM, "\"v1\"")], Field::IfNoneMatch, Reason::Exists);
    refused(&n(), &[(INM, "*")], Field::IfNoneMatch, Reason::Exists);
    refused(
        &e(),
        &[(IUS, T_MINUS_1)],
        Field::IfUnmodifiedSince,
        Reason::Modified,
    );
    refused(
        &e(),
        &[(IUS, T_MINUS_1), (INM, "*")],
        Field::IfUnmodifiedSince,
        Reason::Modified,
    );
    refused(&e(), &[(IM, "v1")], Field::IfMatch, Reason::Malformed);
    refused(&e(), &[(INM, "v1")], Field::IfNoneMatch, Reason::Malformed);
    refused(&a(), &[(INM, "v1")], Field::IfNoneMatch, Reason::Malformed);
}

/// A 304 is not a refusal: a handler that checks for itself sends its representation.
#[test]
fn a_match_on_a_read_is_no_refusal() {
    for fields in [&[(INM, "\"v1\"")], &[(IMS, T)]] {
        assert_eq!(refusal("GET", e().current(), fields, None), None);
    }
}

/// On a read the tags of other representations are not compared, and so explain nothing.
#[test]
fn reads_know_the_selected_tag_alone() {
    let negotiated = |tag: Option<&'static str>| {
        let selected = tag.map_or_else(Representation::new, |tag| {
            Representation::tagged(EntityTag::from_static(tag))
        });
        Current::Present(selected.other_tags([EntityTag::from_static("\"1-ttl\"")]))
    };
    let fields = [(IM, "\"1-ttl\"")];
    let refusal = |current| refusal("GET", current, &fields, None);
    assert_eq!(
        refusal(negotiated(Some("\"1-json\""))),
        Some((Field::IfMatch, Reason::Stale))
    );
    assert_eq!(
        refusal(negotiated(None)),
        Some((Field::IfMatch, Reason::NoValidator))
    );
}

#[test]
fn any_current_tag_explains_a_refused_write() {
    let current = || {
        let selected = Representation::tagged(EntityTag::from_static("\"n2.7\""));
        Current::Present(selected.other_tags([EntityTag::from_static("\"n2.7-ttl\"")]))
    };
    for (theirs, reason) in [
        ("W/\"n2.7-ttl\"", Reason::WeakTag),
        ("\"n2.7-ttl--br\"", Reason::RewrittenTag),
        ("\"n1.7\"", Reason::OtherEpoch),
        ("\"n2.6\"", Reason::Stale),
    ] {
        let refusal = refusal("PUT", current(), &[(IM, theirs)], None);
        assert_eq!(refusal, Some((Field::IfMatch, reason)), "{theirs}");
    }
}

mod tolerance {
    use super::*;

    #[track_caller]
    fn tolerates(known: RewrittenTags, current: &str, theirs: &str, expected: Option<Reason>) {
        let refusal = refusal(
            "PUT",
            tagged(current).current(),
            &[(IM, theirs)],
            Some(known),
        );
        let expected = expected.map(|reason| (Field::IfMatch, reason));
        assert_eq!(refusal, expected, "{theirs} for {current}");
    }

    #[test]
    fn suffixes() {
        let known = RewrittenTags::suffixed();
        for coding in ["gzip", "br", "zstd", "deflate"] {
            for mark in ["-", "--", ";"] {
                tolerates(known, "\"v1\"", &format!("\"v1{mark}{coding}\""), None);
                tolerates(
                    known,
                    "\"v1\"",
                    &format!("\"x\", \"v1{mark}{coding}\""),
                    None,
                );
            }
        }
        tolerates(known, "\"v1\"", "\"v1\"", None);
        tolerates(known, "\"v1\"", "\"v2-gzip\"", Some(Reason::Stale));
        tolerates(known, "\"v1\"", "\"v-gzip\"", Some(Reason::Stale));
        tolerates(known, "\"v1\"", "\"v1-lzma\"", Some(Reason::Stale));
        tolerates(known, "\"v1\"", "\"v1-gzip-gzip\"", Some(Reason::Stale));
        tolerates(known, "\"v1\"", "W/\"v1\"", Some(Reason::WeakTag));
        tolerates(known, "\"v1\"", "W/\"v1-gzip\"", Some(Reason::RewrittenTag));
        tolerates(known, "W/\"v1\"", "\"v1-gzip\"", Some(Reason::RewrittenTag));
        tolerates(
            known,
            "\"v1\"",
            "\"v1-gzip\", junk",
            Some(Reason::Malformed),
        );
    }

    #[test]
    fn weakened_and_suffixed() {
        let known = RewrittenTags::suffixed_or_weakened();
        for theirs in ["\"v1\"", "W/\"v1\"", "W/\"v1-gzip\"", "\"v1;br\""] {
            tolerates(known, "\"v1\"", theirs, None);
        }
        tolerates(known, "\"v1\"", "W/\"v2\"", Some(Reason::Stale));
        // What was weak when it was made stays so.
        tolerates(known, "W/\"v1\"", "W/\"v1\"", Some(Reason::WeakTag));
        tolerates(known, "W/\"v1\"", "\"v1\"", Some(Reason::WeakTag));
    }

    #[test]
    fn if_none_match() {
        let known = RewrittenTags::suffixed();
        let exists = Some((Field::IfNoneMatch, Reason::Exists));
        let put = |theirs| refusal("PUT", e().current(), &[(INM, theirs)], Some(known));
        assert_eq!(put("\"v1-gzip\""), exists);
        assert_eq!(put("W/\"v1-gzip\""), exists);
        assert_eq!(put("\"v2-gzip\""), None);
        assert_eq!(
            refusal("PUT", e().current(), &[(INM, "\"v1-gzip\"")], None),
            None
        );
    }
}

/// What a handler answers with when its own compare-and-swap failed.
#[test]
fn of_a_failed_compare_and_swap() {
    let stale = PreconditionFailed::stale();
    assert_eq!(
        (stale.field(), stale.reason()),
        (Field::IfMatch, Reason::Stale)
    );
    let exists = PreconditionFailed::exists();
    assert_eq!(
        (exists.field(), exists.reason()),
        (Field::IfNoneMatch, Reason::Exists)
    );
    assert_eq!(stale.to_string(), "If-Match is false: stale");
}

/// The names are in bodies and logs, so they must not change.
#[test]
fn names_are_stable() {
    let table = [
        (Reason::Stale, "stale"),
        (Reason::WeakTag, "weak_tag"),
        (Reason::RewrittenTag, "rewritten_tag"),
        (Reason::OtherEpoch, "other_epoch"),
        (Reason::Absent, "absent"),
        (Reason::Exists, "exists"),
        (Reason::Modified, "modified"),
        (Reason::NoValidator, "no_validator"),
        (Reason::Malformed, "malformed"),
        (Reason::Missing, "missing"),
        (Reason::Wildcard, "wildcard"),
        (Reason::Inapplicable, "inapplicable"),
        (Reason::Source, "source"),
        (Reason::Lock, "lock"),
    ];
    for (reason, name) in table {
        assert_eq!((reason.as_str(), reason.to_string().as_str()), (name, name));
    }
    let fields = [
        (Field::IfMatch, "If-Match"),
        (Field::IfNoneMatch, "If-None-Match"),
        (Field::IfModifiedSince, "If-Modified-Since"),
        (Field::IfUnmodifiedSince, "If-Unmodified-Since"),
        (Field::IfRange, "If-Range"),
    ];
    for (field, name) in fields {
        assert_eq!((field.as_str(), field.to_string().as_str()), (name, name));
        assert!(field.header_name().as_str().eq_ignore_ascii_case(name));
    }
    let classes = [
        (MethodClass::Read, "read"),
        (MethodClass::Write, "write"),
        (MethodClass::Neither, "neither"),
    ];
    for (class, name) in classes {
        assert_eq!(class.as_str(), name);
    }
}
