//! Times of the last change as validators (sections 8.8.1, 8.8.2 and 8.8.2.2).

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tower_conditional::{
    Current, EntityTag, HttpDate, PreconditionFailed, Preconditions, Reason, Representation,
};

const MICROSECOND: Duration = Duration::from_micros(1);

fn micros(after_1970: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(after_1970)
}

#[test]
fn the_text_is_nanoseconds_since_1970() {
    let rows = [
        (micros(0), "\"0\""),
        (micros(1_700_000_000_123_456), "\"1700000000123456000\""),
        (SystemTime::UNIX_EPOCH + Duration::from_nanos(7), "\"7\""),
        (
            SystemTime::UNIX_EPOCH - Duration::from_millis(1),
            "\"-1000000\"",
        ),
    ];
    for (time, text) in rows {
        let tag = EntityTag::from_time(time);
        assert_eq!(tag.to_str(), Some(text));
        assert_eq!(tag.time(), Some(time));
        assert_eq!(tag.to_weak().time(), Some(time));
    }
}

#[test]
fn what_is_no_time() {
    for text in [
        "\"x\"",
        "\"\"",
        "\"-0\"",
        "\"+1\"",
        "\"007\"",
        "\"1.5.2\"",
        "\"1700000000-gzip\"",
    ] {
        assert_eq!(text.parse::<EntityTag>().unwrap().time(), None, "{text}");
    }
    // No system has these, and none panics.
    for digits in [
        i128::MAX.to_string(),
        i128::MIN.to_string(),
        "9".repeat(64),
        "9".repeat(28),
    ] {
        assert_eq!(EntityTag::strong(&digits).unwrap().time(), None, "{digits}");
    }
}

/// Section 8.8.1: strong only by choice. Section 8.8.2.2: a date in whole seconds is weak in any case.
#[test]
fn strength_is_a_choice() {
    let time = micros(1_700_000_000_999_999);
    let (weak, strong) = (
        Representation::updated_at(time),
        Representation::strongly_updated_at(time),
    );
    let tag = EntityTag::from_time(time);
    for (representation, is_weak) in [(&weak, true), (&strong, false)] {
        let ours = representation.entity_tag().unwrap();
        assert_eq!((ours.is_weak(), ours.weak_eq(&tag)), (is_weak, true));
        assert_eq!(
            representation.last_modified_date(),
            Some(HttpDate::from(micros(1_700_000_000_000_000)))
        );
    }
    let if_match = |current: &Representation, tag: &EntityTag| {
        Preconditions::if_match(tag).check(Current::from(current))
    };
    assert_eq!(if_match(&strong, &tag), Ok(()));
    assert_eq!(
        if_match(&weak, &tag.to_weak()).map_err(PreconditionFailed::reason),
        Err(Reason::WeakTag)
    );
    // Two changes in one second, and the clock set back by one tick.
    for other in [time + MICROSECOND, time - MICROSECOND] {
        let stale = if_match(&strong, &EntityTag::from_time(other));
        assert_eq!(stale, Err(PreconditionFailed::stale()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_time_comes_back(seconds in 0..100_000_000_000_u64, nanos in 0..1_000_000_000_u32, before: bool) {
        let distance = Duration::new(seconds, nanos);
        let time = if before { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance };
        prop_assert_eq!(EntityTag::from_time(time).time(), Some(time));
    }
}
