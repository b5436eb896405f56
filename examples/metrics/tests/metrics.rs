//! A spike of 412s after a release, read off the metrics endpoint.

use std::ffi::OsStr;

use test_support::{
    Client, Example, Program, Protocol, Service, Write, one_of_two_clients_wins, printed_commands,
    run,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_metrics");

async fn count(client: &mut Client, labels: &str) -> u64 {
    let page = client.get("/metrics", &[]).await;
    let line = page.body.lines().find(|line| line.contains(labels));
    line.map_or(0, |line| {
        let (_, count) = line.rsplit_once(' ').unwrap();
        count.parse().unwrap()
    })
}

#[tokio::test]
async fn a_release_that_changes_the_form_shows_as_other_epoch_on_one_route() {
    let port = ["--port", "0"].map(OsStr::new);
    let example = Example::start(PROGRAM, &port).await;
    let mut client = example.client(Protocol::Http1).await;
    let document = "/documents/1";
    let create = [("if-none-match", "*")];
    let created = client.send("PUT", document, &create, "one").await;
    assert_eq!(created.status, 201);
    let read = client.get(document, &[]).await;
    let tag = read.field("etag").to_owned();
    assert_eq!(read.body, "r1: one\n");
    assert_eq!(client.get("/documents/%31", &[]).await.field("etag"), tag);
    assert_eq!(client.get("/documents/2", &[]).await.status, 404);

    assert_eq!(client.send("POST", "/deploy", &[], "").await.status, 200);
    for _ in 0..20 {
        let stale = [("if-match", tag.as_str())];
        assert_eq!(
            client.send("PUT", document, &stale, "two").await.status,
            412
        );
    }

    let route = r#"route="/documents/{id}",decision="refused",field="If-Match""#;
    let spike = format!(r#"{route},reason="other_epoch""#);
    assert_eq!(count(&mut client, &spike).await, 20);
    assert_eq!(count(&mut client, r#"reason="stale""#).await, 0);

    // In the picture as well.
    let chart = client.get("/chart.svg", &[]).await;
    assert_eq!(chart.field("content-type"), "image/svg+xml");
    for part in [">release</text>", ">other_epoch</text>"] {
        assert!(chart.body.contains(part), "{part}: {}", chart.body);
    }

    // A client that refetches can write again.
    let fresh = client.get(document, &[]).await.field("etag").to_owned();
    let fresh = [("if-match", fresh.as_str())];
    assert_eq!(
        client.send("PUT", document, &fresh, "two").await.status,
        204
    );
    assert_eq!(count(&mut client, &spike).await, 20);
}

/// The handler compares nothing: only the lock keeps two writers of one document apart.
#[tokio::test]
async fn one_of_two_writers_wins_however_they_spell_the_id() {
    let example = Example::start(PROGRAM, &["--port", "0"].map(OsStr::new)).await;
    one_of_two_clients_wins("metrics", &example, "/documents").await;
}

#[cfg(unix)]
#[tokio::test]
async fn commands_that_it_prints_do_what_they_say() {
    let mut example = Example::start(PROGRAM, &["--port".as_ref(), "0".as_ref()]).await;
    if let Some(statuses) = printed_commands(&mut example).await {
        assert_eq!(statuses, ["201", "200", "200", "412"]);
    }
}

/// Prometheus reads it: each line is a comment or a sample, and the labels are few.
#[tokio::test]
async fn the_counters_are_in_the_text_format_of_prometheus() {
    let example = Example::start(PROGRAM, &["--port", "0"].map(OsStr::new)).await;
    let mut client = example.client(Protocol::Http1).await;
    let document = "/documents/1";
    client
        .send("PUT", document, &[("if-none-match", "*")], "one")
        .await;
    client
        .send("PUT", document, &[("if-match", "\"r1.1\"")], "two")
        .await;
    for _ in 0..2 {
        client
            .send("PUT", document, &[("if-match", "\"r1.1\"")], "three")
            .await;
    }
    client.send("PUT", document, &[], "four").await;

    let scraped = client.get("/metrics", &[]).await;
    assert_eq!(scraped.field("content-type"), "text/plain; version=0.0.4");
    let mut lines: Vec<_> = scraped.body.lines().collect();
    lines.sort_unstable();
    let sample =
        |rest: &str| format!("conditional_requests_total{{route=\"/documents/{{id}}\",{rest}");
    let expected = [
        "# HELP conditional_requests_total Conditional requests by what was done with them, and why.".to_owned(),
        "# TYPE conditional_requests_total counter".to_owned(),
        sample(r#"decision="proceeded",field="If-Match",reason="",behind=""} 1"#),
        sample(r#"decision="proceeded",field="If-None-Match",reason="",behind=""} 1"#),
        sample(r#"decision="refused",field="If-Match",reason="missing",behind=""} 1"#),
        sample(r#"decision="refused",field="If-Match",reason="stale",behind="1-9"} 2"#),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let example = Example::start(PROGRAM, &["--port", "0"].map(OsStr::new)).await;
    let mut client = example.client(Protocol::Http1).await;
    let page = client.get("/", &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.field("content-type"), "text/html; charset=utf-8");
    assert!(page.body.contains("fetch(\"chart.svg\""));
    assert!(!page.body.contains("//"), "an address of another server");
}

/// Against the running service, whose counters then name the cause.
#[tokio::test]
async fn each_play_is_counted_under_its_reason() {
    let reasons = [
        ("release", "other_epoch"),
        ("hardcoded", "stale"),
        ("proxy", "weak_tag"),
        ("busy", "stale"),
    ];
    for (play, reason) in reasons {
        let arguments = ["--port", "0", "--play", play, "--pace", "0"].map(OsStr::new);
        let mut example = Example::start(PROGRAM, &arguments).await;
        example.logged("the play has ended").await;
        let mut client = example.client(Protocol::Http1).await;
        let scraped = client.get("/metrics", &[]).await.body;
        let refused = scraped
            .lines()
            .filter(|line| line.contains(r#"decision="refused""#));
        let label = format!("reason=\"{reason}\"");
        assert!(refused.clone().count() > 0, "{play}: {scraped}");
        assert!(
            refused.clone().all(|line| line.contains(&label)),
            "{play}: {scraped}"
        );

        // The picture is that of the play, but for its title.
        let drawn = run(PROGRAM, &["--draw", play].map(OsStr::new)).await;
        assert_eq!((drawn.status.code(), &*drawn.stderr), (Some(0), ""));
        let bars = |svg: &str| svg.lines().skip(3).map(str::to_owned).collect::<Vec<_>>();
        let live = client.get("/chart.svg", &[]).await.body;
        assert_eq!(bars(&live), bars(&drawn.stdout), "{play}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn follows_the_rules_of_all_examples() {
    let service = Service {
        program: Program {
            path: PROGRAM,
            usage: "metrics [--port N] [--play PLAY [--pace MS]]",
            misuse: &[
                &["a"],
                &["--play", "nothing"],
                &["--play", "busy", "--draw", "busy"],
                &["--pace", "x"],
            ],
        },
        arguments: &[],
        environment: &[],
        write: Write {
            method: "PUT",
            path: "/documents/1",
            fields: "if-none-match: *\r\n",
            body: "one",
        },
    };
    service.follows_the_rules().await;
}
