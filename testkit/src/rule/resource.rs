//! The resource itself, and its validators (section 8.8).

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &FIXTURE,
    &EXPECTED,
    &VALIDATORS,
    &VALIDATOR_SYNTAX,
    &MODIFIED_LATER,
    &TAG_IS_STABLE,
    &TAG_IS_UNIQUE,
    &TAG_IS_OLDER,
    &TAG_IS_NEWER,
    &TAG_OF_CODING,
    &CODED_TAG_IS_MISSING,
    &VARY_ON_CODING,
];

pub(crate) static FIXTURE: Rule = Rule::error("fixture", "RFC 9110, section 15.3.1")
    .requires("The paths of the fixture answer as it says: each read is the same 200, and each write takes effect.")
    .costs("What else is reported may come from this alone.")
    .cured_by(
        "Name a path that answers GET with 200 and does not change by itself, and to write to, one that accepts PUT.",
    );

pub(crate) static EXPECTED: Rule = Rule::error("fixture-expectation", "RFC 9110, section 8.8")
    .requires("The resource has what the fixture says it has.")
    .costs("Clients do without it: 304s by date, or downloads that are resumed.")
    .cured_by("Send Last-Modified, or serve ranges, as the fixture says; or change the fixture.");

pub(crate) static VALIDATORS: Rule = Rule::deviation("validator-missing", "RFC 9110, section 8.8")
    .requires("A 200 should carry a validator, an ETag or a Last-Modified.")
    .costs("Each visit transfers the whole content again, and no client can save without the risk of a lost update.")
    .cured_by(
        "Send an ETag: the version of the row, or a hash of the body (`ConditionalLayer::new(BodyHash::strong())`).",
    );

pub(crate) static VALIDATOR_SYNTAX: Rule = Rule::error("validator-syntax", "RFC 9110, section 8.8.3")
    .requires("ETag is one quoted tag, Last-Modified is one HTTP-date, and each has one line.")
    .costs("Clients and caches drop the validator or keep the wrong one: no 304s, and saves fail with 412.")
    .cured_by("Write the quotes (`ETag: \"v1\"`), set the field once, and let one component alone set it.");

pub(crate) static MODIFIED_LATER: Rule =
    Rule::error("last-modified-later", "RFC 9110, section 8.8.2.1")
        .requires("Last-Modified is never later than the Date of the response.")
        .costs("Until that time has come a change keeps the date, and clients are told 304 for content that is stale.")
        .cured_by("Send the earlier one of the two, and set the clocks of the servers and of the database by NTP.");

pub(crate) static TAG_IS_STABLE: Rule = Rule::error("tag-stable", "RFC 9110, section 8.8.1")
    .requires("A tag stays the same while the content does.")
    .costs("No read is ever answered 304, and each save fails with 412 although nobody else has saved.")
    .cured_by(
        "Make the tag of the version or of the bytes, not of the time, the process or the backend: no HashMap in the \
         JSON, no inode (Apache: `FileETag Digest`), the same modification times on all backends (nginx).",
    );

pub(crate) static TAG_IS_UNIQUE: Rule = Rule::error("tag-unique", "RFC 9110, section 8.8.1")
    .requires("A strong tag never stands for two contents, not even one after the other.")
    .costs("Caches show the old content as current, and updates are lost: a stale tag passes for the current one.")
    .cured_by(
        "Make the tag of a version that every write increments, or of a hash of the bytes; the length or the second of \
         the last write is not enough, and a cache has to forget both tag and content with the write.",
    );

pub(crate) static TAG_IS_OLDER: Rule = Rule::deviation(
    "tag-older-than-content",
    "RFC 9110, section 8.8.1",
)
.requires(
    "What is read while somebody writes carries the tag of its own content, not the one before.",
)
.costs("The next save with that tag fails with 412, and a resumed download may mix two versions.")
.cured_by(ONE_READ);

pub(crate) static TAG_IS_NEWER: Rule = Rule::error("tag-newer-than-content", "RFC 9110, section 8.8.1")
    .requires("What is read while somebody writes, or afterwards, carries the tag of its own content, not the next one.")
    .costs("A client that saves has never seen the last change, and overwrites it with an If-Match that is true.")
    .cured_by(ONE_READ);

/// The cure where a tag and its content are read apart.
const ONE_READ: &str = "Read the tag and the content in one statement or transaction: with tower-conditional \
    `Found::version(version).with(row)` in the source and `Loaded<Row>` in the handler, or an ETag of the handler and \
    `trust_handler_version()`. Where either comes from a cache, forget both with the write.";

pub(crate) static TAG_OF_CODING: Rule =
    Rule::deviation("tag-of-coding", "RFC 9110, section 8.8.3.3")
        .requires("A compressed representation has another strong tag than the plain one.")
        .costs("A download that is resumed with another coding is damaged, and a cache may mix the two.")
        .cured_by(
            "Give each coding its own tag, or weaken it: in a tower service `ContentCodingLayer::new()` outside of the \
             compressor; nginx weakens by itself; Apache: `DeflateAlterETag AddSuffix`.",
        );

pub(crate) static CODED_TAG_IS_MISSING: Rule =
    Rule::deviation("coded-tag-missing", "RFC 9110, section 8.8.3.3")
        .requires("A compressed representation should have a tag where the plain one has one.")
        .costs("Browsers ask for compressed content: none of them gets a 304, and no save from there is guarded.")
        .cured_by(
            "Compress outside of what sets the tag: in a tower service the compressor after `ConditionalLayer`, and \
             `ContentCodingLayer::new()` after both. A proxy that removes the tag should weaken it instead.",
        );

pub(crate) static VARY_ON_CODING: Rule = Rule::error("vary-on-coding", "RFC 9110, section 12.5.5")
    .requires("A response that was selected by Accept-Encoding says so in Vary.")
    .costs("A shared cache sends the compressed content to clients that cannot read it.")
    .cured_by("Send `Vary: Accept-Encoding` with and without compression (nginx: `gzip_vary on`).");
