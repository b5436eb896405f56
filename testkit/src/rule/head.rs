//! HEAD is GET without the content (section 9.3.2).

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &HEAD,
    &HEAD_BODY,
    &HEAD_VALIDATORS,
    &HEAD_LENGTH,
    &HEAD_CONDITIONAL,
];

pub(crate) static HEAD: Rule = Rule::deviation("head", "RFC 9110, section 9.1")
    .requires("HEAD is answered wherever GET is.")
    .costs("Programs that check links or sizes take the resource for missing.")
    .cured_by("Route HEAD to the handler of GET (axum's `get` does).");

pub(crate) static HEAD_BODY: Rule = Rule::error("head-body", "RFC 9110, section 9.3.2")
    .requires("The answer to HEAD has no content, whatever its status.")
    .costs("On a kept connection the client takes the content for its next answer.")
    .cured_by("Send no byte after the head of an answer to HEAD, of a 412 as little as of a 200.");

pub(crate) static HEAD_VALIDATORS: Rule =
    Rule::deviation("head-validators", "RFC 9110, section 9.3.2")
        .requires("HEAD should carry the ETag and the Last-Modified that GET carries.")
        .costs("A client that asks by HEAD whether something has changed is misled.")
        .cured_by("Let HEAD take the path of GET, and make the tag of the version, not of the bytes that are sent.");

pub(crate) static HEAD_LENGTH: Rule = Rule::deviation("head-length", "RFC 9110, section 8.6")
    .requires("A Content-Length for HEAD is that of GET.")
    .costs("A client that asks for the size is told another one.")
    .cured_by("Leave Content-Length out, or send that of GET.");

pub(crate) static HEAD_CONDITIONAL: Rule =
    Rule::deviation("head-conditional", "RFC 9110, section 13.2.1")
        .requires("Preconditions are evaluated on HEAD as on GET: 304 and 412 alike.")
        .costs("A client that asks by HEAD whether something has changed is told that it has.")
        .cured_by("Let HEAD take the path of GET.");
