//! Several fields at once, and where preconditions are not evaluated (section 13.2).

use super::{EVALUATE_ONCE, Rule};

pub(super) const RULES: &[&Rule] = &[&PRECEDENCE, &OPTIONS, &ERRORS, &COMPARED];

pub(crate) static PRECEDENCE: Rule = Rule::deviation("precedence", "RFC 9110, section 13.2.2")
    .requires("If-Match and If-Unmodified-Since come first: 412 wins over 304, and a true one lets If-None-Match decide.")
    .costs("A client that sends several fields takes one answer for another.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static OPTIONS: Rule =
    Rule::deviation("options-unconditional", "RFC 9110, section 13.2.1")
        .requires("Preconditions are ignored on OPTIONS.")
        .costs("A client that asks what is allowed is told 412.")
        .cured_by("Evaluate on methods that select or change a representation alone.");

pub(crate) static ERRORS: Rule =
    Rule::deviation("errors-unconditional", "RFC 9110, section 13.2.1")
        .requires("Preconditions and Range are ignored where the answer without them is not 2xx.")
        .costs("A client goes on showing what is gone (304 for 404), or is told another reason than the true one.")
        .cured_by("Evaluate after the checks that would answer 404 or 403, and leave responses alone that are not 2xx.");

pub(crate) static COMPARED: Rule = Rule::deviation("evaluation-place", "RFC 9110, section 15.4.5")
    .requires("An evaluation before the handler gives the same answer as one after it.")
    .costs("A cache keeps the fields that the 304 leaves out as they were.")
    .cured_by("State the fields in the source (`Representation::field`, `add_response_headers`).");
