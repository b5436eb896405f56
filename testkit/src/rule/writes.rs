//! The answers to writes, and to those that lack a precondition (RFC 6585).

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &WRITE_TAG,
    &PUT_TAG,
    &FAILED_BODY,
    &REQUIRED_BODY,
    &REQUIRED_NO_STORE,
];

pub(crate) static WRITE_TAG: Rule = Rule::error("write-tag", "RFC 9110, section 8.8")
    .requires("An ETag on a successful write is that of the new state.")
    .costs("The next save of the same client fails with 412 although nobody else has saved.")
    .cured_by("Send the tag that the write has made, or none.");

pub(crate) static PUT_TAG: Rule = Rule::deviation("put-tag", "RFC 9110, section 9.3.4")
    .requires("A successful PUT carries an ETag only if the content was stored as it was sent, byte for byte.")
    .costs("The client takes what it has sent for what is stored, and its next save undoes what the server has changed.")
    .cured_by("Leave the ETag out of the answer where the server changes the content; the client then reads it again.");

pub(crate) static FAILED_BODY: Rule =
    Rule::advice("precondition-failed-body", "RFC 9110, section 15.5")
        .requires("A 412 should say in its content what has failed.")
        .costs("The author of the client has to guess which field has failed, and what to do.")
        .cured_by("Name the field and the next step in the content: fetch the resource again, and send the new tag.");

pub(crate) static REQUIRED_BODY: Rule =
    Rule::advice("precondition-required-body", "RFC 6585, section 3")
        .requires("A 428 should say how to send the request again.")
        .costs("The author of the client has to guess what is missing.")
        .cured_by("Say in the content that If-Match is missing, and where the tag comes from.");

pub(crate) static REQUIRED_NO_STORE: Rule =
    Rule::deviation("precondition-required-no-store", "RFC 6585, section 3")
        .requires("A 428 must not be stored by caches: it carries `Cache-Control: no-store`.")
        .costs("A cache with a lifetime for everything repeats the refusal.")
        .cured_by("Set `Cache-Control: no-store` on the 428.");
