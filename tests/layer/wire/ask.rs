//! The requests of the tests in this folder.

use std::fmt::Write as _;

use axum::body::Body;
use http::{HeaderMap, Request};

use crate::support::{Answer, Server, Wire, fields, head_of};

/// A request; [`CURRENT`] stands for the tag that is current.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) precondition: (&'static str, &'static str),
    pub(super) content: &'static str,
}

pub(super) const CURRENT: &str = "the current tag";
pub(super) const NO_PRECONDITION: (&str, &str) = ("", "");

impl Ask {
    pub(super) const fn new(
        method: &'static str,
        precondition: (&'static str, &'static str),
    ) -> Self {
        Self {
            method,
            precondition,
            content: "",
        }
    }

    pub(super) const fn sending(mut self, content: &'static str) -> Self {
        self.content = content;
        self
    }

    /// With `more` fields, and the tag that is current.
    fn fields(&self, current: &str, more: &[(&'static str, &str)]) -> HeaderMap {
        let mut lines = vec![("accept-encoding", "gzip")];
        match self.precondition {
            NO_PRECONDITION => {}
            (name, CURRENT) => lines.push((name, current)),
            given => lines.push(given),
        }
        lines.extend(more);
        fields(&lines)
    }

    pub(super) fn to_http2(
        self,
        server: &Server,
        current: &str,
        more: &[(&'static str, &str)],
    ) -> Request<Body> {
        let mut request = Request::new(Body::from(self.content));
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = format!("http://{}/r", server.address).parse().unwrap();
        *request.headers_mut() = self.fields(current, more);
        request
    }

    pub(super) fn to_http1(self, current: &str, more: &[(&'static str, &str)]) -> String {
        let mut message = head_of(self.method, &self.fields(current, more));
        if !self.content.is_empty() {
            write!(message, "content-length: {}\r\n", self.content.len()).unwrap();
        }
        message + "\r\n" + self.content
    }
    /// Sends it, and reads its answer.
    pub(super) async fn over(self, wire: &mut Wire, current: &str) -> Answer {
        wire.write(self.to_http1(current, &[])).await;
        wire.answer(self.method).await
    }
}
