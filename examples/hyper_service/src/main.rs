//! The same layer in a plain hyper server, HTTP/1.1 and HTTP/2 on one port, without axum: documents in memory,
//! one under each path, however the path is spelled (`/a`, `/%61`, `/a/`).
//!
//! `cargo run -p hyper_service` starts it and prints the `curl` commands to try.

use std::{
    collections::HashMap,
    error::Error,
    io,
    pin::pin,
    process::ExitCode,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use example_support::{announce, arguments, listen, run, shutdown};
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_LENGTH},
    request::Parts,
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_conditional::handler::NewVersion;
use tower_conditional::source::{Beside, RequestPath, Unidentified};
use tower_conditional::{
    BoxError, Checked, ConditionalLayer, Current, EntityTag, Found, Loaded, PreconditionFailed,
    ValidatorSource, WritePolicy,
};

/// No document is longer than this; a longer one is a 413.
const BODY_LIMIT: usize = 1024 * 1024;

/// How long a client may take to send a document under the lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to try, printed once the address is known.
const COMMANDS: &str = r#"
Try it, in another terminal:

  url=http://ADDRESS/a

  # Put it there, only if nobody has: 201, ETag: "1" (and 412 the second time)
  curl -i -X PUT $url -H 'If-None-Match: *' -d 'one'

  # Ask again: nothing new, 304
  curl -i $url -H 'If-None-Match: "1"'

  # Save over what was read: 204, ETag: "2"
  curl -i -X PUT $url -H 'If-Match: "1"' -d 'two'

  # And again with the tag that is now stale: 412, nothing is lost
  curl -i -X PUT $url -H 'If-Match: "1"' -d 'three'
"#;

#[tokio::main]
async fn main() -> ExitCode {
    run(serve(arguments::read(arguments::only_port))).await
}

async fn serve(port: u16) -> Result<(), String> {
    let listener = listen(port).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;

    let documents = Documents::default();
    let conditional = ConditionalLayer::new(documents.clone())
        .writes(WritePolicy::required())
        // A client that is slow to send a document does not delay other writes to it.
        .collect_bodies(BODY_LIMIT as u64, BodyExt::boxed_unsync);
    let service = ServiceBuilder::new()
        .map_request(|request: Request<Incoming>| request.map(BodyExt::boxed_unsync))
        .layer(conditional)
        .service_fn(move |request| handle(documents.clone(), request));

    // Before the address is printed: whoever reads it may send a signal at once.
    let stop = shutdown::requested().map_err(|error| error.to_string())?;
    let mut stop = pin!(stop);
    announce(address, COMMANDS);

    let server = auto::Builder::new(TokioExecutor::new());
    let connections = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => return Err(format!("cannot go on serving: {error}")),
            },
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(service.clone());
        let connection = server.serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection.into_owned());
        tokio::spawn(async move {
            match connection.await {
                // It had sent nothing yet when the service was asked to stop.
                Err(error) if is_interruption(&*error) => {}
                Err(error) => tracing::warn!("a connection broke: {error}"),
                Ok(()) => {}
            }
        });
    }
    // A client that comes now is refused, and does not wait for the others.
    drop(listener);
    let _ = tokio::time::timeout(shutdown::GRACE, connections.shutdown()).await;
    Ok(())
}

fn is_interruption(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::Interrupted)
}

/// The handler: it runs only after the layer has evaluated the request. A read serves what the layer has looked up.
async fn handle(
    documents: Documents,
    request: Request<UnsyncBoxBody<Bytes, hyper::Error>>,
) -> Result<Response<Full<Bytes>>, BoxError> {
    let (head, body) = request.into_parts();
    let path = RequestPath::of(&head);
    let path = &*path.normalised();
    let checked = head.extensions.get::<Checked>();
    match (&head.method, checked) {
        (&Method::GET | &Method::HEAD, _) => {
            let document = Loaded::of(&head.extensions);
            Ok(document.map_or_else(not_found, |document| {
                content(&document, head.method == Method::HEAD)
            }))
        }
        (&Method::PUT, Some(checked)) => {
            let content = Limited::new(body, BODY_LIMIT).collect();
            match timeout(PATIENCE, content).await {
                Ok(Ok(content)) => Ok(save(&documents, path, checked, content.to_bytes())),
                Ok(Err(error)) if error.is::<LengthLimitError>() => {
                    Ok(status(StatusCode::PAYLOAD_TOO_LARGE))
                }
                Ok(Err(error)) => Err(error),
                Err(_) => Ok(status(StatusCode::REQUEST_TIMEOUT)),
            }
        }
        (&Method::DELETE, Some(checked)) => Ok(remove(&documents, path, checked)),
        _ => Ok(method_not_allowed()),
    }
}

/// A GET will send exactly the bytes of the PUT, so the answer may carry the tag (RFC 9110, section 9.3.4).
fn save(
    documents: &Documents,
    path: &str,
    checked: &Checked,
    content: Bytes,
) -> Response<Full<Bytes>> {
    let seen = checked.version();
    let Some(version) = documents.swap(path, seen, Some(content)) else {
        return lost(checked.lost());
    };
    let mut response = status(match seen {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::CREATED,
    });
    let stored = NewVersion::stored_verbatim(EntityTag::from_version(version));
    response.extensions_mut().insert(stored);
    response
}

fn remove(documents: &Documents, path: &str, checked: &Checked) -> Response<Full<Bytes>> {
    let Some(seen) = checked.version() else {
        return not_found();
    };
    match documents.swap(path, Some(seen), None) {
        Some(_) => status(StatusCode::NO_CONTENT),
        None => lost(checked.lost()),
    }
}

/// The layer sends its own 412 in place of this one.
fn lost(failed: PreconditionFailed) -> Response<Full<Bytes>> {
    failed.to_response().map(Full::new)
}

fn content(document: &Document, is_head: bool) -> Response<Full<Bytes>> {
    let length = HeaderValue::from(document.content.len());
    let content = if is_head {
        Bytes::new()
    } else {
        document.content.clone()
    };
    let mut response = Response::new(Full::new(content));
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response
}

fn not_found() -> Response<Full<Bytes>> {
    status(StatusCode::NOT_FOUND)
}

fn method_not_allowed() -> Response<Full<Bytes>> {
    let mut response = status(StatusCode::METHOD_NOT_ALLOWED);
    let allowed = HeaderValue::from_static("GET, HEAD, PUT, DELETE");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// The documents and their versions; clones share them.
#[derive(Clone, Debug, Default)]
struct Documents(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    /// Counts every write to every document, so that no version ever comes back.
    version: u64,
    by_path: HashMap<String, Document>,
}

#[derive(Clone, Debug)]
struct Document {
    version: u64,
    content: Bytes,
}

impl Documents {
    fn get(&self, path: &str) -> Option<Document> {
        self.lock().by_path.get(path).cloned()
    }

    /// Replaces, creates or removes a document that is still in the state that the writer has seen, or does nothing.
    fn swap(&self, path: &str, seen: Option<u64>, content: Option<Bytes>) -> Option<u64> {
        let mut shelf = self.lock();
        if shelf.by_path.get(path).map(|document| document.version) != seen {
            return None;
        }
        shelf.version += 1;
        let version = shelf.version;
        match content {
            Some(content) => {
                let document = Document { version, content };
                shelf.by_path.insert(path.to_owned(), document)
            }
            None => shelf.by_path.remove(path),
        };
        Some(version)
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory answers at once, so that nothing waits for a look-up.
impl ValidatorSource for Documents {
    /// The path identifies a document; the method is beside it, because all methods have one lock.
    type Resource = (RequestPath, Beside<Method>);

    fn identify_now(&self, head: &mut Parts) -> Option<Result<Self::Resource, Unidentified>> {
        Some(Ok((RequestPath::of(head), Beside(head.method.clone()))))
    }

    fn known(&self, (path, Beside(method)): &Self::Resource) -> Option<Found> {
        Some(match *method {
            Method::GET | Method::HEAD | Method::PUT | Method::DELETE => {
                let document = self.get(&path.normalised());
                document
                    .map(|document| Found::version(document.version).with(document))
                    .into()
            }
            // The handler's 405 comes ahead of every precondition.
            _ => Current::Delegated.into(),
        })
    }
}
