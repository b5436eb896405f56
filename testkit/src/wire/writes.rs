//! How a refused write leaves the connection: its content is neither stored nor taken for a request.

use std::io;

use http::Method;

use super::connection::Next;
use super::raw::Raw;
use super::session::{After, Session, in_words};
use crate::fixture::Scratch;
use crate::known::OTHER;
use crate::rule;

/// What is sent must not be stored; if it is, it looks like any other write of the kit.
const MARK: &str = "mark-0-00000";

pub(super) async fn check(session: &mut Session<'_>, scratch: &Scratch) -> io::Result<()> {
    let refused = put(session, scratch);
    let was_there = is_there(session, scratch).await?;
    let Some((reply, after)) = session.pair(&refused).await? else {
        return Ok(());
    };
    if reply.head.status != 412 {
        // [`crate::check()`] says that If-Match is ignored; here nothing more can be seen.
        return tidy(session, scratch, was_there).await;
    }
    leaves_the_connection(session, &refused, &after);
    expecting(session, scratch).await?;
    tidy(session, scratch, was_there).await
}

/// The content of the refused write was read, or the connection was closed. It may be closed without a word: the
/// answer may have been sent before the server knew.
fn leaves_the_connection(session: &mut Session<'_>, raw: &Raw, after: &After) {
    let actual = match after {
        After::Answer(200) | After::Closed { .. } => return,
        After::Answer(status) => format!("{status} to the next request, which was a plain GET"),
        After::Silence => in_words(&Next::Silence),
        After::Junk(_) | After::CutShort | After::Unknown => {
            return session.nothing_behind(&rule::MESSAGE_FRAMING, raw, after);
        }
    };
    let expected = "200 to the next request, or a closed connection";
    session.find(&rule::BODY_AS_REQUEST, raw, expected, actual);
}

/// A client that asks before it sends: the refusal comes in place of 100.
async fn expecting(session: &mut Session<'_>, scratch: &Scratch) -> io::Result<()> {
    let raw = put(session, scratch).field("Expect", b"100-continue");
    let mut connection = session.open().await?;
    session.report.count_request();
    connection.send(&raw.head_bytes()).await;
    match connection.next().await {
        Next::Answer(head) if head.status == 100 => {
            let actual = "100 Continue, and 412 when the content had been sent";
            connection.send(&raw.body).await;
            if let Ok(reply) = session.answer(&mut connection, &raw).await
                && reply.head.status == 412
            {
                session.find(
                    &rule::CONTINUE_THEN_REFUSED,
                    &raw,
                    "412 in place of 100",
                    actual,
                );
            }
        }
        Next::Silence => {
            let expected = "412, or 100 Continue";
            session.find(
                &rule::EXPECT_CONTINUE,
                &raw,
                expected,
                in_words(&Next::Silence),
            );
        }
        Next::Answer(_) | Next::Junk(_) | Next::Closed => {}
    }
    Ok(())
}

/// A write with a tag that no server makes.
fn put(session: &Session<'_>, scratch: &Scratch) -> Raw {
    session
        .compose(Method::PUT, &scratch.target)
        .field("If-Match", OTHER)
        .content(
            scratch.content_type.as_bytes(),
            scratch.content(MARK).to_vec(),
        )
}

async fn is_there(session: &mut Session<'_>, scratch: &Scratch) -> io::Result<bool> {
    let raw = session.compose(Method::GET, &scratch.target);
    let mut connection = session.open().await?;
    let reply = session.ask(&mut connection, &raw).await;
    Ok(reply.is_ok_and(|reply| reply.head.status == 200))
}

/// A server that has created what it should have refused is asked to delete it.
async fn tidy(session: &mut Session<'_>, scratch: &Scratch, was_there: bool) -> io::Result<()> {
    if !was_there && is_there(session, scratch).await? {
        let raw = session
            .compose(Method::DELETE, &scratch.target)
            .field("If-Match", b"*");
        let mut connection = session.open().await?;
        let _ = session.ask(&mut connection, &raw).await;
    }
    Ok(())
}
