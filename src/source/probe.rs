//! The probe: a source that computes becomes one that looks up, by asking a reader.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{Method, Request, Response, StatusCode, request, response};
use http_body::{Body, Frame, SizeHint};
use tower::Service;

use super::{BoxError, Compute, SourceError, ValidatorSource};
use crate::preconditions::{Field, Given};
use crate::representation::Representation;
use crate::{Current, MethodClass};

/// In the extensions of a request that is a probe: the reader can tell it from a client's.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Probe;

/// The body of a probe: there is none.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ProbeBody;

impl Body for ProbeBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

/// What [`BodyHash::probing`](crate::BodyHash::probing) returns: for a write that carries preconditions it sends a
/// GET for the same target to the reader and computes the validators of the answer. Reads are not probed.
///
/// The reader is a service that the user hands in, never the layer's own inner service: in axum a layer wraps each
/// method's handler by itself, and a GET sent there would run the PUT handler.
///
/// The probe carries the write's method-independent fields and its extensions, so that the reader sees the same
/// caller; content fields, preconditions and Range stay behind. 404 and 410 mean the target is absent, a 2xx that
/// it is present; a 5xx or an error is a failed look-up; anything else leaves the state unknown.
pub struct Probing<V, R> {
    source: V,
    /// Locked only to be cloned, so that the reader need not be `Sync`.
    reader: Mutex<R>,
}

impl<V, R> Probing<V, R> {
    /// Lets `source` compute the validators of what `reader` answers.
    pub const fn new(source: V, reader: R) -> Self {
        Self {
            source,
            reader: Mutex::new(reader),
        }
    }

    fn reader(&self) -> R
    where
        R: Clone,
    {
        self.reader
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl<V: fmt::Debug, R> fmt::Debug for Probing<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probing")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl<V, R, B> ValidatorSource for Probing<V, R>
where
    V: ValidatorSource,
    R: Service<Request<ProbeBody>, Response = Response<B>> + Clone + Send + 'static,
    R::Future: Send,
    R::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: Into<BoxError>,
{
    fn reads_bodies(&self) -> bool {
        self.source.reads_bodies()
    }

    fn known(&self, head: &request::Parts) -> Option<Current> {
        let asks = MethodClass::of(&head.method) != MethodClass::Read
            && Given::in_headers(&head.headers).any_for_writes();
        if asks { None } else { Some(Current::Unknown) }
    }

    fn look_up(
        &self,
        head: &request::Parts,
    ) -> impl Future<Output = Result<Current, SourceError>> + Send {
        let reader = self.reader();
        let probe = probe_for(head);
        async move {
            let (head, body) = ask(reader, probe).await?.into_parts();
            match head.status {
                StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Current::absent()),
                status if status.is_success() => self.validators_of(&head, body).await,
                status if status.is_server_error() => {
                    Err(SourceError::failed(format!("the reader answered {status}")))
                }
                _ => Ok(Current::Unknown),
            }
        }
    }

    fn compute(&self, response: &response::Parts) -> Compute {
        self.source.compute(response)
    }
}

impl<V: ValidatorSource, R> Probing<V, R> {
    async fn validators_of<B>(
        &self,
        head: &response::Parts,
        mut body: B,
    ) -> Result<Current, SourceError>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<BoxError>,
    {
        let from_fields = Representation::of_response(&head.headers);
        let Compute::FromBody(mut tag) = self.source.compute(head) else {
            return Ok(from_fields.into());
        };
        if !tag.takes(body.size_hint()) {
            return Ok(from_fields.into());
        }
        let mut seen = 0;
        while let Some(frame) = next_frame(&mut body).await {
            if let Ok(data) = frame.map_err(SourceError::failed)?.into_data() {
                seen += data.len() as u64;
                if seen > tag.limit() {
                    return Ok(from_fields.into());
                }
                tag.update(&data);
            }
        }
        Ok(from_fields.with_tag(tag.finish()).into())
    }
}

/// A GET for the target of the write, from the same caller, without what describes or conditions the write.
pub(crate) fn probe_for(head: &request::Parts) -> Request<ProbeBody> {
    let mut probe = Request::new(ProbeBody);
    *probe.method_mut() = Method::GET;
    *probe.uri_mut() = head.uri.clone();
    *probe.version_mut() = head.version;
    *probe.headers_mut() = head.headers.clone();
    *probe.extensions_mut() = head.extensions.clone();
    probe.extensions_mut().insert(Probe);
    remove_what_is_the_writes_own(probe.headers_mut());
    probe
}

fn remove_what_is_the_writes_own(headers: &mut HeaderMap) {
    let own = [
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_LOCATION,
        header::CONTENT_RANGE,
        header::TRANSFER_ENCODING,
        header::TRAILER,
        header::EXPECT,
        header::RANGE,
    ];
    for name in own {
        headers.remove(name);
    }
    for field in Field::ALL {
        headers.remove(field.header_name());
    }
}

pub(crate) async fn ask<R, B>(
    mut reader: R,
    probe: Request<ProbeBody>,
) -> Result<Response<B>, SourceError>
where
    R: Service<Request<ProbeBody>, Response = Response<B>>,
    R::Error: Into<BoxError>,
{
    poll_fn(|cx| reader.poll_ready(cx))
        .await
        .map_err(SourceError::failed)?;
    reader.call(probe).await.map_err(SourceError::failed)
}

async fn next_frame<B: Body + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}
