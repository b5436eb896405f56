//! What a 304 carries and what it does not (section 15.4.5).

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &NOT_MODIFIED_TAG,
    &NOT_MODIFIED_VARY,
    &NOT_MODIFIED_CACHE_CONTROL,
    &NOT_MODIFIED_EXPIRES,
    &NOT_MODIFIED_CONTENT_LOCATION,
    &NOT_MODIFIED_DATE,
    &NOT_MODIFIED_METADATA,
    &NOT_MODIFIED_BODY,
    &NOT_MODIFIED_LENGTH,
    &NOT_MODIFIED_TO_WRITE,
];

const SECTION: &str = "RFC 9110, section 15.4.5";
const REPEAT: &str = "Set the field on the 304 as on the 200: in a tower service `add_response_headers` or \
    `Representation::field`.";

pub(crate) static NOT_MODIFIED_TAG: Rule = Rule::deviation("not-modified-tag", SECTION)
    .requires("A 304 carries the ETag of the 200, letter for letter.")
    .costs("A cache with several stored responses refreshes the wrong one, or its copy has another tag from then on.")
    .cured_by("Send the current tag as on the 200. Behind nginx with gzip the 304 alone is left as it is, and no client minds.");

pub(crate) static NOT_MODIFIED_VARY: Rule = Rule::deviation("not-modified-vary", SECTION)
    .requires("A 304 carries the Vary of the 200.")
    .costs("A cache may take its copy for one that suits every request.")
    .cured_by(REPEAT);

pub(crate) static NOT_MODIFIED_CACHE_CONTROL: Rule =
    Rule::deviation("not-modified-cache-control", SECTION)
        .requires("A 304 carries Cache-Control if the 200 does.")
        .costs("A changed lifetime does not reach the caches that have a copy.")
        .cured_by(REPEAT);

pub(crate) static NOT_MODIFIED_EXPIRES: Rule = Rule::deviation("not-modified-expires", SECTION)
    .requires("A 304 carries Expires if the 200 does.")
    .costs("A copy that has expired stays so, and each visit asks again.")
    .cured_by(REPEAT);

pub(crate) static NOT_MODIFIED_CONTENT_LOCATION: Rule =
    Rule::deviation("not-modified-content-location", SECTION)
        .requires("A 304 carries the Content-Location of the 200.")
        .costs("A cache cannot tell which of several representations is still current.")
        .cured_by(REPEAT);

pub(crate) static NOT_MODIFIED_DATE: Rule = Rule::deviation("not-modified-date", SECTION)
    .requires("A 304 carries Date if the 200 does.")
    .costs("The copy of a cache ages from its first transfer on, and each visit asks again.")
    .cured_by("Let the server add Date to all responses alike.");

pub(crate) static NOT_MODIFIED_METADATA: Rule = Rule::deviation("not-modified-metadata", SECTION)
    .requires(
        "A 304 should not carry metadata of the content that it leaves out, such as Content-Type.",
    )
    .costs("A cache may change the type of its copy.")
    .cured_by(
        "Remove Content-Type, Content-Encoding, Content-Language and Content-Range from a 304.",
    );

pub(crate) static NOT_MODIFIED_BODY: Rule = Rule::error("not-modified-body", SECTION)
    .requires("A 304 has no content.")
    .costs("On a kept connection the client takes the content for its next answer, which is then broken.")
    .cured_by("End a 304 behind its head; a last chunk (`0`) is content as well.");

pub(crate) static NOT_MODIFIED_LENGTH: Rule =
    Rule::deviation("not-modified-length", "RFC 9110, section 8.6")
        .requires("A Content-Length on a 304 is that of the 200.")
        .costs("A client or cache that believes it takes its copy for empty or broken.")
        .cured_by("Leave Content-Length out of a 304: for an axum Router `ContentCodingLayer::new()` as the last layer.");

pub(crate) static NOT_MODIFIED_TO_WRITE: Rule = Rule::error("not-modified-to-write", SECTION)
    .requires("304 is for GET and HEAD; a write with a false If-None-Match gets 412.")
    .costs("A client cannot tell from the answer whether it has saved, and libraries take 304 for success or raise an error.")
    .cured_by("Answer 412 on every method but GET and HEAD.");
