//! Clients that nobody here wrote, against the three standards: read, change, lose, fetch again, save.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use test_support::{Example, Program, Protocol, Service, Write, has_tool, printed_commands, skip};
use tokio::process::Command;
use tokio::time::timeout;

const PROGRAM: &str = env!("CARGO_BIN_EXE_weak_tags");

/// The first client is installed as well.
const PATIENCE: Duration = Duration::from_secs(300);

async fn start() -> Example {
    Example::start(PROGRAM, &["--port", "0"].map(OsStr::new)).await
}

/// What a client prints of its writes: the method, If-Match, the status and the ETag.
async fn written_by(client: &str, tools: &[&str]) -> Option<String> {
    if !tools.iter().all(|tool| has_tool(tool)) {
        return None;
    }
    let example = start().await;
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/clients/run.sh");
    let url = format!("http://{}", example.address());
    let output = Command::new(run)
        .args([client, &url])
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, output).await.expect("in time").unwrap();
    if output.status.code() == Some(3) {
        skip(client);
        return None;
    }
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// `scim2-client` sends If-Match by itself, from `meta.version`.
#[tokio::test]
async fn a_scim_client_saves() {
    let Some(written) = written_by("scim", &["python3"]).await else {
        return;
    };
    let expected = r#"
PUT W/"1" 200 W/"2"
PUT W/"1" 412 -
PUT W/"2" 200 W/"3"
DELETE W/"3" 204 -
"#;
    assert_eq!(written, expected.trim_start());
}

/// `b1sl-python` sends If-Match by itself, from the ETag of what it has read.
#[tokio::test]
async fn an_odata_client_saves() {
    let Some(written) = written_by("odata", &["python3"]).await else {
        return;
    };
    let expected = r#"
PATCH W/"1" 200 W/"2"
PATCH W/"1" 412 -
PATCH W/"2" 200 W/"3"
DELETE W/"3" 204 -
"#;
    assert_eq!(written, expected.trim_start());
}

/// The caller of `fhir-kit-client` sets If-Match from `meta.versionId`.
#[tokio::test]
async fn a_fhir_client_saves() {
    let Some(written) = written_by("fhir", &["node", "npm"]).await else {
        return;
    };
    let expected = r#"
PUT W/"1" 200 W/"2"
PUT W/"1" 412 -
PUT W/"2" 200 W/"3"
DELETE W/"3" 204 -
"#;
    assert_eq!(written, expected.trim_start());
}

/// What the clients do not show: the answer without a precondition, the other spelling, and a resource that is not there.
#[tokio::test]
async fn each_standard_gets_its_own_errors() {
    let example = start().await;
    let mut client = example.client(Protocol::Http1).await;
    for (collection, member, media_type, kept) in [
        (
            "/scim/v2/Users",
            "/scim/v2/Users/1",
            "application/scim+json",
            r#""version":"W/\"2\"""#,
        ),
        (
            "/fhir/Patient",
            "/fhir/Patient/1",
            "application/fhir+json",
            r#""versionId":"2""#,
        ),
        (
            "/b1s/v2/Items",
            "/b1s/v2/Items('1')",
            "application/json",
            r#""@odata.etag":"W/\"2\"""#,
        ),
    ] {
        let created = client.send("POST", collection, &[], r#"{"a":1}"#).await;
        assert_eq!((created.status, created.field("etag")), (201, r#"W/"1""#));
        let unguarded = client.send("PUT", member, &[], r#"{"a":2}"#).await;
        assert_eq!(
            (unguarded.status, unguarded.field("content-type")),
            (428, media_type)
        );
        let strong = [("if-match", r#""1""#)];
        let saved = client.send("PUT", member, &strong, r#"{"a":2}"#).await;
        assert_eq!((saved.status, saved.field("etag")), (200, r#"W/"2""#));
        assert!(saved.body.contains(kept), "{}", saved.body);
        let read = client.get(member, &[("if-none-match", r#"W/"2""#)]).await;
        assert_eq!((read.status, read.field("etag")), (304, r#"W/"2""#));
        let stale = client.send("PUT", member, &strong, r#"{"a":3}"#).await;
        assert_eq!(
            (stale.status, stale.field("content-type")),
            (412, media_type)
        );
        let gone = member.replace('1', "9").replacen("/b9s", "/b1s", 1);
        let missing = client.send("PUT", &gone, &strong, r#"{"a":3}"#).await;
        assert_eq!(
            (missing.status, missing.field("content-type")),
            (404, media_type)
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn commands_that_it_prints_do_what_they_say() {
    let mut example = start().await;
    if let Some(statuses) = printed_commands(&mut example).await {
        assert_eq!(statuses, ["201", "201", "201", "200", "412"]);
    }
}

/// RFC 9110, section 8.6: a 304 has no Content-Length of its own, over HTTP/2 and to a HEAD either.
#[tokio::test]
async fn a_304_has_no_length() {
    let example = start().await;
    for protocol in Protocol::BOTH {
        let mut client = example.client(protocol).await;
        let json = [("content-type", "application/fhir+json")];
        let patient = r#"{"resourceType":"Patient","active":true}"#;
        let created = client.send("POST", "/fhir/Patient", &json, patient).await;
        assert_eq!(created.status, 201, "{created:?}");
        let path = &format!("/fhir/Patient/{}", created.json()["id"].as_str().unwrap());
        let tag = client.get(path, &[]).await.field("etag").to_owned();
        assert!(tag.starts_with("W/"), "{tag}");
        for method in ["GET", "HEAD"] {
            let fields = [("if-none-match", &*tag)];
            let answer = client.send(method, path, &fields, "").await;
            assert_eq!(answer.status, 304, "{answer:?}");
            assert!(
                !answer.fields.contains_key("content-length"),
                "{method} {protocol:?}: {answer:?}"
            );
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn follows_the_rules_of_all_examples() {
    let service = Service {
        program: Program {
            path: PROGRAM,
            usage: "weak_tags [--port N]",
            misuse: &[&["a"]],
        },
        arguments: &[],
        environment: &[],
        write: Write {
            method: "POST",
            path: "/fhir/Patient",
            fields: "content-type: application/json\r\n",
            body: r#"{"resourceType":"Patient","active":true}"#,
        },
    };
    service.follows_the_rules().await;
}
