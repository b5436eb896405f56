//! A body whose members come in another order each time has another tag each time, although nothing has changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use axum::Router;
use axum::routing::get;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::{BodyHash, ConditionalLayer};
use tower_conditional_testkit::{Fixture, Report, check};

fn members() -> impl Iterator<Item = (String, usize)> {
    (10..30).map(|number| (format!("key{number}"), number))
}

/// A JSON object, its members as the iterator has them.
fn object<'m>(members: impl IntoIterator<Item = (&'m String, &'m usize)>) -> String {
    let members = members.into_iter();
    let members: Vec<_> = members
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

async fn report(body: impl Fn() -> String + Clone + Send + Sync + 'static) -> Report {
    let app = Router::new()
        .route("/", get(move || async move { body() }))
        .layer(ConditionalLayer::new(BodyHash::strong()))
        .layer(ContentCodingLayer::new());
    check(app, Fixture::at("/")).await
}

#[tokio::test]
async fn a_hash_map_in_the_json_is_found_and_the_finding_says_what_it_is() {
    let report = report(|| object(&members().collect::<HashMap<_, _>>())).await;
    let [finding] = report.findings() else {
        panic!("{report}");
    };
    assert_eq!(finding.rule(), "tag-stable");
    assert!(finding.actual().contains("HashMap"), "{finding}");
    assert!(finding.actual().contains("BTreeMap"), "{finding}");
}

#[tokio::test]
async fn a_map_of_two_members_is_found_although_its_order_is_often_the_same() {
    let count = AtomicUsize::new(0);
    let count = std::sync::Arc::new(count);
    let body = move || match count.fetch_add(1, SeqCst) {
        0..3 => r#"{"a":1,"b":2}"#.to_owned(),
        _ => r#"{"b":2,"a":1}"#.to_owned(),
    };
    let report = report(body).await;
    assert_eq!(report.findings()[0].rule(), "tag-stable", "{report}");
}

#[tokio::test]
async fn sorted_members_are_fine() {
    let report = report(|| object(&members().collect::<BTreeMap<_, _>>())).await;
    assert!(report.is_clean(), "{report}");
}

/// What changes in truth is reported as that, and not as an order.
#[tokio::test]
async fn a_counter_is_no_order() {
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let report = report(move || format!("visitor {}", count.fetch_add(1, SeqCst))).await;
    let rules: Vec<_> = report.iter().map(|finding| finding.rule()).collect();
    assert!(rules.contains(&"fixture"), "{report}");
    assert!(!rules.contains(&"tag-stable"), "{report}");
}
