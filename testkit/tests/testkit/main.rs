//! The kit finds nothing in correct services, and finds the one flaw of services that have one.

mod mistakes;
mod order;
mod origin;
mod ours;
mod race;
mod raw_origin;
mod report;
mod rules;
mod serve_dir;
mod socket;
mod wire;

use futures_util::future::join_all;
use origin::{Flaw, Origin};
use socket::serve;
use test_support::{Protocol, quick_or_full, server};
use tower_conditional_testkit::{Fixture, Report, Scratch, check};

fn scratch() -> Scratch {
    scratch_at("/notes/scratch")
}

fn scratch_at(path: &str) -> Scratch {
    Scratch::put(path, "text/plain", |mark| format!("this is {mark}"))
}

fn fixture() -> Fixture {
    Fixture::at("/notes/1")
        .absent_at("/notes/404")
        .writing(scratch())
}

fn rules(report: &Report) -> Vec<&str> {
    report.iter().map(|finding| finding.rule()).collect()
}

#[tokio::test]
async fn right_origins_yield_no_finding() {
    for (name, origin) in [
        ("with everything", Origin::right()),
        ("without dates", Origin::right().without_dates()),
        ("without tags", Origin::right().without_tags()),
        ("with 428", Origin::right().demanding()),
    ] {
        let report = check(origin, fixture()).await;
        assert!(report.findings().is_empty(), "{name}: {report}");
    }
    // Weak tags are no flaw where nothing can be written.
    let report = check(Origin::right().weak(), Fixture::at("/notes/1")).await;
    assert!(report.findings().is_empty(), "{report}");
}

/// The flaw, its section, the rules.
type Row = (Flaw, &'static str, &'static [&'static str]);

/// Each flaw, the section that it is reported under, and the rules that name it: the first is the flaw itself, the
/// rest follow from it directly.
const FLAWS: &[Row] = &[
    (Flaw::SplitsAtEveryComma, "5.6.1", &["comma-in-tag"]),
    (Flaw::ReadsTheFirstLine, "5.3", &["several-lines"]),
    (
        Flaw::EmptyMemberSpoilsTheList,
        "5.6.1.2",
        &["empty-members"],
    ),
    (Flaw::KnowsNoTabs, "5.6.3", &["list-whitespace"]),
    (Flaw::QuotedStarIsAStar, "5.6.1", &["comma-in-tag"]),
    (Flaw::IgnoresDatesBesideDates, "13.2.2", &["precedence"]),
    (Flaw::PanicsOnObsText, "5.5", &["obs-text"]),
    (Flaw::ObsTextSpoilsTheList, "5.5", &["obs-text"]),
    (Flaw::ClosesOnObsText, "5.5", &["obs-text"]),
    (Flaw::ComparesPrefixes, "8.8.3.2", &["tag-comparison"]),
    (
        Flaw::IgnoresIfMatch,
        "13.1.1",
        &["if-match", "if-match-absent"],
    ),
    (Flaw::IgnoresIfMatchOnReads, "13.1.1", &["if-match"]),
    (
        Flaw::IgnoresIfMatchOnWrites,
        "13.1.1",
        &["if-match-absent", "if-match"],
    ),
    (Flaw::IgnoresIfMatchOnDelete, "13.1.1", &["if-match"]),
    (
        Flaw::IfMatchIsWeak,
        "13.1.1",
        &["if-match-strong-comparison"],
    ),
    (Flaw::EmptyIfMatchIsAbsent, "13.1.1", &["if-match-empty"]),
    (
        Flaw::MalformedIfMatchIsAbsent,
        "13.1.1",
        &["if-match-malformed"],
    ),
    (
        Flaw::IfMatchStarIsAlwaysTrue,
        "13.1.1",
        &["if-match-absent"],
    ),
    (Flaw::IfMatchStarNeedsATag, "13.1.1", &["if-match-wildcard"]),
    (
        Flaw::IgnoresIfNoneMatch,
        "13.1.2",
        &["if-none-match", "if-none-match-wildcard"],
    ),
    (
        Flaw::IfNoneMatchIsStrong,
        "13.1.2",
        &["if-none-match-weak-comparison"],
    ),
    (
        Flaw::IfNoneMatchKnowsNoStar,
        "13.1.2",
        &["if-none-match-wildcard"],
    ),
    (Flaw::StarAmongTagsIsAStar, "13.1.1", &["wildcard-in-list"]),
    (
        Flaw::EmptyIfNoneMatchIsAbsent,
        "13.1.2",
        &["if-none-match-empty"],
    ),
    (
        Flaw::MalformedIfNoneMatchIsAbsent,
        "13.1.2",
        &["if-none-match-malformed"],
    ),
    (
        Flaw::DateBesideIfNoneMatch,
        "13.1.3",
        &["if-modified-since-beside-if-none-match"],
    ),
    (
        Flaw::BothDateAndTagMustMatch,
        "13.1.2",
        &["if-none-match-beside-if-modified-since"],
    ),
    (
        Flaw::IgnoresIfModifiedSince,
        "13.1.3",
        &["if-modified-since"],
    ),
    (
        Flaw::FailsOnBadDates,
        "13.1.3",
        &["if-modified-since-invalid"],
    ),
    (
        Flaw::ReadsTheFirstOfTwoDates,
        "13.1.3",
        &["if-modified-since-several"],
    ),
    (
        Flaw::FutureDatesAreInvalid,
        "13.1.3",
        &["if-modified-since"],
    ),
    (
        Flaw::IfModifiedSinceOnWrites,
        "13.1.3",
        &["if-modified-since-on-write"],
    ),
    (Flaw::KnowsOneFormOfDates, "5.6.7", &["date-forms"]),
    (
        Flaw::IgnoresIfUnmodifiedSince,
        "13.1.4",
        &["if-unmodified-since"],
    ),
    (
        Flaw::DateBesideIfMatch,
        "13.1.4",
        &["if-unmodified-since-beside-if-match"],
    ),
    (
        Flaw::UndatedIsModified,
        "13.1.4",
        &["if-unmodified-since-undated"],
    ),
    (Flaw::IfNoneMatchComesFirst, "13.2.2", &["precedence"]),
    (
        Flaw::NotModifiedLacks("etag"),
        "15.4.5",
        &["not-modified-tag"],
    ),
    (
        Flaw::NotModifiedLacks("vary"),
        "15.4.5",
        &["not-modified-vary"],
    ),
    (
        Flaw::NotModifiedLacks("cache-control"),
        "15.4.5",
        &["not-modified-cache-control"],
    ),
    (
        Flaw::NotModifiedLacks("expires"),
        "15.4.5",
        &["not-modified-expires"],
    ),
    (
        Flaw::NotModifiedLacks("content-location"),
        "15.4.5",
        &["not-modified-content-location"],
    ),
    (Flaw::NotModifiedEchoes, "15.4.5", &["not-modified-tag"]),
    (Flaw::NotModifiedHasABody, "15.4.5", &["not-modified-body"]),
    (
        Flaw::NotModifiedHasLengthZero,
        "8.6",
        &["not-modified-length"],
    ),
    (
        Flaw::NotModifiedHasAType,
        "15.4.5",
        &["not-modified-metadata"],
    ),
    (
        Flaw::NotModifiedToWrites,
        "15.4.5",
        &["not-modified-to-write"],
    ),
    (Flaw::WritesThenRefuses, "13.2.1", &["done-though-refused"]),
    (Flaw::ChecksThenWaits, "13.1.1", &["lost-update"]),
    (Flaw::ChecksTheHead, "13.1.1", &["lost-update"]),
    (
        Flaw::EvaluatesOnOptions,
        "13.2.1",
        &["options-unconditional"],
    ),
    (Flaw::EvaluatesOnErrors, "13.2.1", &["errors-unconditional"]),
    (Flaw::IgnoresIfRange, "13.1.5", &["if-range"]),
    (
        Flaw::IfRangeIsWeak,
        "13.1.5",
        &["if-range-strong-comparison"],
    ),
    (Flaw::IfRangeByOrder, "13.1.5", &["if-range-date"]),
    (
        Flaw::IfRangeTakesAnything,
        "13.1.5",
        &["if-range-malformed"],
    ),
    (Flaw::RangeOnHead, "14.2", &["range-on-head"]),
    (
        Flaw::RangeComesFirst,
        "14.2",
        &["range-after-preconditions"],
    ),
    (Flaw::RefusesOtherUnits, "14.2", &["range-unit"]),
    (Flaw::PartLacksTheTag, "15.3.7", &["part-tag"]),
    (Flaw::HeadLacksTheTag, "9.3.2", &["head-validators"]),
    (Flaw::HeadHasAnotherTag, "9.3.2", &["head-validators"]),
    (Flaw::HeadIsUnconditional, "13.2.1", &["head-conditional"]),
    (Flaw::HeadHasABody, "9.3.2", &["head-body"]),
    (Flaw::HeadHasLengthZero, "8.6", &["head-length"]),
    (Flaw::TwoTags, "8.8.3", &["validator-syntax"]),
    (Flaw::ModifiedLater, "8.8.2.1", &["last-modified-later"]),
    (Flaw::GzipHasTheSameTag, "8.8.3.3", &["tag-of-coding"]),
    (Flaw::GzipHasNoTag, "8.8.3.3", &["coded-tag-missing"]),
    (Flaw::GzipWithoutVary, "12.5.5", &["vary-on-coding"]),
    (Flaw::PutAnswersTheOldTag, "8.8", &["write-tag"]),
    (Flaw::PutAnswersThoughItRewrote, "9.3.4", &["put-tag"]),
    (Flaw::NoValidators, "8.8", &["validator-missing"]),
    (Flaw::TagOfTheMoment, "8.8.1", &["tag-stable"]),
    (
        Flaw::RequiresMoreThanThereIs,
        "13.1.1",
        &["if-match-current-tag"],
    ),
    // The new content has the tag of the old one: a stale tag cannot be recognised.
    (
        Flaw::TagOfTheLength,
        "8.8.1",
        &["tag-unique", "if-match", "lost-update"],
    ),
];

/// The same for RFC 6585.
const FLAWS_OF_428: &[Row] = &[
    (
        Flaw::RequiredIsStorable,
        "3",
        &["precondition-required-no-store"],
    ),
    (
        Flaw::RequiredSaysNothing,
        "3",
        &["precondition-required-body"],
    ),
];

/// What hyper repairs on the way to a client. `wire` has it from servers that do not.
const REPAIRED: &[Flaw] = &[Flaw::NotModifiedHasABody, Flaw::HeadHasABody];

#[tokio::test]
async fn each_flaw_is_reported_under_its_section_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for (rfc, flaws) in [(9110, FLAWS), (6585, FLAWS_OF_428)] {
        for (flaw, section, expected) in flaws {
            let report = check(Origin::with(*flaw), fixture()).await;
            let section = format!("RFC {rfc}, section {section}");
            let first = report.findings().first().map(|finding| finding.section());
            if rules(&report) != *expected || first != Some(&section) {
                wrong.push(format!("{flaw:?} ({section} {expected:?}): {report}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n====\n\n"));
}

/// What a flaw is called in-process it is called over a socket, through an HTTP client.
#[tokio::test]
async fn each_flaw_has_the_same_name_over_a_socket() {
    let over_a_socket = async |(flaw, _, in_process): &Row| {
        let repaired = REPAIRED.contains(flaw);
        let expected = if repaired { &[][..] } else { in_process };
        let address = serve(Origin::with(*flaw)).await;
        let report = check(server(address, Protocol::Http1), fixture()).await;
        (rules(&report) != expected).then(|| format!("{flaw:?} {expected:?}: {report}"))
    };
    let all = FLAWS.iter().chain(FLAWS_OF_428);
    let all = all.step_by(quick_or_full(5, 1));
    let wrong: Vec<_> = join_all(all.map(over_a_socket)).await;
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n====\n\n"));
}
