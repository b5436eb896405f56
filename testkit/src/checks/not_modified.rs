//! What a 304 carries and what it does not (section 15.4.5).

use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, EXPIRES, HeaderName, VARY,
};

use crate::exchange::{Answer, Reply};
use crate::known::Known;
use crate::rule::{self, Rule};
use crate::session::Session;
use crate::shown::lines;

/// The fields of the 200 that its 304 repeats.
pub(crate) const REPEATED: [(HeaderName, &Rule); 6] = [
    (ETAG, &rule::NOT_MODIFIED_TAG),
    (VARY, &rule::NOT_MODIFIED_VARY),
    (CACHE_CONTROL, &rule::NOT_MODIFIED_CACHE_CONTROL),
    (EXPIRES, &rule::NOT_MODIFIED_EXPIRES),
    (CONTENT_LOCATION, &rule::NOT_MODIFIED_CONTENT_LOCATION),
    (DATE, &rule::NOT_MODIFIED_DATE),
];

/// The values of these depend on when they were sent: only their presence is checked.
const TIMED: [HeaderName; 3] = [CACHE_CONTROL, EXPIRES, DATE];

const OF_THE_CONTENT: [HeaderName; 4] = [
    CONTENT_TYPE,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_RANGE,
];

/// The owner of an axum router has not written this field, and cannot see where it comes from.
const ADDED_BY_AXUM: &str = " (an axum Router adds it to a 304 that is made inside of it: a client that believes it takes \
    the content for empty. To keep it off, add as the last layer of the Router: \
    .layer(tower_conditional::content_coding::ContentCodingLayer::new()), with .leave_tags() if nothing compresses)";

/// Compares a 304 with the 200 to the same request. Any other answer is left alone.
pub(super) fn check(session: &mut Session<'_>, known: &Known, answer: &Answer) {
    let Ok(reply) = &answer.reply else { return };
    if reply.status != 304 {
        return;
    }
    for (name, rule) in REPEATED {
        if !repeats(reply, known, &name) {
            let expected = format!("{}, as on the 200", lines(&known.fields, &name));
            session.find(rule, answer, expected, lines(&reply.fields, &name));
        }
    }
    for name in OF_THE_CONTENT {
        if reply.fields.contains_key(&name) {
            let came = lines(&reply.fields, &name);
            session.find(
                &rule::NOT_MODIFIED_METADATA,
                answer,
                format!("no {name}"),
                came,
            );
        }
    }
    if !has_right_length(reply, known) {
        let expected = "no content-length, or that of the 200";
        let mut came = lines(&reply.fields, &CONTENT_LENGTH).to_string();
        if reply.fields[CONTENT_LENGTH] == "0" {
            came.push_str(ADDED_BY_AXUM);
        }
        session.find(&rule::NOT_MODIFIED_LENGTH, answer, expected, came);
    }
    if !reply.body.is_empty() {
        let came = format!("{} bytes", reply.body.len());
        session.find(&rule::NOT_MODIFIED_BODY, answer, "no content", came);
    }
}

fn repeats(reply: &Reply, known: &Known, name: &HeaderName) -> bool {
    let on_200: Vec<_> = known.fields.get_all(name).iter().collect();
    let on_304: Vec<_> = reply.fields.get_all(name).iter().collect();
    if TIMED.contains(name) {
        on_200.is_empty() || !on_304.is_empty()
    } else {
        on_200.is_empty() || on_200 == on_304
    }
}

fn has_right_length(reply: &Reply, known: &Known) -> bool {
    let Some(length) = reply.fields.get(CONTENT_LENGTH) else {
        return true;
    };
    let of_the_200 = known.fields.get(CONTENT_LENGTH);
    let counted = known.body.len().to_string();
    of_the_200.map_or_else(
        || length == counted.as_str(),
        |of_the_200| of_the_200 == length,
    )
}
