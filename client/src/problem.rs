//! What a refusal says: problem details ([RFC 9457]), if the server sends them.
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
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
        if !is_problem(response.headers().get(CONTENT_TYPE)) {
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

/// `application/problem+json` alone: other JSON is the application's own, and may have members of these names.
fn is_problem(media_type: Option<&HeaderValue>) -> bool {
    let Some(media_type) = media_type else {
        return false;
    };
    let essence = media_type.as_bytes().split(|&byte| byte == b';').next();
    essence.is_some_and(|essence| {
        essence
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/problem+json")
    })
}
