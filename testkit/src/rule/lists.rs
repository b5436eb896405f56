//! Lists, tags and dates in any field.

use super::{EVALUATE_ONCE, Rule};

pub(super) const RULES: &[&Rule] = &[
    &SEVERAL_LINES,
    &COMMA_IN_TAG,
    &EMPTY_MEMBERS,
    &LIST_WHITESPACE,
    &STAR_IN_LIST,
    &OBS_TEXT,
    &OCTETS,
    &OBSOLETE_DATES,
];

pub(crate) static SEVERAL_LINES: Rule = Rule::deviation("several-lines", "RFC 9110, section 5.3")
    .requires("Several lines of If-Match or If-None-Match are one list.")
    .costs("A request whose tags a proxy or a client has put on several lines gets 200 for 304, 412 for a save, or 400.")
    .cured_by("Read all lines of the field, not the first (`HeaderMap::get_all`); a proxy that answers 400 itself has to pass them.");

pub(crate) static COMMA_IN_TAG: Rule = Rule::deviation("comma-in-tag", "RFC 9110, section 5.6.1")
    .requires("A comma inside a quoted tag is part of the tag, and so is a star.")
    .costs("Where tags have commas, nothing is answered 304, saves fail, or a part of a tag passes for `*`.")
    .cured_by("Scan the list tag by tag, quotes first; do not split it at commas.");

pub(crate) static EMPTY_MEMBERS: Rule = Rule::deviation(
    "empty-members",
    "RFC 9110, section 5.6.1.2",
)
.requires("Empty members of a list are skipped.")
.costs(
    "A list that a proxy has joined with an empty line gets 200 for 304, 412 for a save, or 400.",
)
.cured_by("Skip what is empty between two commas.");

pub(crate) static LIST_WHITESPACE: Rule =
    Rule::deviation("list-whitespace", "RFC 9110, section 5.6.3")
        .requires("Spaces and tabs around the commas of a list are skipped.")
        .costs("A client that separates its tags another way gets 200 for 304.")
        .cured_by(EVALUATE_ONCE);

pub(crate) static STAR_IN_LIST: Rule =
    Rule::deviation("wildcard-in-list", "RFC 9110, section 13.1.1")
        .requires("`*` stands alone: beside a tag it makes If-Match and If-None-Match malformed.")
        .costs(
            "A client with a bug in its list takes its write for guarded by a tag, and it is not.",
        )
        .cured_by("Take a field for `*` only if that is all of it.");

pub(crate) static OBS_TEXT: Rule = Rule::deviation("obs-text", "RFC 9110, section 5.5")
    .requires("Bytes above 0x7F (obs-text) are allowed in a tag.")
    .costs("A client that sends such a tag, perhaps one of another server, gets an error in place of an answer.")
    .cured_by("Compare bytes; do not ask for text (`HeaderValue::as_bytes`, not `to_str`).");

pub(crate) static OCTETS: Rule = Rule::error("tag-comparison", "RFC 9110, section 8.8.3.2")
    .requires(
        "Tags are equal if all their bytes are equal: a prefix is not, and another case is not.",
    )
    .costs("A stale tag passes for the current one: old content is shown, and updates are lost.")
    .cured_by("Compare the whole tag, byte by byte, quotes included.");

pub(crate) static OBSOLETE_DATES: Rule = Rule::deviation("date-forms", "RFC 9110, section 5.6.7")
    .requires("The three forms of an HTTP-date are all understood.")
    .costs("Old clients transfer the content again at each visit.")
    .cured_by(EVALUATE_ONCE);
