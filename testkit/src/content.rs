//! The body of the kit's requests.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::gate::Ticket;

/// The body of the kit's requests, made of bytes. With it a service does not have to name a body type.
///
/// In a race ([`Arrival::LastBytes`](crate::Arrival::LastBytes)) it holds its last byte back until all writers are
/// there. It waits only if it is read as a body: [`into_bytes`](Self::into_bytes) has all bytes at once.
#[derive(Clone, Debug, Default)]
pub struct Content {
    bytes: Bytes,
    /// What holds the last byte back.
    ticket: Option<Ticket>,
}

impl Content {
    /// The bytes, for a service that wants another body type.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    pub(crate) const fn held_back(bytes: Bytes, ticket: Ticket) -> Self {
        Self {
            bytes,
            ticket: Some(ticket),
        }
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self {
            bytes,
            ticket: None,
        }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let all_but_one = self.bytes.len().saturating_sub(1);
        if self.ticket.is_some() && all_but_one > 0 {
            let first = self.bytes.split_to(all_but_one);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if let Some(ticket) = &self.ticket {
            ready!(ticket.poll_pass(cx));
            self.ticket = None;
        }
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
