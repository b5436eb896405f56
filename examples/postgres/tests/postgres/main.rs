//! Replicas of the notes over one PostgreSQL: check and write are one step on many machines, too.
//!
//! Nothing here waits for a time: a test knows from PostgreSQL itself who waits for whom.

mod cluster;
mod network;
mod process;
#[cfg(unix)]
mod script;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use network::{Link, Network};
use test_support::{
    Answer, Client, Example, Protocol, Spellings, each_had_one_winner, figure, printed_commands,
    quick_or_full, read_beside_a_writer, skip,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_postgres");

const REPLICAS: usize = 3;

/// Nothing here takes long; what hangs shall fail.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often N writers start with one tag.
const ROUNDS: usize = 50;

/// N writers with the same tag, spread over three processes and each with a spelling of the id of its own: exactly one
/// 2xx and N-1 412.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_n_writers_with_one_tag_one_wins() {
    let Some(url) = cluster::database("races").await else {
        return;
    };
    let replicas = replicas(url).await;
    for (writers, rounds) in [
        (2, quick_or_full(ROUNDS, 10_000)),
        (10, ROUNDS),
        (50, ROUNDS),
    ] {
        one_wins(&replicas, writers, rounds).await;
        each_had_one_winner(&format!("postgres, {writers} writers"), rounds);
    }
}

/// No lock, and one that the other replicas do not know: the swap is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_writer_wins_by_the_swap_alone() {
    let Some(url) = cluster::database("swap").await else {
        return;
    };
    for lock in ["none", "in-process"] {
        let replicas = join_all((0..REPLICAS).map(|_| replica_with(url, lock))).await;
        one_wins(&replicas, 10, ROUNDS / 5).await;
    }
}

async fn one_wins(replicas: &[Example], writers: usize, rounds: usize) {
    let note = Note::new(&replicas[0]).await;
    let mut clients =
        join_all((0..writers).map(|writer| http1(replicas[writer % REPLICAS].address()))).await;
    let mut tags = HashSet::new();
    for round in 0..rounds {
        let tag = note.tag(&replicas[round % REPLICAS]).await;
        assert!(tags.insert(tag.clone()), "{tag} came back");
        let answers = note.all_at_once(&mut clients, &tag).await;

        let (won, lost): (Vec<_>, Vec<_>) =
            (0..writers).partition(|&writer| answers[writer].status == 200);
        let [winner] = won[..] else {
            panic!("{writers} writers, round {round}: {won:?} won");
        };
        for loser in lost {
            let problem = answers[loser].problem();
            assert_eq!(problem, stale(), "{writers} writers, round {round}");
        }
        for replica in replicas {
            assert_eq!(note.body(replica).await, format!("by {winner}"));
        }
    }
}

/// The locks have connections of their own, so a handler under a lock is never out of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_many_notes_do_not_starve_each_other() {
    let Some(url) = cluster::database("many_notes").await else {
        return;
    };
    let replica = replica(url).await;
    let statuses = join_all((0..48).map(|_| async {
        let note = Note::new(&replica).await;
        let tag = note.tag(&replica).await;
        note.put(&replica, &tag, "changed").await.status
    }))
    .await;
    assert_eq!(statuses, [200; 48]);
}

/// A writer that goes round the layer is not overwritten: the lock knows nothing of it, the swap does. The 412 is
/// the layer's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_swap_is_the_same_412() {
    let Some(url) = cluster::database("lost_swap").await else {
        return;
    };
    let replica = replica(url).await;
    let note = Note::new(&replica).await;
    let tag = note.tag(&replica).await;

    let row = Row::held(url, &note).await;
    row.change("round the layer").await;
    let put = note.put(&replica, &tag, "through the layer");
    let lost = during(put, async {
        row.is_waited_for(1).await;
        row.release().await;
    })
    .await;

    let refused = note.put(&replica, &tag, "too late").await;
    assert_eq!((lost.status, lost.problem()), (412, stale()));
    assert_eq!((lost.fields, lost.body), (refused.fields, refused.body));
    assert_eq!(note.body(&replica).await, "round the layer");
}

/// One replica is killed between its write and its answer. The unacknowledged write was performed, the lock is gone with
/// its connection, and the next writer gets the new state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_write_and_answer() {
    let Some(url) = cluster::database("killed").await else {
        return;
    };
    let network = Network::before(url, Link::Up).await;
    let doomed = replica(network.url()).await;
    let survivor = replica(url).await;
    let note = Note::new(&survivor).await;
    let tag = note.tag(&survivor).await;

    let row = Row::held(url, &note).await;
    let mut client = http1(doomed.address()).await;
    let unanswered = note.try_put(&mut client, &tag, "unanswered");
    let answer = during(unanswered, async {
        // Evaluated and locked; its write waits for the row, and its answer will not arrive.
        row.is_waited_for(1).await;
        network.set(Link::Mute);
        row.release().await;
        until(async || note.body(&survivor).await == "unanswered").await;
        doomed.kill().await;
    })
    .await;
    assert!(answer.is_err(), "{answer:?}");

    let refused = note.put(&survivor, &tag, "stale").await;
    assert_eq!(refused.problem(), stale());
    let tag = note.tag(&survivor).await;
    assert_eq!(note.put(&survivor, &tag, "next").await.status, 200);
    assert_eq!(note.body(&survivor).await, "next");
}

/// A 503 of the handler is no promise that nothing was written: the statement was performed, and its answer was lost. The
/// word for it is another than that of the layer's own 503, which is given before any handler runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_answer_is_lost_has_an_unknown_outcome() {
    let Some(url) = cluster::database("unknown").await else {
        return;
    };
    let network = Network::before(url, Link::Up).await;
    let cut_off = replica(network.url()).await;
    let survivor = replica(url).await;
    let note = Note::new(&survivor).await;
    let tag = note.tag(&survivor).await;

    let row = Row::held(url, &note).await;
    let mut client = http1(cut_off.address()).await;
    let put = note.try_put(&mut client, &tag, "unanswered");
    let answer = during(put, async {
        row.is_waited_for(1).await;
        network.set(Link::Mute);
        row.release().await;
        until(async || note.body(&survivor).await == "unanswered").await;
    })
    .await
    .unwrap();
    let problem = answer.problem();
    assert_eq!((problem.0, &*problem.1), (503, "outcome_unknown"));

    // The next one is not even tried: its state cannot be looked up.
    let next = note.put(&cut_off, &tag, "next").await.problem();
    assert_eq!((next.0, &*next.1), (503, "precondition_unavailable"));
    assert_eq!(note.body(&survivor).await, "unanswered");
}

/// A replica is killed, and its last statement lands long after its lock is gone: the lock alone would lose an
/// update here. The next writer was evaluated before, and its swap fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_lands_after_its_writer_has_died() {
    let Some(url) = cluster::database("died").await else {
        return;
    };
    let doomed = replica(url).await;
    let survivor = replica(url).await;
    let note = Note::new(&survivor).await;
    let tag = note.tag(&survivor).await;

    let row = Row::held(url, &note).await;
    let mut client = http1(doomed.address()).await;
    let from_the_grave = note.try_put(&mut client, &tag, "from the grave");
    let answer = during(from_the_grave, async {
        row.is_waited_for(1).await;
        doomed.kill().await;
    })
    .await;
    assert!(answer.is_err(), "{answer:?}");

    let next = during(note.put(&survivor, &tag, "next"), async {
        // It got the lock of the dead, and its statement waits behind that of the dead.
        row.is_waited_for(2).await;
        row.release().await;
    })
    .await;
    assert_eq!(next.problem(), stale());
    assert_eq!(note.body(&survivor).await, "from the grave");
}

/// No acknowledged write is lost, whichever replica is killed at whatever time. Each writer appends its marks to one
/// note; a write without an answer may be there or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost() {
    const MARKS: usize = 12;
    let Some(url) = cluster::database("acknowledged").await else {
        return;
    };
    let mut replicas = replicas(url).await;
    let note = Note::new(&replicas[0]).await;
    let addresses: Vec<_> = replicas.iter().map(Example::address).collect();
    let addresses = Arc::new(Mutex::new(addresses));
    let acknowledged = Arc::new(AtomicUsize::new(0));

    let mut writers = JoinSet::new();
    for writer in 0..REPLICAS {
        let (addresses, acknowledged) = (addresses.clone(), acknowledged.clone());
        writers.spawn(async move {
            for mark in 0..MARKS {
                let mark = format!("[{writer}.{mark}]");
                append(note, &addresses, writer, &mark).await;
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    for killed in 0..REPLICAS * 2 {
        // In the middle of whatever the writers are doing then.
        let enough = (killed + 1) * MARKS / 3;
        until(async || acknowledged.load(Ordering::SeqCst) >= enough).await;
        let killed = killed % REPLICAS;
        let fresh = replica(url).await;
        addresses.lock().unwrap()[killed] = fresh.address();
        std::mem::replace(&mut replicas[killed], fresh).kill().await;
    }
    while let Some(finished) = writers.join_next().await {
        finished.unwrap();
    }

    let body = note.body(&replicas[0]).await;
    for writer in 0..REPLICAS {
        for mark in 0..MARKS {
            let mark = format!("[{writer}.{mark}]");
            assert_eq!(body.matches(&mark).count(), 1, "{mark} in {body}");
        }
    }
}

/// Read, change, write, and again if somebody else was faster. A write without an answer is looked for.
async fn append(note: Note, addresses: &Mutex<Vec<SocketAddr>>, writer: usize, mark: &str) {
    loop {
        let address = addresses.lock().unwrap()[writer];
        let Ok(mut client) = Client::try_connect(address, Protocol::Http1).await else {
            continue;
        };
        let Ok(found) = client.try_send("GET", &note.path(), &[], "").await else {
            continue;
        };
        if found.status != 200 {
            continue;
        }
        let json = found.json();
        let body = json["body"].as_str().unwrap();
        if body.contains(mark) {
            return;
        }
        let changed = format!("{body}{mark}");
        let answer = note
            .try_put(&mut client, found.field("etag"), &changed)
            .await;
        if answer.is_ok_and(|answer| answer.status == 200) {
            return;
        }
    }
}

/// A lock that cannot be taken is a 503, a client that stops waiting leaves the queue, and the name of a lock is the same
/// in every release.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_cannot_be_had() {
    let Some(url) = cluster::database("lock").await else {
        return;
    };
    let mut replica = replica(url).await;
    let note = Note::new(&replica).await;
    let tag = note.tag(&replica).await;

    let holder = cluster::connect(url).await;
    let number = "('x' || left(encode(sha256($1), 'hex'), 16))::bit(64)::bigint";
    // Its kind, and its id as 16 bytes, each behind its length.
    let id = i128::from(note.0).to_be_bytes();
    let name = [&b"notes write lock\0\0\0\0\x05notes\0\0\0\x10"[..], &id].concat();
    let lock = |function| format!("SELECT {function}({number})");
    holder
        .query(&lock("pg_advisory_lock"), &[&name])
        .await
        .unwrap();

    let (mut impatient, waiting) = (http1(replica.address()).await, cluster::connect(url).await);
    during_until(
        note.try_put(&mut impatient, &tag, "hung up"),
        is_blocked_by(&waiting, pid(&holder).await, 1),
    )
    .await;
    drop(impatient);

    let refused = note.put(&replica, &tag, "in vain").await;
    let problem = (503, "precondition_unavailable".into(), "lock".into());
    assert_eq!(refused.problem(), problem);
    assert_eq!(refused.field("retry-after"), "1");
    replica.logged("no write lock: ").await;

    holder
        .query(&lock("pg_advisory_unlock"), &[&name])
        .await
        .unwrap();
    assert_eq!(note.put(&replica, &tag, "in turn").await.status, 200);
}

/// A database that is not there, at the start or later, is a 503 and one line in the log; it is back when it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_a_503() {
    let Some(url) = cluster::database("outage").await else {
        return;
    };
    let network = Network::before(url, Link::Down).await;
    let mut replica = replica(network.url()).await;

    for _ in 0..2 {
        let out = "the database is unavailable, answering 503: ";
        assert!(!replica.logged(out).await.ends_with(": "));
        let conditional = [("if-match", "\"p1.1\"")];
        let draft = r#"{"title":"a","body":"b"}"#;
        for (method, path, fields, problem) in [
            ("GET", "/notes", &[][..], "unavailable"),
            ("GET", "/notes/1", &[][..], "unavailable"),
            ("POST", "/notes", &[][..], "unavailable"),
            (
                "PUT",
                "/notes/1",
                &conditional[..],
                "precondition_unavailable",
            ),
        ] {
            let mut client = http1(replica.address()).await;
            let answer = client.send(method, path, fields, draft).await;
            assert_eq!(
                (answer.problem().0, &*answer.problem().1),
                (503, problem),
                "{method} {path}"
            );
            assert_eq!(answer.field("retry-after"), "1", "{method} {path}");
        }

        network.set(Link::Up);
        until(async || get(&replica, "/notes").await.status == 200).await;
        replica.logged("the database is back").await;
        let note = Note::new(&replica).await;
        assert_eq!(
            note.put(&replica, &note.tag(&replica).await, "c")
                .await
                .status,
            200
        );

        network.set(Link::Down);
        until(async || get(&replica, "/notes").await.status == 503).await;
    }
}

/// A note is added only to the list that its client has seen, even while others add notes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_is_added_to_the_list_that_was_seen() {
    let Some(url) = cluster::database("list").await else {
        return;
    };
    let replica = replica(url).await;
    let draft = r#"{"title":"a","body":"b"}"#;
    let list = get(&replica, "/notes").await;
    let seen = [("if-match", list.field("etag"))];
    let mut client = http1(replica.address()).await;
    let added = client.send("POST", "/notes", &seen, draft).await;
    let again = client.send("POST", "/notes", &seen, draft).await;
    assert_eq!((added.status, again.problem()), (201, stale()));
    assert!(added.field("etag").starts_with("\"p1."));
}

/// RFC 9110, section 8.8.1: the tag of a 200 is that of its bytes, whichever replica answers while another one writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tag_of_a_read_is_that_of_its_bytes() {
    let Some(url) = cluster::database("reads").await else {
        return;
    };
    let replicas = replicas(url).await;
    let note = Note::new(&replicas[0]).await;
    let addresses: [_; REPLICAS] = std::array::from_fn(|replica| replicas[replica].address());
    let mut count = 0;
    for path in [note.path(), "/notes".to_owned()] {
        let first = tag_and_body(addresses[0], &path).await;
        let written = path.clone();
        let write = move |number: usize| {
            let path = written.clone();
            async move {
                let body = format!("{path} {number}");
                let mut client = http1(addresses[0]).await;
                let saved = note.try_put(&mut client, "*", &body).await;
                assert_eq!(saved.unwrap().status, 200);
                // Nobody else writes, so that this is the state that the save has made.
                tag_and_body(addresses[0], &path).await
            }
        };
        let turn = Arc::new(AtomicUsize::new(0));
        let read = move || {
            let address = addresses[turn.fetch_add(1, Ordering::Relaxed) % REPLICAS];
            let path = path.clone();
            async move { tag_and_body(address, &path).await }
        };
        let reads = quick_or_full(600, 50_000);
        let (mut states, seen) = read_beside_a_writer(reads, write, read).await;

        states.push(first);
        let bodies: HashMap<_, _> = states.into_iter().collect();
        let is_wrong = |(tag, body): &&(String, String)| bodies.get(tag) != Some(body);
        assert_eq!(seen.iter().find(is_wrong), None);
        count += seen.len();
    }
    let name = "200s with a tag of another version: postgres";
    figure(name, 0, format!("of {count}"), "0 of 100000");
}

/// Of a conditional read: in the list, no other is looked up.
async fn tag_and_body(address: SocketAddr, path: &str) -> (String, String) {
    let other = [("if-none-match", "\"other\"")];
    let read = http1(address).await.get(path, &other).await;
    assert_eq!(read.status, 200, "{read:?}");
    (read.field("etag").to_owned(), read.body)
}

/// PostgreSQL itself counts what it is asked: a read of a note is one query, and so is a 304. A save is looked up
/// without the lock, so that it is refused before it waits, and once more under it; the two are the same statement.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_is_one_query() {
    let Some(url) = cluster::database("queries").await else {
        return;
    };
    let Some(statements) = Statements::counted(url).await else {
        return;
    };
    let replica = replica(url).await;
    let note = Note::new(&replica).await;
    let tag = note.tag(&replica).await;
    let mut client = http1(replica.address()).await;

    for (known, status) in [("\"other\"", 200), (&*tag, 304)] {
        statements.forget().await;
        let fields = [("if-none-match", known)];
        let read = client.get(&note.path(), &fields).await;
        assert_eq!(read.status, status);
        let asked = statements.about_notes().await;
        assert_eq!(asked, ["1 SELECT"], "{known}");
        let name = format!("reads of the database: postgres, GET {status}");
        figure(name, asked.join(", "), "pg_stat_statements", 1);
    }

    statements.forget().await;
    let saved = note.put(&replica, &tag, "saved").await;
    assert_eq!(saved.status, 200);
    let asked = statements.about_notes().await;
    assert_eq!(asked, ["1 UPDATE", "2 SELECT"]);
    let name = "reads of the database: postgres, PUT 200";
    figure(
        name,
        asked.join(", "),
        "pg_stat_statements",
        "1, or 2 after waiting",
    );
}

/// What `pg_stat_statements` has counted in one database.
struct Statements(tokio_postgres::Client);

impl Statements {
    /// `None` where the server has not loaded the module; the one of `scripts/postgres.sh` has.
    async fn counted(url: &str) -> Option<Self> {
        let client = cluster::connect(url).await;
        let extension = "CREATE EXTENSION pg_stat_statements";
        client
            .batch_execute(extension)
            .await
            .ok()
            .or_else(missing)?;
        let asked = "SELECT FROM pg_stat_statements LIMIT 1";
        client.batch_execute(asked).await.ok().or_else(missing)?;
        Some(Self(client))
    }

    async fn forget(&self) {
        let forget = "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database
             WHERE datname = current_database()";
        self.0.batch_execute(forget).await.unwrap();
    }

    /// How often each of them was executed, and its first word.
    async fn about_notes(&self) -> Vec<String> {
        let counted = "SELECT sum(calls) || ' ' || split_part(query, ' ', 1)
             FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
             WHERE datname = current_database() AND query ~ '(FROM|UPDATE|INTO) notes'
             GROUP BY split_part(query, ' ', 1) ORDER BY 1";
        let rows = self.0.query(counted, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn missing() -> Option<()> {
    skip("pg_stat_statements");
    None
}

/// PostgreSQL's text lacks one character that JSON has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_that_cannot_be_stored_is_a_400() {
    let Some(url) = cluster::database("nul").await else {
        return;
    };
    let replica = replica(url).await;
    let mut client = http1(replica.address()).await;
    let draft = r#"{"title":"\u0000","body":""}"#;
    let answer = client.send("POST", "/notes", &[], draft).await;
    assert_eq!(answer.problem().0, 400);
}

/// A note of one test's own.
#[derive(Clone, Copy)]
struct Note(i64);

impl Note {
    async fn new(replica: &Example) -> Self {
        let created = http1(replica.address())
            .await
            .send("POST", "/notes", &[], draft(""))
            .await;
        assert_eq!(created.status, 201, "{created:?}");
        Self(created.json()["id"].as_i64().unwrap())
    }

    fn path(self) -> String {
        format!("/notes/{}", self.0)
    }

    async fn tag(self, replica: &Example) -> String {
        get(replica, &self.path()).await.field("etag").to_owned()
    }

    async fn body(self, replica: &Example) -> String {
        let found = get(replica, &self.path()).await;
        found.json()["body"].as_str().unwrap().to_owned()
    }

    async fn put(self, replica: &Example, tag: &str, body: &str) -> Answer {
        let mut client = http1(replica.address()).await;
        self.try_put(&mut client, tag, body).await.unwrap()
    }

    async fn try_put(self, client: &mut Client, tag: &str, body: &str) -> hyper::Result<Answer> {
        let fields = [("if-match", tag)];
        client
            .try_send("PUT", &self.path(), &fields, draft(body))
            .await
    }

    /// Every client saves, and none begins before all are there.
    async fn all_at_once(self, clients: &mut [Client], tag: &str) -> Vec<Answer> {
        let start = Barrier::new(clients.len());
        let mut spellings = Spellings::new(clients.len() as u64);
        let saves = clients.iter_mut().enumerate().map(|(writer, client)| {
            let start = &start;
            let path = format!("/notes/{}", spellings.of_number(self.0.cast_unsigned()));
            async move {
                start.wait().await;
                let body = draft(&format!("by {writer}"));
                let fields = [("if-match", tag)];
                client.send("PUT", &path, &fields, body).await
            }
        });
        join_all(saves).await
    }
}

fn draft(body: &str) -> String {
    json!({"title": "a note", "body": body}).to_string()
}

/// A transaction of the test's own that has locked the row of a note.
struct Row {
    note: Note,
    holder: tokio_postgres::Client,
    onlooker: tokio_postgres::Client,
}

impl Row {
    async fn held(url: &str, note: &Note) -> Self {
        let holder = cluster::connect(url).await;
        let lock = format!("BEGIN; SELECT FROM notes WHERE id = {} FOR UPDATE", note.0);
        holder.batch_execute(&lock).await.unwrap();
        Self {
            note: *note,
            holder,
            onlooker: cluster::connect(url).await,
        }
    }

    async fn change(&self, body: &str) {
        let change = "UPDATE notes SET body = $2, version = nextval('note_version') WHERE id = $1";
        self.holder
            .execute(change, &[&self.note.0, &body])
            .await
            .unwrap();
    }

    /// Until so many statements wait for the row, or for others that wait for it.
    async fn is_waited_for(&self, statements: usize) {
        is_blocked_by(&self.onlooker, pid(&self.holder).await, statements).await;
    }

    async fn release(&self) {
        self.holder.batch_execute("COMMIT").await.unwrap();
    }
}

async fn pid(client: &tokio_postgres::Client) -> i32 {
    client
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0)
}

async fn is_blocked_by(onlooker: &tokio_postgres::Client, holder: i32, statements: usize) {
    let blocked = "WITH RECURSIVE blocked(pid) AS (
            SELECT $1::int
            UNION
            SELECT activity.pid FROM pg_stat_activity activity, blocked
            WHERE blocked.pid = ANY (pg_blocking_pids(activity.pid))
        )
        SELECT count(*) - 1 FROM blocked";
    let statements = i64::try_from(statements).unwrap();
    until(async || {
        let count = onlooker.query_one(blocked, &[&holder]).await.unwrap();
        count.get::<_, i64>(0) == statements
    })
    .await;
}

/// Asks until it is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, asking).await.expect("it is so in time");
}

/// What `request` answers while `meanwhile` goes on beside it.
async fn during<T>(request: impl Future<Output = T>, meanwhile: impl Future<Output = ()>) -> T {
    tokio::join!(request, meanwhile).0
}

/// Drops `request` as soon as `until` is over.
async fn during_until<T: std::fmt::Debug>(
    request: impl Future<Output = T>,
    until: impl Future<Output = ()>,
) {
    tokio::select! {
        answer = request => panic!("{answer:?}"),
        () = until => {}
    }
}

/// Starts a replica over this PostgreSQL, on a free port, with the lock that all replicas share.
async fn replica(database_url: &str) -> Example {
    replica_with(database_url, "shared").await
}

async fn replica_with(database_url: &str, lock: &str) -> Example {
    let arguments = ["--port", "0", "--lock", lock].map(AsRef::as_ref);
    Example::start_with(PROGRAM, &arguments, ("DATABASE_URL", database_url)).await
}

async fn replicas(url: &str) -> Vec<Example> {
    join_all((0..REPLICAS).map(|_| replica(url))).await
}

async fn http1(address: SocketAddr) -> Client {
    Client::connect(address, Protocol::Http1).await
}

async fn get(replica: &Example, path: &str) -> Answer {
    http1(replica.address()).await.get(path, &[]).await
}

fn stale() -> (u16, String, String) {
    (412, "precondition_failed".into(), "stale".into())
}

#[cfg(unix)]
#[tokio::test]
async fn commands_that_it_prints_do_what_they_say() {
    let Some(url) = cluster::database("commands").await else {
        return;
    };
    let mut example = replica(url).await;
    if let Some(statuses) = printed_commands(&mut example).await {
        assert_eq!(statuses, ["201", "200", "412"]);
    }
}
