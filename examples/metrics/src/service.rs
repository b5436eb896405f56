//! The service: its routes, and where the conditional layer and its hook sit.

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::Html,
    routing::{get, post},
};
use example_support::in_time;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::{Checked, ConditionalLayer, Loaded, WritePolicy};

use crate::{
    chart::draw,
    counters::Counters,
    documents::{Documents, WrittenOut, source},
    history::History,
};

/// Draws `/chart.svg` again and again.
const PAGE: &str = include_str!("page.html");

/// Clones share all of it.
#[derive(Clone)]
pub(crate) struct Service {
    documents: Documents,
    counters: Counters,
    pub(crate) history: History,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self {
            documents: Documents::default(),
            counters: Counters::new(),
            history: History::new(),
        }
    }

    pub(crate) fn router(&self) -> Router {
        let Self {
            documents,
            counters,
            history,
        } = self.clone();
        // One hook for all routes: the event says which route axum has matched.
        let layer = ConditionalLayer::new(source(documents))
            .writes(WritePolicy::required())
            .observe(move |evaluation| {
                counters.count(evaluation);
                history.count(evaluation);
            });

        let router = Router::new()
            .route("/documents/{id}", get(read).put(save).route_layer(layer))
            .route("/deploy", post(deploy))
            .route(
                "/metrics",
                get(async |State(service): State<Self>| service.counters.scrape()),
            )
            .route("/", get(Html(PAGE)))
            .route("/chart.svg", get(chart))
            .with_state(self.clone())
            // Keeps axum's `Content-Length: 0` off a 304.
            .layer(ContentCodingLayer::new().leave_tags());
        // A client that is slow to send a document holds its lock.
        in_time(router)
    }

    /// A release writes documents out in another form; says which.
    pub(crate) fn deploy(&self) -> &'static str {
        self.history.mark("release");
        self.documents.deploy()
    }
}

async fn read(document: Loaded<WrittenOut>) -> String {
    document.into_inner().0
}

async fn save(
    Path(id): Path<String>,
    State(service): State<Service>,
    checked: Checked,
    text: String,
) -> StatusCode {
    service.documents.save(id, text);
    match checked.existed() {
        Some(false) => StatusCode::CREATED,
        _ => StatusCode::NO_CONTENT,
    }
}

async fn deploy(State(service): State<Service>) -> String {
    format!("now in release {}\n", service.deploy())
}

async fn chart(
    State(service): State<Service>,
) -> ([(axum::http::HeaderName, &'static str); 1], String) {
    let chart = draw(
        &service.history.steps(),
        "Refused and saved, the newest at the right",
    );
    ([(CONTENT_TYPE, "image/svg+xml")], chart)
}
