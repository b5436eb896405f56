//! A client that reads the note, adds one to it and saves it, again and again.

use std::time::{Duration, Instant};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, Response, StatusCode, header},
};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::Result;
use crate::stores::ID;

/// When it counts: what happens before has the connections made, what happens after is the end of what was begun.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

impl Window {
    fn has(self, moment: Instant) -> bool {
        (self.from..self.to).contains(&moment)
    }
}

/// What clients have seen.
#[derive(Default)]
pub(crate) struct Tally {
    /// How long each save took that was accepted within the window, from the first read on, and each that the end of the
    /// window has cut off.
    pub(crate) saves: Vec<Duration>,
    /// Saves that were accepted, within the window and in all.
    pub(crate) accepted: u64,
    pub(crate) accepted_in_all: u64,
    /// 412s in all.
    pub(crate) refused: u64,
    /// Any other answer to a PUT: it may have been performed.
    pub(crate) unclear: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.saves.extend(other.saves);
        self.accepted += other.accepted;
        self.accepted_in_all += other.accepted_in_all;
        self.refused += other.refused;
        self.unclear += other.unclear;
    }
}

/// Saves until the window has ended. On 412 it reads again at once.
pub(crate) async fn save_repeatedly(router: Router, window: Window) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut begun = Instant::now();
    while Instant::now() < window.to {
        let (tag, count) = read(&router).await?;
        let answer = put(&router, &tag, count + 1).await?;
        let now = Instant::now();
        match answer.status() {
            StatusCode::NO_CONTENT => {
                tally.accepted_in_all += 1;
                if window.has(now) {
                    tally.accepted += 1;
                    tally.saves.push(now - begun);
                }
                begun = now;
            }
            StatusCode::PRECONDITION_FAILED => tally.refused += 1,
            _ => tally.unclear += 1,
        }
    }
    tally.saves.push(window.to.saturating_duration_since(begun));
    Ok(tally)
}

/// The tag of the note, and its number.
pub(crate) async fn read(router: &Router) -> Result<(String, u64)> {
    let answer = send(router, Request::get(path()).body(Body::empty())?).await?;
    if answer.status() != StatusCode::OK {
        return Err(format!("{} to a GET", answer.status()).into());
    }
    let tag = answer.headers().get(header::ETAG);
    let tag = tag.ok_or("a note without a tag")?.to_str()?.to_owned();
    let text = answer.into_body().collect().await?.to_bytes();
    Ok((tag, std::str::from_utf8(&text)?.parse()?))
}

pub(crate) async fn put(router: &Router, tag: &str, count: u64) -> Result<Response<Body>> {
    let request = Request::builder()
        .method(Method::PUT)
        .uri(path())
        .header(header::IF_MATCH, tag)
        .body(Body::from(count.to_string()))?;
    send(router, request).await
}

async fn send(router: &Router, request: Request<Body>) -> Result<Response<Body>> {
    let Ok(answer) = router.clone().oneshot(request).await;
    Ok(answer)
}

fn path() -> String {
    format!("/notes/{ID}")
}
