//! The open file as `ServeDir` sees it: bytes, types and ranges. The validators are the layer's; those that `ServeDir`
//! would make of a time of modification would be others.

use std::{
    future::{Ready, ready},
    io,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, Response, header::RANGE},
};
use tokio::{
    fs,
    io::{AsyncRead, AsyncSeek, ReadBuf},
};
use tower::ServiceExt;
use tower_conditional::Loaded;
use tower_http::services::{
    ServeDir,
    fs::{Backend, File, Metadata},
};

use crate::tags::Opened;

/// Sends the open file, or the part that the client asked for, even if another file is in its place by now.
pub(crate) async fn serve(opened: Loaded<Opened>, mut request: Request) -> Response<Body> {
    remove_undefined_range(&mut request);
    // The path says the type of the content; no other file is opened.
    let files = ServeDir::with_backend("", OneFile(opened));
    let Ok(response) = files.oneshot(request).await;
    response.map(Body::new)
}

/// Range is for GET alone, and for units that the server understands (RFC 9110, section 14.2). `ServeDir` would answer
/// 206 to HEAD, and 416 to any other unit.
fn remove_undefined_range(request: &mut Request) {
    let is_defined = |range: &HeaderValue| {
        let unit = range.as_bytes().get(..6);
        unit.is_some_and(|unit| unit.eq_ignore_ascii_case(b"bytes="))
    };
    let range = request.headers().get(RANGE);
    if request.method() != Method::GET || !range.is_some_and(is_defined) {
        request.headers_mut().remove(RANGE);
    }
}

/// A file system of one file, which is open already.
#[derive(Clone)]
struct OneFile(Loaded<Opened>);

impl OneFile {
    fn metadata(&self) -> Undated {
        Undated {
            length: self.0.length,
        }
    }
}

impl Backend for OneFile {
    type File = OpenFile;
    type Metadata = Undated;
    type OpenFuture = Ready<io::Result<OpenFile>>;
    type MetadataFuture = Ready<io::Result<Undated>>;

    fn open(&self, _: PathBuf) -> Self::OpenFuture {
        let file = self.0.file.try_clone().map(|file| OpenFile {
            file: file.into(),
            metadata: self.metadata(),
        });
        ready(file)
    }

    fn metadata(&self, _: PathBuf) -> Self::MetadataFuture {
        ready(Ok(self.metadata()))
    }
}

struct OpenFile {
    file: fs::File,
    metadata: Undated,
}

impl File for OpenFile {
    type Metadata = Undated;
    type MetadataFuture<'a> = Ready<io::Result<Undated>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        ready(Ok(self.metadata))
    }
}

impl AsyncRead for OpenFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_read(cx, buffer)
    }
}

impl AsyncSeek for OpenFile {
    fn start_seek(mut self: Pin<&mut Self>, position: io::SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.file).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.file).poll_complete(cx)
    }
}

/// What `ServeDir` may know of the file.
#[derive(Clone, Copy)]
struct Undated {
    length: u64,
}

impl Metadata for Undated {
    fn is_dir(&self) -> bool {
        false
    }

    fn modified(&self) -> io::Result<SystemTime> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn len(&self) -> u64 {
        self.length
    }
}
