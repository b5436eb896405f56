//! Whether the order of the states agrees with the times of the operations.
//!
//! An operation that saw state K comes after the writes that made the states up to K, and before the one that made the next. That
//! agrees with the clock if none of the operations of a later state has ended before one of an earlier state began.

use super::report::Report;
use super::rule::Rule;
use super::states::States;
use super::writes::Landed;
use crate::operation::{Answer, Operation, Request};

/// Checks when the writes took effect, what the reads saw, and whether the refusals were true.
pub(crate) fn check(
    operations: &[Operation],
    states: &States,
    landed: &[Landed],
    report: &mut Report,
) {
    writes_are_in_time(landed, report);
    let written = Places::new(states.count(), landed, &[]);
    let seen = reads_are_fresh(operations, states, &written, report);
    let places = Places::new(states.count(), landed, &seen);
    reads_go_forward(operations, &seen, &places, report);
    for operation in operations {
        is_true(operation, states, &places, report);
    }
}

fn writes_are_in_time(landed: &[Landed], report: &mut Report) {
    let mut latest_start = 0;
    for (row, landed) in landed.iter().enumerate() {
        if landed.ended < latest_start {
            report.broken(Rule::InItsTime, || {
                format!("row {row} ({landed:?}) follows a write that began at {latest_start}")
            });
        }
        latest_start = latest_start.max(landed.started);
    }
}

/// A read that saw exactly one state.
#[derive(Clone, Copy, Debug)]
struct SeenState {
    /// Its index.
    operation: usize,
    place: usize,
    started: u64,
    ended: u64,
}

/// From when and until when the state of each place may have been current.
#[derive(Debug)]
struct Places {
    /// An operation that ended before this did not see the state.
    not_before: Vec<u64>,
    /// An operation that began after this did not see the state.
    not_after: Vec<u64>,
}

impl Places {
    fn new(count: usize, landed: &[Landed], seen: &[SeenState]) -> Self {
        let mut latest_start = vec![0; count];
        let mut first_end = vec![u64::MAX; count];
        for (index, landed) in landed.iter().enumerate() {
            latest_start[index + 1] = landed.started;
            first_end[index + 1] = landed.ended;
        }
        let made_at = latest_start.clone();
        for seen in seen {
            latest_start[seen.place] = latest_start[seen.place].max(seen.started);
            first_end[seen.place] = first_end[seen.place].min(seen.ended);
        }
        let mut latest = 0;
        let not_before = made_at.iter().zip(latest_start).map(|(&made, start)| {
            let from = made.max(latest);
            latest = latest.max(start);
            from
        });
        let not_before = not_before.collect();
        let mut first = u64::MAX;
        let not_after = first_end.into_iter().rev().map(|end| {
            let until = first;
            first = first.min(end);
            until
        });
        let mut not_after: Vec<u64> = not_after.collect();
        not_after.reverse();
        Self {
            not_before,
            not_after,
        }
    }

    fn is_early(&self, operation: &Operation, place: usize) -> bool {
        operation.ended < self.not_before[place]
    }

    fn is_late(&self, operation: &Operation, place: usize) -> bool {
        operation.started > self.not_after[place]
    }

    /// The first and the last state that may have been current during the operation.
    fn during(&self, operation: &Operation) -> Option<(usize, usize)> {
        let first = self
            .not_after
            .partition_point(|&until| until < operation.started);
        let after_last = self
            .not_before
            .partition_point(|&from| from <= operation.ended);
        (first < after_last).then(|| (first, after_last - 1))
    }
}

/// Which states the reads saw, of those that saw one of the history in its time.
fn reads_are_fresh(
    operations: &[Operation],
    states: &States,
    written: &Places,
    report: &mut Report,
) -> Vec<SeenState> {
    let mut seen = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let rule = match operation.answer {
            Answer::Found(..) => Rule::ReadFresh,
            Answer::NotModified(_) => Rule::NotModifiedTrue,
            _ => continue,
        };
        let Some(place) = place_seen(operation, states, report) else {
            continue;
        };
        if written.is_early(operation, place) || written.is_late(operation, place) {
            report.broken(rule, || {
                let (from, until) = (written.not_before[place], written.not_after[place]);
                format!("{operation:?} saw a state that was current from {from} or later until {until} or earlier")
            });
        } else {
            seen.push(SeenState {
                operation: index,
                place,
                started: operation.started,
                ended: operation.ended,
            });
        }
    }
    seen
}

/// The state that a read or a 304 shows, if it is one of the history.
fn place_seen(operation: &Operation, states: &States, report: &mut Report) -> Option<usize> {
    let asked = match operation.request {
        Request::Read(asked) => asked,
        _ => None,
    };
    match operation.answer {
        Answer::Found(version, content) => {
            if asked == Some(version) {
                report.broken(Rule::ModifiedTrue, || format!("{operation:?}"));
            }
            let place = states.place(version);
            if place.is_none_or(|place| states.content(place) != Some(content)) {
                report.broken(Rule::ReadOfTheHistory, || format!("{operation:?}"));
            }
            place
        }
        Answer::NotModified(version) => {
            let place = states.place(version).filter(|_| asked == Some(version));
            if place.is_none() {
                report.broken(Rule::NotModifiedTrue, || format!("{operation:?}"));
            }
            place
        }
        _ => None,
    }
}

/// What one read saw, no later one may see the state before.
fn reads_go_forward(
    operations: &[Operation],
    seen: &[SeenState],
    places: &Places,
    report: &mut Report,
) {
    for seen in seen {
        let operation = &operations[seen.operation];
        if places.is_early(operation, seen.place) || places.is_late(operation, seen.place) {
            report.broken(Rule::ReadsForward, || format!("{operation:?}"));
        }
    }
}

/// A refusal, and a note that is not there, need one state during the request of which they are true.
fn is_true(operation: &Operation, states: &States, places: &Places, report: &mut Report) {
    let is_true = |holds: fn(&States, usize, usize, Request) -> bool| {
        let during = places.during(operation);
        during.is_some_and(|(first, last)| holds(states, first, last, operation.request))
    };
    match operation.answer {
        Answer::Absent if !is_true(was_absent) => {
            let rule = if operation.request.is_write() {
                Rule::RefusalTrue
            } else {
                Rule::ReadFresh
            };
            report.broken(rule, || format!("{operation:?} was never true"));
        }
        Answer::Refused if !is_true(was_other) => {
            report.broken(Rule::RefusalTrue, || {
                format!("{operation:?} was never true")
            });
        }
        _ => {}
    }
}

fn was_absent(states: &States, first: usize, last: usize, _: Request) -> bool {
    states.absent(first, last) > 0
}

/// Whether some state does not satisfy the precondition.
fn was_other(states: &States, first: usize, last: usize, request: Request) -> bool {
    let all = last - first + 1;
    match request.seen() {
        Some(seen) => {
            let place = states.place(seen);
            all > usize::from(place.is_some_and(|place| (first..=last).contains(&place)))
        }
        // `If-None-Match: *` is false where there is a note.
        None => all > states.absent(first, last),
    }
}
