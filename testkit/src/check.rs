//! `check`: every rule that can be checked on a resource, in an order in which one defect is reported once.

use http::{Method, Request, Response};
use http_body::Body;
use tower::Service;

use super::checks;
use super::content::Content;
use super::exchange::{Answer, Erased};
use super::fixture::Fixture;
use super::known::Known;
use super::report::Report;
use super::rule;
use super::session::Session;
use crate::exchange::BoxError;

/// Checks how a service handles conditional requests, and reports what it does otherwise than RFC 9110 says.
///
/// A rule is checked only if the rules that it builds on were kept: if a service ignores If-Match, that is one finding,
/// and not one for every form of the field. A panic of the service is caught and reported.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use axum::{Router, http::header, routing::get};
/// use tower_conditional_testkit::{Fixture, check};
///
/// // Sends a tag, and never looks at what comes back.
/// let app = Router::new().route("/", get(async || ([(header::ETAG, "\"v1\"")], "hello")));
///
/// let report = check(app, Fixture::at("/")).await;
/// let sections: Vec<_> = report.iter().map(|finding| finding.section()).collect();
/// assert_eq!(sections, ["RFC 9110, section 13.1.2", "RFC 9110, section 13.1.1"]);
/// # }
/// ```
pub async fn check<S, B>(service: S, fixture: Fixture) -> Report
where
    S: Service<Request<Content>, Response = Response<B>> + Clone + Send,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    let exchange = Erased::new(service);
    let mut session = Session::new(&exchange, &fixture);
    run(&mut session).await;
    session.report
}

async fn run(session: &mut Session<'_>) {
    let fixture = session.fixture;
    let first = session.send(Method::GET, &fixture.target, &[]).await;
    if !session.expect(&rule::FIXTURE, &first, &[200]) {
        return;
    }
    let Ok(reply) = &first.reply else { return };
    let known = Known::from_reply(&fixture.target, reply);

    if checks::validators::check(session, &known, &first).await {
        checks::if_none_match::check(session, &known).await;
        checks::if_match::check(session, &known).await;
        checks::if_modified_since::check(session, &known).await;
        checks::if_unmodified_since::check(session, &known).await;
        checks::precedence::check(session, &known).await;
        checks::head::check(session, &known).await;
        checks::elsewhere::check(session).await;
    }
    if session.report.found(&rule::TAG_IS_STABLE) || session.report.found(&rule::FIXTURE) {
        return;
    }
    checks::range::check(session, &known).await;
    stands_still(session, &known, &first).await;
    if let Some(scratch) = &fixture.scratch {
        checks::writes::check(session, scratch, &known).await;
    }
}

/// A resource that changes during the checks cannot be checked.
async fn stands_still(session: &mut Session<'_>, known: &Known, first: &Answer) {
    let last = session.send(Method::GET, &known.target, &[]).await;
    let is_same = last
        .reply
        .as_ref()
        .is_ok_and(|reply| Known::from_reply(&known.target, reply).is_as(known));
    if !is_same {
        let came = "it changed in between: what else is reported here may come from that";
        session.find(&rule::FIXTURE, first, "the same 200 first and last", came);
    }
}
