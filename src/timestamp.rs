//! Times of the last change as validators, to the nanosecond ([RFC 9110, sections 8.8.1 and 8.8.2.2]).
//!
//! [RFC 9110, sections 8.8.1 and 8.8.2.2]: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1

use std::time::{Duration, SystemTime};

use crate::{EntityTag, Representation, version_number};

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// The time in nanoseconds since 1970, less than zero before it.
pub(crate) fn nanoseconds(time: SystemTime) -> i128 {
    // A duration in nanoseconds takes 95 bits at most.
    let signed = |nanoseconds: u128| i128::try_from(nanoseconds).unwrap_or(i128::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => signed(after.as_nanos()),
        Err(before) => -signed(before.duration().as_nanos()),
    }
}

/// The time that many nanoseconds after 1970. `None` if the system has no such time.
fn time_of(nanoseconds: i128) -> Option<SystemTime> {
    let distance = nanoseconds.unsigned_abs();
    let seconds = u64::try_from(distance / NANOS_PER_SECOND).ok()?;
    let rest = u32::try_from(distance % NANOS_PER_SECOND).ok()?;
    let distance = Duration::new(seconds, rest);
    if nanoseconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

impl EntityTag {
    /// The strong tag of a time: its nanoseconds since 1970. [`time`](Self::time) is its inverse.
    ///
    /// It is strong only if every change has another time: see
    /// [`Representation::strongly_updated_at`]. Otherwise use its [`to_weak`](Self::to_weak).
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use tower_conditional::EntityTag;
    ///
    /// let updated_at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
    /// let tag = EntityTag::from_time(updated_at);
    /// assert_eq!(tag.as_bytes(), b"\"1700000000123456000\"");
    /// assert_eq!(tag.time(), Some(updated_at));
    /// ```
    #[must_use]
    pub fn from_time(time: impl Into<SystemTime>) -> Self {
        Self::of_parts("", "", &nanoseconds(time.into()).to_string())
    }

    /// The time of a tag that [`from_time`](Self::from_time) has made, exactly; also of a weak one.
    ///
    /// Any number is read as nanoseconds, and every other tag as `None`, as is a time that the system does not have.
    #[must_use]
    pub fn time(&self) -> Option<SystemTime> {
        time_of(version_number::parse(self.rest()?)?)
    }
}

impl Representation {
    /// The validators of a time of the last change (a column `updated_at`), where two changes may have the same one: a weak
    /// tag, to the nanosecond, and Last-Modified.
    ///
    /// It serves for 304s. If-Match never names a weak tag, so writes are refused.
    ///
    /// Takes a [`SystemTime`] and what becomes one, such as `chrono::DateTime` and `time::OffsetDateTime`.
    #[doc(alias("timestamp", "Last-Modified", "mtime"))]
    #[must_use]
    pub fn updated_at(time: impl Into<SystemTime>) -> Self {
        let time = time.into();
        Self::tagged(EntityTag::from_time(time).to_weak()).last_modified(time)
    }

    /// The validators of a time of the last change that is later than that of every change before: a strong tag, to the
    /// nanosecond, and Last-Modified.
    ///
    /// A clock alone does not make sure of that: two changes may come within one of its ticks, or it is set back, and then an
    /// old tag is current again, and an update is lost. The statement that writes can, as in
    /// `SET updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')`, for as long as the row is
    /// there. Where rows are deleted and created again under the same id, use a version from a counter.
    ///
    /// Last-Modified is a weak validator all the same, because it has whole seconds
    /// ([section 8.8.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2)).
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use tower_conditional::{Found, Representation};
    ///
    /// let updated_at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
    /// let found = Found::from(Representation::strongly_updated_at(updated_at)).with("the row");
    /// let representation = found.current().representation().unwrap();
    /// assert_eq!(representation.entity_tag().unwrap().time(), Some(updated_at));
    /// ```
    #[doc(alias("timestamp", "Last-Modified", "updated_at"))]
    #[must_use]
    pub fn strongly_updated_at(time: impl Into<SystemTime>) -> Self {
        let time = time.into();
        Self::tagged(EntityTag::from_time(time)).last_modified(time)
    }
}
