//! The kit checks services that are right and services that are wrong in one thing.

mod origin;
mod ours;
mod report;
mod serve_dir;

use origin::{Flaw, Origin};
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
        ("with weak tags", Origin::right().weak()),
        ("with 428", Origin::right().demanding()),
    ] {
        let report = check(origin, fixture()).await;
        assert!(report.is_clean(), "{name}: {report}");
    }
}

/// The requirement, the flaw, its section, the rules.
type Row = (&'static str, Flaw, &'static str, &'static [&'static str]);

/// Each flaw, the section that it is reported under, and the rules that name it: the first is the flaw itself, the
/// rest follow from it directly.
const FLAWS: &[Row] = &[
    (
        "R-5.6.1-1",
        Flaw::SplitsAtEveryComma,
        "5.6.1",
        &["comma-in-tag"],
    ),
    (
        "R-5.2-1",
        Flaw::ReadsTheFirstLine,
        "5.3",
        &["several-lines"],
    ),
    (
        "R-5.6.1.2-1",
        Flaw::EmptyMemberSpoilsTheList,
        "5.6.1.2",
        &["empty-members"],
    ),
    ("R-2.3-2", Flaw::PanicsOnObsText, "5.5", &["obs-text"]),
    (
        "R-8.8.3-6",
        Flaw::ObsTextSpoilsTheList,
        "5.5",
        &["obs-text"],
    ),
    ("R-5.5-2", Flaw::ClosesOnObsText, "5.5", &["obs-text"]),
    (
        "R-8.8.3.2-3",
        Flaw::ComparesPrefixes,
        "8.8.3.2",
        &["octets"],
    ),
    (
        "R-13.1.1-1",
        Flaw::IgnoresIfMatch,
        "13.1.1",
        &["if-match", "if-match-absent"],
    ),
    ("J-5", Flaw::IgnoresIfMatchOnReads, "13.1.1", &["if-match"]),
    (
        "R-13.1.1-6",
        Flaw::IgnoresIfMatchOnWrites,
        "13.1.1",
        &["if-match-absent", "if-match"],
    ),
    (
        "R-9.3.5-1",
        Flaw::IgnoresIfMatchOnDelete,
        "13.1.1",
        &["if-match"],
    ),
    (
        "R-13.1.1-2",
        Flaw::IfMatchIsWeak,
        "13.1.1",
        &["if-match-weak"],
    ),
    (
        "R-5.6.1-3",
        Flaw::EmptyIfMatchIsAbsent,
        "13.1.1",
        &["if-match-empty"],
    ),
    (
        "R-13.1.1-5",
        Flaw::MalformedIfMatchIsAbsent,
        "13.1.1",
        &["if-match-malformed"],
    ),
    (
        "R-13.1.1-3",
        Flaw::IfMatchStarIsAlwaysTrue,
        "13.1.1",
        &["if-match-absent"],
    ),
    (
        "R-13.1.1-3",
        Flaw::IfMatchStarNeedsATag,
        "13.1.1",
        &["if-match-wildcard"],
    ),
    (
        "R-13.1.2-1",
        Flaw::IgnoresIfNoneMatch,
        "13.1.2",
        &["if-none-match", "if-none-match-wildcard"],
    ),
    (
        "R-13.1.2-2",
        Flaw::IfNoneMatchIsStrong,
        "13.1.2",
        &["if-none-match-weak"],
    ),
    (
        "R-13.1.2-3",
        Flaw::IfNoneMatchKnowsNoStar,
        "13.1.2",
        &["if-none-match-wildcard"],
    ),
    (
        "R-5.3-1",
        Flaw::StarAmongTagsIsAStar,
        "13.1.2",
        &["if-none-match-malformed", "if-match-malformed"],
    ),
    (
        "R-5.6.1-3",
        Flaw::EmptyIfNoneMatchIsAbsent,
        "13.1.2",
        &["if-none-match-empty"],
    ),
    (
        "R-13.1.2-9",
        Flaw::MalformedIfNoneMatchIsAbsent,
        "13.1.2",
        &["if-none-match-malformed"],
    ),
    (
        "R-13.1.3-1",
        Flaw::DateBesideIfNoneMatch,
        "13.1.3",
        &["if-modified-since-beside"],
    ),
    (
        "R-13.1.3-6",
        Flaw::IgnoresIfModifiedSince,
        "13.1.3",
        &["if-modified-since"],
    ),
    (
        "R-13.1.3-2",
        Flaw::FailsOnBadDates,
        "13.1.3",
        &["if-modified-since-no-date"],
    ),
    (
        "R-5.5-3",
        Flaw::ReadsTheFirstOfTwoDates,
        "13.1.3",
        &["if-modified-since-twice"],
    ),
    (
        "R-13.1.3-8",
        Flaw::FutureDatesAreInvalid,
        "13.1.3",
        &["if-modified-since"],
    ),
    (
        "R-13.1.3-3",
        Flaw::IfModifiedSinceOnWrites,
        "13.1.3",
        &["if-modified-since-on-write"],
    ),
    (
        "R-5.6.7-1",
        Flaw::KnowsOneFormOfDates,
        "5.6.7",
        &["obsolete-dates"],
    ),
    (
        "R-13.1.4-5",
        Flaw::IgnoresIfUnmodifiedSince,
        "13.1.4",
        &["if-unmodified-since"],
    ),
    (
        "R-13.1.4-1",
        Flaw::DateBesideIfMatch,
        "13.1.4",
        &["if-unmodified-since-beside"],
    ),
    (
        "R-13.1.4-3",
        Flaw::UndatedIsModified,
        "13.1.4",
        &["if-unmodified-since-undated"],
    ),
    (
        "R-13.2.2-2",
        Flaw::IfNoneMatchComesFirst,
        "13.2.2",
        &["precedence"],
    ),
    (
        "R-15.4.5-1",
        Flaw::NotModifiedLacks("etag"),
        "15.4.5",
        &["not-modified-tag"],
    ),
    (
        "R-15.4.5-1",
        Flaw::NotModifiedLacks("vary"),
        "15.4.5",
        &["not-modified-vary"],
    ),
    (
        "R-15.4.5-1",
        Flaw::NotModifiedLacks("cache-control"),
        "15.4.5",
        &["not-modified-cache-control"],
    ),
    (
        "R-15.4.5-1",
        Flaw::NotModifiedLacks("expires"),
        "15.4.5",
        &["not-modified-expires"],
    ),
    (
        "R-15.4.5-1",
        Flaw::NotModifiedLacks("content-location"),
        "15.4.5",
        &["not-modified-content-location"],
    ),
    (
        "R-15.4.5-9",
        Flaw::NotModifiedEchoes,
        "15.4.5",
        &["not-modified-tag"],
    ),
    (
        "R-15.4.5-7",
        Flaw::NotModifiedHasABody,
        "15.4.5",
        &["not-modified-body"],
    ),
    (
        "R-8.6-1",
        Flaw::NotModifiedHasLengthZero,
        "8.6",
        &["not-modified-length"],
    ),
    (
        "R-15.4.5-3",
        Flaw::NotModifiedHasAType,
        "15.4.5",
        &["not-modified-metadata"],
    ),
    (
        "R-15.4.5-8",
        Flaw::NotModifiedToWrites,
        "15.4.5",
        &["not-modified-to-write"],
    ),
    (
        "R-13.2.1-9",
        Flaw::WritesThenRefuses,
        "13.2.1",
        &["done-though-refused"],
    ),
    ("S-10", Flaw::ChecksThenWaits, "13.1.1", &["lost-update"]),
    ("R-13.2.1-4", Flaw::JudgesOptions, "13.2.1", &["options"]),
    ("R-13.2.1-2", Flaw::JudgesErrors, "13.2.1", &["errors"]),
    ("R-13.1.5-7", Flaw::IgnoresIfRange, "13.1.5", &["if-range"]),
    (
        "R-13.1.5-4",
        Flaw::IfRangeIsWeak,
        "13.1.5",
        &["if-range-weak"],
    ),
    (
        "R-13.1.5-5",
        Flaw::IfRangeByOrder,
        "13.1.5",
        &["if-range-date"],
    ),
    (
        "R-13.1.5-6",
        Flaw::IfRangeTakesAnything,
        "13.1.5",
        &["if-range-malformed"],
    ),
    ("R-13.1.5-3", Flaw::RangeOnHead, "14.2", &["range-on-head"]),
    ("R-13.2.2-5", Flaw::RangeComesFirst, "14.2", &["range-last"]),
    ("R-14.2-1", Flaw::RefusesOtherUnits, "14.2", &["range-unit"]),
    ("R-15.3.7-1", Flaw::PartLacksTheTag, "15.3.7", &["part-tag"]),
    (
        "R-9.3.2-2",
        Flaw::HeadLacksTheTag,
        "9.3.2",
        &["head-validators"],
    ),
    (
        "R-9111.4.3.5-1",
        Flaw::HeadHasAnotherTag,
        "9.3.2",
        &["head-validators"],
    ),
    (
        "R-13.2.1-6",
        Flaw::HeadIsUnconditional,
        "13.2.1",
        &["head-conditional"],
    ),
    ("R-9.3.2-1", Flaw::HeadHasABody, "9.3.2", &["head-body"]),
    ("R-8.6-2", Flaw::HeadHasLengthZero, "8.6", &["head-length"]),
    ("R-5.3-3", Flaw::TwoTags, "8.8.3", &["validator-syntax"]),
    (
        "R-8.8.2.1-2",
        Flaw::ModifiedLater,
        "8.8.2.1",
        &["last-modified-later"],
    ),
    (
        "R-8.8.3.3-1",
        Flaw::GzipHasTheSameTag,
        "8.8.3.3",
        &["tag-of-coding"],
    ),
    (
        "R-8.8.3.3-2",
        Flaw::GzipWithoutVary,
        "12.5.5",
        &["vary-on-coding"],
    ),
    ("R-8.8-2", Flaw::PutAnswersTheOldTag, "8.8", &["write-tag"]),
    (
        "R-9.3.4-1",
        Flaw::PutAnswersThoughItRewrote,
        "9.3.4",
        &["put-tag"],
    ),
    ("R-8.8-1", Flaw::NoValidators, "8.8", &["validators"]),
    ("R-8.8.1-3", Flaw::TagOfTheMoment, "8.8.1", &["tag-stable"]),
    (
        "R-6585.3-4",
        Flaw::RequiresMoreThanThereIs,
        "13.1.1",
        &["if-match-true"],
    ),
    // What is written has the tag of what it replaces: nobody can tell a stale one.
    (
        "R-8.8.1-1",
        Flaw::TagOfTheLength,
        "8.8.1",
        &["tag-unique", "if-match", "lost-update"],
    ),
];

/// The same for RFC 6585.
const FLAWS_OF_428: &[Row] = &[
    (
        "R-6585.3-3",
        Flaw::RequiredIsStorable,
        "3",
        &["required-no-store"],
    ),
    (
        "R-6585.3-2",
        Flaw::RequiredSaysNothing,
        "3",
        &["required-body"],
    ),
];

#[tokio::test]
async fn each_flaw_is_reported_under_its_section_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for (rfc, flaws) in [(9110, FLAWS), (6585, FLAWS_OF_428)] {
        for (id, flaw, section, expected) in flaws {
            let report = check(Origin::with(*flaw), fixture()).await;
            let section = format!("RFC {rfc}, section {section}");
            let first = report.findings().first().map(|finding| finding.section());
            if rules(&report) != *expected || first != Some(&section) {
                wrong.push(format!("{id} {flaw:?} ({section} {expected:?}): {report}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n====\n\n"));
}
