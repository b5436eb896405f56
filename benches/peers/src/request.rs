//! Requests, and the tags in them.

use axum::body::Body;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request};

/// As long as the base64url of a SHA-256.
pub(crate) const TAG: &str = "\"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"";
pub(crate) const OTHER: &str = "\"n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg\"";

/// What browsers send with every request.
pub(crate) const ORDINARY: [(&str, &str); 4] = [
    ("host", "example.org"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    ),
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ),
    ("accept-encoding", "gzip, deflate, br, zstd"),
];

/// A GET with the four ordinary fields, and this one.
pub(crate) fn get(path: &str, field: Option<(HeaderName, String)>) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = path.parse().expect("a target");
    for (name, value) in ORDINARY {
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert(name, value);
    }
    if let Some((name, value)) = field {
        let value = value.parse().expect("a field value");
        request.headers_mut().insert(name, value);
    }
    request
}

/// The same request, sharing nothing: dropping its fields is part of the operation.
pub(crate) fn anew(request: &Request<()>) -> Request<Body> {
    let mut same = Request::new(Body::empty());
    *same.uri_mut() = request.uri().to_string().parse().expect("a target");
    for (name, value) in request.headers() {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a field value");
        same.headers_mut().append(name.clone(), value);
    }
    same
}

/// So many tags; the last one is this.
pub(crate) fn list_ending_in(count: usize, last: &str) -> String {
    let others = (1..count)
        .map(|number| format!("\"{number:03}EQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\", "));
    others.chain([last.to_owned()]).collect()
}
