//! One server, checked by the kit.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode, Uri};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tower::Layer;

use test_support::{Client, Protocol};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::{BodyHash, ConditionalLayer};

use crate::support::{doctor, report, rules, serve, url};

fn options_of(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::Http1 => &[],
        Protocol::Http2 => &["--http2"],
    }
}

/// Documents in memory, one under each path, guarded by the layer: axum adds `content-length: 0` to every 304.
pub(crate) fn documents() -> Router {
    type Documents = State<Arc<Mutex<HashMap<String, String>>>>;
    let read = async |uri: Uri, State(documents): Documents| {
        let document = documents.lock().unwrap().get(uri.path()).cloned();
        document.ok_or(StatusCode::NOT_FOUND)
    };
    let save = async |uri: Uri, State(documents): Documents, text: String| {
        let mut documents = documents.lock().unwrap();
        let before = documents.insert(uri.path().to_owned(), text);
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
    let url = url(serve(documents()).await, "/a");
    for protocol in Protocol::BOTH {
        let asked = [&url, "--write", "/b"];
        let asked = [&asked[..], options_of(protocol)].concat();
        let (found, code) = report(&asked).await;
        assert_eq!(rules(&found), ["not-modified-length"], "{found:#}");
        assert_eq!((&found["outcome"], code), (&"findings".into(), Some(1)));
        // There are no dates here, and no ranges.
        assert_eq!(found["not_checked"].as_array().map(Vec::len), Some(2));

        let allowing = [&asked[..], &["--allow", "not-modified-length"]].concat();
        let (found, code) = report(&allowing).await;
        assert_eq!((&found["outcome"], code), (&"clean".into(), Some(0)));
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
            let ended = doctor(&asked).await;
            assert_eq!(ended.status.code(), Some(0), "{ended:?}");
            assert!(ended.stdout.starts_with(&format!("{url}\n")), "{ended:?}");
            assert!(ended.stdout.contains("\nNothing found in "), "{ended:?}");
            assert_eq!(client.get("/b", &[]).await.status, 404);
            assert_eq!(client.get("/a", &[]).await.fields, before);
        }
    }
    // A resource that was there before stays, with other content.
    let ended = doctor(&[&url, "--write", "/a"]).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(client.get("/a", &[]).await.status, 200);
}

#[tokio::test]
async fn server_that_ignores_its_own_tag() {
    let app = Router::new().route("/", get(async || ([(ETAG, "\"v1\"")], "hello")));
    let url = url(serve(app).await, "/");
    let ended = doctor(&[&url]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let finding = r#"
error if-none-match (RFC 9110, section 13.1.2)
  rule      If-None-Match with the current tag gets 304 on GET and HEAD and 412 on a write; with
            another tag the request is performed.
  request   GET /
            If-None-Match: "v1"
  expected  304 Not Modified
  actual    200 OK
  cost      "#;
    assert!(ended.stdout.contains(finding), "{}", ended.stdout);

    let (found, _) = report(&[&url]).await;
    assert_eq!(rules(&found), ["if-none-match", "if-match"], "{found:#}");
    let finding = found["findings"][0].as_object().unwrap();
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
    assert_eq!(found["urls"], serde_json::json!([url]));
    assert_eq!(found["error"], serde_json::Value::Null);
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
            true => (StatusCode::NOT_MODIFIED, [(ETAG, "\"v1\"")], ""),
            false => (StatusCode::OK, [(ETAG, "\"v1\"")], "hello"),
        }
    };
    let url = url(serve(Router::new().route("/", get(tagged))).await, "/");
    let (found, code) = report(&[&url]).await;
    assert_eq!(code, Some(1), "{found:#}");
    let findings = found["findings"].as_array().unwrap();
    let closed = findings
        .iter()
        .find(|finding| finding["rule"] == "obs-text");
    let actual = closed.unwrap()["actual"].as_str().unwrap();
    assert!(actual.starts_with("no response: "), "{actual}");
}

/// A server that sends its page behind a 304: a client does not show that, and takes it for the next answer.
async fn with_content_behind_304() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_with_content(BufReader::new(stream)));
        }
    });
    address
}

async fn answer_with_content(mut stream: BufReader<TcpStream>) {
    let (mut head, mut line) = (String::new(), String::new());
    while let Ok(1..) = stream.read_line(&mut line).await {
        head.push_str(&line.to_lowercase());
        if std::mem::take(&mut line) != "\r\n" {
            continue;
        }
        let head = std::mem::take(&mut head);
        let is_known = head.contains("if-none-match: \"v1\"") && head.contains("secret");
        let answer: &[u8] = match is_known {
            true => b"HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\nhello",
            false => b"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 5\r\n\r\nhello",
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn content_that_a_client_hides() {
    let url = url(with_content_behind_304().await, "/");
    let (found, code) = report(&[&url, "-H", "X-Key: secret"]).await;
    assert_eq!(code, Some(1));
    let findings = found["findings"].as_array().unwrap();
    let hidden = findings
        .iter()
        .find(|finding| finding["rule"] == "not-modified-body");
    let hidden = hidden.unwrap_or_else(|| panic!("{found:#}"));
    let request = hidden["request"].as_str().unwrap().to_lowercase();
    assert!(request.contains("x-key: …"), "{request}");
    assert!(!found.to_string().contains("secret"), "{found:#}");
}

/// Every request carries it, and no report shows it.
#[tokio::test]
async fn password_is_sent_and_not_shown() {
    let guarded = async |headers: HeaderMap| match headers.get(AUTHORIZATION) {
        Some(secret) if secret == "Bearer secret" => Ok(([(ETAG, "\"v1\"")], "hello")),
        _ => Err(StatusCode::UNAUTHORIZED),
    };
    let url = url(serve(Router::new().route("/", get(guarded))).await, "/");
    let with_password = [&*url, "-H", "Authorization: Bearer secret"];
    for arguments in [
        &with_password[..],
        &[&with_password[..], &["--json"]].concat(),
    ] {
        let ended = doctor(arguments).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stdout.contains("if-none-match"), "{ended:?}");
        assert!(!ended.stdout.contains("secret"), "{ended:?}");
    }
    let ended = doctor(&[&url]).await;
    let hint = "GET is answered 401 Unauthorized: with -H 'Authorization: …' it may answer\n";
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.stderr.ends_with(hint), "{ended:?}");
}
