//! What a server may put on a connection, read by the testkit and by the doctor: no bytes make them panic, wait for ever, or ask
//! without end.
//!
//! Input: one byte for how the bytes arrive and end, then the bytes of each connection in turn, with 0xFF between them.
#![no_main]

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use tower_conditional_testkit::{Fixture, Rule, Scratch, wire};

/// More connections than any server gets.
const MOST: usize = 200;

thread_local! {
    /// Its clock stands still, and goes on by itself when everybody waits.
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
}

fuzz_target!(|data: &[u8]| {
    let Some((&manner, data)) = data.split_first() else {
        return;
    };
    let scripts: Vec<Arc<[u8]>> = data.split(|&byte| byte == 0xFF).map(Arc::from).collect();
    let opened = AtomicUsize::new(0);
    let connect = || {
        let number = opened.fetch_add(1, Ordering::Relaxed);
        let connection = Connection {
            bytes: scripts[number % scripts.len()].clone(),
            sent: 0,
            at_once: usize::from(manner >> 2).max(1),
            stays_open: manner & 1 == 1,
        };
        std::future::ready(Ok::<_, io::Error>(connection))
    };
    let scratch = Scratch::put("/notes/2", "text/plain", str::to_owned);
    let fixture = Fixture::at("/notes/1");
    let fixture = if manner & 2 == 2 {
        fixture.writing(scratch)
    } else {
        fixture
    };
    let checked = RUNTIME.with(|runtime| runtime.block_on(wire::check(connect, "host", fixture)));
    assert!(opened.into_inner() < MOST, "it asks without end");
    let Ok(report) = checked else { return };
    for finding in &report {
        assert!(Rule::named(finding.rule()).is_some(), "{finding}");
    }
    let _ = report.to_string();
});

struct Connection {
    bytes: Arc<[u8]>,
    sent: usize,
    /// How many bytes come in one piece.
    at_once: usize,
    /// Whether nothing comes after the last byte, not even the end.
    stays_open: bool,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &self.bytes[self.sent..];
        let piece = &rest[..rest.len().min(self.at_once).min(buffer.remaining())];
        if rest.is_empty() && self.stays_open {
            return Poll::Pending;
        }
        buffer.put_slice(piece);
        let length = piece.len();
        self.sent += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
