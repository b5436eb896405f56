//! What a refusal says: problem details ([RFC 9457]), if the server sends them.
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// The members that tower-conditional sends. Other servers may send some of them.
#[derive(Debug, Default)]
pub(crate) struct Problem {
    pub(crate) error: Option<String>,
    pub(crate) field: Option<String>,
    pub(crate) reason: Option<String>,
}

impl Problem {
    pub(crate) fn of(response: &Response<Bytes>) -> Self {
        let media_type = response.headers().get(CONTENT_TYPE);
        if !media_type.is_some_and(|media_type| is_json(media_type.as_bytes())) {
            return Self::default();
        }
        let Ok(Value::Object(members)) = serde_json::from_slice(response.body()) else {
            return Self::default();
        };
        let member = |name: &str| members.get(name)?.as_str().map(str::to_owned);
        Self {
            error: member("error"),
            field: member("field"),
            reason: member("reason"),
        }
    }
}

/// `application/json` and every `+json`.
fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type.split(|&byte| byte == b';').next();
    let essence = essence
        .unwrap_or_default()
        .trim_ascii()
        .to_ascii_lowercase();
    essence == b"application/json" || essence.ends_with(b"+json")
}
