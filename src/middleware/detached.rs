//! The preconditions of a read, detached from its head to be evaluated by the response.

use std::mem;

use http::Method;
use http::header::{Entry, HeaderMap};
use http::request::Parts;

use crate::HttpDate;
use crate::field::{Field, FieldSet};
use crate::field_lines::TakenLine;
use crate::preconditions::Preconditions;

/// Preconditions that outlive the head they were sent in, because the request goes to the handler.
#[derive(Debug)]
pub(crate) struct DetachedPreconditions {
    /// The request is a HEAD: a refusal has no content.
    pub(crate) is_head: bool,
    is_get_or_head: bool,
    /// Whether If-Range is among them, on a GET with Range.
    is_ranged_get: bool,
    given: FieldSet,
    now: HttpDate,
    lines: TakenLines,
}

/// The field lines. Lines of one field are next to each other.
#[derive(Debug)]
enum TakenLines {
    /// The usual request has one line, which needs no allocation.
    One([TakenLine; 1]),
    Many(Vec<TakenLine>),
}

impl DetachedPreconditions {
    /// Moves the fields out of the head, or copies them if `keep`. Leaves If-Range out: it is not evaluated by a response,
    /// and the caller removes Range.
    pub(crate) fn take(head: &mut Parts, given: FieldSet, now: HttpDate, keep: bool) -> Self {
        let is_get_or_head = matches!(head.method, Method::GET | Method::HEAD);
        let headers = &mut head.headers;
        let deferred = given.without(Field::IfRange);
        let lines = TakenLines::of(headers, deferred, keep);
        if given.has(Field::IfRange) && !keep {
            headers.remove(Field::IfRange.name());
        }
        Self {
            is_head: head.method == Method::HEAD,
            is_get_or_head,
            is_ranged_get: false,
            given: deferred,
            now,
            lines,
        }
    }

    /// Moves the fields out of the head, or copies them if `keep`, to evaluate them against the version that the handler
    /// states: If-Match, If-Unmodified-Since, and If-Range if Range goes to the handler.
    pub(crate) fn of_stated(
        head: &mut Parts,
        given: FieldSet,
        has_range: bool,
        now: HttpDate,
        keep: bool,
    ) -> Self {
        Self {
            is_head: head.method == Method::HEAD,
            is_get_or_head: true,
            is_ranged_get: has_range && head.method == Method::GET && given.has(Field::IfRange),
            given,
            now,
            lines: TakenLines::of(&mut head.headers, given, keep),
        }
    }

    /// Whether If-Range decides which part may be sent.
    pub(crate) const fn guards_range(&self) -> bool {
        self.is_ranged_get
    }

    /// The preconditions, ready to be evaluated.
    pub(crate) fn preconditions(&self) -> Preconditions<'_> {
        let lines = self.lines.as_slice();
        let mut preconditions =
            Preconditions::of_taken(lines, self.is_get_or_head, self.given, self.now);
        preconditions.is_ranged_get = self.is_ranged_get;
        preconditions
    }
}

impl TakenLines {
    /// Moves the fields out of the head, or copies them if `keep`.
    fn of(headers: &mut HeaderMap, given: FieldSet, keep: bool) -> Self {
        let mut lines = Self::default();
        for field in given.fields() {
            if keep {
                let copied = headers.get_all(field.name()).iter().cloned();
                copied.for_each(|line| lines.push((field, line)));
            } else {
                lines.move_from(headers, field);
            }
        }
        lines
    }

    fn as_slice(&self) -> &[TakenLine] {
        match self {
            Self::One(line) => line,
            Self::Many(lines) => lines,
        }
    }

    fn push(&mut self, line: TakenLine) {
        match self {
            Self::Many(lines) if lines.is_empty() => *self = Self::One([line]),
            Self::Many(lines) => lines.push(line),
            Self::One(_) => {
                if let Self::One([first]) = mem::take(self) {
                    *self = Self::Many(vec![first, line]);
                }
            }
        }
    }

    /// Moves the lines of a field out of the header map.
    fn move_from(&mut self, headers: &mut HeaderMap, field: Field) {
        // The short way: no field has several lines.
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
