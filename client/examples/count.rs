//! Many clients count in one resource, each by `Client::update`, and the count is exact in the end.
//!
//! ```sh
//! cargo run -p tower-conditional-client --example count -- http://127.0.0.1:3000/notes/1 \
//!     --content '{"title":"count","body":"{tally}"}' --type application/json
//! ```
//!
//! The count has a mark of each client: how often it has counted. So after an answer that was lost a client finds out whether its
//! count was made, also if others have counted since. With several URLs, of replicas over one store, a client goes to the next
//! one when its own is gone.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use lexopt::prelude::*;
use tower::{ServiceBuilder, ServiceExt};
use tower_conditional_client::{
    Backoff, BoxError, Client, Content, Current, Error, UpdateError, Why, WriteError,
};

const HELP: &str = "\
Many clients count in one resource by If-Match. Exits with 1 if a count was lost.

Usage: count URL… [options]

  URL…                 the resource; with several, each is another replica's URL of it
  --clients N          how many count at once (default: 16)
  --times N            how often each of them counts (default: 50)
  --content TEXT       what is written; {tally} becomes the count (default: {tally})
  --type TYPE          its Content-Type (default: text/plain)
  --field 'NAME: V'    a field that every request carries, such as Authorization
  --lossy              prints how many counts were lost, and exits with 0
";

/// What is written, and its type: the same for all.
static FORM: OnceLock<(String, HeaderValue)> = OnceLock::new();

/// The count, and how often each client has counted.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    count: u64,
    by_client: BTreeMap<usize, u64>,
}

impl Tally {
    fn with_one_of(&self, client: usize) -> Self {
        let mut next = self.clone();
        next.count += 1;
        *next.by_client.entry(client).or_default() += 1;
        next
    }

    fn of(&self, client: usize) -> u64 {
        self.by_client.get(&client).copied().unwrap_or(0)
    }
}

impl Content for Tally {
    /// Finds the count wherever the server has put it.
    fn decode(body: Bytes) -> Result<Self, BoxError> {
        // iCalendar folds long lines.
        let text = String::from_utf8(body.into())?
            .replace("\r\n ", "")
            .replace("\n ", "");
        let (_, tally) = text.split_once("tally ").ok_or("there is no tally")?;
        let end = tally.find(|c: char| !matches!(c, '0'..='9' | '=' | ' '));
        let mut numbers = tally[..end.unwrap_or(tally.len())].split_whitespace();
        let count = numbers.next().ok_or("there is no count")?.parse()?;
        let by_client = numbers.map(|mark| {
            let (client, times) = mark.split_once('=').ok_or("a mark is CLIENT=TIMES")?;
            Ok::<_, BoxError>((client.parse()?, times.parse()?))
        });
        Ok(Self {
            count,
            by_client: by_client.collect::<Result<_, _>>()?,
        })
    }

    fn encode(&self) -> Result<Bytes, BoxError> {
        let (content, _) = FORM.get().ok_or("no form")?;
        let marks = self
            .by_client
            .iter()
            .map(|(client, times)| format!(" {client}={times}"));
        let tally = format!("tally {}{}", self.count, marks.collect::<String>());
        Ok(content.replace("{tally}", &tally).into())
    }

    fn media_type() -> Option<HeaderValue> {
        FORM.get().map(|(_, media_type)| media_type.clone())
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

struct Arguments {
    urls: Vec<Uri>,
    clients: usize,
    times: u64,
    fields: Vec<(http::HeaderName, HeaderValue)>,
    lossy: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut read = Arguments {
        urls: Vec::new(),
        clients: 16,
        times: 50,
        fields: Vec::new(),
        lossy: false,
    };
    let (mut content, mut media_type) = ("{tally}".to_owned(), "text/plain".to_owned());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("clients") => read.clients = parser.value()?.parse()?,
            Long("times") => read.times = parser.value()?.parse()?,
            // As a shell writes them: `\n` in the text is a new line.
            Long("content") => content = parser.value()?.string()?.replace("\\n", "\r\n"),
            Long("type") => media_type = parser.value()?.string()?,
            Long("field") => {
                let line = parser.value()?.string()?;
                let (name, value) = line.split_once(':').ok_or("a field is NAME: VALUE")?;
                let name = name.trim().parse().map_err(|_| "no name of a field")?;
                let value = value.trim().parse().map_err(|_| "no value of a field")?;
                read.fields.push((name, value));
            }
            Long("lossy") => read.lossy = true,
            Long("help") => {
                print!("{HELP}");
                std::process::exit(0);
            }
            Value(url) => read.urls.push(url.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    if read.urls.is_empty() {
        return Err("there is no URL".into());
    }
    let media_type = media_type.parse().map_err(|_| "no type")?;
    let _ = FORM.set((content, media_type));
    Ok(read)
}

/// What went on, of all clients together.
#[derive(Default)]
struct Seen {
    /// Writes that were sent, and those of them that were refused with 412.
    writes: AtomicU64,
    refused: AtomicU64,
    /// Answers that were lost, and the count was there.
    lost_but_made: AtomicU64,
    /// Answers that were lost, and the count was not there.
    lost_and_not_made: AtomicU64,
    /// Requests that found no server.
    unsent: AtomicU64,
}

type Http = legacy::Client<legacy::connect::HttpConnector, Full<Bytes>>;

fn client(
    fields: &[(http::HeaderName, HeaderValue)],
    seed: u64,
    seen: Arc<Seen>,
) -> Client<
    impl tower::Service<
        Request<Full<Bytes>>,
        Response = Response<hyper::body::Incoming>,
        Error = BoxError,
        Future: Send,
    > + Clone,
> {
    let http: Http = legacy::Client::builder(TokioExecutor::new()).build_http();
    let fields = fields.to_vec();
    let (sent, answered) = (seen.clone(), seen);
    let service = ServiceBuilder::new()
        .timeout(Duration::from_secs(20))
        .service(http)
        .map_request(move |mut request: Request<Full<Bytes>>| {
            request.headers_mut().extend(fields.clone());
            let is_write = request.method() == Method::PUT;
            sent.writes
                .fetch_add(u64::from(is_write), Ordering::Relaxed);
            request
        })
        .map_response(move |response: Response<hyper::body::Incoming>| {
            let is_refused = response.status() == StatusCode::PRECONDITION_FAILED;
            answered
                .refused
                .fetch_add(u64::from(is_refused), Ordering::Relaxed);
            response
        });
    let backoff = Backoff::new(tokio::time::sleep, random(seed))
        .between(Duration::from_millis(10), Duration::from_millis(500))
        .attempts(100_000);
    Client::new(service, backoff).unsent_if(|error| {
        error
            .downcast_ref::<legacy::Error>()
            .is_some_and(legacy::Error::is_connect)
    })
}

/// Enough for waits that differ.
fn random(seed: u64) -> impl Fn() -> u64 + Send + Sync {
    let state = AtomicU64::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    move || {
        let next = |state: u64| {
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407)
        };
        state
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(next(now)))
            .unwrap_or(0)
            >> 16
    }
}

/// Counts `times` times.
async fn count(arguments: Arc<Arguments>, number: usize, seen: Arc<Seen>) -> Result<(), String> {
    let client = client(&arguments.fields, number as u64 + 1, seen.clone());
    let mut replica = number;
    let mut patience = 0;
    for time in 1..=arguments.times {
        loop {
            let url = &arguments.urls[replica % arguments.urls.len()];
            let updated = client.update(url, |now: &Tally| {
                (now.of(number) < time).then(|| now.with_one_of(number))
            });
            let error = match updated.await {
                Ok(_) => break,
                // Saved by a server that was gone when the new version was to be read.
                Err(UpdateError::Write(WriteError::Unread(..))) => {
                    replica += 1;
                    break;
                }
                Err(UpdateError::Write(WriteError::AnswerLost(lost))) => {
                    match &lost.theirs {
                        Current::Exists(now) if now.value().of(number) >= time => {
                            &seen.lost_but_made
                        }
                        _ => &seen.lost_and_not_made,
                    }
                    .fetch_add(1, Ordering::Relaxed);
                    lost.error.to_string()
                }
                Err(UpdateError::Write(WriteError::NotPerformed(refused))) => match refused.why {
                    Why::Other(Error::NotSent(error)) => {
                        seen.unsent.fetch_add(1, Ordering::Relaxed);
                        error.to_string()
                    }
                    why => return Err(format!("client {number}: {why:?}")),
                },
                Err(UpdateError::Read(
                    error @ (Error::NotSent(_) | Error::Lost(_) | Error::Body(..)),
                )) => {
                    seen.unsent.fetch_add(1, Ordering::Relaxed);
                    error.to_string()
                }
                Err(UpdateError::Read(error))
                    if error
                        .status()
                        .is_some_and(|status| status.is_server_error()) =>
                {
                    error.to_string()
                }
                Err(other) => return Err(format!("client {number}: {other}")),
            };
            // A server that is gone is back soon, or another replica is there.
            replica += 1;
            patience += 1;
            if patience > 2000 {
                return Err(format!("client {number}: {error}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// The end of the count, from a replica that is there.
async fn read_at_last<S, B>(client: &Client<S>, urls: &[Uri]) -> Result<Tally, String>
where
    S: tower::Service<Request<Full<Bytes>>, Response = Response<B>, Error = BoxError> + Clone,
    B: http_body::Body<Error: Into<BoxError>>,
{
    let mut last = String::new();
    for url in urls.iter().cycle().take(200) {
        match client.read::<Tally>(url).await {
            Ok(end) => return Ok(end.into_value()),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(last)
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let arguments = Arc::new(arguments);
    let seen = Arc::new(Seen::default());
    let first = client(&arguments.fields, 0, Arc::default());
    let url = &arguments.urls[0];
    match first.create(url, Tally::default()).await {
        Ok(_) => {}
        Err(WriteError::Conflict(conflict)) => {
            let Current::Exists(there) = conflict.theirs else {
                return Err(format!("{url} can neither be created nor read"));
            };
            first
                .save(there, Tally::default())
                .await
                .map_err(|error| error.to_string())?;
        }
        Err(error) => return Err(error.to_string()),
    }
    let mut counting = tokio::task::JoinSet::new();
    for number in 0..arguments.clients {
        counting.spawn(count(arguments.clone(), number, seen.clone()));
    }
    while let Some(counted) = counting.join_next().await {
        counted.map_err(|error| error.to_string())??;
    }
    let end = read_at_last(&first, &arguments.urls).await?;
    let wanted = arguments.clients as u64 * arguments.times;
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{} clients x {}: {} writes, {} of {wanted} counts, {} refused, lost = {}; answers lost: {} of counts that were made, \
         {} of others; {} found no server",
        arguments.clients,
        arguments.times,
        of(&seen.writes),
        end.count,
        of(&seen.refused),
        wanted.saturating_sub(end.count),
        of(&seen.lost_but_made),
        of(&seen.lost_and_not_made),
        of(&seen.unsent),
    );
    let is_exact = end.count == wanted
        && end
            .by_client
            .values()
            .all(|times| *times == arguments.times);
    if is_exact || arguments.lossy {
        Ok(())
    } else {
        Err(format!("the count is wrong: {end:?}"))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("count: {error} (see --help)");
            return ExitCode::from(2);
        }
    };
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("count: {error}");
            ExitCode::FAILURE
        }
    }
}
