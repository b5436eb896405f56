//! `check_url` over the other examples and over servers that are wrong: what it finds, prints and ends with.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use http::HeaderMap;
use http::header::{ETAG, IF_NONE_MATCH};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::client::Protocol;
use crate::process::{Ended, Example, run};

const NOTE: &str = r#"{"title":"{mark}","body":"one litre"}"#;

async fn check_url(arguments: &[&str]) -> Ended {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    run("check_url", &arguments).await
}

fn url(address: SocketAddr, path: &str) -> String {
    format!("http://{address}{path}")
}

fn speaking(protocol: Protocol) -> &'static [&'static str] {
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

/// axum writes `content-length: 0` on every 304, and hyper takes it off for a GET over HTTP/1.1 alone.
#[tokio::test]
async fn notes_are_right_but_for_what_axum_adds() {
    let service = Example::start("notes", &["--port".as_ref(), "0".as_ref()]).await;
    let mut client = service.client(Protocol::Http1).await;
    let milk = NOTE.replace("{mark}", "Milk");
    client.send("POST", "/notes", &[], milk).await;
    let before = client.get("/notes", &[]).await.body;
    for protocol in Protocol::BOTH {
        for path in ["/notes", "/notes/1"] {
            let url = url(service.address(), path);
            let writing = ["--write", "/notes/99", "--body", NOTE];
            let typed = ["--content-type", "application/json"];
            let asked = [
                &[url.as_str(), "--json"],
                &writing[..],
                &typed,
                speaking(protocol),
            ];
            let ended = check_url(&asked.concat()).await;
            let report = json(&ended);
            assert_eq!(rules(&report), ["not-modified-length"], "{report:#}");
            assert_eq!(ended.status.code(), Some(1));

            let allowing = [&asked.concat()[..], &["--allow", "not-modified-length"]].concat();
            let ended = check_url(&allowing).await;
            assert_eq!(json(&ended)["clean"], true, "{ended:?}");
            assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
        }
    }
    assert_eq!(
        client.get("/notes", &[]).await.body,
        before,
        "nothing is left behind"
    );
}

#[tokio::test]
async fn plain_hyper_is_right() {
    let service = Example::start("hyper", &["--port".as_ref(), "0".as_ref()]).await;
    let mut client = service.client(Protocol::Http1).await;
    client
        .send("PUT", "/a", &[("if-none-match", "*")], "one")
        .await;
    for protocol in Protocol::BOTH {
        let url = url(service.address(), "/a");
        let asked = [&[url.as_str(), "--write", "/b"], speaking(protocol)].concat();
        let ended = check_url(&asked).await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert!(
            ended.stdout.starts_with(&format!("{url}\n0 findings in ")),
            "{ended:?}"
        );
        assert_eq!(client.get("/b", &[]).await.status, 404);
    }
    // What was there before stays, with other content.
    let url = url(service.address(), "/a");
    let ended = check_url(&[&url, "--write", "/a"]).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(client.get("/a", &[]).await.status, 200);
}

/// The ranges and the content are `ServeDir`'s, what is right about them is ours.
#[tokio::test]
async fn files_are_right_but_for_what_axum_adds() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("page.txt"), "a page").unwrap();
    let arguments = [
        directory.path().as_os_str(),
        "--port".as_ref(),
        "0".as_ref(),
    ];
    let service = Example::start("files", &arguments).await;
    let url = url(service.address(), "/page.txt");
    for protocol in Protocol::BOTH {
        let asked = [
            &[url.as_str(), "--json", "--write", "/new.txt"],
            speaking(protocol),
        ]
        .concat();
        let report = json(&check_url(&asked).await);
        assert_eq!(rules(&report), ["not-modified-length"], "{report:#}");
        assert_eq!(report["not_checked"].as_array().map(Vec::len), Some(0));
    }
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test]
async fn nothing_is_written_unless_told_where() {
    let service = Example::start("hyper", &["--port".as_ref(), "0".as_ref()]).await;
    let mut client = service.client(Protocol::Http1).await;
    client
        .send("PUT", "/a", &[("if-none-match", "*")], "one")
        .await;
    let before = client.get("/a", &[]).await;
    let ended = check_url(&[&url(service.address(), "/a")]).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(client.get("/a", &[]).await.fields, before.fields);
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test]
async fn server_that_ignores_its_own_tag() {
    let app = Router::new().route("/", get(async || ([(ETAG, "\"v1\"")], "hello")));
    let url = url(serve(app).await, "/");
    let ended = check_url(&[&url]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let finding = r#"
RFC 9110, section 13.1.2 (if-none-match)
  If-None-Match with the current tag gets 304 on GET and HEAD and 412 on a write; with another one the request is performed.
      GET /
      If-None-Match: "v1"
  expected: 304 Not Modified
  came:     200 OK
"#;
    assert!(ended.stdout.contains(finding), "{}", ended.stdout);

    let report = json(&check_url(&[&url, "--json"]).await);
    assert_eq!(rules(&report), ["if-none-match", "if-match"]);
    let finding = report["findings"][0].as_object().unwrap();
    let mut names: Vec<_> = finding.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "came",
        "expected",
        "request",
        "requirement",
        "rule",
        "section",
    ];
    assert_eq!(names, expected);
    assert_eq!(report["url"], url);
}

/// R-2.3-2: over a socket a panic is a connection that closes.
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
        closed["came"]
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
            "one URL is enough, not also http://a/c",
        ),
        (&["http://a/b", "--write"], "--write needs a value"),
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
        (&["http://a/b", "--fast"], "unknown option --fast"),
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
