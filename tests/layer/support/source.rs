//! The sources of these tests: they answer at once, or when they are asked; they wait, fail, refuse, hang, or follow a
//! script. Nothing outside of this file implements [`ValidatorSource`].

use std::fmt;
use std::future::{self, Future};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderValue, Method, Response, response};
use tokio::sync::oneshot;
use tower_conditional::lock::{KeyBuf, ResourceKey};
use tower_conditional::source::{Beside, BodyTag, InMemoryVersions, RequestPath, Unidentified};
use tower_conditional::{
    BodyHash, Checked, Current, EntityTag, Found, SourceError, ValidatorSource, source_fn,
};

use super::Counter;

pub(crate) type Answer = Result<Current, SourceError>;
type KnownFn = dyn Fn(&Parts) -> Option<Current> + Send + Sync;
type LookUpFn = dyn Fn(&Parts) -> BoxFuture<'static, Answer> + Send + Sync;

/// A source that follows a script, and counts how often it is asked.
#[derive(Clone)]
pub(crate) struct Script {
    known: Arc<KnownFn>,
    look_up: Arc<LookUpFn>,
    looks: Counter,
    joins: bool,
}

/// Looks up with this closure and its future; nothing is known at once.
pub(crate) fn asked<F, Fut>(look_up: F) -> Script
where
    F: Fn(&Parts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    Script {
        known: Arc::new(|_| None),
        look_up: Arc::new(move |head| look_up(head).boxed()),
        looks: Counter::default(),
        joins: false,
    }
}

/// As [`asked`], and the answer is there without waiting.
pub(crate) fn scripted(script: impl Fn(&Parts) -> Answer + Send + Sync + 'static) -> Script {
    asked(move |head| future::ready(script(head)))
}

/// Is asked, and answers without waiting.
pub(crate) fn looked_up(current: impl Into<Current>) -> Script {
    let current = current.into();
    scripted(move |_| Ok(current.clone()))
}

/// Is asked, and waits once before it answers.
pub(crate) fn waiting(current: impl Into<Current>) -> Script {
    let current = current.into();
    asked(move |_| {
        let current = current.clone();
        async {
            yield_once().await;
            Ok(current)
        }
    })
}

pub(crate) fn failing(error: &'static str) -> Script {
    scripted(move |_| Err(SourceError::failed(error)))
}

pub(crate) fn refusing(status: u16, text: &'static str) -> Script {
    scripted(move |_| {
        let refusal = Response::builder().status(status).body(text);
        Err(SourceError::refused(refusal.unwrap().map(Bytes::from)))
    })
}

/// Is asked, and never answers.
pub(crate) fn hanging() -> Script {
    asked(|_| future::pending())
}

/// The crate's own way to a source: a closure.
pub(crate) fn closure(current: impl Into<Current>) -> impl ValidatorSource + Clone {
    let current = current.into();
    source_fn(
        current,
        |_| (),
        async |(), current: Current| Ok::<_, SourceError>(current),
    )
}

impl Script {
    /// Known at once, wherever the closure has an answer.
    pub(crate) fn knowing(
        self,
        known: impl Fn(&Parts) -> Option<Current> + Send + Sync + 'static,
    ) -> Self {
        Self {
            known: Arc::new(known),
            ..self
        }
    }

    /// Its look-ups for equal method, target and fields may be one.
    pub(crate) fn joined(self) -> Self {
        Self {
            joins: true,
            ..self
        }
    }

    /// How often it was asked, or answered at once.
    pub(crate) fn looks(&self) -> usize {
        self.looks.get()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}

/// What a script identifies: the whole head, by the name of its path.
pub(crate) struct Target {
    head: Parts,
    joins: bool,
}

impl ResourceKey for Target {
    fn write_key(&self, key: &mut KeyBuf) {
        RequestPath::of(&self.head).write_key(key);
    }

    fn is_same(&self, other: &Self) -> bool {
        let (one, other) = (&self.head, &other.head);
        let is_same = one.uri == other.uri && one.headers == other.headers;
        self.joins && is_same && one.method == other.method
    }
}

impl ValidatorSource for Script {
    type Resource = Target;

    fn identify_now(&self, head: &mut Parts) -> Option<Result<Target, Unidentified>> {
        let mut head = head.clone();
        // It would hold the lock of an outer layer.
        head.extensions.remove::<Checked>();
        let joins = self.joins;
        Some(Ok(Target { head, joins }))
    }

    fn known(&self, target: &Target) -> Option<Found> {
        let known = (self.known)(&target.head)?;
        self.looks.count();
        Some(known.into())
    }

    async fn look_up(&self, target: &Target) -> Result<Found, SourceError> {
        if let Some(known) = self.known(target) {
            return Ok(known);
        }
        self.looks.count();
        Ok((self.look_up)(&target.head).await?.into())
    }
}

/// Whatever is asked about, it is nothing of this source.
#[derive(Clone, Debug)]
pub(crate) struct NotMine;

impl ValidatorSource for NotMine {
    type Resource = ();

    fn identify_now(&self, _: &mut Parts) -> Option<Result<(), Unidentified>> {
        Some(Err(Unidentified::NotMine))
    }
}

/// A source that identifies the resource that a QUERY is equivalent to.
pub(crate) struct Queryable(pub(crate) Current);

impl ValidatorSource for Queryable {
    type Resource = ();

    fn looks_up_reads(&self, _: &Method) -> bool {
        true
    }

    fn identify_now(&self, _: &mut Parts) -> Option<Result<(), Unidentified>> {
        Some(Ok(()))
    }

    fn known(&self, (): &()) -> Option<Found> {
        Some(self.0.clone().into())
    }
}

/// Versions that are known at once, or only after a moment.
#[derive(Clone)]
pub(crate) struct Versions {
    pub(crate) versions: InMemoryVersions,
    script: Script,
}

impl Versions {
    /// Known at once.
    pub(crate) fn at_once() -> Self {
        let waiting = Self::waiting();
        let versions = waiting.versions.clone();
        Self {
            script: waiting
                .script
                .knowing(move |head| Some(known(&versions, head))),
            ..waiting
        }
    }

    /// Looked up, after having waited once.
    pub(crate) fn waiting() -> Self {
        Self::of(&InMemoryVersions::new())
    }

    /// As [`waiting`](Self::waiting), of versions that somebody else keeps.
    pub(crate) fn of(versions: &InMemoryVersions) -> Self {
        let looked_up = versions.clone();
        let script = asked(move |head| {
            let (versions, head) = (looked_up.clone(), head.clone());
            async move {
                yield_once().await;
                Ok(known(&versions, &head))
            }
        });
        Self {
            versions: versions.clone(),
            script,
        }
    }

    /// Both: the same must hold whether or not a look-up waits.
    pub(crate) fn both() -> [Self; 2] {
        [Self::at_once(), Self::waiting()]
    }

    pub(crate) fn changed(&self, path: &str) -> EntityTag {
        self.versions.changed(path)
    }

    pub(crate) fn looks(&self) -> usize {
        self.script.looks()
    }
}

/// What the versions say of the path of this head.
pub(crate) fn known(versions: &InMemoryVersions, head: &Parts) -> Current {
    let found = versions.known(&RequestPath::of(head));
    found.expect("known at once").current().clone()
}

impl ValidatorSource for Versions {
    type Resource = Target;

    fn identify_now(&self, head: &mut Parts) -> Option<Result<Target, Unidentified>> {
        self.script.identify_now(head)
    }

    fn known(&self, target: &Target) -> Option<Found> {
        self.script.known(target)
    }

    async fn look_up(&self, target: &Target) -> Result<Found, SourceError> {
        self.script.look_up(target).await
    }
}

/// A source whose look-ups stay open until the test ends them. It looks up a path, and beside it the tenant of the
/// header.
#[derive(Clone, Default)]
pub(crate) struct HeldSource(Arc<Mutex<Vec<Option<oneshot::Sender<Answer>>>>>);

impl HeldSource {
    pub(crate) fn source(
        &self,
    ) -> impl ValidatorSource<Resource = (String, Beside<Option<HeaderValue>>)> + use<> {
        source_fn(
            self.clone(),
            |head| {
                let tenant = head.headers.get("tenant").cloned();
                (head.uri.path().to_owned(), Beside(tenant))
            },
            async |_, held: Self| held.look_up().await,
        )
    }

    fn look_up(&self) -> impl Future<Output = Answer> + use<> {
        let (answer, answered) = oneshot::channel();
        self.0.lock().unwrap().push(Some(answer));
        async { answered.await.expect("the test ends every look-up") }
    }

    /// How many look-ups have begun.
    pub(crate) fn looks(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Ends a look-up. `false`: nobody waits for it any more.
    #[track_caller]
    pub(crate) fn end(&self, look_up: usize, answer: Answer) -> bool {
        let held = self.0.lock().unwrap()[look_up].take();
        held.expect("it has ended").send(answer).is_ok()
    }

    /// The look-up panics when it is polled next.
    #[track_caller]
    pub(crate) fn break_off(&self, look_up: usize) {
        let held = self.0.lock().unwrap()[look_up].take();
        drop(held.expect("it has ended"));
    }

    /// The look-up finds this version.
    #[track_caller]
    pub(crate) fn finds(&self, look_up: usize, version: u64) {
        let found = Ok(EntityTag::from_version(version).into());
        assert!(self.end(look_up, found), "nobody waits for it");
    }
}

/// Looks nothing up, and may compute only where it says that it reads bodies.
pub(crate) struct Computing {
    pub(crate) reads_bodies: bool,
}

impl ValidatorSource for Computing {
    type Resource = ();

    fn looks_up(&self) -> bool {
        false
    }

    fn reads_bodies(&self) -> bool {
        self.reads_bodies
    }

    fn compute(&self, response: &response::Parts) -> Option<BodyTag> {
        assert!(self.reads_bodies, "asked although it reads no bodies");
        BodyHash::strong().compute(response)
    }
}

/// Waits once, and needs no runtime for it.
pub(crate) async fn yield_once() {
    let mut waited = false;
    future::poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
