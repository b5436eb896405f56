//! The checker is checked: histories that are right, and for every rule one that breaks it.

use super::check;
use super::rule::Rule;
use crate::history::Row;
use crate::operation::{Answer, Operation, Request};

use Answer::{Absent, Done, Found, NotModified, NotPerformed, Refused, Unknown};
use Request::{Change, Create, Delete, Read, Replace};

const fn op(started: u64, ended: u64, request: Request, answer: Answer) -> Operation {
    Operation {
        client: 0,
        note: 1,
        request,
        started,
        ended,
        answer,
    }
}

const fn made(before: Option<i64>, after: Option<i64>, content: Option<u64>) -> Row {
    Row {
        note: 1,
        before,
        after,
        content,
    }
}

/// Version 10 with content 1, and nothing else.
const CREATED: Row = made(None, Some(10), Some(1));
/// Version 20 with content 2 in its place.
const REPLACED: Row = made(Some(10), Some(20), Some(2));
const DELETED: Row = made(Some(10), None, None);

const CREATE: Operation = op(0, 10, Create(1), Done(None, Some(1)));
const REPLACE: Operation = op(20, 30, Replace(10, 2), Done(None, Some(2)));

#[track_caller]
fn breaks(rules: &[Rule], operations: &[Operation], rows: &[Row]) {
    let report = check(operations, rows);
    assert_eq!(report.rules(), rules, "{report}");
}

#[test]
fn a_history_without_faults_is_good() {
    let operations = [
        op(0, 1, Read(None), Absent),
        op(0, 1, Delete(5), Absent),
        op(0, 5, Replace(10, 9), Refused),
        op(2, 10, Create(1), Done(None, Some(1))),
        op(11, 12, Read(None), Found(10, 1)),
        op(11, 12, Read(Some(10)), NotModified(10)),
        op(13, 14, Create(3), Refused),
        op(20, 30, Replace(10, 2), Done(None, Some(2))),
        op(31, 32, Replace(10, 4), Refused),
        op(33, 34, Read(Some(10)), Found(20, 2)),
        op(40, 50, Change(20, 5), Done(Some(30), Some(5))),
        op(60, 70, Delete(30), Done(None, None)),
        op(71, 72, Read(Some(30)), Absent),
        op(73, 74, Change(30, 6), Absent),
        op(80, 90, Create(7), Done(None, Some(7))),
    ];
    let rows = [
        CREATED,
        REPLACED,
        made(Some(20), Some(30), Some(5)),
        made(Some(30), None, None),
        made(None, Some(31), Some(7)),
    ];
    breaks(&[], &operations, &rows);
}

#[test]
fn operations_that_overlap_may_see_either_state() {
    let operations = [
        op(0, 100, Create(1), Done(None, None)),
        op(1, 99, Read(None), Absent),
        op(1, 99, Read(None), Found(10, 1)),
        op(1, 99, Create(3), Refused),
        op(1, 99, Replace(10, 4), Refused),
        op(1, 99, Delete(10), Absent),
    ];
    breaks(&[], &operations, &[CREATED]);
}

#[test]
fn a_write_of_unknown_outcome_may_be_made_later_or_never() {
    let lost = op(20, 30, Replace(10, 2), Unknown);
    let before = op(31, 40, Read(None), Found(10, 1));
    let after = op(50, 60, Read(None), Found(20, 2));
    breaks(&[], &[CREATE, lost, before, after], &[CREATED, REPLACED]);
    breaks(&[], &[CREATE, lost, before], &[CREATED]);
    let deletions = [
        op(20, 30, Delete(10), Unknown),
        op(21, 31, Delete(10), Unknown),
    ];
    breaks(
        &[],
        &[&[CREATE][..], &deletions].concat(),
        &[CREATED, DELETED],
    );
}

#[test]
fn an_acknowledged_write_is_gone() {
    breaks(&[Rule::AcknowledgedOnce], &[CREATE, REPLACE], &[CREATED]);
}

#[test]
fn an_acknowledged_write_is_made_twice() {
    let again = made(Some(20), Some(30), Some(2));
    breaks(
        &[Rule::AcknowledgedOnce, Rule::OnTheStateOfItsTag],
        &[CREATE, REPLACE],
        &[CREATED, REPLACED, again],
    );
}

#[test]
fn two_deletions_of_one_version_are_acknowledged() {
    let deletion = op(20, 30, Delete(10), Done(None, None));
    breaks(
        &[Rule::AcknowledgedOnce],
        &[CREATE, deletion, deletion],
        &[CREATED, DELETED],
    );
}

#[test]
fn an_update_is_lost() {
    let other = op(21, 31, Replace(10, 3), Done(None, Some(3)));
    let over = made(Some(20), Some(30), Some(3));
    let rows = [CREATED, REPLACED, over];
    breaks(
        &[Rule::OnTheStateOfItsTag],
        &[CREATE, REPLACE, other],
        &rows,
    );
}

#[test]
fn a_creation_overwrites() {
    let other = op(20, 30, Create(2), Done(None, Some(2)));
    breaks(
        &[Rule::OnTheStateOfItsTag],
        &[CREATE, other],
        &[CREATED, REPLACED],
    );
}

#[test]
fn a_write_of_unknown_outcome_overwrites() {
    let late = op(21, 31, Replace(10, 3), Unknown);
    let over = made(Some(20), Some(30), Some(3));
    breaks(
        &[Rule::OnTheStateOfItsTag],
        &[CREATE, REPLACE, late],
        &[CREATED, REPLACED, over],
    );
}

#[test]
fn an_answer_shows_another_write() {
    let of_another = op(20, 30, Replace(10, 2), Done(None, Some(3)));
    breaks(
        &[Rule::AnswerOfTheWrite],
        &[CREATE, of_another],
        &[CREATED, REPLACED],
    );
    let later_tag = op(20, 30, Change(10, 2), Done(Some(21), Some(2)));
    breaks(
        &[Rule::AnswerOfTheWrite],
        &[CREATE, later_tag],
        &[CREATED, REPLACED],
    );
}

#[test]
fn a_refused_write_is_made() {
    for answer in [Refused, NotPerformed] {
        let refused = op(20, 30, Replace(10, 2), answer);
        // That the tag was current until then is a second rule.
        let at_once = op(5, 30, Replace(10, 2), answer);
        breaks(
            &[Rule::RefusedNeverMade],
            &[CREATE, at_once],
            &[CREATED, REPLACED],
        );
        let report = check(&[CREATE, refused], &[CREATED, REPLACED]);
        assert!(report.rules().contains(&Rule::RefusedNeverMade), "{report}");
    }
}

#[test]
fn a_refusal_was_never_true() {
    let refused = op(20, 30, Replace(10, 2), Refused);
    breaks(&[Rule::RefusalTrue], &[CREATE, refused], &[CREATED]);
    // True only after it was answered.
    let later = op(40, 50, Replace(10, 2), Done(None, None));
    breaks(
        &[Rule::RefusalTrue],
        &[CREATE, op(20, 30, Replace(10, 3), Refused), later],
        &[CREATED, REPLACED],
    );
    let creation = op(20, 30, Create(2), Refused);
    breaks(&[Rule::RefusalTrue], &[creation], &[]);
    let gone = op(20, 30, Delete(10), Absent);
    breaks(&[Rule::RefusalTrue], &[CREATE, gone], &[CREATED]);
}

/// Nothing but a read shows that the version was current all the time.
#[test]
fn a_refusal_was_never_true_as_a_read_shows() {
    let unknown = op(1, 2, Create(1), Unknown);
    let read = op(10, 11, Read(None), Found(10, 1));
    let refused = op(20, 30, Replace(10, 2), Refused);
    breaks(&[], &[unknown, refused], &[CREATED]);
    breaks(&[Rule::RefusalTrue], &[unknown, read, refused], &[CREATED]);
}

#[test]
fn a_write_of_unknown_outcome_is_made_twice() {
    let unknown = op(20, 30, Replace(10, 2), Unknown);
    let again = made(Some(20), Some(30), Some(2));
    breaks(
        &[Rule::OnTheStateOfItsTag, Rule::UnknownAtMostOnce],
        &[CREATE, unknown],
        &[CREATED, REPLACED, again],
    );
}

#[test]
fn a_write_is_made_before_one_that_had_ended() {
    let early = op(20, 30, Replace(10, 2), Done(None, None));
    let late = op(40, 50, Create(1), Done(None, None));
    breaks(&[Rule::InItsTime], &[late, early], &[CREATED, REPLACED]);
}

#[test]
fn a_read_shows_what_was_never_written() {
    let other_content = op(11, 12, Read(None), Found(10, 2));
    breaks(
        &[Rule::ReadOfTheHistory],
        &[CREATE, other_content],
        &[CREATED],
    );
    let other_version = op(11, 12, Read(None), Found(11, 1));
    breaks(
        &[Rule::ReadOfTheHistory],
        &[CREATE, other_version],
        &[CREATED],
    );
}

#[test]
fn a_read_is_stale() {
    let stale = op(31, 40, Read(None), Found(10, 1));
    breaks(
        &[Rule::ReadFresh],
        &[CREATE, REPLACE, stale],
        &[CREATED, REPLACED],
    );
    let gone = op(11, 12, Read(None), Absent);
    breaks(&[Rule::ReadFresh], &[CREATE, gone], &[CREATED]);
}

#[test]
fn a_read_is_of_the_future() {
    let early = op(11, 19, Read(None), Found(20, 2));
    breaks(
        &[Rule::ReadFresh],
        &[CREATE, REPLACE, early],
        &[CREATED, REPLACED],
    );
}

#[test]
fn reads_go_back() {
    let write = op(20, 100, Replace(10, 2), Done(None, None));
    let new = op(30, 40, Read(None), Found(20, 2));
    let old = op(50, 60, Read(None), Found(10, 1));
    breaks(&[], &[CREATE, write, new], &[CREATED, REPLACED]);
    breaks(
        &[Rule::ReadsForward],
        &[CREATE, write, new, old],
        &[CREATED, REPLACED],
    );
}

#[test]
fn a_304_was_never_true() {
    let stale = op(31, 40, Read(Some(10)), NotModified(10));
    breaks(
        &[Rule::NotModifiedTrue],
        &[CREATE, REPLACE, stale],
        &[CREATED, REPLACED],
    );
    let not_asked = op(31, 40, Read(Some(10)), NotModified(20));
    breaks(
        &[Rule::NotModifiedTrue],
        &[CREATE, REPLACE, not_asked],
        &[CREATED, REPLACED],
    );
    let never_there = op(11, 12, Read(Some(9)), NotModified(9));
    breaks(&[Rule::NotModifiedTrue], &[CREATE, never_there], &[CREATED]);
}

#[test]
fn a_200_sends_what_the_client_has() {
    let again = op(11, 12, Read(Some(10)), Found(10, 1));
    breaks(&[Rule::ModifiedTrue], &[CREATE, again], &[CREATED]);
}

#[test]
fn versions_fall() {
    let lower = made(Some(10), Some(9), Some(2));
    breaks(&[Rule::VersionsRise], &[CREATE, REPLACE], &[CREATED, lower]);
}

#[test]
fn a_version_is_used_twice() {
    let other_note = Row { note: 2, ..CREATED };
    let elsewhere = Operation {
        note: 2,
        ..op(0, 10, Create(8), Done(None, None))
    };
    let row = Row {
        content: Some(8),
        ..other_note
    };
    breaks(&[Rule::VersionsOnce], &[CREATE, elsewhere], &[CREATED, row]);
}

/// A version that comes back after a deletion: a client that slept through it would overwrite what it has not seen.
#[test]
fn a_version_comes_back() {
    let deletion = op(20, 30, Delete(10), Done(None, None));
    let again = op(40, 50, Create(2), Done(None, None));
    breaks(
        &[Rule::VersionsRise, Rule::VersionsOnce],
        &[CREATE, deletion, again],
        &[CREATED, DELETED, made(None, Some(10), Some(2))],
    );
}

#[test]
fn the_history_has_a_gap() {
    let after_gap = made(Some(15), Some(20), Some(2));
    let write = op(20, 30, Replace(15, 2), Done(None, None));
    breaks(
        &[Rule::HistoryWhole],
        &[CREATE, write],
        &[CREATED, after_gap],
    );
}

#[test]
fn nobody_sent_what_is_in_the_history() {
    breaks(&[Rule::HistoryWhole], &[CREATE], &[CREATED, REPLACED]);
    breaks(&[Rule::HistoryWhole], &[CREATE], &[CREATED, DELETED]);
}

#[test]
fn a_write_is_made_in_another_note() {
    let elsewhere = Row {
        note: 2,
        before: None,
        ..REPLACED
    };
    breaks(
        &[Rule::AcknowledgedOnce, Rule::HistoryWhole],
        &[CREATE, REPLACE],
        &[CREATED, elsewhere],
    );
}

#[test]
fn two_writes_send_one_content() {
    let refused = op(40, 50, Replace(10, 2), Refused);
    let twice = [CREATE, REPLACE, refused];
    assert!(
        check(&twice, &[CREATED, REPLACED])
            .rules()
            .contains(&Rule::ContentsOnce)
    );
}
