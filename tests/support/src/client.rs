//! A client that shows an answer as it came over the wire.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{DATE, HOST, HeaderMap};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;
use tower::{Service, ServiceExt};

/// The protocol of a client, without negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1
    Http1,
    /// HTTP/2 with prior knowledge
    Http2,
}

impl Protocol {
    /// For the tests that ask the same over each.
    pub const BOTH: [Self; 2] = [Self::Http1, Self::Http2];
}

/// One connection.
pub struct Client {
    address: SocketAddr,
    sender: Sender,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// What came back. The Date is checked and taken off; all other fields are there, each of one line.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: BTreeMap<String, String>,
    pub body: String,
}

impl Client {
    pub async fn connect(address: SocketAddr, protocol: Protocol) -> Self {
        let connected = Self::try_connect(address, protocol).await;
        connected.unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    /// As [`connect`](Self::connect), where the server may be gone.
    pub async fn try_connect(address: SocketAddr, protocol: Protocol) -> io::Result<Self> {
        let stream = TokioIo::new(TcpStream::connect(address).await?);
        let sender = match protocol {
            Protocol::Http1 => {
                let (sender, connection) =
                    http1::handshake(stream).await.map_err(io::Error::other)?;
                // Its errors reach whoever waits for an answer.
                tokio::spawn(connection);
                Sender::Http1(sender)
            }
            Protocol::Http2 => {
                let executor = TokioExecutor::new();
                let (sender, connection) = http2::handshake(executor, stream)
                    .await
                    .map_err(io::Error::other)?;
                tokio::spawn(connection);
                Sender::Http2(sender)
            }
        };
        Ok(Self { address, sender })
    }

    pub async fn get(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("GET", path, fields, "").await
    }

    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let answer = self.try_send(method, path, fields, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// As [`send`](Self::send), where the server may be gone.
    pub async fn try_send(
        &mut self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> hyper::Result<Answer> {
        let request = self.request(method, path, fields, body.into());
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        Answer::of(response).await
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: Bytes,
    ) -> Request<Full<Bytes>> {
        let authority = self.address.to_string();
        let request = Request::builder().method(method);
        let request = match &self.sender {
            Sender::Http1(_) => request.uri(path).header(HOST, authority),
            Sender::Http2(_) => {
                let uri = Uri::builder().scheme("http").authority(authority);
                request.uri(uri.path_and_query(path).build().unwrap())
            }
        };
        let request = fields.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        request.body(Full::new(body)).unwrap()
    }
}

impl Answer {
    async fn of(response: Response<Incoming>) -> hyper::Result<Self> {
        let (mut head, body) = response.into_parts();
        take_date(&mut head.headers);
        let body = body.collect().await?.to_bytes();
        Ok(Self {
            status: head.status.as_u16(),
            fields: only_lines(&head.headers),
            body: String::from_utf8(body.to_vec()).unwrap(),
        })
    }

    /// The field that the answer must have.
    #[track_caller]
    pub fn field(&self, name: &str) -> &str {
        let value = self.fields.get(name);
        value.unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// These fields, no other, beside the Date.
    #[track_caller]
    pub fn has(&self, status: u16, fields: &[(&str, &str)]) {
        let expected: BTreeMap<_, _> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!((self.status, &self.fields), (status, &expected), "{self:?}");
    }

    /// These fields, and no content. HTTP/1.1 needs a length to say so, HTTP/2 does not; axum says 0 even of a 304
    /// over HTTP/2, a named deviation.
    #[track_caller]
    pub fn has_only(mut self, status: u16, fields: &[(&str, &str)]) {
        let length = self.fields.remove("content-length");
        assert!(length.is_none_or(|length| length == "0"));
        assert_eq!(self.body, "");
        self.has(status, fields);
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        let value = serde_json::from_str(&self.body);
        value.unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// A problem's members `error` and, of the layer's own, `reason`.
    #[track_caller]
    pub fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.field("content-type"), "application/problem+json");
        let json = self.json();
        let member = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        (self.status, member("error"), member("reason"))
    }
}

/// An origin with a clock sends one Date (RFC 9110, section 6.6.1).
#[track_caller]
fn take_date(fields: &mut HeaderMap) {
    let dates: Vec<_> = fields.get_all(DATE).iter().cloned().collect();
    let [date] = &dates[..] else {
        panic!("{} Date lines", dates.len());
    };
    let date = date.to_str().unwrap();
    let parsed = httpdate::parse_http_date(date).map(httpdate::fmt_http_date);
    assert_eq!(parsed.ok().as_deref(), Some(date));
    fields.remove(DATE);
}

#[track_caller]
fn only_lines(fields: &HeaderMap) -> BTreeMap<String, String> {
    let lines: BTreeMap<_, _> = fields
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    assert_eq!(lines.len(), fields.len(), "one line each: {fields:?}");
    lines
}

/// A running server as a service, for what asks services: paths become URLs of the server.
pub fn server<B>(
    address: SocketAddr,
    protocol: Protocol,
) -> impl Service<Request<B>, Response = Response<Incoming>, Error = legacy::Error, Future: Send>
+ Clone
+ Send
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static,
{
    legacy::Client::builder(TokioExecutor::new())
        .http2_only(protocol == Protocol::Http2)
        .build_http()
        .map_request(move |mut request: Request<B>| {
            let uri = Uri::builder().scheme("http").authority(address.to_string());
            let path = request.uri().path_and_query().unwrap().clone();
            *request.uri_mut() = uri.path_and_query(path).build().unwrap();
            request
        })
}
