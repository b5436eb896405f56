//! The command as a child process, and servers for it.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::net::SocketAddr;

use axum::ServiceExt as _;
use axum::extract::Request;
use axum::response::IntoResponse;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::{Service, ServiceExt as _};

use test_support::{Ended, run};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_tower-conditional-doctor");

pub(crate) async fn doctor(arguments: &[&str]) -> Ended {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    run(PROGRAM, &arguments).await
}

/// The report as data, with the exit code.
pub(crate) async fn report(arguments: &[&str]) -> (Value, Option<i32>) {
    let ended = doctor(&[arguments, &["--json"]].concat()).await;
    assert_eq!(ended.stderr, "", "{ended:?}");
    let report: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    assert_eq!(report["schema"], 1);
    (report, ended.status.code())
}

/// The names of the findings, in their order.
pub(crate) fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect()
}

pub(crate) fn url(address: SocketAddr, path: &str) -> String {
    format!("http://{address}{path}")
}

/// Serves HTTP/1.1 and HTTP/2.
pub(crate) async fn serve<S>(app: S) -> SocketAddr
where
    S: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    let app = app.map_response(IntoResponse::into_response);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app.into_make_service()).await });
    address
}
