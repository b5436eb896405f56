//! Requests to the service, with a proxy in between.

use axum::{
    Router,
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, Response, header},
};
use tower::ServiceExt;

pub(crate) struct Client {
    router: Router,
    /// Whether a proxy compresses what the client reads: nginx, HAProxy and Varnish then make the tag weak.
    pub(crate) is_compressed: bool,
}

impl Client {
    pub(crate) const fn of(router: Router) -> Self {
        Self {
            router,
            is_compressed: false,
        }
    }

    pub(crate) async fn create(&self, document: &str) {
        let only_if_new = (header::IF_NONE_MATCH, HeaderValue::from_static("*"));
        self.send(Method::PUT, document, Some(only_if_new)).await;
    }

    /// The tag, as it arrives.
    pub(crate) async fn read(&self, document: &str) -> HeaderValue {
        let read = self.send(Method::GET, document, None).await;
        let tag = read.headers().get(header::ETAG);
        let tag = tag
            .cloned()
            .unwrap_or_else(|| HeaderValue::from_static("*"));
        if self.is_compressed { weak(&tag) } else { tag }
    }

    /// Whether it was saved.
    pub(crate) async fn save(&self, document: &str, tag: &HeaderValue) -> bool {
        let as_read = (header::IF_MATCH, tag.clone());
        let saved = self.send(Method::PUT, document, Some(as_read)).await;
        saved.status().is_success()
    }

    async fn send(
        &self,
        method: Method,
        document: &str,
        precondition: Option<(HeaderName, HeaderValue)>,
    ) -> Response<Body> {
        let uri = format!("/documents/{document}");
        let mut request = Request::new(Body::from("text"));
        *request.method_mut() = method;
        *request.uri_mut() = uri.parse().expect("documents have short names");
        request.headers_mut().extend(precondition);
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
        }
    }
}

fn weak(tag: &HeaderValue) -> HeaderValue {
    let weak = [b"W/", tag.as_bytes()].concat();
    HeaderValue::from_bytes(&weak).expect("a tag is still a tag behind W/")
}
