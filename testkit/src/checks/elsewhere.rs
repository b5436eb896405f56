//! Requests whose preconditions are ignored: other methods, and targets that would not answer 2xx (section 13.2.1).

use http::header::{
    CONTENT_RANGE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderName, Method, Uri};

use crate::exchange::Answer;
use crate::known::{OTHER, now};
use crate::rule::{self, Rule};
use crate::session::{Lines, Session};

pub(crate) async fn check(session: &mut Session<'_>) {
    options(session).await;
    absent(session).await;
}

async fn options(session: &mut Session<'_>) {
    let target = &session.fixture.target;
    let plain = session.send(Method::OPTIONS, target, &[]).await;
    let lines = [(IF_MATCH, OTHER), (IF_NONE_MATCH, &b"*"[..])];
    unchanged(
        session,
        &rule::OPTIONS,
        Method::OPTIONS,
        target,
        &plain,
        &lines,
    )
    .await;
}

/// An error is not a representation that could have changed, even when it has a tag of its own.
async fn absent(session: &mut Session<'_>) {
    let target = &session.fixture.absent;
    let plain = session.send(Method::GET, target, &[]).await;
    if plain.is_success() {
        session
            .report
            .leave_out("errors: the path where nothing should be answers 2xx (Fixture::absent_at)");
        return;
    }
    let tomorrow = now().saturating_add_seconds(86_400).to_string();
    let mut rows: Vec<Vec<(HeaderName, &[u8])>> = vec![
        vec![(IF_NONE_MATCH, b"*")],
        vec![(IF_MATCH, OTHER)],
        vec![(IF_MODIFIED_SINCE, tomorrow.as_bytes())],
        vec![(RANGE, b"bytes=0-0")],
        vec![(RANGE, b"bytes=0-0"), (IF_RANGE, OTHER)],
    ];
    let own_tag = plain
        .reply
        .as_ref()
        .ok()
        .and_then(|reply| reply.fields.get(ETAG));
    if let Some(own_tag) = own_tag {
        rows.push(vec![(IF_NONE_MATCH, own_tag.as_bytes())]);
    }
    for lines in rows {
        unchanged(session, &rule::ERRORS, Method::GET, target, &plain, &lines).await;
    }
}

/// The answer has to be the one to the same request without the fields.
async fn unchanged(
    session: &mut Session<'_>,
    rule: &'static Rule,
    method: Method,
    target: &Uri,
    plain: &Answer,
    lines: Lines<'_>,
) {
    let answer = session.send(method, target, lines).await;
    let (Ok(before), Ok(after)) = (&plain.reply, &answer.reply) else {
        if plain.reply.is_ok() {
            session.find(rule, &answer, plain.to_string(), answer.to_string());
        }
        return;
    };
    let is_cut =
        before.body.is_empty() != after.body.is_empty() || after.fields.contains_key(CONTENT_RANGE);
    if before.status != after.status || is_cut {
        let content = |length: usize| format!("with {length} bytes of content");
        let expected = format!("{plain}, {}", content(before.body.len()));
        let came = format!("{answer}, {}", content(after.body.len()));
        session.find(rule, &answer, expected, came);
    }
}
