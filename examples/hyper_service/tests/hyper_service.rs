//! The layer in a plain hyper server: the same answers without axum.

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use test_support::{
    Answer, Client, Example, Program, Protocol, Service, Write, one_of_two_clients_wins,
    printed_commands, race, server, winner,
};
use tower_conditional_testkit::{Fixture, Scratch, check};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hyper_service");

async fn service(protocol: Protocol) -> (Client, Example) {
    let example = Example::start(PROGRAM, &["--port".as_ref(), "0".as_ref()]).await;
    (example.client(protocol).await, example)
}

#[track_caller]
fn refused(answer: &Answer, status: u16, reason: &str) {
    let (got, _, because) = answer.problem();
    assert_eq!((got, because.as_str()), (status, reason), "{answer:?}");
}

#[tokio::test]
async fn whole_life_of_a_document() {
    for protocol in Protocol::BOTH {
        let (mut client, _example) = service(protocol).await;
        let create = [("if-none-match", "*")];

        // Stored as it came: the answer to the PUT tells the tag (RFC 9110, section 9.3.4).
        let created = client.send("PUT", "/a", &create, "one").await;
        created.has_only(201, &[("etag", "\"1\"")]);
        refused(
            &client.send("PUT", "/a", &create, "one").await,
            412,
            "exists",
        );

        let read = client.get("/a", &[]).await;
        read.has(200, &[("etag", "\"1\""), ("content-length", "3")]);
        assert_eq!(read.body, "one");
        let unchanged = client
            .get("/a", &[("if-none-match", "\"x\", W/\"1\"")])
            .await;
        unchanged.has(304, &[("etag", "\"1\"")]);

        let guard = [("if-match", "\"1\"")];
        let saved = client.send("PUT", "/a", &guard, "two").await;
        saved.has(204, &[("etag", "\"2\"")]);
        refused(
            &client.send("PUT", "/a", &guard, "three").await,
            412,
            "stale",
        );
        refused(
            &client.send("PUT", "/a", &[], "three").await,
            428,
            "missing",
        );
        refused(&client.send("DELETE", "/a", &[], "").await, 428, "missing");
        let unquoted = [("if-match", "2")];
        refused(
            &client.send("PUT", "/a", &unquoted, "three").await,
            400,
            "malformed",
        );
        assert_eq!(client.get("/a", &[]).await.body, "two");

        let removed = client
            .send("DELETE", "/a", &[("if-match", "\"2\"")], "")
            .await;
        removed.has(204, &[]);
        assert_eq!(client.get("/a", &[]).await.status, 404);
        assert_eq!(
            client
                .send("DELETE", "/a", &[("if-match", "\"2\"")], "")
                .await
                .status,
            404
        );

        let again = client.send("PUT", "/a", &create, "two").await;
        again.has_only(201, &[("etag", "\"4\"")]);
        let old = [("if-match", "\"2\"")];
        refused(&client.send("PUT", "/a", &old, "three").await, 412, "stale");
    }
}

/// All spellings of a path are one document, for reads and for the lock.
#[tokio::test]
async fn all_spellings_of_a_path_are_one_document() {
    for protocol in Protocol::BOTH {
        let (mut client, _example) = service(protocol).await;
        let create = [("if-none-match", "*")];
        let created = client.send("PUT", "/a%62/", &create, "one").await;
        created.has_only(201, &[("etag", "\"1\"")]);
        for path in ["/ab", "/%61b", "/%61%62", "//ab", "/ab/"] {
            assert_eq!(client.get(path, &[]).await.body, "one", "{path}");
            let again = client.send("PUT", path, &create, "two").await;
            refused(&again, 412, "exists");
        }
        assert_eq!(client.get("/%2561b", &[]).await.status, 404);
    }
}

#[tokio::test]
async fn head_is_a_get_without_content() {
    for protocol in Protocol::BOTH {
        let (mut client, _example) = service(protocol).await;
        client
            .send("PUT", "/a", &[("if-none-match", "*")], "one")
            .await;
        for fields in [&[][..], &[("if-none-match", "\"1\"")]] {
            let get = client.get("/a", fields).await;
            let head = client.send("HEAD", "/a", fields, "").await;
            assert_eq!((head.status, head.fields), (get.status, get.fields));
            assert_eq!(head.body, "");
        }
        let stale = [("if-match", "\"x\"")];
        let get = client.get("/a", &stale).await;
        let head = client.send("HEAD", "/a", &stale, "").await;
        assert_eq!(head.field("content-length"), get.body.len().to_string());
        assert_eq!((head.status, head.body.as_str()), (412, ""));
    }
}

/// RFC 9110, section 13.2.1: a method that the service does not have is a 405, whatever the preconditions.
#[tokio::test]
async fn unknown_methods_are_405_ahead_of_412() {
    for protocol in Protocol::BOTH {
        let (mut client, _example) = service(protocol).await;
        client
            .send("PUT", "/a", &[("if-none-match", "*")], "one")
            .await;
        for method in ["POST", "PATCH", "OPTIONS", "PROPPATCH"] {
            for field in [
                ("if-match", "\"x\""),
                ("if-none-match", "*"),
                ("x-nothing", ""),
            ] {
                let answer = client.send(method, "/a", &[field], "two").await;
                answer.has_only(405, &[("allow", "GET, HEAD, PUT, DELETE")]);
            }
        }
    }
}

#[tokio::test]
async fn refusals_are_problem_details() {
    let (mut client, _example) = service(Protocol::Http1).await;
    let refusal = client.send("DELETE", "/a", &[], "").await;
    let length = refusal.body.len().to_string();
    let fields = [
        ("cache-control", "no-store"),
        ("content-type", "application/problem+json"),
        ("content-length", &length),
    ];
    refusal.has(428, &fields);
    let expected = json!({
        "type": "about:blank",
        "title": "Precondition Required",
        "status": 428,
        "error": "precondition_required",
        "detail": "This request needs a precondition. If the resource exists, fetch it, apply your change to what you get, and \
                   send it with If-Match and its ETag. If it does not, and this request can create it, send \
                   If-None-Match: *.",
        "field": "If-Match",
        "reason": "missing",
    });
    assert_eq!(refusal.json(), expected);
}

#[tokio::test]
async fn one_writer_of_a_document_wins() {
    for protocol in Protocol::BOTH {
        let documents = Example::start(PROGRAM, &["--port".as_ref(), "0".as_ref()]).await;
        let mut client = documents.client(protocol).await;
        let created = race(
            &[&documents],
            protocol,
            ("PUT", "/a", ("if-none-match", "*")),
            |writer| format!("writer {writer}"),
        )
        .await;
        winner(&created, 201, "exists");
        let saved = race(
            &[&documents],
            protocol,
            ("PUT", "/a", ("if-match", "\"1\"")),
            |writer| format!("writer {writer}"),
        )
        .await;
        winner(&saved, 204, "stale");
        assert_eq!(client.get("/a", &[]).await.field("etag"), "\"2\"");
    }
}

#[tokio::test]
async fn documents_are_right() {
    let (mut client, example) = service(Protocol::Http1).await;
    client
        .send("PUT", "/a", &[("if-none-match", "*")], "one")
        .await;
    // What was there before stays, with other content; what was not is gone again.
    for scratch in ["/b", "/a"] {
        for protocol in Protocol::BOTH {
            let scratch = Scratch::put(scratch, "text/plain", str::to_owned);
            let fixture = Fixture::at("/a").writing(scratch);
            let report = check(server(example.address(), protocol), fixture).await;
            assert!(report.is_clean(), "{report}");
        }
    }
    assert_eq!(client.get("/b", &[]).await.status, 404);
    assert_eq!(client.get("/a", &[]).await.status, 200);
}

#[cfg(unix)]
#[tokio::test]
async fn commands_that_it_prints_do_what_they_say() {
    let mut example = Example::start(PROGRAM, &["--port".as_ref(), "0".as_ref()]).await;
    if let Some(statuses) = printed_commands(&mut example).await {
        assert_eq!(statuses, ["201", "304", "204", "412"]);
    }
}

#[tokio::test]
async fn client_that_stalls_keeps_nobody_from_saving() {
    let (mut client, example) = service(Protocol::Http1).await;
    let stream = TcpStream::connect(example.address()).await.unwrap();
    let mut stalled = BufReader::new(stream);
    let head = "PUT /a HTTP/1.1\r\nhost: documents\r\nif-none-match: *\r\nexpect: 100-continue\r\n\
                content-length: 100\r\n\r\n";
    stalled.write_all(head.as_bytes()).await.unwrap();
    // Sent when somebody begins to read the body.
    let mut line = String::new();
    stalled.read_line(&mut line).await.unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");

    let create = [("if-none-match", "*")];
    let created = client.send("PUT", "/a", &create, "one").await;
    assert_eq!(created.status, 201);
    stalled.write_all(&[b'x'; 100]).await.unwrap();
    let mut lines = stalled.lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some(""));
    let status = lines.next_line().await.unwrap();
    assert_eq!(status.as_deref(), Some("HTTP/1.1 412 Precondition Failed"));
}

#[tokio::test]
async fn one_of_two_writers_wins_however_they_spell_the_path() {
    let (_, example) = service(Protocol::Http1).await;
    one_of_two_clients_wins("hyper_service", &example, "").await;
}

#[cfg(unix)]
#[tokio::test]
async fn follows_the_rules_of_all_examples() {
    let service = Service {
        program: Program {
            path: PROGRAM,
            usage: "hyper_service [--port N]",
            misuse: &[&["a"]],
        },
        arguments: &[],
        environment: &[],
        write: Write {
            method: "PUT",
            path: "/a",
            fields: "if-none-match: *\r\n",
            body: "one",
        },
    };
    service.follows_the_rules().await;
}
