//! Why a request has no usable answer.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

use crate::BoxError;

/// Why a request has no usable answer.
///
/// # Examples
///
/// ```
/// use tower_conditional_client::Error;
///
/// fn in_words(error: &Error) -> String {
///     match error.status() {
///         Some(status) if status.is_server_error() => "the service has a problem".to_owned(),
///         Some(status) => format!("the service does not want this: {status}"),
///         None => error.to_string(),
///     }
/// }
/// # let _ = in_words;
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The request was not sent: [`unsent_if`](crate::Client::unsent_if) says so of the service's error.
    NotSent(BoxError),
    /// The service failed, and the request may have been sent.
    Lost(BoxError),
    /// The answer has another status than one that the call can use. For a 3xx see [`Client::read`](crate::Client::read).
    Status(Box<Response<Bytes>>),
    /// The body could not be read to its end, or is longer than [`limit`](crate::Client::limit) allows. The head had this status.
    Body(StatusCode, BoxError),
    /// The body is no such value.
    Decode(BoxError),
    /// The value cannot be sent, so nothing was sent.
    Encode(BoxError),
    /// The resource of [`check_enforcement`](crate::Client::check_enforcement) exists. It was not changed.
    ScratchExists,
}

impl Error {
    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(response) => Some(response.status()),
            Self::Body(status, _) => Some(*status),
            _ => None,
        }
    }

    /// Whether the resource does not exist (404, 410).
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.status().is_some_and(is_absent)
    }

    /// Whether a write with this result may have been performed all the same.
    pub(crate) fn may_have_been_performed(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Encode(_) | Self::ScratchExists => false,
            Self::Lost(_) | Self::Body(..) | Self::Decode(_) => true,
            Self::Status(response) => {
                let status = response.status();
                leaves_open(status) || status.is_server_error() && !says_not_performed(response)
            }
        }
    }

    /// Whether the server was too busy, and has performed nothing.
    pub(crate) fn is_busy(&self) -> bool {
        match self {
            Self::Status(response) => {
                // 423: somebody holds the lock of a WebDAV resource (RFC 4918, section 11.3).
                let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::LOCKED];
                busy.contains(&response.status()) || says_not_performed(response)
            }
            _ => false,
        }
    }

    /// The header fields of the answer, if there was one.
    pub(crate) fn headers(&self) -> Option<&HeaderMap> {
        match self {
            Self::Status(response) => Some(response.headers()),
            _ => None,
        }
    }
}

/// Whether the status says that the resource does not exist.
pub(crate) fn is_absent(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

/// Whether the status does not say that the write was performed, nor that it was not: it was only accepted; the redirect can be to what
/// came of it (RFC 9110, section 15.4), and is not if the method stays (307, 308); or a time limit has ended the wait for a
/// handler that may have written before.
pub(crate) fn leaves_open(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::ACCEPTED
            | StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::REQUEST_TIMEOUT
    )
}

/// Whether a 503 says that the precondition could not be evaluated, so that nothing was performed. Any other 5xx may come
/// from a gateway, or from a handler that had begun.
fn says_not_performed(response: &Response<Bytes>) -> bool {
    let problem = crate::problem::Problem::of(response);
    response.status() == StatusCode::SERVICE_UNAVAILABLE
        && problem.error.as_deref() == Some("precondition_unavailable")
}

/// An error with its causes: hyper says "client error (Connect)", and the cause that the connection was refused.
struct Chain<'e>(&'e (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(error) => write!(f, "the request was not sent: {}", Chain(&**error)),
            Self::Lost(error) => write!(f, "no answer: {}", Chain(&**error)),
            Self::Status(response) => write!(f, "the server answered {}", response.status()),
            Self::Body(status, error) => {
                write!(
                    f,
                    "the body of the {status} could not be read: {}",
                    Chain(&**error)
                )
            }
            Self::Decode(error) => write!(f, "the body is not what was expected: {error}"),
            Self::Encode(error) => write!(f, "the value cannot be sent: {error}"),
            Self::ScratchExists => f.write_str("the scratch resource exists already"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotSent(error)
            | Self::Lost(error)
            | Self::Body(_, error)
            | Self::Decode(error)
            | Self::Encode(error) => Some(&**error),
            Self::Status(_) | Self::ScratchExists => None,
        }
    }
}
