//! Several futures at once, on the task that awaits them.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// Both outputs. The second one is polled after the first one.
pub(crate) async fn join<F: Future, G: Future>(first: F, second: G) -> (F::Output, G::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut other) = (None, None);
    poll_fn(|cx| {
        poll_into(&mut one, first.as_mut(), cx);
        poll_into(&mut other, second.as_mut(), cx);
        match (one.take(), other.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            not_both => {
                (one, other) = not_both;
                Poll::Pending
            }
        }
    })
    .await
}

fn poll_into<F: Future>(output: &mut Option<F::Output>, future: Pin<&mut F>, cx: &mut Context<'_>) {
    if output.is_none()
        && let Poll::Ready(ready) = future.poll(cx)
    {
        *output = Some(ready);
    }
}

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
