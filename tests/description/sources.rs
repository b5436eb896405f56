//! Sources of every kind, over every state, at paths of their own.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Request, header};
use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};
use tower_conditional::source::{
    BoxSource, Fixed, InMemoryVersions, ProbeBody, RequestPath, States,
};
use tower_conditional::validator::Absent;
use tower_conditional::{
    BodyHash, BoxError, Current, EntityTag, Epoch, FromResponse, Representation, SourceError,
    ValidatorSource, source_fn,
};

use crate::played::{Content, read};

/// A source, and the targets that it knows.
pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) source: BoxSource,
    pub(crate) looks_up: bool,
    pub(crate) targets: Targets,
    pub(crate) lock: Lock,
}

/// The path of each target, and what the source finds there, or the handler states. `None`: the source fails.
pub(crate) type Targets = Vec<(&'static str, Option<Current>)>;

const EPOCH: Epoch = Epoch::new("e1");

/// When what has a date was changed.
pub(crate) fn changed() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

pub(crate) fn sources() -> Vec<Source> {
    let versions = || over(versions(), States::versions());
    let update_only = vec![
        ("/tagged", Some(EntityTag::from_version(7).into())),
        ("/absent", Some(Current::Absent(Absent::WillFail))),
        ("/failing", None),
    ];
    let of_an_epoch = vec![
        ("/tagged", Some(EPOCH.version(7).into())),
        ("/absent", Some(Current::absent())),
        ("/failing", None),
    ];
    let epoch_states = States::of([EPOCH.version(7).into(), Current::absent()]);
    let mut probed = vec![
        ("/absent", Some(Current::absent())),
        ("/moved", Some(Current::Unknown)),
        ("/failing", None),
    ];
    probed.extend(bodies());
    let with = |mut targets: Targets, others: Targets| {
        targets.extend(others);
        targets
    };
    let elsewhere = vec![("/elsewhere", Some(Current::Delegated))];
    vec![
        looking_up("versions", versions(), self::versions()),
        looking_up(
            "an epoch",
            over(of_an_epoch.clone(), epoch_states),
            of_an_epoch,
        ),
        looking_up("update only", versions().update_only().boxed(), update_only),
        looking_up(
            "everything",
            over(everything(), States::any()),
            everything(),
        ),
        in_memory(),
        fixed(
            "fixed",
            Representation::tagged(EntityTag::from_version(7)).into(),
        ),
        fixed("fixed, weak", EntityTag::from_static("W/\"7\"").into()),
        fixed("fixed, without a validator", Representation::new().into()),
        fixed("fixed, absent", Current::absent()),
        fixed("fixed, delegated", Current::Delegated),
        fixed("fixed, with headers", with_headers()),
        looking_up(
            "or hashes",
            versions().or(BodyHash::strong()).boxed(),
            with(self::versions(), bodies()),
        ),
        looking_up(
            "or the handler",
            versions().or_delegate().named("tests").boxed(),
            with(self::versions(), elsewhere),
        ),
        looking_up(
            "probed",
            BodyHash::strong()
                .probe_with(reader())
                .named("tests")
                .boxed(),
            probed,
        ),
        computing("strong hashes", BodyHash::strong().boxed(), bodies()),
        computing("weak hashes", BodyHash::weak().boxed(), bodies()),
        computing("the handler's", FromResponse.boxed(), present()),
    ]
}

fn versions() -> Targets {
    vec![
        ("/tagged", Some(EntityTag::from_version(7).into())),
        ("/absent", Some(Current::absent())),
        ("/failing", None),
    ]
}

/// Every kind of representation that a response can state.
pub(crate) fn present() -> Targets {
    let tagged = |tag: &'static str| Representation::tagged(EntityTag::from_static(tag));
    vec![
        ("/tagged", Some(tagged("\"e1.7\"").into())),
        (
            "/dated",
            Some(tagged("\"e1.7\"").last_modified(changed()).into()),
        ),
        ("/weak", Some(tagged("W/\"7\"").into())),
        (
            "/date",
            Some(Representation::new().last_modified(changed()).into()),
        ),
        ("/bare", Some(Representation::new().into())),
    ]
}

fn everything() -> Targets {
    let mut targets = present();
    targets.extend([
        (
            "/strong-date",
            Some(Representation::new().strong_last_modified(changed()).into()),
        ),
        ("/absent", Some(Current::absent())),
        ("/absent-or-not", Some(Current::Absent(Absent::MaySucceed))),
        ("/absent-for-ever", Some(Current::Absent(Absent::WillFail))),
        ("/unknown", Some(Current::Unknown)),
        ("/delegated", Some(Current::Delegated)),
        ("/failing", None),
    ]);
    targets
}

/// Bodies of the handler, which get a tag once they are there, or never.
fn bodies() -> Targets {
    vec![
        ("/text", Some(Current::Unknown)),
        ("/stream", Some(Current::Unknown)),
    ]
}

fn with_headers() -> Current {
    let tagged = Representation::tagged(EntityTag::from_version(7));
    let found = tagged.field(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    found.varying_on([header::ACCEPT]).into()
}

/// A source that finds the states of this table, and says that it finds these.
fn over(targets: Targets, states: States) -> BoxSource {
    let is_elsewhere = |path: &str| matches!(path, "/text" | "/stream" | "/elsewhere");
    let source = source_fn(
        Arc::new(targets),
        move |head| Some(RequestPath::of(head)).filter(|path| !is_elsewhere(&path.normalised())),
        |path: RequestPath, targets: Arc<Targets>| {
            let (_, found) = targets
                .iter()
                .find(|(known, _)| *known == path.normalised())
                .expect("a path of the table");
            ready(
                found
                    .clone()
                    .ok_or_else(|| SourceError::failed("as the table says")),
            )
        },
    );
    source
        .stating(move |_| states.clone())
        .named("tests")
        .boxed()
}

fn looking_up(name: &'static str, source: BoxSource, targets: Targets) -> Source {
    Source {
        name,
        source,
        looks_up: true,
        targets,
        lock: Lock::default(),
    }
}

fn computing(name: &'static str, source: BoxSource, targets: Targets) -> Source {
    Source {
        looks_up: false,
        ..looking_up(name, source, targets)
    }
}

fn in_memory() -> Source {
    let versions = InMemoryVersions::new();
    let tagged = versions.changed("/tagged").into();
    let dated =
        Representation::tagged(versions.changed_at("/dated", changed())).last_modified(changed());
    let targets = vec![
        ("/tagged", Some(tagged)),
        ("/dated", Some(dated.into())),
        ("/absent", Some(Current::absent())),
    ];
    looking_up("in memory", versions.named("tests").boxed(), targets)
}

fn fixed(name: &'static str, current: Current) -> Source {
    let path = match current.exists() {
        Some(false) => "/absent",
        _ => "/somewhere",
    };
    let source = Fixed::new(current.clone()).named("tests").boxed();
    looking_up(name, source, vec![(path, Some(current))])
}

/// The reader of a probe answers as the handler of a GET.
fn reader() -> impl tower::Service<
    Request<ProbeBody>,
    Response = http::Response<Content>,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send
+ 'static {
    tower::service_fn(|probe: Request<ProbeBody>| ready(Ok(read(&probe))))
}

/// A lock that counts how often it is taken, and that fails when it is told to.
#[derive(Clone, Default)]
pub(crate) struct Lock {
    lock: InProcessLock,
    taken: Arc<AtomicUsize>,
    fails: Arc<AtomicBool>,
}

impl Lock {
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }
}

impl WriteLock for Lock {
    fn try_lock(&self, keys: &[WriteKey]) -> Option<WriteGuard> {
        self.taken.fetch_add(1, Ordering::Relaxed);
        match self.fails.load(Ordering::Relaxed) {
            true => None,
            false => self.lock.try_lock(keys),
        }
    }

    fn lock<'a>(
        &'a self,
        _: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(ready(Err("as it was told".into())))
    }
}
