//! HEAD is GET without the content, preconditions included (sections 9.3.2 and 13.2.1).

use http::Method;
use http::header::{
    CONTENT_LENGTH, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LAST_MODIFIED, RANGE,
};

use super::not_modified;
use crate::exchange::Answer;
use crate::known::{Known, OTHER};
use crate::rule::{self, Rule};
use crate::session::{Lines, Session};
use crate::shown::lines;

pub(crate) async fn check(session: &mut Session<'_>, known: &Known) {
    let answer = head(session, &[]).await;
    if !session.expect(&rule::HEAD, &answer, &[200]) {
        return;
    }
    without_content(session, &answer);
    for (name, rule) in [
        (ETAG, &rule::HEAD_VALIDATORS),
        (LAST_MODIFIED, &rule::HEAD_VALIDATORS),
        (CONTENT_LENGTH, &rule::HEAD_LENGTH),
    ] {
        same_as_get(session, known, &answer, &name, rule);
    }
    conditional(session, known).await;
    ranged(session).await;
}

async fn head(session: &mut Session<'_>, lines: Lines<'_>) -> Answer {
    let fixture = session.fixture;
    session.send(Method::HEAD, &fixture.target, lines).await
}

fn without_content(session: &mut Session<'_>, answer: &Answer) {
    let length = answer.reply.as_ref().map_or(0, |reply| reply.body.len());
    if length > 0 {
        session.find(
            &rule::HEAD_BODY,
            answer,
            "no content",
            format!("{length} bytes"),
        );
    }
}

/// A length may be left out; a validator that GET has may not, because then HEAD cannot say whether it changed.
fn same_as_get(
    session: &mut Session<'_>,
    known: &Known,
    answer: &Answer,
    name: &HeaderName,
    rule: &'static Rule,
) {
    let Ok(reply) = &answer.reply else { return };
    let (of_head, of_get) = (reply.fields.get(name), known.fields.get(name));
    let is_left_out = name == CONTENT_LENGTH && (of_head.is_none() || of_get.is_none());
    if of_head != of_get && !is_left_out {
        let expected = format!("{}, as for GET", lines(&known.fields, name));
        session.find(rule, answer, expected, lines(&reply.fields, name));
    }
}

async fn conditional(session: &mut Session<'_>, known: &Known) {
    let Some(tag) = &known.tag else { return };
    if session.report.found(&rule::HEAD_VALIDATORS) {
        return;
    }
    if !session.report.found(&rule::INM) {
        let answer = head(session, &[(IF_NONE_MATCH, tag.as_bytes())]).await;
        if session.expect(&rule::HEAD_CONDITIONAL, &answer, &[304]) {
            not_modified::check(session, known, &answer);
        }
    }
    if !session.report.found(&rule::IM) {
        let answer = head(session, &[(IF_MATCH, OTHER)]).await;
        if session.expect(&rule::HEAD_CONDITIONAL, &answer, &[412]) {
            without_content(session, &answer);
        }
    }
}

/// Range is defined for GET alone (section 14.2).
async fn ranged(session: &mut Session<'_>) {
    let answer = head(session, &[(RANGE, b"bytes=0-0")]).await;
    session.expect(&rule::RANGE_ON_HEAD, &answer, &[200]);
}
