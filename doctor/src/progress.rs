//! How far the doctor is, for those who watch.

use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Counts requests. On a terminal it shows the number, on standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    requests: AtomicUsize,
    is_shown: bool,
    has_shown: AtomicBool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            requests: AtomicUsize::new(0),
            is_shown: stderr().is_terminal(),
            has_shown: AtomicBool::new(false),
        }
    }

    pub(crate) fn count(&self) {
        let requests = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_shown {
            self.has_shown.store(true, Ordering::Relaxed);
            let _ = write!(stderr(), "\r{requests} requests");
        }
    }

    /// What others have sent.
    pub(crate) fn add(&self, requests: usize) {
        self.requests.fetch_add(requests, Ordering::Relaxed);
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Removes the line, so that the report begins at its start.
    pub(crate) fn clear(&self) {
        if self.has_shown.load(Ordering::Relaxed) {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
