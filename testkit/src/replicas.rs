//! Several replicas of one service, as behind a load balancer.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use tower::Service;

/// Replicas of a service over one store, of which each request gets the next one.
///
/// A write lock in the process keeps the writes of one replica apart, so no race in it shows a statement that writes
/// without comparing the version. Between two replicas it shows. Replicas that make different entity tags of the same
/// state are found as well.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use tower_conditional_testkit::{Fixture, Replicas, Scratch, check};
///
/// # #[derive(Clone)]
/// # struct Db;
/// # fn app(_: Db) -> Router { Router::new() }
/// # async fn example(db: Db) {
/// let replicas = Replicas::new([app(db.clone()), app(db)]);
/// let scratch = Scratch::put("/notes/99", "text/plain", str::to_owned);
/// let report = check(replicas, Fixture::at("/notes/1").writing(scratch)).await;
/// assert!(report.is_clean(), "{report}");
/// # }
/// ```
pub struct Replicas<S> {
    replicas: Vec<S>,
    next: Arc<AtomicUsize>,
    /// The one that has been asked whether it is ready.
    chosen: Option<S>,
}

impl<S> Replicas<S> {
    /// These replicas, in turn. Each is made anew, by the function that makes the service: clones share their locks.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn new(replicas: impl IntoIterator<Item = S>) -> Self {
        let replicas = Vec::from_iter(replicas);
        assert!(!replicas.is_empty(), "a service has one replica at least");
        Self {
            replicas,
            next: Arc::default(),
            chosen: None,
        }
    }
}

/// Clones take turns with the original.
impl<S: Clone> Clone for Replicas<S> {
    fn clone(&self) -> Self {
        Self {
            replicas: self.replicas.clone(),
            next: Arc::clone(&self.next),
            chosen: None,
        }
    }
}

impl<S> fmt::Debug for Replicas<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replicas")
            .field("replicas", &self.replicas.len())
            .finish_non_exhaustive()
    }
}

impl<S, R> Service<R> for Replicas<S>
where
    S: Service<R> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let chosen = self.chosen.get_or_insert_with(|| {
            let turn = self.next.fetch_add(1, Relaxed);
            self.replicas[turn % self.replicas.len()].clone()
        });
        chosen.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        let mut chosen = self.chosen.take().expect("poll_ready comes before call");
        chosen.call(request)
    }
}
