//! Clients that send requests to the same few notes, each one after the other, and keep what was sent and answered.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::exchange::{Exchange, Target};
use crate::operation::{Answer, Operation, Request, Version};

/// So many clients share their HTTP/2 connections: one that breaks has requests of several on it.
const SHARING: usize = 4;

/// Before a client tries again after no server was found.
const PAUSE: Duration = Duration::from_millis(20);

/// So many tries one after the other, a minute, and the client gives up: no fault lasts that long.
const TRIES: usize = 3000;

const PROGRESS: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) targets: Vec<Target>,
    pub(crate) file: PathBuf,
    pub(crate) requests: u64,
    pub(crate) clients: usize,
    pub(crate) notes: usize,
    pub(crate) seed: u64,
    pub(crate) timeout: Duration,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            file: PathBuf::new(),
            requests: 10_000,
            clients: 48,
            notes: 4,
            seed: 1,
            timeout: Duration::from_secs(4),
        }
    }
}

/// What all clients share.
#[derive(Debug)]
struct Shared {
    load: Load,
    /// Where the clock is zero.
    start: Instant,
    /// Requests that have found a server.
    sent: AtomicU64,
    /// The last content that a write was given.
    content: AtomicU64,
}

/// Sends all requests, and writes the operations into the file.
///
/// # Errors
///
/// An answer that the service never gives, or a file that cannot be written.
pub(crate) async fn run(load: Load) -> Result<(), String> {
    let shared = Arc::new(Shared {
        load,
        start: Instant::now(),
        sent: AtomicU64::new(0),
        content: AtomicU64::new(0),
    });
    let progress = tokio::spawn(print_progress(shared.clone()));
    let operations = all_clients(&shared).await;
    progress.abort();
    let operations = operations?;
    for target in &shared.load.targets {
        let clock = target.clock.load(Ordering::Relaxed);
        println!(
            "{:?} {}: clock {clock:+} s",
            target.protocol, target.address
        );
    }
    write(&shared.load.file, &operations).map_err(|error| error.to_string())
}

async fn all_clients(shared: &Arc<Shared>) -> Result<Vec<Operation>, String> {
    let mut clients = JoinSet::new();
    let mut exchange = Exchange::new(shared.load.timeout);
    for number in 0..shared.load.clients {
        if number % SHARING == 0 {
            exchange = Exchange::new(shared.load.timeout);
        }
        clients.spawn(Client::new(shared.clone(), exchange.clone(), number).run());
    }
    let mut operations = Vec::new();
    while let Some(ended) = clients.join_next().await {
        operations.extend(ended.map_err(|error| error.to_string())??);
    }
    Ok(operations)
}

async fn print_progress(shared: Arc<Shared>) {
    let mut tick = interval(PROGRESS);
    tick.tick().await;
    loop {
        tick.tick().await;
        let sent = shared
            .sent
            .load(Ordering::Relaxed)
            .min(shared.load.requests);
        let seconds = shared.start.elapsed().as_secs();
        println!("{seconds} s: {sent} of {} requests", shared.load.requests);
    }
}

fn write(file: &PathBuf, operations: &[Operation]) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(file)?);
    for operation in operations {
        writeln!(file, "{operation}")?;
    }
    file.flush()
}

/// What a client remembers of a note.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    state: Remembered,
    /// The version before the newest that it has seen.
    older: Option<Version>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Remembered {
    #[default]
    Nothing,
    Absent,
    Version(Version),
}

impl Memory {
    fn learn(&mut self, state: Remembered) {
        if let Remembered::Version(version) = self.state
            && self.state != state
        {
            self.older = Some(version);
        }
        self.state = state;
    }
}

struct Client {
    shared: Arc<Shared>,
    exchange: Exchange,
    number: usize,
    /// The address that it uses now.
    target: usize,
    random: Rng,
    memory: Vec<Memory>,
    operations: Vec<Operation>,
}

impl Client {
    fn new(shared: Arc<Shared>, exchange: Exchange, number: usize) -> Self {
        let random = Rng::with_seed(shared.load.seed.wrapping_mul(1 << 20) + number as u64);
        let memory = vec![Memory::default(); shared.load.notes];
        Self {
            shared,
            exchange,
            number,
            target: number,
            random,
            memory,
            operations: Vec::new(),
        }
    }

    async fn run(mut self) -> Result<Vec<Operation>, String> {
        let mut missed = 0;
        while self.shared.sent.load(Ordering::Relaxed) < self.shared.load.requests {
            let note = self.random.usize(..self.shared.load.notes);
            let request = self.choose(self.memory[note]);
            let answer = self.perform(note, request).await?;
            self.remember(note, request, answer);
            missed = if answer == Answer::NotPerformed {
                missed + 1
            } else {
                0
            };
            if missed == TRIES {
                return Err("no server answers any more".to_owned());
            }
            if answer == Answer::Unknown || answer == Answer::NotPerformed {
                self.target += 1;
                sleep(PAUSE).await;
            } else if self.random.u8(..) == 0 {
                self.target += 1;
            }
        }
        Ok(self.operations)
    }

    fn choose(&mut self, memory: Memory) -> Request {
        let choice = self.random.u32(..100);
        match (memory.state, memory.older) {
            (Remembered::Nothing, Some(older)) if choice < 50 => Request::Read(Some(older)),
            (Remembered::Nothing, _) => Request::Read(None),
            (Remembered::Absent, _) if choice < 50 => Request::Create(self.content()),
            (Remembered::Absent, Some(older)) if choice < 70 => {
                Request::Replace(older, self.content())
            }
            (Remembered::Absent, _) => Request::Read(None),
            (Remembered::Version(_), _) if choice < 10 => Request::Read(None),
            (Remembered::Version(seen), _) if choice < 30 => Request::Read(Some(seen)),
            (Remembered::Version(_), _) if choice < 34 => Request::Create(self.content()),
            (Remembered::Version(_), Some(older)) if choice < 42 => {
                Request::Replace(older, self.content())
            }
            (Remembered::Version(seen), _) if choice < 44 => Request::Delete(seen),
            (Remembered::Version(seen), _) if choice < 58 => Request::Change(seen, self.content()),
            (Remembered::Version(seen), _) => Request::Replace(seen, self.content()),
        }
    }

    fn content(&self) -> u64 {
        self.shared.content.fetch_add(1, Ordering::Relaxed) + 1
    }

    async fn perform(&mut self, note: usize, request: Request) -> Result<Answer, String> {
        let shared = &self.shared;
        let targets = &shared.load.targets;
        let target = &targets[self.target % targets.len()];
        let note = i64::try_from(note + 1).map_err(|error| error.to_string())?;
        let started = now(shared.start);
        let answer = self.exchange.send(target, note, request).await?;
        let ended = now(shared.start);
        if answer != Answer::NotPerformed {
            shared.sent.fetch_add(1, Ordering::Relaxed);
        }
        self.operations.push(Operation {
            client: self.number,
            note,
            request,
            started,
            ended,
            answer,
        });
        Ok(answer)
    }

    fn remember(&mut self, note: usize, request: Request, answer: Answer) {
        let current = self.memory[note].state;
        let state = match answer {
            // It had chosen a tag that could only be refused.
            Answer::Refused if request.seen().map(Remembered::Version) != Some(current) => current,
            Answer::Found(version, _)
            | Answer::NotModified(version)
            | Answer::Done(Some(version), _) => Remembered::Version(version),
            Answer::Absent => Remembered::Absent,
            Answer::Done(None, _) if matches!(request, Request::Delete(_)) => Remembered::Absent,
            // The answer to a PUT has no tag.
            Answer::Done(None, _) | Answer::Refused | Answer::NotPerformed | Answer::Unknown => {
                Remembered::Nothing
            }
        };
        self.memory[note].learn(state);
    }
}

fn now(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}
