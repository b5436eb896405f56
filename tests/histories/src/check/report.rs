//! What was counted, and which rules were broken how often.

use std::collections::BTreeMap;
use std::fmt;

use super::rule::Rule;
use crate::history::Row;
use crate::operation::{Answer, Operation};

/// So many examples of a broken rule are printed.
const EXAMPLES: usize = 5;

#[derive(Debug, Default)]
pub(crate) struct Report {
    counts: Counts,
    /// How many writes of unknown outcome were made.
    pub(crate) unknown_made: usize,
    broken: BTreeMap<Rule, Broken>,
}

#[derive(Debug, Default)]
struct Broken {
    times: usize,
    examples: Vec<String>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: usize,
    accepted: usize,
    refused: usize,
    unknown: usize,
    unknown_reads: usize,
    reads: usize,
    not_modified: usize,
    not_performed: usize,
    rows: usize,
}

impl Report {
    pub(crate) fn new(operations: &[Operation], rows: &[Row]) -> Self {
        let mut counts = Counts {
            rows: rows.len(),
            ..Counts::default()
        };
        for operation in operations {
            counts.add(operation);
        }
        Self {
            counts,
            ..Self::default()
        }
    }

    /// What breaks this rule.
    pub(crate) fn broken(&mut self, rule: Rule, what: impl FnOnce() -> String) {
        let broken = self.broken.entry(rule).or_default();
        broken.times += 1;
        if broken.examples.len() < EXAMPLES {
            broken.examples.push(what());
        }
    }

    pub(crate) fn is_good(&self) -> bool {
        self.broken.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn rules(&self) -> Vec<Rule> {
        self.broken.keys().copied().collect()
    }

    fn lost(&self) -> usize {
        let losses = self.broken.iter().filter(|(rule, _)| rule.is_loss());
        losses.map(|(_, broken)| broken.times).sum()
    }
}

impl Counts {
    fn add(&mut self, operation: &Operation) {
        let is_write = operation.request.is_write();
        let count = match operation.answer {
            Answer::Found(..) => &mut self.reads,
            Answer::NotModified(_) => &mut self.not_modified,
            Answer::Absent if !is_write => &mut self.reads,
            Answer::Done(..) => &mut self.accepted,
            Answer::Refused | Answer::Absent => &mut self.refused,
            Answer::NotPerformed => &mut self.not_performed,
            Answer::Unknown if is_write => &mut self.unknown,
            Answer::Unknown => &mut self.unknown_reads,
        };
        *count += 1;
        self.requests += usize::from(operation.answer != Answer::NotPerformed);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        writeln!(
            f,
            "{} requests: {} writes accepted, {} refused, {} unknown ({} of them made); {} reads, {} not modified, {} unknown; \
             {} more found no server or no database",
            counts.requests,
            counts.accepted,
            counts.refused,
            counts.unknown,
            self.unknown_made,
            counts.reads,
            counts.not_modified,
            counts.unknown_reads,
            counts.not_performed,
        )?;
        let broken: usize = self.broken.values().map(|broken| broken.times).sum();
        let lost = self.lost();
        writeln!(
            f,
            "history: {} rows; lost = {lost}, rules broken = {broken}",
            counts.rows
        )?;
        for (rule, broken) in &self.broken {
            writeln!(f, "BROKEN {rule:?} ({rule}): {} times", broken.times)?;
            for example in &broken.examples {
                writeln!(f, "  {example}")?;
            }
        }
        Ok(())
    }
}
