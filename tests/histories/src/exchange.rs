//! One request over a socket, and what its answer means.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, ETAG, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::operation::{Answer, Content, Request, Version};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    /// With prior knowledge.
    Http2,
}

/// An address of the service, and how far its clock was off when it answered last.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    pub(crate) address: SocketAddr,
    pub(crate) clock: AtomicI64,
}

impl Target {
    pub(crate) const fn new(protocol: Protocol, address: SocketAddr) -> Self {
        Self {
            protocol,
            address,
            clock: AtomicI64::new(0),
        }
    }
}

/// Sends requests over connections of its own.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    http1: Client<HttpConnector, Full<Bytes>>,
    http2: Client<HttpConnector, Full<Bytes>>,
    timeout: Duration,
}

impl Exchange {
    pub(crate) fn new(timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let build = |is_http2| {
            Client::builder(TokioExecutor::new())
                .http2_only(is_http2)
                // Every request goes out once: what happened to it is for the checker to find out.
                .retry_canceled_requests(false)
                .build(connector.clone())
        };
        Self {
            http1: build(false),
            http2: build(true),
            timeout,
        }
    }

    /// Sends a request once.
    ///
    /// # Errors
    ///
    /// An answer that the service never gives to such a request.
    pub(crate) async fn send(
        &self,
        target: &Target,
        note: i64,
        request: Request,
    ) -> Result<Answer, String> {
        let client = match target.protocol {
            Protocol::Http1 => &self.http1,
            Protocol::Http2 => &self.http2,
        };
        let sent = message(target.address, note, request)?;
        let answered = async {
            let (head, body) = client.request(sent).await?.into_parts();
            // An answer that is cut off is none.
            let body = body.collect().await.ok().map(|body| body.to_bytes());
            Ok::<_, Error>(body.map(|body| (head.status, head.headers, body)))
        };
        match tokio::time::timeout(self.timeout, answered).await {
            Ok(Ok(Some((status, fields, body)))) => {
                note_clock(&target.clock, &fields);
                meaning(request, status, &fields, &body).ok_or_else(|| {
                    format!("{status} {} to {request:?}", String::from_utf8_lossy(&body))
                })
            }
            Ok(Err(error)) if error.is_connect() => Ok(Answer::NotPerformed),
            _ => Ok(Answer::Unknown),
        }
    }
}

fn message(
    address: SocketAddr,
    note: i64,
    request: Request,
) -> Result<http::Request<Full<Bytes>>, String> {
    let method = match request {
        Request::Read(_) => Method::GET,
        Request::Create(_) | Request::Replace(..) => Method::PUT,
        Request::Change(..) => Method::PATCH,
        Request::Delete(_) => Method::DELETE,
    };
    let mut message = http::Request::builder()
        .method(method)
        .uri(format!("http://{address}/notes/{note}"));
    if let Request::Read(Some(seen)) = request {
        message = message.header(IF_NONE_MATCH, tag(seen));
    }
    if let Some(seen) = request.seen() {
        message = message.header(IF_MATCH, tag(seen));
    }
    if matches!(request, Request::Create(_)) {
        message = message.header(IF_NONE_MATCH, "*");
    }
    let body = request.content().map_or_else(Bytes::new, |content| {
        message = std::mem::take(&mut message).header(CONTENT_TYPE, "application/json");
        json!({ "title": "history", "body": format!("write {content}") })
            .to_string()
            .into()
    });
    message
        .body(Full::new(body))
        .map_err(|error| error.to_string())
}

/// The tag of a version, as `examples/postgres` makes it.
fn tag(version: Version) -> String {
    format!("\"p1.{version}\"")
}

fn version(fields: &HeaderMap) -> Option<Version> {
    let tag = fields.get(ETAG)?.to_str().ok()?;
    tag.strip_prefix("\"p1.")?.strip_suffix('"')?.parse().ok()
}

fn content(body: &[u8]) -> Option<Content> {
    let note: Value = serde_json::from_slice(body).ok()?;
    note["body"].as_str()?.strip_prefix("write ")?.parse().ok()
}

/// What an answer says of a request; None if the service never gives it to such a request.
fn meaning(
    request: Request,
    status: StatusCode,
    fields: &HeaderMap,
    body: &[u8],
) -> Option<Answer> {
    Some(match status.as_u16() {
        200 if !request.is_write() => Answer::Found(version(fields)?, content(body)?),
        304 if !request.is_write() => Answer::NotModified(version(fields)?),
        200 | 201 | 204 if request.is_write() => Answer::Done(version(fields), content(body)),
        404 => Answer::Absent,
        412 if request.is_write() => Answer::Refused,
        503 if nothing_was_written(body) => Answer::NotPerformed,
        // A limit in time, a proxy without its server, a failure: the request may have been performed.
        408 | 500..=599 => Answer::Unknown,
        _ => return None,
    })
}

/// Whether the layer has answered in place of the handler, or the handler had no connection to the database.
fn nothing_was_written(body: &[u8]) -> bool {
    let problem = serde_json::from_slice::<Value>(body).unwrap_or_default();
    ["precondition_unavailable", "unavailable"]
        .iter()
        .any(|error| problem["error"] == *error)
}

/// Keeps how many seconds the clock behind this answer is ahead of ours.
fn note_clock(clock: &AtomicI64, fields: &HeaderMap) {
    let date = fields.get(DATE).and_then(|date| date.to_str().ok());
    if let Some(Ok(date)) = date.map(httpdate::parse_http_date) {
        let seconds = |time: SystemTime| {
            let since = time
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        };
        clock.store(
            seconds(date) - seconds(SystemTime::now()),
            Ordering::Relaxed,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(tag: &str) -> HeaderMap {
        let tag = tag.parse().map(|tag| (ETAG, tag));
        tag.into_iter().collect()
    }

    #[test]
    fn answers_mean_what_the_service_says() {
        let note: &[u8] = br#"{"id":1,"title":"history","body":"write 8"}"#;
        let layer: &[u8] = br#"{"error":"precondition_unavailable"}"#;
        let no_connection: &[u8] = br#"{"error":"unavailable"}"#;
        let open: &[u8] = br#"{"error":"outcome_unknown"}"#;
        let (read, write) = (Request::Read(None), Request::Replace(7, 8));
        let rows = [
            (read, 200, "\"p1.7\"", note, Some(Answer::Found(7, 8))),
            (read, 200, "W/\"p1.7\"", note, None),
            (read, 200, "\"p1.7\"", b"{", None),
            (read, 304, "\"p1.7\"", b"", Some(Answer::NotModified(7))),
            (read, 404, "", b"", Some(Answer::Absent)),
            (read, 412, "", b"", None),
            (write, 200, "", note, Some(Answer::Done(None, Some(8)))),
            (write, 304, "\"p1.7\"", b"", None),
            (write, 412, "", b"", Some(Answer::Refused)),
            (write, 428, "", b"", None),
            (write, 503, "", layer, Some(Answer::NotPerformed)),
            (write, 503, "", no_connection, Some(Answer::NotPerformed)),
            (write, 503, "", open, Some(Answer::Unknown)),
            (write, 502, "", b"<html>", Some(Answer::Unknown)),
        ];
        for (request, status, tag, body, answer) in rows {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                meaning(request, status, &fields(tag), body),
                answer,
                "{status} to {request:?}"
            );
        }
    }
}
