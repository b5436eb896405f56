//! All that a store is asked.

use std::ffi::OsStr;
use std::net::SocketAddr;

use test_support::{Client, Example, Protocol, server};
use tower_conditional_testkit::{Fixture, Scratch, check};

use crate::documented::expect_row;
use crate::hammer::{Hammered, save_beside_remove, savers};
use crate::table;
use crate::writer::{Answer, LetThrough};

/// A recipe over an engine that runs.
#[derive(Debug)]
pub struct Store {
    /// Its name in the tables of `src/guide/stores.md`.
    pub name: &'static str,
    /// The program that serves the recipe.
    pub program: &'static str,
    /// What the program is given.
    pub arguments: Vec<String>,
    /// How many of these programs share the engine: two, or one where no other process can reach it.
    pub processes: usize,
    /// Whether the store holds `Bob` and `bob` equal.
    pub names: Names,
    /// Whether the same text has the same tag again. Then a tag from before a DELETE names what is created later.
    pub tags_come_back: bool,
}

/// Which names are one note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// `Bob` and `bob` are two.
    Distinct,
    /// `Bob` and `bob` are one: the collation of the column says so, and nobody else knows.
    Folded,
}

/// The statements that the engine says it was sent.
pub trait Statements {
    /// Each statement since the last call.
    fn since(
        &mut self,
        replica: &mut Example,
        client: &mut Client,
    ) -> impl Future<Output = Vec<String>>;
}

/// What runs after [`try_out`].
pub struct Tried {
    name: &'static str,
    processes: Vec<Example>,
    clients: [Client; 2],
}

/// Asks for everything, and compares the table of what the losers see with the docs.
pub async fn try_out(store: Store) -> Tried {
    let mut processes = Vec::new();
    for _ in 0..store.processes {
        let arguments: Vec<&OsStr> = store.arguments.iter().map(AsRef::as_ref).collect();
        processes.push(Example::start(store.program, &arguments).await);
    }
    let addresses = [0, 1].map(|replica| processes[replica % store.processes].address());
    let [first, second] = addresses;
    let mut clients = [client(first).await, client(second).await];

    for path in ["/notes/life", "/notes/%C3%A9%20%27%3B--"] {
        table::ask(&mut clients, path, store.tags_come_back).await;
    }
    conforms(first, &mut clients[0]).await;
    let losers = losers(&store, addresses, &mut clients).await;
    expect_row("What the loser sees", store.name, &losers);
    Tried {
        name: store.name,
        processes,
        clients,
    }
}

impl Tried {
    /// Compares the table of what each request costs with the docs.
    pub async fn count(mut self, statements: &mut impl Statements) {
        let (replica, client) = (&mut self.processes[0], &mut self.clients[0]);
        let counts = counts(replica, client, statements).await;
        expect_row("What a request costs", self.name, &counts);
    }
}

async fn client(address: SocketAddr) -> Client {
    Client::connect(address, Protocol::Http1).await
}

/// What the testkit knows of conditional requests.
async fn conforms(address: SocketAddr, client: &mut Client) {
    let scratch = Scratch::put("/notes/scratch", "text/plain", str::to_owned);
    let fixture = Fixture::at("/notes/checked").writing(scratch);
    let created = client
        .send("PUT", "/notes/checked", &[("if-none-match", "*")], "there")
        .await;
    assert_eq!(created.status, 201);
    let report = check(server(address, Protocol::Http1), fixture).await;
    // axum adds the length 0 to a 304.
    let report = report.allowing(["not-modified-length"]);
    assert!(report.is_clean(), "{report}");
}

async fn losers(
    store: &Store,
    replicas: [SocketAddr; 2],
    clients: &mut [Client; 2],
) -> Vec<String> {
    // Two spellings of one name are one note, whatever the store holds equal.
    let mut spellings = vec!["/notes/Bob", "/notes/%42ob"];
    if store.names == Names::Folded {
        spellings.push("/notes/bob");
    }
    let created = savers(replicas, &spellings, ("if-none-match", "*")).await;
    assert_eq!(created.winner.status, 201);
    let other_name = clients[0].get("/notes/bob", &[]).await.status;
    assert_eq!(
        other_name,
        if store.names == Names::Folded {
            200
        } else {
            404
        }
    );

    let tag = tag_of(&mut clients[1], "/notes/Bob").await;
    let saved = savers(replicas, &spellings, ("if-match", &tag)).await;
    assert_eq!(saved.winner.status, 204);
    let tag = tag_of(&mut clients[0], "/notes/Bob").await;
    let gone = save_what_goes(replicas, clients, "/notes/Bob", &tag).await;

    let removed = save_beside_remove(replicas, "/notes/beside").await;
    println!("{}: a DELETE beside a PUT won {removed} times", store.name);

    // A loser that gets anything else, such as a 500, is a mistake of the recipe.
    let seen = [only(&created), only(&saved), gone.to_string()];
    assert_eq!(
        seen,
        ["412 exists", "412 stale", "412 absent"],
        "{}",
        store.name
    );
    seen.to_vec()
}

/// A save that the layer has let through, of a note that is deleted meanwhile in the other process.
async fn save_what_goes(
    [first, _]: [SocketAddr; 2],
    [_, other]: &mut [Client; 2],
    path: &str,
    tag: &str,
) -> Answer {
    let save = LetThrough::put(first, path, ("if-match", tag), "late".to_owned()).await;
    let deleted = other.send("DELETE", path, &[("if-match", tag)], "").await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let answer = save.finish().await;
    let read = other.get(path, &[]).await.status;
    assert_eq!(read, 404, "what was deleted does not come back: {answer:?}");
    answer
}

/// All losers see the same.
#[track_caller]
fn only(hammered: &Hammered) -> String {
    let losers: Vec<_> = hammered.losers.iter().cloned().collect();
    let [loser] = &losers[..] else {
        panic!("the losers saw {losers:?}");
    };
    loser.clone()
}

async fn tag_of(client: &mut Client, path: &str) -> String {
    client.get(path, &[]).await.field("etag").to_owned()
}

/// Reads and writes of each request, one after the other, as the engine counts them.
async fn counts(
    replica: &mut Example,
    client: &mut Client,
    statements: &mut impl Statements,
) -> Vec<String> {
    let path = "/notes/counted";
    let mut cells = Vec::new();
    let mut tag = String::new();
    for (method, guard, status) in [
        ("PUT", "create", 201),
        ("GET", "", 200),
        ("GET", "none", 304),
        ("PUT", "match", 204),
        ("PUT", "match", 412),
        ("DELETE", "match", 204),
    ] {
        let guard = match guard {
            "create" => vec![("if-none-match", "*")],
            "none" => vec![("if-none-match", &*tag)],
            "match" if method == "DELETE" => vec![("if-match", "*")],
            "match" => vec![("if-match", &*tag)],
            _ => vec![],
        };
        statements.since(replica, client).await;
        // No text twice: where tags are made of bytes, it would have the same tag.
        let body = format!("text {}", cells.len());
        let answer = client.send(method, path, &guard, body).await;
        assert_eq!(answer.status, status, "{method} {guard:?}: {answer:?}");
        let counted = statements.since(replica, client).await;
        let reads = counted
            .iter()
            .filter(|statement| is_read(statement))
            .count();
        cells.push(format!("{reads} + {}", counted.len() - reads));
        if status == 201 {
            tag = tag_of(client, path).await;
        }
    }
    cells
}

fn is_read(statement: &str) -> bool {
    ["SELECT", "HEAD", "GET"]
        .iter()
        .any(|read| statement.starts_with(read))
}
