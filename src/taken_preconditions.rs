//! Preconditions that were moved out of a read's head, to be judged when the response is there.

use http::HeaderValue;
use http::header::{Entry, HeaderMap};
use http::request::Parts;

use crate::field::{Field, Given};
use crate::field_lines::Lines;
use crate::preconditions::Preconditions;
use crate::{HttpDate, MethodClass};

#[derive(Debug)]
pub(crate) struct TakenPreconditions {
    is_get_or_head: bool,
    given: Given,
    now: HttpDate,
    fields: [TakenLines; 4],
}

/// The lines of one field; the usual one needs no allocation.
#[derive(Debug)]
enum TakenLines {
    None,
    One(HeaderValue),
    Many(Vec<HeaderValue>),
}

/// The fields that a response can be judged by, each in its place. If-Range cannot wait: its Range is taken off instead.
const JUDGED_LATER: [Field; 4] = [
    Field::IfMatch,
    Field::IfNoneMatch,
    Field::IfModifiedSince,
    Field::IfUnmodifiedSince,
];

impl TakenPreconditions {
    /// Moves the fields out of the head, or copies them where the inner service is to see them too.
    pub(crate) fn take(head: &mut Parts, given: Given, now: HttpDate, keep: bool) -> Self {
        let is_get_or_head = MethodClass::of(&head.method) == MethodClass::Read;
        let headers = &mut head.headers;
        let mut fields = [const { TakenLines::None }; 4];
        for (lines, field) in fields.iter_mut().zip(JUDGED_LATER) {
            if given.has(field) && keep {
                *lines = TakenLines::of(headers.get_all(field.header_name()).iter().cloned());
            } else if given.has(field) {
                *lines = TakenLines::remove(headers, field);
            }
        }
        if given.has(Field::IfRange) && !keep {
            headers.remove(Field::IfRange.header_name());
        }
        Self {
            is_get_or_head,
            given: given.without(Field::IfRange),
            now,
            fields,
        }
    }

    pub(crate) fn preconditions(&self) -> Preconditions<'_> {
        Preconditions::of_taken(self, self.is_get_or_head, self.given, self.now)
    }

    pub(crate) fn lines(&self, field: Field) -> Option<Lines<'_>> {
        self.fields.get(field as usize).and_then(TakenLines::lines)
    }
}

impl TakenLines {
    fn remove(headers: &mut HeaderMap, field: Field) -> Self {
        // No field at all has several lines: the short way.
        if headers.len() == headers.keys_len() {
            return headers
                .remove(field.header_name())
                .map_or(Self::None, Self::One);
        }
        match headers.entry(field.header_name()) {
            Entry::Occupied(entry) => Self::of(entry.remove_entry_mult().1),
            Entry::Vacant(_) => Self::None,
        }
    }

    fn of(mut lines: impl Iterator<Item = HeaderValue>) -> Self {
        match (lines.next(), lines.next()) {
            (None, _) => Self::None,
            (Some(only), None) => Self::One(only),
            (Some(first), Some(second)) => {
                Self::Many([first, second].into_iter().chain(lines).collect())
            }
        }
    }

    fn lines(&self) -> Option<Lines<'_>> {
        match self {
            Self::None => None,
            Self::One(line) => Some(Lines::One(line)),
            Self::Many(lines) => Some(Lines::Taken(lines)),
        }
    }
}
