//! Which request made which row, and whether it was the right one.

use std::collections::{HashMap, HashSet};

use super::report::Report;
use super::rule::Rule;
use crate::history::Row;
use crate::operation::{Answer, Content, Operation, Request, Version};

/// Between which instants a row was made: the start of its request, and its end where it was acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Landed {
    pub(crate) started: u64,
    pub(crate) ended: u64,
}

impl Landed {
    /// Nothing is known of a row that no request has made.
    const ANY_TIME: Self = Self {
        started: 0,
        ended: u64::MAX,
    };

    const fn of(operation: &Operation) -> Self {
        Self {
            started: operation.started,
            ended: match operation.answer {
                Answer::Done(..) => operation.ended,
                _ => u64::MAX,
            },
        }
    }
}

/// By its content a row of the history names its request. Two requests with one content would make that void.
pub(crate) fn contents_are_sent_once(operations: &[Operation], report: &mut Report) {
    let mut sent = HashSet::new();
    for operation in operations {
        if let Some(content) = operation.request.content()
            && !sent.insert(content)
        {
            report.broken(Rule::ContentsOnce, || format!("{operation:?}"));
        }
    }
}

/// Checks the writes to one note, and says when each row was made.
pub(crate) fn check(operations: &[Operation], rows: &[Row], report: &mut Report) -> Vec<Landed> {
    let writes = Writes::new(operations);
    let mut made = HashMap::new();
    let landed = rows.iter().map(|row| match row.content {
        Some(content) => writes.made_with(content, row, &mut made, report),
        None => writes.made_without(row, &mut made, report),
    });
    let landed = landed.collect();
    for (index, operation) in operations.iter().enumerate() {
        let rows = made.get(&index).map_or(&[][..], Vec::as_slice);
        outcome_is_true(operation, rows, report);
    }
    landed
}

struct Writes<'a> {
    operations: &'a [Operation],
    by_content: HashMap<Content, usize>,
    deletions: HashMap<Version, Vec<usize>>,
}

type Made<'r> = HashMap<usize, Vec<&'r Row>>;

impl<'a> Writes<'a> {
    fn new(operations: &'a [Operation]) -> Self {
        let mut writes = Self {
            operations,
            by_content: HashMap::new(),
            deletions: HashMap::new(),
        };
        for (index, operation) in operations.iter().enumerate() {
            if let Some(content) = operation.request.content() {
                writes.by_content.insert(content, index);
            }
            if let Request::Delete(seen) = operation.request {
                writes.deletions.entry(seen).or_default().push(index);
            }
        }
        writes
    }

    fn made_with<'r>(
        &self,
        content: Content,
        row: &'r Row,
        made: &mut Made<'r>,
        report: &mut Report,
    ) -> Landed {
        let Some(&index) = self.by_content.get(&content) else {
            report.broken(Rule::HistoryWhole, || format!("no request made {row:?}"));
            return Landed::ANY_TIME;
        };
        made.entry(index).or_default().push(row);
        Landed::of(&self.operations[index])
    }

    /// A deletion has no content: an acknowledged one made the row, or else the first that may have.
    fn made_without<'r>(&self, row: &'r Row, made: &mut Made<'r>, report: &mut Report) -> Landed {
        let deletions = row.before.and_then(|before| self.deletions.get(&before));
        let candidates = deletions.map_or(&[][..], Vec::as_slice);
        let answer = |index: usize| self.operations[index].answer;
        let by = |wanted: fn(Answer) -> bool| {
            let candidates = candidates
                .iter()
                .copied()
                .filter(|&index| wanted(answer(index)));
            candidates.min_by_key(|&index| self.operations[index].started)
        };
        let index = by(|answer| matches!(answer, Answer::Done(..)))
            .or_else(|| by(|answer| answer == Answer::Unknown))
            .or_else(|| by(|_| true));
        let Some(index) = index else {
            report.broken(Rule::HistoryWhole, || format!("no request made {row:?}"));
            return Landed::ANY_TIME;
        };
        made.entry(index).or_default().push(row);
        Landed::of(&self.operations[index])
    }
}

/// Compares one request with the rows that it has made.
fn outcome_is_true(operation: &Operation, rows: &[&Row], report: &mut Report) {
    if !operation.request.is_write() {
        return;
    }
    match operation.answer {
        Answer::Done(..) if rows.len() != 1 => {
            report.broken(Rule::AcknowledgedOnce, || {
                format!("{operation:?} made {rows:?}")
            });
        }
        Answer::Unknown if rows.len() > 1 => {
            report.broken(Rule::UnknownAtMostOnce, || {
                format!("{operation:?} made {rows:?}")
            });
        }
        answer if answer.is_refusal() && !rows.is_empty() => {
            report.broken(Rule::RefusedNeverMade, || {
                format!("{operation:?} made {rows:?}")
            });
        }
        _ => {}
    }
    if operation.answer == Answer::Unknown && !rows.is_empty() {
        report.unknown_made += 1;
    }
    for row in rows {
        if row.before != operation.request.seen() {
            report.broken(Rule::OnTheStateOfItsTag, || {
                format!("{operation:?} made {row:?}")
            });
        }
        answer_is_of(operation, row, report);
    }
}

/// An answer to a write shows what that write has made, as far as it shows anything.
fn answer_is_of(operation: &Operation, row: &Row, report: &mut Report) {
    if let Answer::Done(version, content) = operation.answer {
        let is_other = |shown: Option<i128>, made: Option<i128>| shown.is_some() && shown != made;
        if is_other(version.map(i128::from), row.after.map(i128::from))
            || is_other(content.map(i128::from), row.content.map(i128::from))
        {
            report.broken(Rule::AnswerOfTheWrite, || {
                format!("{operation:?} made {row:?}")
            });
        }
    }
}
