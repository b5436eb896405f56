//! The PostgreSQL that the tests share: the one that `DATABASE_URL` names, or a throw-away one.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use test_support::skip;
use tokio_postgres::{Client, Config, NoTls, config::Host};

static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();

struct Cluster {
    url: String,
    /// When it is closed, by the end of the tests however they end, the script removes the cluster.
    _holds_it: Option<ChildStdin>,
}

/// A fresh database for one test, or nothing where PostgreSQL cannot be had. In CI it has to be.
pub(crate) async fn database(test: &str) -> Option<&'static str> {
    let name = format!("tower_conditional_{test}");
    let url = url()?;
    let client = connect(url).await;
    for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        let statement = format!("{statement} {name}");
        client.batch_execute(&statement).await.unwrap();
    }
    let (host, port) = address(url);
    Some(url_of(url, &host, port, &name).leak())
}

fn url() -> Option<&'static str> {
    let cluster = CLUSTER.get_or_init(|| {
        let cluster = match env::var("DATABASE_URL") {
            Ok(url) => Some(Cluster {
                url,
                _holds_it: None,
            }),
            Err(_) => started(),
        };
        if cluster.is_none() {
            skip("a PostgreSQL that scripts/postgres.sh can start");
        }
        cluster
    });
    cluster.as_ref().map(|cluster| cluster.url.as_str())
}

fn started() -> Option<Cluster> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres.sh");
    let mut child = Command::new(script)
        .args(["run", "sh", "-c", r#"echo "$DATABASE_URL"; exec cat"#])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut url = String::new();
    let mut stdout = BufReader::new(child.stdout.take()?);
    stdout.read_line(&mut url).ok()?;
    let url = url.trim_end().to_owned();
    (!url.is_empty()).then_some(Cluster {
        url,
        _holds_it: child.stdin.take(),
    })
}

/// A connection of the test's own: a writer that goes round the service.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The same database at another port of this machine.
pub(crate) fn url_at(url: &str, port: u16) -> String {
    let config: Config = url.parse().unwrap();
    let database = config.get_dbname().unwrap();
    url_of(url, "127.0.0.1", port, database)
}

fn url_of(url: &str, host: &str, port: u16, database: &str) -> String {
    let config: Config = url.parse().unwrap();
    let user = config.get_user().unwrap_or("postgres");
    let password = String::from_utf8_lossy(config.get_password().unwrap_or_default());
    format!("postgres://{user}:{password}@{host}:{port}/{database}")
}

/// Where the database listens.
pub(crate) fn address(url: &str) -> (String, u16) {
    let config: Config = url.parse().unwrap();
    let [Host::Tcp(host), ..] = config.get_hosts() else {
        panic!("a host and a port, please: {:?}", config.get_hosts());
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    (host.clone(), port)
}
