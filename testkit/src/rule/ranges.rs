//! Range and If-Range (sections 14.2 and 13.1.5).

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &RANGE_LAST,
    &RANGE,
    &RANGE_UNIT,
    &RANGE_ON_HEAD,
    &PART_TAG,
    &IF_RANGE,
    &IF_RANGE_WEAK,
    &IF_RANGE_DATE,
    &IF_RANGE_MALFORMED,
];

const SECTION: &str = "RFC 9110, section 14.2";
const IF_RANGE_SECTION: &str = "RFC 9110, section 13.1.5";
/// The cure of what a file server does by itself.
const AROUND_FILES: &str = "Around a service for files: `.layer(ConditionalLayer::new(FromResponse))` of \
    tower-conditional evaluates If-Range; elsewhere compare the whole value, strongly, and send the whole content if it differs.";

pub(crate) static RANGE_LAST: Rule = Rule::deviation("range-after-preconditions", SECTION)
    .requires("Range is evaluated after the preconditions: 304 wins over 206 and 416.")
    .costs("A client that has the content is sent a part of it, or an error.")
    .cured_by("Evaluate the preconditions first.");

pub(crate) static RANGE: Rule = Rule::error("range", SECTION)
    .requires("A satisfiable Range gets the part that was asked for, or the whole.")
    .costs("Downloads that are resumed are damaged, and players cannot seek.")
    .cured_by("Send the bytes that were asked for with Content-Range, or 200 with all.");

pub(crate) static RANGE_UNIT: Rule = Rule::deviation("range-unit", SECTION)
    .requires("A Range in a unit that is not understood is ignored.")
    .costs("A client that tries another unit gets an error in place of the content.")
    .cured_by("Send the whole content where the unit is not `bytes`.");

pub(crate) static RANGE_ON_HEAD: Rule = Rule::deviation("range-on-head", SECTION)
    .requires("Range is ignored on every method but GET.")
    .costs("A client that asks for the size before a download is told the size of a part.")
    .cured_by("Read Range on GET alone.");

pub(crate) static PART_TAG: Rule = Rule::error("part-tag", "RFC 9110, section 15.3.7")
    .requires("A 206 carries the ETag of the 200.")
    .costs("A client cannot tell whether its part belongs to what it has, and puts two versions into one file.")
    .cured_by("Set the same ETag on the 206.");

pub(crate) static IF_RANGE: Rule = Rule::error("if-range", IF_RANGE_SECTION)
    .requires(
        "If If-Range names another tag, Range is ignored; without Range, If-Range is ignored.",
    )
    .costs("A download that is resumed after a change is put together from two versions.")
    .cured_by(AROUND_FILES);

pub(crate) static IF_RANGE_WEAK: Rule =
    Rule::deviation("if-range-strong-comparison", IF_RANGE_SECTION)
        .requires("If-Range uses strong comparison: with a weak tag, Range is ignored.")
        .costs("Where a weak tag stands for several contents, a resumed download is put together from two of them.")
        .cured_by(AROUND_FILES);

pub(crate) static IF_RANGE_DATE: Rule = Rule::error("if-range-date", IF_RANGE_SECTION)
    .requires("Range is ignored unless a date in If-Range is exactly the Last-Modified, neither earlier nor later.")
    .costs("A download that is resumed after a change is put together from two versions.")
    .cured_by(AROUND_FILES);

pub(crate) static IF_RANGE_MALFORMED: Rule =
    Rule::deviation("if-range-malformed", IF_RANGE_SECTION)
        .requires("If-Range is one tag or one date; with anything else, Range is ignored.")
        .costs("A client with a bug in its tags may put a file together from two versions.")
        .cured_by(AROUND_FILES);
