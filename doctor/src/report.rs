//! What was found, for people and as data.

use tower_conditional_testkit::{self as kit, Severity};

use crate::comparison::Comparison;

/// One finding, of the kit or of the comparison.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) rule: &'static str,
    pub(crate) severity: Severity,
    pub(crate) section: &'static str,
    /// What the rule requires.
    pub(crate) requirement: String,
    /// The request that shows it.
    pub(crate) request: String,
    pub(crate) expected: String,
    pub(crate) actual: String,
    /// What it costs users.
    pub(crate) cost: String,
    /// The setting or the line of code that cures it; if there are several ways, one a line.
    pub(crate) cure: String,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// What was asked.
    pub(crate) urls: Vec<String>,
    pub(crate) requests: usize,
    pub(crate) result: Result<Found, String>,
}

/// What was found of a server that could be asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) findings: Vec<Finding>,
    /// What was not checked, and why.
    pub(crate) not_checked: Vec<String>,
    pub(crate) comparison: Option<Comparison>,
}

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Clean,
    Findings,
    NotAsked,
}

impl Outcome {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Findings => "findings",
            Self::NotAsked => "not-asked",
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::NotAsked => 2,
        }
    }
}

impl Report {
    pub(crate) fn outcome(&self) -> Outcome {
        match &self.result {
            Err(_) => Outcome::NotAsked,
            Ok(found)
                if found
                    .findings
                    .iter()
                    .any(|finding| finding.severity > Severity::Advice) =>
            {
                Outcome::Findings
            }
            Ok(_) => Outcome::Clean,
        }
    }
}

impl Found {
    /// Leaves out what the user has allowed, and puts what matters most first.
    pub(crate) fn sorted(mut self, allowed: &[String]) -> Self {
        self.findings
            .retain(|finding| !allowed.iter().any(|rule| rule == finding.rule));
        self.findings.sort_by_key(|finding| {
            let loses_work = finding.rule.starts_with("lost-");
            std::cmp::Reverse((finding.severity, loses_work))
        });
        self
    }
}

impl From<&kit::Finding> for Finding {
    fn from(finding: &kit::Finding) -> Self {
        Self {
            rule: finding.rule(),
            severity: finding.severity(),
            section: finding.section(),
            requirement: finding.requirement().to_owned(),
            request: finding.request().to_owned(),
            expected: finding.expected().to_owned(),
            actual: finding.actual().to_owned(),
            cost: finding.cost().to_owned(),
            cure: finding.cure().to_owned(),
        }
    }
}
