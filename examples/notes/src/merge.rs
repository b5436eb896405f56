//! A three-way merge, line by line: which lines two people changed in one text.
//!
//! The conditional layer has found that two edits conflict; a person decides how to resolve them.
//! So nothing is resolved here: the page shows each hunk and asks.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use utoipa::ToSchema;

use crate::store::Draft;

/// What one comparison may take. After it, lines that may be alike count as changed.
const PATIENCE: Duration = Duration::from_millis(200);

/// Two edits, and the note that both began with, if there was one.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Edits {
    base: Option<Draft>,
    theirs: Draft,
    mine: Draft,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Merge {
    title: Vec<Hunk>,
    body: Vec<Hunk>,
}

/// A run of lines in each of the three texts. All hunks of one side, in order, are that side's text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hunk {
    changed_by: ChangedBy,
    base: Vec<String>,
    theirs: Vec<String>,
    mine: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ChangedBy {
    Nobody,
    Theirs,
    Mine,
    /// Both, in the same way.
    Alike,
    Both,
}

impl Edits {
    pub(crate) fn merge(&self) -> Merge {
        let part = |part: fn(&Draft) -> &str| {
            hunks(
                self.base.as_ref().map(part),
                part(&self.theirs),
                part(&self.mine),
            )
        };
        Merge {
            title: part(|draft| &draft.title),
            body: part(|draft| &draft.body),
        }
    }
}

fn hunks(base: Option<&str>, theirs: &str, mine: &str) -> Vec<Hunk> {
    let base = base.map(lines).unwrap_or_default();
    let (theirs, mine) = (lines(theirs), lines(mine));
    let (in_theirs, in_mine) = (places(&base, &theirs), places(&base, &mine));
    // Where the three texts meet: at each line that both sides left alone, and at their ends.
    let unchanged =
        (0..base.len()).filter_map(|line| Some([line, in_theirs[line]?, in_mine[line]?]));
    let ends = [base.len(), theirs.len(), mine.len()];

    let mut hunks = Vec::new();
    let mut from = [0; 3];
    for to in unchanged.chain([ends]) {
        let [in_base, in_theirs, in_mine] = [0, 1, 2].map(|side| from[side]..to[side]);
        for changed in changes(&base[in_base], &theirs[in_theirs], &mine[in_mine]) {
            changed.append_to(&mut hunks);
        }
        if to != ends {
            let line = &base[to[0]..=to[0]];
            Hunk::new(line, line, line).append_to(&mut hunks);
        }
        from = to.map(|line| line + 1);
    }
    hunks
}

/// What was changed between two lines that both sides left alone.
///
/// Neighbouring lines are one change, unless it is certain which line became which: both sides have as many lines as the
/// base, and no line was changed by both in different ways. Then each line is a change of its own, and nobody is asked.
fn changes(base: &[&str], theirs: &[&str], mine: &[&str]) -> Vec<Hunk> {
    let fits = |line: usize| {
        theirs[line] == base[line] || mine[line] == base[line] || theirs[line] == mine[line]
    };
    let lines = base.len();
    if theirs.len() != lines || mine.len() != lines || !(0..lines).all(fits) {
        return vec![Hunk::new(base, theirs, mine)];
    }
    let single = |line| Hunk::new(&base[line..=line], &theirs[line..=line], &mine[line..=line]);
    (0..lines).map(single).collect()
}

/// Lines without their ends: another line end is not an edit.
fn lines(text: &str) -> Vec<&str> {
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .collect()
}

/// For each line of the base, where it still is.
fn places(base: &[&str], side: &[&str]) -> Vec<Option<usize>> {
    let deadline = Some(Instant::now() + PATIENCE);
    let mut places = vec![None; base.len()];
    for operation in capture_diff_slices_deadline(Algorithm::Myers, base, side, deadline) {
        if let DiffOp::Equal {
            old_index,
            new_index,
            len,
        } = operation
        {
            for offset in 0..len {
                places[old_index + offset] = Some(new_index + offset);
            }
        }
    }
    places
}

impl Hunk {
    fn new(base: &[&str], theirs: &[&str], mine: &[&str]) -> Self {
        let changed_by = match (theirs == base, mine == base) {
            (true, true) => ChangedBy::Nobody,
            (false, true) => ChangedBy::Theirs,
            (true, false) => ChangedBy::Mine,
            (false, false) if theirs == mine => ChangedBy::Alike,
            (false, false) => ChangedBy::Both,
        };
        let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
        Self {
            changed_by,
            base: owned(base),
            theirs: owned(theirs),
            mine: owned(mine),
        }
    }

    /// Lines that nobody changed go on where such lines ended; a hunk without lines is none.
    fn append_to(self, hunks: &mut Vec<Self>) {
        match hunks.last_mut() {
            _ if self.is_empty() => {}
            Some(last) if last.changed_by == self.changed_by => last.extend(self),
            _ => hunks.push(self),
        }
    }

    fn is_empty(&self) -> bool {
        self.base.is_empty() && self.theirs.is_empty() && self.mine.is_empty()
    }

    fn extend(&mut self, next: Self) {
        self.base.extend(next.base);
        self.theirs.extend(next.theirs);
        self.mine.extend(next.mine);
    }
}
