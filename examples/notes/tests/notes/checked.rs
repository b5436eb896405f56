//! What the testkit finds about the notes, over sockets.

use test_support::{Protocol, server};
use tower_conditional_testkit::{Fixture, Scratch, check};

use crate::life::service;

const NOTE: &str = r#"{"title":"Milk","body":"one litre"}"#;

#[tokio::test]
async fn notes_are_right() {
    let (mut client, example, _directory) = service(Protocol::Http1).await;
    client.send("POST", "/notes", &[], NOTE).await;
    let before = client.get("/notes", &[]).await.body;
    for protocol in Protocol::BOTH {
        for path in ["/notes", "/notes/1"] {
            let scratch = Scratch::put("/notes/99", "application/json", |mark| {
                NOTE.replace("Milk", mark)
            });
            let fixture = Fixture::at(path).writing(scratch);
            let report = check(server(example.address(), protocol), fixture).await;
            assert!(report.is_clean(), "{report}");
        }
    }
    let after = client.get("/notes", &[]).await.body;
    assert_eq!(after, before, "nothing is left behind");
}
