//! What the models of look-ups and of whole writes share: a version that only grows, and a request that is dropped.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use shuttle::sync::Arc;

use crate::group::Answer;
use crate::joined::Joined;
use crate::member::Member;

/// The state of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) usize);

impl Answer for Version {
    fn is_failure(&self) -> bool {
        false
    }

    fn state(&self) -> Option<Self> {
        Some(*self)
    }

    fn differs_from(&self, earlier: &Self) -> bool {
        earlier != self
    }
}

/// Joins the requests for the resource of this key. All have one hash, so that groups are told apart by the comparison.
pub(crate) fn join(table: &Joined<Version>, key: u64) -> Member<Version> {
    const HASH: u64 = 7;
    let member = table.join(HASH, &Arc::new(key), |other: &dyn Any| {
        other.downcast_ref::<u64>() == Some(&key)
    });
    member.expect("there are two groups at most")
}

/// Polls a future a number of times, and drops it. `None` is one that was dropped.
pub(crate) struct Polls<F>(Option<Pin<Box<F>>>, usize);

impl<F: Future> Polls<F> {
    pub(crate) fn of(future: F, polls: usize) -> Self {
        Self(Some(Box::pin(future)), polls)
    }
}

impl<F: Future> Future for Polls<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.1 == 0 {
            self.0 = None;
            return Poll::Ready(None);
        }
        self.1 -= 1;
        let future = self.0.as_mut().expect("not dropped yet");
        future.as_mut().poll(cx).map(Some)
    }
}
