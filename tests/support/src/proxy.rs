//! A proxy as a child process, and a client that talks to it.

use std::collections::BTreeMap;
use std::env;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command as TokioCommand};
use tokio::time::timeout;

use crate::process::{in_ci, skip};

/// Nothing here takes long; what hangs shall fail.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The programs that are there. One test at a time looks, and installs: two installations would be in each other's way.
static INSTALLED: Mutex<BTreeMap<&str, bool>> = Mutex::new(BTreeMap::new());

/// Whether this program is there. Where nobody expects `cargo test` to install anything, it does not.
fn is_installed(program: &'static str) -> bool {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    *installed.entry(program).or_insert_with(|| {
        let may_install = in_ci() || env::var_os("TOWER_CONDITIONAL_FULL").is_some();
        let mut install = Command::new(script("install.sh"));
        if !may_install {
            install.arg("check");
        }
        let status = install.arg(program).status();
        status.is_ok_and(|status| status.success())
    })
}

/// The program of a proxy: `nginx` of `nginx-gzip`.
fn program_of(name: &str) -> &'static str {
    match name.split('-').next() {
        Some("nginx") => "nginx",
        Some("apache") => "apache2",
        Some("varnish") => "varnishd",
        Some("squid") => "squid",
        Some("haproxy") => "haproxy",
        Some("lighttpd") => "lighttpd",
        Some("caddy") => "caddy",
        _ => panic!("no proxy {name}"),
    }
}

/// It ends when its standard input does: at the latest when this process dies.
pub struct Proxy {
    _process: Child,
    port: u16,
}

/// An answer as the client gets to see it, still compressed.
#[derive(Debug)]
pub struct Relayed {
    pub status: u16,
    pub fields: HeaderMap,
    pub body: Bytes,
}

impl Proxy {
    /// `None` where it is not installed, which fails CI.
    pub async fn start(name: &str, origin: u16) -> Option<Self> {
        if !is_installed(program_of(name)) {
            skip(&format!("{name} (scripts/proxies/install.sh)"));
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

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub async fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Relayed {
        self.send(method, path, fields, "").await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &'static str,
    ) -> Relayed {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let uri = format!("http://127.0.0.1:{}{path}", self.port);
        let request = Request::builder().method(method).uri(uri);
        let request = fields.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let response = timeout(PATIENCE, client.request(request)).await;
        let (head, body) = response.unwrap().unwrap().into_parts();
        Relayed {
            status: head.status.as_u16(),
            fields: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

impl Relayed {
    /// The only line of this field, or nothing.
    #[track_caller]
    pub fn field(&self, name: &str) -> &str {
        let mut lines = self.fields.get_all(name).iter();
        let line = lines.next().map_or("", |line| line.to_str().unwrap());
        assert!(lines.next().is_none(), "{name} twice: {self:?}");
        line
    }

    /// Status and tag.
    pub fn tagged(&self) -> String {
        match self.field("etag") {
            "" => format!("{}, no tag", self.status),
            tag => format!("{} `{tag}`", self.status),
        }
    }

    /// The status of a write, and why it was refused.
    pub fn outcome(&self) -> String {
        if self.status < 400 {
            return self.status.to_string();
        }
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        format!("{} `{}`", self.status, problem["reason"].as_str().unwrap())
    }
}

/// Nobody else binds it between now and the start of the proxy, or the start fails.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn script(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../../scripts/proxies").join(name)
}
