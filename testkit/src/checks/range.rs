//! Range and If-Range (sections 13.1.5 and 14.2).

use http::Method;
use http::header::{CONTENT_RANGE, ETAG, HeaderName, IF_RANGE, RANGE};

use crate::exchange::Answer;
use crate::known::{Known, OTHER, list, weak_form};
use crate::rule::{self, Rule};
use crate::session::Session;
use crate::shown::lines;

/// Ignoring a Range is always allowed.
const PART_OR_WHOLE: &[u16] = &[206, 200];
const WHOLE: &[u16] = &[200];
const FIRST_BYTE: (HeaderName, &[u8]) = (RANGE, b"bytes=0-0");

pub(crate) async fn check(session: &mut Session<'_>, known: &Known) {
    session
        .get(&rule::RANGE_UNIT, &[(RANGE, b"lines=0-0")], WHOLE)
        .await;
    session
        .get(&rule::IF_RANGE, &[(IF_RANGE, OTHER)], WHOLE)
        .await;

    if known.body.len() < 2 {
        session
            .report
            .leave_out("ranges: the content is shorter than two bytes");
        return;
    }
    let answer = session
        .send(Method::GET, &known.target, &[FIRST_BYTE])
        .await;
    if !session.expect(&rule::RANGE, &answer, PART_OR_WHOLE) {
        return;
    }
    if answer.status() == Some(http::StatusCode::PARTIAL_CONTENT) {
        part(session, known, &answer);
        if_range(session, known).await;
    } else if session.fixture.expects_ranges {
        session.find(
            &rule::EXPECTED,
            &answer,
            "206 Partial Content",
            answer.to_string(),
        );
    } else {
        session
            .report
            .leave_out("If-Range: the resource does no ranges");
    }
}

fn part(session: &mut Session<'_>, known: &Known, answer: &Answer) {
    let Ok(reply) = &answer.reply else { return };
    if !reply.fields.contains_key(CONTENT_RANGE) || reply.body != known.body[..1] {
        let came = format!(
            "{} bytes, {}",
            reply.body.len(),
            lines(&reply.fields, &CONTENT_RANGE)
        );
        session.find(
            &rule::RANGE,
            answer,
            "the first byte, and Content-Range",
            came,
        );
    }
    if reply.fields.get(ETAG) != known.fields.get(ETAG) {
        let expected = format!("{}, as on the 200", lines(&known.fields, &ETAG));
        session.find(
            &rule::PART_TAG,
            answer,
            expected,
            lines(&reply.fields, &ETAG),
        );
    }
}

async fn if_range(session: &mut Session<'_>, known: &Known) {
    if !ranged(session, &rule::IF_RANGE, OTHER, WHOLE).await {
        return;
    }
    let mut rows: Vec<(&Rule, Vec<u8>, &[u16])> =
        vec![(&rule::IF_RANGE_MALFORMED, b"*".to_vec(), WHOLE)];
    if let Some(tag) = &known.tag {
        rows.push((&rule::IF_RANGE_WEAK, weak_form(tag), WHOLE));
    }
    if let Some(tag) = known.strong_tag() {
        let current = tag.as_bytes();
        rows.push((&rule::IF_RANGE, current.to_vec(), PART_OR_WHOLE));
        rows.push((&rule::IF_RANGE_MALFORMED, list(&[OTHER, current]), WHOLE));
    }
    if let Some(modified) = known.modified {
        let moved = |seconds| {
            modified
                .saturating_add_seconds(seconds)
                .to_string()
                .into_bytes()
        };
        rows.push((&rule::IF_RANGE_DATE, moved(0), PART_OR_WHOLE));
        rows.push((&rule::IF_RANGE_DATE, moved(86_400), WHOLE));
        rows.push((&rule::IF_RANGE_DATE, moved(-86_400), WHOLE));
    }
    for (rule, value, statuses) in rows {
        ranged(session, rule, &value, statuses).await;
    }
}

async fn ranged(
    session: &mut Session<'_>,
    rule: &'static Rule,
    value: &[u8],
    statuses: &[u16],
) -> bool {
    session
        .get(rule, &[FIRST_BYTE, (IF_RANGE, value)], statuses)
        .await
}
