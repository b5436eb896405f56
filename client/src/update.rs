//! The only loop: a function is applied to fresh state until the result is saved.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use tower::Service;

use crate::client::{Put, Stale};
use crate::write_error::{Current, NotPerformed, Why, WriteError};
use crate::{BoxError, Client, Content, Error, Seen};

impl<S, B> Client<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body,
    B::Error: Into<BoxError>,
{
    /// Reads a resource, applies `change` to its value, and saves the result. If somebody else was faster, it waits and does
    /// the same with the state as it is then, as often as the [`Backoff`](crate::Backoff) says.
    ///
    /// `change` makes the new value of the one that is there, and never of an older one. It returns `None` if nothing is to
    /// be changed; then the state is returned as it is.
    ///
    /// It does not go on after an answer that was lost, because the change may have been made. If `change` can tell whether
    /// it has been applied (it returns `None` then), call `update` again.
    ///
    /// # Errors
    ///
    /// The read or the write failed for another reason than a conflict, or every attempt has lost.
    pub async fn update<T, R>(
        &self,
        uri: &Uri,
        mut change: impl FnMut(&T) -> R,
    ) -> Result<Seen<T>, UpdateError<T>>
    where
        T: Content,
        R: Into<Option<T>>,
    {
        let mut attempt = 0;
        loop {
            let seen = match self.read(uri).await {
                Ok(seen) => seen,
                Err(error) if error.is_busy() && attempt + 1 < self.backoff.max_attempts() => {
                    self.backoff.wait(attempt, error.headers()).await;
                    attempt += 1;
                    continue;
                }
                Err(error) => return Err(UpdateError::Read(error)),
            };
            let Some(mine) = change(&seen.value).into() else {
                return Ok(seen);
            };
            attempt += 1;
            let is_last = attempt == self.backoff.max_attempts();
            match self.put(seen, mine).await {
                Put::Done(Err(WriteError::NotPerformed(refused))) if !is_last => {
                    let NotPerformed {
                        why: Why::Other(error),
                        ..
                    } = &*refused
                    else {
                        return Err(WriteError::NotPerformed(refused).into());
                    };
                    if !error.is_busy() {
                        return Err(WriteError::NotPerformed(refused).into());
                    }
                    self.backoff.wait(attempt - 1, error.headers()).await;
                }
                Put::Done(saved) => return Ok(saved?),
                Put::Stale(stale) if stale.answer.status().as_u16() != 412 => {
                    return Err(stale.into_conflict(Current::Gone).into());
                }
                Put::Stale(stale) if is_last => {
                    return Err(UpdateError::TooManyConflicts {
                        attempts: attempt,
                        last: stale.answer,
                    });
                }
                Put::Stale(stale) => {
                    let Stale { answer, .. } = stale;
                    self.backoff.wait(attempt - 1, Some(answer.headers())).await;
                }
            }
        }
    }
}

/// Why [`Client::update`] has not saved.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpdateError<T> {
    /// The state could not be read.
    Read(Error),
    /// The write was not accepted, or its answer was lost.
    Write(WriteError<T>),
    /// Every attempt has lost against another client. If that happens with few clients, look at the refusal: a tag that is
    /// rewritten on its way is refused for ever.
    TooManyConflicts {
        /// How many attempts there were.
        attempts: u32,
        /// The last refusal.
        last: Response<Bytes>,
    },
}

impl<T> From<WriteError<T>> for UpdateError<T> {
    fn from(error: WriteError<T>) -> Self {
        Self::Write(error)
    }
}

impl<T: fmt::Debug> fmt::Display for UpdateError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot be read: {error}"),
            Self::Write(error) => write!(f, "{error}"),
            Self::TooManyConflicts { attempts, last } => {
                write!(
                    f,
                    "others were faster {attempts} times; the last answer was {}",
                    last.status()
                )
            }
        }
    }
}

impl<T: fmt::Debug + 'static> std::error::Error for UpdateError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Write(error) => Some(error),
            Self::TooManyConflicts { .. } => None,
        }
    }
}
