//! The rules: a name that stays the same, where it is written, what it asks for, what a breach costs and what cures it.

mod dates;
mod head;
mod if_match;
mod if_none_match;
mod lists;
mod not_modified;
mod order;
mod ranges;
mod resource;
mod wire;
mod writes;

use http::Method;

pub(crate) use dates::*;
pub(crate) use head::*;
pub(crate) use if_match::*;
pub(crate) use if_none_match::*;
pub(crate) use lists::*;
pub(crate) use not_modified::*;
pub(crate) use order::*;
pub(crate) use ranges::*;
pub(crate) use resource::*;
#[cfg(feature = "wire")]
pub(crate) use wire::*;
pub(crate) use writes::*;

use super::severity::Severity::{self, Deviation, Error};

/// One rule that the kit checks.
///
/// Its name is the same whether the service is called in-process or over a connection. Within a major version of the
/// kit (a minor one before 1.0) no name is changed, removed or used for another rule; new ones are added.
///
/// # Examples
///
/// ```
/// use tower_conditional_testkit::{Rule, Severity};
///
/// let rule = Rule::named("if-match").unwrap();
/// assert_eq!(rule.section(), "RFC 9110, section 13.1.1");
/// assert_eq!(rule.severity(), Severity::Error);
/// assert!(rule.cost().contains("lost"));
/// ```
#[derive(Debug)]
pub struct Rule {
    name: &'static str,
    section: &'static str,
    severity: Severity,
    on_reads: Severity,
    requirement: &'static str,
    cost: &'static str,
    cure: &'static str,
}

impl Rule {
    /// All rules, in the order of their topics.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        TOPICS.iter().copied().flatten().copied()
    }

    /// The rule with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|rule| rule.name == name)
    }

    /// The name: `if-match-strong-comparison`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Where it is written: `RFC 9110, section 13.1.1`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.section
    }

    /// How much a breach matters at most. A finding has a severity of its own: see [`Rule::severity_on_reads`].
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// How much a breach matters that a GET or HEAD shows; for most rules the same as [`Rule::severity`].
    #[must_use]
    pub const fn severity_on_reads(&self) -> Severity {
        self.on_reads
    }

    /// What it requires, in words.
    #[must_use]
    pub const fn requirement(&self) -> &'static str {
        self.requirement
    }

    /// What a breach costs the users of the service.
    #[must_use]
    pub const fn cost(&self) -> &'static str {
        self.cost
    }

    /// What cures a breach: a setting, or what the code has to do.
    #[must_use]
    pub const fn cure(&self) -> &'static str {
        self.cure
    }

    pub(crate) fn severity_of(&self, method: &Method) -> Severity {
        match *method {
            Method::GET | Method::HEAD => self.on_reads,
            _ => self.severity,
        }
    }
}

static TOPICS: [&[&Rule]; 11] = [
    resource::RULES,
    lists::RULES,
    if_match::RULES,
    if_none_match::RULES,
    dates::RULES,
    order::RULES,
    ranges::RULES,
    head::RULES,
    not_modified::RULES,
    writes::RULES,
    wire::RULES,
];

/// How the tables of the rules are written.
impl Rule {
    const fn new(name: &'static str, section: &'static str, severity: Severity) -> Self {
        Self {
            name,
            section,
            severity,
            on_reads: severity,
            requirement: "",
            cost: "",
            cure: "",
        }
    }

    const fn error(name: &'static str, section: &'static str) -> Self {
        Self::new(name, section, Error)
    }

    const fn deviation(name: &'static str, section: &'static str) -> Self {
        Self::new(name, section, Deviation)
    }

    const fn advice(name: &'static str, section: &'static str) -> Self {
        Self::new(name, section, Severity::Advice)
    }

    /// A GET or HEAD that shows the breach costs users little.
    const fn deviation_on_reads(mut self) -> Self {
        self.on_reads = Deviation;
        self
    }

    const fn requires(mut self, requirement: &'static str) -> Self {
        self.requirement = requirement;
        self
    }

    const fn costs(mut self, cost: &'static str) -> Self {
        self.cost = cost;
        self
    }

    const fn cured_by(mut self, cure: &'static str) -> Self {
        self.cure = cure;
        self
    }
}

/// The cure where the code of a service reads a field by itself.
const EVALUATE_ONCE: &str = "Let one well-tested evaluation read the field, not the handler: in a tower service \
    `.layer(ConditionalLayer::new(source))` of tower-conditional.";
