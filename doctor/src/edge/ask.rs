//! Asks one end for its tags: every content coding, GET and HEAD, HTTP/1.1 and HTTP/2, several times.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Method, StatusCode, Uri, Version};
use tokio::time::timeout;

use super::tag::escaped;
use crate::comparison::Tag;
use crate::server::{Failure, How, Protocol, Reply, Server};

/// The content codings that are asked for.
pub(crate) const CODINGS: [&str; 5] = ["identity", "gzip", "br", "zstd", "deflate"];

/// A server that does not speak HTTP/2 without negotiation may wait for more.
const HTTP2_PATIENCE: Duration = Duration::from_secs(3);

/// How much of a tag or of a Content-Encoding is kept. A tag that is longer is compared by its start.
const KEPT: usize = 8 * 1024;

/// What one server has answered.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) name: String,
    /// The fields of the first answer.
    pub(crate) fields: HeaderMap,
    pub(crate) series: Vec<Series>,
}

/// One question, asked several times.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) coding: &'static str,
    pub(crate) method: Method,
    pub(crate) protocol: Protocol,
    pub(crate) seen: Vec<Seen>,
    /// What was answered instead of 200.
    pub(crate) other: Option<StatusCode>,
}

/// What one 200 has shown.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) tag: Tag,
    pub(crate) coded: Option<String>,
    /// Of the body, to tell whether two are equal.
    pub(crate) print: (usize, u64),
}

impl Series {
    /// The different tags, in the order of their bytes.
    pub(crate) fn tags(&self) -> Vec<Tag> {
        let tags: BTreeSet<_> = self.seen.iter().map(|seen| seen.tag.clone()).collect();
        tags.into_iter().collect()
    }

    pub(crate) fn coded(&self) -> Option<String> {
        self.seen.iter().find_map(|seen| seen.coded.clone())
    }

    /// Whether all bodies were equal.
    pub(crate) fn is_steady(&self) -> bool {
        self.seen
            .windows(2)
            .all(|pair| pair[0].print == pair[1].print)
    }
}

impl End {
    pub(crate) fn of(&self, coding: &str, method: &Method, protocol: Protocol) -> Option<&Series> {
        self.series.iter().find(|series| {
            series.coding == coding && series.method == *method && series.protocol == protocol
        })
    }

    /// The protocols that it speaks.
    pub(crate) fn protocols(&self) -> Vec<Protocol> {
        let all = self.series.iter().map(|series| series.protocol);
        all.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What plain GETs have shown.
    pub(crate) fn plain(&self) -> impl Iterator<Item = &Series> {
        self.series
            .iter()
            .filter(|series| series.coding == "identity" && series.method == Method::GET)
    }
}

/// The first answer, which has to be a 200: nothing else can be compared or checked.
pub(crate) async fn first(server: &Server) -> Result<Reply, String> {
    let reply = server
        .ask(Method::GET, &[])
        .await
        .map_err(Failure::into_words)?;
    if reply.status == StatusCode::OK {
        return Ok(reply);
    }
    let status = reply.status;
    let hint = match status.as_u16() {
        401 | 403 => ": with -H 'Authorization: …' it may answer",
        300..=399 => match reply.fields.get(http::header::LOCATION) {
            Some(to) => &format!(": ask {} instead", escaped(to.as_bytes())),
            None => "",
        },
        429 | 503 => ": it has too much to do now",
        _ => "",
    };
    Err(format!("{}: GET is answered {status}{hint}", server.name()))
}

/// Asks one server everything.
pub(crate) async fn ask(
    url: &Uri,
    address: Option<&Authority>,
    protocols: &[Protocol],
    asks: u16,
    how: &How,
) -> Result<End, String> {
    let mut end = None;
    for &protocol in protocols {
        // Connections of their own are spread over the machines behind a balancer.
        let fresh = Server::without_pool(url, address, protocol, how);
        let server = Server::new(url, address, protocol, how);
        let is_optional = protocol == Protocol::Http2 && protocols.len() > 1;
        let reply = match is_optional {
            true => match speaks_http2(url, address, how).await {
                Some(reply) => reply,
                None => continue,
            },
            false => first(&server).await?,
        };
        let end = end.get_or_insert_with(|| End {
            name: server.name(),
            fields: reply.fields,
            series: Vec::new(),
        });
        for coding in CODINGS {
            for method in [Method::GET, Method::HEAD] {
                let is_plain = coding == "identity" && method == Method::GET;
                let server = if is_plain { &fresh } else { &server };
                let series = repeatedly(server, coding, method, protocol, asks).await?;
                end.series.push(series);
            }
        }
    }
    end.ok_or_else(|| format!("{url}: none of the protocols is spoken"))
}

/// The first answer over HTTP/2, if it is spoken: as TLS negotiates it, because no browser uses it otherwise, or without TLS
/// and without negotiation.
async fn speaks_http2(url: &Uri, address: Option<&Authority>, how: &How) -> Option<Reply> {
    let protocol = match url.scheme() == Some(&Scheme::HTTPS) {
        true => Protocol::Negotiated,
        false => Protocol::Http2,
    };
    let server = Server::new(url, address, protocol, how);
    let reply = timeout(HTTP2_PATIENCE, first(&server)).await.ok()?.ok()?;
    (reply.version == Version::HTTP_2).then_some(reply)
}

async fn repeatedly(
    server: &Server,
    coding: &'static str,
    method: Method,
    protocol: Protocol,
    asks: u16,
) -> Result<Series, String> {
    let mut series = Series {
        coding,
        method: method.clone(),
        protocol,
        seen: Vec::new(),
        other: None,
    };
    for _ in 0..asks {
        let asked = server
            .ask(method.clone(), &[(ACCEPT_ENCODING, coding.as_bytes())])
            .await;
        let reply = asked.map_err(|failure| match failure {
            Failure::NotAsked(why) => why,
            Failure::Broken(why) => format!(
                "{}: {method} with Accept-Encoding: {coding}: {why}",
                server.name()
            ),
        })?;
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(format!(
                "{}: {}: --asks 1 asks less",
                server.name(),
                reply.status
            ));
        }
        if reply.status != StatusCode::OK {
            series.other = Some(reply.status);
            break;
        }
        series.seen.push(Seen::of(&reply));
    }
    Ok(series)
}

impl Seen {
    fn of(reply: &Reply) -> Self {
        let coded = reply.fields.get(CONTENT_ENCODING);
        let mut hasher = DefaultHasher::new();
        reply.body.hash(&mut hasher);
        Self {
            tag: tag_of(&reply.fields),
            coded: coded.map(|coded| escaped(start(coded.as_bytes())).into_owned()),
            print: (reply.body.len(), hasher.finish()),
        }
    }
}

/// The ETag as it stands in the fields; several lines are no tag, and are shown as they are.
pub(crate) fn tag_of(fields: &HeaderMap) -> Tag {
    let lines: Vec<_> = fields
        .get_all(ETAG)
        .iter()
        .take(3)
        .map(|line| start(line.as_bytes()))
        .collect();
    match lines.as_slice() {
        [] => None,
        [line] => Some(Bytes::copy_from_slice(line)),
        lines => Some(Bytes::from(lines.join(&b", "[..]))),
    }
}

fn start(value: &[u8]) -> &[u8] {
    value.get(..KEPT).unwrap_or(value)
}
