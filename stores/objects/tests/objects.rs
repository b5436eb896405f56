//! The example in memory, and two replicas of it over one S3.

use std::net::SocketAddr;

use store_kit::{Engine, Names, Statements, Store, try_out};
use test_support::{Answer, Client, Example, Protocol, printed_commands};

const PROGRAM: &str = env!("CARGO_BIN_EXE_objects");

async fn in_memory(arguments: &[&str]) -> (Example, Client) {
    let arguments: Vec<_> = ["--port", "0"]
        .iter()
        .chain(arguments)
        .map(AsRef::as_ref)
        .collect();
    let example = Example::start(PROGRAM, &arguments).await;
    let client = example.client(Protocol::Http1).await;
    (example, client)
}

/// Two replicas, and neither has a lock or a database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_over_one_s3_lose_nothing() {
    let Some(engine) = Engine::start("s3.sh") else {
        return;
    };
    let endpoint = format!("AWS_ENDPOINT={}", engine.url());
    let arguments = [
        &endpoint,
        "AWS_REGION=us-east-1",
        "AWS_ACCESS_KEY_ID=test",
        "AWS_SECRET_ACCESS_KEY=test",
        PROGRAM,
        "--port",
        "0",
        "--required",
        "s3://notes",
    ];
    let store = Store {
        name: "the example `objects`, S3",
        program: "env",
        arguments: arguments.map(str::to_owned).to_vec(),
        processes: 2,
        names: Names::Distinct,
        tags_come_back: true,
    };
    try_out(store).await.count(&mut Requests(engine)).await;
}

/// The requests that the server has counted.
struct Requests(Engine);

impl Statements for Requests {
    async fn since(&mut self, _: &mut Example, _: &mut Client) -> Vec<String> {
        let address: SocketAddr = self.0.url()["http://".len()..].parse().unwrap();
        let mut client = Client::connect(address, Protocol::Http1).await;
        let requests = client.get("/-requests", &[]).await.body;
        requests.lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn parts_are_of_the_object_whose_tag_they_have() {
    let (_example, mut client) = in_memory(&[]).await;
    let typed = [("content-type", "text/plain")];
    assert_eq!(
        client
            .send("PUT", "/a/b", &typed, "0123456789")
            .await
            .status,
        201
    );
    let whole = client.get("/a/b", &[]).await;
    assert_eq!((whole.status, &*whole.body), (200, "0123456789"));
    assert_eq!(whole.field("content-type"), "text/plain");
    let tag = whole.field("etag").to_owned();

    for (range, part, content_range) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
    ] {
        let answer = client
            .get("/a/b", &[("range", range), ("if-range", &tag)])
            .await;
        assert_eq!((answer.status, &*answer.body), (206, part), "{range}");
        assert_eq!(
            (answer.field("content-range"), answer.field("etag")),
            (content_range, &*tag)
        );
    }
    let head = client
        .send("HEAD", "/a/b", &[("range", "bytes=2-4")], "")
        .await;
    assert_eq!(
        (
            head.status,
            head.field("content-length"),
            head.field("etag")
        ),
        (200, "10", &*tag)
    );
    let other = client
        .get("/a/b", &[("range", "bytes=2-4"), ("if-range", "\"x\"")])
        .await;
    assert_eq!((other.status, &*other.body), (200, "0123456789"));
    for ignored in ["bytes=4-2", "bytes=1-2,4-5", "lines=1-2", "bytes=+1-2"] {
        let answer = client.get("/a/b", &[("range", ignored)]).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (200, "0123456789"),
            "{ignored}"
        );
    }
    let beyond = client.get("/a/b", &[("range", "bytes=10-")]).await;
    assert_eq!(
        (beyond.status, beyond.field("content-range")),
        (416, "bytes */10")
    );
    let same = client
        .get("/a/b", &[("range", "bytes=2-4"), ("if-none-match", &tag)])
        .await;
    assert_eq!(same.status, 304);
}

#[tokio::test]
async fn what_is_too_long_is_refused_and_what_was_deleted_is_gone() {
    let (example, mut client) = in_memory(&["--limit", "100000"]).await;
    let long = "x".repeat(100_001);
    assert_eq!(
        client.send("PUT", "/long", &[], long.clone()).await.status,
        413
    );
    // What is not read closes the connection.
    let mut client = example.client(Protocol::Http1).await;
    assert_eq!(client.get("/long", &[]).await.status, 404);
    assert_eq!(
        client
            .send("PUT", "/long", &[], long[1..].to_owned())
            .await
            .status,
        201
    );
    assert_eq!(client.get("/long", &[]).await.body, long[1..]);

    // Empty is not deleted.
    assert_eq!(client.send("PUT", "/long", &[], "").await.status, 204);
    let empty = client.get("/long", &[]).await;
    assert_eq!((empty.status, &*empty.body), (200, ""));
    let tag = empty.field("etag").to_owned();
    assert_eq!(
        client
            .send("DELETE", "/long", &[("if-match", &tag)], "")
            .await
            .status,
        204
    );
    for range in [&[][..], &[("range", "bytes=0-")]] {
        assert_eq!(client.get("/long", range).await.status, 404);
    }
    assert_eq!(client.send("DELETE", "/long", &[], "").await.status, 404);
    let create = [("if-none-match", "*")];
    assert_eq!(
        client.send("PUT", "/long", &create, "again").await.status,
        201
    );
    assert_eq!(
        client
            .send("PUT", "/long", &create, "again")
            .await
            .problem()
            .2,
        "exists"
    );
    assert_eq!(client.get("/a/../b", &[]).await.status, 404);
}

/// S3 tells a precondition that is false (412) from a write that met another one (409) and from a store that has no time (503).
#[tokio::test]
async fn a_412_a_409_and_a_503_of_the_store_are_three_answers() {
    for (of_store, status, error) in [
        ("412 Precondition Failed", 412, "precondition_failed"),
        ("409 Conflict", 409, "conflict"),
        ("503 Slow Down", 503, "unavailable"),
    ] {
        let s3 = puts_answered(of_store).await;
        let endpoint = format!("AWS_ENDPOINT=http://{s3}");
        let arguments = [
            &*endpoint,
            "AWS_REGION=us-east-1",
            "AWS_ACCESS_KEY_ID=test",
            "AWS_SECRET_ACCESS_KEY=test",
            PROGRAM,
            "--port",
            "0",
            "s3://notes",
        ];
        let example = Example::start("env", &arguments.map(AsRef::as_ref)).await;
        let mut client = example.client(Protocol::Http1).await;
        for guard in [("if-none-match", "*"), ("if-match", "\"tag\"")] {
            let path = if guard.0 == "if-match" {
                "/there"
            } else {
                "/free"
            };
            let answer: Answer = client.send("PUT", path, &[guard], "text").await;
            let problem = answer.problem();
            assert_eq!(
                (problem.0, &*problem.1),
                (status, error),
                "{of_store}, {guard:?}"
            );
        }
    }
}

/// An S3 in which `there` has a tag, nothing else is there, and every PUT gets this answer.
async fn puts_answered(status: &'static str) -> SocketAddr {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let (mut head, mut length) = (String::new(), 0);
                while stream.read_line(&mut head).await.is_ok_and(|read| read > 2) {
                    let line = head.lines().last().unwrap().to_ascii_lowercase();
                    if let Some(value) = line.strip_prefix("content-length: ") {
                        length = value.parse().unwrap();
                    }
                }
                stream.read_exact(&mut vec![0; length]).await.unwrap();
                let there = "200 OK\r\netag: \"tag\"\r\nlast-modified: Wed, 01 Jan 2025 00:00:00 GMT\r\ncontent-length: 4";
                let answer = match (head.starts_with("PUT"), head.contains("/there ")) {
                    (true, _) => format!("{status}\r\ncontent-length: 0"),
                    (false, true) => there.to_owned(),
                    (false, false) => "404 Not Found\r\ncontent-length: 0".to_owned(),
                };
                let answer = format!("HTTP/1.1 {answer}\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    address
}

#[tokio::test]
async fn commands_that_it_prints_do_what_they_say() {
    let (mut example, _) = in_memory(&[]).await;
    if let Some(statuses) = printed_commands(&mut example).await {
        assert_eq!(statuses, ["201", "206", "304", "204", "412"]);
    }
}
