//! The same requests to two services, such as one that evaluates before its handler and one that evaluates after it.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::ask::Ask;
use super::checks::not_modified::REPEATED;
use super::content::Content;
use super::exchange::{Answer, Erased, Exchange};
use super::report::{Finding, Report};
use super::rule;
use super::shown::lines;
use crate::exchange::BoxError;

/// Where the answers of two services to the same requests differ: in status, or in what a 304 must carry.
///
/// An evaluation before the handler saves the handler's work, but knows only the fields that its source states. One
/// after the handler knows all fields. Put the two over the same handler: the first should send what the second sends.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use axum::{Router, http::header, routing::get};
/// use http::{Request, header::IF_NONE_MATCH};
/// use tower_conditional::source::Fixed;
/// use tower_conditional::{ConditionalLayer, EntityTag, FromResponse};
/// use tower_conditional_testkit::compare;
///
/// let fields = [(header::ETAG, "\"v1\""), (header::CACHE_CONTROL, "no-cache")];
/// let app = Router::new().route("/", get(async move || (fields, "hello")));
///
/// let known = Fixed::new(EntityTag::from_static("\"v1\""));
/// let before = app.clone().layer(ConditionalLayer::new(known));
/// let after = app.layer(ConditionalLayer::new(FromResponse));
/// let request = Request::get("/").header(IF_NONE_MATCH, "\"v1\"").body("".into()).unwrap();
///
/// let report = compare(before, after, [request]).await;
/// assert_eq!(report.findings()[0].expected(), "cache-control: no-cache");
/// assert_eq!(report.findings()[0].actual(), "no cache-control");
/// # }
/// ```
pub async fn compare<S, T, B, C>(
    before: S,
    after: T,
    requests: impl IntoIterator<Item = Request<Bytes>>,
) -> Report
where
    S: Service<Request<Content>, Response = Response<B>> + Clone + Send,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
    T: Service<Request<Content>, Response = Response<C>> + Clone + Send,
    T::Future: Send,
    T::Error: Into<BoxError>,
    C: Body + Send + 'static,
    C::Error: Into<BoxError>,
{
    let (before, after) = (Erased::new(before), Erased::new(after));
    let asks: Vec<Ask> = requests
        .into_iter()
        .map(|request| Ask::from(&request))
        .collect();
    let mut report = Report::default();
    for ask in asks {
        let first = before.send(ask.clone()).await;
        let second = after.send(ask).await;
        report.count_request();
        differences(&mut report, &first, &second);
    }
    report
}

/// Every difference is kept: unlike a broken rule, it may be another one with each request.
fn differences(report: &mut Report, before: &Answer, after: &Answer) {
    let mut differ = |expected: String, came: String| {
        report.add_another(Finding::new(&rule::COMPARED, &before.ask, expected, came));
    };
    let (Ok(first), Ok(second)) = (&before.reply, &after.reply) else {
        if before.to_string() != after.to_string() {
            differ(after.to_string(), before.to_string());
        }
        return;
    };
    if first.status != second.status {
        differ(after.to_string(), before.to_string());
    } else if first.status == 304 {
        for (name, _) in REPEATED {
            let of = |fields| lines(fields, &name);
            let (expected, came) = (of(&second.fields), of(&first.fields));
            if expected != came {
                differ(expected, came);
            }
        }
    }
}
