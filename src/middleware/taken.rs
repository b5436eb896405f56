//! Preconditions that were taken from a read's head, to be judged when the response is there.

use std::mem;

use http::header::{Entry, HeaderMap};
use http::request::Parts;

use crate::field::{Field, Given};
use crate::field_lines::TakenLine;
use crate::preconditions::Preconditions;
use crate::{HttpDate, MethodClass};

#[derive(Debug)]
pub(crate) struct TakenPreconditions {
    is_get_or_head: bool,
    given: Given,
    now: HttpDate,
    lines: TakenLines,
}

/// Those of one field stand side by side.
#[derive(Debug)]
enum TakenLines {
    /// The usual request has one, and that needs no allocation.
    One([TakenLine; 1]),
    Many(Vec<TakenLine>),
}

impl TakenPreconditions {
    /// Moves the fields out of the head, or copies them where the inner service is to see them too. If-Range cannot
    /// be judged by a response: its Range is taken off instead.
    pub(crate) fn take(head: &mut Parts, given: Given, now: HttpDate, keep: bool) -> Self {
        let is_get_or_head = MethodClass::of(&head.method) == MethodClass::Read;
        let headers = &mut head.headers;
        let judged_later = given.without(Field::IfRange);
        let mut lines = TakenLines::default();
        for field in judged_later.fields() {
            if keep {
                let copied = headers.get_all(field.name()).iter().cloned();
                copied.for_each(|line| lines.push((field, line)));
            } else {
                lines.move_from(headers, field);
            }
        }
        if given.has(Field::IfRange) && !keep {
            headers.remove(Field::IfRange.name());
        }
        Self {
            is_get_or_head,
            given: judged_later,
            now,
            lines,
        }
    }

    pub(crate) fn preconditions(&self) -> Preconditions<'_> {
        let lines = self.lines.as_slice();
        Preconditions::of_taken(lines, self.is_get_or_head, self.given, self.now)
    }
}

impl TakenLines {
    fn as_slice(&self) -> &[TakenLine] {
        match self {
            Self::One(line) => line,
            Self::Many(lines) => lines,
        }
    }

    fn push(&mut self, line: TakenLine) {
        *self = match mem::take(self) {
            Self::Many(lines) if lines.is_empty() => Self::One([line]),
            Self::Many(mut lines) => {
                lines.push(line);
                Self::Many(lines)
            }
            Self::One([first]) => Self::Many(vec![first, line]),
        };
    }

    fn move_from(&mut self, headers: &mut HeaderMap, field: Field) {
        // No field at all has several lines: the short way.
        if headers.len() == headers.keys_len() {
            if let Some(line) = headers.remove(field.name()) {
                self.push((field, line));
            }
        } else if let Entry::Occupied(entry) = headers.entry(field.name()) {
            let moved = entry.remove_entry_mult().1;
            moved.for_each(|line| self.push((field, line)));
        }
    }
}

impl Default for TakenLines {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}
