//! What was found, for people and as data.

use std::cmp::Reverse;
use std::fmt;
use std::slice;

use http::Method;

use super::ask::Ask;
use super::rule::Rule;
use super::severity::Severity;

/// A rule that the service breaks, with the request that shows it.
#[derive(Clone, Debug)]
pub struct Finding {
    rule: &'static Rule,
    severity: Severity,
    request: String,
    expected: String,
    actual: String,
}

impl Finding {
    pub(crate) fn new(
        rule: &'static Rule,
        ask: &Ask,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Self {
        Self::shown_by(rule, ask.method(), ask.to_string(), expected, actual)
    }

    /// A finding that a request of this method shows.
    pub(crate) fn shown_by(
        rule: &'static Rule,
        method: &Method,
        request: String,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity: rule.severity_of(method),
            request,
            expected: expected.into(),
            actual: actual.into(),
        }
    }

    /// The name of the rule: `if-none-match-weak-comparison`. [`Rule`] says for how long it stays the same.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        self.rule.name()
    }

    /// How much it matters.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Where it is written: `RFC 9110, section 13.1.2`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.rule.section()
    }

    /// What the rule requires, in words.
    #[must_use]
    pub const fn requirement(&self) -> &'static str {
        self.rule.requirement()
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
    pub fn actual(&self) -> &str {
        &self.actual
    }

    /// What it costs the users of the service.
    #[must_use]
    pub const fn cost(&self) -> &'static str {
        self.rule.cost()
    }

    /// What cures it: a setting, or what the code has to do.
    #[must_use]
    pub const fn cure(&self) -> &'static str {
        self.rule.cure()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} ({})", self.severity, self.rule(), self.section())?;
        writeln!(f, "  {}", self.requirement())?;
        for line in self.request.lines() {
            writeln!(f, "      {line}")?;
        }
        writeln!(f, "  expected: {}", self.expected)?;
        writeln!(f, "  actual:   {}", self.actual)?;
        writeln!(f, "  cost:     {}", self.cost())?;
        write!(f, "  cure:     {}", self.cure())
    }
}

/// The findings of a run of the kit: at most one [`Finding`] for each rule.
///
/// `Display` is for people and begins with what matters most; programs iterate over the findings.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Report {
    findings: Vec<Finding>,
    not_checked: Vec<&'static str>,
    requests: usize,
}

impl Report {
    /// Whether there is nothing to mend: no finding, or nothing but [`Severity::Advice`].
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.worst() <= Some(Severity::Advice)
    }

    /// The greatest severity among the findings; `None` if there are none.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.iter().map(Finding::severity).max()
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

    /// Both reports in one, as of the same service in-process and over the wire: of each rule the worst finding, and of
    /// equal ones that of `self`.
    pub fn merge(mut self, other: Self) -> Self {
        for finding in other.findings {
            self.add(finding);
        }
        for what_and_why in other.not_checked {
            self.leave_out(what_and_why);
        }
        self.requests += other.requests;
        self
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
            .any(|finding| finding.rule() == rule.name())
    }

    /// Keeps the first of the worst findings of a rule, and drops the others.
    pub(crate) fn add(&mut self, finding: Finding) {
        let mut kept = self.findings.iter_mut();
        match kept.find(|kept| kept.rule() == finding.rule()) {
            Some(kept) if kept.severity < finding.severity => *kept = finding,
            Some(_) => {}
            None => self.add_another(finding),
        }
    }

    pub(crate) fn add_another(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(crate) fn leave_out(&mut self, what_and_why: &'static str) {
        if !self.not_checked.contains(&what_and_why) {
            self.not_checked.push(what_and_why);
        }
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
        let requests = plural(self.requests);
        write!(
            f,
            "{} in {} request{requests}",
            self.counted(),
            self.requests
        )?;
        let mut worst_first: Vec<&Finding> = self.iter().collect();
        worst_first.sort_by_key(|finding| Reverse(finding.severity));
        for finding in worst_first {
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

impl Report {
    /// "1 error, 2 deviations", "no findings"
    fn counted(&self) -> String {
        let count = |severity| {
            self.iter()
                .filter(|finding| finding.severity == severity)
                .count()
        };
        let words = [
            (count(Severity::Error), "error", "errors"),
            (count(Severity::Deviation), "deviation", "deviations"),
            (
                count(Severity::Advice),
                "piece of advice",
                "pieces of advice",
            ),
        ]
        .into_iter()
        .filter(|&(count, ..)| count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }));
        let words: Vec<_> = words.collect();
        match words.as_slice() {
            [] => "no findings".to_owned(),
            words => words.join(", "),
        }
    }
}
