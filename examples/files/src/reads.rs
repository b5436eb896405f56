//! The files as `ServeDir` sees them: bytes, types and ranges. The validators are the layer's; those that `ServeDir`
//! would make of a time of modification would be others.

use std::{
    io,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use axum::{
    extract::Request,
    http::{HeaderValue, Method, header::RANGE},
};
use tokio::{
    fs,
    io::{AsyncRead, AsyncSeek, ReadBuf},
};
use tower::util::MapRequest;
use tower_http::services::{
    ServeDir,
    fs::{Backend, DefaultServeDirFallback, File, Metadata},
};

type Files = ServeDir<DefaultServeDirFallback, Undated>;
pub(crate) type Directory = MapRequest<Files, fn(Request) -> Request>;

pub(crate) fn directory(root: &Path) -> Directory {
    let files = ServeDir::with_backend(root, Undated).append_index_html_on_directories(false);
    MapRequest::new(files, without_undefined_range)
}

/// Range means something on GET alone, and only in a unit that is understood (RFC 9110, section 14.2). `ServeDir`
/// would answer 206 to HEAD, and 416 to any other unit.
fn without_undefined_range(mut request: Request) -> Request {
    let is_defined = |range: &HeaderValue| {
        let unit = range.as_bytes().get(..6);
        unit.is_some_and(|unit| unit.eq_ignore_ascii_case(b"bytes="))
    };
    let range = request.headers().get(RANGE);
    if request.method() != Method::GET || !range.is_some_and(is_defined) {
        request.headers_mut().remove(RANGE);
    }
    request
}

/// The files of this machine, without their times.
#[derive(Clone, Debug)]
pub(crate) struct Undated;

type Pending<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

impl Backend for Undated {
    type File = UndatedFile;
    type Metadata = UndatedMetadata;
    type OpenFuture = Pending<'static, UndatedFile>;
    type MetadataFuture = Pending<'static, UndatedMetadata>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        Box::pin(async move { fs::File::open(path).await.map(UndatedFile) })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        Box::pin(async move { fs::metadata(path).await.map(UndatedMetadata) })
    }
}

#[derive(Debug)]
pub(crate) struct UndatedFile(fs::File);

impl File for UndatedFile {
    type Metadata = UndatedMetadata;
    type MetadataFuture<'a> = Pending<'a, UndatedMetadata>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        Box::pin(async { self.0.metadata().await.map(UndatedMetadata) })
    }
}

impl AsyncRead for UndatedFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncSeek for UndatedFile {
    fn start_seek(mut self: Pin<&mut Self>, position: io::SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.0).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.0).poll_complete(cx)
    }
}

#[derive(Debug)]
pub(crate) struct UndatedMetadata(std::fs::Metadata);

impl Metadata for UndatedMetadata {
    fn is_dir(&self) -> bool {
        self.0.is_dir()
    }

    fn modified(&self) -> io::Result<SystemTime> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn len(&self) -> u64 {
        self.0.len()
    }
}
