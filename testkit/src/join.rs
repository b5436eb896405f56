//! Several futures at once, on the task that awaits them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// The outputs, in the order of the futures. All are polled once before any is polled again.
pub(crate) async fn join_all<F: Future + Unpin>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(State::Running).collect();
    poll_fn(|cx| {
        let mut pending = false;
        for state in &mut running {
            if let State::Running(future) = state {
                match Pin::new(future).poll(cx) {
                    Poll::Ready(output) => *state = State::Done(output),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
    running
        .into_iter()
        .filter_map(|state| match state {
            State::Done(output) => Some(output),
            State::Running(_) => None,
        })
        .collect()
}

enum State<F: Future> {
    Running(F),
    Done(F::Output),
}
