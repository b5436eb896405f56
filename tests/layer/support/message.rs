//! Requests as the rows of a table write them, and answers that were read to their end.

use std::fmt::Debug;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use tower_conditional::EntityTag;

/// Fields of a row.
pub(crate) type Fields = &'static [(&'static str, &'static str)];

/// Each character up to U+00FF is one byte.
pub(crate) fn value(text: &str) -> HeaderValue {
    let bytes: Vec<u8> = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap())
        .collect();
    HeaderValue::from_bytes(&bytes).unwrap()
}

/// Several fields of one name are several lines.
pub(crate) fn fields(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, text) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, value(text));
    }
    headers
}

/// Of `/r`, without content.
pub(crate) fn request<B: Default>(method: impl AsRef<str>, given: &[(&str, &str)]) -> Request<B> {
    request_to(method, "/r", given)
}

pub(crate) fn request_to<B: Default>(
    method: impl AsRef<str>,
    path: &str,
    given: &[(&str, &str)],
) -> Request<B> {
    request_with(method, path, given, B::default())
}

pub(crate) fn request_with<B>(
    method: impl AsRef<str>,
    path: &str,
    given: &[(&str, &str)],
    body: B,
) -> Request<B> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(method.as_ref().as_bytes()).unwrap();
    *request.uri_mut() = path.parse().unwrap();
    *request.headers_mut() = fields(given);
    request
}

pub(crate) fn get(given: &[(&str, &str)]) -> Request<Empty<Bytes>> {
    request("GET", given)
}

pub(crate) fn response<B: From<&'static str>>(
    status: u16,
    given: &[(&str, &str)],
    body: &'static str,
) -> Response<B> {
    let mut response = Response::new(B::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    *response.headers_mut() = fields(given);
    response
}

/// The only line of a field, as text; `None` if there is none.
#[track_caller]
pub(crate) fn field<'r, B>(response: &'r Response<B>, name: &str) -> Option<&'r str> {
    line_of(response.headers(), name)
}

#[track_caller]
pub(crate) fn tag<B>(response: &Response<B>) -> Option<&str> {
    field(response, "etag")
}

#[track_caller]
fn line_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?;
    assert!(lines.next().is_none(), "{name} twice: {headers:?}");
    Some(line.to_str().unwrap())
}

/// A tag as it stands in a field.
pub(crate) fn text(tag: &EntityTag) -> &str {
    std::str::from_utf8(tag.as_bytes()).unwrap()
}

/// A response that was read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) async fn read<B>(response: Response<B>) -> Answer
where
    B: Body,
    B::Error: Debug,
{
    let (head, body) = response.into_parts();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

impl Answer {
    /// Of a response whose body is there already.
    #[track_caller]
    pub(crate) fn of<B>(response: Response<B>) -> Self
    where
        B: Body,
        B::Error: Debug,
    {
        read(response).now_or_never().expect("the body is there")
    }

    /// The only line of this field; `None` if there is none.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        line_of(&self.headers, name)
    }

    #[track_caller]
    pub(crate) fn tag(&self) -> &str {
        self.field("etag").unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A member of the problem details.
    #[track_caller]
    pub(crate) fn problem(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_default().to_owned()
    }
}

/// Status and reason of a refusal.
#[track_caller]
pub(crate) fn assert_refused<B, E>(response: Result<Response<B>, E>, status: u16, reason: &str)
where
    B: Body,
    B::Error: Debug,
    E: Debug,
{
    let answer = Answer::of(response.unwrap());
    assert_eq!(answer.status, status);
    assert_eq!(answer.problem("reason"), reason);
}

#[track_caller]
pub(crate) fn assert_status<B, E: Debug>(response: Result<Response<B>, E>, status: u16) {
    assert_eq!(response.unwrap().status(), status);
}
