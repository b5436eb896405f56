//! If-Modified-Since and If-Unmodified-Since (sections 13.1.3 and 13.1.4).

use super::{EVALUATE_ONCE, Rule};

pub(super) const RULES: &[&Rule] = &[
    &IMS,
    &IMS_BESIDE_INM,
    &IMS_NO_DATE,
    &IMS_TWICE,
    &IMS_WITHOUT_DATE,
    &IMS_ON_WRITE,
    &IUS,
    &IUS_BESIDE_IM,
    &IUS_NO_DATE,
    &IUS_TWICE,
    &IUS_WITHOUT_DATE,
];

const MODIFIED_SINCE: &str = "RFC 9110, section 13.1.3";
const UNMODIFIED_SINCE: &str = "RFC 9110, section 13.1.4";

pub(crate) static IMS: Rule = Rule::deviation("if-modified-since", MODIFIED_SINCE)
    .requires("If-Modified-Since gets 304 if Last-Modified is that date or earlier, and 200 if it is later.")
    .costs("Clients without the tag, feed readers and crawlers among them, transfer the content again.")
    .cured_by("Compare the dates by order, not for equality (nginx: `if_modified_since before`).");

pub(crate) static IMS_BESIDE_INM: Rule =
    Rule::error("if-modified-since-beside-if-none-match", MODIFIED_SINCE)
        .requires("If-Modified-Since is ignored beside If-None-Match: another tag gets 200.")
        .costs("A change within a second of the last one, or with an older date, is answered 304: stale content stays.")
        .cured_by("Leave If-Modified-Since unread where there is an If-None-Match.");

pub(crate) static IMS_NO_DATE: Rule = Rule::deviation("if-modified-since-invalid", MODIFIED_SINCE)
    .requires("An If-Modified-Since that is no date is ignored.")
    .costs("A client with a bug in its dates gets an error, or content that is stale.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static IMS_TWICE: Rule = Rule::deviation("if-modified-since-several", MODIFIED_SINCE)
    .requires("An If-Modified-Since with more than one member is ignored.")
    .costs("A client whose requests a proxy has joined may be told 304 by the wrong date.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static IMS_WITHOUT_DATE: Rule = Rule::error("if-modified-since-undated", MODIFIED_SINCE)
    .requires("If-Modified-Since is ignored where the resource has no modification date.")
    .costs("Clients are told 304 for content that has changed.")
    .cured_by("Answer 304 by the date only where there is a Last-Modified to compare it with.");

pub(crate) static IMS_ON_WRITE: Rule =
    Rule::deviation("if-modified-since-on-write", MODIFIED_SINCE)
        .requires("If-Modified-Since is ignored on anything but GET and HEAD.")
        .costs("A client that adds the field to each request cannot save.")
        .cured_by(EVALUATE_ONCE);

pub(crate) static IUS: Rule = Rule::error("if-unmodified-since", UNMODIFIED_SINCE)
    .deviation_on_reads()
    .requires("If-Unmodified-Since gets 412 if Last-Modified is later than that date, on reads and writes.")
    .costs("Clients that guard by the date lose updates, or cannot save although nobody else has saved.")
    .cured_by(
        "Compare whole seconds, which is what Last-Modified shows: cut the fraction off before the comparison. Better: \
         let clients use tags.",
    );

pub(crate) static IUS_BESIDE_IM: Rule =
    Rule::error("if-unmodified-since-beside-if-match", UNMODIFIED_SINCE)
        .deviation_on_reads()
        .requires("If-Unmodified-Since is ignored beside If-Match.")
        .costs("A client that sends both cannot save, or overwrites a change of the same second.")
        .cured_by("Leave If-Unmodified-Since unread where there is an If-Match.");

pub(crate) static IUS_NO_DATE: Rule =
    Rule::deviation("if-unmodified-since-invalid", UNMODIFIED_SINCE)
        .requires("An If-Unmodified-Since that is no date is ignored.")
        .costs("A client with a bug in its dates gets an error.")
        .cured_by(EVALUATE_ONCE);

pub(crate) static IUS_TWICE: Rule =
    Rule::deviation("if-unmodified-since-several", UNMODIFIED_SINCE)
        .requires("An If-Unmodified-Since with more than one member is ignored.")
        .costs("A client whose requests a proxy has joined gets 412 by the wrong date.")
        .cured_by(EVALUATE_ONCE);

pub(crate) static IUS_WITHOUT_DATE: Rule =
    Rule::deviation("if-unmodified-since-undated", UNMODIFIED_SINCE)
        .requires("If-Unmodified-Since is ignored where the resource has no modification date.")
        .costs("A client that sends the field to all servers gets 412 from this one.")
        .cured_by(EVALUATE_ONCE);
