//! The rules: a name that stays the same, where it is written, and what it asks for.

/// One rule of the RFCs.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) section: &'static str,
    pub(crate) requirement: &'static str,
}

const fn rule(name: &'static str, section: &'static str, requirement: &'static str) -> Rule {
    Rule {
        name,
        section,
        requirement,
    }
}

// The resource itself.
pub(crate) static FIXTURE: Rule = rule(
    "fixture",
    "RFC 9110, section 15.3.1",
    "The paths of the fixture answer as it says: each read is the same 200, and each write takes effect.",
);
pub(crate) static EXPECTED: Rule = rule(
    "expected",
    "RFC 9110, section 8.8",
    "The resource has what the fixture says it has.",
);
pub(crate) static VALIDATORS: Rule = rule(
    "validators",
    "RFC 9110, section 8.8",
    "A 200 carries a validator, an ETag or a Last-Modified; without one a client cannot make conditional requests.",
);
pub(crate) static VALIDATOR_SYNTAX: Rule = rule(
    "validator-syntax",
    "RFC 9110, section 8.8.3",
    "ETag is one quoted tag, Last-Modified is one HTTP-date, and each has one line.",
);
pub(crate) static MODIFIED_LATER: Rule = rule(
    "last-modified-later",
    "RFC 9110, section 8.8.2.1",
    "Last-Modified is never later than the Date of the response.",
);
pub(crate) static TAG_IS_STABLE: Rule = rule(
    "tag-stable",
    "RFC 9110, section 8.8.1",
    "A tag stays the same while the content does.",
);
pub(crate) static TAG_IS_UNIQUE: Rule = rule(
    "tag-unique",
    "RFC 9110, section 8.8.1",
    "A strong tag never stands for two contents, not even one after the other.",
);
pub(crate) static TAG_OF_CODING: Rule = rule(
    "tag-of-coding",
    "RFC 9110, section 8.8.3.3",
    "A compressed representation has another strong tag than the plain one.",
);
pub(crate) static VARY_ON_CODING: Rule = rule(
    "vary-on-coding",
    "RFC 9110, section 12.5.5",
    "A response that was selected by Accept-Encoding says so in Vary.",
);

// Lists and tags in any field.
pub(crate) static SEVERAL_LINES: Rule = rule(
    "several-lines",
    "RFC 9110, section 5.3",
    "Several lines of If-Match or If-None-Match are one list.",
);
pub(crate) static COMMA_IN_TAG: Rule = rule(
    "comma-in-tag",
    "RFC 9110, section 5.6.1",
    "A comma inside a quoted tag is part of the tag, and so is a star.",
);
pub(crate) static EMPTY_MEMBERS: Rule = rule(
    "empty-members",
    "RFC 9110, section 5.6.1.2",
    "Empty members of a list are skipped.",
);
pub(crate) static OBS_TEXT: Rule = rule(
    "obs-text",
    "RFC 9110, section 5.5",
    "Bytes above 0x7F (obs-text) are allowed in a tag.",
);
pub(crate) static OCTETS: Rule = rule(
    "octets",
    "RFC 9110, section 8.8.3.2",
    "Tags are equal if all their bytes are equal: a prefix is not, another case is not, and a quoted star is a tag.",
);
pub(crate) static OBSOLETE_DATES: Rule = rule(
    "obsolete-dates",
    "RFC 9110, section 5.6.7",
    "The three forms of an HTTP-date are all understood.",
);

// If-Match.
pub(crate) static IM: Rule = rule(
    "if-match",
    "RFC 9110, section 13.1.1",
    "A request whose If-Match does not name the current tag is not performed; it gets 412.",
);
pub(crate) static IM_TRUE: Rule = rule(
    "if-match-true",
    "RFC 9110, section 13.1.1",
    "A request whose If-Match names the current tag is performed.",
);
pub(crate) static IM_LIST: Rule = rule(
    "if-match-list",
    "RFC 9110, section 13.1.1",
    "If-Match is true if any member of its list is the current tag.",
);
pub(crate) static IM_WILDCARD: Rule = rule(
    "if-match-wildcard",
    "RFC 9110, section 13.1.1",
    "`If-Match: *` is true where there is a current representation, with a tag or without.",
);
pub(crate) static IM_ABSENT: Rule = rule(
    "if-match-absent",
    "RFC 9110, section 13.1.1",
    "If-Match is false where there is no current representation: a write creates nothing.",
);
pub(crate) static IM_WEAK: Rule = rule(
    "if-match-weak",
    "RFC 9110, section 13.1.1",
    "If-Match uses strong comparison: a weak tag is equal to none, not even to itself.",
);
pub(crate) static IM_EMPTY: Rule = rule(
    "if-match-empty",
    "RFC 9110, section 13.1.1",
    "An empty If-Match is false; it is not treated as absent.",
);
pub(crate) static IM_MALFORMED: Rule = rule(
    "if-match-malformed",
    "RFC 9110, section 13.1.1",
    "A malformed If-Match is false; it is not treated as absent.",
);
pub(crate) static DONE_THOUGH_REFUSED: Rule = rule(
    "done-though-refused",
    "RFC 9110, section 13.2.1",
    "Preconditions are evaluated before the method is performed: a refused write changes nothing.",
);
pub(crate) static RACE: Rule = rule(
    "lost-update",
    "RFC 9110, section 13.1.1",
    "Of several writes with the same tag one is performed: check and write are one step.",
);

// If-None-Match.
pub(crate) static INM: Rule = rule(
    "if-none-match",
    "RFC 9110, section 13.1.2",
    "If-None-Match with the current tag gets 304 on GET and HEAD and 412 on a write; with another tag the request is performed.",
);
pub(crate) static INM_LIST: Rule = rule(
    "if-none-match-list",
    "RFC 9110, section 13.1.2",
    "If-None-Match is false if any member of its list is the current tag, and true if none is.",
);
pub(crate) static INM_WILDCARD: Rule = rule(
    "if-none-match-wildcard",
    "RFC 9110, section 13.1.2",
    "`If-None-Match: *` is false where there is a current representation: 304 on GET, 412 on a write.",
);
pub(crate) static INM_CREATES: Rule = rule(
    "if-none-match-creates",
    "RFC 9110, section 13.1.2",
    "`If-None-Match: *` is true where there is no current representation: the write is performed.",
);
pub(crate) static INM_WEAK: Rule = rule(
    "if-none-match-weak",
    "RFC 9110, section 13.1.2",
    "If-None-Match uses weak comparison: W/\"x\" and \"x\" are equal.",
);
pub(crate) static INM_EMPTY: Rule = rule(
    "if-none-match-empty",
    "RFC 9110, section 13.1.2",
    "An empty If-None-Match is true and disables If-Modified-Since; it is not treated as absent.",
);
pub(crate) static INM_MALFORMED: Rule = rule(
    "if-none-match-malformed",
    "RFC 9110, section 13.1.2",
    "A malformed If-None-Match matches nothing and disables If-Modified-Since.",
);

// Dates.
pub(crate) static IMS: Rule = rule(
    "if-modified-since",
    "RFC 9110, section 13.1.3",
    "If-Modified-Since gets 304 if Last-Modified is that date or earlier, and 200 if it is later.",
);
pub(crate) static IMS_BESIDE_INM: Rule = rule(
    "if-modified-since-beside",
    "RFC 9110, section 13.1.3",
    "If-Modified-Since is ignored beside If-None-Match.",
);
pub(crate) static IMS_NO_DATE: Rule = rule(
    "if-modified-since-no-date",
    "RFC 9110, section 13.1.3",
    "An If-Modified-Since that is no date is ignored.",
);
pub(crate) static IMS_TWICE: Rule = rule(
    "if-modified-since-twice",
    "RFC 9110, section 13.1.3",
    "An If-Modified-Since with more than one member is ignored.",
);
pub(crate) static IMS_WITHOUT_DATE: Rule = rule(
    "if-modified-since-undated",
    "RFC 9110, section 13.1.3",
    "If-Modified-Since is ignored where the resource has no modification date.",
);
pub(crate) static IMS_ON_WRITE: Rule = rule(
    "if-modified-since-on-write",
    "RFC 9110, section 13.1.3",
    "If-Modified-Since is ignored on anything but GET and HEAD.",
);
pub(crate) static IUS: Rule = rule(
    "if-unmodified-since",
    "RFC 9110, section 13.1.4",
    "If-Unmodified-Since gets 412 if Last-Modified is later than that date, on reads and writes.",
);
pub(crate) static IUS_BESIDE_IM: Rule = rule(
    "if-unmodified-since-beside",
    "RFC 9110, section 13.1.4",
    "If-Unmodified-Since is ignored beside If-Match.",
);
pub(crate) static IUS_NO_DATE: Rule = rule(
    "if-unmodified-since-no-date",
    "RFC 9110, section 13.1.4",
    "An If-Unmodified-Since that is no date is ignored.",
);
pub(crate) static IUS_TWICE: Rule = rule(
    "if-unmodified-since-twice",
    "RFC 9110, section 13.1.4",
    "An If-Unmodified-Since with more than one member is ignored.",
);
pub(crate) static IUS_WITHOUT_DATE: Rule = rule(
    "if-unmodified-since-undated",
    "RFC 9110, section 13.1.4",
    "If-Unmodified-Since is ignored where the resource has no modification date.",
);

// Order and reach.
pub(crate) static PRECEDENCE: Rule = rule(
    "precedence",
    "RFC 9110, section 13.2.2",
    "If-Match and If-Unmodified-Since come first: 412 wins over 304, and a true one lets If-None-Match decide.",
);
pub(crate) static OPTIONS: Rule = rule(
    "options",
    "RFC 9110, section 13.2.1",
    "Preconditions are ignored on OPTIONS.",
);
pub(crate) static ERRORS: Rule = rule(
    "errors",
    "RFC 9110, section 13.2.1",
    "Preconditions and Range are ignored where the answer without them is not 2xx.",
);

// Ranges.
pub(crate) static RANGE_LAST: Rule = rule(
    "range-last",
    "RFC 9110, section 14.2",
    "Range is evaluated after the preconditions: 304 wins over 206 and 416.",
);
pub(crate) static RANGE: Rule = rule(
    "range",
    "RFC 9110, section 14.2",
    "A satisfiable Range gets the part that was asked for, or the whole.",
);
pub(crate) static RANGE_UNIT: Rule = rule(
    "range-unit",
    "RFC 9110, section 14.2",
    "A Range in a unit that is not understood is ignored.",
);
pub(crate) static RANGE_ON_HEAD: Rule = rule(
    "range-on-head",
    "RFC 9110, section 14.2",
    "Range is ignored on every method but GET.",
);
pub(crate) static PART_TAG: Rule = rule(
    "part-tag",
    "RFC 9110, section 15.3.7",
    "A 206 carries the ETag of the 200.",
);
pub(crate) static IF_RANGE: Rule = rule(
    "if-range",
    "RFC 9110, section 13.1.5",
    "If If-Range names another tag, Range is ignored; without Range, If-Range is ignored.",
);
pub(crate) static IF_RANGE_WEAK: Rule = rule(
    "if-range-weak",
    "RFC 9110, section 13.1.5",
    "If-Range uses strong comparison: with a weak tag, Range is ignored.",
);
pub(crate) static IF_RANGE_DATE: Rule = rule(
    "if-range-date",
    "RFC 9110, section 13.1.5",
    "Range is ignored unless a date in If-Range is exactly the Last-Modified, neither earlier nor later.",
);
pub(crate) static IF_RANGE_MALFORMED: Rule = rule(
    "if-range-malformed",
    "RFC 9110, section 13.1.5",
    "If-Range is one tag or one date; with anything else, Range is ignored.",
);

// HEAD.
pub(crate) static HEAD: Rule = rule(
    "head",
    "RFC 9110, section 9.1",
    "HEAD is answered wherever GET is.",
);
pub(crate) static HEAD_BODY: Rule = rule(
    "head-body",
    "RFC 9110, section 9.3.2",
    "The answer to HEAD has no content.",
);
pub(crate) static HEAD_VALIDATORS: Rule = rule(
    "head-validators",
    "RFC 9110, section 9.3.2",
    "HEAD carries the ETag and the Last-Modified that GET carries.",
);
pub(crate) static HEAD_LENGTH: Rule = rule(
    "head-length",
    "RFC 9110, section 8.6",
    "A Content-Length for HEAD is that of GET.",
);
pub(crate) static HEAD_CONDITIONAL: Rule = rule(
    "head-conditional",
    "RFC 9110, section 13.2.1",
    "Preconditions are evaluated on HEAD as on GET: 304 and 412 alike.",
);

// 304 and 428.
pub(crate) static NOT_MODIFIED_TAG: Rule = rule(
    "not-modified-tag",
    "RFC 9110, section 15.4.5",
    "A 304 carries the ETag of the 200, letter for letter.",
);
pub(crate) static NOT_MODIFIED_VARY: Rule = rule(
    "not-modified-vary",
    "RFC 9110, section 15.4.5",
    "A 304 carries the Vary of the 200.",
);
pub(crate) static NOT_MODIFIED_CACHE_CONTROL: Rule = rule(
    "not-modified-cache-control",
    "RFC 9110, section 15.4.5",
    "A 304 carries Cache-Control if the 200 does.",
);
pub(crate) static NOT_MODIFIED_EXPIRES: Rule = rule(
    "not-modified-expires",
    "RFC 9110, section 15.4.5",
    "A 304 carries Expires if the 200 does.",
);
pub(crate) static NOT_MODIFIED_CONTENT_LOCATION: Rule = rule(
    "not-modified-content-location",
    "RFC 9110, section 15.4.5",
    "A 304 carries the Content-Location of the 200.",
);
pub(crate) static NOT_MODIFIED_DATE: Rule = rule(
    "not-modified-date",
    "RFC 9110, section 15.4.5",
    "A 304 carries Date if the 200 does.",
);
pub(crate) static NOT_MODIFIED_METADATA: Rule = rule(
    "not-modified-metadata",
    "RFC 9110, section 15.4.5",
    "A 304 should not carry metadata of the content that it leaves out, such as Content-Type.",
);
pub(crate) static NOT_MODIFIED_BODY: Rule = rule(
    "not-modified-body",
    "RFC 9110, section 15.4.5",
    "A 304 has no content.",
);
pub(crate) static NOT_MODIFIED_LENGTH: Rule = rule(
    "not-modified-length",
    "RFC 9110, section 8.6",
    "A Content-Length on a 304 is that of the 200.",
);
pub(crate) static NOT_MODIFIED_TO_WRITE: Rule = rule(
    "not-modified-to-write",
    "RFC 9110, section 15.4.5",
    "304 is for GET and HEAD; a write with a false If-None-Match gets 412.",
);
pub(crate) static REQUIRED_BODY: Rule = rule(
    "required-body",
    "RFC 6585, section 3",
    "A 428 should say how to send the request again.",
);
pub(crate) static REQUIRED_NO_STORE: Rule = rule(
    "required-no-store",
    "RFC 6585, section 3",
    "A 428 must not be stored by caches: it carries `Cache-Control: no-store`.",
);

// What a write answers.
pub(crate) static WRITE_TAG: Rule = rule(
    "write-tag",
    "RFC 9110, section 8.8",
    "An ETag on a successful write is that of the new state.",
);
pub(crate) static PUT_TAG: Rule = rule(
    "put-tag",
    "RFC 9110, section 9.3.4",
    "A successful PUT carries an ETag only if the content was stored as it was sent, byte for byte.",
);

// The comparer.
pub(crate) static COMPARED: Rule = rule(
    "compared",
    "RFC 9110, section 15.4.5",
    "An evaluation before the handler gives the same answer as one after it.",
);
