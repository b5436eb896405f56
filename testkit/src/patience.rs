//! A limit on how long something is waited for, without a runtime's timer.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// Ready after its time. A thread counts it, and ends when the future is dropped.
pub(crate) struct Patience(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    dropped: Condvar,
}

#[derive(Default)]
struct State {
    is_over: bool,
    is_dropped: bool,
    waker: Option<Waker>,
}

impl Patience {
    pub(crate) fn of(time: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let counting = Arc::clone(&shared);
        let thread = thread::Builder::new().spawn(move || counting.count(time));
        if thread.is_err() {
            // Without a thread nobody would wake us.
            shared.state().is_over = true;
        }
        Self(shared)
    }
}

impl Shared {
    fn count(&self, time: Duration) {
        let waited = self
            .dropped
            .wait_timeout_while(self.state(), time, |state| !state.is_dropped);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_over = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Patience {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state();
        if state.is_over {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.0.state().is_dropped = true;
        self.0.dropped.notify_one();
    }
}
