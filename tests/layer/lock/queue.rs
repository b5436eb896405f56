//! Which requests take the lock, which wait, and in which order (section 9.2.1 names the methods that write).

use http::Request;
use tower::Layer;
use tower_conditional::lock::InProcessLock;
use tower_conditional::precondition::MethodClass;
use tower_conditional::{ConditionalLayer, FromResponse, HttpDate, ValidatorSource, WritePolicy};

use crate::support::source::Versions;
use crate::support::{
    Driven, Fields, HeldHandler, assert_refused, assert_status, put, put_if_match, request_to,
    send_by_hand, start, text,
};

const LATER: &str = "Fri, 01 Jan 2100 00:00:00 GMT";

/// Whether a request waits while a PUT of the same target runs.
#[test]
fn which_requests_take_the_lock() {
    // "T" stands for the current tag.
    let rows: [(&str, Fields, bool); 20] = [
        ("PUT", &[], true),
        ("PATCH", &[], true),
        ("DELETE", &[], true),
        ("PUT", &[("if-match", "T")], true),
        ("PATCH", &[("if-match", "*")], true),
        ("DELETE", &[("if-none-match", "\"other\"")], true),
        ("PUT", &[("if-unmodified-since", LATER)], true),
        // Section 13.2.1: If-Modified-Since is ignored on a write.
        ("PUT", &[("if-modified-since", LATER)], true),
        // Any other write takes it for its precondition.
        ("POST", &[], false),
        ("POST", &[("if-match", "T")], true),
        ("POST", &[("if-none-match", "\"other\"")], true),
        ("POST", &[("if-unmodified-since", LATER)], true),
        ("POST", &[("if-modified-since", LATER)], false),
        ("PROPPATCH", &[], false),
        ("PROPPATCH", &[("if-match", "T")], true),
        // Reads never wait, nor does what neither reads nor writes.
        ("GET", &[], false),
        ("GET", &[("if-match", "T")], false),
        ("HEAD", &[], false),
        ("OPTIONS", &[("if-match", "T")], false),
        ("MKCOL", &[("if-match", "T")], false),
    ];
    for source in Versions::both() {
        for (method, fields, waits) in rows {
            let tag = source.versions.changed_at("/a", HttpDate::UNIX_EPOCH);
            let fields: Vec<_> = fields
                .iter()
                .map(|&(name, value)| match value {
                    "T" => (name, text(&tag)),
                    value => (name, value),
                })
                .collect();
            let handler = HeldHandler::default();
            let layer = ConditionalLayer::new(source.clone())
                .classify(|method| (method.as_str() == "PROPPATCH").then_some(MethodClass::Write));
            let service = layer.layer(handler.clone());
            let mut writer = send_by_hand(&service, put("/a"));
            writer.assert_waits();
            assert_eq!(handler.calls(), 1);

            let mut other = send_by_hand(&service, request_to(method, "/a", &fields));
            other.assert_waits();
            let calls = if waits { 1 } else { 2 };
            assert_eq!(handler.calls(), calls, "{method} {fields:?}");

            handler.answer(0, 204);
            assert_status(writer.ready(), 204);
            other.assert_waits();
            assert_eq!(handler.calls(), 2, "{method} {fields:?} never gets in");
        }
    }
}

/// A method for which a precondition is required is always guarded.
#[test]
fn a_required_post_takes_the_lock() {
    let source = Versions::at_once();
    let tag = source.changed("/a");
    let handler = HeldHandler::default();
    let policy = WritePolicy::required().require_for([http::Method::POST]);
    let service = ConditionalLayer::new(source)
        .writes(policy)
        .layer(handler.clone());
    let guarded = || request_to("POST", "/a", &[("if-match", text(&tag))]);
    let mut first = send_by_hand(&service, guarded());
    let mut second = send_by_hand(&service, guarded());
    first.assert_waits();
    second.assert_waits();
    assert_eq!(handler.calls(), 1);
}

/// A stale write is refused while another write still holds the lock.
#[test]
fn refused_before_it_waits() {
    let rows: [(Fields, u16, &str); 5] = [
        (&[("if-match", "\"stale\"")], 412, "stale"),
        (&[("if-none-match", "*")], 412, "exists"),
        (&[("if-match", "unquoted")], 400, "malformed"),
        (&[("if-none-match", "unquoted")], 400, "malformed"),
        (&[], 428, "missing"),
    ];
    for source in Versions::both() {
        let tag = source.changed("/a");
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source)
            .writes(WritePolicy::required())
            .layer(handler.clone());
        let mut writer = send_by_hand(&service, put_if_match("/a", &tag));
        writer.assert_waits();
        for (fields, status, reason) in rows {
            let mut refused = send_by_hand(&service, request_to("PUT", "/a", fields));
            assert_refused(refused.ready(), status, reason);
        }
        assert_eq!(handler.calls(), 1);
        handler.answer(0, 204);
        assert_status(writer.ready(), 204);
    }
}

/// Two writers with one tag: the second passed its first evaluation, and is evaluated again when it has the lock.
#[test]
fn evaluated_again_after_waiting() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source.clone()).layer(handler.clone());
        let mut first = send_by_hand(&service, put_if_match("/a", &tag));
        let mut second = send_by_hand(&service, put_if_match("/a", &tag));
        first.assert_waits();
        second.assert_waits();
        source.changed("/a");
        handler.answer(0, 204);
        assert_status(first.ready(), 204);
        assert_refused(second.ready(), 412, "stale");
        assert_eq!(handler.calls(), 1);
    }
}

/// `Checked` has what was found under the lock, not what was found before waiting.
#[test]
fn the_handler_learns_the_second_look_up() {
    for source in Versions::both() {
        source.changed("/a");
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source.clone()).layer(handler.clone());
        let mut first = send_by_hand(&service, put("/a"));
        let mut second = send_by_hand(&service, put("/a"));
        first.assert_waits();
        second.assert_waits();
        let newest = source.changed("/a");
        handler.answer(0, 204);
        assert_status(first.ready(), 204);
        second.assert_waits();
        let found = handler.checked(1).entity_tag().cloned().unwrap();
        assert!(found.strong_eq(&newest));
    }
}

/// The usual write is looked up once, under its lock; one that had to wait, once before and once after.
#[test]
fn how_often_the_source_is_asked() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source.clone()).layer(handler.clone());
        let mut first = send_by_hand(&service, put("/a"));
        first.assert_waits();
        assert_eq!(source.looks(), 1);
        let mut second = send_by_hand(&service, put("/a"));
        second.assert_waits();
        assert_eq!(source.looks(), 2);
        handler.answer(0, 204);
        assert_status(first.ready(), 204);
        second.assert_waits();
        assert_eq!(source.looks(), 3);
    }
}

/// First come, first served, and the lock is never free in between for somebody who did not wait.
#[test]
fn waiters_are_served_in_order() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        let numbered = |n: usize| request_to("PUT", "/a", &[("x-number", &n.to_string())]);
        let mut writers: Vec<_> = (0..6)
            .map(|n| send_by_hand(&service, numbered(n)))
            .collect();
        for writer in &mut writers {
            writer.assert_waits();
        }
        for turn in 0..writers.len() {
            assert_eq!(handler.calls(), turn + 1);
            let number = handler.see(turn, |request| request.headers()["x-number"].clone());
            assert_eq!(number, turn.to_string());
            handler.answer(turn, 204);
            assert_status(writers[turn].ready(), 204);
            // A new request and the last waiter are polled first: neither may overtake.
            let mut newcomer = send_by_hand(&service, numbered(99));
            newcomer.assert_waits();
            for writer in writers[turn + 1..].iter_mut().rev() {
                writer.assert_waits();
            }
            newcomer.drop_future();
        }
    }
}

#[test]
fn other_targets_do_not_wait() {
    let paths = ["/a", "/b", "/a/b", "/A", "/a;v=1"];
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        let mut writers: Vec<_> = paths.map(|path| send_by_hand(&service, put(path))).into();
        for writer in &mut writers {
            writer.assert_waits();
        }
        assert_eq!(handler.open_paths(), paths);
    }
}

/// Too fine a key would be unsafe: all spellings that a router may take for one path are one key.
#[test]
fn spellings_of_one_path_wait_for_each_other() {
    for spelling in ["/notes/a%62", "/notes//ab", "/notes/ab/", "/notes/ab?x=1"] {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(Versions::at_once()).layer(handler.clone());
        let mut writer = send_by_hand(&service, put("/notes/ab"));
        writer.assert_waits();
        let mut other = send_by_hand(&service, put(spelling));
        other.assert_waits();
        assert_eq!(handler.calls(), 1, "{spelling}");
    }
}

/// Each release of the lock wakes one waiter, however many wait for the key.
#[test]
fn one_wake_up_for_each_release() {
    const WRITERS: usize = 50;
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(Versions::at_once()).layer(handler.clone());
    let mut writers: Vec<_> = (0..WRITERS).map(|_| start(&service, put("/a"))).collect();
    for writer in &mut writers {
        writer.assert_waits();
        assert_eq!(writer.wakes(), 0);
    }
    for turn in 0..WRITERS {
        handler.answer(turn, 204);
        // Woken by its handler; everybody behind it slept on.
        assert_status(writers[turn].ready(), 204);
        let woken: Vec<_> = writers[turn + 1..].iter().map(Driven::wakes).collect();
        let (next, others) = woken.split_first().map_or((0, &[][..]), |(n, o)| (*n, o));
        assert_eq!(next, usize::from(turn + 1 < WRITERS));
        assert!(others.iter().all(|&wakes| wakes == 0), "{woken:?}");
        if let Some(next) = writers.get_mut(turn + 1) {
            next.assert_waits();
        }
    }
}

#[test]
fn without_lock_nobody_waits() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source)
            .writes(WritePolicy::optional().skip_lock())
            .layer(handler.clone());
        let mut first = send_by_hand(&service, put("/a"));
        let mut second = send_by_hand(&service, put("/a"));
        first.assert_waits();
        second.assert_waits();
        assert_eq!(handler.calls(), 2);
        assert!(handler.checked(0).hold_lock().is_none());
    }
}

/// `Layer::layer` runs once for each method of a route: its services share the lock, and so do a layer's clones.
#[test]
fn what_shares_a_lock() {
    let layer = || ConditionalLayer::new(Versions::at_once());
    let one = layer();
    let policy = WritePolicy::optional();
    assert_shared("one layer, two services", &one, &one, true);
    assert_shared("a clone", &one, &one.clone().observe(|_| {}), true);
    assert_shared("two layers", &layer(), &layer(), false);
    let with = |policy| layer().writes(policy);
    let (first, second) = (with(policy.clone()), with(policy));
    assert_shared("one policy, two layers", &first, &second, false);
    let named = |kind| ConditionalLayer::new(Versions::at_once().named(kind));
    assert_shared("one kind", &named("shared"), &named("shared"), true);
    assert_shared("two kinds", &named("one"), &named("another"), false);
    let own = |kind| named(kind).writes(WritePolicy::optional().use_lock(InProcessLock::new()));
    assert_shared("one kind, two locks", &own("apart"), &own("apart"), false);
}

#[track_caller]
fn assert_shared<V: ValidatorSource>(
    case: &str,
    first: &ConditionalLayer<V>,
    second: &ConditionalLayer<V>,
    shared: bool,
) {
    let handler = HeldHandler::default();
    let mut writer = send_by_hand(&first.layer(handler.clone()), put("/a"));
    writer.assert_waits();
    let mut other = send_by_hand(&second.layer(handler.clone()), put("/a"));
    other.assert_waits();
    assert_eq!(handler.calls() == 1, shared, "{case}");
}

/// A source that only computes never locks writes.
#[test]
fn a_computing_source_locks_nothing() {
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(FromResponse).layer(handler.clone());
    let put = || -> Request<_> { request_to("PUT", "/a", &[("if-match", "\"x\"")]) };
    let mut first = send_by_hand(&service, put());
    let mut second = send_by_hand(&service, put());
    first.assert_waits();
    second.assert_waits();
    assert_eq!(handler.calls(), 2);
}
