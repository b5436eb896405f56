//! The states of one note, in their order.

use std::collections::{HashMap, HashSet};

use super::report::Report;
use super::rule::Rule;
use crate::history::Row;
use crate::operation::{Content, Version};

/// State 0 is the absent note before the first row; state N is the note after row N.
#[derive(Debug)]
pub(crate) struct States {
    versions: Vec<Option<Version>>,
    contents: Vec<Option<Content>>,
    places: HashMap<Version, usize>,
    /// How many of the states before each are absent, and of all.
    absent_before: Vec<usize>,
}

impl States {
    pub(crate) fn new(rows: &[Row], report: &mut Report) -> Self {
        let mut states = Self {
            versions: vec![None],
            contents: vec![None],
            places: HashMap::new(),
            absent_before: vec![0, 1],
        };
        let mut highest = None;
        for row in rows {
            if states.versions.last() != Some(&row.before) {
                report.broken(Rule::HistoryWhole, || {
                    format!("{row:?} does not follow the row before it")
                });
            }
            if row.after.is_some() && row.after <= highest {
                report.broken(Rule::VersionsRise, || {
                    format!("{row:?} after version {highest:?}")
                });
            }
            highest = highest.max(row.after);
            states.push(row);
        }
        states
    }

    fn push(&mut self, row: &Row) {
        if let Some(version) = row.after {
            self.places.entry(version).or_insert(self.versions.len());
        }
        let absent = self.absent_before.last().copied().unwrap_or_default();
        self.absent_before
            .push(absent + usize::from(row.after.is_none()));
        self.versions.push(row.after);
        self.contents.push(row.content);
    }

    pub(crate) const fn count(&self) -> usize {
        self.versions.len()
    }

    /// Which state has this version.
    pub(crate) fn place(&self, version: Version) -> Option<usize> {
        self.places.get(&version).copied()
    }

    pub(crate) fn content(&self, place: usize) -> Option<Content> {
        self.contents[place]
    }

    /// How many of these states are absent.
    pub(crate) fn absent(&self, first: usize, last: usize) -> usize {
        self.absent_before[last + 1] - self.absent_before[first]
    }
}

/// All notes draw their versions from one sequence.
pub(crate) fn versions_are_used_once(rows: &[Row], report: &mut Report) {
    let mut used = HashSet::new();
    for row in rows {
        if row.after.is_some_and(|version| !used.insert(version)) {
            report.broken(Rule::VersionsOnce, || format!("{row:?}"));
        }
    }
}
