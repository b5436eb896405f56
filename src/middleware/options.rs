//! The configuration of a layer, shared by all services that it makes.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, Response, response};

use super::observe::Observer;
use super::policy::{LockChoice, WritePolicy};
use super::recovery::Recovery;
use crate::HttpDate;
use crate::field::FieldSet;
use crate::lock::{InProcessLock, Waiters, WriteLock};
use crate::look_up::LookUps;
use crate::method_class::MethodClass;
use crate::refusal::Refusal;
use crate::rewritten_tag::RewrittenTags;
use crate::source::{BodyTag, ValidatorSource};

type RefusalFn = Arc<dyn Fn(&Refusal) -> Response<Bytes> + Send + Sync>;
type ClassFn = Arc<dyn Fn(&Method) -> Option<MethodClass> + Send + Sync>;
type ClockFn = Arc<dyn Fn() -> SystemTime + Send + Sync>;
type ComputeFn = Arc<dyn Fn(&response::Parts) -> Option<BodyTag> + Send + Sync>;

/// The configuration of a layer. It also holds what the rules need from the source, so that no rule is generic over it.
#[derive(Clone)]
pub(crate) struct Options {
    /// Whether the source looks validators up before the handler runs.
    pub(crate) looks_up: bool,
    /// Whether the source makes tags from bodies.
    pub(crate) reads_bodies: bool,
    /// Whether the source names its kind of resource.
    pub(crate) is_named: bool,
    /// The source's [`compute`](ValidatorSource::compute).
    compute: ComputeFn,
    /// The lock that writes take, if any.
    pub(crate) lock: Option<Arc<dyn WriteLock>>,
    /// The layer's own lock, or the one of the process if the source names its kind of resource.
    own_lock: Arc<dyn WriteLock>,
    pub(crate) waiters: Waiters,
    pub(crate) look_ups: LookUps,
    /// Set by [`trust_handler_version`](crate::ConditionalLayer::trust_handler_version).
    pub(crate) handler_states_version: bool,
    pub(crate) writes: WritePolicy,
    /// The headers that every 200 and 304 gets.
    pub(crate) response_fields: HeaderMap,
    pub(crate) observer: Observer,
    /// The rewritten tags that the preconditions of reads may have.
    pub(crate) read_rewrites: Option<RewrittenTags>,
    /// Whether every tag is sent as a weak one.
    pub(crate) sends_weak_tags: bool,
    /// Whether the handler of a read gets the conditional headers.
    pub(crate) keeps_preconditions: bool,
    /// Whether the handler gets a HEAD as HEAD, also if the source makes tags from bodies.
    pub(crate) leaves_head_alone: bool,
    /// Makes the responses to refusals; `None` for problem details.
    pub(crate) refusals: Option<RefusalFn>,
    /// Classifies methods before the default does.
    pub(crate) classes: Option<ClassFn>,
    /// `None` for the clock of the system.
    pub(crate) clock: Option<ClockFn>,
    /// Reads the current representation for a 412.
    pub(crate) recovery: Option<Recovery>,
}

impl Options {
    /// The defaults for this source, whose constant answers are asked for once, here.
    pub(crate) fn of<V: ValidatorSource>(source: Arc<V>) -> Self {
        // A source that only computes locks nothing, and needs no table of its own.
        let shares_lock = source.is_named() || !source.looks_up();
        let own_lock: Arc<dyn WriteLock> = Arc::new(if shares_lock {
            InProcessLock::of_the_process()
        } else {
            InProcessLock::new()
        });
        Self {
            looks_up: source.looks_up(),
            reads_bodies: source.reads_bodies(),
            is_named: source.is_named(),
            compute: Arc::new(move |response| source.compute(response)),
            lock: Some(own_lock.clone()),
            own_lock,
            waiters: Waiters::default(),
            look_ups: LookUps::default(),
            handler_states_version: false,
            writes: WritePolicy::default(),
            response_fields: HeaderMap::new(),
            observer: Observer::default(),
            read_rewrites: None,
            sends_weak_tags: false,
            keeps_preconditions: false,
            leaves_head_alone: false,
            refusals: None,
            classes: None,
            clock: None,
            recovery: None,
        }
    }

    /// Sets the policy, and with it the lock.
    pub(crate) fn set_writes(&mut self, policy: WritePolicy) {
        self.lock = match &policy.lock {
            LockChoice::Own => Some(self.own_lock.clone()),
            LockChoice::Custom(lock) => Some(lock.clone()),
            LockChoice::None => None,
        };
        self.writes = policy;
        self.accept_own_weak_tags();
    }

    /// Sets the rewritten tags that the preconditions of reads may have.
    pub(crate) fn set_read_rewrites(&mut self, rewrites: RewrittenTags) {
        self.read_rewrites = Some(rewrites);
        self.accept_own_weak_tags();
    }

    /// Sends every tag as a weak one.
    pub(crate) fn send_weak_tags(&mut self) {
        self.sends_weak_tags = true;
        self.accept_own_weak_tags();
    }

    /// Accepts the tags that are sent weak as the strong tags that they were made from. It is decided here, so that no request
    /// asks for it.
    fn accept_own_weak_tags(&mut self) {
        if self.sends_weak_tags {
            for rewrites in [&mut self.read_rewrites, &mut self.writes.rewrites] {
                *rewrites = Some(RewrittenTags::and_weakened(*rewrites));
            }
        }
    }

    /// A copy to try requests with: nobody is told of them, they take no lock that others have, and of the application's
    /// functions only those are called that classify methods and make refusals. `see` gets each refusal and its response.
    pub(crate) fn for_rehearsal(
        &self,
        lock: impl WriteLock,
        see: impl Fn(Refusal, &mut Response<Bytes>) + Send + Sync + 'static,
    ) -> Self {
        let mut options = self.clone();
        options.observer = Observer::default();
        options.waiters = Waiters::default();
        options.look_ups = LookUps::default();
        options.clock = None;
        options.writes.already_applied = None;
        options.writes.further_keys = None;
        options.lock = self.lock.is_some().then(|| Arc::new(lock) as _);
        let own = self.clone();
        options.refusals = Some(Arc::new(move |refusal| {
            let mut response = own.response_to(*refusal);
            see(*refusal, &mut response);
            response
        }));
        options
    }

    /// How the source makes the tag of this response, if it makes one.
    pub(crate) fn compute(&self, response: &response::Parts) -> Option<BodyTag> {
        (self.compute)(response)
    }

    /// The class of a method: as the route classifies it, or else the default.
    pub(crate) fn class_of(&self, method: &Method) -> MethodClass {
        let registered = self.classes.as_ref().and_then(|classes| classes(method));
        registered.unwrap_or_else(|| MethodClass::of(method))
    }

    /// The time, by the clock of the route or of the system.
    pub(crate) fn now(&self) -> HttpDate {
        match &self.clock {
            Some(clock) => clock().into(),
            None => SystemTime::now().into(),
        }
    }

    /// The time for evaluating these fields. Reads the clock only if one of them is a date.
    pub(crate) fn now_for(&self, given: FieldSet) -> HttpDate {
        if given.any_date() {
            self.now()
        } else {
            HttpDate::UNIX_EPOCH
        }
    }

    /// The response to a refusal: the application's own, or problem details.
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
