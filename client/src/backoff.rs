//! How long `update` waits before it tries again.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

type SleepFn = dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;
type RandomFn = dyn Fn() -> u64 + Send + Sync;

/// How [`Client::update`](crate::Client::update) waits after it has lost a race: a random time, whose upper bound doubles with
/// each race that was lost.
///
/// The sleep and the random numbers are the caller's, so that the client starts no runtime.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tower_conditional_client::Backoff;
///
/// let backoff = Backoff::new(tokio::time::sleep, || fastrand::u64(..))
///     .between(Duration::from_millis(5), Duration::from_secs(1))
///     .attempts(20);
/// # let _ = backoff;
/// ```
#[derive(Clone)]
pub struct Backoff {
    sleep: Arc<SleepFn>,
    random: Arc<RandomFn>,
    shortest: Duration,
    longest: Duration,
    attempts: u32,
}

impl Backoff {
    /// Waits by this function, for a time that these random numbers choose: at most 10 ms after the first race that was lost,
    /// at most 2 s after the ninth, and 16 attempts in all.
    pub fn new<F>(
        sleep: impl Fn(Duration) -> F + Send + Sync + 'static,
        random: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self {
            sleep: Arc::new(move |time| Box::pin(sleep(time))),
            random: Arc::new(random),
            shortest: Duration::from_millis(10),
            longest: Duration::from_secs(2),
            attempts: 16,
        }
    }

    /// The upper bound of the first wait, and that of all waits.
    #[must_use]
    pub const fn between(mut self, shortest: Duration, longest: Duration) -> Self {
        self.shortest = shortest;
        self.longest = longest;
        self
    }

    /// How often to try, the first attempt included; at least once.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    pub(crate) fn max_attempts(&self) -> u32 {
        self.attempts.max(1)
    }

    /// Waits after this attempt, counted from 0, and as long as the server asks for.
    pub(crate) async fn wait(&self, attempt: u32, answer: Option<&HeaderMap>) {
        let doubled = 2_u32.saturating_pow(attempt);
        let bound = self.shortest.saturating_mul(doubled).min(self.longest);
        let nanoseconds = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        let chosen = Duration::from_nanos((self.random)() % nanoseconds.saturating_add(1).max(1));
        let asked = answer.map_or(Duration::ZERO, retry_after).min(self.longest);
        (self.sleep)(asked.saturating_add(chosen)).await;
    }
}

/// Retry-After in seconds ([RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)). A date is
/// ignored: the client has no clock.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backoff")
            .field("shortest", &self.shortest)
            .field("longest", &self.longest)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
