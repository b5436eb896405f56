//! A proxy as a child process, and a client that talks to it.

use std::env;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command as TokioCommand};
use tokio::time::timeout;

/// Nothing here takes long; what hangs shall fail.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Once for all tests: two installations at a time would be in each other's way. Where nobody expects `cargo test` to
/// install anything, it does not.
static INSTALLED: LazyLock<bool> = LazyLock::new(|| {
    let may_install = in_ci() || env::var_os("TOWER_CONDITIONAL_FULL").is_some();
    let mut install = Command::new(script("install.sh"));
    if !may_install {
        install.arg("check");
    }
    install.status().is_ok_and(|status| status.success())
});

fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|ci| ci == "true")
}

/// It ends when its standard input does: at the latest when this process dies.
pub(super) struct Proxy {
    _process: Child,
    port: u16,
}

/// An answer as the client gets to see it, still coded.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) fields: HeaderMap,
    pub(super) body: Bytes,
}

impl Proxy {
    /// `None` where it is not installed, which fails CI.
    pub(super) async fn start(name: &str, origin: u16) -> Option<Self> {
        if !*INSTALLED {
            let missing = format!("{name} is missing: scripts/proxies/install.sh");
            assert!(!in_ci(), "{missing}");
            let _ = writeln!(io::stderr(), "skipped: {missing}");
            return None;
        }
        let port = free_port();
        let mut process = TokioCommand::new(script("run.sh"))
            .args([name, &port.to_string(), &origin.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = timeout(PATIENCE, said.next_line()).await;
        assert_eq!(ready.unwrap().unwrap().as_deref(), Some("ready"), "{name}");
        Some(Self {
            _process: process,
            port,
        })
    }

    pub(super) async fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(method, path, fields, "").await
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &'static str,
    ) -> Answer {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let uri = format!("http://127.0.0.1:{}{path}", self.port);
        let request = Request::builder().method(method).uri(uri);
        let request = fields.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let response = timeout(PATIENCE, client.request(request)).await;
        let (head, body) = response.unwrap().unwrap().into_parts();
        Answer {
            status: head.status.as_u16(),
            fields: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

impl Answer {
    /// The only line of this field, or nothing.
    #[track_caller]
    pub(super) fn field(&self, name: &str) -> &str {
        let mut lines = self.fields.get_all(name).iter();
        let line = lines.next().map_or("", |line| line.to_str().unwrap());
        assert!(lines.next().is_none(), "{name} twice: {self:?}");
        line
    }
}

/// Nobody else binds it between now and the start of the proxy, or the start fails.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn script(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("scripts/proxies").join(name)
}
