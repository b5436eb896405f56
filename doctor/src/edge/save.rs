//! Whether revalidation and saving work with the tag that the edge has given.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, Method, StatusCode};

use super::ask::tag_of;
use crate::comparison::{Asked, Saved, Tag};
use crate::server::{Failure, Reply, Server};

/// A tag that no server makes.
const OTHER: &[u8] = b"\"tower-conditional-doctor\"";

/// How much of a problem document is looked at.
const PROBLEM: usize = 64 * 1024;

/// What came of using one tag.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    /// The status of a GET with If-None-Match.
    pub(crate) revalidated: StatusCode,
    /// The same at the origin, with the origin's own tag.
    pub(crate) by_origin: StatusCode,
    /// Whether the origin takes its own tag in If-Match.
    pub(crate) origin_takes_its_own: bool,
    /// The tag on its 304.
    pub(crate) not_modified: Tag,
    pub(crate) saved: Saved,
}

/// A path that may be written to, through the edge.
pub(crate) struct Scratch<'s> {
    pub(crate) path: &'s str,
    pub(crate) content_type: &'s str,
    pub(crate) content: &'s (dyn Fn(&str) -> String + Send + Sync),
}

/// Uses the tag that the edge has given for this coding at the edge: If-None-Match, and If-Match on a GET. The origin is
/// asked with its own tag, to tell whose fault it is.
pub(crate) async fn revalidate_and_save(
    edge: &Server,
    origin: &Server,
    coding: &'static str,
    tag: &[u8],
    own: &[u8],
) -> Result<Trial, Failure> {
    let again = conditional(edge, coding, (IF_NONE_MATCH, tag)).await?;
    let by_origin = conditional(origin, coding, (IF_NONE_MATCH, own)).await?;
    let own_save = conditional(origin, coding, (IF_MATCH, own)).await?;
    Ok(Trial {
        revalidated: again.status,
        by_origin: by_origin.status,
        origin_takes_its_own: own_save.status.is_success(),
        not_modified: tag_of(&again.fields),
        saved: by_reading(edge, origin, coding, tag).await?,
    })
}

/// By a GET with If-Match, where that is evaluated: a cache may ignore it (RFC 9110, section 13.1.1), and so do many servers.
async fn by_reading(
    edge: &Server,
    origin: &Server,
    coding: &'static str,
    tag: &[u8],
) -> Result<Saved, Failure> {
    for (server, asked) in [(edge, Asked::EdgeRead), (origin, Asked::OriginRead)] {
        let other = conditional(server, coding, (IF_MATCH, OTHER)).await?;
        if other.status == StatusCode::PRECONDITION_FAILED {
            let own = conditional(server, coding, (IF_MATCH, tag)).await?;
            return Ok(saved(&own, asked));
        }
    }
    let is_weak = tag.starts_with(b"W/");
    Ok(Saved {
        works: is_weak.then_some(false),
        answer: String::new(),
        asked: Asked::Rule,
    })
}

async fn conditional(
    server: &Server,
    coding: &'static str,
    (name, tag): (HeaderName, &[u8]),
) -> Result<Reply, Failure> {
    let accept = (ACCEPT_ENCODING, coding.as_bytes());
    server.ask(Method::GET, &[accept, (name, tag)]).await
}

fn saved(reply: &Reply, asked: Asked) -> Saved {
    let works = match reply.status {
        status if status.is_success() => Some(true),
        StatusCode::PRECONDITION_FAILED | StatusCode::BAD_REQUEST => Some(false),
        _ => None,
    };
    Saved {
        works,
        answer: answer(reply),
        asked,
    }
}

/// `412 weak_tag`: the status, and the reason of a refusal that this crate has made.
fn answer(reply: &Reply) -> String {
    let status = reply.status.as_str().to_owned();
    let problem = reply
        .body
        .get(..reply.body.len().min(PROBLEM))
        .unwrap_or_default();
    let problem: Option<serde_json::Value> = serde_json::from_slice(problem).ok();
    let reason = problem
        .as_ref()
        .and_then(|problem| problem["reason"].as_str());
    let is_word = |reason: &&str| {
        reason.len() < 40
            && reason
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match reason.filter(is_word) {
        Some(reason) if !reply.status.is_success() => format!("{status} {reason}"),
        _ => status,
    }
}

impl Scratch<'_> {
    /// Saves once with the tag that the edge gives for each coding, and once with a tag that nobody has. Creates what is not
    /// there, and deletes it again.
    pub(crate) async fn save(
        &self,
        edge: &Server,
        origin: &Server,
        codings: &[&'static str],
    ) -> Result<Written, Failure> {
        let mut writer = Writer {
            scratch: self,
            written: 0,
        };
        let before = writer.read(edge, "identity").await?;
        let is_new = before.status == StatusCode::NOT_FOUND || before.status == StatusCode::GONE;
        if is_new {
            let created = writer.put(edge, &[(IF_NONE_MATCH, b"*")]).await?;
            if !created.status.is_success() {
                return Ok(Written::refused(&created));
            }
        }
        let written = writer.each(edge, origin, codings).await;
        if is_new {
            writer.remove(origin).await?;
        }
        written
    }
}

/// What came of the writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    /// For each coding, what a save with its tag was answered.
    pub(crate) saved: Vec<(&'static str, Saved)>,
    /// Whether a write with a tag that nobody has was performed, sent to the edge, and sent to the origin.
    pub(crate) is_ignored: bool,
    pub(crate) is_ignored_by_origin: bool,
    /// Why nothing was written.
    pub(crate) refused: Option<String>,
}

impl Written {
    fn refused(reply: &Reply) -> Self {
        Self {
            refused: Some(format!(
                "the write that creates the scratch path is answered {}",
                answer(reply)
            )),
            ..Self::default()
        }
    }
}

struct Writer<'w> {
    scratch: &'w Scratch<'w>,
    written: usize,
}

impl Writer<'_> {
    async fn read(&self, server: &Server, coding: &'static str) -> Result<Reply, Failure> {
        let accept = (ACCEPT_ENCODING, coding.as_bytes());
        let request = server.request(Method::GET, self.scratch.path, &[accept], Bytes::new());
        server.send(request).await
    }

    async fn each(
        &mut self,
        edge: &Server,
        origin: &Server,
        codings: &[&'static str],
    ) -> Result<Written, Failure> {
        let mut written = Written::default();
        for coding in codings {
            let seen = self.read(edge, coding).await?;
            let Some(tag) = seen.fields.get(ETAG) else {
                continue;
            };
            let put = self.put(edge, &[(IF_MATCH, tag.as_bytes())]).await?;
            written.saved.push((coding, saved(&put, Asked::Write)));
        }
        let at_origin = self.put(origin, &[(IF_MATCH, OTHER)]).await?;
        written.is_ignored_by_origin = at_origin.status.is_success();
        let at_edge = self.put(edge, &[(IF_MATCH, OTHER)]).await?;
        written.is_ignored = at_edge.status.is_success();
        Ok(written)
    }

    async fn put(
        &mut self,
        server: &Server,
        precondition: &[(HeaderName, &[u8])],
    ) -> Result<Reply, Failure> {
        self.written += 1;
        let content = (self.scratch.content)(&format!("mark-{:05}", self.written));
        let content_type = (CONTENT_TYPE, self.scratch.content_type.as_bytes());
        let headers = [&[content_type], precondition].concat();
        let request = server.request(Method::PUT, self.scratch.path, &headers, content.into());
        server.send(request).await
    }

    /// With the tag that the origin gives: nobody else's text is removed.
    async fn remove(&self, origin: &Server) -> Result<Reply, Failure> {
        let now = self.read(origin, "identity").await?;
        let tag = now.fields.get(ETAG).map(|tag| (IF_MATCH, tag.as_bytes()));
        let headers = tag.as_slice();
        let request = origin.request(Method::DELETE, self.scratch.path, headers, Bytes::new());
        origin.send(request).await
    }
}
