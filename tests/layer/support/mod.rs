//! What the tests of the layer share: clocks, counters and tables here, and a file each for messages, bodies, handlers,
//! handlers that are held, sources and servers.

mod body;
mod handler;
mod held;
mod lock;
mod log;
mod message;
mod server;
pub(crate) mod source;
mod wire;

use std::error::Error;
use std::fmt::{self, Debug, Display};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tower_conditional::HttpDate;
use tower_conditional::observe::{Evaluation, Outcome};

pub(crate) use crate::decision_table::{NOW_PLUS_1_DAY, T, T_MINUS_1};
pub(crate) use body::{
    BodySender, Log, Scripted, Seen, Size, Step, arriving_body, data_of, frames, joined,
};
pub(crate) use handler::{Handler, answering, hashed, send, through};
pub(crate) use held::{Driven, HeldHandler, put, put_if_match, send_by_hand, start};
pub(crate) use lock::OutOfReach;
pub(crate) use log::{EventLog, listen_on_all_threads};
pub(crate) use message::{
    Answer, Fields, assert_refused, assert_status, field, fields, get, read, request, request_to,
    request_with, response, tag, text, value,
};
pub(crate) use server::{Served, Server};
pub(crate) use wire::{Http2, Wire, head_of, take_date};

/// Twelve hours after T.
pub(crate) const NOW: &str = "Wed, 01 Jan 2025 12:00:00 GMT";

#[track_caller]
pub(crate) fn date(text: &str) -> HttpDate {
    HttpDate::parse(text.as_bytes(), HttpDate::UNIX_EPOCH).unwrap()
}

pub(crate) fn clock_at(date: HttpDate) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let since_1970 = Duration::from_secs(date.unix_seconds().try_into().unwrap());
    move || SystemTime::UNIX_EPOCH + since_1970
}

/// The clock that stands at [`NOW`].
pub(crate) fn now() -> SystemTime {
    clock_at(date(NOW))()
}

/// The events that the hook got.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Evaluation>>>);

impl Record {
    pub(crate) fn hook(&self) -> impl Fn(&Evaluation) + Send + Sync + use<> {
        let record = self.clone();
        move |evaluation| record.0.lock().unwrap().push(evaluation.clone())
    }

    /// All records since the last time.
    pub(crate) fn take_all(&self) -> Vec<Evaluation> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// The decisions since the last time.
    pub(crate) fn take_decisions(&self) -> Vec<Outcome> {
        let records = self.take_all().into_iter();
        records.map(|record| record.outcome).collect()
    }

    /// The only record since the last time.
    #[track_caller]
    pub(crate) fn take(&self) -> Evaluation {
        let mut records = self.take_all();
        assert_eq!(records.len(), 1, "{records:?}");
        records.remove(0)
    }
}

/// How a handler or a body of these tests fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str);

impl Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Broken {}

/// How often something happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn count(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// One failure for all rows of a table.
#[derive(Debug, Default)]
pub(crate) struct Failures(Vec<String>);

impl Failures {
    pub(crate) fn expect_eq<A: PartialEq + Debug>(
        &mut self,
        what: impl Display,
        left: A,
        right: A,
    ) {
        if left != right {
            self.0.push(format!("{what}: {left:?}, expected {right:?}"));
        }
    }

    #[track_caller]
    pub(crate) fn assert_none(self) {
        assert!(
            self.0.is_empty(),
            "{} wrong:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}
