//! Why a write was not accepted, or why nobody knows whether it was.

use std::fmt;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH};
use http::{Method, Response, Uri};
use tower_conditional::content_coding::RewrittenTags;
use tower_conditional::{EntityTag, HttpDate, Preconditions};

use crate::{Error, Seen};

/// Why a save, a creation or a deletion has no new version to return.
///
/// What the caller handed in is given back, unless the write was performed.
///
/// # Examples
///
/// ```
/// use tower_conditional_client::{Current, WriteError};
///
/// fn show(error: &WriteError<String>) -> String {
///     match error {
///         WriteError::Conflict(conflict) => match &conflict.theirs {
///             Current::Exists(theirs) => format!("somebody else has written: {}", theirs.value()),
///             Current::Gone => "somebody else has removed it".to_owned(),
///             Current::Unread(error) => format!("somebody else has changed it, and it cannot be read: {error}"),
///         },
///         other => other.to_string(),
///     }
/// }
/// # let _ = show;
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError<T> {
    /// The state is not the one that the change was made from (412, and 404 of what was seen).
    Conflict(Box<Conflict<T>>),
    /// Nobody knows whether the write was performed.
    AnswerLost(Box<AnswerLost<T>>),
    /// The write was performed. The server has not said which version it has made, and reading it failed.
    Unread(Uri, Error),
    /// The write was not performed.
    NotPerformed(Box<NotPerformed<T>>),
}

/// A write that has lost a race: both versions, and the one that both were made from.
///
/// Show both to the person, merge them, and save the result with `theirs`. Saving `mine` with `theirs` undoes what the
/// others have changed: that is a decision, and never a retry.
#[derive(Debug)]
#[non_exhaustive]
pub struct Conflict<T> {
    /// What was to be saved. `None` for a deletion.
    pub mine: Option<T>,
    /// What `mine` was made from. `None` for a creation.
    pub base: Option<T>,
    /// The state now.
    pub theirs: Current<T>,
    /// The conditional header that failed, such as `If-Match`, if the server says so.
    pub field: Option<String>,
    /// The reason that the server gives in its problem details, such as `stale` (tower-conditional's
    /// [`Reason`](tower_conditional::Reason)).
    pub reason: Option<String>,
    /// What happened to the tag between client and server, if the fresh one shows it.
    pub rewritten: Option<Rewritten>,
    /// The refusal itself.
    pub response: Response<Bytes>,
}

/// The state of a resource after a write that was refused, or whose answer was lost.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "a caller must handle each")]
#[allow(
    clippy::large_enum_variant,
    reason = "a caller takes the version out by a pattern"
)]
pub enum Current<T> {
    /// It exists, in this version.
    Exists(Seen<T>),
    /// It does not exist.
    Gone,
    /// It could not be read.
    Unread(Error),
}

/// What happened to a tag between client and server. It is reported, and never guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rewritten {
    /// The same tag is current, and was refused: it is changed on its way to the server, or the server compares it with
    /// another one.
    Refused,
    /// The tag is weak in one answer and strong in another: something weakens it.
    Weakened,
    /// One is the other with a suffix, as a compressor appends it.
    Suffixed,
}

impl Rewritten {
    /// Compares the tag that was refused with the one that is current.
    pub(crate) fn between(refused: &EntityTag, current: &EntityTag) -> Option<Self> {
        if refused.weak_eq(current) {
            return Some(if refused.is_weak() == current.is_weak() {
                Self::Refused
            } else {
                Self::Weakened
            });
        }
        let is_suffixed = has_suffix(refused, current) || has_suffix(current, refused);
        is_suffixed.then_some(Self::Suffixed)
    }
}

/// Whether the first tag is the second one with the suffix of a content coding.
fn has_suffix(long: &EntityTag, short: &EntityTag) -> bool {
    let headers = HeaderMap::from_iter([(IF_MATCH, HeaderValue::from(long))]);
    let preconditions = Preconditions::parse(&Method::PUT, &headers, HttpDate::UNIX_EPOCH)
        .accept_rewritten_tags(RewrittenTags::suffixed_or_weakened());
    preconditions.check(short.clone()).is_ok()
}

/// A write whose answer was lost: the connection broke after the request may have been sent, or the answer says nothing of it
/// (202, 301 to 303, 408, most 5xx).
#[derive(Debug)]
#[non_exhaustive]
pub struct AnswerLost<T> {
    /// What was to be saved. `None` for a deletion.
    pub mine: Option<T>,
    /// What `mine` was made from. `None` for a creation.
    pub base: Option<T>,
    /// Whether it was performed, as far as the state tells.
    pub applied: Applied,
    /// The state now.
    pub theirs: Current<T>,
    /// What came in place of the answer.
    pub error: Error,
}

/// Whether a write whose answer was lost has been performed, as far as the state tells
/// ([RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)).
///
/// | | go on with |
/// |---|---|
/// | `Yes` | `theirs`: it is what you wanted |
/// | `NotYet` | show it, and let the person save once more, with `theirs`: the tag is the old one, so that one of both is refused |
/// | `Unknown` | as with a conflict: show `mine` and `theirs` |
///
/// A program that must know gives its values a mark of their own: the example `count` keeps how often each client has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a caller must handle each")]
pub enum Applied {
    /// The state is the one that was to be made: the content that was sent, or nothing after a deletion. Somebody else may
    /// have made the same one; only a value that contains a mark of its own is proof.
    Yes,
    /// The state is the one before. The request may still arrive, and is performed then.
    NotYet,
    /// Nobody can tell. The state is another one: the write was performed and then overwritten, or it was never performed, or
    /// the server has stored something else than was sent ([`Content::is_same`](crate::Content::is_same)). Or the state
    /// could not be read.
    Unknown,
}

/// A write that was not performed, with what the caller handed in.
#[derive(Debug)]
#[non_exhaustive]
pub struct NotPerformed<T> {
    /// What `mine` was made from. `None` for a creation.
    pub seen: Option<Seen<T>>,
    /// What was to be saved. `None` for a deletion.
    pub mine: Option<T>,
    /// Why it was not.
    pub why: Why,
}

/// Why a write was not performed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Why {
    /// The server sent no tag with what was read. Nothing was sent.
    NoTag,
    /// The server sent a weak tag, which If-Match cannot take
    /// ([RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)). Nothing was sent. For an API
    /// that wants weak tags there use [`send_weak_tags`](crate::Client::send_weak_tags).
    WeakTag,
    /// The server requires this header for this write (428).
    PreconditionRequired(HeaderName, Box<Response<Bytes>>),
    /// The request was not sent, or the server has refused it for another reason.
    Other(Error),
}

impl<T: fmt::Debug> fmt::Display for WriteError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(conflict) => match conflict.theirs {
                Current::Gone => f.write_str("the resource does not exist any more"),
                _ => f.write_str("somebody else has changed the resource"),
            },
            Self::AnswerLost(lost) => match lost.applied {
                Applied::Yes => write!(f, "{}; the resource is as it was sent", lost.error),
                Applied::NotYet => write!(f, "{}; the resource is unchanged", lost.error),
                Applied::Unknown => {
                    write!(f, "{}; whether it was performed is unknown", lost.error)
                }
            },
            Self::Unread(uri, error) => write!(f, "saved, but {uri} cannot be read: {error}"),
            Self::NotPerformed(refused) => match &refused.why {
                Why::NoTag => f.write_str("not saved: the server sends no ETag"),
                Why::WeakTag => f.write_str("not saved: the server's ETag is weak"),
                Why::PreconditionRequired(header, _) => {
                    write!(f, "not saved: the server requires {header}")
                }
                Why::Other(error) => write!(f, "not saved: {error}"),
            },
        }
    }
}

impl<T: fmt::Debug> std::error::Error for WriteError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Conflict(_) => None,
            Self::AnswerLost(lost) => Some(&lost.error),
            Self::Unread(_, error) => Some(error),
            Self::NotPerformed(refused) => match &refused.why {
                Why::Other(error) => Some(error),
                _ => None,
            },
        }
    }
}
