//! What the answers to GET and HEAD look like on the wire.

use std::io;

use http::Method;

use super::raw::Raw;
use super::session::{Reply, Session, in_words};
use crate::known::OTHER;
use crate::rule::{self, Rule};
use tower_conditional::EntityTag;

/// What a plain GET shows.
#[derive(Debug)]
pub(super) struct Known {
    tag: Option<Vec<u8>>,
    length: Option<Vec<u8>>,
}

/// A plain GET, without which nothing can be checked.
pub(super) async fn plain(session: &mut Session<'_>) -> io::Result<Known> {
    let raw = get(session);
    let mut connection = session.open().await?;
    let reply = session.ask(&mut connection, &raw).await;
    let reply =
        reply.map_err(|next| io::Error::new(io::ErrorKind::InvalidData, in_words(&next)))?;
    if reply.head.status != 200 {
        session.find(&rule::FIXTURE, &raw, "200", reply.head.status.to_string());
    }
    let is_tag = |value: &[u8]| {
        let value = http::HeaderValue::from_bytes(value);
        value.is_ok_and(|value| EntityTag::try_from(&value).is_ok())
    };
    let tag = reply.head.single("etag").filter(|tag| is_tag(tag));
    if tag.is_none() && reply.head.all("etag").next().is_some() {
        let actual = reply.head.shown("etag");
        session.find(
            &rule::VALIDATOR_SYNTAX,
            &raw,
            "one well-formed etag, or none",
            actual,
        );
    }
    let length = match reply.head.single("content-length") {
        Some(length) => Some(length.to_vec()),
        None => Some(reply.body.len().to_string().into_bytes()),
    };
    Ok(Known {
        tag: tag.map(<[u8]>::to_vec),
        length,
    })
}

pub(super) async fn check(session: &mut Session<'_>, known: &Known) -> io::Result<()> {
    let head = head(session);
    behind(session, &head, 200, &rule::HEAD_BODY, known).await?;
    if let Some(tag) = &known.tag {
        let revalidating = get(session).field("If-None-Match", tag);
        let is_evaluated =
            behind(session, &revalidating, 304, &rule::NOT_MODIFIED_BODY, known).await?;
        let revalidating = head.clone().field("If-None-Match", tag);
        behind(session, &revalidating, 304, &rule::NOT_MODIFIED_BODY, known).await?;
        if is_evaluated {
            spelling(session, tag).await?;
        }
    }
    let failing = get(session).field("If-Match", OTHER);
    behind(session, &failing, 412, &rule::MESSAGE_FRAMING, known).await?;
    let failing = head.field("If-Match", OTHER);
    behind(session, &failing, 412, &rule::HEAD_BODY, known).await?;
    Ok(())
}

/// Sends the request, and a plain GET behind its answer. Whether the answer had this status: if not, nothing is
/// checked, because [`crate::check()`] says what is wrong with it.
async fn behind(
    session: &mut Session<'_>,
    raw: &Raw,
    status: u16,
    rule: &'static Rule,
    known: &Known,
) -> io::Result<bool> {
    let Some((reply, after)) = session.pair(raw).await? else {
        return Ok(false);
    };
    if reply.head.status != status {
        return Ok(false);
    }
    session.nothing_behind(rule, raw, &after);
    match status {
        304 => length(session, raw, &reply, &rule::NOT_MODIFIED_LENGTH, known),
        200 => length(session, raw, &reply, &rule::HEAD_LENGTH, known),
        _ => {}
    }
    Ok(true)
}

/// A Content-Length without content is that of the 200 to a GET.
fn length(session: &mut Session<'_>, raw: &Raw, reply: &Reply, rule: &'static Rule, known: &Known) {
    let Some(sent) = reply.head.all("content-length").next() else {
        return;
    };
    if Some(sent) != known.length.as_deref() {
        let expected = "no content-length, or that of the 200";
        session.find(rule, raw, expected, reply.head.shown("content-length"));
    }
}

/// A client library writes names and values in one way; others write them in another.
async fn spelling(session: &mut Session<'_>, tag: &[u8]) -> io::Result<()> {
    for (name, end) in [("IF-NONE-MATCH:", ""), ("if-none-match: \t", " \t ")] {
        let raw = get(session).line(&[name.as_bytes(), tag, end.as_bytes()].concat());
        let mut connection = session.open().await?;
        let actual = match session.ask(&mut connection, &raw).await {
            Ok(reply) if reply.head.status == 304 => continue,
            Ok(reply) => reply.head.status.to_string(),
            Err(next) => in_words(&next),
        };
        session.find(&rule::FIELD_SPELLING, &raw, "304", actual);
    }
    Ok(())
}

fn get(session: &Session<'_>) -> Raw {
    session.compose(Method::GET, &session.fixture.target)
}

fn head(session: &Session<'_>) -> Raw {
    session.compose(Method::HEAD, &session.fixture.target)
}
