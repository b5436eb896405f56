//! One request, kept as it was sent so that a finding can show it.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};

use super::content::Content;
use super::gate::Ticket;
use super::shown::{Capitalised, Escaped};

/// How much of a request's body a finding shows.
const SHOWN: usize = 200;

#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: Method,
    target: Uri,
    fields: HeaderMap,
    body: Bytes,
    /// What holds the last byte of the body back.
    ticket: Option<Ticket>,
}

impl Ask {
    /// With the fields that every request of the fixture carries.
    pub(crate) fn new(method: Method, target: &Uri, fields: &HeaderMap) -> Self {
        Self {
            method,
            target: target.clone(),
            fields: fields.clone(),
            body: Bytes::new(),
            ticket: None,
        }
    }

    /// One more line of this field.
    pub(crate) fn field(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> Self {
        self.fields.append(name, field_value(value.as_ref()));
        self
    }

    pub(crate) fn fields<V: AsRef<[u8]>>(self, lines: &[(HeaderName, V)]) -> Self {
        lines
            .iter()
            .fold(self, |ask, (name, value)| ask.field(name.clone(), value))
    }

    pub(crate) fn content(mut self, content_type: &HeaderValue, body: Bytes) -> Self {
        self.fields.insert(CONTENT_TYPE, content_type.clone());
        self.body = body;
        self
    }

    /// The last byte of the body waits at a gate.
    pub(crate) fn held_back(mut self, ticket: Ticket) -> Self {
        self.ticket = Some(ticket);
        self
    }

    pub(crate) const fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) const fn target(&self) -> &Uri {
        &self.target
    }

    pub(crate) const fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn to_request(&self) -> Request<Content> {
        let body = self.body.clone();
        let mut request = Request::new(match self.ticket.clone() {
            Some(ticket) => Content::held_back(body, ticket),
            None => body.into(),
        });
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = self.fields.clone();
        request
    }
}

impl From<&Request<Bytes>> for Ask {
    fn from(request: &Request<Bytes>) -> Self {
        Self {
            method: request.method().clone(),
            target: request.uri().clone(),
            fields: request.headers().clone(),
            body: request.body().clone(),
            ticket: None,
        }
    }
}

/// The request as an HTTP/1.1 message, with bytes outside ASCII escaped.
impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.target)?;
        for (name, value) in &self.fields {
            write!(f, "\n{}: {}", Capitalised(name), Escaped(value.as_bytes()))?;
        }
        if !self.body.is_empty() {
            let shown = &self.body[..self.body.len().min(SHOWN)];
            let more = if shown.len() < self.body.len() {
                " …"
            } else {
                ""
            };
            write!(f, "\n\n{}{more}", String::from_utf8_lossy(shown))?;
        }
        Ok(())
    }
}

/// Field values that the kit puts together itself, from what a server sent and from ASCII.
fn field_value(bytes: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(bytes).expect("no control characters in the values of the kit")
}
