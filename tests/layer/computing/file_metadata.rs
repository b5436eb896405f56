//! Tags from the size and the time of a file, and times that no formatter expects.

use std::fs::{File, Metadata};
use std::io::Write;
use std::time::{Duration, SystemTime};

use tower_conditional::{HttpDate, Representation};

const EPOCH: SystemTime = SystemTime::UNIX_EPOCH;
const BILLION: Duration = Duration::from_millis(1_000_000_000_500);

fn file(content: &str, modified: SystemTime) -> Metadata {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file.set_modified(modified).unwrap();
    file.metadata().unwrap()
}

#[track_caller]
fn tag(representation: &Representation) -> &str {
    let tag = representation.entity_tag().expect("a tag");
    std::str::from_utf8(tag.as_bytes()).unwrap()
}

/// As stable as the tags of `BodyHash`: made by an independent program, from the size and the nanoseconds.
#[test]
fn tags_are_what_they_have_always_been() {
    let file = file("hello", EPOCH + BILLION);
    let found = Representation::from_metadata(&file);
    assert_eq!(tag(&found), "W/\"H6GaLwmP0XY2CNBlOyEPMA\"");
}

/// Section 8.8.1: another inode, the same tag; another size or time, another tag.
#[test]
fn size_and_time_make_the_tag_and_nothing_else() {
    let of = |content, modified| Representation::from_metadata(&file(content, modified));
    let one = of("hello", EPOCH + BILLION);
    assert_eq!(tag(&one), tag(&of("world", EPOCH + BILLION)));
    assert_ne!(tag(&one), tag(&of("hello!", EPOCH + BILLION)));
    let later = BILLION + Duration::from_millis(100);
    assert_ne!(tag(&one), tag(&of("hello", EPOCH + later)));
    // Section 5.6.7: floored to the second.
    assert_eq!(
        one.last_modified_date(),
        HttpDate::from_unix_seconds(1_000_000_000)
    );
}

/// Section 8.8.2.1: constant times say nothing, neither as a date nor in a tag.
#[test]
fn constant_times_are_not_known() {
    for seconds in [0, 1] {
        let found =
            Representation::from_metadata(&file("hello", EPOCH + Duration::from_secs(seconds)));
        assert!(found.entity_tag().is_none());
        assert!(found.last_modified_date().is_none());
    }
    let found = Representation::from_metadata(&file("hello", EPOCH + Duration::from_secs(2)));
    assert!(found.entity_tag().is_some());
}

#[test]
fn no_time_is_too_odd() {
    let nanosecond = Duration::from_nanos(1);
    let century = Duration::from_secs(100 * 365 * 86_400);
    let times = [
        EPOCH - nanosecond,
        EPOCH + nanosecond,
        EPOCH - century / 2,
        EPOCH + 2 * century,
    ];
    let tags = times.map(|time| Representation::from_metadata(&file("hello", time)));
    for (at, found) in tags.iter().enumerate() {
        assert!(
            tags[..at].iter().all(|other| tag(other) != tag(found)),
            "{:?}",
            times[at]
        );
    }
    assert_eq!(
        tags[0].last_modified_date(),
        HttpDate::from_unix_seconds(-1)
    );
}
