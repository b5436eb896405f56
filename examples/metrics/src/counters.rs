//! Counts the events of the layer's hook, for Prometheus.

use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::{counter::Counter, family::Family};
use prometheus_client::registry::Registry;
use tower_conditional::observe::{Evaluation, Outcome};
use tower_conditional::precondition::Field;

/// From how many versions on a stale tag is not that of somebody who has just read.
pub(crate) const FAR_BEHIND: u64 = 10;

/// Outcomes by route, decision, field, reason and age of the tag. Clones share the counts.
#[derive(Clone)]
pub(crate) struct Counters {
    requests: Family<Labels, Counter>,
    registry: Arc<Registry>,
}

/// The labels of one counter, each with few values. Tags are not among them: they would make a counter for each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    route: String,
    decision: &'static str,
    field: &'static str,
    reason: &'static str,
    behind: &'static str,
}

impl Counters {
    pub(crate) fn new() -> Self {
        let requests = Family::default();
        let mut registry = Registry::default();
        let help = "Conditional requests by what was done with them, and why";
        registry.register("conditional_requests", help, requests.clone());
        Self {
            requests,
            registry: registry.into(),
        }
    }

    pub(crate) fn count(&self, evaluation: &Evaluation) {
        let labels = Labels {
            route: evaluation.route().unwrap_or_default().to_owned(),
            decision: evaluation.outcome.as_str(),
            field: evaluation.field.map_or("", Field::as_str),
            reason: evaluation.reason_str().unwrap_or_default(),
            behind: behind(evaluation),
        };
        self.requests.get_or_create(&labels).inc();
    }

    /// What Prometheus scrapes.
    pub(crate) fn scrape(&self) -> Response {
        let mut text = String::new();
        match prometheus_text::encode(&mut text, &self.registry) {
            Ok(()) => ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
            Err(error) => {
                tracing::error!("cannot write the counters out: {error}");
                axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// How old the tag of a refused request was. Versions themselves would make a counter for each.
fn behind(evaluation: &Evaluation) -> &'static str {
    match evaluation.versions_behind {
        Some(behind) if evaluation.outcome == Outcome::Refused => match behind {
            0 => "",
            1..FAR_BEHIND => "1-9",
            _ => "10+",
        },
        _ => "",
    }
}
