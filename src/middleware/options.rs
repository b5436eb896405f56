//! What a layer was told, shared by all services it makes.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, Response};

use super::observe::Observer;
use super::policy::WritePolicy;
use super::recovery::Recovery;
use crate::field::Given;
use crate::refusal::Refusal;
use crate::{HttpDate, MethodClass, RewrittenTags};

type RefusalFn = Arc<dyn Fn(&Refusal) -> Response<Bytes> + Send + Sync>;
type ClassFn = Arc<dyn Fn(&Method) -> Option<MethodClass> + Send + Sync>;
type ClockFn = Arc<dyn Fn() -> SystemTime + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) writes: WritePolicy,
    pub(crate) response_fields: HeaderMap,
    pub(crate) observer: Observer,
    pub(crate) read_rewrites: Option<Arc<RewrittenTags>>,
    pub(crate) keeps_preconditions: bool,
    pub(crate) leaves_head_alone: bool,
    pub(crate) verifies_after: bool,
    pub(crate) refusals: Option<RefusalFn>,
    pub(crate) classes: Option<ClassFn>,
    pub(crate) clock: Option<ClockFn>,
    pub(crate) recovery: Option<Recovery>,
}

impl Options {
    pub(crate) fn class_of(&self, method: &Method) -> MethodClass {
        let registered = self.classes.as_ref().and_then(|classes| classes(method));
        registered.unwrap_or_else(|| MethodClass::of(method))
    }

    pub(crate) fn now(&self) -> HttpDate {
        match &self.clock {
            Some(clock) => clock().into(),
            None => SystemTime::now().into(),
        }
    }

    /// The clock is read only where a date has to be judged.
    pub(crate) fn now_for(&self, given: Given) -> HttpDate {
        if given.any_date() {
            self.now()
        } else {
            HttpDate::UNIX_EPOCH
        }
    }

    pub(crate) fn response_to(&self, refusal: Refusal) -> Response<Bytes> {
        match &self.refusals {
            Some(refusals) => refusals(&refusal),
            None => refusal.to_problem(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("writes", &self.writes)
            .field("response_fields", &self.response_fields)
            .finish_non_exhaustive()
    }
}

/// A source and what its layer was told.
#[derive(Debug)]
pub(crate) struct Shared<V> {
    pub(crate) source: Arc<V>,
    pub(crate) options: Options,
}

// Derived, it would ask for a source that is `Clone`.
impl<V> Clone for Shared<V> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            options: self.options.clone(),
        }
    }
}
