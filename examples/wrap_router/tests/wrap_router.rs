//! One line around a router that knows nothing of tags.

use futures_util::future::join_all;

use test_support::{Client, Example, Program, Protocol, Service, Write, printed_commands};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wrap_router");

const JSON: (&str, &str) = ("content-type", "application/json");

async fn service() -> Example {
    Example::start(PROGRAM, &["--port".as_ref(), "0".as_ref()]).await
}

async fn service_that_locks_each() -> Example {
    let arguments = ["--port", "0", "--lock-each"].map(AsRef::as_ref);
    Example::start(PROGRAM, &arguments).await
}

async fn put(client: &mut Client, precondition: (&str, &str), text: &str) -> u16 {
    let body = format!("{{\"text\":\"{text}\",\"done\":false}}");
    client
        .send("PUT", "/todos/1", &[JSON, precondition], body)
        .await
        .status
}

#[tokio::test]
async fn reads_and_writes_are_protected() {
    for example in [service().await, service_that_locks_each().await] {
        for protocol in Protocol::BOTH {
            reads_and_writes_are_protected_over(&example, protocol).await;
        }
    }
}

async fn reads_and_writes_are_protected_over(example: &Example, protocol: Protocol) {
    let mut client = example.client(protocol).await;
    assert_eq!(put(&mut client, ("if-none-match", "*"), "milk").await, 201);
    assert_eq!(put(&mut client, ("if-none-match", "*"), "milk").await, 412);

    for path in ["/todos", "/todos/1"] {
        let read = client.get(path, &[]).await;
        assert_eq!(read.status, 200);
        let known = [("if-none-match", read.field("etag"))];
        assert_eq!(client.get(path, &known).await.status, 304);
        let head = client.send("HEAD", path, &[], "").await;
        assert_eq!(head.fields, read.fields);
    }

    let tag = client.get("/todos/1", &[]).await.field("etag").to_owned();
    assert_eq!(put(&mut client, ("if-match", &tag), "bread").await, 204);
    assert_eq!(put(&mut client, ("if-match", &tag), "butter").await, 412);
    assert!(client.get("/todos/1", &[]).await.body.contains("bread"));
    assert_eq!(
        client
            .send("DELETE", "/todos/1", &[("if-match", &tag)], "")
            .await
            .status,
        412
    );
    let tag = client.get("/todos/1", &[]).await.field("etag").to_owned();
    assert_eq!(
        client
            .send("DELETE", "/todos/1", &[("if-match", &tag)], "")
            .await
            .status,
        204
    );
    assert_eq!(put(&mut client, ("if-match", "*"), "none").await, 412);
    assert_eq!(
        client
            .send("POST", "/todos", &[JSON], "{\"text\":\"a\"}")
            .await
            .status,
        201
    );
    assert_eq!(client.send("DELETE", "/todos/1", &[], "").await.status, 204);
}

#[tokio::test]
async fn of_many_writers_with_one_tag_one_wins() {
    one_wins(&service().await).await;
    one_wins(&service_that_locks_each().await).await;
}

async fn one_wins(example: &Example) {
    const WRITERS: usize = 50;
    let mut client = example.client(Protocol::Http1).await;
    assert_eq!(put(&mut client, ("if-none-match", "*"), "first").await, 201);
    let tag = client.get("/todos/1", &[]).await.field("etag").to_owned();
    let writes = (0..WRITERS).map(async |writer| {
        let mut client = example.client(Protocol::BOTH[writer % 2]).await;
        put(&mut client, ("if-match", &tag), &format!("of {writer}")).await
    });
    let statuses = join_all(writes).await;
    let won = statuses.iter().filter(|status| **status == 204).count();
    let lost = statuses.iter().filter(|status| **status == 412).count();
    assert_eq!((won, lost), (1, WRITERS - 1), "{statuses:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn commands_that_it_prints_do_what_they_say() {
    let mut example = service().await;
    if let Some(statuses) = printed_commands(&mut example).await {
        assert_eq!(statuses, ["201", "200", "304", "204", "412", "412"]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn follows_the_rules_of_all_examples() {
    let service = Service {
        program: Program {
            path: PROGRAM,
            usage: "wrap_router [--port N] [--lock-each]",
            misuse: &[&["a"], &["--lock-each=yes"]],
        },
        arguments: &[],
        environment: &[],
        write: Write {
            method: "PUT",
            path: "/todos/1",
            fields: "content-type: application/json\r\nif-none-match: *\r\n",
            body: r#"{"text":"milk"}"#,
        },
    };
    service.follows_the_rules().await;
}
