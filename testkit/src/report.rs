//! What was found, for people and as data.

use std::fmt;
use std::slice;

use super::ask::Ask;
use super::rule::Rule;

/// A rule that the service breaks, with the request that shows it.
#[derive(Clone, Debug)]
pub struct Finding {
    rule: &'static Rule,
    request: String,
    expected: String,
    came: String,
}

impl Finding {
    pub(crate) fn new(
        rule: &'static Rule,
        ask: &Ask,
        expected: impl Into<String>,
        came: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            request: ask.to_string(),
            expected: expected.into(),
            came: came.into(),
        }
    }

    /// The short name of the rule, which stays the same in later versions: `if-none-match-weak`.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        self.rule.name
    }

    /// Where it is written: `RFC 9110, section 13.1.2`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.rule.section
    }

    /// What the rule requires, in words.
    #[must_use]
    pub const fn requirement(&self) -> &'static str {
        self.rule.requirement
    }

    /// The request that shows it, as an HTTP message.
    #[must_use]
    pub fn request(&self) -> &str {
        &self.request
    }

    /// The answer of a service that keeps the rule.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The answer of this service.
    #[must_use]
    pub fn came(&self) -> &str {
        &self.came
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.section(), self.rule())?;
        writeln!(f, "  {}", self.requirement())?;
        for line in self.request.lines() {
            writeln!(f, "      {line}")?;
        }
        writeln!(f, "  expected: {}", self.expected)?;
        write!(f, "  came:     {}", self.came)
    }
}

/// The findings of a run of the kit: at most one [`Finding`] for each rule.
///
/// `Display` is for people; programs iterate over the findings.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Report {
    findings: Vec<Finding>,
    not_checked: Vec<&'static str>,
    requests: usize,
}

impl Report {
    /// Whether there are no findings.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// The findings, in the order in which they were made.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The findings, one after the other.
    pub fn iter(&self) -> slice::Iter<'_, Finding> {
        self.findings.iter()
    }

    /// What was not checked, and why: without a Last-Modified nothing about dates can be checked.
    #[must_use]
    pub fn not_checked(&self) -> &[&'static str] {
        &self.not_checked
    }

    /// How many requests were sent.
    #[must_use]
    pub const fn requests(&self) -> usize {
        self.requests
    }

    /// The report without the findings of these rules, for a service that departs from them on purpose.
    pub fn allowing<N: AsRef<str>>(mut self, rules: impl IntoIterator<Item = N>) -> Self {
        for rule in rules {
            self.findings
                .retain(|finding| finding.rule() != rule.as_ref());
        }
        self
    }

    pub(crate) fn found(&self, rule: &Rule) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.rule() == rule.name)
    }

    /// Keeps the first request that shows the finding, and drops the others.
    pub(crate) fn add(&mut self, finding: Finding) {
        if !self.found(finding.rule) {
            self.add_another(finding);
        }
    }

    pub(crate) fn add_another(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(crate) fn leave_out(&mut self, what_and_why: &'static str) {
        self.not_checked.push(what_and_why);
    }

    pub(crate) const fn count_request(&mut self) {
        self.requests += 1;
    }
}

impl<'r> IntoIterator for &'r Report {
    type Item = &'r Finding;
    type IntoIter = slice::Iter<'r, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count| if count == 1 { "" } else { "s" };
        let (found, sent) = (self.findings.len(), self.requests);
        let (findings, requests) = (plural(found), plural(sent));
        write!(f, "{found} finding{findings} in {sent} request{requests}")?;
        for finding in self {
            write!(f, "\n\n{finding}")?;
        }
        if !self.not_checked.is_empty() {
            write!(f, "\n\nNot checked:")?;
        }
        for what_and_why in &self.not_checked {
            write!(f, "\n  {what_and_why}")?;
        }
        Ok(())
    }
}
