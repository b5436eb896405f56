//! `check_url` with correct and with flawed servers: its findings, its output and its exit code.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, ServiceExt as _};
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt as _};

use test_support::{Client, Ended, Protocol, run};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::{BodyHash, ConditionalLayer};

const PROGRAM: &str = env!("CARGO_BIN_EXE_check_url");

async fn check_url(arguments: &[&str]) -> Ended {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    run(PROGRAM, &arguments).await
}

fn url(address: SocketAddr, path: &str) -> String {
    format!("http://{address}{path}")
}

fn options_of(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::Http1 => &[],
        Protocol::Http2 => &["--http2"],
    }
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect()
}

/// Documents in memory, one under each path, guarded by the layer: axum adds `content-length: 0` to every 304.
fn documents() -> Router {
    type Documents = State<Arc<Mutex<HashMap<String, String>>>>;
    let read = async |uri: Uri, State(documents): Documents| {
        let document = documents.lock().unwrap().get(uri.path()).cloned();
        document.ok_or(StatusCode::NOT_FOUND)
    };
    let save = async |uri: Uri, State(documents): Documents, text: String| {
        let before = documents
            .lock()
            .unwrap()
            .insert(uri.path().to_owned(), text);
        before.map_or(StatusCode::CREATED, |_| StatusCode::NO_CONTENT)
    };
    let remove = async |uri: Uri, State(documents): Documents| {
        let before = documents.lock().unwrap().remove(uri.path());
        before.map_or(StatusCode::NOT_FOUND, |_| StatusCode::NO_CONTENT)
    };
    let there = HashMap::from([("/a".to_owned(), "one".to_owned())]);
    let router = Router::new()
        .route("/{name}", get(read).put(save).delete(remove))
        .with_state(Arc::new(Mutex::new(there)));
    let source = BodyHash::strong().probe_with(router.clone());
    router.layer(ConditionalLayer::new(source))
}

#[tokio::test]
async fn what_axum_adds_is_found_and_can_be_allowed() {
    let address = serve(documents()).await;
    let url = url(address, "/a");
    for protocol in Protocol::BOTH {
        let asked = [url.as_str(), "--json", "--write", "/b"];
        let asked = [&asked[..], options_of(protocol)].concat();
        let ended = check_url(&asked).await;
        let report = json(&ended);
        assert_eq!(rules(&report), ["not-modified-length"], "{report:#}");
        // There are no dates here, and no ranges.
        assert_eq!(report["not_checked"].as_array().map(Vec::len), Some(2));
        assert_eq!(ended.status.code(), Some(1));

        let allowing = [&asked[..], &["--allow", "not-modified-length"]].concat();
        let ended = check_url(&allowing).await;
        assert_eq!(json(&ended)["clean"], true, "{ended:?}");
        assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    }
}

#[tokio::test]
async fn server_that_is_right() {
    let address = serve(ContentCodingLayer::new().layer(documents())).await;
    let url = url(address, "/a");
    let mut client = Client::connect(address, Protocol::Http1).await;
    let before = client.get("/a", &[]).await.fields;
    for protocol in Protocol::BOTH {
        // Nothing is written unless `--write` names a path.
        for written in [&[][..], &["--write", "/b"]] {
            let asked = [&[url.as_str()], written, options_of(protocol)].concat();
            let ended = check_url(&asked).await;
            assert_eq!(ended.status.code(), Some(0), "{ended:?}");
            assert!(
                ended.stdout.starts_with(&format!("{url}\nno findings in ")),
                "{ended:?}"
            );
            assert_eq!(client.get("/b", &[]).await.status, 404);
            assert_eq!(client.get("/a", &[]).await.fields, before);
        }
    }
    // A resource that was there before stays, with other content.
    let ended = check_url(&[&url, "--write", "/a"]).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(client.get("/a", &[]).await.status, 200);
}

async fn serve<S>(app: S) -> SocketAddr
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

#[tokio::test]
async fn server_that_ignores_its_own_tag() {
    let app = Router::new().route("/", get(async || ([(ETAG, "\"v1\"")], "hello")));
    let url = url(serve(app).await, "/");
    let ended = check_url(&[&url]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let finding = r#"
error: if-none-match (RFC 9110, section 13.1.2)
  If-None-Match with the current tag gets 304 on GET and HEAD and 412 on a write; with another tag the request is performed.
      GET /
      If-None-Match: "v1"
  expected: 304 Not Modified
  actual:   200 OK
"#;
    assert!(ended.stdout.contains(finding), "{}", ended.stdout);

    let report = json(&check_url(&[&url, "--json"]).await);
    assert_eq!(rules(&report), ["if-none-match", "if-match"]);
    let finding = report["findings"][0].as_object().unwrap();
    let mut names: Vec<_> = finding.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "actual",
        "cost",
        "cure",
        "expected",
        "request",
        "requirement",
        "rule",
        "section",
        "severity",
    ];
    assert_eq!(names, expected);
    assert_eq!(report["url"], url);
}

/// Over a socket a panic is a connection that closes.
#[tokio::test]
async fn server_that_closes_the_connection() {
    let tagged = async |headers: HeaderMap| {
        let asked = headers
            .get(IF_NONE_MATCH)
            .map(|value| value.to_str().unwrap());
        let matches = asked.is_some_and(|asked| asked == "*" || asked.contains("\"v1\""));
        match matches {
            true => (http::StatusCode::NOT_MODIFIED, [(ETAG, "\"v1\"")], ""),
            false => (http::StatusCode::OK, [(ETAG, "\"v1\"")], "hello"),
        }
    };
    let url = url(serve(Router::new().route("/", get(tagged))).await, "/");
    let report = json(&check_url(&[&url, "--json"]).await);
    assert!(rules(&report).contains(&"obs-text"), "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    let closed = findings
        .iter()
        .find(|finding| finding["rule"] == "obs-text")
        .unwrap();
    assert!(
        closed["actual"]
            .as_str()
            .unwrap()
            .starts_with("no response: "),
        "{closed:#}"
    );
}

#[tokio::test]
async fn nobody_there() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let ended = check_url(&[&url(address, "/")]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.contains("no response: "), "{ended:?}");
}

#[tokio::test]
async fn says_what_is_wrong_with_its_arguments() {
    let rows: [(&[&str], &str); 10] = [
        (&[], "a URL is missing"),
        (&["notes"], "notes does not begin with http:// and a host"),
        (
            &["https://a/b"],
            "https://a/b does not begin with http:// and a host",
        ),
        (
            &["http://a/b", "http://a/c"],
            "unexpected argument \"http://a/c\"",
        ),
        (
            &["http://a/b", "--write"],
            "missing argument for option '--write'",
        ),
        (
            &["http://a/b", "--write", "c"],
            "c is no path such as /notes/1",
        ),
        (
            &["http://a/b", "--field", "c"],
            "c is no field such as 'Accept: text/plain'",
        ),
        (
            &["http://a/b", "--content-type", "\n"],
            "\"\\n\" is no field value",
        ),
        (&["http://a/b", "--body", "c"], "c needs a {mark} in it"),
        (&["http://a/b", "--fast"], "invalid option '--fast'"),
    ];
    for (arguments, message) in rows {
        let ended = check_url(arguments).await;
        let expected = format!("check_url: {message} (see --help)\n");
        assert_eq!((ended.status.code(), ended.stderr), (Some(2), expected));
        assert_eq!(ended.stdout, "");
    }
    let help = check_url(&["--help"]).await;
    assert_eq!(help.status.code(), Some(0));
    assert!(help.stdout.contains("--write PATH"));
}
