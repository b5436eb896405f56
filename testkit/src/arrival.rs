//! How the writes of a race arrive, and what holds them back until all of them are there.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::ask::Ask;
use super::exchange::Exchange;
use super::gate::Gate;
use super::join::join_all;
use super::patience::Patience;

/// How the writes of a race arrive.
///
/// A service may check the precondition when the head arrives, and write when the body is complete. Between the two
/// somebody else writes. Requests that arrive whole do not show that: they are checked and written one after the other.
///
/// # Examples
///
/// ```
/// use tower_conditional_testkit::{Arrival, Scratch};
///
/// let scratch = Scratch::put("/notes/99", "text/plain", str::to_owned).arriving(Arrival::Whole);
/// # let _ = scratch;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arrival {
    /// First the heads of all with all but the last byte of each body, then the last bytes together.
    ///
    /// The last bytes are sent when every body has been read up to there and as many reads as there are writers have
    /// been answered since, a few times over, so that the service has seen the heads. A service that lets a writer wait
    /// before it reads its body (for a lock) gets them after some reads more, and one that answers nothing meanwhile (it
    /// has one worker) after a second.
    #[default]
    LastBytes,
    /// Each request at once, as far as the service takes it.
    Whole,
}

/// What a finding says of it.
impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LastBytes => "where all heads come first, and then the last bytes together",
            Self::Whole => "where each request comes whole",
        })
    }
}

/// How many rounds of reads are answered after all writers are there.
const ROUNDS: usize = 3;
/// How many rounds of reads are answered at most.
const MOST_ROUNDS: usize = 64;
/// How long the service may answer nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens the gate when all writers are there. While they come, the resource is read: an answer shows that the service has
/// had the time to see the heads. Once they are there, it is read by as many at once: a single read may come on a
/// connection that the service knows already, and is answered before the service has accepted those of the writers.
pub(crate) async fn open_when_all_are_there(gate: &Gate, exchange: &dyn Exchange, read: &Ask) {
    let reads = async {
        let mut since = 0;
        for _ in 0..MOST_ROUNDS {
            let is_everybody_there = gate.is_everybody_there();
            let at_once = if is_everybody_there {
                gate.writers()
            } else {
                1
            };
            join_all((0..at_once).map(|_| exchange.send(read.clone())).collect()).await;
            yield_once().await;
            since += usize::from(is_everybody_there);
            if since == ROUNDS {
                break;
            }
        }
    };
    let mut reads = pin!(reads);
    let mut patience = pin!(Patience::of(PATIENCE));
    poll_fn(|cx| match reads.as_mut().poll(cx) {
        Poll::Pending => patience.as_mut().poll(cx),
        ready => ready,
    })
    .await;
    gate.open();
}

/// Lets the writers go on: a service in the same task may answer each read at once.
pub(crate) async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
