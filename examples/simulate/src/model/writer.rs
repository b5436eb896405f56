//! A client: it reads a note, thinks, writes, and begins again if its write was refused.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ETAG, HeaderValue, IF_MATCH};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use tokio::time::{Instant, sleep};
use tower_conditional::EntityTag;

use super::Weather;
use super::chance::Chance;
use super::replica::{Answer, Draft, Replica, path_of, version_in};
use super::store::{Mark, Store};

/// How long a client waits for an answer that never comes.
const PATIENCE: Duration = Duration::from_millis(500);

/// An edit that its writer believes to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    pub(crate) mark: Mark,
    pub(crate) took: Duration,
}

#[derive(Debug)]
pub(crate) struct Writer {
    number: usize,
    note: u64,
    home: usize,
    replicas: Arc<[Arc<Replica>]>,
    weather: Weather,
    chance: Chance,
}

impl Writer {
    pub(crate) const fn new(
        number: usize,
        note: u64,
        home: usize,
        replicas: Arc<[Arc<Replica>]>,
        weather: Weather,
        chance: Chance,
    ) -> Self {
        Self {
            number,
            note,
            home,
            replicas,
            weather,
            chance,
        }
    }

    pub(crate) async fn edit_times(mut self, times: usize, store: Store) -> Vec<Edit> {
        let mut edits = Vec::with_capacity(times);
        for time in 0..times {
            self.chance.pause(0, 100).await;
            let (mark, begun) = ((self.number, time), Instant::now());
            self.edit(mark, &store).await;
            edits.push(Edit {
                mark,
                took: begun.elapsed(),
            });
        }
        edits
    }

    /// Until it gets a success, or sees its edit in the note.
    async fn edit(&mut self, mark: Mark, store: &Store) {
        let mut may_have_landed = false;
        loop {
            let Some((tag, version)) = self.read().await else {
                continue;
            };
            if may_have_landed && store.has(version, mark) {
                return;
            }
            self.chance.pause(5, 30).await;
            match self.write(tag, (version, mark)).await {
                Some(StatusCode::OK) => return,
                Some(StatusCode::PRECONDITION_FAILED) => store.lock().costs.refused += 1,
                _ => may_have_landed = true,
            }
        }
    }

    async fn read(&mut self) -> Option<(HeaderValue, usize)> {
        let mut request = Request::new(Full::default());
        *request.method_mut() = Method::GET;
        let answer = self.send(request).await?;
        let tag = answer.headers().get(ETAG)?.clone();
        let version = version_in(&EntityTag::from_header_value(&tag).ok()?)?;
        Some((tag, version))
    }

    async fn write(&mut self, tag: HeaderValue, draft: Draft) -> Option<StatusCode> {
        let mut request = Request::new(Full::default());
        *request.method_mut() = Method::PUT;
        request.headers_mut().insert(IF_MATCH, tag);
        request.extensions_mut().insert(draft);
        let answer = self.send(request).await?;
        Some(answer.status())
    }

    /// The answer, if it arrives. A replica that does not answer is not asked again.
    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Option<Answer> {
        *request.uri_mut() = path_of(self.note).parse().ok()?;
        self.chance.pause(1, 5).await;
        let answer = self.replicas[self.home].serve(request).await;
        self.chance.pause(1, 5).await;
        if answer.is_none() {
            self.move_on();
        } else if self.weather == Weather::Stormy && self.chance.one_in(200) {
            sleep(PATIENCE).await;
            self.move_on();
            return None;
        }
        answer
    }

    fn move_on(&mut self) {
        self.home = (self.home + 1) % self.replicas.len();
    }
}
