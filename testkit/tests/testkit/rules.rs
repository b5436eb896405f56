//! The names of the rules are public, and stay: `RULES.md` lists them, and this test holds the list.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use tower_conditional_testkit::{Finding, Fixture, Report, Rule, Severity, check};

use super::fixture;
use super::origin::{Flaw, Origin};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/RULES.md");
const HEAD: &str =
    "| name | severity | section | requires | costs | cure |\n|---|---|---|---|---|---|\n";

/// A name that is there stays: only the line of a new rule may be added, or severity and section of an old one corrected.
#[test]
fn the_page_lists_the_rules_and_no_name_has_gone() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, table) = page.split_once(HEAD).unwrap();
    let now: HashSet<_> = Rule::all().map(Rule::name).collect();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let name = line.split('`').nth(1).unwrap();
        assert!(
            now.contains(name),
            "{name} is in use; another release has it"
        );
    }
    let expected = format!("{before}{HEAD}{}", rows());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, &expected).unwrap();
    }
    let is_current = fs::read_to_string(PAGE).unwrap() == expected;
    assert!(is_current, "UPDATE_DOCS=1 writes the table of {PAGE} anew");
}

fn rows() -> String {
    let mut rows = String::new();
    for rule in Rule::all() {
        let severity = match (rule.severity(), rule.severity_on_reads()) {
            (severity, on_reads) if severity == on_reads => severity.to_string(),
            (severity, on_reads) => format!("{severity}, on reads {on_reads}"),
        };
        let (name, section, requirement) = (rule.name(), rule.section(), rule.requirement());
        let (cost, cure) = (rule.cost(), rule.cure());
        writeln!(
            rows,
            "| `{name}` | {severity} | {section} | {requirement} | {cost} | {cure} |"
        )
        .unwrap();
    }
    rows
}

#[test]
fn names_are_words_with_dashes_and_each_is_there_once() {
    let mut seen = HashSet::new();
    for rule in Rule::all() {
        let name = rule.name();
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(name.split('-').all(is_word), "{name}");
        assert!(seen.insert(name), "{name} twice");
        assert_eq!(Rule::named(name).map(Rule::name), Some(name));
    }
    assert!(Rule::named("no-such-rule").is_none());
}

/// What a person needs is there: sentences that end, a section to read, no empty text.
#[test]
fn each_rule_has_all_its_texts() {
    for rule in Rule::all() {
        for text in [rule.requirement(), rule.cost(), rule.cure()] {
            let is_sentence = text.ends_with('.') && !text.contains("  ") && !text.contains('\n');
            assert!(is_sentence, "{}: {text:?}", rule.name());
        }
        let section = rule.section();
        assert!(
            section.starts_with("RFC ") && section.contains(", section "),
            "{section}"
        );
        assert!(
            rule.severity() >= rule.severity_on_reads(),
            "{}",
            rule.name()
        );
    }
}

/// A rule that a file defines and no list names could be found, and nobody could look it up.
#[test]
fn every_rule_of_the_source_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rule");
    let sources = fs::read_dir(folder)
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let defined: usize = sources
        .map(|source| source.matches("pub(crate) static ").count())
        .sum();
    assert_eq!(Rule::all().count(), defined);
}

fn severities(report: &Report) -> Vec<(&str, Severity)> {
    report
        .iter()
        .map(|finding| (finding.rule(), finding.severity()))
        .collect()
}

/// The same rule, shown by a read alone and by a write.
#[tokio::test]
async fn a_write_that_is_not_refused_matters_more_than_a_read() {
    let reads = check(Origin::with(Flaw::IgnoresIfMatch), Fixture::at("/notes/1")).await;
    assert_eq!(severities(&reads), [("if-match", Severity::Deviation)]);
    assert!(!reads.is_clean());

    let writes = check(Origin::with(Flaw::IgnoresIfMatch), fixture()).await;
    assert_eq!(
        severities(&writes),
        [
            ("if-match", Severity::Error),
            ("if-match-absent", Severity::Error)
        ]
    );
    assert!(
        writes.findings()[0].request().starts_with("PUT "),
        "{writes}"
    );
}

#[tokio::test]
async fn advice_alone_is_clean() {
    let report = check(Origin::with(Flaw::RequiredSaysNothing), fixture()).await;
    assert_eq!(
        severities(&report),
        [("precondition-required-body", Severity::Advice)]
    );
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.worst(), Some(Severity::Advice));
    let none = check(Origin::right(), fixture()).await;
    assert_eq!((none.worst(), none.is_clean()), (None, true), "{none}");
}

#[tokio::test]
async fn a_report_of_both_has_each_rule_once_at_its_worst() {
    let reads = check(Origin::with(Flaw::IgnoresIfMatch), Fixture::at("/notes/1")).await;
    let writes = check(Origin::with(Flaw::IgnoresIfMatch), fixture()).await;
    let requests = reads.requests() + writes.requests();
    let other = check(Origin::with(Flaw::RangeOnHead), Fixture::at("/notes/1")).await;
    let merged = other.merge(reads).merge(writes);
    let rules: Vec<_> = merged.iter().map(Finding::rule).collect();
    assert_eq!(rules, ["range-on-head", "if-match", "if-match-absent"]);
    assert_eq!(merged.worst(), Some(Severity::Error));
    assert!(merged.requests() > requests);
}

/// What costs users most stands first, whenever it was found.
#[tokio::test]
async fn people_read_errors_first() {
    let reads = check(Origin::with(Flaw::RangeOnHead), Fixture::at("/notes/1")).await;
    let writes = check(Origin::with(Flaw::WritesThenRefuses), fixture()).await;
    let text = reads.merge(writes).to_string();
    assert!(text.starts_with("1 error, 1 deviation in "), "{text}");
    let place = |part| {
        text.find(part)
            .unwrap_or_else(|| panic!("{part} in {text}"))
    };
    assert!(place("\nerror: done-though-refused (") < place("\ndeviation: range-on-head ("));
}
