//! What only the bytes on an HTTP/1.1 connection show.

use super::{EVALUATE_ONCE, Rule};

pub(super) const RULES: &[&Rule] = &[
    &MESSAGE_SYNTAX,
    &MESSAGE_FRAMING,
    &FIELD_SPELLING,
    &BODY_AS_REQUEST,
    &CLOSE_UNANNOUNCED,
    &EXPECT_CONTINUE,
    &CONTINUE_THEN_REFUSED,
];

pub(crate) static MESSAGE_SYNTAX: Rule = Rule::error("message-syntax", "RFC 9112, section 5")
    .requires("Each line of a head ends with CRLF, no whitespace stands before a colon, and no field is folded.")
    .costs("One client reads the field and another does not, or takes the whole answer for an attack and drops it.")
    .cured_by("Let an HTTP library write the head; do not put it together as text.");

pub(crate) static MESSAGE_FRAMING: Rule = Rule::error("message-framing", "RFC 9112, section 6.3")
    .requires("The content ends where Content-Length or the last chunk says, and the next answer begins there.")
    .costs("The client waits for bytes that never come, or takes the rest of one answer for the next.")
    .cured_by("Before a refusal read the content of the request, or close the connection; let an HTTP library count the content of the answer.");

pub(crate) static FIELD_SPELLING: Rule = Rule::deviation("field-spelling", "RFC 9110, section 5.1")
    .requires("Names of fields are the same in each case, and the whitespace around a value is no part of it.")
    .costs("Clients that spell the field another way get 200 for 304, or their saves are not guarded.")
    .cured_by(EVALUATE_ONCE);

pub(crate) static BODY_AS_REQUEST: Rule = Rule::error("body-read-as-request", "RFC 9112, section 9.3")
    .requires("A server that refuses a write before it has read the content reads the rest, or closes the connection.")
    .costs("The content of a refused save is taken for the next request: an error for the client, and a way in for an attacker.")
    .cured_by("Read the content or close the connection: in a tower service hyper does so.");

pub(crate) static CLOSE_UNANNOUNCED: Rule =
    Rule::deviation("connection-close-unannounced", "RFC 9112, section 9.6")
        .requires("A server that closes the connection after an answer says so in the answer: `Connection: close`.")
        .costs("A client that keeps the connection loses its next request; what is not idempotent it cannot repeat.")
        .cured_by("Send `Connection: close`, or keep the connection (nginx closes so after a 412 of its own).");

pub(crate) static EXPECT_CONTINUE: Rule =
    Rule::deviation("expect-continue", "RFC 9110, section 10.1.1")
        .requires("A request with `Expect: 100-continue` is answered before its content is sent.")
        .costs("Each large upload begins a second late, when the client waits no more.")
        .cured_by(
            "Use an HTTP server that sends 100 when the content is first read, as hyper does.",
        );

pub(crate) static CONTINUE_THEN_REFUSED: Rule =
    Rule::advice("expect-continue-refusal", "RFC 9110, section 10.1.1")
        .requires("A write whose head decides that it is refused should be refused before its content is sent.")
        .costs("Each refused save sends its whole content first.")
        .cured_by("Evaluate the preconditions before the content is read: `ConditionalLayer` does, unless it collects bodies.");
