//! Looking up the current state of a resource: for one request, or for several requests together.

mod group;
mod joined;
mod member;
mod wakers;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;

use crate::Current;
use crate::lock::{ResourceKey, WriteKey};
use crate::source::{Found, SourceError, ValidatorSource};

/// The look-ups of a layer that several requests share.
pub(crate) type LookUps = joined::Joined<Ended>;

/// A request that shares the look-ups of a resource with others.
pub(crate) type Member = member::Member<Ended>;

/// The primitives of the shared look-ups. A model checker replaces them.
mod sync {
    pub(super) use std::sync::atomic::{AtomicUsize, Ordering};
    pub(super) use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
}

/// Looks up the current state of a resource, together with other requests if there are any.
pub(crate) async fn look_up<V: ValidatorSource>(
    look_ups: &LookUps,
    source: &Arc<V>,
    resource: V::Resource,
) -> Result<Found, SourceError> {
    let looking = look_ups.look();
    if looking.is_alone || !resource.is_same(&resource) {
        return source.look_up(&resource).await;
    }
    // Boxed: few requests need it, and it would enlarge the future of all.
    Box::pin(look_up_joined(look_ups, source, Arc::new(resource))).await
}

async fn look_up_joined<V: ValidatorSource>(
    look_ups: &LookUps,
    source: &Arc<V>,
    resource: Arc<V::Resource>,
) -> Result<Found, SourceError> {
    match look_ups.join_for(&resource) {
        Some(mut member) => member.ask_for(source, &resource).await,
        None => source.look_up(&resource).await,
    }
}

impl joined::Joined<Ended> {
    /// Joins the requests for the same resource. `None` if resources of this type cannot be compared, or if too many differ.
    pub(crate) fn join_for<R: ResourceKey>(&self, resource: &Arc<R>) -> Option<Member> {
        if !resource.is_same(resource) {
            return None;
        }
        let key = WriteKey::new("", &**resource).hash();
        self.join(key, resource, |other: &dyn Any| {
            other
                .downcast_ref()
                .is_some_and(|other| resource.is_same(other))
        })
    }
}

impl member::Member<Ended> {
    /// Waits for a look-up that begins after this request joined.
    pub(crate) async fn ask_for<V: ValidatorSource>(
        &mut self,
        source: &Arc<V>,
        resource: &Arc<V::Resource>,
    ) -> Result<Found, SourceError> {
        let ended = self.ask(|| {
            let (source, resource) = (source.clone(), resource.clone());
            Box::pin(async move { source.look_up(&resource).await.into() })
        });
        ended.await.into()
    }

    /// Looks up by itself, and publishes the result to the others.
    pub(crate) async fn look_up_for_all<V: ValidatorSource>(
        &self,
        source: &V,
        resource: &V::Resource,
    ) -> Result<Found, SourceError> {
        let number = self.begin();
        let ended = Ended::from(source.look_up(resource).await);
        self.publish(number, ended.clone());
        ended.into()
    }
}

/// The result of a look-up, for all requests that have asked.
#[derive(Clone)]
pub(crate) enum Ended {
    Found(Found),
    Refused(Box<Response<Bytes>>),
    Failed(Arc<dyn Error + Send + Sync>),
}

impl group::Answer for Ended {
    fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    fn state(&self) -> Option<Self> {
        match self {
            Self::Found(found) => {
                found.current.exists()?;
                Some(Self::Found(found.current.clone().into()))
            }
            Self::Refused(_) | Self::Failed(_) => None,
        }
    }

    fn differs_from(&self, earlier: &Self) -> bool {
        match (earlier, self) {
            (Self::Found(earlier), Self::Found(now)) => differs(&earlier.current, &now.current),
            _ => true,
        }
    }
}

/// Whether some precondition is satisfied by one of the states and fails by the other.
fn differs(earlier: &Current, now: &Current) -> bool {
    match (earlier, now) {
        (Current::Present(earlier), Current::Present(now)) => !earlier.has_validators_of(now),
        (Current::Absent(earlier), Current::Absent(now)) => earlier != now,
        _ => true,
    }
}

impl From<Result<Found, SourceError>> for Ended {
    fn from(looked_up: Result<Found, SourceError>) -> Self {
        match looked_up {
            Ok(found) => Self::Found(found),
            Err(SourceError::Refused(response)) => Self::Refused(response),
            Err(SourceError::Failed(error)) => Self::Failed(error.into()),
        }
    }
}

impl From<Ended> for Result<Found, SourceError> {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Found(found) => Ok(found),
            Ended::Refused(response) => Err(SourceError::Refused(response)),
            Ended::Failed(error) => Err(SourceError::Failed(Box::new(SharedError(error)))),
        }
    }
}

/// An error that several requests share.
struct SharedError(Arc<dyn Error + Send + Sync>);

impl fmt::Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The resource of a request. A look-up that several requests poll needs a shared one.
pub(crate) enum Identified<R> {
    Own(R),
    Shared(Arc<R>),
}

impl<R> Identified<R> {
    /// Turns the resource into a shared one.
    pub(crate) fn share(this: &mut Option<Self>) -> Option<Arc<R>> {
        let shared = match this.take()? {
            Self::Own(resource) => Arc::new(resource),
            Self::Shared(resource) => resource,
        };
        *this = Some(Self::Shared(shared.clone()));
        Some(shared)
    }
}

impl<R> Deref for Identified<R> {
    type Target = R;

    fn deref(&self) -> &R {
        match self {
            Self::Own(resource) => resource,
            Self::Shared(resource) => resource,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, pending, poll_fn};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::{Pin, pin};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::group::{Answer, LookUp};
    use super::*;
    use crate::EntityTag;
    use crate::source::Beside;
    use crate::validator::Absent;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn join(look_ups: &LookUps, id: u64, form: u64) -> Option<Member> {
        look_ups.join_for(&Arc::new((id, Beside(form))))
    }

    /// No resource stays in memory after its last request.
    #[test]
    fn a_resource_without_members_is_removed() {
        let look_ups = LookUps::default();
        let members: Vec<_> = (0..1000).map(|id| join(&look_ups, id, 0)).collect();
        assert_eq!(look_ups.len(), 1000);
        drop(members);
        assert_eq!(look_ups.len(), 0);
    }

    /// A client can choose the parts that are not in the key, so the number of comparisons is limited.
    #[test]
    fn few_resources_of_one_key_are_joined() {
        let look_ups = LookUps::default();
        let members: Vec<_> = (0..1000)
            .filter_map(|form| join(&look_ups, 7, form))
            .collect();
        assert_eq!(members.len(), 16);
        assert_eq!(look_ups.len(), 16);
        assert!(join(&look_ups, 7, 3).is_some(), "those that are there");
        assert!(join(&look_ups, 8, 1000).is_some(), "another key");
    }

    /// A look-up that nobody waits for any more is dropped, although its waker owns the group.
    #[test]
    fn an_unwanted_look_up_is_dropped() {
        let look_ups = LookUps::default();
        let owned = Arc::new(());
        let mut member = join(&look_ups, 7, 0).unwrap();
        {
            let asked = pin!(member.ask(|| {
                let owned = owned.clone();
                Box::pin(async move {
                    let _owned = owned;
                    pending().await
                })
            }));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(asked.poll(&mut cx).is_pending());
            assert_eq!(Arc::strong_count(&owned), 2);
        }
        assert_eq!(Arc::strong_count(&owned), 1);
    }

    fn found(version: u64) -> Ended {
        Ended::Found(Found::version(version))
    }

    /// A write that joins late was evaluated before. The next state is new to it, even if the others know it.
    #[test]
    fn a_late_listener_is_woken_once_for_a_known_state() {
        let look_ups = LookUps::default();
        let holder = join(&look_ups, 7, 0).unwrap();
        holder.publish(holder.begin(), found(2));
        let mut late = join(&look_ups, 7, 0).unwrap();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut cx = Context::from_waker(&waker);
        assert!(
            late.poll_state(&mut cx).is_pending(),
            "that look-up began before"
        );
        holder.publish(holder.begin(), found(2));
        assert!(woken.0.swap(false, Ordering::Relaxed));
        assert!(late.poll_state(&mut cx).is_ready());
        assert!(late.poll_state(&mut cx).is_pending());
        holder.publish(holder.begin(), found(2));
        assert!(!woken.0.load(Ordering::Relaxed), "it knows that state");
        holder.publish(holder.begin(), found(3));
        assert!(woken.0.load(Ordering::Relaxed));
    }

    /// A waker that panics leaves no member asleep.
    #[test]
    fn a_panicking_waker_does_not_stop_the_others() {
        struct Panics;

        impl Wake for Panics {
            fn wake(self: Arc<Self>) {
                panic!("on purpose");
            }
        }

        let look_ups = LookUps::default();
        let holder = join(&look_ups, 7, 0).unwrap();
        let mut first = join(&look_ups, 7, 0).unwrap();
        let mut second = join(&look_ups, 7, 0).unwrap();
        let panics = Waker::from(Arc::new(Panics));
        assert!(
            first
                .poll_state(&mut Context::from_waker(&panics))
                .is_pending()
        );
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        assert!(
            second
                .poll_state(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let published = catch_unwind(AssertUnwindSafe(|| {
            holder.publish(holder.begin(), found(2))
        }));
        assert!(published.is_err());
        assert!(woken.0.load(Ordering::Relaxed));
    }

    /// The look-ups that were begun, each of which ends when the test says so.
    #[derive(Clone, Default)]
    struct Begun(Arc<Mutex<Vec<Arc<Mutex<Under>>>>>);

    #[derive(Default)]
    struct Under {
        answer: Option<Ended>,
        waker: Option<Waker>,
    }

    impl Begun {
        fn begin(&self) -> LookUp<Ended> {
            let under = Arc::<Mutex<Under>>::default();
            self.0.lock().unwrap().push(under.clone());
            Box::pin(poll_fn(move |cx| {
                let mut under = under.lock().unwrap();
                under.waker = Some(cx.waker().clone());
                under.answer.take().map_or(Poll::Pending, Poll::Ready)
            }))
        }

        fn count(&self) -> usize {
            self.0.lock().unwrap().len()
        }

        /// Ends the look-up with this number, from 1.
        fn end(&self, number: usize, answer: Ended) {
            let under = self.0.lock().unwrap()[number - 1].clone();
            let mut under = under.lock().unwrap();
            under.answer = Some(answer);
            let waker = under.waker.take().unwrap();
            drop(under);
            waker.wake();
        }
    }

    /// A member that asks, and is polled by the test.
    struct Asking {
        future: Pin<Box<dyn Future<Output = Ended>>>,
        woken: Arc<Woken>,
    }

    impl Asking {
        fn new(look_ups: &LookUps, begun: &Begun) -> Self {
            Self::with(join(look_ups, 7, 0).unwrap(), begun)
        }

        fn with(mut member: Member, begun: &Begun) -> Self {
            let begun = begun.clone();
            let mut asking = Self {
                future: Box::pin(async move { member.ask(|| begun.begin()).await }),
                woken: Arc::default(),
            };
            assert_eq!(asking.poll(), None);
            asking
        }

        /// The version that was found, or 0 for a failure.
        fn poll(&mut self) -> Option<u64> {
            let waker = Waker::from(self.woken.clone());
            let polled = self.future.as_mut().poll(&mut Context::from_waker(&waker));
            match polled {
                Poll::Pending => None,
                Poll::Ready(Ended::Found(found)) => {
                    found.current().representation()?.entity_tag()?.version()
                }
                Poll::Ready(_) => Some(0),
            }
        }

        fn was_woken(&self) -> bool {
            self.woken.0.swap(false, Ordering::Relaxed)
        }
    }

    fn failed() -> Ended {
        Ended::Failed(Arc::from(crate::BoxError::from("on purpose")))
    }

    #[test]
    fn one_look_up_answers_all_that_joined_before() {
        let (look_ups, begun) = (LookUps::default(), Begun::default());
        let member = join(&look_ups, 7, 0).unwrap();
        let mut first = Asking::new(&look_ups, &begun);
        assert_eq!(begun.count(), 1);
        let mut second = Asking::with(member, &begun);
        assert_eq!(begun.count(), 1, "the one under way answers it");
        begun.end(1, found(2));
        assert!(first.was_woken() && second.was_woken());
        // Any of them polls the look-up, not only the one that has begun it.
        assert_eq!(second.poll(), Some(2));
        assert_eq!(first.poll(), Some(2));
        assert_eq!(begun.count(), 1);
        drop((first, second));
        assert_eq!(look_ups.len(), 0);
    }

    /// A result that was looked up before a request came may be stale for it.
    #[test]
    fn a_later_member_waits_for_a_later_look_up() {
        let (look_ups, begun) = (LookUps::default(), Begun::default());
        let mut first = Asking::new(&look_ups, &begun);
        let mut second = Asking::new(&look_ups, &begun);
        assert_eq!(begun.count(), 2);
        let mut third = Asking::new(&look_ups, &begun);
        assert_eq!(begun.count(), 2, "two are under way at a time");
        begun.end(1, found(2));
        assert_eq!(first.poll(), Some(2));
        assert_eq!(second.poll(), None);
        assert!(third.was_woken());
        assert_eq!(third.poll(), None);
        assert_eq!(begun.count(), 3, "there is room for one");
        begun.end(2, found(3));
        assert_eq!(third.poll(), None, "it has polled the second one only");
        assert_eq!(second.poll(), Some(3));
        begun.end(3, found(4));
        assert_eq!(third.poll(), Some(4));
    }

    #[test]
    fn the_answer_of_the_last_look_up_is_kept() {
        let (look_ups, begun) = (LookUps::default(), Begun::default());
        let mut first = Asking::new(&look_ups, &begun);
        let mut second = Asking::new(&look_ups, &begun);
        begun.end(2, found(3));
        assert_eq!(second.poll(), Some(3));
        begun.end(1, found(2));
        assert_eq!(
            first.poll(),
            Some(3),
            "it began after the first had asked, too"
        );
    }

    #[test]
    fn a_failure_counts_if_no_other_look_up_can_answer() {
        let (look_ups, begun) = (LookUps::default(), Begun::default());
        let mut first = Asking::new(&look_ups, &begun);
        let mut second = Asking::new(&look_ups, &begun);
        begun.end(1, failed());
        assert_eq!(first.poll(), None);
        begun.end(2, found(3));
        assert_eq!(first.poll(), Some(3));
        assert_eq!(second.poll(), Some(3));
        drop((first, second));

        let mut first = Asking::new(&look_ups, &begun);
        begun.end(3, failed());
        assert_eq!(first.poll(), Some(0));
        drop(first);
        // An answer is not kept for those that come later.
        let mut later = Asking::new(&look_ups, &begun);
        begun.end(4, found(5));
        assert_eq!(later.poll(), Some(5));
    }

    #[test]
    fn a_look_up_goes_on_without_the_member_that_began_it() {
        let (look_ups, begun) = (LookUps::default(), Begun::default());
        let member = join(&look_ups, 7, 0).unwrap();
        let first = Asking::new(&look_ups, &begun);
        let mut second = Asking::with(member, &begun);
        drop(first);
        begun.end(1, found(2));
        assert!(second.was_woken());
        assert_eq!(second.poll(), Some(2));
        assert_eq!(begun.count(), 1);
    }

    /// What nobody waits for is dropped, and makes room.
    #[test]
    fn a_member_that_leaves_makes_room_for_a_look_up() {
        let (look_ups, begun) = (LookUps::default(), Begun::default());
        let first = Asking::new(&look_ups, &begun);
        let second = Asking::new(&look_ups, &begun);
        let mut third = Asking::new(&look_ups, &begun);
        drop(first);
        // The first look-up was for the first member only.
        assert!(third.was_woken());
        assert_eq!(third.poll(), None);
        assert_eq!(begun.count(), 3);
        drop(second);
        begun.end(3, found(4));
        assert_eq!(third.poll(), Some(4));
    }

    #[test]
    fn a_panic_of_a_look_up_is_that_of_one_member() {
        let look_ups = LookUps::default();
        let mut member = join(&look_ups, 7, 0).unwrap();
        let mut panicking = Box::pin(member.ask(|| Box::pin(async { panic!("on purpose") })));
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let _ = panicking
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
        }));
        assert!(polled.is_err());
        let begun = Begun::default();
        let mut other = Asking::new(&look_ups, &begun);
        assert_eq!(begun.count(), 1);
        begun.end(1, found(2));
        assert_eq!(other.poll(), Some(2));
    }

    #[test]
    fn a_request_alone_looks_up_by_itself() {
        let look_ups = LookUps::default();
        let first = look_ups.look();
        assert!(first.is_alone);
        assert!(!look_ups.look().is_alone);
        drop(first);
        assert!(look_ups.look().is_alone);
    }

    #[test]
    fn states_that_may_refuse_differently() {
        let present = |version| Current::from(EntityTag::from_version(version));
        let states = [
            present(1),
            present(2),
            Current::absent(),
            Current::Absent(Absent::WillFail),
        ];
        for (a, first) in states.iter().enumerate() {
            for (b, second) in states.iter().enumerate() {
                let ended = |state: &Current| Ended::Found(state.clone().into());
                let differs = ended(second).differs_from(&ended(first));
                assert_eq!(differs, a != b, "{first:?} {second:?}");
                assert!(ended(first).state().is_some());
            }
        }
        for unknown in [Current::Unknown, Current::Delegated] {
            assert!(Ended::Found(unknown.into()).state().is_none());
        }
        assert!(failed().state().is_none());
        assert!(failed().differs_from(&failed()));
    }

    #[test]
    fn results_come_back_as_they_were() {
        let come_back = |result| Result::<Found, SourceError>::from(Ended::from(result));
        assert!(come_back(Ok(Found::version(7))).is_ok());
        let refused = SourceError::Refused(Box::new(Response::new(Bytes::from_static(b"no"))));
        let Err(SourceError::Refused(response)) = come_back(Err(refused)) else {
            panic!("not refused");
        };
        assert_eq!(&response.body()[..], b"no");

        let error = std::io::Error::other(fmt::Error);
        let shown = (error.to_string(), format!("{error:?}"));
        let Err(SourceError::Failed(error)) = come_back(Err(SourceError::Failed(error.into())))
        else {
            panic!("not failed");
        };
        assert_eq!((error.to_string(), format!("{error:?}")), shown);
        assert!(Ended::from(Err(SourceError::Failed(error))).is_failure());
        assert!(!found(7).is_failure());
    }

    #[test]
    fn a_shared_error_has_the_source_of_its_own() {
        #[derive(Debug)]
        struct Outer(std::fmt::Error);

        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("outer")
            }
        }

        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }

        let shared = SharedError(Arc::new(Outer(fmt::Error)));
        assert!(shared.source().unwrap().is::<fmt::Error>());
    }

    #[test]
    fn a_resource_is_shared_once() {
        let mut resource = Some(Identified::Own(7));
        let first = Identified::share(&mut resource).unwrap();
        let second = Identified::share(&mut resource).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(resource.as_deref(), Some(&7));
        assert!(Identified::<u64>::share(&mut None).is_none());
    }

    /// Resources that cannot be compared share no look-ups.
    #[test]
    fn what_cannot_be_compared_is_not_joined() {
        let look_ups = LookUps::default();
        assert!(look_ups.join_for(&Arc::new(Beside(f64::NAN))).is_none());
    }
}
