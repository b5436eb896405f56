//! Dates in the future, as a replica whose clock is behind sees them: preconditions are evaluated against the date that the
//! source states; only a Last-Modified that is sent is at most the Date of the response (RFC 9110, section 8.8.2.1).

use tower_conditional::source::Fixed;
use tower_conditional::{
    Checked, ConditionalLayer, Current, EntityTag, FromResponse, Representation, SourceError,
    ValidatorSource, WritePolicy, source_fn,
};

use crate::support::{
    Answer, Counter, Handler, NOW, NOW_PLUS_1_DAY, T, clock_at, date, fields, now, request, send,
};

const IMS: &str = "if-modified-since";
const IUS: &str = "if-unmodified-since";
const NOTHING: [(&str, &str); 0] = [];

/// Twelve hours, and two seconds, after T.
const NOW_PLUS_2_SECONDS: &str = "Wed, 01 Jan 2025 12:00:02 GMT";

fn ahead() -> Representation {
    Representation::new().strong_last_modified(date(NOW_PLUS_2_SECONDS))
}

fn plain() -> Handler {
    Handler::answering(200, &NOTHING, "hello world")
}

fn ask<V: ValidatorSource>(source: V, method: &str, given: &[(&str, &str)]) -> Answer {
    let writes = WritePolicy::optional().show_validators();
    let layer = ConditionalLayer::new(source).writes(writes).use_clock(now);
    send(&layer, plain(), request(method, given))
}

/// A source that has to be waited for takes another way than one that knows at once.
fn waited_for(state: Representation) -> impl ValidatorSource {
    source_fn(
        state,
        |_| (),
        async |(), state: Representation| Ok::<_, SourceError>(state),
    )
}

fn status(method: &str, given: &[(&str, &str)]) -> u16 {
    let at_once = ask(Fixed::new(ahead()), method, given).status;
    let waited = ask(waited_for(ahead()), method, given).status;
    assert_eq!(at_once, waited, "{method} {given:?}");
    at_once
}

/// Section 8.8.2.1: the state is newer than what the client has seen, whatever this replica's clock says.
#[test]
fn a_write_is_evaluated_against_the_stated_date() {
    for method in ["PUT", "PATCH", "DELETE", "POST"] {
        assert_eq!(status(method, &[(IUS, NOW)]), 412, "{method}");
        assert_eq!(status(method, &[(IUS, NOW_PLUS_2_SECONDS)]), 200);
        assert_eq!(status(method, &[(IUS, NOW_PLUS_1_DAY)]), 200);
    }
}

#[test]
fn a_read_is_evaluated_against_the_stated_date() {
    for method in ["GET", "HEAD"] {
        assert_eq!(status(method, &[(IMS, NOW)]), 200, "{method}");
        assert_eq!(status(method, &[(IMS, NOW_PLUS_2_SECONDS)]), 304);
        assert_eq!(status(method, &[(IUS, NOW)]), 412, "{method}");
        assert_eq!(status(method, &[(IUS, NOW_PLUS_2_SECONDS)]), 200);
    }
}

/// A part is of the representation with the date that the source states, and of no other.
#[test]
fn if_range_is_evaluated_against_the_stated_date() {
    for (line, keeps_range) in [(NOW, false), (NOW_PLUS_2_SECONDS, true)] {
        let handler = plain();
        let layer = ConditionalLayer::new(Fixed::new(ahead())).use_clock(now);
        let layer = layer.trust_handler_version();
        let given = [("range", "bytes=0-3"), ("if-range", line)];
        send(&layer, handler.clone(), request("GET", &given));
        let seen = handler.seen_fields();
        assert_eq!(seen.contains_key("range"), keeps_range, "{line}");
    }
}

/// Section 8.8.2.1: the date that is sent is the one of the response, on every answer that carries one.
#[test]
fn what_is_sent_is_at_most_the_date() {
    let weak = Representation::new().last_modified(date(NOW_PLUS_2_SECONDS));
    for (method, given, expected) in [
        ("GET", &NOTHING[..], 200),
        ("HEAD", &NOTHING, 200),
        ("GET", &[(IMS, NOW)], 200),
        ("GET", &[(IMS, NOW_PLUS_2_SECONDS)], 304),
        ("HEAD", &[(IMS, NOW_PLUS_2_SECONDS)], 304),
        ("GET", &[("if-none-match", "*")], 304),
        ("GET", &[(IUS, NOW)], 412),
        ("HEAD", &[(IUS, NOW)], 412),
        ("PUT", &[(IUS, NOW)], 412),
    ] {
        for state in [weak.clone(), ahead()] {
            let answer = ask(Fixed::new(state.clone()), method, given);
            let waited = ask(waited_for(state), method, given);
            assert_eq!(answer.status, expected, "{method} {given:?}");
            assert_eq!(answer.headers, waited.headers);
            let dates = ["last-modified", "date"].map(|name| answer.field(name));
            assert_eq!(dates, [Some(NOW), Some(NOW)], "{method} {given:?}");
        }
    }
}

/// The handler has its own date; the 412 that replaces its response is ours, and so is the date on it.
#[test]
fn after_the_handler() {
    let layer = ConditionalLayer::new(FromResponse).use_clock(now);
    let own = [("last-modified", NOW_PLUS_2_SECONDS)];
    let ask = |given| {
        let handler = Handler::answering(200, &own, "hello world");
        send(&layer, handler, request("GET", &[given]))
    };
    assert_eq!(ask((IMS, NOW)).status, 200);
    let not_modified = ask((IMS, NOW_PLUS_2_SECONDS));
    assert_eq!(not_modified.status, 304);
    assert_eq!(not_modified.headers, fields(&own));
    let failed = ask((IUS, NOW));
    assert_eq!(
        (failed.status, failed.field("last-modified")),
        (412, Some(NOW))
    );
}

/// A statement compares with what the database holds.
#[test]
fn the_handler_gets_the_stated_date() {
    let handler = Handler::new(|head| {
        let checked = head.extensions.get::<Checked>().unwrap();
        let found = checked
            .representation()
            .and_then(Representation::last_modified_date);
        assert_eq!(found, Some(date(NOW_PLUS_2_SECONDS)));
        crate::support::response(204, &NOTHING, "")
    });
    let layer = ConditionalLayer::new(Fixed::new(ahead())).use_clock(now);
    let given = [(IUS, NOW_PLUS_2_SECONDS)];
    assert_eq!(send(&layer, handler, request("PUT", &given)).status, 204);
}

/// Once the clock has caught up, the date that is sent is the one that is evaluated.
#[test]
fn the_clock_catches_up() {
    let later = date(NOW).saturating_add_seconds(60);
    let layer = ConditionalLayer::new(Fixed::new(ahead())).use_clock(clock_at(later));
    let answer = send(&layer, plain(), request("GET", &NOTHING));
    let sent = answer.field("last-modified").unwrap().to_owned();
    assert_eq!(sent, NOW_PLUS_2_SECONDS);
    for (method, field, expected) in [("GET", IMS, 304), ("PUT", IUS, 200)] {
        let answer = send(&layer, plain(), request(method, &[(field, &*sent)]));
        assert_eq!(answer.status, expected);
    }
}

/// A date that is evaluated needs no clock, and one that is sent needs one reading.
#[test]
fn readings_of_the_clock() {
    let readings = |method, given: &[(&str, &str)]| {
        let state = Representation::tagged(EntityTag::from_static("\"v1\"")).last_modified(date(T));
        let count = Counter::default();
        let clock = (count.clone(), clock_at(date(NOW)));
        let layer =
            ConditionalLayer::new(Fixed::new(Current::Present(state))).use_clock(move || {
                clock.0.count();
                clock.1()
            });
        send(&layer, plain(), request(method, given));
        count.get()
    };
    assert_eq!(readings("GET", &NOTHING), 1);
    assert_eq!(readings("GET", &[("if-none-match", "\"v0\"")]), 1);
    assert_eq!(readings("GET", &[("if-none-match", "\"v1\"")]), 0);
    assert_eq!(readings("PUT", &[("if-match", "\"v1\"")]), 0);
    // A date of two digits for the year is read by the clock.
    assert_eq!(readings("GET", &[(IMS, T)]), 1);
    assert_eq!(readings("PUT", &[(IUS, T)]), 1);
}
