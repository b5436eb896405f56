//! The content of a report, for people and as data.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use http::Request;
use tower::{ServiceExt, service_fn};
use tower_conditional_testkit::{Content, Fixture, Severity, check};

use super::fixture;
use super::origin::{Flaw, Origin};

#[tokio::test]
async fn a_finding_shows_the_rule_the_request_and_both_answers() {
    let report = check(Origin::with(Flaw::ReadsTheFirstLine), fixture()).await;
    let text = report.to_string();
    let (first, finding) = text.split_once("\n\n").unwrap();
    assert_eq!(
        first,
        format!("1 deviation in {} requests", report.requests())
    );
    let expected = r#"deviation: several-lines (RFC 9110, section 5.3)
  Several lines of If-Match or If-None-Match are one list.
      GET /notes/1
      If-None-Match: "tower-conditional-testkit"
      If-None-Match: "v1"
  expected: 304 Not Modified
  actual:   200 OK
  cost:     A request whose tags a proxy or a client has put on several lines gets 200 for 304, 412 for a save, or 400.
  cure:     Read all lines of the field, not the first (`HeaderMap::get_all`); a proxy that answers 400 itself has to pass them."#;
    assert_eq!(finding, expected);

    let finding = &report.findings()[0];
    assert_eq!(finding.rule(), "several-lines");
    assert_eq!(finding.section(), "RFC 9110, section 5.3");
    assert!(finding.requirement().ends_with("are one list."));
    assert!(finding.request().starts_with("GET /notes/1\n"));
    assert_eq!(finding.expected(), "304 Not Modified");
    assert_eq!(finding.actual(), "200 OK");
    assert_eq!(finding.severity(), Severity::Deviation);
    assert!(finding.cost().contains("412 for a save"));
    assert!(finding.cure().contains("HeaderMap::get_all"));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_escaped_and_a_panic_is_an_answer() {
    let report = check(Origin::with(Flaw::PanicsOnObsText), fixture()).await;
    let finding = &report.findings()[0];
    assert!(finding.request().contains(r#"If-None-Match: "\xff", "v1""#));
    assert_eq!(finding.actual(), "no response: panicked: no UTF-8");
}

#[tokio::test]
async fn a_write_is_shown_with_its_content() {
    let report = check(Origin::with(Flaw::IgnoresIfMatchOnDelete), fixture()).await;
    assert!(
        report.findings()[0]
            .request()
            .starts_with("DELETE /notes/scratch\nIf-Match: ")
    );
    let report = check(Origin::with(Flaw::ChecksThenWaits), fixture()).await;
    let finding = &report.findings()[0];
    assert!(
        finding.request().ends_with("\n\nthis is mark-2-00000"),
        "{finding}"
    );
    assert_eq!(finding.actual(), "8 times 2xx, 0 times 412");
}

#[tokio::test]
async fn a_report_lists_what_was_not_checked() {
    let origin = Origin::right().without_dates().without_tags();
    let report = check(origin, Fixture::at("/notes/1")).await;
    assert_eq!(
        report
            .iter()
            .map(|finding| finding.rule())
            .collect::<Vec<_>>(),
        ["validator-missing"]
    );

    let report = check(Origin::right().without_tags(), Fixture::at("/notes/1")).await;
    let left_out = ["If-Match and If-None-Match with tags: the resource has no ETag"];
    assert_eq!(report.not_checked(), left_out);
    assert!(
        report
            .to_string()
            .ends_with(&format!("Not checked:\n  {}", left_out[0]))
    );
}

#[tokio::test]
async fn a_missing_expectation_of_the_fixture_is_a_finding() {
    let undated = Origin::right().without_dates();
    let report = check(undated, Fixture::at("/notes/1").expecting_last_modified()).await;
    assert_eq!(report.findings()[0].rule(), "fixture-expectation");
    assert!(report.allowing(["fixture-expectation"]).is_clean());

    let report = check(Origin::right(), Fixture::at("/notes/404")).await;
    assert_eq!(report.findings()[0].rule(), "fixture");
    assert_eq!(report.findings()[0].actual(), "404 Not Found");
    assert_eq!(report.requests(), 1);
}

/// Nothing is written unless a scratch path is given.
#[tokio::test]
async fn reads_only_by_default() {
    let origin = Origin::right();
    let methods = origin.methods();
    let report = check(origin, Fixture::at("/notes/1")).await;
    assert!(report.is_clean());
    let mut methods = methods.lock().unwrap().clone();
    methods.dedup();
    methods.sort();
    methods.dedup();
    assert_eq!(methods, ["GET", "HEAD", "OPTIONS"]);
}

/// The kit deletes what it created, and leaves what was there before.
#[tokio::test]
async fn cleans_up_after_itself() {
    let origin = Origin::right();
    let _ = check(origin.clone(), fixture()).await;
    assert_eq!(origin.paths(), ["/notes/1"]);

    let overwriting = Fixture::at("/notes/1").writing(super::scratch_at("/notes/1"));
    assert!(check(origin.clone(), overwriting).await.is_clean());
    assert_eq!(origin.paths(), ["/notes/1"]);
}

/// A client on a kept connection that the server closes after a 412 loses its next request. That is no fault of the
/// answer, and another request gets one.
#[tokio::test]
async fn a_request_that_a_closed_connection_has_lost_is_sent_again() {
    let closes = Arc::new(AtomicBool::new(false));
    let origin = Origin::right();
    let service = service_fn(move |request: Request<Content>| {
        let (closes, origin) = (closes.clone(), origin.clone());
        async move {
            if closes.swap(false, SeqCst) {
                return Err("connection closed".to_owned());
            }
            let response = origin.oneshot(request).await?;
            closes.store(response.status() == 412, SeqCst);
            Ok(response)
        }
    });
    let report = check(service, Fixture::at("/notes/1").absent_at("/notes/404")).await;
    assert!(report.findings().is_empty(), "{report}");
}
